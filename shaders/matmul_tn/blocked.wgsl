// matmul_tn, blocked: c = transpose(a) · b
// shares: operands_tn, blocked_product
//
//   a: [replicas, k, m]    b: [replicas, k, n]    c: [replicas, m, n]
//
// Unlike naive, one invocation keeps a 4 x 4 block of c in registers, see blocked_product; z is the replica.

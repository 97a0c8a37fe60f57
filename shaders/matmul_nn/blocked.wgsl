// matmul_nn, blocked: c = a · b
// shares: operands_nn, blocked_product
//
//   a: [replicas, m, k]    b: [replicas, k, n]    c: [replicas, m, n]
//
// Unlike naive, one invocation keeps a 4 x 4 block of c in registers, see blocked_product; z is the replica.

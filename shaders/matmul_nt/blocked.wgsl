// matmul_nt, blocked: c = a · transpose(b)
// shares: operands_nt, blocked_product
//
//   a: [replicas, m, k]    b: [replicas, n, k]    c: [replicas, m, n]
//
// Unlike naive, one invocation keeps a 4 x 4 block of c in registers, see blocked_product; z is the replica.

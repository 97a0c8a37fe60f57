// matmul_nn, tiled: c = a · b
// prefers: cheap barriers
// shares: operands_nn, tiled_factors, tiled_product
//
//   a: [replicas, m, k]    b: [replicas, k, n]    c: [replicas, m, n]
//
// Unlike naive, blocks of a and b are in workgroup memory, and an invocation keeps part of a block of c in
// registers, see tiled_product; z is the replica.

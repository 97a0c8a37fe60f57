// matmul_tn, tiled: c = transpose(a) · b
// prefers: cheap barriers
// shares: operands_tn, tiled_factors, tiled_product
//
//   a: [replicas, k, m]    b: [replicas, k, n]    c: [replicas, m, n]
//
// Unlike naive, blocks of a and b are in workgroup memory, and an invocation keeps part of a block of c in
// registers, see tiled_product; z is the replica.

// matmul_nt, cooperative_8: c = a · transpose(b), in mixed precision
// requires: subgroups, cooperative_matrix = 8
// shares: operands_nt, elements, cooperative_product
//
//   a: [replicas, m, k]    b: [replicas, n, k]    c: [replicas, m, n]
//
// Unlike naive, a subgroup multiplies whole 8 x 8 matrices at a time, see cooperative_product.

enable f16;
enable wgpu_cooperative_matrix;

const SIDE: u32 = 8u;
alias PartOfA = coop_mat8x8<f16, A>;
alias PartOfB = coop_mat8x8<f16, B>;
alias PartOfC = coop_mat8x8<f32, C>;

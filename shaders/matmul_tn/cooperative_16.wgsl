// matmul_tn, cooperative_16: c = transpose(a) · b, in mixed precision
// requires: subgroups, cooperative_matrix = 16
// shares: operands_tn, elements, cooperative_product
//
//   a: [replicas, k, m]    b: [replicas, k, n]    c: [replicas, m, n]
//
// Unlike naive, a subgroup multiplies whole 16 x 16 matrices at a time, see cooperative_product.

enable f16;
enable wgpu_cooperative_matrix;

const SIDE: u32 = 16u;
alias PartOfA = coop_mat16x16<f16, A>;
alias PartOfB = coop_mat16x16<f16, B>;
alias PartOfC = coop_mat16x16<f32, C>;

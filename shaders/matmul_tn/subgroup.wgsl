// matmul_tn, subgroup: c = transpose(a) · b
// requires: subgroups, subgroup_size = 8 or 16
// prefers: software
// shares: operands_tn, subgroup_sums, subgroup_stretches, subgroup_store, subgroup_product
//
//   a: [replicas, k, m]    b: [replicas, k, n]    c: [replicas, m, n]
//
// Unlike naive, a subgroup keeps a block of c in registers, see subgroup_product; z is the replica.

fn add_up(sums: ptr<function, Sums>, block: Block) -> f32 {
    return add_products(sums, block);
}

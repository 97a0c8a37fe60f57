// elements: single elements of the factors of a product, 0 beyond their edges
//
// The including file defines a_index and b_index, the index of an element.

fn a_at(replica: u32, i: u32, l: u32) -> f32 {
    if (i >= params.m || l >= params.k) {
        return 0.0;
    }
    return a[a_index(replica, i, l)];
}

fn b_at(replica: u32, l: u32, j: u32) -> f32 {
    if (l >= params.k || j >= params.n) {
        return 0.0;
    }
    return b[b_index(replica, l, j)];
}

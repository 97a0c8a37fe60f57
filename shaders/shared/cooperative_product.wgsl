// cooperative_product: the products of matrices, SIDE x SIDE elements at a time, in mixed precision
//
// A subgroup multiplies whole matrices at a time ("tensor cores"), their operands in f16 and their sums
// in f32. Its operands have only 11 significant bits, so it is never the default: `--precision
// mixed` enables it.
//
// A workgroup computes 2 x 2 such matrices of c. It reads its part of a and of b twice: once for the largest
// magnitude, and then SIDE deep at a time into workgroup memory, scaled by a power of two that brings that
// magnitude just below 2^15. So nothing overflows in f16 (at 65504), only values below 2^-29 of it lose bits,
// and tiny gradients need no loss scaling. The sums are scaled back in f32. Beyond the edges are zeros: of
// a matrix that is loaded, only the first element is checked against the bounds. A workgroup is as wide as a
// subgroup may be; if subgroups are narrower, each of them does the same work, and only what the first one
// stores is used. z is the replica.
//
// The including file also shares elements, and defines SIDE, the types of the matrices, and store(replica,
// i, j, sum), which writes one element of c.

const TILE_M: u32 = 2u * SIDE;
const TILE_N: u32 = 2u * SIDE;
const LANES: u32 = 32u; // tune: 32 64
const NARROWEST: u32 = 8u; // lanes of a subgroup
const EXPONENT: i32 = 15; // of the largest magnitude in f16

var<workgroup> a_part: array<f16, TILE_M * SIDE>; // [TILE_M, SIDE], or by columns
var<workgroup> b_part: array<f16, SIDE * TILE_N>; // [SIDE, TILE_N], or by columns
var<workgroup> maxima: array<f32, LANES>;
var<workgroup> c_part: array<f32, SIDE * SIDE * LANES / NARROWEST>; // one matrix per subgroup

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(subgroup_id) subgroup: u32,
) {
    let row = workgroup.y * TILE_M;
    let col = workgroup.x * TILE_N;
    let replica = workgroup.z;
    var a_largest = 0.0;
    for (var at = lane; at < TILE_M * params.k; at += LANES) {
        let by_rows = vec2(at / params.k, at % params.k);
        let place = select(vec2(at % TILE_M, at / TILE_M), by_rows, A_BY_ROWS);
        a_largest = max(a_largest, abs(a_at(replica, row + place.x, place.y)));
    }
    let a_exponent = exponent(lane, a_largest);
    var b_largest = 0.0;
    for (var at = lane; at < TILE_N * params.k; at += LANES) {
        let by_rows = vec2(at / TILE_N, at % TILE_N);
        let place = select(vec2(at % params.k, at / params.k), by_rows, B_BY_ROWS);
        b_largest = max(b_largest, abs(b_at(replica, place.x, col + place.y)));
    }
    let b_exponent = exponent(lane, b_largest);

    // Workgroup memory is initially zero, and so are the sums.
    var top_left = coopLoadT<PartOfC>(&c_part[0], SIDE);
    var top_right = top_left;
    var bottom_left = top_left;
    var bottom_right = top_left;
    for (var l = 0u; l < params.k; l += SIDE) {
        for (var at = lane; at < TILE_M * SIDE; at += LANES) {
            let in_a = select(vec2(at % TILE_M, at / TILE_M), vec2(at / SIDE, at % SIDE), A_BY_ROWS);
            let in_b = select(vec2(at % SIDE, at / SIDE), vec2(at / TILE_N, at % TILE_N), B_BY_ROWS);
            a_part[at] = rounded(a_at(replica, row + in_a.x, l + in_a.y), a_exponent);
            b_part[at] = rounded(b_at(replica, l + in_b.x, col + in_b.y), b_exponent);
        }
        workgroupBarrier();
        var top: PartOfA;
        var bottom: PartOfA;
        if (A_BY_ROWS) {
            top = coopLoadT<PartOfA>(&a_part[0], SIDE);
            bottom = coopLoadT<PartOfA>(&a_part[SIDE * SIDE], SIDE);
        } else {
            top = coopLoad<PartOfA>(&a_part[0], TILE_M);
            bottom = coopLoad<PartOfA>(&a_part[SIDE], TILE_M);
        }
        var left: PartOfB;
        var right: PartOfB;
        if (B_BY_ROWS) {
            left = coopLoadT<PartOfB>(&b_part[0], TILE_N);
            right = coopLoadT<PartOfB>(&b_part[SIDE], TILE_N);
        } else {
            left = coopLoad<PartOfB>(&b_part[0], SIDE);
            right = coopLoad<PartOfB>(&b_part[SIDE * SIDE], SIDE);
        }
        top_left = coopMultiplyAdd(top, left, top_left);
        top_right = coopMultiplyAdd(top, right, top_right);
        bottom_left = coopMultiplyAdd(bottom, left, bottom_left);
        bottom_right = coopMultiplyAdd(bottom, right, bottom_right);
        workgroupBarrier();
    }

    let mine = subgroup * SIDE * SIDE;
    let exponents = vec2(a_exponent, b_exponent);
    coopStoreT(top_left, &c_part[mine], SIDE);
    write(lane, replica, row, col, exponents);
    coopStoreT(top_right, &c_part[mine], SIDE);
    write(lane, replica, row, col + SIDE, exponents);
    coopStoreT(bottom_left, &c_part[mine], SIDE);
    write(lane, replica, row + SIDE, col, exponents);
    coopStoreT(bottom_right, &c_part[mine], SIDE);
    write(lane, replica, row + SIDE, col + SIDE, exponents);
}

// The exponent of the workgroup's largest magnitude, which is below 2 to this power; not so small that
// scaling by it would overflow f32.
fn exponent(lane: u32, magnitude: f32) -> i32 {
    maxima[lane] = magnitude;
    workgroupBarrier();
    var largest = 0.0;
    for (var i = 0u; i < LANES; i++) {
        largest = max(largest, maxima[i]);
    }
    workgroupBarrier();
    return max(frexp(largest).exp, -100);
}

// The scaled number in f16. It is rounded to 11 bits, to nearest even, before it is
// converted: devices may convert differently.
fn rounded(x: f32, exponent: i32) -> f16 {
    let bits = bitcast<u32>(ldexp(x, EXPONENT - exponent));
    return f16(bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u));
}

// Writes the matrix that the first subgroup has stored, scaled back, as far as it is inside c.
fn write(lane: u32, replica: u32, row: u32, col: u32, exponents: vec2<i32>) {
    workgroupBarrier();
    for (var at = lane; at < SIDE * SIDE; at += LANES) {
        let i = row + at / SIDE;
        let j = col + at % SIDE;
        if (i < params.m && j < params.n) {
            // In two steps: the whole exponent may exceed f32's range.
            let sum = ldexp(c_part[at], exponents.x - EXPONENT);
            store(replica, i, j, ldexp(sum, exponents.y - EXPONENT));
        }
    }
    workgroupBarrier();
}

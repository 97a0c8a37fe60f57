// tiled_product: the products of matrices whose blocks are loaded into workgroup memory
//
// A block of a and one of b are loaded into workgroup memory, where each element serves a whole row or
// column of a block of the result; and an invocation keeps ROWS x COLS elements of that block in
// registers, so that each element that it reads there serves several products.
//
// A workgroup computes TILE_M rows x TILE_N columns and passes over the terms k in steps of TILE_K. A
// vec4 holds four rows of a, or columns of b and of the result, a quarter of the block apart: then
// neighbouring invocations load and store neighbouring addresses. Elements beyond the edges of a and b are
// zeros. Every sum runs over ascending k, so that all block sizes give the same bits.
//
// The including file defines those five sizes, block_at, and the contents of the blocks: rows_of_a,
// cols_of_b, store_row.

// Invocations down and across the block, and its quarters.
const DOWN: u32 = TILE_M / ROWS;
const ACROSS: u32 = TILE_N / COLS;
const QUARTER_M: u32 = TILE_M / 4u;
const QUARTER_N: u32 = TILE_N / 4u;

// From one k to the next; the extra one keeps neighbours in k out of the same memory bank.
const A_PITCH: u32 = QUARTER_M + 1u;
const B_PITCH: u32 = QUARTER_N + 1u;

var<workgroup> a_block: array<vec4<f32>, TILE_K * A_PITCH>;
var<workgroup> b_block: array<vec4<f32>, TILE_K * B_PITCH>;

// A block of a result: its first row and column, the number of terms k of its sums, and whether
// neighbours in k are neighbours in the memory of a and of b.
struct Block {
    replica: u32,
    row: u32,
    col: u32,
    terms: u32,
    a_along_k: bool,
    b_along_k: bool,
}

@compute @workgroup_size(ACROSS, DOWN)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let block = block_at(workgroup);
    var sums: array<array<vec4<f32>, COLS / 4u>, ROWS>;
    for (var k = 0u; k < block.terms; k += TILE_K) {
        for (var i = index; i < TILE_K * QUARTER_M; i += ACROSS * DOWN) {
            let across_k = vec2(i / QUARTER_M, i % QUARTER_M);
            let at = select(across_k, vec2(i % TILE_K, i / TILE_K), block.a_along_k);
            a_block[at.x * A_PITCH + at.y] = rows_of_a(block, k + at.x, block.row + at.y);
        }
        for (var i = index; i < TILE_K * QUARTER_N; i += ACROSS * DOWN) {
            let across_k = vec2(i / QUARTER_N, i % QUARTER_N);
            let at = select(across_k, vec2(i % TILE_K, i / TILE_K), block.b_along_k);
            b_block[at.x * B_PITCH + at.y] = cols_of_b(block, k + at.x, block.col + at.y);
        }
        workgroupBarrier();
        for (var i = 0u; i < TILE_K; i++) {
            for (var q = 0u; q < COLS / 4u; q++) {
                let terms = b_block[i * B_PITCH + q * ACROSS + local.x];
                for (var r = 0u; r < ROWS; r += 4u) {
                    let factors = a_block[i * A_PITCH + r / 4u * DOWN + local.y];
                    sums[r][q] += factors.x * terms;
                    sums[r + 1u][q] += factors.y * terms;
                    sums[r + 2u][q] += factors.z * terms;
                    sums[r + 3u][q] += factors.w * terms;
                }
            }
        }
        workgroupBarrier();
    }
    for (var r = 0u; r < ROWS; r++) {
        let at = block.row + r % 4u * QUARTER_M + r / 4u * DOWN + local.y;
        for (var q = 0u; q < COLS / 4u; q++) {
            store_row(block, at, block.col + q * ACROSS + local.x, sums[r][q]);
        }
    }
}

// bias_backward, simd8: d_x = d_y * activation_gradient(z), d_bias = sum over rows of d_x
// requires: subgroup_size = 8
//
//   d_y, z, d_x: [replicas, rows, cols]    d_bias: [replicas, 1, cols]
//
// Unlike naive, a workgroup is one subgroup of 8 lanes and takes 16 columns, which are a whole cache
// line (lane l has columns l and l + 8), and touches rows ahead, as in batch_norm_backward. Made for
// software Vulkan. Columns beyond the last one repeat it and are not stored. z is the replica.

struct Params {
    rows: u32,
    cols: u32,
    d_bias_stride: u32,
}

const LANES: u32 = 8u;
const TILE_COLS: u32 = 16u;
const STRETCH: u32 = 64u;
// Elements of each of two matrices: 512 KiB.
const LARGE: u32 = 65536u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_y: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_bias: array<f32>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let replica = workgroup.z;
    let first_col = workgroup.x * TILE_COLS;
    let cols = first_col + lane + vec2(0u, LANES);
    let inside = cols < vec2(params.cols);
    let col = min(cols, vec2(params.cols - 1u));
    let matrix = replica * params.rows * params.cols;

    var sum = vec2<f32>();
    var touched = touch(matrix + first_col, lane);
    for (var first = 0u; first < params.rows; first += STRETCH) {
        let end = min(first + STRETCH, params.rows);
        touched = max(touched, touch(matrix + first_col, end + lane));
        for (var row = first; row < end; row++) {
            let at = matrix + row * params.cols + col;
            let slopes = vec2(activation_gradient(z[at.x]), activation_gradient(z[at.y]));
            let gradient = vec2(d_y[at.x], d_y[at.y]) * slopes;
            sum += gradient;
            if (inside.x) {
                d_x[at.x] = gradient.x;
            }
            if (inside.y) {
                d_x[at.y] = gradient.y;
            }
        }
    }
    // It never is, but loads that nothing depends on would be removed.
    if (touched == -1.0) {
        return;
    }
    let bias_at = replica * params.d_bias_stride + col;
    if (inside.x) {
        d_bias[bias_at.x] = sum.x;
    }
    if (inside.y) {
        d_bias[bias_at.y] = sum.y;
    }
}

// Loads an element of every LANES-th row of a stretch, from `first` on: a lane's share.
fn touch(start: u32, first: u32) -> f32 {
    let rows = select(0u, params.rows, params.rows * params.cols >= LARGE);
    var touched = 0.0;
    for (var row = first; row < min(first + STRETCH, rows); row += LANES) {
        let at = start + row * params.cols;
        touched = max(touched, max(d_y[at], z[at]));
    }
    return touched;
}

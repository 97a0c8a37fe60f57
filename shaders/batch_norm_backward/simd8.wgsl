// batch_norm_backward, simd8: with n = (x - mean) * rstd and g = d_y * activation_gradient(z),
//   d_beta = sum of g    d_gamma = sum of g * n    over each column
//   d_x = gamma * rstd * (g - d_beta / rows - n * d_gamma / rows)
// requires: subgroup_size = 8
// Source: Ioffe and Szegedy 2015, section 3.
//
//   d_y, z, x, d_x: [replicas, rows, cols]    gamma, d_gamma, d_beta: [replicas, 1, cols]
//   statistics: [replicas, 2, cols], mean and rstd from the forward pass
//
// Unlike naive, a workgroup is one subgroup of 8 lanes and takes 16 columns, which are a whole cache
// line; lane l owns columns l and l + 8, in a vec2, and adds up their rows as naive does. Made for
// software Vulkan, where a lane's loads are executed one after another.
//
// If the matrices are larger than a core's cache, the rows of the next stretch are touched before
// this one is added up, one row per lane, so that they are fetched together. Columns beyond the
// last one repeat it and are not stored. z is the replica.

struct Params {
    rows: u32,
    cols: u32,
    gamma_stride: u32,
    d_gamma_stride: u32,
    d_beta_stride: u32,
}

const LANES: u32 = 8u;
const TILE_COLS: u32 = 16u;
const STRETCH: u32 = 64u;
// Elements of each of three matrices: 768 KiB.
const LARGE: u32 = 65536u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_y: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> statistics: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_gamma: array<f32>;
@group(0) @binding(8) var<storage, read_write> d_beta: array<f32>;

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
    let start = matrix + col;
    let mean_at = replica * 2u * params.cols + col;
    let rstd_at = mean_at + params.cols;
    let mean = vec2(statistics[mean_at.x], statistics[mean_at.y]);
    let rstd = vec2(statistics[rstd_at.x], statistics[rstd_at.y]);

    var sum = vec2<f32>();
    var dot = vec2<f32>();
    var touched = touch(matrix + first_col, lane);
    for (var first = 0u; first < params.rows; first += STRETCH) {
        let end = min(first + STRETCH, params.rows);
        touched = max(touched, touch(matrix + first_col, end + lane));
        for (var row = first; row < end; row++) {
            let at = start + row * params.cols;
            let d_z = gradient(at);
            sum += d_z;
            dot += d_z * ((vec2(x[at.x], x[at.y]) - mean) * rstd);
        }
    }

    let count = f32(params.rows);
    let gamma_at = replica * params.gamma_stride + col;
    let scale = vec2(gamma[gamma_at.x], gamma[gamma_at.y]) * rstd;
    touched = max(touched, touch(matrix + first_col, lane));
    for (var first = 0u; first < params.rows; first += STRETCH) {
        let end = min(first + STRETCH, params.rows);
        touched = max(touched, touch(matrix + first_col, end + lane));
        for (var row = first; row < end; row++) {
            let at = start + row * params.cols;
            let normalized = (vec2(x[at.x], x[at.y]) - mean) * rstd;
            let result = scale * (gradient(at) - sum / count - normalized * (dot / count));
            if (inside.x) {
                d_x[at.x] = result.x;
            }
            if (inside.y) {
                d_x[at.y] = result.y;
            }
        }
    }
    // It never is, but loads that nothing depends on would be removed.
    if (touched == -1.0) {
        return;
    }
    let d_gamma_at = replica * params.d_gamma_stride + col;
    let d_beta_at = replica * params.d_beta_stride + col;
    if (inside.x) {
        d_gamma[d_gamma_at.x] = dot.x;
        d_beta[d_beta_at.x] = sum.x;
    }
    if (inside.y) {
        d_gamma[d_gamma_at.y] = dot.y;
        d_beta[d_beta_at.y] = sum.y;
    }
}

fn gradient(at: vec2<u32>) -> vec2<f32> {
    let slopes = vec2(activation_gradient(z[at.x]), activation_gradient(z[at.y]));
    return vec2(d_y[at.x], d_y[at.y]) * slopes;
}

// Loads an element of every LANES-th row of a stretch, from `first` on: a lane's share.
fn touch(start: u32, first: u32) -> f32 {
    let rows = select(0u, params.rows, params.rows * params.cols >= LARGE);
    var touched = 0.0;
    for (var row = first; row < min(first + STRETCH, rows); row += LANES) {
        let at = start + row * params.cols;
        touched = max(touched, max(d_y[at], max(z[at], x[at])));
    }
    return touched;
}

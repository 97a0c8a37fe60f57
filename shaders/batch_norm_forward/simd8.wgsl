// batch_norm_forward, simd8: z = gamma * (x - mean) * rstd + beta over each column, y = activate(z)
// requires: subgroup_size = 8
// Source: Ioffe and Szegedy 2015, algorithm 1.
//
//   x, z, y: [replicas, rows, cols]      gamma, beta: [replicas, 1, cols]
//   statistics: [replicas, 2, cols], mean and rstd = 1 / sqrt(variance + epsilon) of this batch
//   running: [replicas, 2, cols], mean and unbiased variance, moved by momentum towards this batch's
//
// Unlike naive, a workgroup is one subgroup of 8 lanes and takes 16 columns, which are a whole cache
// line; lane l owns columns l and l + 8, in a vec2, and adds up their rows as naive does. Made for
// software Vulkan, where a lane's loads are executed one after another.
//
// If x is larger than a core's cache, the rows of the next stretch are touched before this one is
// added up, one row per lane, so that they are fetched together. Columns beyond the last one
// repeat it and are not stored. z is the replica.

struct Params {
    rows: u32,
    cols: u32,
    gamma_stride: u32,
    beta_stride: u32,
    epsilon: f32,
    momentum: f32,
}

const LANES: u32 = 8u;
const TILE_COLS: u32 = 16u;
const STRETCH: u32 = 64u;
// Elements of each of three matrices: 768 KiB.
const LARGE: u32 = 65536u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> running: array<f32>;
@group(0) @binding(5) var<storage, read_write> z: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> statistics: array<f32>;

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
    let count = f32(params.rows);
    let first_row = load(start);

    var sum = vec2<f32>();
    var touched = touch(matrix + first_col, lane);
    for (var first = 0u; first < params.rows; first += STRETCH) {
        let end = min(first + STRETCH, params.rows);
        touched = max(touched, touch(matrix + first_col, end + lane));
        for (var row = first; row < end; row++) {
            sum += load(start + row * params.cols) - first_row;
        }
    }
    let shift = sum / count;

    var squares = vec2<f32>();
    touched = max(touched, touch(matrix + first_col, lane));
    for (var first = 0u; first < params.rows; first += STRETCH) {
        let end = min(first + STRETCH, params.rows);
        touched = max(touched, touch(matrix + first_col, end + lane));
        for (var row = first; row < end; row++) {
            let centred = load(start + row * params.cols) - first_row - shift;
            squares += centred * centred;
        }
    }
    let mean = first_row + shift;
    let rstd = 1.0 / sqrt(squares / count + params.epsilon);

    let gamma_at = replica * params.gamma_stride + col;
    let beta_at = replica * params.beta_stride + col;
    let scale = vec2(gamma[gamma_at.x], gamma[gamma_at.y]);
    let offset = vec2(beta[beta_at.x], beta[beta_at.y]);
    touched = max(touched, touch(matrix + first_col, lane));
    for (var first = 0u; first < params.rows; first += STRETCH) {
        let end = min(first + STRETCH, params.rows);
        touched = max(touched, touch(matrix + first_col, end + lane));
        for (var row = first; row < end; row++) {
            let at = start + row * params.cols;
            let affine = scale * ((load(at) - first_row - shift) * rstd) + offset;
            if (inside.x) {
                z[at.x] = affine.x;
                y[at.x] = activate(affine.x);
            }
            if (inside.y) {
                z[at.y] = affine.y;
                y[at.y] = activate(affine.y);
            }
        }
    }
    // It never is, but loads that nothing depends on would be removed.
    if (touched == -1.0) {
        return;
    }
    let unbiased = squares / max(count - 1.0, 1.0);
    let mean_at = replica * 2u * params.cols + col;
    let second_at = mean_at + params.cols;
    if (inside.x) {
        keep(mean_at.x, second_at.x, mean.x, rstd.x, unbiased.x);
    }
    if (inside.y) {
        keep(mean_at.y, second_at.y, mean.y, rstd.y, unbiased.y);
    }
}

fn load(at: vec2<u32>) -> vec2<f32> {
    return vec2(x[at.x], x[at.y]);
}

// Loads an element of every LANES-th row of a stretch, from `first` on: a lane's share.
fn touch(start: u32, first: u32) -> f32 {
    let rows = select(0u, params.rows, params.rows * params.cols >= LARGE);
    var touched = 0.0;
    for (var row = first; row < min(first + STRETCH, rows); row += LANES) {
        touched = max(touched, x[start + row * params.cols]);
    }
    return touched;
}

// Stores the statistics of a column, and moves the running ones.
fn keep(mean_at: u32, second_at: u32, mean: f32, rstd: f32, unbiased: f32) {
    statistics[mean_at] = mean;
    statistics[second_at] = rstd;
    let share = 1.0 - params.momentum;
    running[mean_at] = share * running[mean_at] + params.momentum * mean;
    running[second_at] = share * running[second_at] + params.momentum * unbiased;
}

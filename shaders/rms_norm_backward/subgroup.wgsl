// rms_norm_backward, subgroup: with n = x * rstd, g = d_y * activation_gradient(z) and h = g * gamma,
//   d_x = rstd * (h - n * sum of (h * n) / cols)    sums over each row
//   d_gamma = sum of g * n                          over each column, or over all
// requires: subgroups, subgroup_size = 8
// Source: the gradient of Zhang and Sennrich 2019, equation 4.
//
//   d_y, z, x, d_x: [replicas, rows, cols]    statistics: [replicas, rows, 1], rstd
//   gamma, d_gamma: [replicas, 1, affine], affine being cols or 1
//
// Unlike naive, a workgroup is one subgroup of 8 lanes that share rows, units and their sum, and touch
// rows ahead, as in layer_norm_backward. Made for software Vulkan. d_x holds h until the sum of its row
// is known; z is the replica.

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    gamma_stride: u32,
    d_gamma_stride: u32,
}

const LANES: u32 = 8u;
const UNITS: u32 = 16u;
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

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let first_row = workgroup.x * LANES;
    for (var row = first_row; row < min(first_row + LANES, params.rows); row++) {
        input_gradient(workgroup.z, row, lane);
    }
    if (first_row + LANES > params.rows) {
        let number = workgroup.x - params.rows / LANES;
        if (params.affine == 1u) {
            if (number == 0u) {
                shared_gradient(workgroup.z, lane);
            }
        } else if (number % 2u == 0u) {
            gamma_gradient(workgroup.z, number * LANES, lane);
        }
    }
}

fn input_gradient(replica: u32, row: u32, lane: u32) {
    let line = replica * params.rows + row;
    let start = line * params.cols;
    let end = start + params.cols;
    let gammas = replica * params.gamma_stride;
    let rstd = statistics[line];
    var dot = 0.0;
    for (var at = start + lane; at < end; at += LANES) {
        let unit = min(at - start, params.affine - 1u);
        let h = d_y[at] * activation_gradient(z[at]) * gamma[gammas + unit];
        dot += h * (x[at] * rstd);
        d_x[at] = h;
    }
    let projection = subgroupAdd(dot) / f32(params.cols);
    for (var at = start + lane; at < end; at += LANES) {
        d_x[at] = rstd * (d_x[at] - x[at] * rstd * projection);
    }
}

// The gradients of one cache line of units.
fn gamma_gradient(replica: u32, first_unit: u32, lane: u32) {
    let units = first_unit + lane + vec2(0u, LANES);
    let inside = units < vec2(params.cols);
    let cols = min(units, vec2(params.cols - 1u));
    var dot = vec2<f32>();
    let start = replica * params.rows * params.cols + first_unit;
    var touched = touch(start, lane);
    for (var first = 0u; first < params.rows; first += STRETCH) {
        let end = min(first + STRETCH, params.rows);
        touched = max(touched, touch(start, end + lane));
        for (var row = first; row < end; row++) {
            let line = replica * params.rows + row;
            let at = line * params.cols + cols;
            dot += gradient(at) * (vec2(x[at.x], x[at.y]) * statistics[line]);
        }
    }
    // It never is, but loads that nothing depends on would be removed.
    if (touched == -1.0) {
        return;
    }
    let d_gammas = replica * params.d_gamma_stride + units;
    if (inside.x) {
        d_gamma[d_gammas.x] = dot.x;
    }
    if (inside.y) {
        d_gamma[d_gammas.y] = dot.y;
    }
}

// The sum over all units.
fn shared_gradient(replica: u32, lane: u32) {
    let count = params.rows * params.cols;
    var sum = 0.0;
    for (var unit = lane; unit < count; unit += UNITS) {
        let units = vec2(unit, min(unit + LANES, count - 1u));
        let at = replica * count + units;
        let line = replica * params.rows + units / params.cols;
        let rstd = vec2(statistics[line.x], statistics[line.y]);
        let g = select(vec2<f32>(), gradient(at), vec2(true, unit + LANES < count));
        sum += dot(g, vec2(x[at.x], x[at.y]) * rstd);
    }
    sum = subgroupAdd(sum);
    if (lane == 0u) {
        d_gamma[replica * params.d_gamma_stride] = sum;
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

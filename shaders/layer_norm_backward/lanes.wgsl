// layer_norm_backward, lanes: with n = (x - mean) * rstd, g = d_y * activation_gradient(z) and
// h = g * gamma,
//   d_x = rstd * (h - sum of h / cols - n * sum of (h * n) / cols)    sums over each row
//   d_gamma = sum of g * n    d_beta = sum of g                       over each column, or over all
// prefers: hardware
// Source: the gradient of Ba, Kiros and Hinton 2016, equations 3 and 4.
//
//   d_y, z, x, d_x: [replicas, rows, cols]    statistics: [replicas, rows, 2], mean and rstd
//   gamma, d_gamma, d_beta: [replicas, 1, affine], affine being cols or 1
//
// Unlike naive, LANES invocations share a row, each with every LANES-th of its columns, or a unit,
// each with every LANES-th of its rows; either way, neighbours load neighbouring addresses. Their sums
// are added up in workgroup memory by repeated halving, always in the same order.
//
// A workgroup takes ITEMS rows of d_x, or after the last row ITEMS units of d_gamma and d_beta; the
// one in which the rows end does both. z is the replica. A vec2 holds a part of each of two sums.

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    gamma_stride: u32,
    d_gamma_stride: u32,
    d_beta_stride: u32,
}

const ITEMS: u32 = 8u; // tune: 4 8 16
const LANES: u32 = 32u; // tune: 8 16 32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_y: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> statistics: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_gamma: array<f32>;
@group(0) @binding(8) var<storage, read_write> d_beta: array<f32>;

var<workgroup> parts: array<vec2<f32>, ITEMS * LANES>;

@compute @workgroup_size(ITEMS, LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let first = workgroup.x * ITEMS;
    if (first < params.rows) {
        input_gradient(workgroup.z, first + index / LANES, index % LANES);
    }
    if (first + ITEMS > params.rows) {
        affine_gradient(workgroup.z, first + index % ITEMS - params.rows, index);
    }
}

fn input_gradient(replica: u32, row: u32, lane: u32) {
    // A row beyond the end has no columns: its lanes only take part in the barriers.
    let cols = select(0u, params.cols, row < params.rows);
    let line = replica * params.rows + min(row, params.rows - 1u);
    let start = line * params.cols;
    let mean = statistics[line * 2u];
    let rstd = statistics[line * 2u + 1u];
    var part = vec2<f32>();
    for (var col = lane; col < cols; col += LANES) {
        let h = scaled(replica, start, col);
        part += vec2(h, h * ((x[start + col] - mean) * rstd));
    }
    let slot = row % ITEMS * LANES + lane;
    parts[slot] = part;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (lane < half) {
            parts[slot] += parts[slot + half];
        }
    }
    workgroupBarrier();
    let means = parts[slot - lane] / f32(params.cols);
    for (var col = lane; col < cols; col += LANES) {
        let n = (x[start + col] - mean) * rstd;
        d_x[start + col] = rstd * (scaled(replica, start, col) - means.x - n * means.y);
    }
    workgroupBarrier();
}

fn affine_gradient(replica: u32, unit: u32, index: u32) {
    // If the rows end within a workgroup, its first numbers wrap around, far beyond all units.
    let inside = unit < params.affine;
    var part = vec2<f32>();
    for (var row = index / ITEMS; inside && row < params.rows; row += LANES) {
        let line = replica * params.rows + row;
        let start = line * params.cols;
        let mean = statistics[line * 2u];
        let rstd = statistics[line * 2u + 1u];
        for (var col = unit; col < params.cols; col += params.affine) {
            let g = d_z(start + col);
            part += vec2(g, g * ((x[start + col] - mean) * rstd));
        }
    }
    parts[index] = part;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (index < half * ITEMS) {
            parts[index] += parts[index + half * ITEMS];
        }
    }
    if (inside && index < ITEMS) {
        d_beta[replica * params.d_beta_stride + unit] = parts[index].x;
        d_gamma[replica * params.d_gamma_stride + unit] = parts[index].y;
    }
}

fn d_z(at: u32) -> f32 {
    return d_y[at] * activation_gradient(z[at]);
}

fn scaled(replica: u32, start: u32, col: u32) -> f32 {
    return d_z(start + col) * gamma[replica * params.gamma_stride + col % params.affine];
}

// rms_norm_forward, workgroup: like naive, but 64 invocations share a row: each takes every 64th
// column, and their sums of squares are added up in workgroup memory, by repeated halving
// Source: Zhang and Sennrich 2019, equation 4.
//
//   x, z, y: [replicas, rows, cols]    statistics: [replicas, rows, 1], rstd of each row
//   gamma: [replicas, 1, affine], affine being cols (one per unit) or 1 (one for the layer)
//
// A workgroup owns one row; z is the replica.

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    gamma_stride: u32,
    epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> z: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> statistics: array<f32>;

const LANES: u32 = 64u; // tune: 32 64 128
const TILE_ROWS: u32 = 1u;

var<workgroup> sums: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let line = group.z * params.rows + group.x;
    let start = line * params.cols;

    var squares = 0.0;
    for (var col = lane; col < params.cols; col += LANES) {
        squares += x[start + col] * x[start + col];
    }
    sums[lane] = squares;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (lane < half) {
            sums[lane] += sums[lane + half];
        }
    }
    workgroupBarrier();
    let rstd = 1.0 / sqrt(sums[0] / f32(params.cols) + params.epsilon);

    for (var col = lane; col < params.cols; col += LANES) {
        let scale = gamma[group.z * params.gamma_stride + col % params.affine];
        let value = scale * (x[start + col] * rstd);
        z[start + col] = value;
        y[start + col] = activate(value);
    }
    if (lane == 0u) {
        statistics[line] = rstd;
    }
}

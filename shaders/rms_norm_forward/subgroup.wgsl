// rms_norm_forward, subgroup: z = gamma * x * rstd over each row, y = activate(z),
//   rstd = 1 / sqrt(sum of x^2 / cols + epsilon)
// requires: subgroups, subgroup_size = 8
// Source: Zhang and Sennrich 2019, equation 4.
//
//   x, z, y: [replicas, rows, cols]    statistics: [replicas, rows, 1], rstd of each row
//   gamma: [replicas, 1, affine], affine being cols (one per unit) or 1 (one for the layer)
//
// Unlike naive, a subgroup of 8 lanes shares a row, as in layer_norm_forward. Made for software Vulkan.
// A workgroup is one subgroup and takes 8 rows, one after the other; z is the replica.

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    gamma_stride: u32,
    epsilon: f32,
}

const LANES: u32 = 8u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> z: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> statistics: array<f32>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let gammas = workgroup.z * params.gamma_stride;
    let first_row = workgroup.x * LANES;
    for (var row = first_row; row < min(first_row + LANES, params.rows); row++) {
        let line = workgroup.z * params.rows + row;
        let start = line * params.cols;
        let end = start + params.cols;

        var squares = 0.0;
        for (var at = start + lane; at < end; at += LANES) {
            squares += x[at] * x[at];
        }
        let rstd = 1.0 / sqrt(subgroupAdd(squares) / f32(params.cols) + params.epsilon);

        for (var at = start + lane; at < end; at += LANES) {
            let unit = min(at - start, params.affine - 1u);
            let value = gamma[gammas + unit] * (x[at] * rstd);
            z[at] = value;
            y[at] = activate(value);
        }
        if (lane == 0u) {
            statistics[line] = rstd;
        }
    }
}

// layer_norm_forward, subgroup: z = gamma * (x - mean) * rstd + beta over each row, y = activate(z)
// requires: subgroups, subgroup_size = 8
// Source: Ba, Kiros and Hinton 2016, equations 3 and 4.
//
//   x, z, y: [replicas, rows, cols]
//   gamma, beta: [replicas, 1, affine], affine being cols (one per unit) or 1 (one for the layer)
//   statistics: [replicas, rows, 2], mean and rstd = 1 / sqrt(variance + epsilon) of each row
//
// Unlike naive, a subgroup of 8 lanes shares a row, each with every 8th of its columns, so that the row
// is read from one end to the other. Eight rows at a time, if a power of two apart, would share one
// set of a core's nearest cache and evict each other. Made for software Vulkan.
//
// A workgroup is one subgroup and takes 8 rows, one after the other; z is the replica. Sums run over x
// minus the row's first value (see batch_norm_forward).

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    gamma_stride: u32,
    beta_stride: u32,
    epsilon: f32,
}

const LANES: u32 = 8u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> z: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(0) @binding(6) var<storage, read_write> statistics: array<f32>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let count = f32(params.cols);
    let gammas = workgroup.z * params.gamma_stride;
    let betas = workgroup.z * params.beta_stride;
    let first_row = workgroup.x * LANES;
    for (var row = first_row; row < min(first_row + LANES, params.rows); row++) {
        let line = workgroup.z * params.rows + row;
        let start = line * params.cols;
        let end = start + params.cols;
        let first = x[start];

        var sum = 0.0;
        for (var at = start + lane; at < end; at += LANES) {
            sum += x[at] - first;
        }
        let shift = subgroupAdd(sum) / count;

        var squares = 0.0;
        for (var at = start + lane; at < end; at += LANES) {
            let centred = x[at] - first - shift;
            squares += centred * centred;
        }
        let rstd = 1.0 / sqrt(subgroupAdd(squares) / count + params.epsilon);

        for (var at = start + lane; at < end; at += LANES) {
            let unit = min(at - start, params.affine - 1u);
            let value = gamma[gammas + unit] * ((x[at] - first - shift) * rstd) + beta[betas + unit];
            z[at] = value;
            y[at] = activate(value);
        }
        if (lane == 0u) {
            statistics[line * 2u] = first + shift;
            statistics[line * 2u + 1u] = rstd;
        }
    }
}

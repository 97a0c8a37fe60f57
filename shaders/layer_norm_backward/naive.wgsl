// layer_norm_backward, naive: with n = (x - mean) * rstd, g = d_y * activation_gradient(z) and
// h = g * gamma,
//   d_x = rstd * (h - sum of h / cols - n * sum of (h * n) / cols)    sums over each row
//   d_gamma = sum of g * n    d_beta = sum of g                       over each column, or over all
// Source: the gradient of Ba, Kiros and Hinton 2016, equations 3 and 4.
//
//   d_y, z, x, d_x: [replicas, rows, cols]    statistics: [replicas, rows, 2], mean and rstd
//   gamma, d_gamma, d_beta: [replicas, 1, affine], affine being cols or 1
//
// The first `rows` invocations own one row of d_x each, which holds h until its sums are known; the
// `affine` invocations after them own one element of d_gamma and d_beta each, or, if those are one
// for all units, share them with their workgroup; a workgroup is 16 of these invocations; z is the
// replica.

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    gamma_stride: u32,
    d_gamma_stride: u32,
    d_beta_stride: u32,
}

const INVOCATIONS: u32 = 16u; // tune: 8 16 32 64

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_y: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> statistics: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_gamma: array<f32>;
@group(0) @binding(8) var<storage, read_write> d_beta: array<f32>;

// For shared_gradient.
var<workgroup> parts: array<vec2<f32>, INVOCATIONS>;

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) invocation: u32,
) {
    if (id.x < params.rows) {
        input_gradient(id.z, id.x);
    } else if (params.affine > 1u && id.x < params.rows + params.affine) {
        affine_gradient(id.z, id.x - params.rows);
    }
    if (params.affine == 1u && workgroup.x == params.rows / INVOCATIONS) {
        shared_gradient(id.z, invocation);
    }
}

fn input_gradient(replica: u32, row: u32) {
    let line = replica * params.rows + row;
    let start = line * params.cols;
    let mean = statistics[line * 2u];
    let rstd = statistics[line * 2u + 1u];
    var sum = 0.0;
    var dot = 0.0;
    for (var col = 0u; col < params.cols; col++) {
        let at = start + col;
        let scale = gamma[replica * params.gamma_stride + col % params.affine];
        let h = d_y[at] * activation_gradient(z[at]) * scale;
        sum += h;
        dot += h * ((x[at] - mean) * rstd);
        d_x[at] = h;
    }
    let count = f32(params.cols);
    for (var col = 0u; col < params.cols; col++) {
        let at = start + col;
        let n = (x[at] - mean) * rstd;
        d_x[at] = rstd * (d_x[at] - sum / count - n * (dot / count));
    }
}

// The gradients of one unit.
fn affine_gradient(replica: u32, unit: u32) {
    var sum = 0.0;
    var dot = 0.0;
    for (var row = 0u; row < params.rows; row++) {
        let line = replica * params.rows + row;
        let at = line * params.cols + unit;
        let g = d_y[at] * activation_gradient(z[at]);
        sum += g;
        dot += g * ((x[at] - statistics[line * 2u]) * statistics[line * 2u + 1u]);
    }
    d_gamma[replica * params.d_gamma_stride + unit] = dot;
    d_beta[replica * params.d_beta_stride + unit] = sum;
}

// The sum over all units, shared by the workgroup.
fn shared_gradient(replica: u32, invocation: u32) {
    var part = vec2<f32>();
    let count = params.rows * params.cols;
    for (var unit = invocation; unit < count; unit += INVOCATIONS) {
        let at = replica * count + unit;
        let line = replica * params.rows + unit / params.cols;
        let g = d_y[at] * activation_gradient(z[at]);
        part += vec2(g * ((x[at] - statistics[line * 2u]) * statistics[line * 2u + 1u]), g);
    }
    parts[invocation] = part;
    workgroupBarrier();
    if (invocation == 0u) {
        var sums = vec2<f32>();
        for (var other = 0u; other < INVOCATIONS; other++) {
            sums += parts[other];
        }
        d_gamma[replica * params.d_gamma_stride] = sums.x;
        d_beta[replica * params.d_beta_stride] = sums.y;
    }
}

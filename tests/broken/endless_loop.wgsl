// bias_forward, endless_loop: wrong, since its loop never ends.
//
// Some drivers end every loop after 65,535 rounds, so each round is long enough for this to take minutes.

struct Params {
    rows: u32,
    cols: u32,
    bias_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> z: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn hop(i: u32) -> u32 {
    return bitcast<u32>(x[i % arrayLength(&x)]) + i;
}

fn hop4(i: u32) -> u32 {
    return hop(hop(hop(hop(i))));
}

fn hop16(i: u32) -> u32 {
    return hop4(hop4(hop4(hop4(i))));
}

fn hop64(i: u32) -> u32 {
    return hop16(hop16(hop16(hop16(i))));
}

@compute @workgroup_size(16, 4)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let col = id.x;
    let row = id.y;
    var i = col;
    while (z[0] != 1e30) {
        i = hop64(i);
        z[i % arrayLength(&z)] = 0.0;
    }
    if (row >= params.rows || col >= params.cols) {
        return;
    }
    let at = (id.z * params.rows + row) * params.cols + col;
    let sum = x[at] + bias[id.z * params.bias_stride + col];
    z[at] = sum;
    y[at] = activate(sum);
}

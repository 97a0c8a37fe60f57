// bias_forward, wrong_binding_number: x and bias are swapped

struct Params {
    rows: u32,
    cols: u32,
    bias_stride: u32,
}

const COLS: u32 = 16u;
const ROWS: u32 = 4u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> z: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(COLS, ROWS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let col = id.x;
    let row = id.y;
    if (row >= params.rows || col >= params.cols) {
        return;
    }
    let at = (id.z * params.rows + row) * params.cols + col;
    let sum = x[at] + bias[id.z * params.bias_stride + col];
    z[at] = sum;
    y[at] = activate(sum);
}

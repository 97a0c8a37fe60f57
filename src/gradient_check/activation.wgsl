// activation, naive: y = activate(x), slope = activation_gradient(x)
//
//   x, y, slope: [1, 1, count]
//
// One invocation for each x.

struct Params {
    count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> slope: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < params.count) {
        y[id.x] = activate(x[id.x]);
        slope[id.x] = activation_gradient(x[id.x]);
    }
}

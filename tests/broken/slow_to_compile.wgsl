// sgd, slow_to_compile: correct, but some drivers take minutes to compile it.
//
// Mesa's llvmpipe tries to keep private arrays in registers, and takes very long to allocate them.

struct Params {
    count: u32,
    momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read> learning_rate: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> velocity: array<f32>;

const LENGTH: u32 = 8000u;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    var own: array<f32, LENGTH>;
    for (var i = 0u; i < LENGTH; i++) {
        own[(i * 7u) % LENGTH] = gradients[(id.z * params.count + i) % arrayLength(&gradients)];
    }
    if (id.x >= params.count) {
        return;
    }
    let at = id.z * params.count + id.x;
    var change = gradients[at] + 0.0 * own[id.x % LENGTH];
    if (params.momentum != 0.0) {
        change += params.momentum * velocity[at];
        velocity[at] = change;
    }
    parameters[at] -= learning_rate[id.z] * change;
}

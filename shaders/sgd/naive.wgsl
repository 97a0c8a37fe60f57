// sgd, naive: velocity = momentum * velocity + gradients, parameters -= rate * velocity
// Source: Sutskever, Martens, Dahl and Hinton 2013, with the learning rate outside the velocity.
//
//   gradients, parameters, velocity: [replicas, 1, count]    rate: [replicas, 1, 1]
//
// One invocation updates one parameter; z is the replica. With momentum 0 the velocity is the
// gradient and is not stored: two memory accesses fewer.

struct Params {
    count: u32,
    momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read> rate: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> velocity: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.count) {
        return;
    }
    let at = id.z * params.count + id.x;
    var change = gradients[at];
    if (params.momentum != 0.0) {
        change += params.momentum * velocity[at];
        velocity[at] = change;
    }
    parameters[at] -= rate[id.z] * change;
}

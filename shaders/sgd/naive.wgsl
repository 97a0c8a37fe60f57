// sgd, naive: velocity = momentum * velocity + gradients, parameters -= learning_rate * velocity
// Source: Sutskever, Martens, Dahl and Hinton 2013, with the learning rate outside the velocity.
//
//   gradients, parameters, velocity: [replicas, 1, count]    learning_rate: [replicas, 1, 1]
//
// A workgroup updates 1,024 parameters, so a dispatch can cover 67 million; each of its 256
// invocations updates every 256th of these; z is the replica. With momentum 0 the velocity is the
// gradient and is not stored: two memory accesses fewer. That case has its own loop, since software Vulkan
// runs both sides of a branch.

struct Params {
    count: u32,
    momentum: f32,
}

const INVOCATIONS: u32 = 256u; // tune: 64 128 256
const TILE_COUNT: u32 = 1024u; // tune: 256 1024 4096

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read> learning_rate: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> velocity: array<f32>;

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
) {
    let replica = workgroup.z;
    let start = workgroup.x * TILE_COUNT;
    let end = min(start + TILE_COUNT, params.count);
    let rate = learning_rate[replica];
    // One of the loops has no rounds.
    let without_momentum = params.momentum == 0.0;
    let plain_end = select(start, end, without_momentum);
    for (var i = start + invocation; i < plain_end; i += INVOCATIONS) {
        let at = replica * params.count + i;
        parameters[at] -= rate * gradients[at];
    }
    let momentum_end = select(end, start, without_momentum);
    for (var i = start + invocation; i < momentum_end; i += INVOCATIONS) {
        let at = replica * params.count + i;
        let change = gradients[at] + params.momentum * velocity[at];
        velocity[at] = change;
        parameters[at] -= rate * change;
    }
}

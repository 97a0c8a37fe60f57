// adam, naive: m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g^2,
//   parameters -= learning_rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
// Source: Kingma and Ba 2015, algorithm 1.
//
//   gradients, parameters, first_moment (m), second_moment (v): [replicas, 1, count]
//   learning_rate: [replicas, 1, 1]    step: [replicas, 1, 1], the number t of this step, from 1
//
// A workgroup updates 1,024 parameters, so a dispatch can cover 67 million; each of its 256
// invocations updates every 256th of these; z is the replica.

struct Params {
    count: u32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
}

const INVOCATIONS: u32 = 256u; // tune: 64 128 256
const TILE_COUNT: u32 = 1024u; // tune: 256 1024 4096

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read> learning_rate: array<f32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(5) var<storage, read_write> first_moment: array<f32>;
@group(0) @binding(6) var<storage, read_write> second_moment: array<f32>;

// By repeated squaring: 1 - beta^t keeps its digits for small t, which pow() does not guarantee.
fn power(base: f32, exponent: u32) -> f32 {
    var result = 1.0;
    var square = base;
    for (var rest = exponent; rest > 0u; rest >>= 1u) {
        if ((rest & 1u) == 1u) {
            result *= square;
        }
        square *= square;
    }
    return result;
}

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
) {
    let start = workgroup.x * TILE_COUNT;
    let end = min(start + TILE_COUNT, params.count);
    let bias1 = 1.0 - power(params.beta1, step[workgroup.z]);
    let bias2 = 1.0 - power(params.beta2, step[workgroup.z]);
    let rate = learning_rate[workgroup.z];
    for (var i = start + invocation; i < end; i += INVOCATIONS) {
        update(workgroup.z, i, rate, bias1, bias2);
    }
}

fn update(replica: u32, i: u32, rate: f32, bias1: f32, bias2: f32) {
    let at = replica * params.count + i;
    let gradient = gradients[at];
    let m = params.beta1 * first_moment[at] + (1.0 - params.beta1) * gradient;
    let v = params.beta2 * second_moment[at] + (1.0 - params.beta2) * (gradient * gradient);
    first_moment[at] = m;
    second_moment[at] = v;
    parameters[at] -= rate * (m / bias1) / (sqrt(v / bias2) + params.epsilon);
}

// adam, naive: m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g^2,
//   parameters -= rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
// Source: Kingma and Ba 2015, algorithm 1.
//
//   gradients, parameters, first_moment (m), second_moment (v): [replicas, 1, count]
//   rate: [replicas, 1, 1]    step: [replicas, 1, 1], the number t of this step, from 1
//
// One invocation updates one parameter; z is the replica.

struct Params {
    count: u32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read> rate: array<f32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(5) var<storage, read_write> first_moment: array<f32>;
@group(0) @binding(6) var<storage, read_write> second_moment: array<f32>;

// By repeated squaring: 1 - beta^t keeps its digits where t is small, which pow() does not promise.
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

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.count) {
        return;
    }
    let at = id.z * params.count + id.x;
    let gradient = gradients[at];
    let m = params.beta1 * first_moment[at] + (1.0 - params.beta1) * gradient;
    let v = params.beta2 * second_moment[at] + (1.0 - params.beta2) * (gradient * gradient);
    let bias1 = 1.0 - power(params.beta1, step[id.z]);
    let bias2 = 1.0 - power(params.beta2, step[id.z]);
    first_moment[at] = m;
    second_moment[at] = v;
    parameters[at] -= rate[id.z] * (m / bias1) / (sqrt(v / bias2) + params.epsilon);
}

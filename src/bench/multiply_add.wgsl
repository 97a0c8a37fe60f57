// multiply_add: products summed in registers, the upper limit of a kernel's arithmetic.
//
//   x: [replicas, 1, count]
//
// Each invocation has 16 independent sums (4 vectors of 4), and runs 256 rounds over them: 8192
// operations for one element that is read and written.

struct Params {
    count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.count) {
        return;
    }
    // The compiler cannot compute in advance what depends on memory.
    let start = x[id.x];
    let factor = vec4<f32>(0.5 + start * 1e-9);
    var a = vec4<f32>(start, start + 1.0, start + 2.0, start + 3.0);
    var b = a + 4.0;
    var c = a + 8.0;
    var d = a + 12.0;
    for (var round = 0u; round < 256u; round++) {
        a = a * factor + factor;
        b = b * factor + factor;
        c = c * factor + factor;
        d = d * factor + factor;
    }
    let sum = a + b + c + d;
    x[id.x] = (sum.x + sum.y + sum.z + sum.w) * 1e-3;
}

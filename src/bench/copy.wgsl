// copy: y = x, the upper limit of a kernel's reading and writing.
//
//   x, y: [replicas, 1, count]
//
// A workgroup copies TILE_COUNT elements; neighbouring invocations copy neighbouring elements.

const TILE_COUNT: u32 = 1024u;

struct Params {
    count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let begin = group.x * TILE_COUNT + local;
    let end = min((group.x + 1u) * TILE_COUNT, params.count);
    for (var at = begin; at < end; at += 256u) {
        y[at] = x[at];
    }
}

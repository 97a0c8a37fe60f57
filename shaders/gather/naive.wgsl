// gather, naive: x[i] = images[batch_indices[step mod slots, i]] / 255, targets[i] = labels[the same]
//
//   images: [1, examples, words], 4 bytes per word       labels: [1, examples, 1]
//   batch_indices: [replicas, slots, batch]               step: [replicas, 1, 1]
//   x: [replicas, batch, features]                        targets: [replicas, batch, 1]
//
// One invocation unpacks one word, which is up to four features of one example, and the one with the first
// word also fetches the label; a workgroup takes 64 words of a row; z is the replica. An entry NONE of
// batch_indices gives zeros and the target NONE.

struct Params {
    examples: u32,
    words: u32,
    slots: u32,
    batch: u32,
    features: u32,
    images_stride: u32,
    labels_stride: u32,
}

const NONE: u32 = 0xffffffffu;

const INVOCATIONS: u32 = 64u; // tune: 32 64 128 256

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> images: array<u32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> batch_indices: array<u32>;
@group(0) @binding(4) var<storage, read> step: array<u32>;
@group(0) @binding(5) var<storage, read_write> x: array<f32>;
@group(0) @binding(6) var<storage, read_write> targets: array<u32>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let word = id.x;
    let row = id.y;
    let replica = id.z;
    if (word >= params.words) {
        return;
    }
    let slot = step[replica] % params.slots;
    let example = batch_indices[(replica * params.slots + slot) * params.batch + row];
    var label = NONE;
    var pixels = vec4<f32>();
    if (example != NONE) {
        label = labels[replica * params.labels_stride + example];
        let start = replica * params.images_stride + example * params.words;
        pixels = unpack4x8unorm(images[start + word]);
    }
    if (word == 0u) {
        targets[replica * params.batch + row] = label;
    }
    let start = (replica * params.batch + row) * params.features;
    let first = word * 4u;
    for (var lane = 0u; lane < min(4u, params.features - first); lane++) {
        x[start + first + lane] = pixels[lane];
    }
}

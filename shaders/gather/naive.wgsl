// gather, naive: x[i] = images[batch_indices[step mod slots, i]] / 255, targets[i] = labels[the same]
//
//   images: [1, examples, words], 4 bytes per word       labels: [1, examples, 1]
//   batch_indices: [replicas, slots, batch]               step: [replicas, 1, 1]
//   x: [replicas, batch, features]                        targets: [replicas, batch, 1]
//
// A workgroup unpacks up to 256 words of one example, each up to four features: each of its 64
// invocations every 64th of them. The first invocation of the first workgroup of a row also fetches the label;
// z is the replica. An entry NONE of batch_indices gives zeros and the target NONE.

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
const TILE_WORDS: u32 = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> images: array<u32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> batch_indices: array<u32>;
@group(0) @binding(4) var<storage, read> step: array<u32>;
@group(0) @binding(5) var<storage, read_write> x: array<f32>;
@group(0) @binding(6) var<storage, read_write> targets: array<u32>;

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
) {
    let row = workgroup.y;
    let replica = workgroup.z;
    let slot = step[replica] % params.slots;
    let example = batch_indices[(replica * params.slots + slot) * params.batch + row];
    let none = example == NONE;
    let image = replica * params.images_stride + select(example, 0u, none) * params.words;
    let start = (replica * params.batch + row) * params.features;
    let first = workgroup.x * TILE_WORDS;
    let end = min(first + TILE_WORDS, params.words);
    for (var word = first + invocation; word < end; word += INVOCATIONS) {
        let pixels = select(unpack4x8unorm(images[image + word]), vec4(0.0), none);
        let feature = word * 4u;
        for (var lane = 0u; lane < min(4u, params.features - feature); lane++) {
            x[start + feature + lane] = pixels[lane];
        }
    }
    if (first + invocation == 0u) {
        var label = NONE;
        if (!none) {
            label = labels[replica * params.labels_stride + example];
        }
        targets[replica * params.batch + row] = label;
    }
}

// histogram, naive: counts[bin] = number of elements of x in the bin
//
//   x: [replicas, rows, cols]    counts: [replicas, 1, slots]
//
// A bin is 1 / per_unit wide: element x is in bin floor(x * per_unit) - first, counted from 0. Slot 0
// counts elements below bin 0, the last slot those above the last bin, and slot i + 1 bin i. If
// per_unit is a power of two, nothing is rounded, so every count is exact. A NaN is not counted.
//
// One workgroup takes one replica: its invocations divide up the elements and count in workgroup
// memory, where the order of atomic integer additions does not matter.

struct Params {
    rows: u32,
    cols: u32,
    slots: u32,
    per_unit: f32,
    first: f32,
}

const INVOCATIONS: u32 = 64u; // tune: 32 64 128 256
const MOST_SLOTS: u32 = 1024u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;

var<workgroup> tally: array<atomic<u32>, MOST_SLOTS>;

fn slot(value: f32) -> u32 {
    let bin = floor(value * params.per_unit) - params.first;
    return u32(clamp(bin + 1.0, 0.0, f32(params.slots - 1u)));
}

// By its bits: a shader may assume that no number is NaN.
fn is_number(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7fffffffu) <= 0x7f800000u;
}

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
) {
    for (var i = invocation; i < params.slots; i += INVOCATIONS) {
        atomicStore(&tally[i], 0u);
    }
    workgroupBarrier();

    let length = params.rows * params.cols;
    for (var i = invocation; i < length; i += INVOCATIONS) {
        let value = x[workgroup.z * length + i];
        if (is_number(value)) {
            atomicAdd(&tally[slot(value)], 1u);
        }
    }
    workgroupBarrier();

    for (var i = invocation; i < params.slots; i += INVOCATIONS) {
        counts[workgroup.z * params.slots + i] = atomicLoad(&tally[i]);
    }
}

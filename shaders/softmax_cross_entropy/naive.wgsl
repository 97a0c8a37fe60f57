// softmax_cross_entropy, naive: loss = -ln softmax(logits)[target], correct, and the loss's gradient
//   d_logits = (softmax(logits) - onehot(target)) / rows
// Source: Goodfellow, Bengio and Courville 2016, section 4.1 (logits minus their maximum).
//
//   logits, d_logits: [replicas, rows, classes]     targets: [replicas, rows, 1]
//   losses, correct: [replicas, slots, 1], rings of mean losses and counts    step: [replicas, 1, 1]
//
// One workgroup takes one replica: its invocations divide up the rows, then the first one adds up
// their losses and counts in a fixed order, writes slot `step mod slots` of both, and counts the step. A
// row with the target NONE has no loss, no gradient and does not count as correct.

struct Params {
    rows: u32,
    classes: u32,
    slots: u32,
}

const NONE: u32 = 0xffffffffu;
const INVOCATIONS: u32 = 64u; // tune: 16 32 64 128

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> d_logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
@group(0) @binding(5) var<storage, read_write> correct: array<u32>;
@group(0) @binding(6) var<storage, read_write> step: array<u32>;

struct RowResult {
    loss: f32,
    correct: u32,
}

var<workgroup> partial: array<RowResult, INVOCATIONS>;

// Writes the gradient of one row; returns its loss, and 1 if it is classified correctly.
fn one_row(line: u32) -> RowResult {
    let start = line * params.classes;
    let target_class = targets[line];
    var best = 0u;
    for (var c = 1u; c < params.classes; c++) {
        if (logits[start + c] > logits[start + best]) {
            best = c;
        }
    }
    let largest = logits[start + best];
    var sum = 0.0;
    for (var c = 0u; c < params.classes; c++) {
        sum += exp(logits[start + c] - largest);
    }
    let has_target = target_class != NONE;
    for (var c = 0u; c < params.classes; c++) {
        let probability = exp(logits[start + c] - largest) / sum;
        let gradient = (probability - select(0.0, 1.0, c == target_class)) / f32(params.rows);
        d_logits[start + c] = select(0.0, gradient, has_target);
    }
    if (!has_target) {
        return RowResult();
    }
    let loss = log(sum) - (logits[start + target_class] - largest);
    return RowResult(loss, select(0u, 1u, best == target_class));
}

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
) {
    let replica = workgroup.z;
    var mine = RowResult();
    for (var row = invocation; row < params.rows; row += INVOCATIONS) {
        let result = one_row(replica * params.rows + row);
        mine.loss += result.loss;
        mine.correct += result.correct;
    }
    partial[invocation] = mine;
    workgroupBarrier();

    if (invocation == 0u) {
        var total = RowResult();
        for (var i = 0u; i < INVOCATIONS; i++) {
            total.loss += partial[i].loss;
            total.correct += partial[i].correct;
        }
        let slot = replica * params.slots + step[replica] % params.slots;
        losses[slot] = total.loss / f32(params.rows);
        correct[slot] = total.correct;
        step[replica] += 1u;
    }
}

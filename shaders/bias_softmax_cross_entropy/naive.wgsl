// bias_softmax_cross_entropy, naive: the output layer after its product, forward and backward
//   logits = x + bias, loss = -ln softmax(logits)[target], correct
//   d_x = (softmax(logits) - onehot(target)) / rows, d_bias = sum over rows of d_x
// Source: Goodfellow, Bengio and Courville 2016, section 4.1 (logits minus their maximum).
//
//   x, d_x: [replicas, rows, classes]    bias, d_bias: [replicas, 1, classes]
//   targets: [replicas, rows, 1]    step: [replicas, 1, 1]
//   losses, correct: [replicas, slots, 1], rings of mean losses and counts
//
// One workgroup takes one replica: its invocations divide up the rows, then the columns of d_bias;
// the first one adds up losses and counts in a fixed order, writes slot `step mod slots` of both,
// and counts the step. A row with the target NONE has no loss, no gradient and does not count as correct.

struct Params {
    rows: u32,
    classes: u32,
    slots: u32,
    bias_stride: u32,
    d_bias_stride: u32,
}

const NONE: u32 = 0xffffffffu;
const INVOCATIONS: u32 = 64u; // tune: 16 32 64 128

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> targets: array<u32>;
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_bias: array<f32>;
@group(0) @binding(6) var<storage, read_write> losses: array<f32>;
@group(0) @binding(7) var<storage, read_write> correct: array<u32>;
@group(0) @binding(8) var<storage, read_write> step: array<u32>;

struct RowResult {
    loss: f32,
    correct: u32,
}

var<workgroup> partial: array<RowResult, INVOCATIONS>;

// Writes the gradient of one row; returns its loss, and 1 if it is classified correctly.
fn one_row(replica: u32, row: u32) -> RowResult {
    let start = (replica * params.rows + row) * params.classes;
    let shift = replica * params.bias_stride;
    let target_class = targets[replica * params.rows + row];
    var best = 0u;
    var largest = x[start] + bias[shift];
    for (var c = 1u; c < params.classes; c++) {
        let logit = x[start + c] + bias[shift + c];
        if (logit > largest) {
            best = c;
            largest = logit;
        }
    }
    var sum = 0.0;
    for (var c = 0u; c < params.classes; c++) {
        sum += exp(x[start + c] + bias[shift + c] - largest);
    }
    let has_target = target_class != NONE;
    for (var c = 0u; c < params.classes; c++) {
        let probability = exp(x[start + c] + bias[shift + c] - largest) / sum;
        let gradient = (probability - select(0.0, 1.0, c == target_class)) / f32(params.rows);
        d_x[start + c] = select(0.0, gradient, has_target);
    }
    if (!has_target) {
        return RowResult();
    }
    let loss = log(sum) - (x[start + target_class] + bias[shift + target_class] - largest);
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
        let result = one_row(replica, row);
        mine.loss += result.loss;
        mine.correct += result.correct;
    }
    partial[invocation] = mine;
    workgroupBarrier();
    // The columns below read what other invocations have written.
    storageBarrier();

    for (var c = invocation; c < params.classes; c += INVOCATIONS) {
        var sum = 0.0;
        for (var row = 0u; row < params.rows; row++) {
            sum += d_x[(replica * params.rows + row) * params.classes + c];
        }
        d_bias[replica * params.d_bias_stride + c] = sum;
    }

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

//! `softmax_cross_entropy`: the loss of one batch, its gradient, and how many examples are classified
//! correctly.
//!
//! With p = softmax(logits), over each row: `loss = −ln p[target]`, d_logits = (p − onehot(target)) /
//! rows; a row is classified correctly if its largest logit (the first, among equals) is the target's. All is
//! computed from logits minus their maximum, so that nothing overflows (Goodfellow et al. 2016, section 4.1).
//!
//! `losses` (means over all rows) and `correct` (counts) are rings of `slots` steps; this step writes
//! slot `step mod slots` and then increments `step`, of which it is the last reader in a step. A row with
//! the target [`NONE`] has no loss and no gradient and is not counted.

use super::cases::{Case, Fill, LONG};
use super::constants::NONE;
use super::contract::{Contract, Operand, Part};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Tensor, Value};

/// The kernel `softmax_cross_entropy`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "softmax_cross_entropy",
        summary: "losses[step mod slots] = mean of -ln softmax(logits)[target], correct likewise, step += 1, \
                  d_logits = (softmax(logits) - onehot(target)) / rows",
        sizes: &["rows", "classes", "slots"],
        operands: &[
            Operand::read("logits", "rows", "classes"),
            Operand::read("targets", "rows", "1").of_u32().below("classes"),
            Operand::write("d_logits", "rows", "classes"),
            Operand::update("losses", "slots", "1").in_part(Part::OneRow),
            Operand::update("correct", "slots", "1").in_part(Part::OneRow).of_u32(),
            Operand::update("step", "1", "1").of_u32(),
        ],
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases: || cases("logits"),
    shaders: sources!("softmax_cross_entropy": "naive"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (d_logits, counted) = losses(call.real("logits"), call);
    [Value::Real(d_logits)].into_iter().chain(counted).collect()
}

/// The gradient of logits, `[rows, classes]`, and the updated losses, correct and step; everything else comes
/// from a call that has the other operands of this kernel.
pub(super) fn losses<T: Real>(
    logits: &Tensor<T>,
    call: &Arguments<'_, T>,
) -> (Tensor<T>, [Value<T>; 3]) {
    let targets = call.indices("targets");
    let (mut losses, mut all_correct) =
        (call.real("losses").clone(), call.indices("correct").clone());
    let mut step = call.indices("step").clone();
    let mut d_logits = Tensor::filled(logits.shape, T::zero());
    let count = T::of(call.size("rows") as f64);
    let (mut loss, mut correct) = (T::zero(), 0);
    for row in 0..call.size("rows") {
        let target = targets.at(row, 0);
        if target == NONE {
            continue;
        }
        let line = logits.row(row);
        let best = (1..line.len()).fold(0, |best, c| if line[c] > line[best] { c } else { best });
        let sum = line.iter().map(|&logit| (logit - line[best]).exp()).sum::<T>();
        for (class, &logit) in line.iter().enumerate() {
            let expected = if class == target as usize { T::one() } else { T::zero() };
            let probability = (logit - line[best]).exp() / sum;
            d_logits.put(row, class, (probability - expected) / count);
        }
        loss += sum.ln() - (line[target as usize] - line[best]);
        if best == target as usize {
            correct += 1;
        }
    }
    let slot = step.at(0, 0) as usize % call.size("slots");
    losses.put(slot, 0, loss / count);
    all_correct.put(slot, 0, correct);
    step.put(0, 0, step.at(0, 0).wrapping_add(1));
    (d_logits, [Value::Real(losses), Value::Index(all_correct), Value::Index(step)])
}

/// Cases that make the operand `logits` extreme.
pub(super) fn cases(logits: &'static str) -> Vec<Case> {
    let case = |rows, classes: u32, slots, step| {
        Case::new(&[("rows", rows), ("classes", classes as usize), ("slots", slots)])
            .fill("targets", Fill::Below(classes))
            .fill("step", Fill::Count(step))
    };
    vec![
        case(1, 1, 1, 0),
        case(60, 10, 50, 149),
        case(31, 10, 3, 2).fill(logits, Fill::Extreme(100.0)),
        case(257, 65, 7, 5).replicas(3).fill(logits, Fill::Normal(1e3, 30.0)),
        // Each replica at its own step.
        case(7, 3, 5, 0).replicas(3).fill("step", Fill::Below(1000)),
        case(65, 31, 1, 9).fill("targets", Fill::BelowOrNone(31)),
        case(LONG, 9, 8, 4),
    ]
}

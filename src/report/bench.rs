//! Tables of timings.

use super::number;
use super::table::columns;
use crate::bench::Roofline;
use crate::bench::scale::{self, Growth, Scale, ScaledStep};
use crate::bench::step::StepTime;
use crate::bench::targets::{Side, SpeedTarget};
use crate::bench::variants::{KernelVariants, Variant, VariantResult};
use crate::config::Norm;
use std::fmt::Write;

/// The length of the longest bar in characters.
const BAR: f64 = 30.0;

/// What the columns of [`variants`] mean.
pub const LADDER_LEGEND: &str = "\
us         microseconds of one dispatch: the median, and the shortest to the longest sample
GB/s       bytes of all operands, each counted once
share      GFLOP/s of a product, or GB/s of another kernel, of the ceiling above; what fits in a
           cache can exceed the copy
x default  how many times as long as the default variant (*) takes
";

/// One line about the adapter's ceilings.
#[must_use]
pub fn ceilings(ceilings: &Roofline) -> String {
    format!(
        "ceilings: {} GFLOP/s (multiply-add in registers), {} GB/s (copy of 64 MiB)\n",
        figures(ceilings.gflop_per_s),
        figures(ceilings.gb_per_s)
    )
}

/// A kernel's variants at a shape, in tables of this width.
#[must_use]
pub fn variants(compared: &KernelVariants, ceilings: &Roofline, width: Option<usize>) -> String {
    let header = ["variant", "us", "min–max", "GFLOP/s", "GB/s", "share", "x default", "verdict"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(compared.variants.iter().map(|variant| row(variant, ceilings)));
    let activation = compared.activation.map_or(String::new(), |name| format!(", {name}"));
    let clock = compared.clock.map_or(String::new(), |clock| format!(" ({clock})"));
    let (kernel, shape) = (compared.kernel, &compared.shape);
    format!("\n{kernel} {shape}{activation}{clock}\n{}", columns(&rows, width))
}

fn row(variant: &Variant, ceilings: &Roofline) -> Vec<String> {
    let mark = if variant.default { " *" } else { "" };
    let mut row = vec![format!("{}{mark}", variant.variant)];
    let none = || "–".to_owned();
    match &variant.result {
        VariantResult::Good { time, gflop_per_s, gb_per_s, ratio, .. } => {
            let us = |seconds: f64| figures(1e6 * seconds);
            let share = gflop_per_s
                .map_or(gb_per_s / ceilings.gb_per_s, |gflop| gflop / ceilings.gflop_per_s);
            row.extend([
                us(time.median),
                format!("{}–{}", us(time.min), us(time.max)),
                gflop_per_s.map_or_else(none, figures),
                figures(*gb_per_s),
                number::percent(share),
                ratio.map_or_else(none, |ratio| format!("{ratio:.2}")),
                "good".to_owned(),
            ]);
        }
        VariantResult::Wrong { .. } => {
            row.extend((0..6).map(|_| none()).chain(["WRONG: not timed".to_owned()]));
        }
        VariantResult::Skipped { reason } => {
            row.extend((0..6).map(|_| none()).chain([format!("skipped: {reason}")]));
        }
    }
    row
}

/// A number with three significant digits.
pub(super) fn figures(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 100.0 => 0,
        medium if medium >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

/// A training step, its kernels as bars.
#[must_use]
pub fn step(step: &StepTime) -> String {
    let mut text = format!(
        "\n{}, {}, norm {}, batch {}, {}: {} ms a step ({}–{}, {}), {} dispatches\n",
        step.network,
        step.activation,
        step.norm,
        step.batch,
        step.optimizer,
        figures(step.ms_per_step),
        figures(step.ms_min),
        figures(step.ms_max),
        step.clock,
        step.dispatches
    );
    let longest = step.kernels.first().map_or(1.0, |kernel| kernel.ms.max(f64::MIN_POSITIVE));
    let sum: f64 = step.kernels.iter().map(|kernel| kernel.ms).sum();
    for kernel in &step.kernels {
        let bar = "█".repeat((BAR * kernel.ms / longest).round() as usize);
        let (name, count) = (kernel.name, kernel.dispatches);
        let share = 100.0 * kernel.ms / sum;
        let _ =
            writeln!(text, "  {name:22} {count:>3} x  {:>8.3} ms {share:>5.1} %  {bar}", kernel.ms);
    }
    text
}

/// The title and the header of a table of timings over a size.
#[must_use]
pub fn scale_header(what: &str, norm: Norm) -> String {
    let (network, batch) = match what {
        "batch" => (format!("784-{0}-{0}-{0}-10", scale::WIDTH), "batch".to_owned()),
        _ => ("784-width-width-width-10".to_owned(), format!("batch {}", scale::BATCH)),
    };
    format!(
        "\n{network}, relu, norm {}, {batch}, sgd, over its {what}\n{}",
        norm.name(),
        scale_line([what, "ms/step", "us/example", "GFLOP/s", "MiB"].map(str::to_owned))
    )
}

/// A row of that table.
#[must_use]
pub fn scale_row(point: &ScaledStep) -> String {
    let step = &point.step;
    // `work` counts multiply-adds, two operations each.
    let gflop_per_s = 2e-6 * step.work / step.ms_per_step;
    scale_line([
        point.size.to_string(),
        figures(step.ms_per_step),
        figures(1e3 * step.ms_per_step / step.batch as f64),
        figures(gflop_per_s),
        figures(step.mib),
    ])
}

fn scale_line(cells: [String; 5]) -> String {
    cells.map(|cell| format!("{cell:>10}")).join("  ")
}

/// How the time of a step and of its kernels grows.
#[must_use]
pub fn growth(scale: &Scale) -> String {
    let line = |name: &str, growth: Growth| {
        let verdict = if growth.is_fair() { "" } else { "  FASTER THAN ITS WORK" };
        format!("  {name:26} {:>5.2}{verdict}\n", growth.exponent)
    };
    let mut text = "growth p of time ∝ work^p at the largest sizes:\n".to_owned();
    text.push_str(&line("step", scale.step()));
    for (name, growth) in scale.kernels() {
        text.push_str(&line(name, growth));
    }
    text
}

/// A target, and whether it is reached.
#[must_use]
pub fn target(target: &SpeedTarget) -> String {
    let side = match target.side {
        Side::AtLeast => "≥",
        Side::AtMost => "≤",
    };
    let measured = target.measured.map_or_else(|| "–".to_owned(), figures);
    let verdict = if target.is_reached() { "reached" } else { "MISSED" };
    let (what, bound, unit) = (&target.what, figures(target.bound), target.unit);
    format!("{what:56} {measured:>8}  {side} {bound:>5} {unit:12} {verdict}")
}

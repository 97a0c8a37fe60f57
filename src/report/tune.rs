//! The table of the autotuner's results.

use super::bench::figures;
use super::table::columns;
use crate::backend::measure::Spread;
use crate::tune::Tuned;

/// What the columns of [`table`] mean.
pub const LEGEND: &str = "\
class        the shapes covered: each size at most this power of two and more than half of it
us           microseconds of one dispatch, the median
x            how many times as fast as the default
tried        candidates; of these: wrong, not runnable here, with bits that differ from the default
other bits   a setting that is correct and even faster but rounds differently: only --tune full uses it
";

/// One line for each target, in tables of this width.
#[must_use]
pub fn table(tuned: &[Tuned], width: Option<usize>) -> String {
    let header = ["kernel", "class", "default", "us", "chosen", "us", "x", "tried", "other bits"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(tuned.iter().map(row));
    columns(&rows, width)
}

fn row(tuned: &Tuned) -> Vec<String> {
    let us = |time: Spread| figures(1e6 * time.median);
    let activation = tuned.target.activation.as_ref();
    let activation = activation.map_or(String::new(), |name| format!(" ({name})"));
    let same = tuned.chosen.setting == tuned.default.setting;
    let [chosen, chosen_us, gain] = match same {
        true => ["=", "", ""].map(str::to_owned),
        false => [
            tuned.chosen.setting.to_string(),
            us(tuned.chosen.time),
            format!("{:.2}", tuned.gain(&tuned.chosen)),
        ],
    };
    let all = &tuned.candidates;
    let (wrong, not_runnable) = (all.wrong.len(), all.not_runnable.len());
    vec![
        format!("{}{activation}", tuned.target.kernel),
        tuned.target.class.to_string(),
        tuned.default.setting.to_string(),
        us(tuned.default.time),
        chosen,
        chosen_us,
        gain,
        format!("{}: {wrong}, {not_runnable}, {}", all.tried, all.other_bits),
        tuned.other_bits.as_ref().map_or("–".to_owned(), |other| {
            format!("{} {:.2}", other.setting, tuned.gain(other))
        }),
    ]
}

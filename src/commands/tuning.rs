//! What a run does about the settings of its networks before it begins.

use super::opening::keep_pipelines;
use super::say::progress_bar;
use crate::backend::Backend;
use crate::error::Result;
use crate::kernels::setting::Target;
use crate::model::Model;
use crate::train::Plan;
use crate::tune::run::Tuning;
use indicatif::ProgressBar;
use std::io::Write;

/// Looks up the settings of a run's networks before it begins, and makes sure that the backend can run and
/// hold each. What was compiled for them is kept.
pub(super) fn prepare<'a>(
    tuning: &mut Tuning,
    backend: &mut dyn Backend,
    plans: impl IntoIterator<Item = Plan<'a>>,
    out: &mut dyn Write,
) -> Result<()> {
    for plan in plans {
        let model = plan.model(backend)?;
        begin(tuning, backend, &model)?;
        backend.load(&model.program)?;
    }
    keep_pipelines(backend, out)
}

/// Looks up a network's settings for a run that begins, and searches for them where the run asks for it.
pub(super) fn begin(tuning: &mut Tuning, backend: &mut dyn Backend, model: &Model) -> Result<()> {
    let mut bar: Option<ProgressBar> = None;
    let mut tell = |target: &Target, waiting: usize| {
        let bar = bar.get_or_insert_with(|| progress_bar("tuning", waiting + 1));
        bar.set_position(bar.length().unwrap_or_default().saturating_sub(waiting as u64 + 1));
        bar.set_message(target.to_string());
    };
    let begun = tuning.begin(backend, (&model.program, &model.step_passes()), &mut tell);
    bar.iter().for_each(ProgressBar::finish_and_clear);
    begun
}

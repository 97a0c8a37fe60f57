//! What the lesson trains besides its own networks: the small parts of sweeps that two of its claims need, which are
//! batch size 1, and layer norm with one a and b for a whole layer.

use super::output::print;
use super::progress::train_of_sweep;
use crate::backend::Backend;
use crate::config::{Affine, Experiment, Norm};
use crate::data::Dataset;
use crate::error::Result;
use crate::interrupt;
use crate::kernels::activation::Activation;
use crate::record::{Parity, RunRecord, SweepRecord, Swept};
use crate::report::number::percent;
use crate::report::records::Records;
use crate::train::Plan;
use crate::train::run_folder::RunFolder;
use crate::train::sweep::cell::{self, CellPlan};
use crate::train::sweep::folder::SweepFolder;
use crate::train::sweep::presets::Preset;
use std::io::Write;

/// A lesson whose own networks have been trained.
pub(super) struct Lesson<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) data: &'a Dataset,
    pub(super) runs: &'a [RunRecord],
    pub(super) folder: &'a RunFolder,
    /// Whether it had ended its own networks before, and goes on beside them.
    pub(super) resumed: bool,
}

impl Lesson<'_> {
    /// Trains the additional networks that two claims need, records them in the run's folder, and adds their
    /// comparisons to `parity`. The records of a separate sweep in the folder are left alone.
    ///
    /// # Errors
    /// As [`cell::train`]; [`crate::error::Error::File`] when the records cannot be written.
    pub(super) fn train_beside(
        &self,
        backend: &mut dyn Backend,
        parity: &mut Parity,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let data_sha256 = &self.data.sha256();
        for swept in Swept::PRESETS.into_iter().take_while(|_| !interrupt::is_requested()) {
            let Some(sweep) = Preset::beside(swept, self.experiment) else { continue };
            let Some(mut all) = SweepFolder::beside(swept, self.folder, self.resumed)? else {
                continue;
            };
            let cells = sweep.grid()?.cells()?;
            let own = self.own(backend, &sweep, data_sha256)?;
            let networks = own.iter().count() + cells.len();
            for record in all.records() {
                parity.merge(&record.run.parity, &record.name(swept));
            }
            let (done, first) = (all.records().len(), own.iter().count());
            let mut add = |record: SweepRecord| {
                parity.merge(&record.run.parity, &record.name(swept));
                let networks = Some(networks);
                all.add(SweepRecord { networks, cell: None, of_lesson: true, ..record })
            };
            own.filter(|_| done == 0).map(&mut add).transpose()?;
            for cell in cells.iter().skip(done.saturating_sub(first)) {
                for plan in Plan::all(&cell.experiment, self.data) {
                    let of = CellPlan { plan: &plan, cell, cells: networks, data_sha256 };
                    let Some(record) = train_of_sweep(backend, of, &plan.name())? else {
                        return Ok(());
                    };
                    print(out, &ended(swept, &record))?;
                    add(record)?;
                }
            }
        }
        Ok(())
    }

    /// The lesson's own network that the sweep's are compared with, as it was after the same number of steps.
    fn own(
        &self,
        backend: &dyn Backend,
        sweep: &Preset,
        data_sha256: &str,
    ) -> Result<Option<SweepRecord>> {
        if sweep.values.swept() != Swept::Affine {
            return Ok(None);
        }
        // It has the lesson's own `affine`; the sweep has the other.
        let experiment = &sweep.experiment;
        let (activation, norm) = (Activation::Sigmoid, Norm::LAYER);
        let plan = Plan { experiment, activation, norm, data: self.data, verify: false };
        let run = self.runs.iter().find(|run| run.name == plan.name());
        let Some(run) = run else { return Ok(None) };
        let evaluations =
            Records::evaluations_in(self.folder.path(), &plan.name(), experiment.replicas)?;
        cell::record_up_to(backend, (&plan, data_sha256), run, &evaluations).map(Some)
    }
}

/// One line about a network whose training has ended.
fn ended(swept: Swept, record: &SweepRecord) -> String {
    let at = match swept {
        Swept::Affine if record.affine == Affine::Shared.name() => {
            "one a and b for a layer".to_owned()
        }
        Swept::Affine => "one a and b for a unit".to_owned(),
        _ => format!("{} {}", swept.setting(), record.value(swept)),
    };
    let name = &record.run.name;
    match (&record.run.failure, record.accuracy()) {
        (Some(failure), _) => format!("{name}, {at}: ended early: {failure}"),
        (None, accuracy) => format!(
            "{name}, {at}: {} after {} steps",
            accuracy.map_or_else(|| "–".to_owned(), percent),
            record.run.steps
        ),
    }
}

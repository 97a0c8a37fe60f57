//! What the lesson trains beside its own networks: the small parts of sweeps that two of its claims take,
//! batch size 1, and layer norm with one a and b for a whole layer.

use super::say::{progress_bar, say};
use crate::backend::Backend;
use crate::config::{Affine, Experiment, Norm};
use crate::data::Dataset;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::record::{Parity, RunRecord, SweepRecord, Swept};
use crate::report::number::percent;
use crate::report::records::Records;
use crate::train::sweep::{self, Sweep};
use crate::train::sweep_folder::SweepFolder;
use crate::train::{Plan, run_name};
use std::io::Write;
use std::path::Path;

/// A lesson whose own networks are trained.
pub(super) struct Lesson<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) data: &'a Dataset,
    pub(super) runs: &'a [RunRecord],
    pub(super) records: Records,
    pub(super) folder: &'a Path,
}

impl Lesson<'_> {
    /// Trains what two claims take besides, beside the run in its folder, and takes its comparisons in. A
    /// sweep by itself that lies there is left as it is.
    ///
    /// # Errors
    /// As [`sweep::train`]; [`crate::error::Error::File`] when the records cannot be written.
    pub(super) fn train_beside(
        &self,
        backend: &mut dyn Backend,
        parity: &mut Parity,
        out: &mut dyn Write,
    ) -> Result<()> {
        let folder = self.folder;
        for swept in Swept::ALL {
            let Some(sweep) = Sweep::beside(swept, self.experiment) else { continue };
            if SweepFolder::check_free(swept, Some(folder), false).is_err() {
                continue;
            }
            let mut all = SweepFolder::create(swept, Some(folder), false, &sweep.experiment)?;
            let trained = self.train(backend, &sweep, out)?;
            let own = self.own(backend, &sweep)?;
            let networks = own.iter().count() + trained.len();
            for record in own.into_iter().chain(trained) {
                parity.merge(&record.run.parity, &record.name(swept));
                all.add(SweepRecord { networks: Some(networks), of_lesson: true, ..record })?;
            }
        }
        Ok(())
    }

    fn train(
        &self,
        backend: &mut dyn Backend,
        sweep: &Sweep,
        out: &mut dyn Write,
    ) -> Result<Vec<SweepRecord>> {
        let (mut trained, verify) = (Vec::new(), backend.adapter().backend != "cpu");
        for experiment in &sweep.experiments() {
            for (activation, norm) in experiment.networks() {
                let plan = Plan { experiment, activation, norm, data: self.data, verify };
                let bar = progress_bar(&run_name(activation, norm), experiment.steps);
                let mut progress = |step: usize| bar.set_position(step as u64);
                let record = sweep::train(backend, &plan, &mut progress);
                bar.finish_and_clear();
                let record = record?;
                say(out, &ended(sweep.values.swept(), &record))?;
                trained.push(record);
            }
        }
        Ok(trained)
    }

    /// The lesson's own network that is compared with those of the sweep, as it was after as many steps.
    fn own(&self, backend: &dyn Backend, sweep: &Sweep) -> Result<Option<SweepRecord>> {
        let (activation, norm) = (Activation::Sigmoid, Norm::Layer);
        let name = run_name(activation, norm);
        let of_affine = sweep.values.swept() == Swept::Affine;
        let run = self.runs.iter().find(|run| run.name == name && of_affine);
        let Some(run) = run else { return Ok(None) };
        // Its own number of gammas and betas; the sweep's values are the other ones.
        let experiment = &sweep.experiment;
        let plan = Plan { experiment, activation, norm, data: self.data, verify: false };
        let moments: Vec<_> = self.records.moments_of(&name).cloned().collect();
        sweep::record_up_to(backend, &plan, run, &moments).map(Some)
    }
}

/// One line about a network that has ended.
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

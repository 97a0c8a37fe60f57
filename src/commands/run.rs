//! `normlab lesson` and `normlab train`: train networks, show the results, leave records.

use super::arguments::{
    DeviceArguments, FusionArguments, OutputArguments, ShaderArguments, TuneArguments,
    WatchArguments,
};
use super::beside::Lesson;
use super::experiment::{load_to_train, with_flags};
use super::experiment_flags::ExperimentArguments;
use super::opening::open;
use super::output::{Status, open_in_browser, print, print_interrupted, print_limit};
use super::page;
use super::progress::Progress;
use super::report;
use super::resume;
use super::run_text::{conclusion, ended, introduction};
use super::tuning::prepare;
use crate::backend::Backend;
use crate::backend::any::AnyBackend;
use crate::config::Experiment;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::files::sha256;
use crate::gradient_check;
use crate::interrupt;
use crate::kernels::activation::Activation;
use crate::record::{DataRecord, Parity, Summary};
use crate::report::claims;
use crate::report::records::Records;
use crate::train::checkpoint::CheckpointRecord;
use crate::train::run_folder::{REPORT, RunFolder};
use crate::train::{self, Plan};
use crate::tune::run::TuneMode;
use crate::watch::Changes;
use anyhow::{Context, bail};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `normlab lesson`, and of `normlab train` except for its file.
#[derive(Args, Clone, Debug)]
pub(super) struct RunArguments {
    #[command(flatten)]
    experiment: ExperimentArguments,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
    #[command(flatten)]
    fusion: FusionArguments,
    #[command(flatten)]
    watch: WatchArguments,
    #[command(flatten)]
    tune: TuneArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `normlab train`.
#[derive(Args, Clone, Debug)]
pub(super) struct TrainArguments {
    /// An experiment file; flags override its values. assets/experiments/lesson.toml is an example.
    #[arg(value_name = "EXPERIMENT.toml")]
    file: Option<PathBuf>,
    /// Go on with the run in this folder, as if it had never stopped.
    ///
    /// Its experiment stays; a larger --steps trains its networks on. Give the same options for shaders as then.
    #[arg(long, value_name = "RUN", help_heading = "Training", conflicts_with_all = ["file", "out", "force", "tune"])]
    resume: Option<PathBuf>,
    #[command(flatten)]
    run: RunArguments,
}

/// What to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The lesson, with the additional networks that its claims need.
    Lesson,
    /// Only the networks of an experiment.
    Experiment,
}

/// Runs the lesson.
pub(super) fn lesson(arguments: &RunArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    arguments.start("lesson", Kind::Lesson, Experiment::lesson()?, out)
}

/// Runs one experiment.
pub(super) fn train(arguments: &TrainArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    match (&arguments.resume, &arguments.file) {
        (Some(folder), _) => arguments.run.resume(folder, out),
        (None, Some(file)) => {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            arguments.run.start(&stem, Kind::Experiment, Experiment::read(file)?, out)
        }
        (None, None) => arguments.run.start("train", Kind::Experiment, Experiment::default(), out),
    }
}

impl RunArguments {
    /// Checks everything, then trains every network of the experiment with the flags applied.
    fn start(
        &self,
        name: &str,
        kind: Kind,
        given: Experiment,
        out: &mut dyn Write,
    ) -> anyhow::Result<Status> {
        let (experiment, device) = &with_flags(given, &self.experiment, &self.device)?;
        let OutputArguments { out: path, force, open: shown } = &self.output;
        RunFolder::check_free(path.as_deref(), *force)?;
        let Opened { data, mut backend, changes } = self.open((experiment, device), out)?;
        // Texts that change under way are not what was searched.
        let mode = if changes.is_some() { TuneMode::Off } else { self.tune.tune };
        let plans = Plan::all(experiment, &data);
        prepare(mode, device, &mut backend, &plans, out)?;
        interrupt::listen()?;
        let record = checkpoint_record(kind, (experiment, data.record()), &backend)?;
        let folder = RunFolder::create(name, path.as_deref(), *force, record)?;
        print(out, &introduction(experiment, &data))?;
        for warning in experiment.warnings() {
            print(out, &format!("warning: {warning}"))?;
        }
        let run = Run::new((kind, experiment), (backend, changes), (folder, &data), *shown)?;
        run.complete((&plans, &data), out)
    }

    /// Goes on with the run in a folder.
    fn resume(&self, path: &Path, out: &mut dyn Write) -> anyhow::Result<Status> {
        let (experiment, checkpoint) = resume::read(path, (&self.experiment, &self.device))?;
        let (experiment, device) = &with_flags(experiment, &self.experiment, &self.device)?;
        let Opened { data, mut backend, changes } = self.open((experiment, device), out)?;
        let seen = data.record();
        resume::check_data(path, &checkpoint, (&data, &seen))?;
        let plans = Plan::all(experiment, &data);
        let mode = resume::use_settings(&checkpoint, &mut backend, changes.is_some());
        prepare(mode, device, &mut backend, &plans, out)?;
        resume::check_shaders(path, &checkpoint, &backend, out)?;
        let kind = if checkpoint.record.lesson { Kind::Lesson } else { Kind::Experiment };
        let record = checkpoint_record(kind, (experiment, seen), &backend)?;
        let checkpoint = checkpoint.continued(record);
        interrupt::listen()?;
        let folder = RunFolder::resume(path, checkpoint)?;
        print(out, &introduction(experiment, &data))?;
        print(out, &resume::where_it_goes_on(folder.checkpoint(), &plans))?;
        let shown = self.output.open;
        let run = Run::new((kind, experiment), (backend, changes), (folder, &data), shown)?;
        run.complete((&plans, &data), out)
    }

    /// The data of an experiment, and what computes it.
    fn open(
        &self,
        (experiment, device): (&Experiment, &DeviceArguments),
        out: &mut dyn Write,
    ) -> anyhow::Result<Opened> {
        let library = self.fusion.apply(self.shaders.library()?);
        let changes = self.watch.changes(&library, experiment)?;
        // A file that is added later, for a kernel that would have been fused, must take effect.
        let library = if changes.is_some() { library.unfused() } else { library };
        let data = load_to_train(experiment)?;
        let backend = open(device, library, out)?;
        for &activation in &experiment.activation {
            gradient_check::require(&*backend, activation)?;
        }
        if changes.is_some() && backend.adapter().is_cpu_engine() {
            bail!(Error::Config("--watch: the CPU engine runs no shaders".to_owned()));
        }
        Ok(Opened { data, backend, changes })
    }
}

/// What a run computes with.
struct Opened {
    data: Dataset,
    backend: AnyBackend,
    changes: Option<Changes>,
}

/// What a checkpoint says of a run whose networks have their shaders.
fn checkpoint_record(
    kind: Kind,
    (experiment, data): (&Experiment, DataRecord),
    backend: &AnyBackend,
) -> Result<CheckpointRecord> {
    let settings = backend.gpu().map(|gpu| gpu.selection().settings().clone());
    Ok(CheckpointRecord {
        experiment: experiment.to_toml()?,
        data,
        lesson: kind == Kind::Lesson,
        adapter: backend.adapter(),
        shaders: backend.shaders(),
        settings: settings.unwrap_or_default().into_iter().collect(),
        elapsed_s: 0.0,
        networks: Vec::new(),
        lines: [0; 2],
    })
}

/// A run that has begun, and its results so far.
struct Run<'a> {
    kind: Kind,
    /// As it was at the start: an activation's file may have changed since.
    experiment: &'a Experiment,
    backend: AnyBackend,
    changes: Option<Changes>,
    folder: RunFolder,
    summary: Summary,
    /// Whether its page is to be opened.
    shown: bool,
}

impl<'a> Run<'a> {
    /// A run in its folder, before it trains anything, or anything more.
    fn new(
        (kind, experiment): (Kind, &'a Experiment),
        (backend, changes): (AnyBackend, Option<Changes>),
        (folder, data): (RunFolder, &Dataset),
        shown: bool,
    ) -> Result<Self> {
        let summary = empty_summary(experiment, data, &*backend)?;
        Ok(Self { kind, experiment, backend, changes, folder, summary, shown })
    }

    /// Trains what is to be trained, and concludes.
    fn complete(
        mut self,
        (plans, data): (&[Plan<'_>], &Dataset),
        out: &mut dyn Write,
    ) -> anyhow::Result<Status> {
        let ended = plans.iter().filter_map(|plan| self.folder.checkpoint().ended(&plan.name()));
        self.summary.runs = ended.cloned().collect();
        for record in &self.summary.runs {
            self.summary.parity.merge(&record.parity, &record.name);
        }
        let resumed = self.summary.runs.len() == plans.len();
        // A run that is killed leaves its hardware and software.
        self.folder.summary(&self.summary)?;
        let trained = self.train(plans, out);
        let ended = match self.kind {
            Kind::Lesson => trained.and_then(|()| self.train_beside((data, resumed), out)),
            Kind::Experiment => trained,
        };
        let ended = ended.and_then(|()| self.conclude(out));
        if ended.is_err() {
            // That error is the one to tell.
            let _ = self.folder.write_checkpoint();
            report::after_error(self.records(), self.folder.path(), out);
        }
        ended.with_context(|| format!("the run in {} ended early", self.folder.path().display()))
    }

    /// Trains every network, one after another.
    fn train(&mut self, plans: &[Plan<'_>], out: &mut dyn Write) -> anyhow::Result<()> {
        let Self { backend, changes, folder, summary, .. } = self;
        let mut taken = Vec::new();
        for plan in plans {
            if folder.checkpoint().ended(&plan.name()).is_some() {
                continue;
            }
            let from = folder.resumed(&plan.name())?;
            let activation = taken.iter().copied().fold(plan.activation, Activation::or_newer);
            let plan = Plan { activation, ..*plan };
            let mut progress =
                Progress::new(&plan.name(), plan.experiment, folder, (changes.as_ref(), &mut *out));
            let trained = train::resume(&mut **backend, &plan, from, &mut progress);
            taken.extend(progress.activation);
            // The last weights are kept even if the training failed.
            let kept = progress.finish();
            let record = trained.with_context(|| format!("training {}", plan.name()))?;
            kept?;
            if record.steps > 0 || record.failure.is_some() {
                print(out, &ended(&record))?;
                summary.parity.merge(&record.parity, &record.name);
                if record.steps == plan.experiment.steps || record.failure.is_some() {
                    folder.end_network(&record);
                }
                let place = |name: &str| plans.iter().position(|plan| plan.name() == name);
                summary.runs.push(record);
                summary.runs.sort_by_key(|record| place(&record.name));
            }
            summary.shaders = backend.shaders();
            summary.elapsed_s = folder.checkpoint().elapsed_s();
            folder.summary(summary)?;
            if folder.is_checkpoint_due(0) {
                folder.write_checkpoint()?;
            }
            if interrupt::is_requested() {
                break;
            }
        }
        Ok(folder.write_checkpoint()?)
    }

    /// Trains the additional networks that the lesson's claims need, unless shaders are watched.
    fn train_beside(
        &mut self,
        (data, resumed): (&Dataset, bool),
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        if self.changes.is_some() || interrupt::is_requested() {
            return Ok(());
        }
        let Self { experiment, backend, folder, summary, .. } = self;
        let Summary { parity, runs, .. } = summary;
        let lesson = Lesson { experiment, data, runs, folder, resumed };
        lesson.train_beside(&mut **backend, parity, out)?;
        summary.elapsed_s = folder.checkpoint().elapsed_s();
        Ok(())
    }

    fn records(&self) -> Result<Records> {
        Records::of(self.experiment.clone(), self.folder.path())
    }

    /// Shows the results, and makes the report.
    fn conclude(&mut self, out: &mut dyn Write) -> anyhow::Result<Status> {
        let mut records = self.records()?;
        let interrupted = interrupt::is_requested();
        if interrupted {
            print_interrupted(&self.kept(&records), out)?;
            if records.evaluations.is_empty() {
                return Ok(Status::Interrupted);
            }
        }
        let Self { backend, folder, summary, .. } = self;
        summary.claims = claims::claims(&records);
        folder.summary(summary)?;
        print(out, &conclusion(summary, folder))?;
        if !summary.parity.failures.is_empty() {
            print_limit(backend.gpu(), out)?;
        }
        records.summary = Some(summary.clone());
        let lesson = match self.kind {
            Kind::Lesson => Some(page::after_run(folder.path(), &records)),
            Kind::Experiment => None,
        };
        let page = match &lesson {
            Some(Ok(lesson)) => lesson.clone(),
            _ => folder.path().join(REPORT),
        };
        let made = report::after_run(folder.path(), records, lesson, out)?;
        if self.shown && made == Status::Good {
            open_in_browser(&page)?;
        }
        if interrupted {
            return Ok(Status::Interrupted);
        }
        let failed = summary.runs.iter().any(|run| run.failure.is_some());
        let good = !failed && summary.parity.failures.is_empty();
        Ok(made.and(if good { Status::Good } else { Status::Failed }))
    }

    /// What an interrupted run has recorded, and how to continue.
    fn kept(&self, records: &Records) -> String {
        let unfinished = records.unfinished().join(", ");
        let folder = self.folder.path().display();
        let unfinished = match unfinished.is_empty() {
            true => "every network has finished".to_owned(),
            false => unfinished,
        };
        format!("{unfinished}; `normlab train --resume {folder}` goes on from here")
    }
}

fn empty_summary(
    experiment: &Experiment,
    data: &Dataset,
    backend: &dyn Backend,
) -> Result<Summary> {
    let rules = backend.fusion()?.names();
    Ok(Summary {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        adapter: backend.adapter(),
        data: data.name.clone(),
        constant_guess: Some(data.constant_guess()),
        first_label: data.first_label,
        seed: experiment.seed,
        elapsed_s: 0.0,
        date: Some(chrono::Local::now().format("%Y-%m-%d").to_string()),
        experiment: Some(sha256(experiment.to_toml()?.as_bytes())),
        parity: Parity::default(),
        runs: Vec::new(),
        shaders: Vec::new(),
        fusion: rules.into_iter().map(str::to_owned).collect(),
        claims: Vec::new(),
    })
}

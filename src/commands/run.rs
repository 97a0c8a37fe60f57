//! `normlab lesson` and `normlab train`: train networks, show what came out, leave records.

use super::arguments::{
    DeviceArguments, FusionArguments, OutputArguments, ShaderArguments, TuneArguments,
    WatchArguments,
};
use super::beside::Lesson;
use super::experiment::{load_to_train, with_flags};
use super::experiment_flags::ExperimentArguments;
use super::opening::open;
use super::output::{Status, compared, open_in_browser, print, print_interrupted, print_limit};
use super::page;
use super::progress::Progress;
use super::report;
use super::terminal;
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
use crate::kernels::precision::Precision;
use crate::record::{Parity, ReplicaRange, RunRecord, Summary};
use crate::report::records::Records;
use crate::report::{claims, number, table};
use crate::train::run_folder::{REPORT, RunFolder};
use crate::train::{self, Plan};
use crate::tune::run::TuneMode;
use crate::watch::Changes;
use anyhow::{Context, bail};
use clap::Args;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Arguments of `normlab lesson`; those of `normlab train`, but for its file.
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
    #[command(flatten)]
    run: RunArguments,
}

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The lesson, with what its claims take beside its networks.
    Lesson,
    /// The networks of an experiment alone.
    Experiment,
}

/// Runs the lesson.
pub(super) fn lesson(arguments: &RunArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    arguments.start("lesson", Kind::Lesson, Experiment::lesson()?, out)
}

/// Runs one experiment.
pub(super) fn train(arguments: &TrainArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    match &arguments.file {
        Some(file) => {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            arguments.run.start(&stem, Kind::Experiment, Experiment::read(file)?, out)
        }
        None => arguments.run.start("train", Kind::Experiment, Experiment::default(), out),
    }
}

impl RunArguments {
    /// Checks everything, then trains every network of the experiment with the flags in place.
    fn start(
        &self,
        name: &str,
        kind: Kind,
        given: Experiment,
        out: &mut dyn Write,
    ) -> anyhow::Result<Status> {
        let start = Instant::now();
        let (experiment, device) = &with_flags(given, &self.experiment, &self.device)?;
        let OutputArguments { out: path, force, open: shown } = &self.output;
        RunFolder::check_free(path.as_deref(), *force)?;
        let library = self.fusion.apply(self.shaders.library()?);
        let changes = self.watch.changes(&library, experiment)?;
        // A file that comes later, for a kernel that another does the work of, must have its effect.
        let library = if changes.is_some() { library.unfused() } else { library };
        let data = &load_to_train(experiment)?;
        let mut backend = open(device, library, out)?;
        for &activation in &experiment.activation {
            gradient_check::require(&*backend, activation)?;
        }
        let verify = !backend.adapter().is_cpu_engine();
        if changes.is_some() && !verify {
            bail!(Error::Config("--watch: the CPU engine runs no shaders".to_owned()));
        }
        // Texts that change under way are not what was searched.
        let mode = if changes.is_some() { TuneMode::Off } else { self.tune.tune };
        let plans = Plan::all(experiment, data, verify);
        prepare(mode, device, &mut backend, &plans, out)?;
        interrupt::listen()?;
        let folder = RunFolder::create(name, path.as_deref(), *force, (experiment, data))?;
        print(out, &introduction(experiment, data))?;
        for warning in experiment.warnings() {
            print(out, &format!("warning: {warning}"))?;
        }
        let summary = empty_summary(experiment, data, &*backend)?;
        let shown = *shown;
        let mut run = Run { kind, experiment, start, backend, changes, folder, summary, shown };
        // A run that is killed leaves what computed it.
        run.folder.summary(&run.summary)?;
        let trained = run.train(&plans, out);
        let ended = match kind {
            Kind::Lesson => trained.and_then(|()| run.train_beside(data, out)),
            Kind::Experiment => trained,
        };
        let ended = ended.and_then(|()| run.conclude(out));
        if ended.is_err() {
            report::after_error(run.records(), run.folder.path(), out);
        }
        ended.with_context(|| format!("the run in {} ended early", run.folder.path().display()))
    }
}

/// A run that has begun, and what came of it so far.
struct Run<'a> {
    kind: Kind,
    /// As it began: an activation's file may have changed since.
    experiment: &'a Experiment,
    start: Instant,
    backend: AnyBackend,
    changes: Option<Changes>,
    folder: RunFolder,
    summary: Summary,
    /// Whether its page is to be opened.
    shown: bool,
}

impl Run<'_> {
    /// Trains every network, one after another.
    fn train(&mut self, plans: &[Plan<'_>], out: &mut dyn Write) -> anyhow::Result<()> {
        let Self { start, backend, changes, folder, summary, .. } = self;
        let mut taken = Vec::new();
        for plan in plans {
            let activation = taken.iter().copied().fold(plan.activation, Activation::or_newer);
            let plan = Plan { activation, ..*plan };
            let mut progress =
                Progress::new(&plan.name(), plan.experiment, folder, (changes.as_ref(), &mut *out));
            let trained = train::train(&mut **backend, &plan, &mut progress);
            taken.extend(progress.activation);
            // The last weights are kept also where the training could not go on.
            let kept = progress.finish();
            let record = trained.with_context(|| format!("training {}", plan.name()))?;
            kept?;
            if record.steps > 0 || record.failure.is_some() {
                print(out, &ended(&record))?;
                summary.parity.merge(&record.parity, &record.name);
                summary.runs.push(record);
            }
            summary.shaders = backend.shaders();
            summary.elapsed_s = start.elapsed().as_secs_f64();
            folder.summary(summary)?;
            if interrupt::is_requested() {
                break;
            }
        }
        Ok(())
    }

    /// Trains what the lesson's claims take besides; not while shaders may change under it.
    fn train_beside(&mut self, data: &Dataset, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.changes.is_some() || interrupt::is_requested() {
            return Ok(());
        }
        let Self { experiment, backend, folder, summary, .. } = self;
        let Summary { parity, runs, .. } = summary;
        let lesson = Lesson { experiment, data, runs, folder };
        lesson.train_beside(&mut **backend, parity, out)?;
        summary.elapsed_s = self.start.elapsed().as_secs_f64();
        Ok(())
    }

    fn records(&self) -> Result<Records> {
        Records::of(self.experiment.clone(), self.folder.path())
    }

    /// Shows what came out, and makes the report.
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

    /// What an interrupted run has recorded, and how to go on.
    fn kept(&self, records: &Records) -> String {
        let unfinished = records.unfinished().join(", ");
        let folder = self.folder.path().display();
        let unfinished = match unfinished.is_empty() {
            true => "every network has ended".to_owned(),
            false => unfinished,
        };
        format!(
            "{unfinished}; `normlab train {folder}/experiment.toml` trains these networks again from \
             their first step"
        )
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

fn introduction(experiment: &Experiment, data: &Dataset) -> String {
    format!(
        "data: {}, {} training and {} test images{}\nnetwork: {}, {} steps at batch {}, {} \
         at learning rate {:?}, {}{}",
        data.name,
        data.train.len(),
        data.test.len(),
        classes(data),
        layers(experiment, data),
        experiment.steps,
        experiment.batch,
        match experiment.optimizer {
            crate::config::Optimizer::Sgd => "SGD",
            crate::config::Optimizer::Adam => "Adam",
        },
        experiment.learning_rate,
        seeds(experiment),
        match experiment.precision {
            Precision::F32 => "",
            Precision::Mixed => ", products in mixed precision",
        },
    )
}

/// The seed, or those of several replicas.
fn seeds(experiment: &Experiment) -> String {
    match experiment.replicas {
        1 => format!("seed {}", experiment.seed),
        replicas => {
            format!("{replicas} replicas, seeds {} to {}", experiment.seed, experiment.last_seed())
        }
    }
}

/// The classes of images, where they are not simply ten that are counted from 0.
fn classes(data: &Dataset) -> String {
    match (data.classes, data.first_label) {
        (10, 0) => String::new(),
        (classes, first) => {
            format!(" in {classes} classes, labelled {first} to {}", first + classes - 1)
        }
    }
}

/// The units of each layer, as 784-100-10.
pub(super) fn layers(experiment: &Experiment, data: &Dataset) -> String {
    let units: String = experiment.hidden.iter().map(|units| format!("-{units}")).collect();
    format!("{}{units}-{}", data.train.features(), data.classes)
}

/// One line about a network that has ended.
fn ended(record: &RunRecord) -> String {
    match &record.failure {
        Some(failure) => format!("{}: ended early: {failure}", record.name),
        None => format!(
            "{}: {:.1} %{} after {} steps",
            record.name,
            100.0 * record.test_accuracy.unwrap_or_default(),
            record.range.as_ref().map_or(String::new(), range_of_accuracy),
            record.steps
        ),
    }
}

/// The range of the accuracies behind their median.
fn range_of_accuracy(range: &ReplicaRange) -> String {
    let [low, high] = [&range.lowest, &range.highest]
        .map(|end| number::percent(end.test_accuracy.unwrap_or_default()));
    format!(" ({low} to {high}, {} replicas)", range.replicas)
}

fn conclusion(summary: &Summary, folder: &RunFolder) -> String {
    let mut text = format!(
        "\n{}\n{}",
        table::results(summary, terminal::width()),
        table::legend_text(&table::legend(summary))
    );
    if let Some(sentence) = table::about_ranges(summary) {
        text.push_str(&format!("{sentence}\n"));
    }
    let findings = table::findings(summary);
    if !findings.is_empty() {
        text.push_str(&format!("\n{findings}"));
    }
    let claims = claims::text(&summary.claims);
    if !claims.is_empty() {
        text.push_str(&format!("\nwhat this run says about the lesson's claims\n{claims}"));
    }
    text.push_str(&compared(&summary.parity));
    let shares = summary.runs.iter().filter_map(|run| run.probe_share);
    if let Some(largest) = shares.reduce(f64::max) {
        let share = 100.0 * largest;
        text.push_str(&format!(
            "probes of the layers: at most {share:.1} % of the training time\n"
        ));
    }
    for run in &summary.runs {
        if let Some(failure) = &run.failure {
            text.push_str(&format!("FAILED: {}: {failure}\n", run.name));
        }
    }
    text.push_str(&format!(
        "records: {} ({:.1} s in all)",
        folder.path().display(),
        summary.elapsed_s
    ));
    text
}

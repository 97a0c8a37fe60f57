//! `normlab tune`: finds the fastest setting of every kernel at the shapes of the usual networks, on this adapter.

use super::arguments::{DeviceArguments, MeasureArguments};
use super::experiment::{load_to_train, with_flags};
use super::experiment_flags::ExperimentArguments;
use super::opening::open_adapter;
use super::output::{Status, print, print_interrupted, print_json, progress_bar, wrong};
use super::terminal;
use crate::backend::Backend;
use crate::backend::gpu::GpuBackend;
use crate::bench::shape::{BenchShape, plan};
use crate::bench::step::Workload;
use crate::config::{Experiment, Norm};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::fusion::Fusion;
use crate::interrupt;
use crate::kernels::activation::Activation;
use crate::kernels::setting::Target;
use crate::model::Model;
use crate::record::Adapter;
use crate::report::tune as tables;
use crate::train::Plan;
use crate::tune::cache::{self, Cache, Entry};
use crate::tune::search::{self, Searched, Subject};
use crate::tune::{Tally, Tuned};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// Arguments of `normlab tune`.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("json", |json| json.help("Print one JSON object instead of a table")))]
pub(super) struct Arguments {
    /// The kernels to tune [default: all that the networks use].
    #[arg(value_name = "KERNEL")]
    kernels: Vec<String>,
    /// Sizes: MxKxN for products, ROWSxCOLS for other kernels; repeatable.
    ///
    /// By default, those of the networks that the experiment's flags describe, as for `train`, or without such flags,
    /// those of `bench step`.
    #[arg(long, value_name = "SHAPE")]
    shape: Vec<BenchShape>,
    #[command(flatten)]
    experiment: Option<ExperimentArguments>,
    /// Only show the results, and leave the cache alone.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    measure: MeasureArguments,
}

/// What `normlab tune --json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    device: Adapter,
    tuned: &'a [Tuned],
    /// Targets whose default is wrong, each with sentences about what is wrong.
    wrong_defaults: &'a [(Target, Vec<String>)],
}

/// What was found.
#[derive(Default)]
struct Found {
    tuned: Vec<Tuned>,
    wrong_defaults: Vec<(Target, Vec<String>)>,
}

impl Found {
    /// The number of targets that were searched.
    fn searched(&self) -> usize {
        self.tuned.len() + self.wrong_defaults.len()
    }
}

/// Runs the searches that the arguments ask for.
pub(super) fn tune(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let MeasureArguments { device, shaders, json } = &arguments.measure;
    let library = shaders.library()?;
    let changed = library.is_changed();
    let subjects = subjects(arguments)?;
    let purpose = ("tune", "the CPU engine runs no shaders");
    let shown: &mut dyn Write = if *json { &mut std::io::sink() } else { &mut *out };
    let backend = open_adapter(device, library, purpose, shown)?;
    let device = backend.adapter();
    print(shown, &format!("device: {} ({}, {})\n", device.adapter, device.backend, device.driver))?;
    interrupt::listen()?;
    let wanted = subjects.len();
    let found = search_all(&backend, subjects)?;
    let interrupted = found.searched() < wanted;
    if interrupted {
        let kept = format!(
            "{} of {wanted} shapes were searched, and their results are kept",
            found.searched()
        );
        print_interrupted(&kept, shown)?;
    }
    print(
        shown,
        &format!("{}\n{}", tables::table(&found.tuned, terminal::width()), tables::LEGEND),
    )?;
    complain(&found, shown)?;
    if arguments.dry_run || changed {
        let why = if changed { "runs with your own shaders do not use it" } else { "--dry-run" };
        print(shown, &format!("the cache is unchanged: {why}"))?;
    } else {
        keep(&backend, &found.tuned, shown)?;
    }
    if *json {
        let Found { tuned, wrong_defaults } = &found;
        print_json(&Printed { device, tuned, wrong_defaults }, out)?;
    }
    if interrupted {
        return Ok(Status::Interrupted);
    }
    let wrong = |tuned: &Tuned| !tuned.candidates.wrong.is_empty();
    let good = found.wrong_defaults.is_empty() && !found.tuned.iter().any(wrong);
    Ok(if good { Status::Good } else { Status::Failed })
}

/// The targets to search, each once: at the shapes that were named, else at those of networks. A named kernel that
/// these do not use is searched at its usual shape.
fn subjects(arguments: &Arguments) -> Result<Vec<Subject>> {
    let Arguments { kernels, shape: named, experiment, .. } = arguments;
    if !named.is_empty() && experiment.is_some() {
        return Err(Error::Config(
            "--shape gives sizes, and an experiment's flags describe networks; use only one of the two"
                .to_owned(),
        ));
    }
    let plan = plan(kernels, named)?;
    let mut found = BTreeMap::new();
    if named.is_empty() {
        found = of_networks(match experiment {
            Some(flags) => networks(flags, &arguments.measure.device)?,
            None => usual_networks()?,
        })?;
        found.retain(|target, _| plan.iter().any(|(kernel, _)| kernel.name() == target.kernel));
    }
    for (kernel, shapes) in plan {
        let is_usual = found.keys().any(|target: &Target| target.kernel == kernel.name());
        if named.is_empty() && (is_usual || kernels.is_empty()) {
            continue;
        }
        for shape in shapes {
            let sizes = shape.case(kernel)?.sizes(&kernel.contract)?;
            let subject = Subject::new(kernel, Activation::Sigmoid, &sizes);
            found.entry(subject.target.clone()).or_insert(subject);
        }
    }
    Ok(found.into_values().collect())
}

/// The networks of `bench step`.
fn usual_networks() -> Result<Vec<Model>> {
    let data = Dataset::drawn()?;
    let of_workload = |workload: &Workload| {
        let norms = Norm::PLAIN.into_iter();
        norms.map(|norm| workload.model(norm, &data)).collect::<Vec<_>>()
    };
    Workload::usual().iter().flat_map(of_workload).collect()
}

/// The networks of an experiment with these flags.
fn networks(flags: &ExperimentArguments, device: &DeviceArguments) -> Result<Vec<Model>> {
    let (experiment, _) = with_flags(Experiment::default(), flags, device)?;
    let data = load_to_train(&experiment)?;
    Plan::all(&experiment, &data).iter().map(Plan::unfused).collect()
}

/// All dispatches of networks, with fusion and without.
fn of_networks(networks: Vec<Model>) -> Result<BTreeMap<Target, Subject>> {
    let mut found = BTreeMap::new();
    for plain in networks {
        let fused = plain.clone().fused(&Fusion::of(|_| true))?;
        let passes = [&plain, &fused].into_iter().flat_map(|model| &model.program.passes);
        for dispatch in passes.flat_map(|pass| &pass.dispatches) {
            let subject = Subject::of(dispatch);
            found.entry(subject.target.clone()).or_insert(subject);
        }
    }
    Ok(found)
}

fn search_all(backend: &GpuBackend, subjects: Vec<Subject>) -> Result<Found> {
    let bar = progress_bar("tuning", (subjects.len(), "shapes"));
    let mut found = Found::default();
    for subject in subjects {
        if interrupt::is_requested() {
            break;
        }
        bar.set_message(subject.target.to_string());
        match search::search(backend, &subject)? {
            Searched::Tuned(tuned) => found.tuned.push(*tuned),
            Searched::DefaultWrong(complaints) => {
                found.wrong_defaults.push((subject.target, complaints));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(found)
}

/// Says what is wrong.
fn complain(found: &Found, out: &mut dyn Write) -> Result<()> {
    for (target, complaints) in &found.wrong_defaults {
        let lines = wrong(&target.kernel, "default", complaints);
        lines.iter().try_for_each(|line| print(out, line))?;
    }
    for Tuned { target, candidates: Tally { wrong: all, .. }, .. } in &found.tuned {
        for (setting, complaints) in all {
            let lines = wrong(&target.kernel, &setting.to_string(), complaints);
            lines.iter().try_for_each(|line| print(out, line))?;
        }
    }
    Ok(())
}

/// Saves the results in the cache.
fn keep(backend: &GpuBackend, tuned: &[Tuned], out: &mut dyn Write) -> Result<()> {
    let (mut cache, warning) = Cache::open(cache::folder().as_deref(), backend.adapter());
    for one in tuned {
        let hash = backend.selection().library().fingerprint(one.kernel, one.activation)?;
        cache.put(Entry::new(one, hash));
    }
    for warning in warning.into_iter().chain(cache.save()) {
        print(out, &format!("warning: {warning}"))?;
    }
    Ok(())
}

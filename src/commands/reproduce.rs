//! `normlab reproduce`: a paper's experiment in one command, with a verdict.

use super::arguments::{
    DeviceArguments, FusionArguments, OutputArguments, ShaderArguments, choice,
};
use super::experiment::{load_to_train, with_absolute_paths};
use super::opening::open;
use super::output::{Status, print, print_interrupted, print_json, progress_bar};
use super::progress::train_of_sweep;
use super::report::after_study;
use super::terminal;
use super::tuning::prepare;
use crate::backend::any::AnyBackend;
use crate::config::{Cell, Experiment, Grid};
use crate::data::Dataset;
use crate::error::Result;
use crate::interrupt;
use crate::record::{Claim, Evaluation, Probe, Verdict};
use crate::report::page::study::Study;
use crate::report::records::Records;
use crate::report::reproduce::{self, DEPTH_NETWORKS, DepthNetworks, Paper, Setting};
use crate::train::study_folder::StudyFolder;
use crate::train::sweep::cell::CellPlan;
use crate::train::{self, Observer, Plan, Weights, depth};
use crate::tune::run::TuneMode;
use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;
use std::io::Write;
use std::path::PathBuf;

/// Steps of figure 1 with `--quick`, in place of the paper's 50,000.
const QUICK_STEPS: usize = 5_000;

/// Times that the layers are probed for figure 1.
const PROBES: usize = 100;

/// Arguments of `normlab reproduce`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The paper.
    #[arg(value_name = "PAPER", value_parser = choice::<Paper>())]
    paper: Paper,
    /// A shorter version, in less than two minutes on software Vulkan: one seed, and fewer steps of figure 1.
    #[arg(long)]
    quick: bool,
    /// A folder with MNIST's files, gzip-compressed or not [default: the drawn digits].
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    data: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
    #[command(flatten)]
    fusion: FusionArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Print the claims and their verdicts as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs a paper's experiment, and shows what came out.
pub(super) fn reproduce(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let Arguments { paper, quick, data: own, .. } = arguments;
    let OutputArguments { out: path, force, open: shown_at_end } = &arguments.output;
    StudyFolder::check_free(path.as_deref(), *force)?;
    let base = Experiment { data: own.clone(), probes: 0, ..Experiment::default() };
    let base = with_absolute_paths(base)?;
    let grid = paper.grid().map(|text| grid(*paper, text, &base, *quick)).transpose()?;
    let data = load_to_train(grid.as_ref().map_or(&base, |grid| &grid.base))?;
    let shown: &mut dyn Write = if arguments.json { &mut std::io::sink() } else { &mut *out };
    let library = arguments.fusion.apply(arguments.shaders.library()?);
    let mut backend = open(&arguments.device, library, shown)?;
    print(shown, &format!("paper: {}\ndata: {}", paper.citation(), data.name))?;
    let work = Work::new(*paper, grid, &base)?;
    let plans = work.experiments().into_iter().flat_map(|one| Plan::all(one, &data));
    let plans: Vec<_> = plans.collect();
    prepare(TuneMode::default(), &arguments.device, &mut backend, &plans, shown)?;
    let folder = StudyFolder::create(paper.name(), path.as_deref(), *force)?;
    interrupt::listen()?;
    let mut run = Run {
        backend: &mut backend,
        data: &data,
        folder,
        setting: Setting { quick: *quick, own_data: own.is_some() },
    };
    let found = match &work {
        Work::Curves(experiment) => run.figure1(experiment)?,
        Work::Cells(cells) => run.cells(*paper, cells)?,
        Work::Depth(experiments) => run.depth(experiments)?,
    };
    let folder = run.folder;
    let Some((study, claims)) = found else {
        let kept = format!("what has finished is recorded in {}", folder.path().display());
        print_interrupted(&kept, shown)?;
        return Ok(Status::Interrupted);
    };
    print(shown, &reproduce::text(&study.tables, &claims, terminal::width()))?;
    after_study(folder.path(), &study, *shown_at_end, shown)?;
    if arguments.json {
        print_json(&claims, out)?;
    }
    let holds = claims.iter().all(|claim| claim.verdict == Verdict::Holds);
    Ok(if holds { Status::Good } else { Status::Failed })
}

/// The grid of a paper's networks, on the data of `base`.
fn grid(paper: Paper, text: &str, base: &Experiment, quick: bool) -> Result<Grid> {
    let mut grid = Grid::parse(text, paper.name())?;
    grid.base.data.clone_from(&base.data);
    if quick {
        grid.base.replicas = 1;
        grid.base.steps = grid.base.steps.min(QUICK_STEPS);
    }
    Ok(grid)
}

/// What a paper's experiment consists of.
enum Work {
    /// Networks that are probed while they train.
    Curves(Experiment),
    /// The cells of a grid, to be compared at their end.
    Cells(Vec<Cell>),
    /// Networks that are measured at their initial weights.
    Depth(Vec<Experiment>),
}

impl Work {
    fn new(paper: Paper, grid: Option<Grid>, base: &Experiment) -> Result<Self> {
        Ok(match (paper, grid) {
            (Paper::Figure1, Some(grid)) => {
                Self::Curves(Experiment { probes: PROBES, ..grid.base })
            }
            (_, Some(grid)) => Self::Cells(grid.cells()?),
            (_, None) => {
                let all = DEPTH_NETWORKS.iter().map(|networks| experiment_of(networks, base));
                Self::Depth(all.collect::<Result<_>>()?)
            }
        })
    }

    /// Its experiments.
    fn experiments(&self) -> Vec<&Experiment> {
        match self {
            Self::Curves(experiment) => vec![experiment],
            Self::Cells(cells) => cells.iter().map(|cell| &cell.experiment).collect(),
            Self::Depth(experiments) => experiments.iter().collect(),
        }
    }
}

type Found = Option<(Study, Vec<Claim>)>;

/// A paper's experiment that has begun.
struct Run<'a> {
    backend: &'a mut AnyBackend,
    data: &'a Dataset,
    folder: StudyFolder,
    setting: Setting,
}

impl Run<'_> {
    /// Trains every cell of a grid; none where the user interrupted it.
    fn cells(&mut self, paper: Paper, cells: &[Cell]) -> anyhow::Result<Found> {
        let data_sha256 = &self.data.sha256();
        let mut records = Vec::new();
        for cell in cells {
            for plan in Plan::all(&cell.experiment, self.data) {
                let label = format!("{} {} of {}", plan.name(), cell.number + 1, cells.len());
                let of = CellPlan { plan: &plan, cell, cells: cells.len(), data_sha256 };
                let Some(record) = train_of_sweep(&mut **self.backend, of, &label)? else {
                    return Ok(None);
                };
                self.folder.add(&record)?;
                records.push(record);
            }
        }
        Ok(Some(match paper {
            Paper::LastLayer => reproduce::last_layer(&records, self.setting),
            _ => reproduce::batch_size(&records, self.setting),
        }))
    }

    /// Trains the networks of figure 1 and probes them meanwhile.
    fn figure1(&mut self, experiment: &Experiment) -> anyhow::Result<Found> {
        let (mut evaluations, mut probes) = (Vec::new(), Vec::new());
        let machine = self.backend.adapter();
        for plan in Plan::all(experiment, self.data) {
            let bar = progress_bar(&plan.name(), (experiment.steps, "steps"));
            let mut watch = Watch {
                bar,
                folder: &mut self.folder,
                evaluations: &mut evaluations,
                probes: &mut probes,
            };
            let trained = train::train(&mut **self.backend, &plan, &mut watch);
            watch.bar.finish_and_clear();
            trained.with_context(|| format!("training {}", plan.name()))?;
            if interrupt::is_requested() {
                return Ok(None);
            }
        }
        let records = Records::new(experiment.clone(), evaluations, probes);
        let facts = [
            ("Data", format!("{}, SHA-256 {}", self.data.name, self.data.sha256())),
            (
                "Settings",
                format!(
                    "{} steps, batch {}, learning rate {}, init {}, seed {}",
                    experiment.steps,
                    experiment.batch,
                    experiment.learning_rate,
                    experiment.init,
                    experiment.seed
                ),
            ),
            ("Adapter", format!("{} ({})", machine.adapter, machine.kind)),
            ("Driver", machine.driver),
            ("normlab", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        Ok(Some(reproduce::figure1(&records, self.setting, &facts)))
    }

    /// Measures the networks of the papers about depth.
    fn depth(&mut self, experiments: &[Experiment]) -> anyhow::Result<Found> {
        let data_sha256 = &self.data.sha256();
        let mut records = Vec::new();
        for experiment in experiments {
            for plan in Plan::all(experiment, self.data) {
                let measured =
                    depth::measure(&mut **self.backend, (&plan, data_sha256), 1, &mut |_| {});
                for record in measured.with_context(|| format!("measuring {}", plan.name()))? {
                    self.folder.add(&record)?;
                    records.push(record);
                }
                if interrupt::is_requested() {
                    return Ok(None);
                }
            }
        }
        Ok(Some(reproduce::depth(&records, self.setting)))
    }
}

/// The experiment of some networks that are measured at their initial weights.
fn experiment_of(networks: &DepthNetworks, base: &Experiment) -> Result<Experiment> {
    let DepthNetworks { activation, norms, sizes: [layers, units, batch], init } = networks;
    let norms: Vec<_> = norms.split(',').map(|norm| format!("{norm:?}")).collect();
    let text = format!(
        "activation = {activation:?}\nnorm = [{}]\ninit = {init:?}\nbatch = {batch}\nsteps = 1\nprobes = 0\n",
        norms.join(", ")
    );
    let hidden = vec![*units; *layers];
    Ok(Experiment { hidden, data: base.data.clone(), ..Experiment::parse(&text, "depth")? })
}

/// Keeps what figure 1 shows, in memory and in the folder.
struct Watch<'a> {
    bar: ProgressBar,
    folder: &'a mut StudyFolder,
    evaluations: &'a mut Vec<Evaluation>,
    probes: &'a mut Vec<Probe>,
}

impl Observer for Watch<'_> {
    fn progress(&mut self, step: usize) {
        self.bar.set_position(step as u64);
    }

    fn evaluation(&mut self, evaluation: &Evaluation, _: &Weights) -> Result<()> {
        self.folder.add(evaluation)?;
        self.evaluations.push(evaluation.clone());
        Ok(())
    }

    fn probed(&mut self, probe: &Probe) -> Result<()> {
        self.folder.add(probe)?;
        self.probes.push(probe.clone());
        Ok(())
    }

    fn interrupted(&self) -> bool {
        interrupt::is_requested()
    }
}

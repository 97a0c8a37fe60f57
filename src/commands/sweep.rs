//! `normlab sweep`: networks trained at every combination of several settings' values; and what the sweeps over one
//! setting have in common with it.

use super::arguments::{
    DeviceArguments, FusionArguments, HeatMapArguments, OutputArguments, ShaderArguments,
    TuneArguments,
};
use super::experiment::{Datasets, with_absolute_paths_in};
use super::experiment_flags::{ExperimentArguments, Keys};
use super::opening::open;
use super::output::{
    Status, compared, open_in_browser, print, print_interrupted, print_json, print_limit,
};
use super::progress::train_of_sweep;
use super::report;
use super::run_text::layers;
use super::terminal;
use super::tuning::prepare;
use crate::config::Grid;
use crate::error::Result;
use crate::gradient_check;
use crate::interrupt;
use crate::kernels::precision::Precision;
use crate::record::{Adapter, Claim, Parity, SweepRecord, Swept};
use crate::report::records::{Records, distinct};
use crate::report::{claims, sweeps, table};
use crate::train::sweep::cell::CellPlan;
use crate::train::sweep::folder::{Older, SweepFolder, recorded};
use crate::train::sweep::merge::merge;
use crate::train::sweep::shard::Shard;
use crate::train::{Plan, run_folder};
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// The keys that a sweep over any keys takes as flags: no cell keeps probes.
#[derive(Clone, Debug)]
struct OfCells;

impl Keys for OfCells {
    fn has(name: &str) -> bool {
        !["precision", "probes"].contains(&name)
    }
}

/// Arguments of `normlab sweep`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// An experiment file in which any key may have a list of values; flags override its values.
    #[arg(value_name = "GRID.toml", required_unless_present = "merge")]
    grid: Option<PathBuf>,
    /// Put the folders of a sweep's parts together, in the folder --out.
    #[arg(long, value_name = "DIR", num_args = 1.., requires = "out", conflicts_with_all = ["grid", "resume", "shard"])]
    merge: Vec<PathBuf>,
    #[command(flatten)]
    experiment: ExperimentArguments<OfCells>,
    #[command(flatten)]
    map: HeatMapArguments,
    #[command(flatten)]
    sweep: SweepArguments,
}

/// Runs a sweep over any keys, or merges the parts of one.
pub(super) fn sweep(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let Arguments { grid, merge, experiment, map, sweep } = arguments;
    let Some(file) = grid else { return sweep.merge(merge, map, out) };
    let mut grid = Grid::read(file)?;
    experiment.apply(&mut grid.base)?;
    for name in experiment.names() {
        grid.fix(name)?;
    }
    grid.base.precision = sweep.precision();
    let map = map.of(&varied(&grid))?;
    sweep.run((Swept::Keys, &with_absolute_paths_in(grid)?), map, out)
}

/// The keys that differ within a grid.
fn varied(grid: &Grid) -> Vec<&'static str> {
    grid.axes().iter().filter(|axis| axis.len() > 1).map(|axis| axis.key.name).collect()
}

/// Arguments of every sweep, apart from what is trained.
#[derive(Args, Clone, Debug)]
pub(super) struct SweepArguments {
    /// Train one part of the networks only, for example 2/4 on the second of four machines; --merge joins them.
    #[arg(long, value_name = "PART/PARTS", help_heading = "Output")]
    shard: Option<Shard>,
    /// Train only the networks that --out does not hold yet, for example after a kill.
    #[arg(long, requires = "out", conflicts_with = "force", help_heading = "Output")]
    resume: bool,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
    #[command(flatten)]
    fusion: FusionArguments,
    #[command(flatten)]
    tune: TuneArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// What a sweep prints with `--json`.
#[derive(Serialize)]
struct Printed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Adapter>,
    networks: &'a [SweepRecord],
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<Claim>,
}

impl SweepArguments {
    /// What products are computed in.
    pub(super) fn precision(&self) -> Precision {
        self.device.precision()
    }

    fn older(&self) -> Older {
        match (self.output.force, self.resume) {
            (true, _) => Older::Replace,
            (false, true) => Older::Resume,
            (false, false) => Older::Refuse,
        }
    }

    /// Checks everything, then trains every network that is asked for.
    pub(super) fn run(
        &self,
        sweep: (Swept, &Grid),
        map: Option<[String; 2]>,
        out: &mut dyn Write,
    ) -> anyhow::Result<Status> {
        let start = Instant::now();
        let OutputArguments { out: path, .. } = &self.output;
        SweepFolder::check_free(sweep.0, path.as_deref(), self.older())?;
        let cells = sweep.1.cells()?;
        let data = Datasets::load(cells.iter().map(|cell| &cell.experiment))?;
        for cell in &cells {
            cell.experiment.validate_for(data.of(&cell.experiment).train.len())?;
        }
        let kept = match path {
            Some(path) if self.resume => {
                recorded(sweep, path, &cells, |cell| data.sha256(&cell.experiment))?
            }
            _ => Vec::new(),
        };
        let shard = self.shard.unwrap_or(Shard::WHOLE);
        let done: BTreeSet<_> = kept.iter().filter_map(|record| record.cell).collect();
        let of_shard: Vec<_> = cells.iter().filter(|cell| shard.has(cell.number)).collect();
        let missing: Vec<_> =
            of_shard.iter().copied().filter(|cell| !done.contains(&cell.number)).collect();
        let shown: &mut dyn Write = if self.json { &mut std::io::sink() } else { &mut *out };
        let library = self.fusion.apply(self.shaders.library()?);
        let mut backend = open(&self.device, library, shown)?;
        let activations = cells.iter().flat_map(|cell| cell.experiment.activation.iter().copied());
        for activation in distinct(activations) {
            gradient_check::require(&*backend, activation)?;
        }
        let plans =
            missing.iter().flat_map(|cell| Plan::all(&cell.experiment, data.of(&cell.experiment)));
        let plans: Vec<_> = plans.collect();
        prepare(self.tune.tune, &self.device, &mut backend, &plans, shown)?;
        let recorded_before = kept.len();
        let mut folder = SweepFolder::create(sweep, path.as_deref(), self.older(), kept)?;
        interrupt::listen()?;
        let words = sweeps::Introduction {
            swept: sweep.0,
            grid: sweep.1,
            cells: &cells,
            data: data.names(),
            layers: distinct(
                cells.iter().map(|cell| layers(&cell.experiment, data.of(&cell.experiment))),
            ),
            shard: self.shard.map(|shard| (shard, of_shard.len())),
            recorded: recorded_before,
        };
        print(shown, &words.text())?;
        let mut train = || -> anyhow::Result<()> {
            for (place, (plan, cell)) in plans.iter().zip(&missing).enumerate() {
                let label = format!("{} {} of {}", plan.name(), place + 1, plans.len());
                let data_sha256 = data.sha256(&cell.experiment);
                let of = CellPlan { plan, cell, cells: cells.len(), data_sha256 };
                let Some(record) = train_of_sweep(&mut *backend, of, &label)? else { break };
                folder.add(record)?;
            }
            Ok(())
        };
        let trained = train();
        if trained.is_err() && !folder.records().is_empty() {
            report::after_error(Records::read(folder.path()), folder.path(), shown);
        }
        trained.with_context(|| format!("the sweep in {} ended early", folder.path().display()))?;
        let interrupted = folder.records().len() < recorded_before + plans.len();
        if interrupted {
            let (ended, place) = (folder.records().len(), folder.path().display());
            let kept = format!(
                "{ended} of {} networks have finished and are recorded in {place}; run the same \
                 command with `--out {place} --resume` to train the others",
                recorded_before + plans.len()
            );
            print_interrupted(&kept, shown)?;
        }
        if folder.records().iter().any(|record| !record.run.parity.failures.is_empty()) {
            print_limit(backend.gpu(), shown)?;
        }
        let adapter = Some(backend.adapter());
        let whole =
            self.conclude((sweep.0, map), &folder, (adapter, start.elapsed().as_secs_f64()), out)?;
        Ok(if interrupted { Status::Interrupted } else { whole })
    }

    /// Puts the parts of a sweep together, as if one machine had trained them.
    fn merge(
        &self,
        folders: &[PathBuf],
        map: &HeatMapArguments,
        out: &mut dyn Write,
    ) -> anyhow::Result<Status> {
        let start = Instant::now();
        let merged = merge(folders)?;
        let map = map.of(&varied(&merged.grid))?;
        let path = self.output.out.as_deref();
        let folder =
            SweepFolder::create((merged.swept, &merged.grid), path, self.older(), merged.records)?;
        let ended = folder.records().len();
        let shown: &mut dyn Write = if self.json { &mut std::io::sink() } else { &mut *out };
        print(shown, &sweeps::merged(ended, &merged.missing))?;
        let took = (None, start.elapsed().as_secs_f64());
        self.conclude((merged.swept, map), &folder, took, out)
    }

    /// Shows what came out, and makes the report.
    fn conclude(
        &self,
        (swept, map): (Swept, Option<[String; 2]>),
        folder: &SweepFolder,
        (device, seconds): (Option<Adapter>, f64),
        out: &mut dyn Write,
    ) -> anyhow::Result<Status> {
        let networks = folder.records();
        if networks.is_empty() {
            return Ok(Status::Good);
        }
        let shown: &mut dyn Write = if self.json { &mut std::io::sink() } else { &mut *out };
        print(shown, &conclusion(swept, folder, seconds))?;
        let shown_whole = show(folder, map, shown)?;
        if self.output.open && shown_whole == Status::Good {
            open_in_browser(&folder.path().join(run_folder::REPORT))?;
        }
        if self.json {
            let claim = claims::of_sweep(swept, networks);
            print_json(&Printed { device, networks, claim }, out)?;
        }
        Ok(shown_whole.and(status(swept, networks)))
    }
}

/// A network that diverged is a failure, unless the sweep is meant to find out which do.
fn status(swept: Swept, records: &[SweepRecord]) -> Status {
    let good = |SweepRecord { run, .. }: &SweepRecord| {
        (run.failure.is_none() || swept.may_diverge()) && run.parity.failures.is_empty()
    };
    if records.iter().all(good) { Status::Good } else { Status::Failed }
}

fn conclusion(swept: Swept, folder: &SweepFolder, seconds: f64) -> String {
    let records = folder.records();
    let mut parity = Parity::default();
    let mut failures = String::new();
    let word = if swept.may_diverge() { "diverged" } else { "FAILED" };
    for record in records {
        let (name, run) = (record.name(swept), &record.run);
        parity.merge(&run.parity, &name);
        if let Some(failure) = &run.failure {
            failures.push_str(&format!("{word}: {name}: {failure}\n"));
        }
    }
    format!(
        "\n{}\n{}\n{}{}{failures}records: {} ({seconds:.1} s in all)",
        sweeps::results(swept, records, terminal::width()),
        table::legend_text(&sweeps::legend(swept, records)),
        claims::of_sweep(swept, records).as_ref().map(claims::in_full).unwrap_or_default(),
        compared(&parity),
        folder.path().display(),
    )
}

/// Makes the report of a sweep, or of the run in its folder, whose summary is updated with the sweep's claim.
fn show(folder: &SweepFolder, map: Option<[String; 2]>, out: &mut dyn Write) -> Result<Status> {
    let path = folder.path();
    let mut records = Records { heat_map: map, ..Records::read(path)? };
    let claims = claims::claims(&records);
    if let Some(summary) = &mut records.summary {
        summary.claims = claims;
        run_folder::write_summary(path, summary)?;
    }
    report::after_run(path, records, None, out)
}

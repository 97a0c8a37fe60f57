//! `normlab export`: writes networks as files that other programs can run.

use super::arguments::{DeviceArguments, FusionArguments, ShaderArguments, choice};
use super::experiment::{load_to_train, with_flags};
use super::experiment_flags::ExperimentArguments;
use super::opening::open_adapter;
use super::output::{Status, print};
use super::tuning;
use crate::config::{Experiment, integer};
use crate::error::{Error, Result};
use crate::export::{BROWSER, Export, Target, check_free};
use crate::kernels::library::Library;
use crate::kernels::precision::Precision;
use crate::kernels::selection::Selection;
use crate::lowering::shaders::Lowering;
use crate::train::Plan;
use crate::tune::run::TuneMode;
use anyhow::bail;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

/// The default number of steps with reference values.
const REFERENCE_STEPS: usize = 3;

/// Arguments of `normlab export`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The folder for the files: DIR/NETWORK/program.json and data.bin for each network.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// An experiment file; flags override its values.
    #[arg(value_name = "EXPERIMENT.toml")]
    file: Option<PathBuf>,
    /// The target that the shaders' variants are chosen for.
    #[arg(long, value_parser = choice::<Target>(), default_value_t = Target::Browser)]
    target: Target,
    /// The number of first steps to include reference losses and gradients for, computed in f64.
    #[arg(long, value_name = "STEPS", default_value_t = REFERENCE_STEPS, value_parser = integer::<usize>)]
    references: usize,
    /// Replace the networks in the folder.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    experiment: ExperimentArguments,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
    #[command(flatten)]
    fusion: FusionArguments,
}

/// Writes the networks of an experiment.
pub(super) fn export(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let given = match &arguments.file {
        Some(file) => Experiment::read(file)?,
        None => Experiment::default(),
    };
    let (experiment, device) = &with_flags(given, &arguments.experiment, &arguments.device)?;
    if experiment.precision != Precision::F32 {
        bail!(Error::Config(
            "--precision mixed: WebGPU has no cooperative matrices; use f32".to_owned(),
        ));
    }
    check_free(&arguments.folder, arguments.force)?;
    let library = arguments.fusion.apply(arguments.shaders.library()?);
    let data = &load_to_train(experiment)?;
    let plans = Plan::all(experiment, data);
    let mut lowering = Lowering::new(arguments.selection((device, &plans), library, out)?);
    for plan in &plans {
        let export =
            Export::new(plan, &mut lowering, arguments.target.name(), arguments.references)?;
        export.write(&arguments.folder)?;
        let folder = arguments.folder.join(&export.document.name);
        let mib = export.data.len() as f64 / f64::from(1 << 20);
        print(out, &format!("{}: program.json, data.bin ({mib:.1} MiB)", folder.display()))?;
    }
    Ok(Status::Good)
}

impl Arguments {
    /// The shaders to choose from, and the target that they run on; for this adapter, with the settings that `normlab
    /// tune` has found.
    fn selection(
        &self,
        (device, plans): (&DeviceArguments, &[Plan<'_>]),
        library: Library,
        out: &mut dyn Write,
    ) -> Result<Selection> {
        match self.target {
            Target::Browser => {
                let mut selection = Selection::new(BROWSER);
                selection.use_library(library);
                Ok(selection)
            }
            Target::Adapter => {
                let purpose = ("export for", "the CPU engine runs no shaders");
                let mut backend = open_adapter(device, library, purpose, out)?;
                let models = plans.iter().map(|plan| plan.model(&backend));
                let models = models.collect::<Result<Vec<_>>>()?;
                let commands = tuning::commands(plans, device);
                tuning::apply_settings(TuneMode::Quick, &mut backend, &models, &commands, out)?;
                Ok(backend.selection().clone())
            }
        }
    }
}

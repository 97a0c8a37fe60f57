//! Flags that several commands share.

use crate::backend::gpu::TIME_CAP;
use crate::backend::gpu::adapters::DeviceChoice;
use crate::choice::{Choice, Word};
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::library::Library;
use crate::kernels::precision::Precision;
use crate::tune::run::TuneMode;
use crate::watch::Changes;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;
use std::time::Duration;

/// The longest time cap, a day.
const MOST_SECONDS: f64 = 86_400.0;

/// What to compute on.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Device")]
pub(super) struct DeviceArguments {
    /// What to compute on.
    ///
    /// auto (hardware, then software Vulkan, then the CPU engine), gpu, cpu, interpreter (the shaders themselves,
    /// on the CPU), or a part of an adapter's name.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(super) device: DeviceChoice,
    /// Seconds that the device may take for one submit.
    ///
    /// A shader whose loop never ends is given up then, and one that the driver does not end compiling.
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_CAP.as_secs_f64(), value_parser = seconds, allow_negative_numbers = true)]
    time_cap: f64,
    /// What products are computed in [default: f32].
    ///
    /// f32; or mixed, f16 operands and f32 sums on cooperative matrices (tensor cores), where the adapter has
    /// them.
    #[arg(long, value_parser = choice::<Precision>())]
    precision: Option<Precision>,
}

impl DeviceArguments {
    /// How long one submit may take.
    pub(super) fn time_cap(&self) -> Duration {
        Duration::from_secs_f64(self.time_cap)
    }

    /// What products are computed in.
    pub(super) fn precision(&self) -> Precision {
        self.precision.unwrap_or_default()
    }

    /// The same with the experiment's precision, which the flag is put in place of if it was given.
    pub(super) fn agreed(&self, experiment: &mut Experiment) -> Self {
        experiment.precision = self.precision.unwrap_or(experiment.precision);
        Self { precision: Some(experiment.precision), ..self.clone() }
    }

    /// The same as flags, for a process that is to use the same device: the best one and no other, where
    /// the choice is left.
    pub(super) fn flags(&self) -> [String; 3] {
        let device = match &self.device {
            DeviceChoice::Auto => &DeviceChoice::Gpu,
            choice => choice,
        };
        [
            format!("--device={device}"),
            format!("--time-cap={}", self.time_cap),
            format!("--precision={}", self.precision()),
        ]
    }
}

/// Reads a number of seconds.
fn seconds(text: &str) -> std::result::Result<f64, String> {
    let seconds = text.parse().ok();
    let possible = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= MOST_SECONDS);
    possible.ok_or_else(|| {
        format!(
            "expected a number of seconds above 0 and up to {MOST_SECONDS}, for example 30 or 0.5"
        )
    })
}

/// Which shaders run.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Shaders")]
pub(super) struct ShaderArguments {
    /// A folder laid over the shipped shaders.
    ///
    /// It holds DIR/KERNEL/VARIANT.wgsl, DIR/activations/NAME.wgsl; `normlab shaders export DIR` makes one.
    #[arg(long, value_name = "DIR")]
    shaders: Option<PathBuf>,
    /// The variant of a kernel, by name or file; repeatable.
    ///
    /// For example matmul_nn=naive, or sgd=my/sgd.wgsl.
    #[arg(long, value_name = "KERNEL=VARIANT")]
    variant: Vec<String>,
    /// A number that a shader offers for tuning; repeatable.
    ///
    /// For example sgd.INVOCATIONS=64. `normlab shaders list` shows what there is.
    #[arg(long, value_name = "KERNEL.NAME=VALUE")]
    tunable: Vec<String>,
}

impl ShaderArguments {
    /// The shipped shaders with the user's in their place.
    ///
    /// # Errors
    /// As [`Library::over`], [`Library::choose`] and [`Library::tune`].
    pub(super) fn library(&self) -> Result<Library> {
        let mut library = match &self.shaders {
            Some(folder) => Library::over(folder)?,
            None => Library::default(),
        };
        self.variant.iter().try_for_each(|choice| library.choose(choice))?;
        self.tunable.iter().try_for_each(|setting| library.tune(setting))?;
        Ok(library)
    }

    /// The same with this folder, where neither a folder nor a variant is named.
    pub(super) fn or_folder(mut self, folder: Option<PathBuf>) -> Self {
        if self.shaders.is_none() && self.variant.is_empty() {
            self.shaders = folder;
        }
        self
    }

    /// The same as flags, but for the variants.
    pub(super) fn flags_without_variants(&self) -> Vec<String> {
        let folder = self.shaders.iter().map(|folder| format!("--shaders={}", folder.display()));
        let tunables = self.tunable.iter().map(|setting| format!("--tunable={setting}"));
        folder.chain(tunables).collect()
    }
}

/// What is measured on, with which shaders, and how the figures are printed.
#[derive(Args, Clone, Debug)]
pub(super) struct MeasureArguments {
    #[command(flatten)]
    pub(super) device: DeviceArguments,
    #[command(flatten)]
    pub(super) shaders: ShaderArguments,
    /// Print one JSON object instead of tables.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
}

/// Whether one kernel may do what several do.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Shaders")]
pub(super) struct FusionArguments {
    /// Run every kernel as a dispatch of its own.
    ///
    /// Without this flag, one kernel does what several do one after another, to the same bits, unless one of
    /// these is yours.
    #[arg(long)]
    no_fuse: bool,
}

impl FusionArguments {
    /// The library as these arguments have it.
    pub(super) fn apply(self, library: Library) -> Library {
        if self.no_fuse { library.unfused() } else { library }
    }
}

/// Whether shaders are taken as they change.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Shaders")]
pub(super) struct WatchArguments {
    /// Take shaders and activations as soon as they are saved, and train on.
    ///
    /// Those of --shaders, of --variant KERNEL=PATH.wgsl and of --activation PATH.wgsl.
    #[arg(long)]
    watch: bool,
}

impl WatchArguments {
    /// The changes of the library's and the activations' files from now on, if they are to be watched.
    ///
    /// # Errors
    /// [`Error::Config`] when there are no files to watch, and as [`Changes::of`].
    pub(super) fn changes(
        self,
        library: &Library,
        experiment: &Experiment,
    ) -> Result<Option<Changes>> {
        let mut places = library.places();
        let file = |activation: &Activation| match activation {
            Activation::Own(own) => Some(own.path().to_owned()),
            _ => None,
        };
        places.extend(experiment.activation.iter().filter_map(file));
        match self.watch {
            false => Ok(None),
            true if places.is_empty() => Err(Error::Config(
                "--watch: there are no files to watch; name a folder with --shaders DIR \
                 (`normlab shaders export DIR` makes one), or a file with --variant KERNEL=PATH.wgsl \
                 or --activation PATH.wgsl"
                    .to_owned(),
            )),
            true => Changes::of(&places).map(Some),
        }
    }
}

/// How much is tuned.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Shaders")]
pub(super) struct TuneArguments {
    /// How much the settings of the kernels' shaders are tuned for the shapes of this run.
    #[arg(long, value_parser = choice::<TuneMode>(), default_value_t, value_name = "MODE")]
    pub(super) tune: TuneMode,
}

/// Where records go.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArguments {
    /// The folder for the run's records [default: runs/NAME].
    ///
    /// Without it, the first of runs/NAME, runs/NAME-2, … that is free.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Replace the run that the folder holds.
    #[arg(long)]
    pub(super) force: bool,
    /// Open the report in the browser when the run has ended; of the lesson, its page.
    #[arg(long)]
    pub(super) open: bool,
}

/// A word of a choice, as the help lists it.
pub(super) fn possible(word: &Word) -> PossibleValue {
    let value = PossibleValue::new(word.name);
    if word.help.is_empty() { value } else { value.help(word.help.trim().trim_end_matches('.')) }
}

/// Reads a choice, and lists its words in the help.
pub(super) fn choice<T: Choice>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::WORDS.iter().map(possible)).try_map(|text| T::read(&text))
}

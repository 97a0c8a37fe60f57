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

/// The device to compute on.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Device")]
pub(super) struct DeviceArguments {
    /// The device to compute on.
    ///
    /// auto (hardware, else software Vulkan, else the CPU engine), gpu, cpu, interpreter (runs the shaders on the
    /// CPU), or part of an adapter's name.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(super) device: DeviceChoice,
    /// The time limit for one submit, in seconds.
    ///
    /// A shader that does not finish by then, or that the driver does not finish compiling, is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_CAP.as_secs_f64(), value_parser = seconds, allow_negative_numbers = true)]
    time_cap: f64,
    /// Precision of matrix products [default: f32].
    ///
    /// f32; or mixed: f16 operands and f32 sums on cooperative matrices (tensor cores), where the adapter has them.
    #[arg(long, value_parser = choice::<Precision>())]
    precision: Option<Precision>,
}

impl DeviceArguments {
    /// How long one submit may take.
    pub(super) fn time_cap(&self) -> Duration {
        Duration::from_secs_f64(self.time_cap)
    }

    /// The precision of matrix products.
    pub(super) fn precision(&self) -> Precision {
        self.precision.unwrap_or_default()
    }

    /// These arguments with the experiment's precision, which the flag overrides if it was given.
    pub(super) fn agreed(&self, experiment: &mut Experiment) -> Self {
        experiment.precision = self.precision.unwrap_or(experiment.precision);
        Self { precision: Some(experiment.precision), ..self.clone() }
    }

    /// These arguments as flags for a process that must use the same device; `auto` becomes `gpu`, the best adapter.
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
    /// A folder of shaders that override the shipped ones.
    ///
    /// It contains DIR/KERNEL/VARIANT.wgsl and DIR/activations/NAME.wgsl; `normlab shaders export DIR` creates one.
    #[arg(long, value_name = "DIR")]
    shaders: Option<PathBuf>,
    /// The variant of a kernel, by name or file; repeatable.
    ///
    /// For example matmul_nn=naive, or sgd=my/sgd.wgsl.
    #[arg(long, value_name = "KERNEL=VARIANT")]
    variant: Vec<String>,
    /// The value of a tunable constant of a shader; repeatable.
    ///
    /// For example sgd.INVOCATIONS=64. `normlab shaders list` lists them.
    #[arg(long, value_name = "KERNEL.NAME=VALUE")]
    tunable: Vec<String>,
}

impl ShaderArguments {
    /// The shipped shaders, overridden by the user's.
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

    /// These arguments with this shader folder, if they name neither a folder nor a variant.
    pub(super) fn or_folder(mut self, folder: Option<PathBuf>) -> Self {
        if self.shaders.is_none() && self.variant.is_empty() {
            self.shaders = folder;
        }
        self
    }

    /// These arguments as flags, without the variants.
    pub(super) fn flags_without_variants(&self) -> Vec<String> {
        let folder = self.shaders.iter().map(|folder| format!("--shaders={}", folder.display()));
        let tunables = self.tunable.iter().map(|setting| format!("--tunable={setting}"));
        folder.chain(tunables).collect()
    }
}

/// The device to measure on, the shaders, and the form of the output.
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

/// Whether kernels may be fused.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Shaders")]
pub(super) struct FusionArguments {
    /// Run every kernel as its own dispatch.
    ///
    /// Without this flag, fused kernels replace several consecutive ones, with the same results to the bit, unless
    /// one of these is yours.
    #[arg(long)]
    no_fuse: bool,
}

impl FusionArguments {
    /// The library with these arguments applied.
    pub(super) fn apply(self, library: Library) -> Library {
        if self.no_fuse { library.unfused() } else { library }
    }
}

/// Whether changed shaders are reloaded.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Shaders")]
pub(super) struct WatchArguments {
    /// Reload shaders and activations as soon as they are saved, and keep training.
    ///
    /// This covers the files of --shaders, --variant KERNEL=PATH.wgsl and --activation PATH.wgsl.
    #[arg(long)]
    watch: bool,
}

impl WatchArguments {
    /// Changes to the library's and the activations' files from now on, if they are to be watched.
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
                 (`normlab shaders export DIR` creates one), or a file with --variant KERNEL=PATH.wgsl \
                 or --activation PATH.wgsl"
                    .to_owned(),
            )),
            true => Changes::of(&places).map(Some),
        }
    }
}

/// How much to tune.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Shaders")]
pub(super) struct TuneArguments {
    /// How much to tune the settings of the shaders for the shapes of this run.
    #[arg(long, value_parser = choice::<TuneMode>(), default_value_t, value_name = "MODE")]
    pub(super) tune: TuneMode,
}

/// Where records go.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArguments {
    /// The folder for the run's records [default: runs/NAME].
    ///
    /// Without it, the first free one of runs/NAME, runs/NAME-2, ….
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Replace the run in the folder.
    #[arg(long)]
    pub(super) force: bool,
    /// Open the report, or the lesson's page, in the browser when the run has ended.
    #[arg(long)]
    pub(super) open: bool,
}

/// Which settings a sweep's map is of.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(super) struct HeatMapArguments {
    /// The settings of the map's columns and rows [default: the two with the most values].
    #[arg(long, value_name = "KEY,KEY", value_delimiter = ',', num_args = 1)]
    heat_map: Vec<String>,
}

impl HeatMapArguments {
    /// The two settings, of those that the sweep varies; none where none are given.
    ///
    /// # Errors
    /// [`Error::Config`] when they are not two of `varied`.
    pub(super) fn of(&self, varied: &[&str]) -> Result<Option<[String; 2]>> {
        let names: Vec<_> =
            self.heat_map.iter().map(|name| name.trim().replace('-', "_")).collect();
        let all_varied = names.iter().all(|name| varied.contains(&name.as_str()));
        match <[String; 2]>::try_from(names) {
            Err(names) if names.is_empty() => Ok(None),
            Ok([x, y]) if x != y && all_varied => Ok(Some([x, y])),
            _ => Err(Error::Config(format!(
                "--heat-map {}: expected two different settings that the sweep varies: {}",
                self.heat_map.join(","),
                varied.join(", ")
            ))),
        }
    }
}

/// A word of a choice, as listed in the help.
pub(super) fn possible(word: &Word) -> PossibleValue {
    let value = PossibleValue::new(word.name);
    if word.help.is_empty() { value } else { value.help(word.help.trim().trim_end_matches('.')) }
}

/// Reads a choice, and lists its words in the help.
pub(super) fn choice<T: Choice>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::WORDS.iter().map(possible)).try_map(|text| T::read(&text))
}

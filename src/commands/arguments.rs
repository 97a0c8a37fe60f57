//! Flags that several commands share.

use crate::backend::gpu::TIME_CAP;
use crate::backend::gpu::adapters::DeviceChoice;
use crate::config::{Affine, Experiment, Init, Norm, NormPosition, Optimizer};
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::library::Library;
use crate::kernels::precision::Precision;
use crate::tune::run::Mode;
use crate::watch::Changes;
use clap::Args;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Units of a layer where nothing else is known.
const USUAL_WIDTH: usize = 100;

/// The longest time cap, a day.
const MOST_SECONDS: f64 = 86_400.0;

/// What to compute on.
#[derive(Args, Clone, Debug)]
pub(super) struct DeviceArguments {
    /// What to compute on: auto (hardware, then software Vulkan, then the CPU engine), gpu, cpu, or a
    /// part of an adapter's name.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(super) device: DeviceChoice,
    /// Seconds that the device may take for one submit: a shader whose loop never ends is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_CAP.as_secs_f64(), value_parser = seconds, allow_negative_numbers = true)]
    time_cap: f64,
    /// What products are computed in: f32; or mixed, f16 operands and f32 sums on cooperative matrices
    /// (tensor cores), where the adapter has them [default: f32].
    #[arg(long)]
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
        set(&mut experiment.precision, self.precision.as_ref());
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

/// Which shaders run.
#[derive(Args, Clone, Debug)]
pub(super) struct ShaderArguments {
    /// A folder laid over the shipped shaders: DIR/KERNEL/VARIANT.wgsl, DIR/activations/NAME.wgsl.
    /// `normlab shaders export DIR` makes one.
    #[arg(long, value_name = "DIR")]
    shaders: Option<PathBuf>,
    /// The variant of a kernel, by name or file, as matmul_nn=naive or sgd=my/sgd.wgsl; repeatable.
    #[arg(long, value_name = "KERNEL=VARIANT")]
    variant: Vec<String>,
    /// A number that a shader offers for tuning, as sgd.INVOCATIONS=64; repeatable. `normlab shaders
    /// list` shows what there is.
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
    #[arg(long)]
    pub(super) json: bool,
}

/// Whether one kernel may do what several do.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct FusionArguments {
    /// Run every kernel as a dispatch of its own. Without this flag, one kernel does what several do
    /// one after another, to the same bits, unless one of these is yours.
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
pub(super) struct WatchArguments {
    /// Take a shader of --shaders or --variant KERNEL=PATH.wgsl, or an --activation PATH.wgsl, as soon as
    /// it is saved, and train on.
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
pub(super) struct TuneArguments {
    /// How much is tuned: the settings of the kernels' shaders for the shapes of this run.
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub(super) tune: Mode,
}

/// Where records go.
#[derive(Args, Clone, Debug)]
pub(super) struct OutputArguments {
    /// The folder for the run's records [default: the first of runs/NAME, runs/NAME-2, … that is free].
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Replace the run that the folder holds.
    #[arg(long)]
    pub(super) force: bool,
}

/// One flag for each key of an experiment.
#[derive(Args, Clone, Debug)]
pub(super) struct ExperimentArguments {
    /// Activations of the hidden layers: identity, sigmoid, relu, tanh, or PATH.wgsl with two functions
    /// of your own; several, separated by commas, make several networks.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    activation: Option<Vec<Activation>>,
    /// Norms of the hidden layers; several, separated by commas, make several networks.
    #[arg(long, value_delimiter = ',', value_name = "NORM,…")]
    norm: Option<Vec<Norm>>,
    /// Gammas and betas of layer norm, gammas of rms norm: one for each unit, or one for the whole layer.
    #[arg(long)]
    affine: Option<Affine>,
    /// Whether the norm stands before or after the activation.
    #[arg(long)]
    norm_position: Option<NormPosition>,
    /// Units of each hidden layer, as 100,100,100.
    #[arg(long, value_delimiter = ',', value_name = "UNITS,…", value_parser = whole::<usize>, allow_negative_numbers = true)]
    hidden: Option<Vec<usize>>,
    /// The number of hidden layers, each as wide as the first; 0 for a linear softmax classifier.
    #[arg(long, value_name = "LAYERS", value_parser = whole::<usize>, allow_negative_numbers = true)]
    depth: Option<usize>,
    /// Initial weights: uniform, glorot, he, or normal:DEVIATION as normal:0.01.
    #[arg(long)]
    init: Option<Init>,
    /// How parameters are updated.
    #[arg(long)]
    optimizer: Option<Optimizer>,
    /// The learning rate.
    #[arg(long, value_name = "RATE", value_parser = number, allow_negative_numbers = true)]
    learning_rate: Option<f32>,
    /// SGD's momentum.
    #[arg(long, value_parser = number, allow_negative_numbers = true)]
    momentum: Option<f32>,
    /// Examples of a batch.
    #[arg(long, value_name = "EXAMPLES", value_parser = whole::<usize>, allow_negative_numbers = true)]
    batch: Option<usize>,
    /// Training steps of each network.
    #[arg(long, value_parser = whole::<usize>, allow_negative_numbers = true)]
    steps: Option<usize>,
    /// The seed of weights and batches, from 0 to 2^63 − 1.
    #[arg(long, value_parser = whole::<u64>, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Independent copies of each network that train at once, from 1 to 16: replica r with the seed SEED
    /// + r. The report shows their median and range.
    #[arg(long, value_parser = whole::<usize>, allow_negative_numbers = true)]
    replicas: Option<usize>,
    /// A folder with IDX files, as MNIST's, gzip-compressed or not [default: the drawn digits].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A folder with IDX files to test on, instead of the test part of the training data's set.
    #[arg(long, value_name = "DIR")]
    test_data: Option<PathBuf>,
    /// Make every pixel black or white.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    binary: Option<bool>,
    /// Evaluate and record every so many steps; 0 for about 30 times in all.
    #[arg(long, value_name = "STEPS", value_parser = whole::<usize>, allow_negative_numbers = true)]
    evaluate_every: Option<usize>,
    /// Compare the GPU with the CPU every so many steps, beside the first, a middle and the last one; 0
    /// for those three only.
    #[arg(long, value_name = "STEPS", value_parser = whole::<usize>, allow_negative_numbers = true)]
    verify_every: Option<usize>,
    /// How many times the layers are probed over the run, denser at the start; 0 for not at all.
    #[arg(long, value_name = "TIMES", value_parser = whole::<usize>, allow_negative_numbers = true)]
    probes: Option<usize>,
}

/// Reads a whole number. The parser's own words for anything else do not say what is expected.
pub(super) fn whole<T: FromStr>(text: &str) -> std::result::Result<T, String> {
    text.parse().map_err(|_| "expected a whole number, 0 or more".to_owned())
}

/// Reads a number.
pub(super) fn number(text: &str) -> std::result::Result<f32, String> {
    text.parse().map_err(|_| "expected a number, as 0.1".to_owned())
}

/// Reads a number of seconds.
fn seconds(text: &str) -> std::result::Result<f64, String> {
    let seconds = text.parse().ok();
    let possible = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= MOST_SECONDS);
    possible.ok_or_else(|| {
        format!("expected a number of seconds above 0 and up to {MOST_SECONDS}, as 30 or 0.5")
    })
}

/// Puts a flag that was given in place of a value.
pub(super) fn set<T: Clone>(key: &mut T, flag: Option<&T>) {
    if let Some(value) = flag {
        *key = value.clone();
    }
}

impl ExperimentArguments {
    /// Puts the flags that were given in place of the experiment's values.
    ///
    /// # Errors
    /// [`Error::Config`] when flags contradict each other.
    pub(super) fn apply(&self, experiment: &mut Experiment) -> Result<()> {
        set(&mut experiment.activation, self.activation.as_ref());
        set(&mut experiment.norm, self.norm.as_ref());
        set(&mut experiment.affine, self.affine.as_ref());
        set(&mut experiment.norm_position, self.norm_position.as_ref());
        set(&mut experiment.hidden, self.hidden.as_ref());
        if let Some(depth) = self.depth {
            experiment.hidden = self.layers(depth, &experiment.hidden)?;
        }
        set(&mut experiment.init, self.init.as_ref());
        set(&mut experiment.optimizer, self.optimizer.as_ref());
        set(&mut experiment.learning_rate, self.learning_rate.as_ref());
        set(&mut experiment.momentum, self.momentum.as_ref());
        set(&mut experiment.batch, self.batch.as_ref());
        set(&mut experiment.steps, self.steps.as_ref());
        set(&mut experiment.seed, self.seed.as_ref());
        set(&mut experiment.replicas, self.replicas.as_ref());
        if self.data.is_some() {
            experiment.data.clone_from(&self.data);
        }
        if self.test_data.is_some() {
            experiment.test_data.clone_from(&self.test_data);
        }
        set(&mut experiment.binary, self.binary.as_ref());
        set(&mut experiment.evaluate_every, self.evaluate_every.as_ref());
        set(&mut experiment.verify_every, self.verify_every.as_ref());
        set(&mut experiment.probes, self.probes.as_ref());
        Ok(())
    }

    /// `depth` layers, each as wide as the first of `hidden`.
    fn layers(&self, depth: usize, hidden: &[usize]) -> Result<Vec<usize>> {
        if self.hidden.as_ref().is_some_and(|given| given.len() > 1) {
            return Err(Error::Config(format!(
                "--depth {depth} makes layers of one width, but --hidden names {} layers; give one \
                 of the two, or a single width",
                hidden.len()
            )));
        }
        Ok(vec![hidden.first().copied().unwrap_or(USUAL_WIDTH); depth])
    }
}

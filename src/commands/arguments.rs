//! Flags that several commands share.

use crate::backend::gpu::TIME_CAP;
use crate::backend::gpu::adapters::DeviceChoice;
use crate::choice::{Choice, Word};
use crate::config::{Experiment, KEYS, Key, integer};
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::library::Library;
use crate::kernels::precision::Precision;
use crate::tune::run::TuneMode;
use crate::watch::Changes;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, FromArgMatches, Id};
use std::ffi::OsStr;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

/// Units of a layer where nothing else is known.
const USUAL_WIDTH: usize = 100;

/// The longest time cap, a day.
const MOST_SECONDS: f64 = 86_400.0;

/// What to compute on.
#[derive(Args, Clone, Debug)]
pub(super) struct DeviceArguments {
    /// What to compute on: auto (hardware, then software Vulkan, then the CPU engine), gpu, cpu,
    /// interpreter (the shaders themselves, on the CPU), or a part of an adapter's name.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(super) device: DeviceChoice,
    /// Seconds that the device may take for one submit: a shader whose loop never ends is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_CAP.as_secs_f64(), value_parser = seconds, allow_negative_numbers = true)]
    time_cap: f64,
    /// What products are computed in: f32; or mixed, f16 operands and f32 sums on cooperative matrices
    /// (tensor cores), where the adapter has them [default: f32].
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
    #[arg(long, value_parser = choice::<TuneMode>(), default_value_t, value_name = "MODE")]
    pub(super) tune: TuneMode,
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

/// Which keys of an experiment a command takes as flags.
pub(super) trait Keys {
    /// Whether the key of this name is one of them.
    fn has(name: &str) -> bool;
}

/// Every key of an experiment but its precision, which is asked of the device.
#[derive(Clone, Debug)]
pub(super) struct Every;

impl Keys for Every {
    fn has(name: &str) -> bool {
        name != "precision"
    }
}

/// A flag for each key of an experiment that a command takes.
#[derive(Clone, Debug)]
pub(super) struct ExperimentArguments<K = Every> {
    /// The keys whose flags were given, with their values.
    given: Vec<(&'static Key<Experiment>, String)>,
    depth: Option<usize>,
    keys: PhantomData<K>,
}

/// The keys that have flags of a command, in their order.
fn taken<K: Keys>() -> impl Iterator<Item = &'static Key<Experiment>> {
    KEYS.iter().filter(|key| K::has(key.name))
}

/// Reads the value of a key's flag, and lists its words in the help.
#[derive(Clone)]
struct KeyParser(&'static Key<Experiment>);

impl TypedValueParser for KeyParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        flag: Option<&Arg>,
        value: &OsStr,
    ) -> std::result::Result<String, clap::Error> {
        let read = self.0.read;
        let checked = move |text: &str| read(text).map(|_| text.to_owned());
        checked.parse_ref(command, flag, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue>>> {
        let words = Some(self.0.words).filter(|words| !words.is_empty())?;
        Some(Box::new(words.iter().map(possible)))
    }
}

fn possible(word: &Word) -> PossibleValue {
    let value = PossibleValue::new(word.name);
    if word.help.is_empty() { value } else { value.help(word.help.trim().trim_end_matches('.')) }
}

/// Reads a choice, and lists its words in the help.
pub(super) fn choice<T: Choice>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::WORDS.iter().map(possible)).try_map(|text| T::read(&text))
}

/// The flag that makes layers of one width.
const DEPTH: &str = "depth";

/// The group of the flags of an experiment, for commands that may have none of them.
const GROUP: &str = "experiment_keys";

impl<K: Keys> Args for ExperimentArguments<K> {
    fn group_id() -> Option<Id> {
        Some(Id::from(GROUP))
    }

    fn augment_args(command: Command) -> Command {
        let depth = Arg::new(DEPTH)
            .long(DEPTH)
            .value_name("LAYERS")
            .value_parser(integer::<usize>)
            .allow_negative_numbers(true)
            .help(
                "The number of hidden layers, each as wide as the first; 0 for a linear softmax \
                 classifier",
            );
        let flags = taken::<K>().flat_map(|key| {
            let flag = Arg::new(key.name)
                .long(key.name.replace('_', "-"))
                .value_name(key.value_name)
                .value_parser(KeyParser(key))
                .allow_negative_numbers(true)
                .action(if key.is_list { ArgAction::Append } else { ArgAction::Set })
                .help(key.help.trim().trim_end_matches('.'));
            let flag = match key.alone {
                Some(value) => flag.num_args(0..=1).default_missing_value(value),
                None => flag,
            };
            [Some(flag), (key.name == "hidden").then(|| depth.clone())]
        });
        let flags: Vec<_> = flags.flatten().collect();
        let group = ArgGroup::new(GROUP).multiple(true).args(flags.iter().map(Arg::get_id));
        command.args(flags).group(group)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<K: Keys> FromArgMatches for ExperimentArguments<K> {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let given = taken::<K>().filter_map(|key| {
            let values: Vec<_> =
                matches.get_many::<String>(key.name)?.map(String::as_str).collect();
            Some((key, values.join(",")))
        });
        let depth = matches.get_one(DEPTH).copied();
        Ok(Self { given: given.collect(), depth, keys: PhantomData })
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<K> ExperimentArguments<K> {
    /// Puts the flags that were given in place of the experiment's values.
    ///
    /// # Errors
    /// [`Error::Config`] when flags contradict each other, or a file that one names has changed meanwhile.
    pub(super) fn apply(&self, experiment: &mut Experiment) -> Result<()> {
        for (key, value) in &self.given {
            (key.read)(value).map_err(Error::Config)?(experiment);
        }
        let Some(depth) = self.depth else { return Ok(()) };
        let (layers, names_layers) =
            (experiment.hidden.len(), self.given.iter().any(|(key, _)| key.name == "hidden"));
        if names_layers && layers > 1 {
            return Err(Error::Config(format!(
                "--depth {depth} makes layers of one width, but --hidden names {layers} layers; give one \
                 of the two, or a single width"
            )));
        }
        let width = experiment.hidden.first().copied().unwrap_or(USUAL_WIDTH);
        experiment.hidden = vec![width; depth];
        Ok(())
    }
}

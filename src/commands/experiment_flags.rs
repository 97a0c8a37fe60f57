//! The flags of an experiment: one for each key that a command takes.

use super::arguments::possible;
use crate::config::{Experiment, KEYS, Key, integer};
use crate::error::{Error, Result};
use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, FromArgMatches, Id};
use std::ffi::OsStr;
use std::marker::PhantomData;

/// The width of layers if nothing else sets it.
const USUAL_WIDTH: usize = 100;

/// Which keys of an experiment a command takes as flags.
pub(super) trait Keys {
    /// Whether the key of this name is one of them.
    fn has(name: &str) -> bool;
}

/// Every key of an experiment except its precision, which is a flag of the device.
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

/// The keys that a command takes as flags, in order.
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

/// The part of a text that the short help shows: up to the first colon, semicolon or bracket.
fn in_short(help: &'static str) -> &'static str {
    let whole = help.trim().trim_end_matches('.');
    let end = [": ", "; ", " ["].into_iter().filter_map(|mark| whole.find(mark)).min();
    &whole[..end.unwrap_or(whole.len())]
}

/// The flag that sets a number of layers of one width.
const DEPTH: &str = "depth";

/// The group of an experiment's flags, for commands where all of them are optional.
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
            .help_heading("Network")
            .help("The number of hidden layers, each as wide as the first")
            .long_help(
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
                .help_heading(key.heading)
                .help(in_short(key.help))
                .long_help(key.help.trim().trim_end_matches('.'));
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
    /// The names of the keys that the flags set.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let depth = self.depth.map(|_| "hidden");
        self.given.iter().map(|(key, _)| key.name).chain(depth)
    }

    /// The flags that were given, for example `--batch`.
    pub(super) fn flags(&self) -> Vec<String> {
        let given = self.given.iter().map(|(key, _)| key.name.replace('_', "-"));
        let depth = self.depth.map(|_| DEPTH.to_owned());
        given.chain(depth).map(|name| format!("--{name}")).collect()
    }

    /// Overrides the experiment's values with the flags that were given.
    ///
    /// # Errors
    /// [`Error::Config`] when flags contradict each other, or a file that one names has changed in the meantime.
    pub(super) fn apply(&self, experiment: &mut Experiment) -> Result<()> {
        for (key, value) in &self.given {
            (key.read)(value).map_err(Error::Config)?(experiment);
        }
        let Some(depth) = self.depth else { return Ok(()) };
        let (layers, names_layers) =
            (experiment.hidden.len(), self.given.iter().any(|(key, _)| key.name == "hidden"));
        if names_layers && layers > 1 {
            return Err(Error::Config(format!(
                "--depth {depth} makes layers of one width, but --hidden gives {layers} widths; \
                 use only one of the two, or give a single width"
            )));
        }
        let width = experiment.hidden.first().copied().unwrap_or(USUAL_WIDTH);
        experiment.hidden = vec![width; depth];
        Ok(())
    }
}

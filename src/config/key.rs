//! The keys of an experiment as flags: their names, help and values.

use super::Init;
use crate::choice::{Choice, Word};
use crate::kernels::activation::Activation;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;

/// The messages where an integer or a number is expected, in files and in flags.
pub(super) const INTEGER: &str = "expected an integer, 0 or more";
pub(super) const NUMBER: &str = "expected a number, for example 0.1";

/// A key of an experiment `E`. [`super::KEYS`] has them all.
#[derive(Clone, Copy, Debug)]
pub struct Key<E: 'static> {
    /// Its name in files; a flag has dashes in place of underscores.
    pub name: &'static str,
    /// The heading that it is listed under in the help.
    pub heading: &'static str,
    /// What it sets.
    pub help: &'static str,
    /// The placeholder for its value in the help, for example `RATE`.
    pub value_name: &'static str,
    /// The words that its value is one of; empty if it is something else.
    pub words: &'static [Word],
    /// Whether it takes several values, separated by commas.
    pub is_list: bool,
    /// The value of its flag when given without one; none if a value must follow.
    pub alone: Option<&'static str>,
    /// Reads the value of its flag.
    pub read: fn(&str) -> Result<Override<E>, String>,
    /// An experiment's value, as its flag takes it.
    pub text: fn(&E) -> String,
}

/// Overrides a value of an experiment.
pub type Override<E> = Box<dyn FnOnce(&mut E)>;

/// A type that a flag's value is read as.
pub(super) trait FlagValue: Sized + 'static {
    /// The words that the value is one of.
    const WORDS: &'static [Word] = &[];
    /// Whether several values are separated by commas.
    const IS_LIST: bool = false;
    /// The value of a flag given without one.
    const ALONE: Option<&'static str> = None;

    fn read(text: &str) -> Result<Self, String>;

    /// The text that [`FlagValue::read`] reads as this value.
    fn text(&self) -> String;

    /// The names that a value may have.
    fn names() -> Vec<&'static str> {
        Self::WORDS.iter().map(|word| word.name).collect()
    }
}

impl<T: Choice> FlagValue for T {
    const WORDS: &'static [Word] = T::WORDS;

    fn read(text: &str) -> Result<Self, String> {
        T::read(text).map_err(|error| error.to_string())
    }

    fn text(&self) -> String {
        self.word().name.to_owned()
    }
}

impl FlagValue for Activation {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: crate::error::Error| error.to_string())
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn names() -> Vec<&'static str> {
        Self::ALL.map(Self::name).to_vec()
    }
}

impl<T: FlagValue> FlagValue for Vec<T> {
    const WORDS: &'static [Word] = T::WORDS;
    const IS_LIST: bool = true;

    fn read(text: &str) -> Result<Self, String> {
        text.split(',').map(T::read).collect()
    }

    fn text(&self) -> String {
        self.iter().map(T::text).collect::<Vec<_>>().join(",")
    }
}

impl FlagValue for bool {
    const WORDS: &'static [Word] =
        &[Word { name: "true", help: "" }, Word { name: "false", help: "" }];
    const ALONE: Option<&'static str> = Some("true");

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "expected true or false".to_owned())
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl FlagValue for Option<bool> {
    const WORDS: &'static [Word] = <bool as FlagValue>::WORDS;
    const ALONE: Option<&'static str> = <bool as FlagValue>::ALONE;

    fn read(text: &str) -> Result<Self, String> {
        <bool as FlagValue>::read(text).map(Some)
    }

    fn text(&self) -> String {
        self.iter().map(bool::to_string).collect()
    }
}

impl FlagValue for Option<PathBuf> {
    fn read(text: &str) -> Result<Self, String> {
        Ok(Some(text.into()))
    }

    fn text(&self) -> String {
        self.iter().map(|path| path.display().to_string()).collect()
    }
}

impl FlagValue for Init {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl FlagValue for f32 {
    fn read(text: &str) -> Result<Self, String> {
        number(text)
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl FlagValue for usize {
    fn read(text: &str) -> Result<Self, String> {
        integer(text)
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl FlagValue for u64 {
    fn read(text: &str) -> Result<Self, String> {
        integer(text)
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

/// Reads an integer. The standard parser's own errors do not say what is expected.
///
/// # Errors
/// Says what is expected.
pub fn integer<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{INTEGER}, not {text:?}"))
}

/// Reads a number.
///
/// # Errors
/// Says what is expected.
pub fn number(text: &str) -> Result<f32, String> {
    text.parse().map_err(|_| format!("{NUMBER}, not {text:?}"))
}

/// Reads a single value or a list from a file.
pub(super) fn one_or_many<'de, D, T>(deserializer: D) -> std::result::Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FlagValue + Deserialize<'de>,
{
    deserializer.deserialize_any(OneOrMany(PhantomData))
}

struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: FlagValue + Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of {}, or a list of them", T::names().join(", "))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> std::result::Result<Vec<T>, E> {
        T::deserialize(name.into_deserializer()).map(|one| vec![one])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> std::result::Result<Vec<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list))
    }
}

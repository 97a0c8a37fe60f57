//! Choices among a few words: each is defined once, with its meaning, for files, flags, records and help.

use crate::error::{Error, Result, unknown};

/// One word of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word itself.
    pub name: &'static str,
    /// What it means, in a sentence or two.
    pub help: &'static str,
}

/// A choice among a few words; the macro `choice!` makes one.
pub trait Choice: Copy + Send + Sync + 'static {
    /// What is chosen, for example `norm`.
    const WHAT: &'static str;
    /// The words, in the order in which they are listed.
    const WORDS: &'static [Word];
    /// The choices that they stand for, in the same order.
    const CHOICES: &'static [Self];

    /// The word for it.
    fn word(self) -> &'static Word;

    /// The choice that a word stands for.
    ///
    /// # Errors
    /// [`Error::Config`] with the known words.
    fn read(text: &str) -> Result<Self> {
        let at = Self::WORDS.iter().position(|word| word.name == text);
        at.map(|at| Self::CHOICES[at]).ok_or_else(|| {
            let known: Vec<_> = Self::WORDS.iter().map(|word| word.name).collect();
            Error::Config(unknown(&format!("no {} is called {text}", Self::WHAT), text, &known, ""))
        })
    }
}

/// Makes an enum that is a [`Choice`]: each variant with its word, and with its docs as help.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident as $what:literal {
            $($(#[doc = $help:literal])+ $(#[default$($default:tt)?])? $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub enum $name {
            $($(#[doc = $help])+ $(#[default$($default)?])? #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them, in the order in which they are listed.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word for it in experiments, flags and records.
            #[must_use]
            pub fn name(self) -> &'static str {
                $crate::choice::Choice::word(self).name
            }
        }

        impl $crate::choice::Choice for $name {
            const WHAT: &'static str = $what;
            const WORDS: &'static [$crate::choice::Word] =
                &[$($crate::choice::Word { name: $word, help: concat!($($help),+) }),+];
            const CHOICES: &'static [Self] = &Self::ALL;

            fn word(self) -> &'static $crate::choice::Word {
                &<Self as $crate::choice::Choice>::WORDS[self as usize]
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::error::Error;

            fn try_from(text: String) -> $crate::error::Result<Self> {
                $crate::choice::Choice::read(&text)
            }
        }
    };
}

pub(crate) use choice;

//! What normalizes the hidden layers: a norm, and which of the layers have it.

use crate::choice::Word;
use crate::error::unknown;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// How the hidden layers of a network are normalized, for example `batch`, `group:10` or `batch@last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Norm {
    /// The norm.
    pub kind: NormKind,
    /// The hidden layers that have it; the others have a bias instead.
    pub layers: NormLayers,
}

/// A norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NormKind {
    /// Not at all: the layer has a bias instead.
    None,
    /// Over the examples of the batch, for each unit (Ioffe and Szegedy 2015).
    Batch,
    /// Over the units of the layer, for each example (Ba, Kiros and Hinton 2016).
    Layer,
    /// Like layer norm, but only divided by the root mean square: no mean is subtracted, and there is
    /// no beta, so that nothing shifts a value before the activation (Zhang and Sennrich 2019).
    Rms,
    /// Over each of this number of groups of the layer's units, for each example (Wu and He 2018). With one
    /// group it is layer norm.
    Group(usize),
}

/// Which hidden layers have a norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NormLayers {
    /// All of them.
    All,
    /// The first.
    First,
    /// The last.
    Last,
    /// The one of this number, counted from 1.
    Only(usize),
}

/// The names of norms.
pub(super) const WORDS: [Word; 5] = [
    Word { name: "none", help: "Not at all: the layer has a bias instead." },
    Word {
        name: "batch",
        help: "Over the examples of the batch, for each unit (Ioffe and Szegedy 2015).",
    },
    Word {
        name: "layer",
        help: "Over the units of the layer, for each example (Ba, Kiros and Hinton 2016).",
    },
    Word {
        name: "rms",
        help: "Like layer norm, but only divided by the root mean square: no mean is subtracted, and there \
               is no beta, so that nothing shifts a value before the activation (Zhang and Sennrich 2019).",
    },
    Word {
        name: "group:GROUPS",
        help: "Over each of this number of groups of the layer's units, for each example (Wu and He 2018), for \
               example group:10. The number must divide the units of the layer.",
    },
];

impl NormKind {
    /// Whether all units of a layer may share one gamma (see [`super::Affine`]).
    #[must_use]
    pub const fn may_share(self) -> bool {
        match self {
            Self::None | Self::Batch => false,
            Self::Layer | Self::Rms | Self::Group(_) => true,
        }
    }
}

impl Norm {
    /// No norm.
    pub const NONE: Self = Self::everywhere(NormKind::None);
    /// Batch norm in all hidden layers.
    pub const BATCH: Self = Self::everywhere(NormKind::Batch);
    /// Layer norm in all hidden layers.
    pub const LAYER: Self = Self::everywhere(NormKind::Layer);
    /// RMS norm in all hidden layers.
    pub const RMS: Self = Self::everywhere(NormKind::Rms);

    /// The norms whose name has no number, in all hidden layers.
    pub const PLAIN: [Self; 4] = [Self::NONE, Self::BATCH, Self::LAYER, Self::RMS];

    /// Group norm in all hidden layers.
    #[must_use]
    pub const fn group(groups: usize) -> Self {
        Self::everywhere(NormKind::Group(groups))
    }

    const fn everywhere(kind: NormKind) -> Self {
        Self { kind, layers: NormLayers::All }
    }

    /// The same norm in these layers.
    #[must_use]
    pub const fn in_layers(self, layers: NormLayers) -> Self {
        Self { layers, ..self }
    }

    /// The norm of hidden layer `layer`, counted from 0, of `depth`.
    #[must_use]
    pub fn of_layer(self, layer: usize, depth: usize) -> NormKind {
        let has_it = self.layers.only(depth).is_none_or(|only| only == layer + 1);
        if has_it { self.kind } else { NormKind::None }
    }

    /// What is expected instead, if it does not fit hidden layers of these widths.
    pub(super) fn misfit(self, hidden: &[usize]) -> Option<String> {
        let depth = hidden.len();
        match self.layers.only(depth) {
            Some(_) if depth == 0 => {
                return Some("a norm without @, as there is no hidden layer".to_owned());
            }
            Some(layer) if layer > depth => {
                return Some(format!(
                    "a hidden layer from 1 to {depth}, first or last after the @"
                ));
            }
            _ => {}
        }
        let NormKind::Group(groups) = self.kind else { return None };
        let uneven = |&(layer, units): &(usize, usize)| {
            self.of_layer(layer, depth) == self.kind && !units.is_multiple_of(groups)
        };
        let (layer, units) = hidden.iter().copied().enumerate().find(uneven)?;
        let nearest = (1..=groups.min(units)).rev().find(|less| units.is_multiple_of(*less));
        Some(format!(
            "a number of groups that divides the {units} units of hidden layer {}, for example group:{}",
            layer + 1,
            nearest.unwrap_or(1)
        ))
    }
}

impl NormLayers {
    /// The one layer, counted from 1, among `depth`; none where it is all of them.
    fn only(self, depth: usize) -> Option<usize> {
        match self {
            Self::All => None,
            Self::First => Some(1),
            Self::Last => Some(depth),
            Self::Only(layer) => Some(layer),
        }
    }
}

impl fmt::Display for NormKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Batch => f.write_str("batch"),
            Self::Layer => f.write_str("layer"),
            Self::Rms => f.write_str("rms"),
            Self::Group(groups) => write!(f, "group:{groups}"),
        }
    }
}

impl fmt::Display for Norm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, layers } = self;
        match layers {
            NormLayers::All => write!(f, "{kind}"),
            NormLayers::First => write!(f, "{kind}@first"),
            NormLayers::Last => write!(f, "{kind}@last"),
            NormLayers::Only(layer) => write!(f, "{kind}@{layer}"),
        }
    }
}

impl FromStr for NormKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let groups = |number: &str| number.parse().ok().filter(|groups| *groups > 0);
        match (text, text.strip_prefix("group:").map(groups)) {
            ("none", _) => Ok(Self::None),
            ("batch", _) => Ok(Self::Batch),
            ("layer", _) => Ok(Self::Layer),
            ("rms", _) => Ok(Self::Rms),
            (_, Some(Some(groups))) => Ok(Self::Group(groups)),
            ("group", _) | (_, Some(None)) => Err(format!(
                "{text} needs a number of groups, an integer of 1 or more; expected group:GROUPS, for example \
                 group:10"
            )),
            _ => {
                let known = WORDS.map(|word| word.name);
                let more = ", each also for one hidden layer, for example batch@last";
                Err(unknown(&format!("no norm is called {text}"), text, &known, more))
            }
        }
    }
}

impl FromStr for Norm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((kind, place)) = text.split_once('@') else {
            return text.parse().map(Self::everywhere);
        };
        let kind: NormKind = kind.parse()?;
        let number = place.parse().ok().filter(|layer| *layer > 0);
        let layers = match (place, number) {
            ("first", _) => NormLayers::First,
            ("last", _) => NormLayers::Last,
            (_, Some(layer)) => NormLayers::Only(layer),
            _ => {
                return Err(format!(
                    "{text} names no layer; expected first, last or the number of a hidden layer after the \
                     @, for example {kind}@last"
                ));
            }
        };
        if kind == NormKind::None {
            return Err(format!(
                "{text} puts no norm into a layer; expected none, or a norm before the @, for example \
                 batch@{place}"
            ));
        }
        Ok(Self { kind, layers })
    }
}

impl Serialize for Norm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Norm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

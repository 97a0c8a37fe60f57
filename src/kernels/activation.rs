//! The activations: `shaders/activations/<name>.wgsl` and their twins, and user-supplied ones.
//!
//! A shader that needs one calls `activate` and `activation_gradient`; the loader puts the chosen
//! activation's two functions into the same module.
//!
//! An experiment names a shipped one by its name and a user's by its file, `"PATH.wgsl"`. A run's records
//! keep the file's text as well, `{ path, text }`, so that it stays the same activation if the file changes.

use super::formula::Formula;
use crate::error::{Error, Result, unknown};
use crate::files;
use crate::tensor::Real;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf, absolute};
use std::str::FromStr;

/// An activation function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// x
    Identity,
    /// 1 / (1 + e^−x)
    #[default]
    Sigmoid,
    /// max(x, 0)
    Relu,
    /// (e^x − e^−x) / (e^x + e^−x)
    Tanh,
    /// The one in a user's file, as the file was when it was read. It lives as long as the program:
    /// only a handful are ever read, and everything else about a network can stay a plain value.
    Own(&'static Own),
}

/// An activation in a user's file. Its twin is the file's own formula, evaluated on the CPU.
#[derive(Debug)]
pub struct Own {
    path: PathBuf,
    name: String,
    text: String,
    formula: Formula,
}

impl Own {
    /// Where its file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.text) == (&other.path, &other.text)
    }
}

impl Eq for Own {}

impl Hash for Own {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.path.hash(state);
    }
}

impl Activation {
    /// All activations that ship with the crate.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Sigmoid, Self::Relu, Self::Tanh];

    /// The activation in a file with the functions `activate` and `activation_gradient`.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, [`Error::Shader`] when it does not define them,
    /// [`Error::Config`] when it has the name of a shipped activation.
    pub fn read(path: &Path) -> Result<Self> {
        Self::of(path, text_of(path)?)
    }

    /// The activation that its file holds now; none if the text is unchanged, and for a shipped one.
    ///
    /// # Errors
    /// As [`Activation::read`].
    pub fn changed(self) -> Result<Option<Self>> {
        let Self::Own(own) = self else { return Ok(None) };
        let text = text_of(&own.path)?;
        if text == own.text {
            return Ok(None);
        }
        Self::of(&own.path, text).map(Some)
    }

    /// `newer` if both were read from the same file, else this one.
    #[must_use]
    pub fn or_newer(self, newer: Self) -> Self {
        match (self, newer) {
            (Self::Own(old), Self::Own(new)) if old.path == new.path => newer,
            _ => self,
        }
    }

    /// The activation of a file with this text.
    fn of(path: &Path, text: String) -> Result<Self> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if Self::ALL.map(Self::name).contains(&name.as_str()) {
            return Err(Error::Config(format!(
                "{} has the name of a shipped activation, so records could not distinguish the two; \
                 rename the file",
                path.display()
            )));
        }
        if !files::is_name(&name) {
            return Err(Error::Config(format!(
                "the name of {} becomes part of the names of records; rename it so that it does not start \
                 with a dot and has no slash or backslash",
                path.display()
            )));
        }
        let formula = Formula::read(&text, &path.display().to_string())?;
        let path = absolute(path).map_err(|error| Error::file("read", path, error))?;
        Ok(Self::Own(Box::leak(Box::new(Own { path, name, text, formula }))))
    }

    /// The name of its file without `.wgsl`; for a shipped one also its name in experiments and
    /// records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Sigmoid => "sigmoid",
            Self::Relu => "relu",
            Self::Tanh => "tanh",
            Self::Own(own) => &own.name,
        }
    }

    /// The source of its two functions.
    #[must_use]
    pub fn shader(self) -> &'static str {
        match self {
            Self::Identity => include_str!("../../shaders/activations/identity.wgsl"),
            Self::Sigmoid => include_str!("../../shaders/activations/sigmoid.wgsl"),
            Self::Relu => include_str!("../../shaders/activations/relu.wgsl"),
            Self::Tanh => include_str!("../../shaders/activations/tanh.wgsl"),
            Self::Own(own) => &own.text,
        }
    }

    /// Multiplies a kernel's own tolerance factor (see [`crate::compare`]) with this activation. The
    /// shipped ones are accurate enough. A user's may call WGSL's built-in functions, which may be less
    /// accurate than a CPU's (WGSL, section "Floating point accuracy": exp 3 + 2 |x| units in the last
    /// place, tanh as a quotient of those).
    #[must_use]
    pub const fn tolerance_factor(self) -> f64 {
        match self {
            Self::Own(_) => 4.0,
            _ => 1.0,
        }
    }

    /// The activation of `x`.
    pub fn activate<T: Real>(self, x: T) -> T {
        match self {
            Self::Identity => x,
            Self::Sigmoid => sigmoid(x),
            // A NaN stays NaN; `max` would hide it.
            Self::Relu if x < T::zero() => T::zero(),
            Self::Relu => x,
            Self::Tanh => x.tanh(),
            Self::Own(own) => own.formula.activate(x),
        }
    }

    /// The derivative at `x`; 0 at ReLU's kink.
    pub fn activation_gradient<T: Real>(self, x: T) -> T {
        match self {
            Self::Identity => T::one(),
            Self::Sigmoid => {
                let y = sigmoid(x);
                y * (T::one() - y)
            }
            Self::Relu if x > T::zero() => T::one(),
            Self::Relu => T::zero(),
            Self::Tanh => {
                let y = x.tanh();
                T::one() - y * y
            }
            Self::Own(own) => own.formula.activation_gradient(x),
        }
    }

    /// Why a user's function, `activate` or `activation_gradient`, is NaN at `x`; none where it is a
    /// number, and for a shipped activation.
    #[must_use]
    pub fn undefined(self, function: &str, x: f32) -> Option<String> {
        match self {
            Self::Own(own) => own.formula.undefined(function, x),
            _ => None,
        }
    }
}

impl FromStr for Activation {
    type Err = Error;

    /// A shipped activation's name, or the file of another: `PATH.wgsl`.
    fn from_str(text: &str) -> Result<Self> {
        if let Some(known) = Self::ALL.into_iter().find(|known| known.name() == text) {
            return Ok(known);
        }
        if Path::new(text).extension().is_some_and(|end| end == "wgsl") {
            return Self::read(Path::new(text));
        }
        let known = Self::ALL.map(Self::name);
        Err(Error::Config(unknown(
            &format!("no activation is called {text}"),
            text,
            &known,
            ", or a file, PATH.wgsl",
        )))
    }
}

/// A shipped one's name, or a file's whole path.
impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(own) => write!(f, "{}", own.path.display()),
            shipped => f.write_str(shipped.name()),
        }
    }
}

/// A user's file in a run's records.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    path: String,
    text: String,
}

impl Serialize for Activation {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Own(own) => {
                Recorded { path: self.to_string(), text: own.text.clone() }.serialize(serializer)
            }
            shipped => serializer.serialize_str(shipped.name()),
        }
    }
}

impl<'de> Deserialize<'de> for Activation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// Reads either form.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Activation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an activation's name, a file (\"PATH.wgsl\"), or { path, text }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Activation, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Activation, A::Error> {
        let Recorded { path, text } = Recorded::deserialize(MapAccessDeserializer::new(map))?;
        Activation::of(Path::new(&path), text).map_err(de::Error::custom)
    }
}

fn text_of(path: &Path) -> Result<String> {
    files::read_text(path).map_err(|error| Error::file("read", path, error))
}

/// The stable form: e is raised to a negative power only, so nothing overflows.
fn sigmoid<T: Real>(x: T) -> T {
    let e = (-x.abs()).exp();
    let larger = T::one() / (T::one() + e);
    if x < T::zero() { e * larger } else { larger }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_known_by_hand() {
        assert_eq!(Activation::Sigmoid.activate(0.0_f64), 0.5);
        assert_eq!(Activation::Sigmoid.activation_gradient(0.0_f64), 0.25);
        assert!((Activation::Sigmoid.activate(3.0_f64.ln()) - 0.75).abs() < 1e-15);
        assert_eq!(Activation::Relu.activate(-2.0_f64), 0.0);
        assert_eq!(Activation::Relu.activation_gradient(0.0_f64), 0.0);
        assert_eq!(Activation::Tanh.activation_gradient(0.0_f64), 1.0);
        assert_eq!(Activation::Identity.activate(-7.5_f64), -7.5);
    }

    #[test]
    fn far_out_nothing_overflows() {
        for activation in Activation::ALL {
            for x in [-1000.0_f32, 1000.0] {
                assert!(activation.activate(x).is_finite(), "{activation:?} at {x}");
                assert!(activation.activation_gradient(x).is_finite(), "{activation:?} at {x}");
            }
        }
    }

    #[test]
    fn gradients_are_central_differences() {
        let step = 1e-6;
        for activation in Activation::ALL {
            for x in [-4.0_f64, -0.7, 0.3, 1.0, 5.5] {
                let rise = activation.activate(x + step) - activation.activate(x - step);
                let error = rise / (2.0 * step) - activation.activation_gradient(x);
                assert!(error.abs() < 1e-9, "{activation:?} at {x}: off by {error}");
            }
        }
    }
}

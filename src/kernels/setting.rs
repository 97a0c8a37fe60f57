//! Settings: which variant of a kernel runs, with which values of its tunables, for which shapes.
//!
//! Shapes share a setting by their *class*: replicas and sizes, each rounded up to the next power
//! of two. A kernel at `m=60 k=784 n=100` is of the class `m64 k1024 n128`, and so is one at
//! `m=64 k=1000 n=65`.

use super::activation::Activation;
use super::contract::{Contract, Sizes};
use super::shader::Shader;
use super::tunable::Tunable;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A variant of a kernel and the values of its tunables.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The variant's name, or its file.
    pub variant: String,
    /// The tunables whose value differs from the file's, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tunables: BTreeMap<String, u32>,
}

impl Setting {
    /// A variant with its file's own values.
    #[must_use]
    pub fn of(variant: impl Into<String>) -> Self {
        Self { variant: variant.into(), tunables: BTreeMap::new() }
    }

    /// The same with some tunables changed.
    fn with(&self, values: &[(&Tunable, u32)]) -> Self {
        let mut setting = self.clone();
        setting.tunables.extend(values.iter().map(|(one, value)| (one.name.clone(), *value)));
        setting
    }
}

/// All settings of a shader besides its `own` that a check tries: each other value of each tunable, one at a
/// time; and where a line of the source names two tunables, both at an end of their range.
#[must_use]
pub fn others(own: &Setting, shader: &Shader) -> Vec<Setting> {
    let mut found = Vec::new();
    for tunable in &shader.tunables {
        let others = tunable.choices.iter().filter(|value| **value != tunable.value);
        found.extend(others.map(|&value| own.with(&[(tunable, value)])));
    }
    for (number, one) in shader.tunables.iter().enumerate() {
        let later = shader.tunables[number + 1..].iter();
        for other in later.filter(|other| are_related(&shader.text, &one.name, &other.name)) {
            for value in other_ends(one) {
                let pair = |end| own.with(&[(one, value), (other, end)]);
                found.extend(other_ends(other).into_iter().map(pair));
            }
        }
    }
    found
}

/// The smallest and the largest value of a tunable, without its current one.
fn other_ends(tunable: &Tunable) -> Vec<u32> {
    let choices = || tunable.choices.iter().copied();
    let mut ends: Vec<_> = choices().min().into_iter().chain(choices().max()).collect();
    ends.dedup();
    ends.retain(|end| *end != tunable.value);
    ends
}

/// Whether a line of code mentions both names.
fn are_related(text: &str, one: &str, other: &str) -> bool {
    text.lines().any(|line| {
        let code = line.split_once("//").map_or(line, |(code, _)| code);
        let is_part = |char: char| !char.is_ascii_alphanumeric() && char != '_';
        let names = |name: &str| code.split(is_part).any(|word| word == name);
        names(one) && names(other)
    })
}

/// For display: `subgroup`, `naive SIDE=16`.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.variant)?;
        self.tunables.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

/// Shapes that share a setting; see the module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShapeClass(String);

impl ShapeClass {
    /// The class of a dispatch with these sizes.
    #[must_use]
    pub fn of(contract: &Contract, sizes: &Sizes) -> Self {
        let names = contract.sizes.iter().zip(sizes.values());
        let mut words: Vec<_> =
            names.map(|(name, size)| format!("{name}{}", size.next_power_of_two())).collect();
        if sizes.replicas > 1 {
            words.push(format!("replicas{}", sizes.replicas.next_power_of_two()));
        }
        Self(words.join(" "))
    }
}

impl fmt::Display for ShapeClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a setting is chosen for: a kernel with an activation, at the shapes of a class.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// The kernel.
    pub kernel: String,
    /// The activation that is composed in; none if the kernel has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<String>,
    /// The class of its shapes.
    pub class: ShapeClass,
}

impl Target {
    /// The target of such a dispatch.
    #[must_use]
    pub fn of(contract: &Contract, activation: Activation, sizes: &Sizes) -> Self {
        Self {
            kernel: contract.name.to_owned(),
            activation: contract.activation.then(|| activation.name().to_owned()),
            class: ShapeClass::of(contract, sizes),
        }
    }
}

/// For display: `matmul_nn, m64 k1024 n128`, `bias_forward (relu), rows64 cols128`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kernel)?;
        self.activation.as_ref().map_or(Ok(()), |name| write!(f, " ({name})"))?;
        write!(f, ", {}", self.class)
    }
}

/// The settings of dispatches that do not use the default.
pub type Settings = BTreeMap<Target, Setting>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::kernels::library::Library;
    use crate::kernels::{layer_norm_forward, matmul_nn};

    fn class(replicas: usize, [m, k, n]: [usize; 3]) -> Result<String> {
        let contract = &matmul_nn::KERNEL.contract;
        let sizes = Sizes::new(contract, replicas, &[("m", m), ("k", k), ("n", n)])?;
        Ok(ShapeClass::of(contract, &sizes).to_string())
    }

    #[test]
    fn sizes_and_replicas_are_rounded_up_to_powers_of_two() -> Result<()> {
        assert_eq!(class(1, [60, 784, 100])?, "m64 k1024 n128");
        assert_eq!(class(1, [64, 1000, 65])?, "m64 k1024 n128");
        assert_eq!(class(1, [65, 1, 2])?, "m128 k1 n2");
        assert_eq!(class(3, [1, 3, 4])?, "m1 k4 n4 replicas4");
        assert_eq!(class(4, [1, 3, 4])?, class(3, [1, 4, 3])?);
        Ok(())
    }

    #[test]
    fn targets_tell_activations_apart_where_the_kernel_has_one() -> Result<()> {
        let contract = &layer_norm_forward::KERNEL.contract;
        let sizes = Sizes::new(contract, 1, &[("rows", 60), ("cols", 100), ("affine", 100)])?;
        let target = |activation| Target::of(contract, activation, &sizes).to_string();
        assert_eq!(target(Activation::Relu), "layer_norm_forward (relu), rows64 cols128 affine128");
        assert_ne!(target(Activation::Relu), target(Activation::Tanh));
        Ok(())
    }

    #[test]
    fn each_value_is_tried_once_and_related_tunables_at_their_ends_together() -> Result<()> {
        let others = |kernel, variant| -> Result<Vec<String>> {
            let shader = Library::default().shader(kernel, variant, Activation::default())?;
            let others = others(&Setting::of(variant), &shader);
            Ok(others.iter().map(Setting::to_string).collect())
        };
        assert_eq!(others(&matmul_nn::KERNEL, "naive")?, ["naive SIDE=4", "naive SIDE=16"]);
        let tiled = others(&matmul_nn::KERNEL, "tiled")?;
        assert_eq!(tiled[..3], ["tiled TILE_M=32", "tiled TILE_M=128", "tiled TILE_N=32"]);
        // Of `const DOWN: u32 = TILE_M / ROWS;`. Nothing relates TILE_M and COLS.
        assert!(tiled.contains(&"tiled ROWS=8 TILE_M=128".to_owned()), "{tiled:?}");
        assert!(!tiled.contains(&"tiled COLS=8 TILE_M=128".to_owned()), "{tiled:?}");
        assert!(others(&matmul_nn::KERNEL, "subgroup")?.is_empty());
        Ok(())
    }

    #[test]
    fn settings_are_told_with_the_values_that_differ() {
        let tunables = [("SIDE".to_owned(), 16)].into();
        assert_eq!(Setting { tunables, ..Setting::of("naive") }.to_string(), "naive SIDE=16");
        assert_eq!(Setting::of("subgroup").to_string(), "subgroup");
    }
}

//! What a search tries: all settings of a variant if they are few, else one tunable after the other, each starting
//! from the best found so far.

use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::selection::Selection;
use crate::kernels::setting::Setting;
use crate::kernels::shader::Shader;
use crate::kernels::tunable::Tunable;
use std::collections::{BTreeMap, VecDeque};

/// The most settings that a variant may have for all of them to be tried.
const FEW: usize = 8;

/// A part of the search.
#[derive(Debug)]
enum Part {
    /// One setting.
    One(Setting),
    /// All other values of a tunable, starting from the best setting of its variant.
    Vary(String, Tunable),
}

/// The settings of a kernel that are still to be tried.
#[derive(Debug)]
pub(super) struct Candidates {
    parts: VecDeque<Part>,
    /// What was handed out, and the values in each variant's file.
    given: Vec<Setting>,
    files: BTreeMap<String, BTreeMap<String, u32>>,
}

impl Candidates {
    /// Those of a kernel besides its `default`, with the same precision; variants that the adapter cannot run come
    /// with the reason.
    pub(super) fn of(
        selection: &Selection,
        kernel: &'static Kernel,
        default: &Setting,
    ) -> Result<(Self, Vec<(Setting, String)>)> {
        let (mut parts, mut not_runnable) = (VecDeque::new(), Vec::new());
        let mut files = BTreeMap::new();
        let read = |setting: &Setting| {
            selection.library().set_shader(kernel, setting, Activation::default())
        };
        let precision = read(default)?.precision();
        let mut variants = selection.library().variants(kernel)?;
        // The default's variant comes first, so that the others are compared with something fast.
        variants.sort_by_key(|variant| *variant != default.variant);
        for variant in variants {
            let setting = Setting::of(variant.clone());
            let shader = read(&setting);
            if shader.as_ref().is_ok_and(|shader| shader.precision() != precision) {
                continue;
            }
            let lacks = match &shader {
                Ok(shader) => selection.capabilities().lacks(shader),
                Err(error) => Some(error.to_string()),
            };
            match (shader, lacks) {
                (Ok(shader), None) => {
                    files.insert(variant, shader.tuned());
                    parts.extend(parts_of(&shader));
                }
                (_, reason) => not_runnable.push((setting, reason.unwrap_or_default())),
            }
        }
        Ok((Self { parts, given: vec![default.clone()], files }, not_runnable))
    }

    /// The next one; `best` is the fastest setting of a variant so far.
    pub(super) fn next(&mut self, best: impl Fn(&str) -> Option<Setting>) -> Option<Setting> {
        loop {
            match self.parts.pop_front()? {
                Part::One(setting) => {
                    let setting = self.plain(setting);
                    if !self.given.contains(&setting) {
                        self.given.push(setting.clone());
                        return Some(setting);
                    }
                }
                Part::Vary(variant, tunable) => {
                    let from = best(&variant).unwrap_or_else(|| Setting::of(variant));
                    for value in tunable.choices.iter().rev() {
                        self.parts.push_front(Part::One(with(&from, &tunable, *value)));
                    }
                }
            }
        }
    }

    /// The setting without the values that the variant's file has anyway.
    fn plain(&self, mut setting: Setting) -> Setting {
        if let Some(file) = self.files.get(&setting.variant) {
            setting.tunables.retain(|name, value| file.get(name) != Some(value));
        }
        setting
    }
}

/// A setting with another value of a tunable.
fn with(setting: &Setting, tunable: &Tunable, value: u32) -> Setting {
    let mut setting = setting.clone();
    setting.tunables.insert(tunable.name.clone(), value);
    setting
}

fn parts_of(shader: &Shader) -> Vec<Part> {
    let mut all = vec![Setting::of(shader.variant.clone())];
    let count: usize = shader.tunables.iter().map(|tunable| tunable.choices.len()).product();
    if count > FEW {
        let vary = |tunable: &Tunable| Part::Vary(shader.variant.clone(), tunable.clone());
        let each = shader.tunables.iter().map(vary);
        return all.into_iter().map(Part::One).chain(each).collect();
    }
    for tunable in &shader.tunables {
        let each = |setting: &Setting| {
            tunable.choices.iter().map(|&value| with(setting, tunable, value)).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(each).collect();
    }
    all.into_iter().map(Part::One).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::library::Library;
    use crate::kernels::{matmul_nn, sgd};

    /// The candidates that a variant's shader gives, `best` being always this value of a tunable.
    fn all(kernel: &'static Kernel, best: Option<(&str, u32)>) -> Result<Vec<String>> {
        let shader = Library::default().shader(kernel, "naive", Activation::default())?;
        Ok(given(&shader, best))
    }

    fn given(shader: &Shader, best: Option<(&str, u32)>) -> Vec<String> {
        let mut candidates = Candidates {
            parts: parts_of(shader).into(),
            given: vec![Setting::of("naive")],
            files: [("naive".to_owned(), shader.tuned())].into(),
        };
        let best = |variant: &str| {
            let tunables = best.into_iter().map(|(name, value)| (name.to_owned(), value));
            Some(Setting { variant: variant.to_owned(), tunables: tunables.collect() })
        };
        std::iter::from_fn(|| candidates.next(best)).map(|one| one.to_string()).collect()
    }

    #[test]
    fn few_settings_are_all_tried_but_the_default() -> Result<()> {
        assert_eq!(all(&matmul_nn::KERNEL, None)?, ["naive SIDE=4", "naive SIDE=16"]);
        let mut shader = Library::default().shader(&sgd::KERNEL, "naive", Activation::default())?;
        shader.tunables[0].choices = vec![64, 256];
        let found = given(&shader, None);
        assert_eq!(found.len(), 2 * 3 - 1, "{found:?}");
        assert_eq!(found[0], "naive INVOCATIONS=64 TILE_COUNT=256");
        Ok(())
    }

    #[test]
    fn of_many_one_tunable_is_varied_after_the_other_from_the_best() -> Result<()> {
        let mut shader = Library::default().shader(&sgd::KERNEL, "naive", Activation::default())?;
        shader.tunables[0].choices = vec![32, 64, 128, 256];
        shader.tunables[1].choices = vec![256, 512, 1024, 2048, 4096];
        let found = given(&shader, Some(("INVOCATIONS", 64)));
        let first = ["naive INVOCATIONS=32", "naive INVOCATIONS=64", "naive INVOCATIONS=128"];
        assert_eq!(found[..3], first);
        assert_eq!(found[3], "naive INVOCATIONS=64 TILE_COUNT=256");
        assert_eq!(found.len(), 3 + 4, "{found:?}");
        Ok(())
    }
}

//! What a search tries. A thorough one: all settings of a variant where they are few, else one tunable
//! after the other, each from the best found so far. A quick one: neighbours of the best alone, one tunable
//! after the other, as long as there is a better one.

use crate::backend::gpu::GpuBackend;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::setting::Setting;
use crate::kernels::shader::Shader;
use crate::kernels::tunable::Tunable;
use std::collections::{BTreeMap, VecDeque};

/// The most settings of a variant that are all tried.
const FEW: usize = 8;

/// A part of the search.
#[derive(Clone, Debug)]
enum Stage {
    /// One setting.
    One(Setting),
    /// All other values of a tunable, from the best setting of its variant.
    Vary(String, Tunable),
    /// The next larger and the next smaller value of a tunable than the best setting of its variant has,
    /// until neither is better.
    Climb(String, Tunable),
}

/// The settings of a kernel that are still to be tried.
#[derive(Clone, Debug)]
pub(super) struct Candidates {
    stages: VecDeque<Stage>,
    /// What was given out, and the values that each variant's file has.
    given: Vec<Setting>,
    files: BTreeMap<String, BTreeMap<String, u32>>,
}

impl Candidates {
    /// Those of a kernel beside its `default`, of the same precision; variants that the adapter cannot run
    /// come with the reason. A quick search leaves out other variants on software, which may compile one
    /// for longer than a run has for its tuning.
    pub(super) fn of(
        backend: &GpuBackend,
        kernel: &'static Kernel,
        default: &Setting,
        thorough: bool,
    ) -> Result<(Self, Vec<(Setting, String)>)> {
        let (mut stages, mut not_runnable) = (VecDeque::new(), Vec::new());
        let mut files = BTreeMap::new();
        let read = |setting: &Setting| {
            backend.selection().library().set_shader(kernel, setting, Activation::default())
        };
        let precision = read(default)?.precision();
        let mut variants = backend.selection().library().variants(kernel)?;
        let others = thorough || backend.selection().capabilities().hardware;
        variants.retain(|variant| others || *variant == default.variant);
        // The default's own tunables come first: they compile as fast as the default does.
        variants.sort_by_key(|variant| *variant != default.variant);
        for variant in variants {
            let setting = Setting::of(variant.clone());
            let shader = read(&setting);
            if shader.as_ref().is_ok_and(|shader| shader.precision() != precision) {
                continue;
            }
            let lacks = match &shader {
                Ok(shader) => backend.selection().capabilities().lacks(shader),
                Err(error) => Some(error.to_string()),
            };
            match (shader, lacks) {
                (Ok(shader), None) => {
                    files.insert(variant, shader.tuned());
                    stages.extend(stages_of(&shader, thorough));
                }
                (_, reason) => not_runnable.push((setting, reason.unwrap_or_default())),
            }
        }
        Ok((Self { stages, given: vec![default.clone()], files }, not_runnable))
    }

    /// Whether there is nothing to try beside the default.
    pub(super) fn is_empty(&self) -> bool {
        self.clone().next(|_| None).is_none()
    }

    /// Leaves out what an earlier search has tried.
    pub(super) fn leave_out(&mut self, tried: &[Setting]) {
        self.given.extend_from_slice(tried);
    }

    /// What was given out so far, or left out.
    pub(super) fn given(&self) -> &[Setting] {
        &self.given
    }

    /// The next one; `best` is the fastest setting of a variant so far.
    pub(super) fn next(&mut self, best: impl Fn(&str) -> Option<Setting>) -> Option<Setting> {
        loop {
            match self.stages.pop_front()? {
                Stage::One(setting) => {
                    let setting = self.plain(setting);
                    if !self.given.contains(&setting) {
                        self.given.push(setting.clone());
                        return Some(setting);
                    }
                }
                Stage::Vary(variant, tunable) => {
                    let from = best(&variant).unwrap_or_else(|| Setting::of(variant));
                    for value in tunable.choices.iter().rev() {
                        self.stages.push_front(Stage::One(with(&from, &tunable, *value)));
                    }
                }
                Stage::Climb(variant, tunable) => {
                    let from = best(&variant).unwrap_or_else(|| Setting::of(variant.clone()));
                    let neighbours = neighbours(&tunable, &from);
                    let new = |one: &Setting| !self.given.contains(one);
                    let next = neighbours.map(|one| self.plain(one)).find(new);
                    if let Some(next) = next {
                        self.stages.push_front(Stage::Climb(variant, tunable));
                        self.stages.push_front(Stage::One(next));
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

/// A setting with the next larger and the next smaller value of a tunable.
fn neighbours<'a>(tunable: &'a Tunable, from: &'a Setting) -> impl Iterator<Item = Setting> + 'a {
    let value = *from.tunables.get(&tunable.name).unwrap_or(&tunable.value);
    let choices = tunable.choices.iter().copied();
    let larger = choices.clone().filter(|&other| other > value).min();
    let smaller = choices.filter(|&other| other < value).max();
    larger.into_iter().chain(smaller).map(|value| with(from, tunable, value))
}

fn stages_of(shader: &Shader, thorough: bool) -> Vec<Stage> {
    let mut all = vec![Setting::of(shader.variant.clone())];
    let count: usize = shader.tunables.iter().map(|tunable| tunable.choices.len()).product();
    if !thorough || count > FEW {
        let stage = if thorough { Stage::Vary } else { Stage::Climb };
        let each = shader.tunables.iter();
        let each = each.map(|tunable| stage(shader.variant.clone(), tunable.clone()));
        return all.into_iter().map(Stage::One).chain(each).collect();
    }
    for tunable in &shader.tunables {
        let each = |setting: &Setting| {
            tunable.choices.iter().map(|&value| with(setting, tunable, value)).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(each).collect();
    }
    all.into_iter().map(Stage::One).collect()
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

    fn candidates(shader: &Shader, thorough: bool) -> Candidates {
        Candidates {
            stages: stages_of(shader, thorough).into(),
            given: vec![Setting::of("naive")],
            files: [("naive".to_owned(), shader.tuned())].into(),
        }
    }

    fn given(shader: &Shader, best: Option<(&str, u32)>) -> Vec<String> {
        let mut candidates = candidates(shader, true);
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

    /// What a quick search tries of `sgd`, whose two tunables are 256 of 64, 128, 256 and 1024 of 256,
    /// 1024, 4096, where these settings are the better ones in turn.
    fn climbed(better: &[&str]) -> Result<Vec<String>> {
        let shader = Library::default().shader(&sgd::KERNEL, "naive", Activation::default())?;
        let mut candidates = candidates(&shader, false);
        let (mut best, mut tried) = (Setting::of("naive"), Vec::new());
        while let Some(next) = candidates.next(|_| Some(best.clone())) {
            tried.push(next.to_string());
            if better.contains(&next.to_string().as_str()) {
                best = next;
            }
        }
        Ok(tried)
    }

    #[test]
    fn a_quick_search_goes_on_only_where_a_neighbour_is_better() -> Result<()> {
        let (large, small) = ("naive TILE_COUNT=4096", "naive TILE_COUNT=256");
        assert_eq!(climbed(&[])?, ["naive INVOCATIONS=128", large, small]);
        let found = climbed(&["naive INVOCATIONS=128"])?;
        assert_eq!(found[..2], ["naive INVOCATIONS=128", "naive INVOCATIONS=64"]);
        assert_eq!(found[2], "naive INVOCATIONS=128 TILE_COUNT=4096");
        assert_eq!(found.len(), 4, "{found:?}");
        // From the larger value, the default is no news.
        assert_eq!(climbed(&[large])?, ["naive INVOCATIONS=128", large]);
        Ok(())
    }

    #[test]
    fn there_is_nothing_to_try_where_nothing_can_be_tuned() -> Result<()> {
        let mut shader = Library::default().shader(&sgd::KERNEL, "naive", Activation::default())?;
        assert!(!candidates(&shader, false).is_empty());
        shader.tunables.clear();
        assert!(candidates(&shader, false).is_empty() && candidates(&shader, true).is_empty());
        Ok(())
    }
}

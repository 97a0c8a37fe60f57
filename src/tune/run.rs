//! Finds the settings of a run's networks, before its first step: in the cache, and by a search if the run asks for
//! one.

use super::cache::{Cache, Entry};
use super::search::{Searched, Subject, search};
use super::{Timed, Tuned};
use crate::backend::gpu::GpuBackend;
use crate::choice::choice;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::selection::Selection;
use crate::kernels::setting::{Settings, Target};
use crate::program::Program;
use crate::record::Adapter;
use std::collections::BTreeMap;
use std::path::Path;

choice! {
    /// How much a run tunes.
    #[derive(Default)]
    pub enum TuneMode as "tuning mode" {
        /// Not at all: run the shipped settings, and leave the cache alone.
        Off = "off",
        /// Use what `normlab tune` has found; the results stay the same to the bit.
        #[default]
        Quick = "quick",
        /// Tune everything that the run uses before its first step, including settings that round differently.
        Full = "full",
    }
}

/// The tuning of one run.
pub struct Tuning {
    mode: TuneMode,
    cache: Cache,
    warnings: Vec<String>,
    /// What is known about each target of the run.
    targets: BTreeMap<Target, Option<Entry>>,
}

impl Tuning {
    /// The tuning of a run on an adapter, with what `folder` knows about it.
    #[must_use]
    pub fn new(mode: TuneMode, adapter: Adapter, folder: Option<&Path>) -> Self {
        let folder = folder.filter(|_| mode != TuneMode::Off);
        let (cache, warning) = Cache::open(folder, adapter);
        Self { mode, cache, warnings: warning.into_iter().collect(), targets: BTreeMap::new() }
    }

    /// Gives a program's dispatches the settings that are known to be faster than their kernels' defaults. With
    /// `full`, what is not known is searched for first; `tell` gets each target as its search begins, and how many
    /// are waiting.
    ///
    /// # Errors
    /// When a shader cannot be read, or a search fails.
    pub fn apply(
        &mut self,
        backend: &mut GpuBackend,
        program: &Program,
        tell: &mut dyn FnMut(&Target, usize),
    ) -> Result<()> {
        if self.mode == TuneMode::Off {
            return Ok(());
        }
        let mut missing = self.look_up(backend.selection(), program)?;
        while let Some((subject, hash)) = missing.pop().filter(|_| self.mode == TuneMode::Full) {
            tell(&subject.target, missing.len());
            match search(backend, &subject)? {
                Searched::Tuned(tuned) => self.take(&tuned, hash),
                Searched::DefaultWrong(complaints) => {
                    let complaints = complaints.join("; ");
                    self.warnings.push(format!("tuning: {}: {complaints}", subject.target));
                }
            }
        }
        backend.use_settings(self.settings());
        Ok(())
    }

    /// Records the targets of a program with what the cache holds about them. Returns those that it lacks, each with
    /// the hash of its shaders.
    fn look_up(
        &mut self,
        selection: &Selection,
        program: &Program,
    ) -> Result<Vec<(Subject, String)>> {
        let library = selection.library();
        let mut missing = Vec::new();
        for dispatch in program.passes.iter().flat_map(|pass| &pass.dispatches) {
            let subject = Subject::of(dispatch);
            let Subject { kernel, activation, target, .. } = &subject;
            if library.is_own(kernel) || self.targets.contains_key(target) {
                continue;
            }
            let hash = library.fingerprint(kernel, *activation)?;
            // It may come from a file that was edited.
            let runs = |timed: &Timed| can_run(selection, kernel, *activation, timed);
            let runs =
                |entry: &&Entry| runs(&entry.chosen) && entry.other_bits.as_ref().is_none_or(runs);
            let known = self.cache.get(target, &hash).filter(runs).cloned();
            let is_missing = known.is_none();
            self.targets.insert(target.clone(), known);
            if is_missing {
                missing.push((subject, hash));
            }
        }
        Ok(missing)
    }

    fn take(&mut self, tuned: &Tuned, hash: String) {
        let entry = Entry::new(tuned, hash);
        self.targets.insert(entry.target.clone(), Some(entry.clone()));
        self.cache.put(entry);
    }

    /// The settings of the run's targets that are better than the defaults.
    fn settings(&self) -> Settings {
        let better = self.better().map(|(entry, timed)| (&entry.target, &timed.setting));
        better.map(|(target, setting)| (target.clone(), setting.clone())).collect()
    }

    /// What is known about the run's targets.
    fn known(&self) -> impl Iterator<Item = &Entry> {
        self.targets.values().flatten()
    }

    /// The targets that do not run with their default, and what they run with.
    fn better(&self) -> impl Iterator<Item = (&Entry, &Timed)> {
        let taken = |entry| (entry, self.taken(entry));
        self.known().map(taken).filter(|(entry, timed)| timed.setting != entry.default.setting)
    }

    /// The setting of an entry that a run uses.
    fn taken<'a>(&self, entry: &'a Entry) -> &'a Timed {
        let other = entry.other_bits.as_ref().filter(|_| self.mode == TuneMode::Full);
        other.unwrap_or(&entry.chosen)
    }

    /// Saves what was found. Returns warnings, and one line about what is known, which names the `command` that finds
    /// the rest.
    pub fn finish(mut self, command: &str) -> Vec<String> {
        self.warnings.extend(self.cache.save());
        let mut lines: Vec<_> =
            self.warnings.iter().map(|line| format!("warning: {line}")).collect();
        if !self.targets.is_empty() {
            lines.push(self.line(command));
        }
        lines
    }

    fn line(&self, command: &str) -> String {
        let (all, known) = (self.targets.len(), self.known().count());
        if known == 0 {
            return format!(
                "tuning: none of the {all} kernel shapes is tuned; to tune them: {command}"
            );
        }
        let gain =
            |(entry, timed): &(&Entry, &Timed)| entry.default.time.median / timed.time.median;
        let best = self.better().max_by(|a, b| gain(a).total_cmp(&gain(b)));
        let best = best.map_or(String::new(), |best| {
            let (Entry { target, .. }, Timed { setting, .. }) = best;
            format!(", at best {:.2} times as fast ({target}: {setting})", gain(&best))
        });
        let missing = match all - known {
            0 => String::new(),
            more => format!("; to tune {more} more: {command}"),
        };
        format!(
            "tuning: {} of {known} tuned kernel shapes have a setting faster than the default{best}\
             {missing}",
            self.better().count()
        )
    }
}

/// Whether an adapter can run a setting.
fn can_run(
    selection: &Selection,
    kernel: &'static Kernel,
    activation: Activation,
    timed: &Timed,
) -> bool {
    let shader = selection.library().set_shader(kernel, &timed.setting, activation);
    shader.is_ok_and(|shader| selection.capabilities().lacks(&shader).is_none())
}

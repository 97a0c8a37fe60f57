//! Tuning beside a run: what the cache knows is used from its start, and what it does not know is
//! searched for between stretches of the run's own steps.
//!
//! The budget is held before each step of a search: what was spent and what the step may cost is at most
//! [`MOST`] and [`SHARE`] of the time since the run began. A step may cost as much as the longest so far.

use super::cache::{Cache, Entry};
use super::candidates::Candidates;
use super::search::{Search, Step, Subject};
use super::{Timed, Tuned, Unfinished};
use crate::backend::gpu::GpuBackend;
use crate::backend::{Backend, Session};
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::setting::{Setting, Settings, Target};
use crate::program::{Dispatch, PassId, Program};
use crate::record::Adapter;
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// The most that a run spends on tuning.
pub const MOST: Duration = Duration::from_secs(3);

/// The most that a run spends on tuning, as a share of its time.
pub const SHARE: f64 = 0.1;

/// What the first step of a search may cost.
const FIRST_STEP: Duration = Duration::from_millis(50);

/// How much a run tunes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Not at all: what ships runs, and the cache is left alone.
    Off,
    /// What the cache knows, and between stretches of steps what it does not know; the results stay the
    /// same to the bit.
    #[default]
    Quick,
    /// All that the run uses, before its first step; also settings that round differently.
    Full,
}

/// A search that has not begun.
struct Waiting {
    subject: Subject,
    /// Whether the default has tunables. Those are searched for first: to try another variant may take a
    /// driver seconds to compile, which is most of a run's budget.
    has_tunables: bool,
    /// What a step has to do for it: of those that are alike, the dearest comes first.
    work: usize,
}

/// The tuning of one run.
pub struct Tuning {
    mode: Mode,
    cache: Cache,
    /// Sentences that the user has not been told.
    warnings: Vec<String>,
    /// What is still to be searched for, the next one last.
    waiting: Vec<Waiting>,
    search: Option<Search>,
    /// The hash of the shaders of each target of the run.
    targets: BTreeMap<Target, String>,
    /// Searches that have ended in this run.
    found: Vec<Tuned>,
    start: Instant,
    spent: Duration,
    /// The longest step of a search so far.
    longest: Duration,
}

impl Tuning {
    /// The tuning of a run that begins now on an adapter, with what is known in `folder` about it.
    #[must_use]
    pub fn new(mode: Mode, adapter: Adapter, folder: Option<&Path>) -> Self {
        let folder = folder.filter(|_| mode != Mode::Off);
        let (cache, warning) = Cache::open(folder, adapter);
        Self {
            mode,
            cache,
            warnings: warning.into_iter().collect(),
            waiting: Vec::new(),
            search: None,
            targets: BTreeMap::new(),
            found: Vec::new(),
            start: Instant::now(),
            spent: Duration::ZERO,
            longest: FIRST_STEP,
        }
    }

    /// Looks up what the cache knows about a program's dispatches, and notes what is to be searched for:
    /// those of the passes of a step, or all of them in full. In full that is done at once, and `tell` is
    /// told the target at hand and how many wait.
    ///
    /// # Errors
    /// When a shader cannot be read, or, in full, a search fails.
    pub fn begin(
        &mut self,
        backend: &mut dyn Backend,
        (program, step): (&Program, &[PassId]),
        tell: &mut dyn FnMut(&Target, usize),
    ) -> Result<()> {
        let Some(backend) = backend.gpu().filter(|_| self.mode != Mode::Off) else {
            return Ok(());
        };
        self.look_up(backend, program, step)?;
        while self.mode == Mode::Full && self.is_busy() {
            self.search
                .iter()
                .for_each(|search| tell(&search.subject().target, self.waiting.len()));
            self.step(backend)?;
        }
        backend.use_settings(self.settings());
        Ok(())
    }

    /// Notes the targets of a program: those that the cache knows, and those that are to be searched for.
    fn look_up(&mut self, backend: &GpuBackend, program: &Program, step: &[PassId]) -> Result<()> {
        let mut new: BTreeMap<Target, (Subject, String, usize)> = BTreeMap::new();
        for (place, pass) in program.passes.iter().enumerate() {
            let searched = self.mode == Mode::Full || step.contains(&PassId(place));
            for dispatch in &pass.dispatches {
                let Subject { kernel, activation, target, .. } = Subject::of(dispatch);
                if backend.selection().library().is_own(kernel)
                    || self.targets.contains_key(&target)
                {
                    continue;
                }
                let hash = backend.selection().library().fingerprint(kernel, activation)?;
                if self.cached(backend, dispatch, &hash) {
                    self.targets.insert(target, hash);
                } else if searched {
                    new.entry(target).or_insert((Subject::of(dispatch), hash, 0)).2 += 1;
                }
            }
        }
        for (target, (subject, hash, count)) in new {
            let default = backend.selection().choice(subject.kernel, &subject.sizes()?)?.setting;
            let full = self.mode == Mode::Full;
            if Candidates::of(backend, subject.kernel, &default, full)?.0.is_empty() {
                continue;
            }
            self.targets.insert(target, hash);
            let work = count * subject.work()?;
            let library = backend.selection().library();
            let shader = library.set_shader(subject.kernel, &default, subject.activation)?;
            let has_tunables = !shader.tunables.is_empty();
            self.waiting.push(Waiting { subject, has_tunables, work });
        }
        self.waiting.sort_by_key(|one| (one.has_tunables, one.work));
        Ok(())
    }

    /// Whether the cache knows enough about a dispatch, and what it knows can be run.
    fn cached(&self, backend: &GpuBackend, dispatch: &Dispatch, hash: &str) -> bool {
        let Dispatch { kernel, activation, sizes, .. } = dispatch;
        let target = Target::of(&kernel.contract, *activation, sizes);
        let Some(entry) = self.cache.get(&target, hash) else { return false };
        let runs = |timed: &Timed| can_run(backend, kernel, *activation, &timed.setting);
        let enough = self.mode == Mode::Quick || entry.thorough;
        enough && runs(&entry.chosen) && entry.other_bits.as_ref().is_none_or(runs)
    }

    fn is_busy(&self) -> bool {
        self.search.is_some() || !self.waiting.is_empty()
    }

    /// Searches as long as the budget allows, and gives what was found to the backend and to a session of
    /// `program`. To be called between stretches of steps, when nothing is on its way on the device.
    ///
    /// # Errors
    /// When a candidate does not end: the device hangs.
    pub fn between(
        &mut self,
        backend: &mut dyn Backend,
        program: &Program,
        session: &mut dyn Session,
    ) -> Result<()> {
        let changed = self.go_on(backend)?;
        let backend = backend.gpu().filter(|_| changed);
        backend.map_or(Ok(()), |backend| session.swap_pipelines(backend.lower(program)?))
    }

    /// The same without a session: what was found is for programs that are loaded later. Whether anything
    /// was.
    ///
    /// # Errors
    /// As [`Tuning::between`].
    pub fn go_on(&mut self, backend: &mut dyn Backend) -> Result<bool> {
        let Some(backend) = backend.gpu().filter(|_| self.mode == Mode::Quick) else {
            return Ok(false);
        };
        let before = self.found.len();
        while self.is_busy() && self.spent + self.longest <= self.budget() {
            self.step(backend)?;
        }
        if self.found.len() == before {
            return Ok(false);
        }
        let settings = self.settings();
        let changed = settings != *backend.selection().settings();
        backend.use_settings(settings);
        Ok(changed)
    }

    /// What was spent so far, and the longest step of it, or what a first one may take.
    #[must_use]
    pub fn spent(&self) -> [Duration; 2] {
        [self.spent, self.longest]
    }

    /// What may be spent so far.
    fn budget(&self) -> Duration {
        MOST.min(self.start.elapsed().mul_f64(SHARE))
    }

    /// Goes on by one measurement.
    fn step(&mut self, backend: &GpuBackend) -> Result<()> {
        let start = Instant::now();
        let stepped = self.try_step(backend);
        let took = start.elapsed();
        self.spent += took;
        self.longest = self.longest.max(took);
        match stepped {
            Err(error) if self.mode == Mode::Full || matches!(error, Error::Stuck(_)) => Err(error),
            // What a run needs of the device it will find out by itself.
            Err(error) => {
                self.search = None;
                self.warnings.push(format!("tuning: {error}"));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn try_step(&mut self, backend: &GpuBackend) -> Result<()> {
        let Some(search) = &mut self.search else {
            if let Some(Waiting { subject, .. }) = self.waiting.pop() {
                let earlier = self.earlier(backend, &subject).cloned();
                let search = Search::new(backend, subject, self.mode == Mode::Full)?;
                self.search = Some(match earlier {
                    Some(earlier) => search.resumed(&earlier),
                    None => search,
                });
            }
            return Ok(());
        };
        match search.step()? {
            Step::More => return Ok(()),
            Step::DefaultWrong(complaints) => {
                let target = &search.subject().target;
                self.warnings.push(format!("tuning: {target}: {}", complaints.join("; ")));
            }
            Step::Done(tuned) => {
                let hash = self.targets.get(&tuned.target).cloned().unwrap_or_default();
                self.cache.put(Entry::new(&tuned, hash));
                self.found.push(*tuned);
            }
        }
        self.search = None;
        Ok(())
    }

    /// What an earlier run has begun of a search, and what it knows can be run.
    fn earlier(&self, backend: &GpuBackend, subject: &Subject) -> Option<&Unfinished> {
        let hash = self.targets.get(&subject.target)?;
        let earlier = self.cache.unfinished(&subject.target, hash)?;
        let runs = can_run(backend, subject.kernel, subject.activation, &earlier.best);
        (runs && self.mode == Mode::Quick).then_some(earlier)
    }

    /// The settings of the run's targets that are better than the defaults.
    fn settings(&self) -> Settings {
        let entries =
            self.entries().map(|entry| (&entry.target, &entry.default, self.taken(entry)));
        let better = entries.filter(|(_, default, taken)| taken.setting != default.setting);
        better.map(|(target, _, taken)| (target.clone(), taken.setting.clone())).collect()
    }

    /// What is known about the run's targets.
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.targets.iter().filter_map(|(target, hash)| self.cache.get(target, hash))
    }

    /// What a run takes of an entry.
    fn taken<'a>(&self, entry: &'a Entry) -> &'a Timed {
        let other = entry.other_bits.as_ref().filter(|_| self.mode == Mode::Full);
        other.unwrap_or(&entry.chosen)
    }

    /// Keeps what was found, and tells what was not told: warnings, and one line about what tuning did.
    pub fn finish(&mut self) -> Vec<String> {
        if let Some(search) = self.search.take() {
            let target = &search.subject().target;
            let (hash, unfinished) = (self.targets.get(target), search.unfinished());
            if let Some((hash, unfinished)) = hash.zip(unfinished) {
                self.cache.put_unfinished(target, hash, unfinished);
            }
        }
        self.warnings.extend(self.cache.save());
        let warnings = self.warnings.drain(..).map(|line| format!("warning: {line}"));
        let mut lines: Vec<_> = warnings.collect();
        if !self.targets.is_empty() {
            lines.push(self.line());
        }
        lines
    }

    fn line(&self) -> String {
        let known: Vec<_> = self.entries().collect();
        let gain = |entry: &Entry| entry.default.time.median / self.taken(entry).time.median;
        let mut faster = known.clone();
        faster.retain(|entry| self.taken(entry).setting != entry.default.setting);
        let best = faster.iter().max_by(|a, b| gain(a).total_cmp(&gain(b))).map(|entry| {
            let setting = &self.taken(entry).setting;
            format!(", at best {:.2} times as fast ({}: {setting})", gain(entry), entry.target)
        });
        format!(
            "tuning: {} of {} shapes of kernels have a setting faster than the default{}; {} tuned in \
             this run, in {:.1} s, {} left for the next",
            faster.len(),
            known.len(),
            best.unwrap_or_default(),
            self.found.len(),
            self.spent.as_secs_f64(),
            self.targets.len() - known.len()
        )
    }
}

/// Whether an adapter can run a setting, which may come from a file that someone has changed.
fn can_run(
    backend: &GpuBackend,
    kernel: &'static Kernel,
    activation: Activation,
    setting: &Setting,
) -> bool {
    let shader = backend.selection().library().set_shader(kernel, setting, activation);
    shader.is_ok_and(|shader| backend.selection().capabilities().lacks(&shader).is_none())
}

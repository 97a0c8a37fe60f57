//! The search for one target: candidate after candidate, validated and then timed.

use super::candidates::Candidates;
use super::validation::{Validation, Validity};
use super::{MARGIN, Tally, Timed, Tuned};
use crate::backend::Session;
use crate::backend::gpu::GpuBackend;
use crate::backend::measure::{Fitting, Spread, fitting};
use crate::error::{Error, Result};
use crate::isolated::IsolatedDispatch;
use crate::kernels::activation::Activation;
use crate::kernels::cases::Case;
use crate::kernels::contract::Sizes;
use crate::kernels::kernel::Kernel;
use crate::kernels::setting::{Setting, Target};
use crate::program::{Dispatch, PassId};

/// The shortest time of a sample, in seconds.
const SAMPLE: f64 = 2e-3;

/// Samples of each setting when two are timed in turn.
const TURNS: usize = 5;

/// How many times as long as the best a candidate's first sample may take for more to be worthwhile.
const FAR_BEHIND: f64 = 2.0;

/// The only pass of the program that is timed.
const PASS: PassId = PassId(0);

/// The subject of a search: a kernel with an activation, at the sizes of some dispatch of its class.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// The activation that is composed in, if the kernel has one.
    pub activation: Activation,
    /// The target that it represents.
    pub target: Target,
    case: Case,
}

impl Subject {
    /// A kernel at these sizes, with parameters at their defaults.
    #[must_use]
    pub fn new(kernel: &'static Kernel, activation: Activation, sizes: &Sizes) -> Self {
        let case = kernel.case(sizes, activation);
        Self { kernel, activation, target: Target::of(&kernel.contract, activation, sizes), case }
    }

    /// The sizes of the dispatch.
    fn sizes(&self) -> Result<Sizes> {
        self.case.sizes(&self.kernel.contract)
    }

    /// A dispatch of a program.
    #[must_use]
    pub fn of(dispatch: &Dispatch) -> Self {
        let Dispatch { kernel, activation, sizes, parameters, .. } = dispatch;
        let mut subject = Self::new(kernel, *activation, sizes);
        let names = kernel.contract.parameters.iter().map(|known| known.name);
        subject.case.parameters = names.zip(parameters.iter().copied()).collect();
        subject
    }
}

/// What is timed: a dispatch at its own sizes, whose pipeline is swapped while its memory stays.
struct Timer {
    kernel: &'static Kernel,
    isolated: IsolatedDispatch,
    session: Box<dyn Session>,
}

impl Timer {
    fn new(backend: &mut GpuBackend, subject: &Subject) -> Result<Self> {
        let Subject { kernel, case, .. } = subject;
        let sizes = case.sizes(&kernel.contract)?;
        let shapes: Vec<_> = kernel.contract.operands.iter().map(|one| sizes.shape(one)).collect();
        let isolated = IsolatedDispatch::new(kernel, case, &shapes)?;
        let session = isolated.load(backend, &case.inputs(&kernel.contract)?)?;
        Ok(Self { kernel, isolated, session })
    }

    /// Gives the dispatch a setting.
    fn set(&mut self, backend: &mut GpuBackend, setting: &Setting) -> Result<()> {
        backend.choose_setting(self.kernel, setting)?;
        self.session.swap_pipelines(backend.lower(self.isolated.program())?)
    }

    /// How many rounds a sample of a setting has.
    fn fitting(&mut self, backend: &mut GpuBackend, setting: &Setting) -> Result<Fitting> {
        self.set(backend, setting)?;
        fitting(self.session.as_mut(), &[PASS], SAMPLE)
    }

    /// Samples of the two settings, in turn; only one of each if the second is far behind.
    fn compare_timings(
        &mut self,
        backend: &mut GpuBackend,
        settings: [&Setting; 2],
    ) -> Result<[Spread; 2]> {
        let [first, second] = settings;
        let fits = [self.fitting(backend, first)?, self.fitting(backend, second)?];
        if fits[1].seconds > FAR_BEHIND * fits[0].seconds {
            return Ok(fits.map(|fit| Spread::of(vec![fit.seconds])));
        }
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..TURNS {
            for ((setting, fit), samples) in settings.iter().zip(&fits).zip(&mut samples) {
                self.set(backend, setting)?;
                let timing = self.session.time(&[PASS], fit.rounds)?;
                samples.push(timing.seconds / fit.rounds as f64);
            }
        }
        Ok(samples.map(Spread::of))
    }
}

/// Whether the second of two settings wins: by the margin, and by more than the spread of the first one's samples.
fn wins([first, second]: [Spread; 2]) -> bool {
    second.median < (1.0 - MARGIN) * first.median && second.median < first.min
}

/// The outcome of a search.
#[derive(Debug)]
pub enum Searched {
    /// The fastest settings, which may be the default.
    Tuned(Box<Tuned>),
    /// The default is wrong; the sentences say how. Nothing else was tried.
    DefaultWrong(Vec<String>),
}

/// Searches for the fastest setting of a kernel, on a fork of `backend`.
///
/// # Errors
/// When the kernel's shaders cannot be read, or the adapter can run none; when the device is lost, refuses the
/// default, or does not finish a candidate.
pub fn search(backend: &GpuBackend, subject: &Subject) -> Result<Searched> {
    let Subject { kernel, case, .. } = subject;
    let default = backend.selection().choice(kernel, &subject.sizes()?)?.setting;
    let (candidates, not_runnable) = Candidates::of(backend.selection(), kernel, &default)?;
    let mut trials = backend.fork();
    trials.choose_setting(kernel, &default)?;
    let validation = Validation::new(&mut trials, kernel, case)?;
    if !validation.complaints.is_empty() {
        return Ok(Searched::DefaultWrong(validation.complaints));
    }
    let timer = Timer::new(&mut trials, subject)?;
    let mut search = Search {
        subject,
        trials,
        validation,
        timer,
        tally: Tally { not_runnable, ..Tally::default() },
        best: default.clone(),
        best_other: None,
        timed: Vec::new(),
    };
    search.try_all(candidates)?;
    search.conclude(default).map(|tuned| Searched::Tuned(Box::new(tuned)))
}

/// A search in progress.
struct Search<'a> {
    subject: &'a Subject,
    /// A fork of the backend that is tuned.
    trials: GpuBackend,
    validation: Validation,
    timer: Timer,
    tally: Tally,
    /// The best with the default's bits.
    best: Setting,
    /// The best that rounds differently, if it is faster than all with the default's bits so far.
    best_other: Option<Setting>,
    /// What was timed, with its median in seconds.
    timed: Vec<(Setting, f64)>,
}

impl Search<'_> {
    /// Validates each candidate, and times those that are right against the best so far of their kind.
    fn try_all(&mut self, mut candidates: Candidates) -> Result<()> {
        while let Some(candidate) = candidates.next(|variant| self.fastest(variant)) {
            self.tally.tried += 1;
            match self.validate(&candidate) {
                Ok(Validity::BitIdentical) => {
                    if self.beats(&candidate, &self.best.clone())? {
                        self.best = candidate;
                    }
                }
                Ok(Validity::WithinTolerance) => {
                    self.tally.other_bits += 1;
                    let best = self.best_other.clone().unwrap_or_else(|| self.best.clone());
                    if self.beats(&candidate, &best)? {
                        self.best_other = Some(candidate);
                    }
                }
                Ok(Validity::Wrong(complaints)) => self.tally.wrong.push((candidate, complaints)),
                // A device that hangs runs nothing else.
                Err(error @ Error::Stuck(_)) => return Err(error),
                Err(error) => self.tally.not_runnable.push((candidate, error.to_string())),
            }
        }
        Ok(())
    }

    /// The fastest setting of a variant so far.
    fn fastest(&self, variant: &str) -> Option<Setting> {
        let of_it = self.timed.iter().filter(|(setting, _)| setting.variant == variant);
        of_it.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(setting, _)| setting.clone())
    }

    fn validate(&mut self, candidate: &Setting) -> Result<Validity> {
        let Subject { kernel, .. } = self.subject;
        // The sizes of the validation may be smaller than those that are timed.
        let misfit = self.trials.selection().misfit(kernel, candidate, &self.subject.sizes()?)?;
        misfit.map_or(Ok(()), |misfit| Err(Error::Shape(misfit)))?;
        self.trials.choose_setting(kernel, candidate)?;
        self.validation.validate(&mut self.trials)
    }

    /// Times a candidate against the best so far, and records what was timed.
    fn beats(&mut self, candidate: &Setting, best: &Setting) -> Result<bool> {
        let times = self.timer.compare_timings(&mut self.trials, [best, candidate])?;
        // The setting that a search begins with is timed along with its first candidate.
        if self.timed.is_empty() {
            self.timed.push((best.clone(), times[0].median));
        }
        self.timed.push((candidate.clone(), times[1].median));
        Ok(wins(times))
    }

    /// Times the winners against the default once more: what won by luck loses here.
    fn conclude(mut self, default: Setting) -> Result<Tuned> {
        let times = self.timer.compare_timings(&mut self.trials, [&default, &self.best])?;
        let default = Timed { setting: default, time: times[0] };
        let mut chosen = default.clone();
        if wins(times) {
            chosen = Timed { setting: self.best, time: times[1] };
        }
        let mut other_bits = None;
        if let Some(other) = self.best_other {
            let times = self.timer.compare_timings(&mut self.trials, [&chosen.setting, &other])?;
            other_bits = wins(times).then(|| Timed { setting: other, time: times[1] });
        }
        Ok(Tuned {
            target: self.subject.target.clone(),
            kernel: self.subject.kernel,
            activation: self.subject.activation,
            default,
            chosen,
            other_bits,
            candidates: self.tally,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_wins_by_the_margin_and_by_more_than_the_spread() {
        let spread = |min, median, max| Spread { median, min, max };
        let first = spread(0.98, 1.0, 1.1);
        assert!(wins([first, spread(0.8, 0.9, 2.0)]));
        assert!(!wins([first, spread(0.5, 0.96, 1.0)]));
        assert!(!wins([spread(0.85, 1.0, 1.1), spread(0.8, 0.9, 0.95)]));
        assert!(!wins([first, spread(f64::NAN, f64::NAN, f64::NAN)]));
    }
}

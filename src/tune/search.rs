//! The search for one target: candidate after candidate, examined and then timed. It goes on in small
//! steps, so that a training can have the device between them.

use super::candidates::Candidates;
use super::exam::{Exam, Mark};
use super::{MARGIN, Tally, Timed, Tuned, Unfinished};
use crate::backend::Session;
use crate::backend::gpu::GpuBackend;
use crate::backend::measure::{Fitting, Spread, fitting};
use crate::check;
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::cases::Case;
use crate::kernels::contract::Sizes;
use crate::kernels::kernel::Kernel;
use crate::kernels::setting::{Setting, Target};
use crate::program::{Dispatch, PassId};
use crate::single::Single;

/// Seconds that a sample lasts at least.
const SAMPLE: f64 = 2e-3;

/// Samples of each of two settings that are timed in turn.
const TURNS: usize = 5;

/// How many times as long as the best a candidate may take for a first sample to be worth more.
const FAR_BEHIND: f64 = 2.0;

/// Multiplications that a device does in the time of reading or writing an element, about.
const MULTIPLICATIONS: usize = 8;

/// The only pass of the program that is timed.
const PASS: PassId = PassId(0);

/// What a search is for: a kernel with an activation, at the sizes of some dispatch of its class.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// The activation that is composed in, where the kernel has one.
    pub activation: Activation,
    /// The target that it stands for.
    pub target: Target,
    case: Case,
}

impl Subject {
    /// Sizes of a kernel, with parameters at their defaults.
    #[must_use]
    pub fn new(kernel: &'static Kernel, activation: Activation, sizes: &Sizes) -> Self {
        let case = kernel.case(sizes, activation);
        Self { kernel, activation, target: Target::of(&kernel.contract, activation, sizes), case }
    }

    /// What a dispatch has to do, about: elements to read or write, and the multiplications of a product,
    /// of which a device does many in the time of an element.
    pub(super) fn work(&self) -> Result<usize> {
        let sizes = self.sizes()?;
        let work = check::work(self.kernel, &sizes) / MULTIPLICATIONS;
        Ok(work.max(check::elements(self.kernel, &sizes)))
    }

    /// The sizes of the dispatch.
    pub(super) fn sizes(&self) -> Result<Sizes> {
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

/// A dispatch at its own sizes whose pipeline is exchanged while its memory stays: what is timed.
struct Timer {
    kernel: &'static Kernel,
    single: Single,
    session: Box<dyn Session>,
}

impl Timer {
    fn new(backend: &mut GpuBackend, subject: &Subject) -> Result<Self> {
        let Subject { kernel, case, .. } = subject;
        let sizes = case.sizes(&kernel.contract)?;
        let shapes: Vec<_> = kernel.contract.operands.iter().map(|one| sizes.shape(one)).collect();
        let single = Single::new(kernel, case, &shapes)?;
        let session = single.load(backend, &case.inputs(&kernel.contract)?)?;
        Ok(Self { kernel, single, session })
    }

    /// Gives the dispatch a setting.
    fn set(&mut self, backend: &mut GpuBackend, setting: &Setting) -> Result<()> {
        backend.choose_setting(self.kernel, setting)?;
        self.session.swap_pipelines(backend.lower(self.single.program())?)
    }

    /// How many rounds a sample of a setting has.
    fn fitting(&mut self, backend: &mut GpuBackend, setting: &Setting) -> Result<Fitting> {
        self.set(backend, setting)?;
        fitting(self.session.as_mut(), &[PASS], SAMPLE)
    }

    /// Samples of the two settings, in turn; only one of each where the second is far behind.
    fn duel(&mut self, backend: &mut GpuBackend, settings: [&Setting; 2]) -> Result<[Spread; 2]> {
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

/// Whether the second of two settings wins: by the margin, and by more than the first one's samples
/// spread.
fn wins([first, second]: [Spread; 2]) -> bool {
    second.median < (1.0 - MARGIN) * first.median && second.median < first.min
}

/// How a search goes on.
enum Stage {
    /// The default is examined.
    Default,
    /// The next candidate is examined.
    Candidate,
    /// A candidate is timed, which has the default's bits or is right without.
    Timing(Setting, bool),
    /// The winners are timed against the default.
    Last,
}

/// A search under way.
pub struct Search {
    subject: Subject,
    /// A fork of the backend that is tuned.
    trials: GpuBackend,
    /// Whether candidates that round differently are timed.
    thorough: bool,
    default: Setting,
    candidates: Candidates,
    tally: Tally,
    stage: Stage,
    exam: Option<Exam>,
    timer: Option<Timer>,
    /// The best with the default's bits.
    best: Setting,
    /// The best that rounds differently, where it is faster than all with the default's bits so far.
    best_other: Option<Setting>,
    /// What was timed, with the seconds of its median.
    timed: Vec<(Setting, f64)>,
}

/// How a step of a search has ended.
pub enum Step {
    /// There is more to do.
    More,
    /// All is found.
    Done(Box<Tuned>),
    /// The default is wrong: sentences about what is. Nothing else was tried.
    DefaultWrong(Vec<String>),
}

impl Search {
    /// Begins a search for a backend; nothing runs yet. Where it is `thorough`, candidates that round
    /// differently are timed, too, and more settings are tried, see [`super`].
    ///
    /// # Errors
    /// When the kernel's shaders cannot be read, or the adapter can run none.
    pub fn new(backend: &GpuBackend, subject: Subject, thorough: bool) -> Result<Self> {
        let default = backend.selection().choice(subject.kernel, &subject.sizes()?)?.setting;
        let (candidates, not_runnable) =
            Candidates::of(backend, subject.kernel, &default, thorough)?;
        Ok(Self {
            subject,
            trials: backend.fork(),
            thorough,
            candidates,
            tally: Tally { not_runnable, ..Tally::default() },
            stage: Stage::Default,
            exam: None,
            timer: None,
            best: default.clone(),
            best_other: None,
            default,
            timed: Vec::new(),
        })
    }

    /// Goes on where an earlier search had to stop.
    #[must_use]
    pub fn resumed(mut self, earlier: &Unfinished) -> Self {
        self.candidates.leave_out(&earlier.tried);
        self.best = earlier.best.clone();
        self
    }

    /// What a later search need not do again; none where all candidates would have to be timed again.
    #[must_use]
    pub fn unfinished(&self) -> Option<Unfinished> {
        let mut tried = self.candidates.given().to_vec();
        if let Stage::Timing(candidate, _) = &self.stage {
            tried.retain(|one| one != candidate);
        }
        let worth = !self.thorough && tried.len() > 1;
        worth.then(|| Unfinished { best: self.best.clone(), tried })
    }

    /// What is searched for.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Goes on by one exam or one measurement.
    ///
    /// # Errors
    /// When the device is lost or refuses the default, or does not end a candidate.
    pub fn step(&mut self) -> Result<Step> {
        match std::mem::replace(&mut self.stage, Stage::Candidate) {
            Stage::Default => return self.examine_default(),
            Stage::Candidate => self.next_candidate()?,
            Stage::Timing(candidate, true) => self.time_alike(candidate)?,
            Stage::Timing(candidate, false) => self.time_other(candidate)?,
            Stage::Last => return self.conclude().map(|tuned| Step::Done(Box::new(tuned))),
        }
        Ok(Step::More)
    }

    fn examine_default(&mut self) -> Result<Step> {
        let Subject { kernel, case, .. } = &self.subject;
        self.trials.choose_setting(kernel, &self.default)?;
        let exam = Exam::new(&mut self.trials, kernel, case, self.thorough)?;
        if !exam.complaints.is_empty() {
            return Ok(Step::DefaultWrong(exam.complaints));
        }
        self.exam = Some(exam);
        Ok(Step::More)
    }

    fn next_candidate(&mut self) -> Result<()> {
        let Self { timed, best, thorough, candidates, .. } = self;
        let best = |variant: &str| {
            let of_it = timed.iter().filter(|(setting, _)| setting.variant == variant);
            let fastest = of_it.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(setting, _)| setting);
            // Among neighbours that are as fast as each other, there is no way to go.
            let best = Some(&*best).filter(|best| !*thorough && best.variant == variant);
            best.or(fastest).cloned()
        };
        let Some(candidate) = candidates.next(best) else {
            self.stage = Stage::Last;
            return Ok(());
        };
        self.tally.tried += 1;
        match self.mark(&candidate) {
            Ok(Mark::Same) => self.stage = Stage::Timing(candidate, true),
            Ok(Mark::Other) => {
                self.tally.other_bits += 1;
                if self.thorough {
                    self.stage = Stage::Timing(candidate, false);
                }
            }
            Ok(Mark::Wrong(complaints)) => self.tally.wrong.push((candidate, complaints)),
            // A device that hangs runs nothing else.
            Err(error @ Error::Stuck(_)) => return Err(error),
            Err(error) => self.tally.not_runnable.push((candidate, error.to_string())),
        }
        Ok(())
    }

    fn mark(&mut self, candidate: &Setting) -> Result<Mark> {
        let unexamined = || Error::Device("the default was not examined".to_owned());
        let exam = self.exam.as_ref().ok_or_else(unexamined)?;
        let Subject { kernel, .. } = self.subject;
        // What is asked may be smaller than what is timed.
        if let Some(misfit) =
            self.trials.selection().misfit(kernel, candidate, &self.subject.sizes()?)?
        {
            return Err(Error::Shape(misfit));
        }
        self.trials.choose_setting(kernel, candidate)?;
        exam.mark(&mut self.trials, self.thorough)
    }

    /// Times a candidate with the default's bits against the best of these.
    fn time_alike(&mut self, candidate: Setting) -> Result<()> {
        if self.beats(&candidate, &self.best.clone())? {
            self.best = candidate;
        }
        Ok(())
    }

    /// Times a candidate that rounds differently against the best so far.
    fn time_other(&mut self, candidate: Setting) -> Result<()> {
        let best = self.best_other.clone().unwrap_or_else(|| self.best.clone());
        if self.beats(&candidate, &best)? {
            self.best_other = Some(candidate);
        }
        Ok(())
    }

    /// Times a candidate against the best so far, and notes what was timed.
    fn beats(&mut self, candidate: &Setting, best: &Setting) -> Result<bool> {
        let times = self.duel([best, candidate])?;
        // What a search begins with is timed with its first candidate.
        if self.timed.is_empty() {
            self.timed.push((best.clone(), times[0].median));
        }
        self.timed.push((candidate.clone(), times[1].median));
        Ok(wins(times))
    }

    /// Seconds of two settings.
    fn duel(&mut self, settings: [&Setting; 2]) -> Result<[Spread; 2]> {
        let timer = match self.timer.take() {
            Some(timer) => timer,
            None => Timer::new(&mut self.trials, &self.subject)?,
        };
        self.timer.insert(timer).duel(&mut self.trials, settings)
    }

    /// Times the winners against the default once more: what won by luck loses here.
    fn conclude(&mut self) -> Result<Tuned> {
        let (first, best) = (self.default.clone(), self.best.clone());
        let times = self.duel([&first, &best])?;
        let default = Timed { setting: first, time: times[0] };
        let mut chosen = default.clone();
        if wins(times) {
            chosen = Timed { setting: best, time: times[1] };
        }
        let mut other_bits = None;
        if let Some(other) = self.best_other.take() {
            let times = self.duel([&chosen.setting, &other])?;
            other_bits = wins(times).then(|| Timed { setting: other, time: times[1] });
        }
        Ok(Tuned {
            target: self.subject.target.clone(),
            kernel: self.subject.kernel,
            activation: self.subject.activation,
            default,
            chosen,
            other_bits,
            thorough: self.thorough,
            candidates: std::mem::take(&mut self.tally),
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

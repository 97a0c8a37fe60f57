//! What was submitted and has not ended, as far as is known, and waiting for it: never for ever.

use super::device::Gpu;
use super::pipelines::Pipeline;
use crate::error::{Error, Result};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// One submit of a session.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    index: wgpu::SubmissionIndex,
    /// Its place in the session's order.
    number: u64,
    /// What it runs; nothing where it only copies.
    pipelines: Vec<Rc<Pipeline>>,
}

/// The submits of a session that may not have ended yet, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Submissions {
    unfinished: RefCell<VecDeque<Submission>>,
    count: Cell<u64>,
}

impl Submissions {
    /// Submits commands; `pipelines` are those that they run.
    ///
    /// # Errors
    /// As [`Submissions::wait`], on a device that is submitted to only when it is idle.
    pub(super) fn submit(
        &self,
        gpu: &Gpu,
        commands: wgpu::CommandBuffer,
        pipelines: Vec<Rc<Pipeline>>,
    ) -> Result<Submission> {
        if gpu.only_when_idle {
            let last = self.unfinished.borrow().back().cloned();
            last.map_or(Ok(()), |last| self.wait(gpu, &last))?;
        }
        let index = gpu.queue.submit([commands]);
        let number = self.count.get();
        self.count.set(number + 1);
        let submission = Submission { index, number, pipelines };
        self.unfinished.borrow_mut().push_back(submission.clone());
        Ok(submission)
    }

    /// Waits until a submit has ended. Each submit before it, and itself, may take as long as the
    /// time cap.
    ///
    /// # Errors
    /// [`Error::Stuck`] when one takes longer, [`Error::Device`] when the device is lost.
    pub(super) fn wait(&self, gpu: &Gpu, submission: &Submission) -> Result<()> {
        while !ended(gpu, submission, gpu.time_cap)? {
            // The time is each submit's own: where one has ended meanwhile, the next one's begins.
            if !self.advance(gpu)? {
                return Err(self.give_up(gpu));
            }
        }
        self.unfinished.borrow_mut().retain(|other| other.number > submission.number);
        Ok(())
    }

    /// Forgets the submits that have ended; whether there were any.
    fn advance(&self, gpu: &Gpu) -> Result<bool> {
        let mut unfinished = self.unfinished.borrow_mut();
        let before = unfinished.len();
        while let Some(oldest) = unfinished.front()
            && ended(gpu, oldest, Duration::ZERO)?
        {
            unfinished.pop_front();
        }
        Ok(unfinished.len() < before)
    }

    /// The sentence about the oldest submit, which does not end.
    fn give_up(&self, gpu: &Gpu) -> Error {
        gpu.abandon();
        let unfinished = self.unfinished.borrow();
        let pipelines = unfinished.iter().take(1).flat_map(|oldest| &oldest.pipelines);
        let names: BTreeSet<_> = pipelines.map(|one| one.label.clone()).collect();
        let names = Vec::from_iter(names);
        let cap = gpu.time_cap.as_secs_f64();
        Error::Stuck(match &names[..] {
            [name] => format!(
                "{name} did not end within {cap} s: it probably has a loop that never ends. Look at \
                 where its loops end; --time-cap SECONDS gives a slow shader longer"
            ),
            [] => format!("a copy on the device did not end within {cap} s: the device hangs"),
            names => format!(
                "one of {} did not end within {cap} s: it probably has a loop that never ends. \
                 `normlab check` with the same shaders tells which; --time-cap SECONDS gives slow \
                 shaders longer",
                names.join(", ")
            ),
        })
    }
}

/// Whether a submit ends within `timeout`.
fn ended(gpu: &Gpu, submission: &Submission, timeout: Duration) -> Result<bool> {
    let submission_index = Some(submission.index.clone());
    let poll = wgpu::PollType::Wait { submission_index, timeout: Some(timeout) };
    let waited = gpu.device.poll(poll);
    gpu.errors.take_error()?;
    match waited {
        Ok(_) => Ok(true),
        Err(wgpu::PollError::Timeout) => Ok(false),
        Err(error) => Err(Error::Device(format!("waiting for the device failed: {error}"))),
    }
}

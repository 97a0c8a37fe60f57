//! Submits that may not have finished yet, and waiting for them, never longer than the time cap.

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
    /// Its position in the session's order.
    number: u64,
    /// What it runs; empty where it only copies.
    pipelines: Vec<Rc<Pipeline>>,
}

/// The submits of a session that may not have finished yet, oldest first.
#[derive(Debug, Default)]
pub(super) struct Submissions {
    unfinished: RefCell<VecDeque<Submission>>,
    count: Cell<u64>,
}

impl Submissions {
    /// Submits commands; `pipelines` are those that they run.
    ///
    /// # Errors
    /// Those of [`Submissions::wait`], on a device that takes a submit only when it is idle.
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

    /// Waits until a submit has finished. It and each submit before it may take as long as the time cap.
    ///
    /// # Errors
    /// [`Error::Stuck`] when one takes longer, [`Error::Device`] when the device is lost.
    pub(super) fn wait(&self, gpu: &Gpu, submission: &Submission) -> Result<()> {
        while !ended(gpu, submission, gpu.time_cap)? {
            // Each submit has its own time: once one has finished, the next one's begins.
            if !self.advance(gpu)? {
                return Err(self.give_up(gpu));
            }
        }
        self.unfinished.borrow_mut().retain(|other| other.number > submission.number);
        Ok(())
    }

    /// Forgets the submits that have finished and returns whether there were any.
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

    /// The error for the oldest submit, which does not finish.
    fn give_up(&self, gpu: &Gpu) -> Error {
        gpu.abandon();
        let unfinished = self.unfinished.borrow();
        let pipelines = unfinished.iter().take(1).flat_map(|oldest| &oldest.pipelines);
        let names: BTreeSet<_> = pipelines.map(|one| one.label.clone()).collect();
        let names = Vec::from_iter(names);
        let cap = gpu.time_cap.as_secs_f64();
        Error::Stuck(match &names[..] {
            [name] => format!(
                "{name} did not finish within {cap} s: it probably has a loop that never ends. Check its \
                 loop conditions; if it is only slow, allow more time with --time-cap SECONDS"
            ),
            [] => format!("a copy on the device did not finish within {cap} s: the device hangs"),
            names => format!(
                "one of {} did not finish within {cap} s: it probably has a loop that never ends. \
                 `normlab check` with the same shaders shows which; if they are only slow, allow more \
                 time with --time-cap SECONDS",
                names.join(", ")
            ),
        })
    }
}

/// Whether a submit finishes within `timeout`.
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

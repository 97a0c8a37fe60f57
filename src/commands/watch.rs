//! `normlab watch`: judges the shaders of one kernel, and judges them again whenever they are saved.

use super::arguments::{DeviceArguments, ShaderArguments};
use super::judge::{self, Process, Written};
use super::opening::of_adapters;
use super::output::{Status, print};
use crate::backend::gpu::adapters::Candidate;
use crate::bench::Spread;
use crate::bench::shape::BenchShape;
use crate::error::{Error, Result};
use crate::interrupt;
use crate::kernels;
use crate::kernels::kernel::Kernel;
use crate::kernels::library::Library;
use crate::report::watch::{self as words, Judged};
use crate::watch::Watch;
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// The folder of the shaders in a checkout of this project.
const CHECKOUT: &str = "shaders";

/// How much longer than the time cap of one submit a whole judgement may take.
const GRACE: Duration = Duration::from_secs(30);

/// How often to check whether the user wants to stop.
const LOOK_UP: Duration = Duration::from_millis(100);

/// Arguments of `normlab watch`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The kernel whose shaders to watch.
    #[arg(value_name = "KERNEL")]
    kernel: String,
    #[command(flatten)]
    shaders: ShaderArguments,
    /// The sizes to time it at: MxKxN for products, ROWSxCOLS for other kernels.
    ///
    /// By default, those of the lesson's first layer.
    #[arg(long, value_name = "SHAPE")]
    shape: Option<BenchShape>,
    #[command(flatten)]
    device: DeviceArguments,
}

/// What wakes the watch.
enum Event {
    /// Something on disk may have changed.
    Changed,
    /// The judging process with this number has finished writing.
    Ended(u64, Written),
    /// The user wants to stop.
    Stop,
}

/// Watches until the user stops it.
pub(super) fn watch(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let kernel = kernels::find(&arguments.kernel)?;
    arguments.shape.map_or(Ok(()), |shape| shape.case(kernel).map(|_| ()))?;
    let shaders = arguments.shaders.clone().or_folder(checkout(kernel));
    let library = shaders.library()?;
    let places = library.places();
    let watching = WatchLoop::new(kernel, arguments, &shaders, library)?;
    let best = |found: Vec<Candidate>| Ok(found.first().map(Candidate::describe));
    let adapter = of_adapters(&arguments.device.device, judge::PURPOSE, best)?;
    print(out, &format!("device: {} ({})", adapter.adapter, adapter.backend))?;
    let (sender, events) = channel();
    let changed = sender.clone();
    let _watch = Watch::new(&places, move || tell(&changed, Event::Changed))?;
    interrupt::listen()?;
    watching.run(&sender, &events, out)
}

/// Wakes the watch, unless it has ended.
fn tell(sender: &Sender<Event>, event: Event) {
    let _ = sender.send(event);
}

/// The folder of a checkout's shaders, if this is a checkout.
fn checkout(kernel: &Kernel) -> Option<PathBuf> {
    Path::new(CHECKOUT).join(kernel.name()).is_dir().then(|| PathBuf::from(CHECKOUT))
}

/// A watched variant.
#[derive(Default)]
struct Watched {
    /// The file's content when it was last read; none if the file is gone.
    text: Option<Vec<u8>>,
    /// How long the last good version takes.
    good: Option<Spread>,
}

/// A judgement in progress.
struct Running {
    variant: String,
    number: u64,
    process: Process,
    deadline: Instant,
}

/// The variants of a kernel, and the one being judged.
struct WatchLoop {
    kernel: &'static Kernel,
    library: Library,
    program: PathBuf,
    /// The arguments of `judge`, except for the variant.
    arguments: Vec<String>,
    longest: Duration,
    variants: BTreeMap<String, Watched>,
    waiting: BTreeSet<String>,
    running: Option<Running>,
    started: u64,
}

impl WatchLoop {
    fn new(
        kernel: &'static Kernel,
        arguments: &Arguments,
        shaders: &ShaderArguments,
        library: Library,
    ) -> Result<Self> {
        let program = std::env::current_exe().map_err(|error| {
            Error::Device(format!("cannot find this program's own file: {error}"))
        })?;
        let mut given = vec!["judge".to_owned(), kernel.name().to_owned()];
        given.extend(arguments.device.flags());
        given.extend(shaders.flags_without_variants());
        given.extend(arguments.shape.iter().map(|shape| format!("--shape={shape}")));
        let watching = Self {
            kernel,
            library,
            program,
            arguments: given,
            longest: arguments.device.time_cap() + GRACE,
            variants: BTreeMap::new(),
            waiting: BTreeSet::new(),
            running: None,
            started: 0,
        };
        match watching.on_disk()?.is_empty() {
            false => Ok(watching),
            true => Err(Error::Config(format!(
                "there is no shader of {} to watch; create a folder of them with `normlab shaders \
                 export DIR` and name it with --shaders DIR, or name a file with --variant \
                 {}=PATH.wgsl",
                kernel.name(),
                kernel.name()
            ))),
        }
    }

    /// The contents of the user's files for the kernel, by variant: of the one that was chosen, or of all.
    fn on_disk(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let variants = match self.library.chosen(self.kernel) {
            Some(chosen) => vec![chosen],
            None => self.library.variants(self.kernel)?,
        };
        let text = |name: String| Some((self.library.own_text(self.kernel, &name)?, name));
        Ok(variants.into_iter().filter_map(text).map(|(text, name)| (name, text)).collect())
    }

    /// Judges all variants, and then those that change.
    fn run(
        mut self,
        sender: &Sender<Event>,
        events: &Receiver<Event>,
        out: &mut dyn Write,
    ) -> anyhow::Result<Status> {
        self.rescan(out)?;
        loop {
            self.start_next(sender)?;
            match self.next(events) {
                Some(Event::Changed) => self.rescan(out)?,
                Some(Event::Ended(number, written)) => {
                    if let Some(running) = self.running.take_if(|one| one.number == number) {
                        let judged = running.process.verdict(&written);
                        self.note(&running.variant, &judged, out)?;
                    }
                }
                Some(Event::Stop) => break,
                None => self.give_up(out)?,
            }
        }
        print(out, &self.conclusion())?;
        Ok(Status::Good)
    }

    /// The next event; none when a judgement has taken too long.
    fn next(&self, events: &Receiver<Event>) -> Option<Event> {
        while !interrupt::is_requested() {
            let deadline = self.running.as_ref().map(|running| running.deadline);
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            match events.recv_timeout(left.unwrap_or(LOOK_UP).min(LOOK_UP)) {
                Ok(event) => return Some(event),
                Err(RecvTimeoutError::Timeout) if left.is_some_and(|left| left.is_zero()) => {
                    return None;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Some(Event::Stop)
    }

    /// Finds out what has changed. A variant that changes while it is judged is judged again.
    fn rescan(&mut self, out: &mut dyn Write) -> Result<()> {
        let mut found = self.on_disk()?;
        for (name, watched) in &mut self.variants {
            let text = found.remove(name);
            if text == watched.text {
                continue;
            }
            self.running.take_if(|running| running.variant == *name);
            if text.is_some() {
                self.waiting.insert(name.clone());
            } else {
                self.waiting.remove(name);
                let gone = "its file is gone; it will be judged again when it is back";
                print(out, &line(self.kernel, name, gone))?;
            }
            watched.text = text;
        }
        for (name, text) in found {
            self.waiting.insert(name.clone());
            self.variants.insert(name, Watched { text: Some(text), good: None });
        }
        Ok(())
    }

    /// Starts the next judgement, if none runs and one is due.
    fn start_next(&mut self, sender: &Sender<Event>) -> Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let Some(variant) = self.waiting.pop_first() else { return Ok(()) };
        self.started += 1;
        let (number, sender) = (self.started, sender.clone());
        let mut command = Command::new(&self.program);
        let choice = format!("--variant={}={variant}", self.kernel.name());
        let process = Process::start(command.args(&self.arguments).arg(choice), move |written| {
            tell(&sender, Event::Ended(number, written));
        })?;
        let deadline = Instant::now() + self.longest;
        self.running = Some(Running { variant, number, process, deadline });
        Ok(())
    }

    /// Ends a judgement that has taken too long.
    fn give_up(&mut self, out: &mut dyn Write) -> Result<()> {
        let Some(Running { variant, process, .. }) = self.running.take() else { return Ok(()) };
        drop(process);
        let seconds = self.longest.as_secs_f64();
        let why = format!("its judgement took longer than {seconds} s and was stopped");
        self.note(&variant, &Judged::Failed(why), out)
    }

    /// Prints the result of a judgement.
    fn note(&mut self, variant: &str, judged: &Judged, out: &mut dyn Write) -> Result<()> {
        let watched = self.variants.entry(variant.to_owned()).or_default();
        print(out, &line(self.kernel, variant, &words::verdict(judged, watched.good)))?;
        watched.good = judged.time().or(watched.good);
        Ok(())
    }

    /// What the last good versions were.
    fn conclusion(&self) -> String {
        let version = |(name, watched): (&String, &Watched)| match watched.good {
            Some(time) => format!("the last good {name} takes {}", words::duration(time)),
            None => format!("no version of {name} was good"),
        };
        let versions: Vec<_> = self.variants.iter().map(version).collect();
        format!("{}: {}", self.kernel.name(), versions.join(", "))
    }
}

/// A line with the time of day.
fn line(kernel: &Kernel, variant: &str, words: &str) -> String {
    let now = chrono::Local::now().format("%H:%M:%S");
    format!("{now}  {} ({variant})  {words}", kernel.name())
}

//! `checkpoint.safetensors` in the folder of a run: everything that `normlab train --resume` needs.
//!
//! Its tensors are the state of each network, named `<run>/<tensor of the program>`, `[replicas, rows, cols]`; its
//! metadata are `format`, `version`, `state` (a [`CheckpointRecord`] as JSON) and `crc32` of that text and of all
//! tensors in the order of their names. It is written whole: when the run ends, and meanwhile as soon as a killed run
//! would lose ten seconds, or half of what it has done, as long as that takes at most one hundredth of the time.

use super::state::{Carried, TrainingState};
use crate::error::{Error, Result};
use crate::files::{TensorBytes, read_tensors, write_tensors};
use crate::kernels::setting::{Setting, Target};
use crate::record::{Adapter, DataRecord, RunRecord, ShaderChange, ShaderRecord};
use crate::tensor::{Shape, Tensor, Value};
use flate2::Crc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

/// Its name.
pub const FILE: &str = "checkpoint.safetensors";

/// What kind of file it is; the number goes up when its form changes.
const FORMAT: &str = "normlab checkpoint 1";

/// Seconds between two checkpoints, at most. A stretch of steps and the writing come on top.
const EVERY: f64 = 9.0;

/// The share of a run's time between two checkpoints while it is young.
const YOUNG: f64 = 0.5;

/// The reciprocal of the share of the time that checkpoints may take.
const SHARE: f64 = 100.0;

/// Bytes per second, assumed until the first checkpoint was written.
const SLOW: f64 = 250e6;

/// What a checkpoint holds beside tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckpointRecord {
    /// The experiment as TOML.
    pub experiment: String,
    /// What it trains on.
    pub data: DataRecord,
    /// Whether it is a lesson, which trains more than the networks of its experiment.
    pub lesson: bool,
    /// What computes.
    pub adapter: Adapter,
    /// The shaders that its networks run.
    pub shaders: Vec<ShaderRecord>,
    /// The settings that tuning gave them.
    pub settings: Vec<(Target, Setting)>,
    /// Seconds that the run took so far.
    pub elapsed_s: f64,
    /// The networks that have begun, in the order of their training.
    pub networks: Vec<NetworkRecord>,
    /// The bytes of `metrics.jsonl` and of `histograms.jsonl` that belong to this state.
    pub lines: [u64; 2],
}

/// One network of a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NetworkRecord {
    /// Its name.
    pub run: String,
    /// Where its training stands; none where its loss was not finite.
    pub carried: Option<Carried>,
    /// What came out of it, when it has ended.
    pub ended: Option<RunRecord>,
}

/// A checkpoint in memory.
#[derive(Debug)]
pub struct Checkpoint {
    /// What it holds beside tensors.
    pub record: CheckpointRecord,
    tensors: BTreeMap<String, TensorBytes>,
    /// When the run began, or was resumed, less the time that it took before.
    began: Instant,
    /// When the last one was written.
    written: Instant,
    /// When the one began that is being made.
    begun: Option<Instant>,
    bytes_per_second: f64,
}

impl Checkpoint {
    /// The checkpoint of a run that begins.
    #[must_use]
    pub fn new(record: CheckpointRecord) -> Self {
        let now = Instant::now();
        let tensors = BTreeMap::new();
        Self { record, tensors, began: now, written: now, begun: None, bytes_per_second: SLOW }
    }

    /// Reads the checkpoint in the folder of a run.
    ///
    /// # Errors
    /// [`Error::Config`] when there is none, [`Error::Data`] when it is damaged or of another version, [`Error::File`]
    /// when it cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let again = format!(
            "`normlab train {}` trains the networks again from their first step",
            folder.join("experiment.toml").display()
        );
        let damaged =
            |why: &str| Error::Data(format!("{} is damaged: {why}; {again}", path.display()));
        let (tensors, words) = read_tensors(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::Config(format!(
                "{} has no {FILE}: its run ended before the first one, or an older version wrote it; {again}",
                folder.display()
            )),
            ErrorKind::InvalidData => damaged(&error.to_string()),
            _ => Error::file("read", &path, error),
        })?;
        let word = |key: &str| words.get(key).map_or("", String::as_str);
        let (format, version) = (word("format"), word("version"));
        let own = env!("CARGO_PKG_VERSION");
        if format != FORMAT || version != own {
            let by = if version.is_empty() { "something else" } else { version };
            return Err(Error::Data(format!(
                "{} was written by {by}, and this is normlab {own}, whose results may differ; resume it with \
                 the version that wrote it, or {again}",
                path.display()
            )));
        }
        if word("crc32") != crc32(word("state"), &tensors).to_string() {
            return Err(damaged("its checksum is another one"));
        }
        let record = serde_json::from_str(word("state"));
        let record: CheckpointRecord = record.map_err(|error| damaged(&error.to_string()))?;
        let now = Instant::now();
        let before = Duration::try_from_secs_f64(record.elapsed_s).unwrap_or_default();
        let began = now.checked_sub(before).unwrap_or(now);
        Ok(Self { record, tensors, began, written: now, begun: None, bytes_per_second: SLOW })
    }

    /// Whether one is to be written now, with so many bytes of the network in training.
    pub(super) fn is_due(&mut self, bytes: usize) -> bool {
        let since = self.written.elapsed().as_secs_f64();
        let cost = (self.bytes() + bytes) as f64 / self.bytes_per_second;
        let due = since >= EVERY.min(YOUNG * self.elapsed_s()) && since >= SHARE * cost;
        self.begun = due.then(Instant::now);
        due
    }

    /// Whether [`Checkpoint::is_due`] has said so, and none was written since.
    pub(super) fn is_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Takes in where a network stands; `lines` are the bytes of the records that belong to it.
    pub(super) fn put(&mut self, run: &str, state: TrainingState, lines: [u64; 2]) {
        self.record.lines = lines;
        self.network(run).carried = Some(state.carried);
        for (name, value) in state.tensors {
            let Shape { replicas, rows, cols } = value.shape();
            let shape = [replicas, rows, cols];
            let bytes = match &value {
                Value::Real(tensor) => TensorBytes::reals(&shape, &tensor.data),
                Value::Index(tensor) => TensorBytes::indices(&shape, &tensor.data),
            };
            self.tensors.insert(format!("{run}/{name}"), bytes);
        }
    }

    /// Takes in what came out of a network; `lines` as for [`Checkpoint::put`].
    pub(super) fn end(&mut self, record: RunRecord, lines: [u64; 2]) {
        self.record.lines = lines;
        let (run, failed) = (record.name.clone(), record.failure.is_some());
        let network = self.network(&run);
        network.ended = Some(record);
        if failed {
            // Nothing goes on from a loss that is not finite.
            network.carried = None;
            self.tensors.retain(|name, _| !is_of(name, &run));
        }
    }

    /// Takes in shaders that were taken in the middle of a training.
    pub(super) fn take_shaders(&mut self, changes: &[ShaderChange]) {
        let all = &mut self.record.shaders;
        for ShaderChange { shader, .. } in changes {
            let key = |one: &ShaderRecord| (one.kernel.clone(), one.activation.clone());
            all.retain(|one| key(one) != key(shader) || one.shapes != shader.shapes);
            all.push(shader.clone());
        }
        all.sort();
    }

    /// The checkpoint of the same run, as it goes on: with the experiment, the device and the shaders of `now`. Where
    /// that experiment has other steps, networks that have ended train on, but for those whose loss was not finite.
    #[must_use]
    pub fn continued(mut self, now: CheckpointRecord) -> Self {
        let CheckpointRecord { elapsed_s, mut networks, lines, .. } = self.record;
        if now.experiment != self.record.experiment {
            let going_on = networks.iter_mut().filter(|network| network.carried.is_some());
            going_on.for_each(|network| network.ended = None);
        }
        self.record = CheckpointRecord { elapsed_s, networks, lines, ..now };
        self
    }

    /// Writes it into the folder of a run.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub(super) fn write(&mut self, folder: &Path) -> Result<()> {
        let begun = self.begun.take().unwrap_or_else(Instant::now);
        self.record.elapsed_s = self.began.elapsed().as_secs_f64();
        let path = folder.join(FILE);
        let failed = |error| Error::file("write", &path, error);
        let state = serde_json::to_string(&self.record).map_err(|error| failed(error.into()))?;
        let words = [
            ("format", FORMAT.to_owned()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("crc32", crc32(&state, &self.tensors).to_string()),
            ("state", state),
        ];
        let words = words.map(|(key, word)| (key.to_owned(), word)).into();
        write_tensors(&path, &self.tensors, Some(words)).map_err(failed)?;
        self.written = Instant::now();
        let seconds = (self.written - begun).as_secs_f64().max(1e-6);
        self.bytes_per_second = (self.bytes() as f64 / seconds).max(1.0);
        Ok(())
    }

    /// Where the training of a network stands; none where it begins.
    ///
    /// # Errors
    /// [`Error::Data`] when a tensor is of no such type.
    pub(super) fn state(&self, run: &str) -> Result<Option<TrainingState>> {
        let network = self.record.networks.iter().find(|network| network.run == run);
        let Some(carried) = network.and_then(|network| network.carried.clone()) else {
            return Ok(None);
        };
        let own = self.tensors.iter().filter(|(name, _)| is_of(name, run));
        let tensors =
            own.map(|(name, bytes)| Ok((name[run.len() + 1..].to_owned(), value(bytes)?)));
        Ok(Some(TrainingState { carried, tensors: tensors.collect::<Result<_>>()? }))
    }

    /// What came out of a network, if it has ended.
    #[must_use]
    pub fn ended(&self, run: &str) -> Option<&RunRecord> {
        self.record.networks.iter().find(|network| network.run == run)?.ended.as_ref()
    }

    /// Seconds that the run took, with those before it was resumed.
    #[must_use]
    pub fn elapsed_s(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    fn network(&mut self, run: &str) -> &mut NetworkRecord {
        let all = &mut self.record.networks;
        let at = all.iter().position(|network| network.run == run).unwrap_or_else(|| {
            all.push(NetworkRecord { run: run.to_owned(), carried: None, ended: None });
            all.len() - 1
        });
        &mut all[at]
    }

    fn bytes(&self) -> usize {
        self.tensors.values().map(|tensor| tensor.bytes.len()).sum()
    }
}

/// Whether a tensor of a file belongs to a network.
fn is_of(name: &str, run: &str) -> bool {
    name.strip_prefix(run).is_some_and(|rest| rest.starts_with('/'))
}

/// A tensor as a program has it.
fn value(bytes: &TensorBytes) -> Result<Value<f32>> {
    let unknown = || Error::Data(format!("{FILE} has a tensor of a type that no checkpoint has"));
    let [replicas, rows, cols] = bytes.shape[..] else { return Err(unknown()) };
    let shape = Shape::new(replicas, rows, cols);
    let real = bytes.to_reals().map(|data| Value::Real(Tensor::new(shape, data)));
    let index = || bytes.to_indices().map(|data| Value::Index(Tensor::new(shape, data)));
    real.or_else(index).ok_or_else(unknown)
}

/// The checksum of a checkpoint.
fn crc32(state: &str, tensors: &BTreeMap<String, TensorBytes>) -> u32 {
    let mut crc = Crc::new();
    crc.update(state.as_bytes());
    tensors.values().for_each(|tensor| crc.update(&tensor.bytes));
    crc.sum()
}

//! Where the tensors of `weights.safetensors` come from, as the file's own metadata say it.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// What kind of file it is; the number goes up when names or shapes change.
const FORMAT: &str = "normlab weights 1";

/// What stands behind a network's name in the key of its steps.
const STEP: &str = "/step";

/// What networks were trained on, and what their test images must be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataRecord {
    /// The SHA-256 of the training images and labels, in hexadecimal, see `Examples::sha256`.
    pub sha256: String,
    /// Rows and columns of an image.
    pub image: [usize; 2],
    /// What people call the first class, and the others by counting on from it.
    pub first_label: usize,
}

/// The metadata of `weights.safetensors`: `format`, `version` (of normlab), `experiment` (as TOML), `data` (the
/// SHA-256), `image` (rows and columns, for example 28x28), `first_label`, and `<run>/step` for each network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsRecord {
    /// The version of the crate that wrote them.
    pub version: String,
    /// The experiment as TOML.
    pub experiment: String,
    /// What they were trained on.
    pub data: DataRecord,
    /// How many steps each network was trained for, by its name.
    pub steps: BTreeMap<String, usize>,
}

impl WeightsRecord {
    /// Of an experiment as TOML, before any network is trained.
    #[must_use]
    pub fn new(experiment: String, data: DataRecord) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { version, experiment, data, steps: BTreeMap::new() }
    }

    /// As the file has it.
    #[must_use]
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let DataRecord { sha256, image: [rows, cols], first_label } = &self.data;
        let words = [
            ("format", FORMAT.to_owned()),
            ("version", self.version.clone()),
            ("experiment", self.experiment.clone()),
            ("data", sha256.clone()),
            ("image", format!("{rows}x{cols}")),
            ("first_label", first_label.to_string()),
        ];
        let words = words.map(|(key, word)| (key.to_owned(), word));
        let steps = self.steps.iter().map(|(run, step)| (format!("{run}{STEP}"), step.to_string()));
        words.into_iter().chain(steps).collect()
    }

    /// Reads what a file has; none where it was written by something else, or by an older version.
    #[must_use]
    pub fn read(metadata: &HashMap<String, String>) -> Option<Self> {
        let word = |key: &str| metadata.get(key).cloned();
        word("format").filter(|format| format == FORMAT)?;
        let image = word("image")?;
        let (rows, cols) = image.split_once('x')?;
        let step = |(key, step): (&String, &String)| {
            Some((key.strip_suffix(STEP)?.to_owned(), step.parse().ok()?))
        };
        Some(Self {
            version: word("version")?,
            experiment: word("experiment")?,
            data: DataRecord {
                sha256: word("data")?,
                image: [rows.parse().ok()?, cols.parse().ok()?],
                first_label: word("first_label")?.parse().ok()?,
            },
            steps: metadata.iter().filter_map(step).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_read_as_they_were_written() {
        let data = DataRecord { sha256: "ab12".into(), image: [28, 27], first_label: 1 };
        let mut record = WeightsRecord::new("steps = 5\n".into(), data);
        record.steps.insert("relu-none".into(), 5);
        let written: HashMap<_, _> = record.metadata().into_iter().collect();
        assert_eq!(written["relu-none/step"], "5");
        assert_eq!(WeightsRecord::read(&written), Some(record));
        let other = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        assert_eq!(WeightsRecord::read(&other), None);
        assert_eq!(WeightsRecord::read(&HashMap::new()), None);
    }
}

//! Where the tensors of `weights.safetensors` come from, as the file's own metadata say it.

use std::collections::{BTreeMap, HashMap};

/// What kind of file it is; the number goes up when names or shapes change.
const FORMAT: &str = "normlab weights 1";

/// What stands behind a network's name in the key of its steps.
const STEP: &str = "/step";

/// The metadata of `weights.safetensors`: `format`, `version` (of normlab), `experiment` (as TOML), `data`, and
/// `<run>/step` for each network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsRecord {
    /// The version of the crate that wrote them.
    pub version: String,
    /// The experiment as TOML.
    pub experiment: String,
    /// The SHA-256 of the training images and labels, in hexadecimal, see `Examples::sha256`.
    pub data: String,
    /// How many steps each network was trained for, by its name.
    pub steps: BTreeMap<String, usize>,
}

impl WeightsRecord {
    /// Of an experiment as TOML, on training data with this hash, before any network is trained.
    #[must_use]
    pub fn new(experiment: String, data: String) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { version, experiment, data, steps: BTreeMap::new() }
    }

    /// As the file has it.
    #[must_use]
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let words = [
            ("format", FORMAT),
            ("version", &self.version),
            ("experiment", &self.experiment),
            ("data", &self.data),
        ];
        let words = words.map(|(key, word)| (key.to_owned(), word.to_owned()));
        let steps = self.steps.iter().map(|(run, step)| (format!("{run}{STEP}"), step.to_string()));
        words.into_iter().chain(steps).collect()
    }

    /// Reads what a file has; none where it was written by something else, or by an older version.
    #[must_use]
    pub fn read(metadata: &HashMap<String, String>) -> Option<Self> {
        let word = |key: &str| metadata.get(key).cloned();
        word("format").filter(|format| format == FORMAT)?;
        let step = |(key, step): (&String, &String)| {
            Some((key.strip_suffix(STEP)?.to_owned(), step.parse().ok()?))
        };
        Some(Self {
            version: word("version")?,
            experiment: word("experiment")?,
            data: word("data")?,
            steps: metadata.iter().filter_map(step).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_read_as_they_were_written() {
        let mut record = WeightsRecord::new("steps = 5\n".into(), "ab12".into());
        record.steps.insert("relu-none".into(), 5);
        let written: HashMap<_, _> = record.metadata().into_iter().collect();
        assert_eq!(written["relu-none/step"], "5");
        assert_eq!(WeightsRecord::read(&written), Some(record));
        let other = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        assert_eq!(WeightsRecord::read(&other), None);
        assert_eq!(WeightsRecord::read(&HashMap::new()), None);
    }
}

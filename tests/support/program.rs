//! Runs the program as a user would, and looks at what it leaves.

use normlab::record::{Evaluation, Summary};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// How long anything may take on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How the program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program, shielded from the tests' environment variables about adapters, and with a cache folder of the
/// tests.
pub(crate) fn normlab() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_normlab"));
    for name in ["WGPU_BACKEND", "WGPU_ADAPTER_NAME", "WGPU_POWER_PREF"] {
        command.env_remove(name);
    }
    // The tests' own tuning results stay in the target folder, apart from the user's.
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).stdin(Stdio::null());
    command
}

/// The program on a machine without any adapter.
pub(crate) fn normlab_without_adapter() -> Command {
    let mut command = normlab();
    command.env("VK_DRIVER_FILES", "/nonexistent").env_remove("VK_ADD_DRIVER_FILES");
    if !cfg!(target_os = "linux") {
        // There Metal or DX12 would still be found; Vulkan's drivers are hidden.
        command.env("WGPU_BACKEND", "vulkan");
    }
    command
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    Ended::of(command.output().unwrap())
}

/// Runs `normlab <arguments>`.
pub(crate) fn say(arguments: &[&str]) -> Ended {
    run(normlab().args(arguments))
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Fails unless the program ended like this.
    #[track_caller]
    pub(crate) fn with(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:#?}");
        self
    }

    /// Fails unless the program refused with status 2, one message that contains all of `words`, and
    /// nothing on stdout.
    #[track_caller]
    pub(crate) fn refused(self, words: &[&str]) {
        let ended = self.with(2);
        assert!(ended.stderr.starts_with("error: "), "{ended:#?}");
        for word in words {
            assert!(ended.stderr.contains(word), "{word:?} is not in {ended:#?}");
        }
    }
}

/// A file's text.
pub(crate) fn text(folder: &Path, file: &str) -> String {
    let path = folder.join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of a folder's entries, sorted.
pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// An empty folder for one test.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The evaluations that a run has recorded.
pub(crate) fn evaluations(folder: &Path) -> Vec<Evaluation> {
    let lines = text(folder, "metrics.jsonl");
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
    lines.lines().map(parse).collect()
}

/// What came out of a run.
pub(crate) fn summary(folder: &Path) -> Summary {
    serde_json::from_str(&text(folder, "summary.json")).unwrap()
}

//! A test whose name can be prefixed with its topic: libtest-mimic's cannot be renamed.

use libtest_mimic::{Completion, Failed};

/// What a test does; it may return a reason to be ignored.
type Run = Box<dyn FnOnce() -> Result<Completion, Failed> + Send>;

/// A test of a topic.
pub(crate) struct Trial {
    name: String,
    run: Run,
}

impl Trial {
    /// A test that is never ignored.
    pub(crate) fn test<F>(name: impl Into<String>, run: F) -> Self
    where
        F: FnOnce() -> Result<(), Failed> + Send + 'static,
    {
        Self::ignorable_test(name, || run().map(|()| Completion::Completed))
    }

    /// A test that may find that it cannot be run here.
    pub(crate) fn ignorable_test<F>(name: impl Into<String>, run: F) -> Self
    where
        F: FnOnce() -> Result<Completion, Failed> + Send + 'static,
    {
        Self { name: name.into(), run: Box::new(run) }
    }

    /// Its name within its topic.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Converts it to libtest-mimic's, with the topic before its name.
    pub(crate) fn of(self, topic: &str) -> libtest_mimic::Trial {
        libtest_mimic::Trial::ignorable_test(format!("{topic}::{}", self.name), self.run)
    }
}

//! Tests that need a GPU, and others of the same topics: one module per topic, whose name precedes those
//! of its trials. `cargo test --release --test gpu gradients::` runs one topic.
//!
//! Without an adapter, trials that need one are *ignored with the reason*; `NORMLAB_REQUIRE_GPU=1` makes that
//! a failure. All run in one process, several at a time: none may change the process's environment or its
//! current folder.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by failing"
)]

mod support {
    pub(crate) mod folders;
    pub(crate) mod gpu;
    pub(crate) mod program;
    pub(crate) mod tensors;
    pub(crate) mod trial;
}

mod bench;
mod broken;
mod checks;
mod eval;
mod fusion;
mod gradients;
mod guides;
mod interpreter;
mod kernels;
mod limits;
mod mutations;
mod overrides;
mod own;
mod pipeline_cache;
mod precision;
mod settings;
mod training;
mod tune;
mod watch;
mod watch_activation;

use libtest_mimic::Arguments;
use std::process::ExitCode;
use support::trial::Trial;

/// Topics by their modules' names.
macro_rules! topics {
    ($($topic:ident),* $(,)?) => {
        [$((stringify!($topic), $topic::trials as fn() -> Vec<Trial>)),*]
    };
}

fn main() -> ExitCode {
    // They start in this order: trials that compare times run only alongside their own topic.
    let topics = topics![
        bench,
        tune,
        broken,
        checks,
        eval,
        fusion,
        gradients,
        interpreter,
        guides,
        kernels,
        limits,
        mutations,
        overrides,
        own,
        pipeline_cache,
        precision,
        settings,
        training,
        watch,
        watch_activation,
    ];
    let trials = topics
        .into_iter()
        .flat_map(|(topic, trials)| trials().into_iter().map(move |trial| trial.of(topic)));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials.collect());
    mutations::say_totals();
    conclusion.exit_code()
}

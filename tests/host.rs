//! Tests that need neither a GPU nor a browser: one module per topic. `cargo test --release --test host config::`
//! runs one. All run in one process, several at a time: none may change the process's environment or its current
//! folder.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by failing"
)]

mod support {
    pub(crate) mod idx_files;
    pub(crate) mod lesson;
    pub(crate) mod lesson_records;
    pub(crate) mod network;
    pub(crate) mod program;
    pub(crate) mod small;
    pub(crate) mod tensors;
}

mod adapters;
mod architecture;
mod bad_day;
mod claims;
mod cli;
mod cli_eval;
mod cli_runs;
mod cli_shaders;
mod composition;
mod config;
mod cpu_engine;
mod data_folder;
mod data_parts;
mod depth;
mod digits;
mod export;
mod idx;
mod lesson_page;
mod library;
mod malformed;
mod memory;
mod page;
mod plain_english;
mod portability;
mod replicas;
mod reproduce;
mod results;
mod resume;
mod shader_headers;
mod shaders;
mod sweeps;

//! What pages that run programs are made of.

/// Runs programs.
pub const RUNNER: &str = include_str!("../../assets/page/runner.js");

//! The `normlab` program: parses its arguments, runs what they ask for, sets the exit status.

use clap::Parser;
use normlab::commands::{Cli, Status, execute, terminal};
use normlab::error::Error;
use normlab::interrupt;
use std::env;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

/// Keeps a layer of Mesa's away that chooses among GPUs for a desktop, and without one prints errors in red.
const NO_DEVICE_SELECT: &str = "NODEVICE_SELECT";

fn main() -> ExitCode {
    if env::var_os(NO_DEVICE_SELECT).is_none() {
        #[allow(unsafe_code, reason = "no other thread runs yet that could read the environment")]
        unsafe {
            env::set_var(NO_DEVICE_SELECT, "1");
        }
    }
    terminal::fit();
    match execute(Cli::parse(), &mut stdout()) {
        Ok(Status::Good) => ExitCode::SUCCESS,
        Ok(Status::Failed) => ExitCode::FAILURE,
        Ok(Status::Interrupted) => ExitCode::from(interrupt::exit_status()),
        Err(error) => {
            // Where standard error is full or closed the words are lost; the status stays.
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::from(error.downcast_ref::<Error>().map_or(1, Error::exit_status))
        }
    }
}

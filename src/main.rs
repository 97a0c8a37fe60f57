//! The `normlab` program: parses the arguments, runs the command, sets the exit status.

use clap::Parser;
use normlab::commands::{Cli, Status, execute, terminal};
use normlab::error::Error;
use normlab::interrupt;
use std::env;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

/// Disables a layer of Mesa that chooses among GPUs for a desktop, and prints errors in red if there is none.
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
            // If standard error is full or closed, the message is lost; the status stays.
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::from(error.downcast_ref::<Error>().map_or(1, Error::exit_status))
        }
    }
}

//! The `normlab` program: parses its arguments, runs what they ask for, sets the exit status.

use clap::Parser;
use normlab::commands::{Cli, Status, execute};
use normlab::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    match execute(Cli::parse(), &mut std::io::stdout()) {
        Ok(Status::Good) => ExitCode::SUCCESS,
        Ok(Status::Failed) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(error.downcast_ref::<Error>().map_or(1, Error::exit_status))
        }
    }
}

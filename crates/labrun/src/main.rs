//! `labrun`: runs network labs. See `labrun --help`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

mod again;
mod beside;
mod build;
mod catalog;
mod cli;
mod commands;
mod discover;
mod exit;
mod machine;
mod requirements;
mod terminal;

fn main() -> ExitCode {
    cli::main()
}

//! `chat-server`: the servers of the chat labs, one subcommand for each dialect.
#![forbid(unsafe_code)]

mod accounts;
mod args;
mod cli;
mod direct;
mod logging;
mod registry;
mod relay;
mod room;
mod serve;

use clap::Parser;
use cli::Dialect;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = cli::Args::parse();
    let result = match args.dialect {
        Dialect::Direct(args) => direct::run(&args),
        Dialect::Room(args) => room::run(&args),
        Dialect::Relay(args) => relay::run(&args),
        Dialect::Registry(args) => registry::run(&args),
        Dialect::Accounts(args) => accounts::run(*args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

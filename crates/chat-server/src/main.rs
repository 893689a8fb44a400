//! `chat-server`: the servers of the chat labs, one subcommand for each dialect.
#![forbid(unsafe_code)]

mod accounts;
mod args;
mod direct;
mod logging;
mod registry;
mod relay;
mod room;
mod serve;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let result = match args.dialect {
        args::Dialect::Direct(args) => direct::run(&args),
        args::Dialect::Room(args) => room::run(&args),
        args::Dialect::Relay(args) => relay::run(&args),
        args::Dialect::Registry(args) => registry::run(&args),
        args::Dialect::Accounts(args) => accounts::run(*args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! `chat-client`: the TCP clients of the chat labs, one subcommand for each dialect.
#![forbid(unsafe_code)]

mod accounts;
mod args;
mod cli;
mod dialogue;
mod direct;
mod registry;
mod relay;
mod room;
mod shell;

use clap::Parser;
use cli::Dialect;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = cli::Args::parse();
    let result = match args.dialect {
        Dialect::Accounts(args) => accounts::run(&args),
        Dialect::Direct(args) => direct::run(args),
        Dialect::Room(args) => room::run(&args),
        Dialect::Relay(args) => relay::run(args),
        Dialect::Registry(args) => registry::run(args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("chat-client: {error:#}");
        ExitCode::FAILURE
    })
}

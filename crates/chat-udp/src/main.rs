//! `chat-udp`: chat by UDP broadcast or multicast, without a server.
#![forbid(unsafe_code)]

mod app;
mod args;
mod interface;
mod socket;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    app::run(args::Args::parse()).unwrap_or_else(|error| {
        eprintln!("chat-udp: {error:#}");
        ExitCode::FAILURE
    })
}

//! `chat-load`: puts chat servers under load, one subcommand for each kind.
#![forbid(unsafe_code)]

mod args;

use args::{Args, Command};
use chat_load::{bare, fan_out, latency};
use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Bare(args) => bare::serve(args.listen),
        Command::FanOut(args) => fan_out::run(&args.load()).map(|outcome| {
            println!("{} lines sent, {} delivered", outcome.sent, outcome.delivered);
            println!("{:.3} million lines delivered per second", outcome.rate() / 1e6);
            if let Some(busy) = outcome.busy() {
                println!("the server used {busy:.2} processors");
            }
        }),
        Command::Latency(args) => latency::run(&args.load()).map(|outcome| {
            println!("{} lines delivered", outcome.times.len());
            for percent in [50.0, 90.0, 99.0, 99.9, 100.0] {
                println!("{percent:>5} % within {:?}", outcome.percentile(percent));
            }
            println!("lines were sent at most {:?} late", outcome.late);
            if let Some(memory) = outcome.idle_memory {
                println!("{memory:.0} bytes of the server's memory per idle connection");
            }
            if let Some(busy) = outcome.busy {
                println!("the server used {busy:.2} processors");
            }
        }),
    };
    result.map_or_else(
        |error| {
            eprintln!("chat-load: {error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

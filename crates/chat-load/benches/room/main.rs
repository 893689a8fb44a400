//! What `chat-server room` delivers, beside the bare loop and two IRC servers.
//!
//! Run it with `scripts/bench-room.sh`, in a network namespace of its own. The server has the first
//! core, the load the second. All servers of a table take turns, so that what else
//! the machine does meets all of them; a ratio is taken within one round, and of the
//! rounds the median is shown.
#![forbid(unsafe_code)]

mod figures;
mod irc;
mod server;
mod table;

use figures::Bench;
use std::process::ExitCode;
use std::str::FromStr;

fn main() -> ExitCode {
    let mut bench = Bench { rounds: 5, seconds: 3.0, only: Vec::new() };
    // cargo adds `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => bench.rounds = number(arguments.next()).unwrap_or(bench.rounds).max(1),
            "--seconds" => bench.seconds = number(arguments.next()).unwrap_or(bench.seconds),
            _ => bench.only.push(argument),
        }
    }
    match bench.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-room: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn number<N: FromStr>(text: Option<String>) -> Option<N> {
    text?.parse().ok()
}

//! Networks, for real: each case runs in a sandbox of its own.
//!
//! A process can only move into a sandbox while it has one thread, and the
//! usual test harness has several. So this binary has its own `main`: started
//! without arguments it starts itself again for each case (`--case NAME SETUP`),
//! and that process isolates itself first and then runs the case. As root every
//! case runs twice, once as an ordinary user.
//!
//! A case that this machine cannot run is skipped, loudly; with `LABRUN_CI=1`
//! it fails. Nothing here sleeps: what is waited for is observed.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod captures;
mod cases;
mod harness;
mod lab;
mod outside;

use std::process::ExitCode;

use lab_network::probe;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [probe::ARGUMENT] => probe::in_sandbox(),
        ["--case", name, setup] => harness::run_case(name, setup),
        _ => harness::run_all(&words),
    }
}

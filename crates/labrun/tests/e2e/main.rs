//! labrun as its users run it: scenarios in files, real programs, real networks,
//! on every backend that this machine has.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod backends;
mod begin;
mod by_hand;
mod captures;
mod documents;
mod harness;
mod imports;
mod mutants;
mod programs;
mod prompt;
mod repetitions;
mod replay;
mod sessions;
mod sharing;
mod tmux;
mod trust;

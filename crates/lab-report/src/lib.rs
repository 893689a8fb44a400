//! What people and tools get to see of runs: consumers of the dispatcher's
//! events, each a [`Reporter`](lab_runner::dispatcher::Reporter).
//!
//! * [`Human`]: the terminal, or a plain pipe;
//! * [`results`]: a folder for each run, written as things happen;
//! * [`Json`]: JSON lines;
//! * [`JUnit`]: XML for CI servers;
//! * [`mutation`]: what was noticed of what was broken on purpose;
//! * [`replay`]: a run seen again, all its terminals side by side.
//!
//! None of them runs anything, and none shows the output of a program without
//! [cleaning](clean) it.

#![forbid(unsafe_code)]

pub mod clean;
mod decode;
pub mod failure;
mod human;
mod identity;
mod json;
mod junit;
pub mod mutation;
mod outlet;
mod progress;
mod recap;
mod repetitions;
pub mod replay;
pub mod results;
pub mod sketch;
mod speaker;
pub mod statistics;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod theme;
pub mod words;

pub use human::{Human, HumanOptions, PLAIN_WIDTH};
pub use json::{JSON_VERSION, Json};
pub use junit::JUnit;

//! Networks that are held for people.
//!
//! ```text
//!  dispatcher ── events ──▶ keeper ◀── asks, answers ──▶ prompt, shell, exec, down, …
//!      ▲                      │                          (one process each, any terminal)
//!      └──── stage ◀─ requests ┘
//! ```
//! A *session* is a run that waits for people. Its [`keeper`] is a reporter among others, in
//! the process that dispatches the run: it lets people in by a socket, hands what they ask to
//! the stage and what the stage says to them. A *terminal* is a program that somebody has
//! started on a host by hand. All that is typed and shown goes through the stage, so its events are the
//! whole record.

#![forbid(unsafe_code)]

pub mod address;
pub mod attach;
pub mod client;
pub mod keeper;
pub mod measure;
pub mod prompt;
pub mod protocol;
pub mod tty;
pub mod windows;

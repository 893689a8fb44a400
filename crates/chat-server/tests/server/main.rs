//! The servers as processes, over the loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod direct;
mod harness;
mod registry;
mod room;

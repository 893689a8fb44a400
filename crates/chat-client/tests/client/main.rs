//! The clients as processes, each against a server made by hand.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod direct;
mod harness;
mod registry;
mod room;

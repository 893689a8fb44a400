//! The folder that a run leaves behind.
//!
//! ```text
//! results/<lab>/<scenario>/
//!   statistics.json           what the newest repetitions came to, if it was repeated
//!   latest -> 2026-11-21T10-04-33Z-5f3a     the newest run that ended
//!   2026-11-21T10-04-33Z-5f3a/
//!     run.json                what came of it; there once the run has ended
//!     events.jsonl            everything that happened, as it happened
//!     scenario.yaml           the scenario as run
//!     transcript.txt          who said what when, for people
//!     failure.txt             why it did not pass, as shown on the terminal
//!     transcripts/alice.log   every byte that alice put out
//!     transcripts/alice.cast  the same with times: asciinema play alice.cast
//! ```
//!
//! # What can be relied on
//! * `run.json` is complete or not there. It does not even have another name
//!   while it is written, so whatever kills labrun leaves no half of it.
//! * `events.jsonl` gets one write per line, at once. If labrun is killed,
//!   what the stage had said by then is there.
//! * `latest` always points at a folder with a `run.json`.

mod account;
mod captures;
mod cast;
mod file;
mod names;
mod recorder;
mod root;
mod statistics;
mod transcript;

pub use account::RUN_VERSION;
pub use recorder::ResultsWriter;
pub use root::ResultsRoot;

//! The test files (`*.cfg`) of a course on Clemson Relay Chat: JSON with the
//! commands of a test and the state that its servers and clients must have in the
//! end.
//!
//! What the course's own runner does is kept where it decides what a file means:
//!
//! * Quotes within a command stay part of their word, so of a message or an info.
//! * Whom a machine connects to is decided by the port; the host is only a name.
//! * Lists of a final state are compared without regard to order.
//! * The lists of adjacent machines are not compared, and wrong in several of the
//!   course's files; [`Options::strict_adjacency`] compares them.
//! * A final state of somebody whom no command launches is passed over. That, and
//!   everything else without effect, is a warning.
//! * A client that has quit is still asked about in the final state: here it is
//!   asked before it quits, since nothing reaches it afterwards.
//!
//! What it does by sleeping is done by waiting for something: a server listens, a
//! client is welcomed, a machine knows whom it must know before the next command
//! depends on it.

mod command;
mod expected;
mod file;
mod network;
mod play;
mod registration;
mod words;

use lab_scenario::source::{Source, Sources};
use lab_scenario::{Diagnostics, Sink};

use crate::{Imported, json};

/// How to import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Compare the lists of adjacent machines, too.
    pub strict_adjacency: bool,
}

/// Imports a file.
///
/// # Errors
/// All that is wrong with it.
pub fn import(source: Source, options: Options) -> Result<Imported, Diagnostics> {
    let mut sink = Sink::default();
    let mut sources = Sources::default();
    let path = source.path.clone();
    let id = sources.add(source);
    let file = json::parse(&sources.get(id).text, id, &mut sink)
        .and_then(|root| file::TestFile::read(&root, &mut sink));
    let draft = file.map(|file| play::play(&file, &path, options, &mut sink));
    let failed = sink.has_errors();
    let diagnostics = sink.finish(sources);
    match draft {
        Some(draft) if !failed => Ok(Imported { draft, warnings: diagnostics }),
        _ => Err(diagnostics),
    }
}

//! `labrun stage`: what the dispatcher starts for runs. Not for people.

use std::io::{self, Write as _};

use lab_network::isolation::{IsolationError, isolate};
use lab_runner::event::{Event, Failure, Record, Verdict};

use crate::exit::Exit;

/// Play the plans on standard input
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The process that must be the parent
    #[arg(long)]
    parent: Option<u32>,
}

/// Moves into a sandbox, which must be done before there is a second thread,
/// and plays.
pub(crate) fn main(args: &Args) -> Exit {
    let sandbox = match isolate(args.parent) {
        Ok(sandbox) => sandbox,
        Err(error) => return refuse(&error),
    };
    match lab_runner::stage::run(&sandbox) {
        Ok(()) => Exit::Pass,
        Err(error) => {
            // The dispatcher shows this, if it is there still.
            let _ = writeln!(io::stderr(), "{error}");
            Exit::Unsure
        }
    }
}

/// Says that this machine cannot do it: in a record, so that the help comes
/// with it, and by the exit code.
fn refuse(error: &IsolationError) -> Exit {
    let failure = Failure {
        detail: Some(error.to_string()),
        help: error.help().map(str::to_owned),
        ..Failure::of_the_run("this machine has no sandbox for the run".to_owned())
    };
    let event = Event::RunFinished { verdict: Verdict::Invalid, failure: Some(failure) };
    if let Ok(mut line) = serde_json::to_vec(&Record { at: 0, event }) {
        line.push(b'\n');
        let _ = io::stdout().write_all(&line);
    }
    Exit::Lacking
}

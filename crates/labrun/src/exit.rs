//! Exit codes, and errors that end the program with one of them.

use std::fmt;
use std::process::ExitCode;

use lab_runner::dispatcher::Summary;

/// What the program ends with. Part of its interface: see `labrun --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Pass,
    /// Some run failed.
    Fail,
    /// Bad usage, a bad scenario, a lab that does not build.
    Usage,
    /// Nothing failed, but some run is inconclusive or invalid.
    Unsure,
    /// This machine lacks something that was asked for.
    Lacking,
    /// Ctrl-C.
    Interrupted,
    /// That of a command on a host.
    Other(u8),
}

/// The text about exit codes in the help.
pub(crate) const HELP: &str = "\
Exit codes:
  0    all runs passed
  1    some failed
  2    bad usage, a bad scenario, or a lab that does not build
  3    none failed, but some are inconclusive or invalid
  4    this machine lacks something that was asked for
  130  interrupted";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Pass => 0,
            Exit::Fail => 1,
            Exit::Usage => 2,
            Exit::Unsure => 3,
            Exit::Lacking => 4,
            Exit::Interrupted => 130,
            Exit::Other(code) => code,
        })
    }
}

impl Exit {
    /// The code for what came of all runs. Skipped runs count only if they may
    /// not be.
    pub(crate) fn of(summary: &Summary, no_skip: bool) -> Self {
        if summary.interrupted {
            Self::Interrupted
        } else if summary.failed > 0 {
            Self::Fail
        } else if summary.lacking > 0 || no_skip && summary.skipped > 0 {
            Self::Lacking
        } else if summary.inconclusive + summary.invalid + summary.not_run > 0 {
            Self::Unsure
        } else {
            Self::Pass
        }
    }
}

/// An error for a person, with the exit code it ends the program with.
#[derive(Debug)]
pub(crate) struct Complaint {
    pub(crate) exit: Exit,
    /// What is wrong and where.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl Complaint {
    /// Bad usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), help: None }
    }

    /// This machine lacks something.
    pub(crate) fn lacking(message: impl Into<String>) -> Self {
        Self { exit: Exit::Lacking, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Complaint {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts() {
        let none = Summary { total: 9, passed: 9, ..Summary::default() };
        let table = [
            (none.clone(), Exit::Pass),
            (Summary { skipped: 1, ..none.clone() }, Exit::Pass),
            (Summary { inconclusive: 1, ..none.clone() }, Exit::Unsure),
            (Summary { invalid: 1, failed: 1, ..none.clone() }, Exit::Fail),
            (Summary { invalid: 1, lacking: 1, ..none.clone() }, Exit::Lacking),
            (Summary { failed: 1, interrupted: true, ..none.clone() }, Exit::Interrupted),
        ];
        for (summary, exit) in table {
            assert_eq!(Exit::of(&summary, false), exit, "{summary:?}");
        }
        assert_eq!(Exit::of(&Summary { skipped: 1, ..none }, true), Exit::Lacking);
    }
}

//! Statements about the whole record of a run.

use serde::{Deserialize, Serialize};

use super::{ExitStatus, ProcessId};
use crate::pattern::PatternTemplate;
use crate::source::Place;

/// A statement about the whole record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What a person calls it.
    pub name: String,
    /// What it is worth; 0 if the scenario gives no points.
    pub points: u32,
    /// The statement.
    pub assertion: Assertion,
    /// Where in the scenario it stands.
    pub place: Place,
}

/// What a check states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Assertion {
    /// The output of a process holds this, somewhere.
    Contains {
        /// Whose output.
        within: ProcessId,
        /// What.
        output: PatternTemplate,
    },
    /// The output of a process holds this so many times (not overlapping).
    Count {
        /// Whose output.
        within: ProcessId,
        /// What.
        output: PatternTemplate,
        /// Fewest.
        at_least: u64,
        /// Most.
        at_most: Option<u64>,
    },
    /// Every line of a process's output matches.
    Matches {
        /// Whose output.
        within: ProcessId,
        /// What each of its lines must hold.
        line: PatternTemplate,
    },
    /// How a process ended.
    Exit {
        /// Who.
        of: ProcessId,
        /// How.
        status: ExitStatus,
    },
}

impl Assertion {
    /// The process it is about.
    #[must_use]
    pub fn subject(&self) -> ProcessId {
        match *self {
            Self::Contains { within, .. }
            | Self::Count { within, .. }
            | Self::Matches { within, .. }
            | Self::Exit { of: within, .. } => within,
        }
    }
}

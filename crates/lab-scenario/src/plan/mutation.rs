//! One thing that is broken on purpose, to see whether a scenario notices.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ProcessId;

/// What is broken in a run. No scenario asks for it: `labrun mutate` adds it to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutation {
    /// In place of the process one runs that reads its input and says nothing.
    Mute(ProcessId),
    /// The process is killed each time it is ready, and its end is no surprise: the steps
    /// and checks must notice.
    Kill(ProcessId),
    /// The link between these nodes is cut before the first step that is no start.
    Cut([String; 2]),
    /// A line of a process's terminal or standard output does not come out as it
    /// was said.
    Line {
        /// Whose.
        of: ProcessId,
        /// The line, without its end. Its numbers may be others, such as ports.
        text: String,
        /// Which of the lines that differ from it in numbers only, counted from 0.
        occurrence: u32,
        /// What becomes of it.
        change: LineChange,
    },
}

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineChange {
    /// It is lost.
    Drop,
    /// It comes twice.
    Double,
    /// It comes later by this, and all that is said after it waits behind it.
    Delay(Duration),
    /// It comes after this line, which follows it.
    Swap(String),
    /// This comes in its place, with its own numbers.
    Alter(String),
}

/// Of which kind a [`Mutation`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are those of the mutation")]
pub enum MutationKind {
    Mute,
    Kill,
    Cut,
    Drop,
    Double,
    Delay,
    Swap,
    Alter,
}

impl MutationKind {
    /// All, as they are listed.
    pub const ALL: [Self; 8] = [
        Self::Mute,
        Self::Kill,
        Self::Cut,
        Self::Drop,
        Self::Double,
        Self::Delay,
        Self::Swap,
        Self::Alter,
    ];

    /// Whether it breaks a line, and not a process or a link.
    #[must_use]
    pub fn is_of_line(self) -> bool {
        !matches!(self, Self::Mute | Self::Kill | Self::Cut)
    }

    /// One word for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Kill => "kill",
            Self::Cut => "cut",
            Self::Drop => "drop",
            Self::Double => "double",
            Self::Delay => "delay",
            Self::Swap => "swap",
            Self::Alter => "alter",
        }
    }
}

impl fmt::Display for MutationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Mutation {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> MutationKind {
        match self {
            Self::Mute(_) => MutationKind::Mute,
            Self::Kill(_) => MutationKind::Kill,
            Self::Cut(_) => MutationKind::Cut,
            Self::Line { change, .. } => match change {
                LineChange::Drop => MutationKind::Drop,
                LineChange::Double => MutationKind::Double,
                LineChange::Delay(_) => MutationKind::Delay,
                LineChange::Swap(_) => MutationKind::Swap,
                LineChange::Alter(_) => MutationKind::Alter,
            },
        }
    }

    /// The process it breaks, if it breaks one.
    #[must_use]
    pub fn process(&self) -> Option<ProcessId> {
        match self {
            Self::Mute(of) | Self::Kill(of) | Self::Line { of, .. } => Some(*of),
            Self::Cut(_) => None,
        }
    }
}

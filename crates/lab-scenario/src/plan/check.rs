//! Statements about the whole record of a run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CaptureId, ExitStatus, ProcessId};
use crate::pattern::PatternTemplate;
use crate::quantity::Comparison;
use crate::source::Place;
use crate::template::Template;

/// A statement about the whole record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What a person calls it.
    pub name: String,
    /// What it is worth; 0 if the scenario gives no points.
    pub points: u32,
    /// What to tell whoever fails it.
    pub hint: Option<String>,
    /// Whether people are not told what it looks for, nor what it found.
    pub hidden: bool,
    /// The statement.
    pub assertion: Assertion,
    /// When.
    pub window: Window,
    /// Where in the scenario it stands.
    pub place: Place,
}

/// The part of a run that a check looks at: from a moment to another. Where a label
/// names several moments, each of them begins such a part, up to the next end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The label it begins at; the beginning of the run if not given.
    pub after: Option<String>,
    /// The label it ends at; the end of the run if not given.
    pub before: Option<String>,
    /// How long it lasts at most.
    pub lasting: Option<Duration>,
}

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// Fewest.
    pub at_least: u64,
    /// Most.
    pub at_most: Option<u64>,
}

/// Something that came out of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Whose output.
    pub by: ProcessId,
    /// What.
    pub output: PatternTemplate,
}

/// What was typed into a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    /// Into which.
    pub into: ProcessId,
    /// What: the first group of the expression, or else all that matched, is what
    /// arrives elsewhere.
    pub text: PatternTemplate,
}

/// What a check states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Assertion {
    /// The output of each process, or of all of them together, holds this so many times (not
    /// overlapping).
    Count {
        /// Whose output.
        of: Vec<ProcessId>,
        /// What.
        output: PatternTemplate,
        /// How often.
        times: Times,
        /// Whether all of them together are counted.
        together: bool,
    },
    /// So many packets of a capture hold this.
    Packets {
        /// Of which.
        of: CaptureId,
        /// Only those that this host sent.
        from: Option<String>,
        /// Only those for this host.
        to: Option<String>,
        /// What, in their payload.
        output: PatternTemplate,
        /// How many.
        times: Times,
    },
    /// Every line of each process's output matches.
    Matches {
        /// Whose output.
        of: Vec<ProcessId>,
        /// What each of its lines must hold.
        line: PatternTemplate,
    },
    /// These came out one after the other.
    Order(Vec<Said>),
    /// What matched came out of all processes in the same order.
    SameOrder {
        /// Whose output.
        of: Vec<ProcessId>,
        /// What: the first group of the expression, or else all that matched, is
        /// compared.
        output: PatternTemplate,
        /// Whether each may have missed some: then there must be one order that agrees with
        /// what each saw.
        partial: bool,
    },
    /// What was typed came out elsewhere.
    Delivered {
        /// What was typed.
        sent: Typed,
        /// Where each must come out so many times.
        to: Vec<ProcessId>,
        /// How often.
        times: Times,
        /// Where none may.
        never: Vec<ProcessId>,
    },
    /// How long it took to come out elsewhere.
    Latency {
        /// What was typed.
        sent: Typed,
        /// Where it came out.
        to: Vec<ProcessId>,
        /// What the times may be at most.
        bounds: LatencyBounds,
    },
    /// How a process ended.
    Exit {
        /// Who.
        of: ProcessId,
        /// How.
        status: ExitStatus,
    },
    /// How two values compare.
    Compare {
        /// The one before the sign.
        left: Template,
        /// The sign.
        comparison: Comparison,
        /// The one after it.
        right: Template,
    },
}

/// What the times of messages under way may be at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyBounds {
    /// The longest.
    pub max: Option<Duration>,
    /// That of the one in the middle.
    pub median: Option<Duration>,
    /// That which 99 of 100 do not exceed.
    pub p99: Option<Duration>,
}

impl Assertion {
    /// The processes it is about, the one to show first.
    #[must_use]
    pub fn subjects(&self) -> Vec<ProcessId> {
        match self {
            Self::Count { of, .. } | Self::Matches { of, .. } | Self::SameOrder { of, .. } => {
                of.clone()
            }
            Self::Order(lines) => lines.iter().map(|line| line.by).collect(),
            Self::Delivered { sent, to, never, .. } => {
                to.iter().chain(never).chain([&sent.into]).copied().collect()
            }
            Self::Latency { sent, to, .. } => to.iter().chain([&sent.into]).copied().collect(),
            Self::Exit { of, .. } => vec![*of],
            Self::Packets { .. } | Self::Compare { .. } => Vec::new(),
        }
    }
}

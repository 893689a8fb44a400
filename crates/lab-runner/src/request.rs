//! What people ask of a stage that is held for them: one line of JSON each on its
//! standard input, behind the assignment. A stage that plays a run for nobody but
//! the dispatcher hears none.

use std::fmt;
use std::ops::Range;

use lab_scenario::plan::Plan;
use serde::{Deserialize, Serialize};

use crate::bytes::Bytes;

/// A terminal that a person has opened on a host. Whoever asks for it chooses the number,
/// and none twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TerminalId(pub u64);

impl fmt::Display for TerminalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub columns: u16,
}

impl Default for Size {
    /// That of a terminal of old.
    fn default() -> Self {
        Self { rows: 24, columns: 80 }
    }
}

/// A program that a person wants to run on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Where.
    pub host: String,
    /// Program and arguments; if empty, a shell.
    pub argv: Vec<String>,
    /// The size of its terminal; without one it gets pipes.
    pub size: Option<Size>,
    /// Variables beside those that every program of the lab gets.
    pub env: Vec<(String, String)>,
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// To run a program beside those of the scenario. Answered by
    /// [`Event::TerminalOpened`](crate::event::Event::TerminalOpened) or
    /// [`Event::TerminalRefused`](crate::event::Event::TerminalRefused).
    Open {
        /// What it shall be known by.
        terminal: TerminalId,
        /// What and where.
        opening: Opening,
    },
    /// To type into it.
    Type {
        /// Into which.
        terminal: TerminalId,
        /// What.
        bytes: Bytes,
    },
    /// That its standard input end, which must be a pipe.
    CloseInput {
        /// Of which.
        terminal: TerminalId,
    },
    /// That it be of another size.
    Resize {
        /// Which.
        terminal: TerminalId,
        /// Of which.
        size: Size,
    },
    /// That it be hung up: nobody looks at it any more.
    Close {
        /// Which.
        terminal: TerminalId,
    },
    /// To play what this plan has beyond the one that is played: it begins with the same
    /// processes and steps. Only while the run is held.
    Extend {
        /// The longer plan.
        plan: Box<Plan>,
    },
    /// To give up what is still played of these steps, which were added together. If anything is,
    /// answered by [`Event::StepFailed`](crate::event::Event::StepFailed).
    GiveUp {
        /// Their numbers.
        steps: Range<usize>,
    },
    /// To describe the network, by
    /// [`Event::NetworkDescribed`](crate::event::Event::NetworkDescribed).
    Describe,
    /// To go on with what is held: with the next step, or to the end.
    Continue,
    /// To come to the end.
    End,
}

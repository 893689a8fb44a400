//! A plan: one run of a scenario, with every name resolved and every matrix
//! value chosen. What a stage gets, as one JSON document.
//!
//! Nothing in a plan can be wrong in itself; what may still go wrong is the
//! machine. Texts that name what only the running network knows (the address
//! of a host of a custom Mininet topology, the run's folder) are kept as
//! [`Template`]s and filled in by the stage.

mod capture;
mod check;
mod mutation;
mod process;
mod step;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::template::Template;
use crate::topology::Topology;

pub use capture::{Capture, CaptureId};
pub use check::{Assertion, Check, LatencyBounds, Said, Times, Typed, Window};
pub use mutation::{LineChange, Mutation, MutationKind};
pub use process::{Command, ExitStatus, Process, ProcessId, Ready, Signal, Stdio};
pub use step::{Action, Answer, Fault, Input, LinkChange, LinkState, Step};

/// The version of this document. A stage refuses any other.
pub const PLAN_VERSION: u32 = 2;

/// One run, complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_VERSION`].
    pub version: u32,
    /// Which run this is.
    pub identity: Identity,
    /// Who builds the network.
    pub backend: BackendKind,
    /// The network.
    pub topology: Topology,
    /// Whether it may be played on the network of another plan of its lab that has
    /// the same one.
    #[serde(default)]
    pub share_topology: bool,
    /// For the whole run, from the network being up to the last check.
    pub timeout: Duration,
    /// Folder in which processes start: the scenario file's own.
    pub directory: PathBuf,
    /// Folders searched for programs before those of `PATH`.
    pub path: Vec<PathBuf>,
    /// Variables that the lab or scenario sets for every process.
    pub env: Vec<(String, Template)>,
    /// In the order of the file.
    pub processes: Vec<Process>,
    /// What is recorded of packets, in the order of the file.
    #[serde(default)]
    pub captures: Vec<Capture>,
    /// In order; a dialogue is already one step per line. Steps inside of others
    /// follow the one that holds them, so that each step has one number.
    pub steps: Vec<Step>,
    /// Evaluated on the whole record, after the steps.
    pub checks: Vec<Check>,
    /// What is broken on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutation: Option<Mutation>,
}

/// What tells a run from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Short name of the lab: its folder's.
    pub lab: String,
    /// Short name of the scenario: its file's, without `.yaml`.
    pub scenario: String,
    /// The scenario's `name`.
    pub title: String,
    /// The scenario file.
    pub file: PathBuf,
    /// The chosen values of `matrix`, in the order of the file.
    pub variant: Vec<(String, String)>,
    /// Which repetition, counted from 1, of how many.
    pub repetition: (u32, u32),
    /// What `${seed}` stands for.
    pub seed: u64,
}

impl Identity {
    /// `lab/scenario`, with the matrix values and the repetition where there
    /// are any: what people call the run.
    #[must_use]
    pub fn label(&self) -> String {
        use std::fmt::Write as _;
        let mut label = format!("{}/{}", self.lab, self.scenario);
        if !self.variant.is_empty() {
            let values: Vec<_> = self.variant.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let _ = write!(label, " [{}]", values.join(" "));
        }
        if self.repetition.1 > 1 {
            let _ = write!(label, " #{}", self.repetition.0);
        }
        label
    }
}

/// Who builds the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// labrun itself, from Linux namespaces.
    Netns,
    /// Mininet.
    Mininet,
}

impl BackendKind {
    /// As written on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Netns => "netns",
            Self::Mininet => "mininet",
        }
    }
}

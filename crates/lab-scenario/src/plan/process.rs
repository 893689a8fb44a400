//! Programs on hosts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pattern::PatternTemplate;
use crate::source::Place;
use crate::template::Template;

/// Index into [`Plan::processes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcessId(pub usize);

/// A program on a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// As steps and checks call it.
    pub name: String,
    /// Name of its host. For a [`Topology::Mininet`] not known to exist.
    pub host: String,
    /// What is run.
    pub command: Command,
    /// What the program's standard streams are.
    pub stdio: Stdio,
    /// When it counts as started; at once if not given.
    pub ready: Option<Ready>,
    /// How long that may take.
    pub ready_within: Duration,
    /// Variables beside those that all processes get.
    pub env: Vec<(String, Template)>,
    /// The signal that asks it to end.
    pub stop: Signal,
    /// How long it may take to end before it is killed.
    pub grace: Duration,
    /// Where in the scenario it stands.
    pub place: Place,
}

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Program and arguments. Never empty.
    Words(Vec<Template>),
    /// A line for `sh -c`.
    Shell(Template),
}

/// What a program's standard streams are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stdio {
    /// A terminal, as a person would have.
    Pty,
    /// Pipes, with standard error apart from standard output.
    Pipe,
}

/// When a process counts as started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ready {
    /// It has put out this.
    Output(PatternTemplate),
    /// Somebody listens on this TCP port of its host.
    Tcp(u16),
    /// Somebody has bound this UDP port of its host.
    Udp(u16),
    /// It has ended with this code.
    Exit(i32),
    /// All of these hold.
    All(Vec<Ready>),
    /// One of these holds.
    Any(Vec<Ready>),
}

/// How a process ended, or must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExitStatus {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(Signal),
}

/// A number of a signal of Linux, 1 to 64. Prints as `SIGTERM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signal(pub i32);

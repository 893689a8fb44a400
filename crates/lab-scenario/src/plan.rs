//! A plan: one run of a scenario, with every name resolved and every matrix
//! value chosen. What a stage gets, as one JSON document.
//!
//! Nothing in a plan can be wrong in itself; what may still go wrong is the
//! machine. Texts that name what only the running network knows (the address
//! of a host of a custom Mininet topology, the run's folder) are kept as
//! [`Template`]s and filled in by the stage.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pattern::PatternTemplate;
use crate::source::Place;
use crate::template::Template;
use crate::topology::Topology;

/// The version of this document. A stage refuses any other.
pub const PLAN_VERSION: u32 = 1;

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
    /// In order; a dialogue is already one step per line.
    pub steps: Vec<Step>,
    /// Evaluated on the whole record, after the steps.
    pub checks: Vec<Check>,
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
}

/// One thing to do or to wait for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What.
    pub action: Action,
    /// How long it may take.
    pub within: Duration,
    /// Where in the scenario it stands.
    pub place: Place,
    /// One line for a person, as near to the scenario's own words as possible.
    pub text: String,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Starts a process and waits until it is ready.
    Start(ProcessId),
    /// Ends a process: its stop signal, its grace, then SIGKILL.
    Stop(ProcessId),
    /// Types something.
    Send {
        /// To whom.
        to: ProcessId,
        /// What.
        input: Input,
    },
    /// Waits for output, after what the expectations before have matched.
    Expect {
        /// Whose.
        from: ProcessId,
        /// What must come.
        output: PatternTemplate,
    },
    /// Nothing may come from now on, for a while.
    Silence {
        /// From whom.
        from: ProcessId,
        /// What may not come; anything at all if not given.
        output: Option<PatternTemplate>,
        /// How long.
        lasting: Duration,
    },
    /// Runs a command to its end on a host.
    Exec {
        /// Where.
        host: String,
        /// What.
        command: Command,
        /// The code it must end with.
        exit: i32,
        /// What its output must hold.
        output: Option<PatternTemplate>,
    },
    /// Sends a signal to a process (all of its process group).
    Signal {
        /// To whom.
        to: ProcessId,
        /// Which.
        signal: Signal,
    },
    /// Waits until a process ends by itself.
    Exit {
        /// Who.
        of: ProcessId,
        /// How it must end; any way if not given.
        status: Option<ExitStatus>,
    },
    /// Does nothing, for a while.
    Wait(Duration),
    /// Cuts a link or mends it.
    Link {
        /// The nodes at its ends.
        between: [String; 2],
        /// What it is to be.
        state: LinkState,
    },
}

/// What is typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// A text and Enter.
    Line(Template),
    /// A text as it is.
    Text(Template),
    /// A control character, such as 3 for Ctrl-C.
    Key(u8),
    /// The end of the input: Ctrl-D at the start of a line on a terminal, a
    /// closed pipe else.
    Eof,
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

/// What a link is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Mended.
    Up,
    /// Cut: nothing passes, and both ends see it.
    Down,
}

/// A number of a signal of Linux, 1 to 64. Prints as `SIGTERM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signal(pub i32);

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

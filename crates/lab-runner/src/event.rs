//! What a stage says of its run: the contract between it and everything that
//! people and tools see.
//!
//! A stage writes one [`Record`] per line of JSON to its standard output. The
//! first is [`Event::RunStarted`], the last [`Event::RunFinished`]; a stage
//! that ends without the last one has crashed or was killed. One that was asked
//! to keep its network says [`Event::StageReady`] then and begins anew with the next
//! plan, or [`Event::StageSpent`] and ends. Consumers must ignore events they do not know.

use std::fmt;

use lab_scenario::plan::{BackendKind, CaptureId, ExitStatus, Fault, LinkState, ProcessId};
use lab_scenario::source::Place;
use lab_scenario::topology::Shape;
use serde::{Deserialize, Serialize};

use crate::bytes::Bytes;
use crate::request::{Size, TerminalId};

/// The version of this contract, sent in [`Event::RunStarted`].
pub const EVENT_VERSION: u32 = 2;

/// An event and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Nanoseconds since the run began (monotonic clock).
    pub at: u64,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The stage is in its namespaces and begins to build the network.
    RunStarted {
        /// [`EVENT_VERSION`].
        version: u32,
        /// Who builds the network.
        backend: BackendKind,
        /// Nanoseconds on the monotonic clock (clock_gettime(2)) when the run
        /// began: what programs read from that clock can be compared with the
        /// times of records.
        clock: u64,
        /// The same on the wall clock, in nanoseconds since 1970.
        #[serde(default)]
        epoch: u64,
        /// What of the machine matters to the run.
        environment: Environment,
    },
    /// The network carries packets.
    NetworkUp {
        /// What built it, with its version.
        built_by: String,
        /// Its hosts, in order.
        hosts: Vec<HostAddress>,
        /// In which ways it is not what was asked for; if any, the run is
        /// invalid.
        faults: Vec<String>,
        /// Whether an earlier run had it first, and it was made new again since.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        shared: bool,
        /// Why it had to be built though an earlier run had the same: what that run
        /// has changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_shared: Option<String>,
    },
    /// A process was started.
    ProcessStarted {
        /// Which.
        process: ProcessId,
        /// Its number in the stage's pid namespace.
        pid: u32,
        /// Program and arguments as run.
        argv: Vec<String>,
    },
    /// A process met its `ready` condition.
    ProcessReady {
        /// Which.
        process: ProcessId,
    },
    /// Something was typed.
    Input {
        /// Into which process.
        process: ProcessId,
        /// What.
        bytes: Bytes,
    },
    /// Something came out.
    Output {
        /// Of which process.
        process: ProcessId,
        /// Through which stream.
        stream: Stream,
        /// What. A character may be cut at either end.
        bytes: Bytes,
    },
    /// A process ended. Its output may still come.
    ProcessExited {
        /// Which.
        process: ProcessId,
        /// How.
        status: ExitStatus,
    },
    /// A step began.
    StepStarted {
        /// Index into the plan's steps.
        step: usize,
    },
    /// A step did what it should.
    StepPassed {
        /// Index into the plan's steps.
        step: usize,
    },
    /// An optional step did not come about.
    StepMissed {
        /// Index into the plan's steps.
        step: usize,
        /// Why not, in one sentence.
        why: String,
    },
    /// A moment was named.
    Labelled {
        /// The step that names it: an index into the plan's steps.
        step: usize,
        /// Its name.
        label: String,
    },
    /// A step saved something that it found.
    Saved {
        /// Index into the plan's steps.
        step: usize,
        /// Under which name.
        name: String,
        /// What.
        value: String,
    },
    /// The network, or the machines on it, were changed.
    FaultApplied {
        /// Index into the plan's steps.
        step: usize,
        /// How.
        fault: Fault,
    },
    /// What the plan breaks on purpose was broken.
    Mutated {},
    /// A command of an `exec` step came to its end.
    ExecFinished {
        /// Index into the plan's steps.
        step: usize,
        /// What it put out, both streams as one.
        output: Bytes,
        /// How it ended.
        status: ExitStatus,
    },
    /// What the network consists of. Told when people may ask for something, and when they
    /// ask for this.
    NetworkDescribed {
        /// Hosts and routers.
        hosts: Vec<HostDescription>,
        /// Links between these and switches.
        links: Vec<LinkDescription>,
    },
    /// The run waits for people from now on.
    Held {
        /// Why.
        because: HeldBecause,
    },
    /// It does not any more.
    Continued {},
    /// A step that was added while the run was held did not hold. That decides nothing.
    StepFailed {
        /// Index into the plan's steps.
        step: usize,
        /// Why.
        failure: Box<Failure>,
    },
    /// Processes and steps were added while the run was held.
    Extended {
        /// The processes, which follow those of the plan.
        processes: Vec<AddedProcess>,
        /// The text of each step, likewise.
        steps: Vec<String>,
    },
    /// A person has started a program on a host.
    TerminalOpened {
        /// What it is known by.
        terminal: TerminalId,
        /// Where.
        host: String,
        /// Program and arguments as run; of a shell only its name.
        argv: Vec<String>,
        /// Its number in the stage's pid namespace.
        pid: u32,
        /// The size of its terminal; without one it has pipes.
        size: Option<Size>,
    },
    /// A program that a person wanted could not be started.
    TerminalRefused {
        /// Which.
        terminal: TerminalId,
        /// Why, in one sentence.
        why: String,
        /// What to do.
        help: Option<String>,
    },
    /// A person has typed something.
    TerminalInput {
        /// Where.
        terminal: TerminalId,
        /// What.
        bytes: Bytes,
    },
    /// A program that a person has started said something.
    TerminalOutput {
        /// Which.
        terminal: TerminalId,
        /// Through which stream.
        stream: Stream,
        /// What. A character may be cut at either end.
        bytes: Bytes,
        /// Whether it has said so much that this is only for who looks at it now, and
        /// not for the record.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        fleeting: bool,
    },
    /// A terminal has another size.
    TerminalResized {
        /// Which.
        terminal: TerminalId,
        /// Now.
        size: Size,
    },
    /// A program that a person has started has ended, and no more will come from it.
    TerminalClosed {
        /// Which.
        terminal: TerminalId,
        /// How it ended.
        status: ExitStatus,
    },
    /// A packet passed by a capture.
    Packet {
        /// Which.
        capture: CaptureId,
        /// When, in nanoseconds since the run began: a little before it is told.
        passed: u64,
        /// How many bytes it had on the wire.
        length: u32,
        /// Those of them that are kept, from the Ethernet header on.
        bytes: Bytes,
    },
    /// No more will come of a capture.
    CaptureEnded {
        /// Which.
        capture: CaptureId,
        /// How many packets it has.
        packets: u64,
        /// How many more there were, which came faster than they were read.
        lost: u64,
        /// Whether it was full before, and has none of those that came later.
        full: bool,
    },
    /// Something a person should know that decides nothing.
    Warning {
        /// One sentence.
        message: String,
    },
    /// Something disturbed the run that is no doing of the programs. Told when
    /// the verdict is known, just before it.
    Disturbed {
        /// What.
        disturbance: Disturbance,
    },
    /// A check was made.
    CheckFinished {
        /// Index into the plan's checks.
        check: usize,
        /// What came of it.
        outcome: CheckOutcome,
    },
    /// The run is over.
    RunFinished {
        /// What came of it.
        verdict: Verdict,
        /// Why, unless it passed. The first reason decides.
        failure: Option<Failure>,
    },
    /// After a run, and part of none: the network is as new, and the stage waits for
    /// another plan on its standard input.
    StageReady,
    /// After a run, and part of none: no other run may follow on this network.
    StageSpent {
        /// What is not as it was, in a few words: `h2's routes changed`.
        why: String,
    },
}

/// What came of a run, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every step and check held.
    Pass,
    /// Something the scenario requires is missing here; nothing was run.
    Skipped,
    /// Nothing failed, but some check observed nothing at all.
    Inconclusive,
    /// The run itself cannot be trusted.
    Invalid,
    /// An expectation or a check did not hold.
    Fail,
}

impl Verdict {
    /// One word for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skipped => "skipped",
            Self::Inconclusive => "inconclusive",
            Self::Invalid => "invalid",
            Self::Fail => "fail",
        }
    }
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckOutcome {
    /// [`Verdict::Pass`], [`Verdict::Fail`] or [`Verdict::Inconclusive`].
    pub verdict: Verdict,
    /// What was found: `found 2 times, at 0.12 s and 0.31 s`.
    pub found: String,
}

/// Something that may explain a failure, and is no doing of the programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disturbance {
    /// Of what kind.
    pub kind: DisturbanceKind,
    /// One sentence: what, how much of it and when.
    pub message: String,
}

/// Kinds of [`Disturbance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DisturbanceKind {
    /// The stage ran more than 50 ms after it should have.
    Late,
    /// Programs waited for processors.
    Pressure,
    /// The machine was suspended, or its clock was set.
    Clock,
    /// A link changed that no step changed.
    Network,
}

/// Why a run did not pass, complete enough to be shown without anything else
/// but the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The step that failed; a check if not given, or the run as a whole.
    pub step: Option<usize>,
    /// What in the scenario it is about.
    pub place: Option<Place>,
    /// One line: what was awaited, or what is wrong.
    pub summary: String,
    /// What came instead, or the cause; one line.
    pub detail: Option<String>,
    /// What to do about it; one line.
    pub help: Option<String>,
    /// The process it is about.
    pub subject: Option<ProcessId>,
    /// What every process last said: the subject first, then the others in the
    /// order of the plan.
    pub last_words: Vec<LastWords>,
    /// When it was decided, in nanoseconds since the run began.
    #[serde(default)]
    pub at: u64,
    /// What disturbed the run and may explain this, so that the run is invalid
    /// and has not failed; one sentence each.
    #[serde(default)]
    pub doubts: Vec<String>,
    /// When that step began, in nanoseconds since the run began: what happened
    /// since then is its time line.
    pub since: u64,
    /// What happened from `since` on, oldest first, cut to the newest 20.
    pub timeline: Vec<Moment>,
}

impl Failure {
    /// What it is, what came instead and what to do, as far as that is known: a line each.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let lines = [Some(&self.summary), self.detail.as_ref(), self.help.as_ref()];
        lines.into_iter().flatten().map(String::as_str)
    }

    /// One of the run as a whole, of which nothing more is known.
    #[must_use]
    pub fn of_the_run(summary: String) -> Self {
        Self {
            step: None,
            place: None,
            summary,
            detail: None,
            help: None,
            subject: None,
            last_words: Vec::new(),
            at: 0,
            doubts: Vec::new(),
            since: 0,
            timeline: Vec::new(),
        }
    }
}

/// The end of a process's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWords {
    /// Whose.
    pub process: ProcessId,
    /// What came out last: the last lines, at most 2 KiB.
    pub output: Bytes,
    /// Whether that is everything there ever was.
    pub whole: bool,
    /// Offset in `output` after which nothing was matched yet: where the
    /// expectation was looking.
    pub unmatched_from: usize,
    /// How it ended, if it has.
    pub ended: Option<ExitStatus>,
}

/// One line of a time line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Nanoseconds since the run began.
    pub at: u64,
    /// One line: `bob < hello From alice`, `server ended with code 1`.
    pub text: String,
}

/// Through which of its streams a process said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Its terminal: standard output and standard error together.
    Terminal,
    /// Standard output, a pipe.
    Stdout,
    /// Standard error, a pipe.
    Stderr,
}

/// A host and its first address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostAddress {
    /// The host.
    pub name: String,
    /// As text, without the prefix length.
    pub ip: Option<String>,
}

/// A process that was added while the run was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedProcess {
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub host: String,
}

/// A host or router of the network as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostDescription {
    /// Its name.
    pub name: String,
    /// Its interfaces but `lo`, in order.
    pub interfaces: Vec<InterfaceDescription>,
}

/// An interface of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceDescription {
    /// Such as `h1-eth0`.
    pub name: String,
    /// Address and prefix length: `10.0.0.1/8`.
    pub ip: Option<String>,
    /// Hardware address.
    pub mac: String,
}

/// A link of the network as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkDescription {
    /// The names of its two nodes; what is no host is a switch.
    pub nodes: [String; 2],
    /// Its interface at each.
    pub interfaces: [String; 2],
    /// As the run left it.
    pub state: LinkState,
    /// Its limits, each way, as the run left them.
    #[serde(default)]
    pub shape: Shape,
}

/// Why a run waits for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldBecause {
    /// Its steps are done.
    Done,
    /// It has failed.
    Failed(Box<Failure>),
    /// It has come to this label.
    Label(String),
}

/// What a person is told of it: `it has come to the label cut`.
impl fmt::Display for HeldBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("its steps are done"),
            Self::Failed(failure) => write!(f, "it has failed: {}", failure.summary),
            Self::Label(label) => write!(f, "it has come to the label {label}"),
        }
    }
}

/// What of the machine matters to a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// labrun's version.
    pub labrun: String,
    /// `uname -r`.
    pub kernel: String,
    /// CPUs that the stage may use.
    pub cpus: usize,
    /// Whether it runs without being root.
    pub rootless: bool,
    /// 1-minute load average when the run began.
    pub load: String,
}

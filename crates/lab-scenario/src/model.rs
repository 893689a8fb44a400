//! A scenario that was checked: every name resolved, every text read, and all
//! that depends on the variant and on the command line still open.

use std::time::Duration;

use crate::answer::Claim;
use crate::interpolate::Draft;
use crate::patterns::PatternDraft;
use crate::plan::{BackendKind, Capture, CaptureId, LinkState, ProcessId, Signal, Stdio};
use crate::quantity::Comparison;
use crate::source::{Place, Span};
use crate::values::{Bandwidth, Count, ExitCode, Percent, Port, QueueSize, Times};

/// A value that is given, or that a variable will give.
#[derive(Debug, Clone)]
pub(crate) enum Setting<T> {
    Known(T),
    Open(Draft),
}

/// The whole.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) backend: Option<BackendKind>,
    pub(crate) timeout: Setting<Duration>,
    pub(crate) requires: Vec<String>,
    pub(crate) path: Vec<String>,
    pub(crate) env: Vec<(String, Draft)>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) matrix: MatrixRules,
    pub(crate) processes: Vec<Process>,
    pub(crate) captures: Vec<Capture>,
    pub(crate) steps: Vec<Step>,
    pub(crate) checks: Vec<Check>,
}

/// A variable or a key of the matrix.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) values: Values,
}

/// What a variable can be.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    /// This.
    One(Draft),
    /// Each of these in turn.
    Matrix(Vec<Draft>),
}

/// Which combinations of a matrix are left out, and which are added.
#[derive(Debug, Clone, Default)]
pub(crate) struct MatrixRules {
    /// Values by key: a combination that has all of one of these is left out.
    pub(crate) exclude: Vec<Vec<(String, Draft)>>,
    /// Whole combinations: a value for each key.
    pub(crate) include: Vec<Vec<(String, Draft)>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) name: String,
    /// Its number in its group, if it is of one.
    pub(crate) member: Option<u32>,
    /// Saved values that it needs to be started.
    pub(crate) awaits: Vec<(String, Span)>,
    /// Those that must be ready before it starts by itself.
    pub(crate) after: Vec<ProcessId>,
    pub(crate) place: Place,
    pub(crate) host: String,
    pub(crate) command: Command,
    pub(crate) stdio: Stdio,
    pub(crate) ready: Option<Ready>,
    pub(crate) ready_within: Setting<Duration>,
    pub(crate) env: Vec<(String, Draft)>,
    pub(crate) stop: Signal,
    pub(crate) grace: Setting<Duration>,
}

#[derive(Debug, Clone)]
pub(crate) enum Command {
    Words(Vec<Draft>),
    Shell(Draft),
}

#[derive(Debug, Clone)]
pub(crate) enum Ready {
    Output(PatternDraft),
    Tcp(Setting<Port>),
    Udp(Setting<Port>),
    Exit(Setting<ExitCode>),
    All(Vec<Ready>),
    Any(Vec<Ready>),
}

impl Ready {
    /// Whether a process that meets it has ended.
    pub(crate) fn is_an_end(&self) -> bool {
        match self {
            Self::Exit(_) => true,
            Self::All(conditions) => conditions.iter().any(Self::is_an_end),
            Self::Any(conditions) => {
                !conditions.is_empty() && conditions.iter().all(Self::is_an_end)
            }
            Self::Output(_) | Self::Tcp(_) | Self::Udp(_) => false,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) action: Action,
    pub(crate) within: Within,
    pub(crate) optional: bool,
    /// The number in its group of the process it is about: `${i}`.
    pub(crate) member: Option<u32>,
    pub(crate) place: Place,
    /// What a message shows of it: where its process is named.
    pub(crate) span: Span,
    pub(crate) text: String,
}

/// How long a step may take.
#[derive(Debug, Clone)]
pub(crate) enum Within {
    /// So long.
    Given(Setting<Duration>),
    /// As long as it says itself: a pause, a start, a stop, what is inside.
    Own,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Start(ProcessId),
    Await(ProcessId),
    Stop(ProcessId),
    Kill(ProcessId),
    Line { to: ProcessId, text: Draft },
    Text { to: ProcessId, text: Draft },
    Key { to: ProcessId, key: u8 },
    Eof { to: ProcessId },
    Expect { from: ProcessId, output: PatternDraft, without: Vec<PatternDraft>, save: Vec<String> },
    Silence { from: ProcessId, output: Option<PatternDraft>, lasting: Setting<Duration> },
    Ask { of: ProcessId, line: Draft, answer: AnswerDraft, every: Option<Setting<Duration>> },
    Exec(Exec),
    Signal { to: ProcessId, signal: Signal },
    Exit { of: ProcessId, status: Option<Status> },
    Wait(Setting<Duration>),
    Fault(Fault),
    Assert { left: Draft, comparison: Comparison, right: Draft },
    Label(String),
    Parallel(Vec<Vec<Step>>),
    Repeat { times: Setting<Times>, name: Option<String>, body: Vec<Step> },
    Retry { body: Vec<Step>, every: Setting<Duration> },
}

/// What is waited for as an answer.
#[derive(Debug, Clone)]
pub(crate) enum AnswerDraft {
    Json(Vec<Claim<Draft>>),
    Output(PatternDraft),
}

#[derive(Debug, Clone)]
pub(crate) struct Exec {
    pub(crate) host: String,
    pub(crate) command: Command,
    pub(crate) exit: Setting<ExitCode>,
    pub(crate) output: Option<PatternDraft>,
    pub(crate) save: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum Fault {
    Link { between: [String; 2], state: LinkState },
    Reshape { between: [String; 2], shape: Box<ShapeDraft> },
    Partition(Vec<Vec<String>>),
    Heal,
    Pause(String),
    Resume(String),
    Host { host: String, neighbours: Vec<String>, state: LinkState },
}

/// The limits of a link, some of which variables may give.
#[derive(Debug, Clone)]
pub(crate) struct ShapeDraft {
    pub(crate) bw: Option<Setting<Bandwidth>>,
    pub(crate) delay: Option<Setting<Duration>>,
    pub(crate) jitter: Option<Setting<Duration>>,
    pub(crate) loss: Option<Setting<Percent>>,
    pub(crate) max_queue_size: Option<Setting<QueueSize>>,
}

impl Action {
    /// The same, about another process.
    pub(crate) fn about(mut self, process: ProcessId) -> Self {
        match &mut self {
            Self::Start(id)
            | Self::Await(id)
            | Self::Stop(id)
            | Self::Kill(id)
            | Self::Line { to: id, .. }
            | Self::Text { to: id, .. }
            | Self::Key { to: id, .. }
            | Self::Eof { to: id }
            | Self::Expect { from: id, .. }
            | Self::Silence { from: id, .. }
            | Self::Ask { of: id, .. }
            | Self::Signal { to: id, .. }
            | Self::Exit { of: id, .. } => *id = process,
            Self::Exec(_)
            | Self::Wait(_)
            | Self::Fault(_)
            | Self::Assert { .. }
            | Self::Label(_)
            | Self::Parallel(_)
            | Self::Repeat { .. }
            | Self::Retry { .. } => {}
        }
        self
    }
}

/// How a process must end.
#[derive(Debug, Clone)]
pub(crate) enum Status {
    Code(Setting<ExitCode>),
    Signal(Signal),
}

#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) points: u32,
    pub(crate) hint: Option<Draft>,
    pub(crate) hidden: bool,
    pub(crate) assertion: Assertion,
    pub(crate) window: Window,
    pub(crate) place: Place,
}

/// The part of a run that a check looks at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    pub(crate) after: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) lasting: Option<Setting<Duration>>,
}

/// How often something happens.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub(crate) at_least: Option<Setting<Count>>,
    pub(crate) at_most: Option<Setting<Count>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Assertion {
    Count {
        of: Vec<ProcessId>,
        output: PatternDraft,
        times: Bounds,
        together: bool,
    },
    Packets {
        of: CaptureId,
        from: Option<String>,
        to: Option<String>,
        output: PatternDraft,
        times: Bounds,
    },
    Matches {
        of: Vec<ProcessId>,
        line: PatternDraft,
    },
    Order(Vec<(ProcessId, PatternDraft)>),
    SameOrder {
        of: Vec<ProcessId>,
        output: PatternDraft,
        partial: bool,
    },
    Delivered {
        from: ProcessId,
        sent: PatternDraft,
        to: Vec<ProcessId>,
        times: Bounds,
        never: Vec<ProcessId>,
    },
    Latency {
        from: ProcessId,
        sent: PatternDraft,
        to: Vec<ProcessId>,
        max: Option<Setting<Duration>>,
        median: Option<Setting<Duration>>,
        p99: Option<Setting<Duration>>,
    },
    Exit {
        of: ProcessId,
        status: Status,
    },
    Compare {
        left: Draft,
        comparison: Comparison,
        right: Draft,
    },
}

//! A scenario that was checked: every name resolved, every text read, and all
//! that depends on the variant and on the command line still open.

use std::time::Duration;

use crate::interpolate::Draft;
use crate::patterns::PatternDraft;
use crate::plan::{BackendKind, LinkState, ProcessId, Signal, Stdio};
use crate::source::{Place, Span};
use crate::values::{Count, ExitCode, Port};

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
    pub(crate) processes: Vec<Process>,
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

#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) name_span: Span,
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
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) action: Action,
    pub(crate) within: Within,
    pub(crate) place: Place,
    pub(crate) text: String,
}

/// How long a step may take.
#[derive(Debug, Clone)]
pub(crate) enum Within {
    /// So long.
    Given(Setting<Duration>),
    /// As long as it says itself: a pause, a start, a stop.
    Own,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Start(ProcessId),
    Stop(ProcessId),
    Line { to: ProcessId, text: Draft },
    Text { to: ProcessId, text: Draft },
    Key { to: ProcessId, key: u8 },
    Eof { to: ProcessId },
    Expect { from: ProcessId, output: PatternDraft },
    Silence { from: ProcessId, output: Option<PatternDraft>, lasting: Setting<Duration> },
    Exec { host: String, command: Command, exit: Setting<ExitCode>, output: Option<PatternDraft> },
    Signal { to: ProcessId, signal: Signal },
    Exit { of: ProcessId, status: Option<Status> },
    Wait(Setting<Duration>),
    Link { between: [String; 2], state: LinkState },
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
    pub(crate) assertion: Assertion,
    pub(crate) place: Place,
}

#[derive(Debug, Clone)]
pub(crate) enum Assertion {
    Contains {
        within: ProcessId,
        output: PatternDraft,
    },
    Count {
        within: ProcessId,
        output: PatternDraft,
        at_least: Option<Setting<Count>>,
        at_most: Option<Setting<Count>>,
    },
    Matches {
        within: ProcessId,
        line: PatternDraft,
    },
    Exit {
        of: ProcessId,
        status: Status,
    },
}

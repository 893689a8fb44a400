//! What happens in a run, step by step.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Command, ExitStatus, ProcessId, Signal};
use crate::answer::Claim;
use crate::pattern::PatternTemplate;
use crate::quantity::Comparison;
use crate::source::Place;
use crate::template::Template;
use crate::topology::Shape;

/// One thing to do or to wait for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What.
    pub action: Action,
    /// How long it may take.
    pub within: Duration,
    /// Whether the run goes on if it does not come about.
    pub optional: bool,
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
    /// Waits until a process that another step starts is ready.
    Await(ProcessId),
    /// Ends a process: its stop signal, its grace, then SIGKILL.
    Stop(ProcessId),
    /// Ends a process by SIGKILL.
    Kill(ProcessId),
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
        /// What may not come before it.
        without: Vec<PatternTemplate>,
        /// Names for what the groups of the expression matched, in order; for
        /// all of the match if it has no groups.
        save: Vec<String>,
    },
    /// Types a line, again and again, until what comes back is as it should be.
    Ask {
        /// Whom.
        of: ProcessId,
        /// What is typed, without its Enter.
        line: Template,
        /// What must come back.
        answer: Answer,
        /// The pause before it is asked again; one that grows if not given.
        every: Option<Duration>,
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
        /// Names for what the groups of the expression matched; for all of the
        /// output, without blanks around it, if there is no expression.
        save: Vec<String>,
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
    /// Changes the network or the machines on it.
    Fault(Fault),
    /// Compares two values.
    Assert {
        /// The one before the sign.
        left: Template,
        /// The sign.
        comparison: Comparison,
        /// The one after it.
        right: Template,
    },
    /// Names this moment.
    Label(String),
    /// Several lines of steps at the same time; over when all of them are.
    Parallel {
        /// Numbers of the steps of each line, which follow this one.
        branches: Vec<Range<usize>>,
    },
    /// The same steps again and again until they all hold.
    Retry {
        /// Numbers of the steps, which follow this one.
        body: Range<usize>,
        /// The pause before each new try.
        every: Duration,
    },
}

impl Action {
    /// The number of the step that comes after step `index`, which is this, and
    /// all that is inside of it.
    #[must_use]
    pub fn next(&self, index: usize) -> usize {
        match self {
            Self::Parallel { branches } => branches.last().map_or(index + 1, |last| last.end),
            Self::Retry { body, .. } => body.end,
            _ => index + 1,
        }
    }
}

/// What is waited for as an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A whole line that is a JSON object of which all of this holds.
    Json(Vec<Claim<Template>>),
    /// Output, after the line was typed.
    Output(PatternTemplate),
}

/// What is done to the network, or to the machines on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Changes the link between two nodes.
    Link {
        /// The nodes at its ends.
        between: [String; 2],
        /// What becomes of it.
        change: LinkChange,
    },
    /// Lets no packet pass between hosts of different groups. Hosts in no group
    /// reach all others. Takes the place of a partition before.
    Partition(Vec<Vec<String>>),
    /// Ends the partition.
    Heal,
    /// Stops all processes of a host where they are (SIGSTOP).
    Pause(String),
    /// Lets them go on (SIGCONT).
    Resume(String),
    /// Takes a host away as if its power went: its links are cut, and then its
    /// processes killed, so that nobody hears of it.
    HostDown {
        /// The host.
        host: String,
        /// The nodes that its links lead to.
        neighbours: Vec<String>,
    },
    /// Mends the links of a host. Processes must be started again.
    HostUp {
        /// The host.
        host: String,
        /// The nodes that its links lead to.
        neighbours: Vec<String>,
    },
}

/// What becomes of a link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkChange {
    /// It is cut or mended.
    State(LinkState),
    /// It has other limits, in both directions.
    Shape(Shape),
}

/// In one line: `link h2–s1 down`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { between: [a, b], change } => {
                let change = match change {
                    LinkChange::State(LinkState::Up) => "up",
                    LinkChange::State(LinkState::Down) => "down",
                    LinkChange::Shape(_) => "changed",
                };
                write!(f, "link {a}–{b} {change}")
            }
            Self::Partition(groups) => {
                let groups: Vec<String> = groups.iter().map(|group| group.join(", ")).collect();
                write!(f, "partition of {}", groups.join(" | "))
            }
            Self::Heal => f.write_str("partition healed"),
            Self::Pause(host) => write!(f, "{host} paused"),
            Self::Resume(host) => write!(f, "{host} resumed"),
            Self::HostDown { host, .. } => write!(f, "{host} down"),
            Self::HostUp { host, .. } => write!(f, "{host} up"),
        }
    }
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

/// What a link is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Mended.
    Up,
    /// Cut: nothing passes, and both ends see it.
    Down,
}

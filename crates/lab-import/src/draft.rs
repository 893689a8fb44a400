//! A scenario before it is written: what every importer makes.

use std::time::Duration;

/// A scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its name, for people.
    pub name: String,
    /// What a reader must know of where it comes from: a paragraph each.
    pub remarks: Vec<String>,
    /// How long a step may take, if that is not the usual time.
    pub within: Option<Duration>,
    /// The switches, in order. Hosts are those of the processes.
    pub switches: Vec<String>,
    /// What is joined.
    pub links: Vec<Link>,
    /// The programs, each on a host of its own, which has its name.
    pub processes: Vec<Process>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// Two nodes that are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its ends.
    pub between: [String; 2],
}

/// A program and its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its name, and that of its host.
    pub name: String,
    /// The role in the lab that it plays.
    pub role: String,
    /// Its arguments. `${…}` in them is filled in.
    pub arguments: Vec<String>,
    /// When it counts as started.
    pub ready: Ready,
    /// What is worth saying of it.
    pub remark: Option<String>,
}

/// When a program counts as started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// It listens on this port.
    Listens(u16),
    /// It has said this.
    Says(String),
}

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A line for the reader before what follows.
    Remark(String),
    /// Programs are started, one when the one before is ready.
    Start(Vec<String>),
    /// Lines are typed, and must come out.
    Talk(Vec<Line>),
    /// A program is asked until it answers so.
    Ask {
        /// Who.
        of: String,
        /// What is typed.
        line: String,
        /// What the answer, a line of JSON, must say.
        answer: Vec<Answer>,
    },
}

/// A line that is typed or must come out. Its text is taken as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Who types what.
    Typed(String, String),
    /// Who says what.
    Heard(String, String),
}

/// One thing that an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where in it: keys joined by dots, `*` for each item of a list.
    pub path: String,
    /// What must stand there.
    pub expected: Expected,
}

/// A list whose order does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// These numbers.
    Numbers(Vec<u32>),
    /// These texts.
    Texts(Vec<String>),
    /// At least items like these: mappings that have these keys and values.
    Like(Vec<Vec<(String, Scalar)>>),
}

/// A number or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// A number.
    Number(u32),
    /// A text.
    Text(String),
}

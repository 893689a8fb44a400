//! What people and the keeper of a session say to each other: one JSON object per line,
//! both ways. Both are the same program, so there is one version of it.

use lab_runner::bytes::Bytes;
use lab_runner::event::{HostDescription, LinkDescription, Stream};
use lab_runner::request::{Opening, Size};
use lab_scenario::plan::ExitStatus;
use serde::{Deserialize, Serialize};

/// What a person wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// To run a program on a host. From here on the connection is that terminal.
    Open(Opening),
    /// To type.
    Type {
        /// What.
        bytes: Bytes,
    },
    /// That the size of the terminal change.
    Resize(Size),
    /// That the program's standard input end.
    CloseInput,
    /// To play steps or start processes, written in the scenario language: a step, a list of
    /// steps, or a mapping with `processes` and `steps`.
    Do {
        /// In YAML.
        text: String,
    },
    /// To know everything about the session.
    Describe,
    /// The last lines that processes have said.
    Transcript {
        /// A process, or a host: those of all its processes.
        of: String,
        /// How many.
        lines: usize,
    },
    /// To be told from now on what happens, in notices.
    Watch,
    /// That a run which waits go on.
    Continue,
    /// That the session end.
    Down,
}

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The program runs.
    Opened,
    /// It said something.
    Output {
        /// Through which stream.
        stream: Stream,
        /// What.
        bytes: Bytes,
    },
    /// It said so much that this many bytes are left out here; the record has them.
    Skipped {
        /// How many.
        bytes: u64,
    },
    /// It has ended.
    Closed {
        /// How.
        status: ExitStatus,
    },
    /// What was asked cannot be done.
    Refused {
        /// Why, in one sentence.
        why: String,
        /// What to do.
        help: Option<String>,
    },
    /// It is done.
    Done {
        /// What came of it that a person wants to see; perhaps nothing.
        said: String,
    },
    /// It came to nothing; for people, of several lines perhaps.
    Failed {
        /// Why.
        text: String,
    },
    /// All there is to know.
    Session(Box<SessionDescription>),
    /// Lines that were asked for.
    Text {
        /// With their newlines, and as they came: to be cleaned before they are shown.
        bytes: Bytes,
    },
    /// Something has happened.
    Notice {
        /// In one sentence.
        text: String,
    },
}

/// All there is to know of a session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionDescription {
    /// Its name.
    pub name: String,
    /// What is played: the label of the run.
    pub title: String,
    /// The number of the process that keeps it.
    pub pid: u32,
    /// Seconds since it began.
    pub age: u64,
    /// What built the network: `Linux 6.12.9`, `Mininet 2.3.0`. Empty until it is up.
    pub built_by: String,
    /// Why the run waits, if it does.
    pub held: Option<String>,
    /// The folder of its results.
    pub folder: Option<std::path::PathBuf>,
    /// Hosts and routers.
    pub hosts: Vec<HostDescription>,
    /// Links between these and switches, which are the other names that occur here.
    pub links: Vec<LinkDescription>,
    /// The processes of the scenario, and those that were added.
    pub processes: Vec<ProcessDescription>,
    /// What people have opened and not closed.
    pub terminals: Vec<TerminalDescription>,
}

impl SessionDescription {
    /// The names of the switches: what links end at and is no host.
    #[must_use]
    pub fn switches(&self) -> Vec<&str> {
        let is_host = |name: &str| self.hosts.iter().any(|host| host.name == name);
        let mut switches: Vec<&str> = Vec::new();
        for node in self.links.iter().flat_map(|link| &link.nodes) {
            if !is_host(node) && !switches.contains(&node.as_str()) {
                switches.push(node);
            }
        }
        // s2 before s10.
        switches.sort_by_key(|name| (name.len(), *name));
        switches
    }
}

/// A process of the language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessDescription {
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub host: String,
    /// Whether it does.
    pub state: ProcessState,
}

/// Where a process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessState {
    /// It was not started yet.
    Absent,
    /// It runs.
    Running,
    /// It has ended so.
    Ended(ExitStatus),
}

/// A program that a person has started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalDescription {
    /// Where.
    pub host: String,
    /// Program and arguments.
    pub command: String,
}

//! A scenario file.

use std::time::Duration;

use super::{RawCheck, RawProcess, RawStep, RawTopologyChoice};
use crate::decode::{Maybe, Named, OneOrMany, record};
use crate::plan::{BackendKind, Signal, Stdio};
use crate::text::Text;
use crate::typed::{Fixed, Open};
use crate::yaml::Node;

record! {
    /// The file.
    struct RawScenario as "a scenario" {
        /// What the scenario is about, in a few words.
        name: Text = "name",
        /// More about it, for people.
        description: Text = "description",
        /// The network.
        topology: RawTopologyChoice = required "topology",
        /// Who builds it: `netns` or `mininet`.
        backend: Fixed<BackendKind> = "backend",
        /// How long the whole run may take.
        timeout: Open<Duration> = "timeout",
        /// What steps and processes have that say nothing else.
        defaults: RawDefaults = "defaults",
        /// Values for `${…}`.
        vars: Named<Text> = "vars",
        /// Lists of values for `${…}`: one run for each combination. `exclude` and
        /// `include` hold combinations to leave out and to add.
        matrix: Named<Vec<Node>> = "matrix",
        /// Programs and abilities of the machine without which it is skipped.
        requires: OneOrMany<Text> = "requires",
        /// Folders searched for programs before those of `PATH`.
        path: OneOrMany<Text> = "path",
        /// Variables for every process.
        env: Named<Text> = "env",
        /// The programs, by name.
        processes: Named<RawProcess> = "processes",
        /// What happens, in order.
        steps: Maybe<Vec<RawStep>> = "steps",
        /// What must hold of the whole record.
        checks: Maybe<Vec<RawCheck>> = "checks",
    }

    /// `defaults`.
    struct RawDefaults as "`defaults`" {
        /// How long a step may take.
        within: Open<Duration> = "within",
        /// What the standard streams of processes are.
        stdio: Fixed<Stdio> = "stdio",
        /// The signal that asks processes to end.
        stop: Fixed<Signal> = "stop",
        /// How long they may take to end before they are killed.
        grace: Open<Duration> = "grace",
    }
}

//! A scenario file.

use std::time::Duration;

use super::{RawCapture, RawCheck, RawProcess, RawStep, RawTopologyChoice};
use crate::decode::{AnyNumber, Maybe, Named, record};
use crate::defaults;
use crate::plan::{BackendKind, Signal, Stdio};
use crate::text::Text;
use crate::typed::{Fixed, Open};
use crate::yaml::Node;

record! {
    /// One file, one scenario.
    struct RawScenario as "a scenario" {
        /// What it is about, in a few words; the name of the file if not given.
        name: Text = "name",
        /// More about it, for people.
        description: Text = "description",
        /// The network: the name of a file in `topologies/`, a path, or the thing itself.
        topology: RawTopologyChoice = required "topology",
        /// Who builds it, unless the command line says so: labrun itself, or Mininet.
        /// Whoever can, if not given, and labrun if both can.
        backend: Fixed<BackendKind> = "backend",
        /// How long the whole run may take.
        timeout: Open<Duration> = "timeout" or defaults::TIMEOUT,
        /// What steps and processes have that say nothing else.
        defaults: RawDefaults = "defaults",
        /// Values for `${…}`.
        vars: Named<Text> = "vars",
        /// Lists of values for `${…}`: one run for each combination. Beside them `exclude`
        /// and `include` hold combinations to leave out and to add.
        matrix: Named<Vec<Node>> = "matrix",
        /// What the machine must have, or else the scenario is skipped: programs, `netem`,
        /// `mininet`, `root`.
        requires: AnyNumber<Text> = "requires",
        /// Folders in which programs are looked for first, before those of `PATH`.
        path: AnyNumber<Text> = "path",
        /// Environment variables of every process.
        env: Named<Text> = "env",
        /// The programs, by name.
        processes: Named<RawProcess> = "processes",
        /// What is recorded of the packets that pass by hosts, by name.
        captures: Named<RawCapture> = "captures",
        /// What happens, in order.
        steps: Maybe<Vec<RawStep>> = "steps",
        /// What must hold of the whole record, in the end.
        checks: Maybe<Vec<RawCheck>> = "checks",
    }

    /// What holds for steps and processes that say nothing else.
    struct RawDefaults as "`defaults`" {
        /// How long a step may take, and a process until it is ready.
        within: Open<Duration> = "within" or defaults::WITHIN,
        /// What programs read from and write to: a terminal, or pipes.
        stdio: Fixed<Stdio> = "stdio" or defaults::STDIO,
        /// The signal that asks processes to end.
        stop: Fixed<Signal> = "stop" or defaults::STOP,
        /// How long they may take to end before they are killed.
        grace: Open<Duration> = "grace" or defaults::GRACE,
    }
}

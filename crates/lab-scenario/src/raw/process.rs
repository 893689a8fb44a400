//! Processes: programs on hosts.

use std::time::Duration;

use crate::decode::{Named, OneOrMany, record};
use crate::plan::{Signal, Stdio};
use crate::text::Text;
use crate::typed::{Fixed, Open};
use crate::values::{ExitCode, Members, Port};

record! {
    /// One process.
    struct RawProcess as "a process" {
        /// Where it runs.
        host: Text = "host",
        /// Where the members of a group run, in turn.
        hosts: OneOrMany<Text> = "hosts",
        /// A group of so many: NAME-1, NAME-2, … with `${i}` for the number.
        count: Fixed<Members> = "count",
        /// Processes that must be ready before it starts by itself.
        after: OneOrMany<Text> = "after",
        /// A command line, split into words without a shell.
        run: Text = "run",
        /// A command line for `sh -c`.
        shell: Text = "shell",
        /// `pty` or `pipe`.
        stdio: Fixed<Stdio> = "stdio",
        /// When it counts as started.
        ready: RawReady = "ready",
        /// Variables for this process.
        env: Named<Text> = "env",
        /// The signal that asks it to end.
        stop: Fixed<Signal> = "stop",
        /// How long it may take to end before it is killed.
        grace: Open<Duration> = "grace",
    }

    /// What must be observed before a process counts as started.
    struct RawReady as "`ready`" {
        /// It has put this out.
        output: Text = "output",
        /// Something on its host listens on this TCP port.
        tcp: Open<Port> = "tcp",
        /// Something on its host has bound this UDP port.
        udp: Open<Port> = "udp",
        /// It has ended with this code.
        exit: Open<ExitCode> = "exit",
        /// All of these hold.
        all: Vec<RawReady> = "all",
        /// One of these holds.
        any: Vec<RawReady> = "any",
        /// How long that may take.
        within: Open<Duration> = "within",
    }
}

//! Processes: programs on hosts.

use std::time::Duration;

use crate::decode::{AnyNumber, Named, OneOrMany, record};
use crate::plan::{Signal, Stdio};
use crate::text::Text;
use crate::typed::{Fixed, Open};
use crate::values::{ExitCode, Members, Port};

record! {
    /// A program that runs on a host; a group of them, with `count`. It has `run` or `shell`.
    struct RawProcess as "a process" {
        /// On which host it runs.
        host: Text = "host",
        /// On which hosts the members of a group run, in turn.
        hosts: OneOrMany<Text> = "hosts",
        /// Makes a group of so many: `NAME-1`, `NAME-2`, …, with `${i}` for the number.
        count: Fixed<Members> = "count",
        /// Processes that must be ready before it starts by itself.
        after: AnyNumber<Text> = "after",
        /// A command line, split into words without a shell.
        run: Text = "run",
        /// Instead of `run`: a command line for `sh -c`.
        shell: Text = "shell",
        /// What it reads from and writes to: a terminal of 80×24 without echo; or pipes, with
        /// standard error apart from standard output.
        stdio: Fixed<Stdio> = "stdio",
        /// When it counts as started; at once if not given.
        ready: RawReady = "ready",
        /// Its environment variables. `TERM` is `dumb` if none of them says otherwise.
        env: Named<Text> = "env",
        /// The signal that asks it to end.
        stop: Fixed<Signal> = "stop",
        /// How long it may take to end before it is killed.
        grace: Open<Duration> = "grace",
    }

    /// What must be seen before a process counts as started: one of these, with `within`
    /// beside it or not.
    struct RawReady as "`ready`" {
        /// It has put this out: a text or a `/regular expression/`.
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

//! Processes: programs on hosts.

use crate::decode::{Named, record};
use crate::text::Text;

record! {
    /// One process.
    struct RawProcess as "a process" {
        /// Where it runs.
        host: Text = required "host",
        /// A command line, split into words without a shell.
        run: Text = "run",
        /// A command line for `sh -c`.
        shell: Text = "shell",
        /// `pty` or `pipe`.
        stdio: Text = "stdio",
        /// When it counts as started.
        ready: RawReady = "ready",
        /// Variables for this process.
        env: Named<Text> = "env",
        /// The signal that asks it to end.
        stop: Text = "stop",
        /// How long it may take to end before it is killed.
        grace: Text = "grace",
    }

    /// What must be observed before a process counts as started.
    struct RawReady as "`ready`" {
        /// It has put this out.
        output: Text = "output",
        /// Something on its host listens on this TCP port.
        tcp: Text = "tcp",
        /// Something on its host has bound this UDP port.
        udp: Text = "udp",
        /// It has ended with this code.
        exit: Text = "exit",
        /// How long that may take.
        within: Text = "within",
    }
}

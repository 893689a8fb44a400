//! What holds where a file says nothing. The checks read it here, and so does what
//! describes the keys.

use std::time::Duration;

use crate::plan::{Signal, Stdio};

/// For the whole run.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);
/// For a step, and for a process to be ready.
pub(crate) const WITHIN: Duration = Duration::from_secs(5);
/// From the signal that asks a process to end to the one that makes it.
pub(crate) const GRACE: Duration = Duration::from_secs(2);
/// The signal that asks a process to end.
pub(crate) const STOP: Signal = Signal::TERM;
/// What the standard streams of processes are.
pub(crate) const STDIO: Stdio = Stdio::Pty;
/// The pause before a `retry` tries again.
pub(crate) const EVERY: Duration = Duration::from_millis(50);
/// Hosts on each switch of a `linear` topology.
pub(crate) const HOSTS: u32 = 1;

//! A stage after a run that another one shall follow: everything that was started
//! ends, and what the run could have left behind is looked for.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use lab_network::isolation::{Sandbox, Traces};
use lab_network::{Network, Picture};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, wait};

use super::faults::everybody;

/// How long processes may take to end when they are killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked for processes that were started meanwhile.
const ROUNDS: usize = 100;

/// A stage as it is before its first run.
pub(super) struct Afresh {
    /// Processes that belong to the network.
    residents: BTreeSet<i32>,
    picture: Picture,
    traces: Traces,
}

impl Afresh {
    /// To be made when the network is up and no program has been started.
    ///
    /// # Errors
    /// In words, why a second run cannot follow.
    pub(super) fn look(sandbox: &Sandbox, network: &mut dyn Network) -> Result<Self, String> {
        Ok(Self {
            residents: everybody().collect(),
            picture: network.picture().map_err(|error| error.to_string())?,
            traces: sandbox.traces().map_err(|error| error.to_string())?,
        })
    }

    /// Makes the stage what it was.
    ///
    /// # Errors
    /// In words, what is not as it was: no other run may follow.
    pub(super) fn restore(
        &self,
        sandbox: &Sandbox,
        network: &mut dyn Network,
    ) -> Result<(), String> {
        self.end_everybody().map_err(|error| format!("not all processes end: {error}"))?;
        if everybody().collect::<BTreeSet<_>>() != self.residents {
            return Err("processes of the network are gone".to_owned());
        }
        sandbox.renew_ipc().map_err(|error| error.to_string())?;
        if sandbox.traces().map_err(|error| error.to_string())? != self.traces {
            return Err("mounts, or files below /run, changed".to_owned());
        }
        network.renew(&self.picture).map_err(|error| error.to_string())
    }

    /// Kills everybody but the network's own, also those who are nobody's children any
    /// more, until none is left.
    fn end_everybody(&self) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        for _ in 0..ROUNDS {
            // What has ended is there until it is reaped; orphans are the stage's.
            while matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {}
            let others: Vec<i32> =
                everybody().filter(|pid| !self.residents.contains(pid)).collect();
            if others.is_empty() {
                return Ok(());
            }
            let handles = others.iter().filter_map(|pid| {
                // It may have ended meanwhile.
                let process = pidfd_open(Pid::from_raw(*pid)?, PidfdFlags::empty()).ok()?;
                pidfd_send_signal(&process, Signal::KILL).ok()?;
                Some(process)
            });
            for process in handles.collect::<Vec<_>>() {
                wait_for(&process, deadline)?;
            }
        }
        Err(io::Error::other("they start others faster than they can be killed"))
    }
}

/// Waits until a process has ended.
fn wait_for(process: &OwnedFd, deadline: Instant) -> io::Result<()> {
    loop {
        let left = Timespec::try_from(deadline.saturating_duration_since(Instant::now()));
        match poll(&mut [PollFd::new(process, PollFlags::IN)], left.ok().as_ref()) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

//! What steps do to the network and to the machines on it.

use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;

use lab_network::{Network, NetworkError};
use lab_scenario::plan::{Action, Fault, LinkChange, LinkState, Plan, Signal};
use rustix::process::{Pid, kill_process};

use super::hosts::Hosts;
use crate::assignment::Hold;

/// How often a host is looked at for processes that were started meanwhile: what
/// forks faster than this is not stopped.
const ROUNDS: usize = 100;

/// Does faults.
pub(super) struct Faults {
    /// Processes that were on hosts before any program was: they belong to the
    /// network (Mininet has a shell on each host) and are left alone.
    residents: BTreeSet<i32>,
}

impl Faults {
    /// To be made when the network is up and no program has been started.
    pub(super) fn new(plan: &Plan, hold: &Hold) -> Self {
        let is_of_processes = |action: &Action| {
            matches!(
                action,
                Action::Fault(Fault::Pause(_) | Fault::Resume(_) | Fault::HostDown { .. })
            )
        };
        // People may add any step.
        let needed =
            hold.is_wanted() || plan.steps.iter().any(|step| is_of_processes(&step.action));
        Self { residents: if needed { everybody().collect() } else { BTreeSet::new() } }
    }

    /// Does one, and returns when it is done.
    ///
    /// # Errors
    /// In words, why it cannot be done.
    pub(super) fn apply(
        &self,
        fault: &Fault,
        network: &mut dyn Network,
        hosts: &Hosts,
    ) -> Result<(), String> {
        let words = |error: NetworkError| match error.help() {
            Some(help) => format!("{error}: {help}"),
            None => error.to_string(),
        };
        match fault {
            Fault::Link { between: [a, b], change } => match change {
                LinkChange::State(state) => network.set_link(a, b, *state),
                LinkChange::Shape(shape) => network.shape_link(a, b, shape),
            }
            .map_err(words),
            Fault::Partition(groups) => network.partition(groups).map_err(words),
            Fault::Heal => network.heal().map_err(words),
            Fault::Pause(host) => self.signal_all(host, Signal::STOP, hosts),
            Fault::Resume(host) => self.signal_all(host, Signal::CONT, hosts),
            Fault::HostDown { host, neighbours } => {
                for neighbour in neighbours {
                    network.set_link(host, neighbour, LinkState::Down).map_err(words)?;
                }
                self.signal_all(host, Signal::KILL, hosts)
            }
            Fault::HostUp { host, neighbours } => neighbours.iter().try_for_each(|neighbour| {
                network.set_link(host, neighbour, LinkState::Up).map_err(words)
            }),
        }
    }

    /// Signals every process on a host, also those that programs have started,
    /// until no new ones come up.
    fn signal_all(&self, host: &str, signal: Signal, hosts: &Hosts) -> Result<(), String> {
        let namespace = hosts
            .namespace(host)
            .ok_or_else(|| format!("there is no host `{host}`; its hosts are {}", hosts.names()))?;
        let place = Place::of(namespace).map_err(|error| format!("{host}: {error}"))?;
        let mut done = self.residents.clone();
        for _ in 0..ROUNDS {
            let there: Vec<i32> = everybody()
                .filter(|pid| !done.contains(pid) && Place::of_process(*pid) == Some(place))
                .collect();
            if there.is_empty() {
                return Ok(());
            }
            for pid in there {
                done.insert(pid);
                let named = rustix::process::Signal::from_named_raw(signal.0);
                if let (Some(pid), Some(signal)) = (Pid::from_raw(pid), named) {
                    // It may have ended meanwhile.
                    let _ = kill_process(pid, signal);
                }
            }
        }
        Err(format!("{host} starts processes faster than they can be signalled"))
    }
}

/// Everybody in the stage's process namespace but the stage.
pub(super) fn everybody() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let own = i32::try_from(std::process::id()).unwrap_or(1);
    pids.filter(move |pid| *pid != own)
}

/// A network namespace, by what its file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place(u64, u64);

impl Place {
    fn of(namespace: BorrowedFd<'_>) -> std::io::Result<Self> {
        let stat = rustix::fs::fstat(namespace)?;
        Ok(Self(stat.st_dev, stat.st_ino))
    }

    fn of_process(pid: i32) -> Option<Self> {
        let stat = rustix::fs::stat(format!("/proc/{pid}/ns/net")).ok()?;
        Some(Self(stat.st_dev, stat.st_ino))
    }
}

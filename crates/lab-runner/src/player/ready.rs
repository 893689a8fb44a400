//! When a process counts as started: its `ready` condition, watched.

use std::collections::BTreeSet;

use lab_scenario::plan::{ExitStatus, ProcessId, Ready};

use super::actor::{Life, Scans, Sight};
use super::step::Progress;
use super::{Blame, Order, Player, Port, failure, nanos};
use crate::scroll::Nanos;

/// A start that is under way.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) of: ProcessId,
    /// Where to look for each output that the condition speaks of.
    scans: Vec<Scans>,
    /// Ports that were seen open.
    pub(super) open_ports: BTreeSet<Port>,
}

/// The ports that a condition speaks of.
fn ports(ready: &Ready) -> BTreeSet<Port> {
    match ready {
        Ready::Tcp(port) => BTreeSet::from([Port::Tcp(*port)]),
        Ready::Udp(port) => BTreeSet::from([Port::Udp(*port)]),
        Ready::All(parts) | Ready::Any(parts) => parts.iter().flat_map(ports).collect(),
        Ready::Output(_) | Ready::Exit(_) => BTreeSet::new(),
    }
}

/// What must be seen, in words: `say `x``.
fn wanted(ready: &Ready) -> String {
    let several = |parts: &[Ready], joint: &str| {
        let parts: Vec<String> = parts.iter().map(wanted).collect();
        parts.join(joint)
    };
    match ready {
        Ready::Output(pattern) => format!("say `{pattern}`"),
        Ready::Tcp(port) => format!("listen on TCP port {port}"),
        Ready::Udp(port) => format!("bind UDP port {port}"),
        Ready::Exit(code) => format!("end with code {code}"),
        Ready::All(parts) => several(parts, " and "),
        Ready::Any(parts) => several(parts, " or "),
    }
}

impl Player<'_> {
    /// Starts a process: the first orders.
    pub(super) fn open_start(&mut self, of: ProcessId) -> Result<Start, String> {
        let name = self.name(of);
        if self.actors[of.0].is_running() {
            return Err(format!("{name} is running already"));
        }
        for sought in &mut self.script.ready[of.0] {
            sought.prepare(&self.saved)?;
        }
        // An end of before is not the end of the one that starts now.
        let actor = &mut self.actors[of.0];
        (actor.life, actor.ready) = (Life::Absent, false);
        let scans = self.script.ready[of.0].iter().map(|_| actor.scans_at_end()).collect();
        self.orders.push_back(Order::Spawn(of));
        for port in ports_of(self.process(of).ready.as_ref()) {
            self.orders.push_back(Order::WatchPort(of, port));
        }
        Ok(Start { of, scans, open_ports: BTreeSet::new() })
    }

    pub(super) fn look_start(
        &mut self,
        index: usize,
        began: Nanos,
        start: &mut Start,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let of = start.of;
        let process = self.process(of);
        let within = self.plan.steps[index].within;
        let deadline = began.saturating_add(nanos(within));
        let mut wait = deadline;
        let is_ready = match &process.ready {
            None => self.actors[of.0].life != Life::Absent,
            Some(ready) => {
                let mut outputs = 0;
                self.holds(ready, start, &mut outputs, &mut wait, now)
            }
        };
        if is_ready {
            if !ports_of(process.ready.as_ref()).is_empty() {
                self.orders.push_back(Order::UnwatchPorts(of));
            }
            return Ok(Progress::Done);
        }
        let wanted = || process.ready.as_ref().map_or_else(|| "start".to_owned(), wanted);
        let (name, actor) = (&process.name, &self.actors[of.0]);
        if let (Some(status), Some(drained)) = (actor.status(), actor.drained_at()) {
            if now >= drained {
                let summary = format!("{name} was to {}, but it {status}", wanted());
                return Err(self.blame_step(index, began, now, summary, Some(of)));
            }
            wait = wait.min(drained);
        }
        if now < deadline {
            return Ok(Progress::WaitUntil(wait));
        }
        let limit = failure::words(within);
        let summary = format!("{name} did not {} within {limit}", wanted());
        Err(self.blame_step(index, began, now, summary, Some(of)))
    }

    /// Whether a condition holds. `outputs` counts the outputs looked for, in the
    /// order in which the condition names them.
    fn holds(
        &self,
        ready: &Ready,
        start: &mut Start,
        outputs: &mut usize,
        wait: &mut Nanos,
        now: Nanos,
    ) -> bool {
        let actor = &self.actors[start.of.0];
        match ready {
            Ready::Tcp(port) => start.open_ports.contains(&Port::Tcp(*port)),
            Ready::Udp(port) => start.open_ports.contains(&Port::Udp(*port)),
            Ready::Exit(code) => actor.status() == Some(ExitStatus::Code(*code)),
            Ready::Output(_) => {
                let number = *outputs;
                *outputs += 1;
                let sought = self.script.ready[start.of.0].get(number);
                let matcher = sought.and_then(|sought| sought.matcher());
                let (Some(matcher), Some(scans)) = (matcher, start.scans.get_mut(number)) else {
                    return false;
                };
                let sight = actor.look(scans, matcher, now);
                if let Sight::PerhapsAt(at) = sight {
                    *wait = (*wait).min(at.max(now + 1));
                }
                matches!(sight, Sight::Here(..))
            }
            // Each part is looked at, so that the numbers of outputs are right.
            Ready::All(parts) => {
                let mut all = true;
                for part in parts {
                    all &= self.holds(part, start, outputs, wait, now);
                }
                all
            }
            Ready::Any(parts) => {
                let mut any = false;
                for part in parts {
                    any |= self.holds(part, start, outputs, wait, now);
                }
                any
            }
        }
    }
}

fn ports_of(ready: Option<&Ready>) -> BTreeSet<Port> {
    ready.map(ports).unwrap_or_default()
}

//! What the keeper knows of a run, and who waits for what.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use lab_runner::bytes::{Bytes, printable};
use lab_runner::dispatcher::StageControl;
use lab_runner::event::{Event, Failure, HeldBecause, LinkDescription};
use lab_runner::request::{Opening, TerminalId};
use lab_scenario::plan::{Fault, LinkChange, LinkState, Plan, ProcessId};

use super::Extension;
use super::outlet::Outlet;
use crate::protocol::{
    Answer, ProcessDescription, ProcessState, SessionDescription, TerminalDescription,
};

/// Bytes of what a process said last that are kept.
const KEPT: usize = 64 << 10;

/// One run.
pub(super) struct State {
    control: StageControl,
    began: Instant,
    over: bool,
    takes_steps: bool,
    description: SessionDescription,
    /// What each process said last.
    tails: Vec<VecDeque<u8>>,
    terminals: BTreeMap<TerminalId, (Outlet, TerminalDescription)>,
    opened: u64,
    watchers: Vec<Outlet>,
    /// Who waits for steps, by the first of them.
    added: BTreeMap<usize, Waiting>,
}

/// Somebody who waits for steps that they have added.
struct Waiting {
    outlet: Outlet,
    /// One past the last, counting those inside of others.
    end: usize,
    /// The last that is inside of no other.
    last: usize,
    /// What came of them so far.
    said: String,
}

impl State {
    pub(super) fn new(plan: &Plan, folder: Option<&Path>, control: StageControl) -> Self {
        let processes = plan.processes.iter().map(|process| ProcessDescription {
            name: process.name.clone(),
            host: process.host.clone(),
            state: ProcessState::Absent,
        });
        let description = SessionDescription {
            title: plan.identity.label(),
            pid: std::process::id(),
            folder: folder.and_then(|folder| std::path::absolute(folder).ok()),
            processes: processes.collect(),
            ..SessionDescription::default()
        };
        Self {
            control,
            began: Instant::now(),
            over: false,
            takes_steps: false,
            tails: vec![VecDeque::new(); plan.processes.len()],
            description,
            terminals: BTreeMap::new(),
            opened: 0,
            watchers: Vec::new(),
            added: BTreeMap::new(),
        }
    }

    /// The name of the session, once it has one.
    pub(super) fn name(&self) -> &str {
        &self.description.name
    }

    pub(super) fn set_name(&mut self, name: &str) {
        name.clone_into(&mut self.description.name);
    }

    pub(super) fn control(&self) -> &StageControl {
        &self.control
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether steps can be added now.
    pub(super) fn takes_steps(&self) -> bool {
        self.takes_steps && !self.over
    }

    pub(super) fn describe(&self) -> SessionDescription {
        SessionDescription {
            age: self.began.elapsed().as_secs(),
            terminals: self.terminals.values().map(|(_, terminal)| terminal.clone()).collect(),
            ..self.description.clone()
        }
    }

    /// Somebody wants to run a program.
    pub(super) fn admit(&mut self, outlet: Outlet, opening: &Opening) -> TerminalId {
        self.opened += 1;
        let id = TerminalId(self.opened);
        let command = match opening.argv.is_empty() {
            true => "shell".to_owned(),
            false => printable(opening.argv.join(" ").as_bytes()),
        };
        let terminal = TerminalDescription { host: opening.host.clone(), command };
        self.terminals.insert(id, (outlet, terminal));
        id
    }

    /// Nobody looks at a terminal any more. Says whether it was open.
    pub(super) fn dismiss(&mut self, id: TerminalId) -> bool {
        self.terminals.remove(&id).is_some()
    }

    pub(super) fn watch(&mut self, outlet: Outlet) {
        self.watchers.push(outlet);
    }

    /// Somebody is gone. Returns the steps that they waited for.
    pub(super) fn forget(&mut self, outlet: &Outlet) -> Vec<Range<usize>> {
        self.watchers.retain(|watcher| !watcher.is_same(outlet));
        let theirs = self.added.iter().filter(|(_, waiting)| waiting.outlet.is_same(outlet));
        let theirs: Vec<_> = theirs.map(|(first, waiting)| *first..waiting.end).collect();
        self.added.retain(|first, _| theirs.iter().all(|steps| steps.start != *first));
        theirs
    }

    /// Somebody waits for what they have added.
    pub(super) fn expect(&mut self, extension: &Extension, outlet: Outlet) {
        let Extension { plan, steps } = extension;
        let mut last = steps.start;
        while let Some(step) = plan.steps.get(last) {
            let next = step.action.next(last);
            if next >= steps.end {
                break;
            }
            last = next;
        }
        let waiting = Waiting { outlet, end: steps.end, last, said: String::new() };
        self.added.insert(steps.start, waiting);
    }

    /// The last lines of a process, or of those on a host.
    pub(super) fn transcript(&self, of: &str, lines: usize) -> Answer {
        let processes = self.description.processes.iter().zip(&self.tails);
        let named: Vec<_> = processes.clone().filter(|(process, _)| process.name == of).collect();
        let wanted = match named.is_empty() {
            true => processes.filter(|(process, _)| process.host == of).collect(),
            false => named,
        };
        if wanted.is_empty() {
            let known: Vec<_> =
                self.description.processes.iter().map(|process| process.name.as_str()).collect();
            let help = match known.is_empty() {
                true => "`run HOST NAME: COMMAND` starts one".to_owned(),
                false => format!("there are {}", known.join(", ")),
            };
            let why = format!("`{of}` is no process, and none runs on a host of that name");
            return Answer::Refused { why, help: Some(help) };
        }
        let mut text = Vec::new();
        let several = wanted.len() > 1;
        for (process, tail) in wanted {
            if several {
                text.extend_from_slice(format!("== {} ==\n", process.name).as_bytes());
            }
            let bytes: Vec<u8> = tail.iter().copied().collect();
            text.extend_from_slice(last_lines(&bytes, lines));
            if text.last().is_some_and(|last| *last != b'\n') {
                text.push(b'\n');
            }
        }
        Answer::Text { bytes: Bytes(text) }
    }

    /// Takes note of what happens.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::NetworkUp { built_by, .. } => self.description.built_by.clone_from(built_by),
            Event::NetworkDescribed { hosts, links } => {
                self.description.hosts.clone_from(hosts);
                self.description.links.clone_from(links);
            }
            Event::Held { because } => {
                self.takes_steps = !matches!(because, HeldBecause::Label(_));
                self.description.held = Some(because.to_string());
            }
            Event::Continued {} => self.description.held = None,
            Event::Extended { processes, .. } => {
                for process in processes {
                    self.tails.push(VecDeque::new());
                    self.description.processes.push(ProcessDescription {
                        name: process.name.clone(),
                        host: process.host.clone(),
                        state: ProcessState::Absent,
                    });
                }
            }
            Event::ProcessStarted { process, .. } => {
                self.set_state(*process, ProcessState::Running);
            }
            Event::ProcessExited { process, status } => {
                self.set_state(*process, ProcessState::Ended(*status));
                if let Some(process) = self.description.processes.get(process.0) {
                    self.notice(&format!("{} {status}", process.name));
                }
            }
            Event::Output { process, bytes, .. } => {
                if let Some(tail) = self.tails.get_mut(process.0) {
                    tail.extend(bytes.iter());
                    tail.drain(..tail.len().saturating_sub(KEPT));
                }
            }
            Event::FaultApplied { fault, .. } => {
                self.change(fault);
                self.notice(&fault.to_string());
            }
            Event::Warning { message } => self.notice(message),
            Event::Saved { step, name, value } => {
                self.say_of(*step, &format!("{name} = {value}\n"));
            }
            Event::ExecFinished { step, output, .. } => {
                let text = String::from_utf8_lossy(output).into_owned();
                self.say_of(*step, &text);
            }
            Event::StepPassed { step } => self.passed(*step),
            Event::StepMissed { step, why } => {
                self.say_of(*step, &format!("not met, but optional: {why}\n"));
                self.passed(*step);
            }
            Event::StepFailed { step, failure } => self.failed(*step, failure),
            _ => self.note_terminal(event),
        }
    }

    fn note_terminal(&mut self, event: &Event) {
        match event {
            Event::TerminalOpened { terminal, .. } => {
                if let Some((outlet, _)) = self.terminals.get(terminal) {
                    outlet.say(&Answer::Opened);
                }
            }
            Event::TerminalRefused { terminal, why, help } => {
                if let Some((outlet, _)) = self.terminals.remove(terminal) {
                    outlet.say(&Answer::Refused { why: why.clone(), help: help.clone() });
                    outlet.close();
                }
            }
            Event::TerminalOutput { terminal, stream, bytes, .. } => {
                if let Some((outlet, _)) = self.terminals.get(terminal) {
                    outlet.show(*stream, bytes);
                }
            }
            Event::TerminalClosed { terminal, status } => {
                if let Some((outlet, _)) = self.terminals.remove(terminal) {
                    outlet.say(&Answer::Closed { status: *status });
                    outlet.close();
                }
            }
            _ => {}
        }
    }

    /// The run is over: everybody hears so by the end of their connection.
    pub(super) fn end(&mut self) {
        self.over = true;
        let waiting = std::mem::take(&mut self.added).into_values().map(|waiting| waiting.outlet);
        let outlets = std::mem::take(&mut self.terminals).into_values().map(|(outlet, _)| outlet);
        let watchers = std::mem::take(&mut self.watchers);
        for outlet in waiting.chain(outlets).chain(watchers) {
            outlet.close();
        }
    }

    fn set_state(&mut self, process: ProcessId, state: ProcessState) {
        if let Some(process) = self.description.processes.get_mut(process.0) {
            process.state = state;
        }
    }

    fn notice(&self, text: &str) {
        for watcher in &self.watchers {
            watcher.say(&Answer::Notice { text: printable(text.as_bytes()) });
        }
    }

    /// The state of links after a fault.
    fn change(&mut self, fault: &Fault) {
        match fault {
            Fault::Link { between: [a, b], change: LinkChange::State(state) } => {
                self.set_links(a, b, |link| link.state = *state);
            }
            Fault::Link { between: [a, b], change: LinkChange::Shape(shape) } => {
                self.set_links(a, b, |link| link.shape = *shape);
            }
            Fault::HostDown { host, neighbours } => {
                for other in neighbours {
                    self.set_links(host, other, |link| link.state = LinkState::Down);
                }
            }
            Fault::HostUp { host, neighbours } => {
                for other in neighbours {
                    self.set_links(host, other, |link| link.state = LinkState::Up);
                }
            }
            _ => {}
        }
    }

    fn set_links(&mut self, a: &str, b: &str, set: impl Fn(&mut LinkDescription)) {
        for link in &mut self.description.links {
            let [first, second] = &link.nodes;
            if (first, second) == (&a.to_owned(), &b.to_owned())
                || (first, second) == (&b.to_owned(), &a.to_owned())
            {
                set(link);
            }
        }
    }

    /// Who waits for a step: its first, and them.
    fn waiting_for(&mut self, step: usize) -> Option<(usize, &mut Waiting)> {
        let (first, waiting) = self.added.range_mut(..=step).next_back()?;
        (step < waiting.end).then_some((*first, waiting))
    }

    fn say_of(&mut self, step: usize, text: &str) {
        if let Some((_, waiting)) = self.waiting_for(step) {
            waiting.said.push_str(text);
        }
    }

    fn passed(&mut self, step: usize) {
        let done = self.waiting_for(step).filter(|(_, waiting)| waiting.last == step);
        if let Some((first, _)) = done
            && let Some(waiting) = self.added.remove(&first)
        {
            waiting.outlet.say(&Answer::Done { said: waiting.said });
        }
    }

    fn failed(&mut self, step: usize, failure: &Failure) {
        if let Some((first, _)) = self.waiting_for(step)
            && let Some(waiting) = self.added.remove(&first)
        {
            let lines: Vec<_> = failure.lines().collect();
            waiting.outlet.say(&Answer::Failed { text: lines.join("\n") });
        }
    }
}

/// The end of a text, so many lines of it.
fn last_lines(text: &[u8], count: usize) -> &[u8] {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    let mut ends = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    match count.checked_sub(1).map(|before| ends.nth(before)) {
        None => &[],
        Some(None) => text,
        Some(Some((end, _))) => &text[end + 1..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines() {
        let text = b"one\ntwo\nthree\n";
        let table: [(usize, &[u8]); 5] = [
            (0, b""),
            (1, b"three\n"),
            (2, b"two\nthree\n"),
            (3, b"one\ntwo\nthree\n"),
            (9, b"one\ntwo\nthree\n"),
        ];
        for (count, lines) in table {
            assert_eq!(last_lines(text, count), lines, "{count}");
        }
        assert_eq!(last_lines(b"one\nhalf", 1), b"half");
        assert_eq!(last_lines(b"", 3), b"");
    }
}

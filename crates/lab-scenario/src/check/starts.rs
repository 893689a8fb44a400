//! The starts of a scenario that has none: all processes, before the first step.
//! And those of what is typed into a session, and has none.

use super::Checker;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::model::{Action, Process, Step, Within};
use crate::plan::ProcessId;
use crate::source::Span;

impl Checker<'_> {
    /// One after the other in the order of the file, the members of a group at the
    /// same time. Once a process says what it comes `after`, the order of the
    /// file means nothing: each starts as soon as those are ready.
    pub(super) fn starts(&mut self, ids: &[ProcessId], processes: &[Process]) -> Vec<Step> {
        let after = |id: ProcessId| self.find(id, processes).map_or(&[][..], |found| &found.after);
        if ids.iter().any(|id| !after(*id).is_empty()) {
            return self.starts_by_need(ids, processes);
        }
        let groups = ids.chunk_by(|a, b| {
            let (a, b) = (self.cast.person(*a), self.cast.person(*b));
            a.member.is_some() && b.member.is_some() && a.span == b.span
        });
        groups.map(|group| self.start_together(group)).collect()
    }

    /// The start of one process, or of the members of a group at the same time.
    pub(super) fn start_together(&self, ids: &[ProcessId]) -> Step {
        match ids {
            [one] => self.start(*one),
            _ => {
                let branches = ids.iter().map(|id| vec![self.start(*id)]).collect();
                let first = ids.first().map_or("", |id| self.cast.person(*id).name.as_str());
                let group = first.rsplit_once('-').map_or(first, |(group, _)| group);
                let span = ids.first().map(|id| self.cast.person(*id).span).unwrap_or_default();
                self.together(branches, span, format!("start: {group}"))
            }
        }
    }

    fn start(&self, id: ProcessId) -> Step {
        let person = self.cast.person(id);
        self.generated(Action::Start(id), person.span, format!("start: {}", person.name))
    }

    fn together(&self, branches: Vec<Vec<Step>>, span: Span, text: String) -> Step {
        self.generated(Action::Parallel(branches), span, text)
    }

    fn generated(&self, action: Action, span: Span, text: String) -> Step {
        let (within, place) = (Within::Own, self.place(span));
        Step { action, within, optional: false, member: None, place, span, text }
    }

    fn starts_by_need(&mut self, ids: &[ProcessId], processes: &[Process]) -> Vec<Step> {
        self.refuse_circles(processes);
        let branches = ids.iter().map(|&id| {
            let person = self.cast.person(id);
            let after = self.find(id, processes).map_or(&[][..], |process| &process.after);
            let awaited = after.iter().map(|before| {
                let text = format!("until ready: {}", self.cast.person(*before).name);
                self.generated(Action::Await(*before), person.span, text)
            });
            awaited.chain([self.start(id)]).collect()
        });
        let branches: Vec<Vec<Step>> = branches.collect();
        let span = branches.first().and_then(|branch| branch.first()).map(|step| step.span);
        let Some(span) = span else { return Vec::new() };
        vec![self.together(branches, span, "start: all".to_owned())]
    }

    /// A process, unless it is wrong in itself.
    pub(super) fn find<'p>(&self, id: ProcessId, processes: &'p [Process]) -> Option<&'p Process> {
        let name = &self.cast.person(id).name;
        processes.iter().find(|process| process.name == *name)
    }

    /// Processes that wait for each other would never start.
    fn refuse_circles(&mut self, processes: &[Process]) {
        let after = |id: ProcessId| self.find(id, processes).map_or(&[][..], |found| &found.after);
        // Those that can start, then those that can once these are ready, …
        let mut startable = vec![false; self.cast.len()];
        loop {
            let next: Vec<ProcessId> = self
                .cast
                .ids()
                .filter(|id| {
                    !startable[id.0] && after(*id).iter().all(|before| startable[before.0])
                })
                .collect();
            if next.is_empty() {
                break;
            }
            next.iter().for_each(|id| startable[id.0] = true);
        }
        let stuck: Vec<ProcessId> = self.cast.ids().filter(|id| !startable[id.0]).collect();
        let Some((first, others)) = stuck.split_first() else { return };
        let person = self.cast.person(*first);
        let message = format!("`{}` waits for itself", person.name);
        let mut diagnostic = Diagnostic::new(Code::Cycle, person.span, message)
            .help("none of these would ever start: leave out one `after`");
        for other in others.iter().take(4) {
            let other = self.cast.person(*other);
            diagnostic =
                diagnostic.secondary(other.span, "this waits in the same circle, or behind it");
        }
        self.sink.report(diagnostic);
    }
}

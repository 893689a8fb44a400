//! The course of events: what is used must have been started by then, and must
//! not have ended.

use std::collections::HashSet;
use std::time::Duration;

use super::Checker;
use super::assertions::PlacedCheck;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::model::{Action, Exec, Fault, Process, Ready, Step, Within};
use crate::plan::{LinkState, ProcessId};
use crate::source::Span;

/// Where a process is in its life at some step.
#[derive(Debug, Clone, Copy)]
enum Life {
    NotYet,
    /// Started here.
    Running(Span),
    /// Ended here.
    Ended(Span),
}

/// What a step wants of the process it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    Start,
    /// That it was started at some time: what it said can still be read.
    Started,
    /// That it is still there.
    Running,
}

pub(super) fn check(
    checker: &mut Checker<'_>,
    processes: &[Process],
    steps: &[Step],
    starts_itself: bool,
    checks: &[PlacedCheck],
) {
    // Once a name is wrong, who is started cannot be told.
    let unsure = checker.sink.has(Code::UnknownProcess) || !checker.has_processes;
    let count = checker.cast.len();
    let mut course = Course {
        lives: vec![Life::NotYet; count],
        reported: vec![unsure; count],
        saved: HashSet::new(),
        is_again: false,
        processes,
        starts: starts(steps),
        checker,
    };
    course.follow(steps);
    let Course { lives, mut reported, .. } = course;
    for check in checks {
        for (process, span) in &check.subjects {
            let ProcessId(id) = *process;
            if matches!(lives[id], Life::NotYet) && starts_itself && !reported[id] {
                reported[id] = true;
                not_started(checker, *process, *span, None);
            }
        }
    }
    if starts_itself && !checker.sink.has_errors() {
        warn_of_unstarted(checker, &lives, &reported);
    }
    warn_of_pauses(checker, steps);
}

/// What is known of everybody as steps go by. Branches count as if they came
/// one after the other.
struct Course<'c, 'a> {
    lives: Vec<Life>,
    /// Those of whom it was said that they are not started.
    reported: Vec<bool>,
    /// What steps so far have saved.
    saved: HashSet<String>,
    /// Whether it is the second turn of a `repeat`, which begins with what the first has left.
    /// Those inside of it are not followed twice again.
    is_again: bool,
    processes: &'c [Process],
    /// All starts, in order.
    starts: Vec<(ProcessId, Span)>,
    checker: &'c mut Checker<'a>,
}

impl Course<'_, '_> {
    fn follow(&mut self, steps: &[Step]) {
        for step in steps {
            match &step.action {
                Action::Parallel(branches) => {
                    branches.iter().for_each(|branch| self.follow(branch));
                }
                Action::Repeat { times, body, .. } => {
                    self.follow(body);
                    let several = times.known().is_some_and(|times| times.0 > 1);
                    if several && !self.is_again && !self.checker.sink.has_errors() {
                        self.is_again = true;
                        self.follow(body);
                        self.is_again = false;
                    }
                }
                Action::Retry { body, .. } => self.follow(body),
                _ => self.one(step),
            }
        }
    }

    fn one(&mut self, step: &Step) {
        if let Action::Expect { save, .. } | Action::Exec(Exec { save, .. }) = &step.action {
            self.saved.extend(save.iter().cloned());
        }
        if let Action::Fault(Fault::Host { host, state: LinkState::Down, .. }) = &step.action {
            self.power_off(host, step.span);
        }
        let Some((process, wants)) = wants(&step.action) else { return };
        let ProcessId(id) = process;
        let name = &self.checker.cast.person(process).name;
        match (wants, self.lives[id]) {
            (Wants::Start, Life::Running(_)) if self.is_again => {
                let message = format!("`{name}` may run still when this is repeated");
                let help = format!(
                    "start it before the `repeat`; or end each turn with `stop: {name}`, or with `exit: {{of: {name}}}` if it ends by itself"
                );
                self.checker
                    .sink
                    .report(Diagnostic::new(Code::StartedAgain, step.span, message).help(help));
            }
            (Wants::Start, Life::Running(first)) => {
                let message = format!("`{name}` is running already");
                self.checker.sink.report(
                    Diagnostic::new(Code::StartedTwice, step.span, message)
                        .secondary(first, "started here"),
                );
            }
            (Wants::Start, _) => self.start(process, step.span),
            (_, Life::NotYet) if self.reported[id] => {}
            (_, Life::NotYet) => {
                self.reported[id] = true;
                let later = self.starts.iter().find(|(other, _)| *other == process);
                not_started(self.checker, process, step.span, later.map(|(_, span)| *span));
            }
            (Wants::Running, Life::Ended(end)) => {
                let when = if self.is_again { "when this is repeated" } else { "by then" };
                let message = format!("`{name}` has ended {when}");
                self.checker.sink.report(
                    Diagnostic::new(Code::HasEnded, step.span, message)
                        .secondary(end, "it ends here"),
                );
            }
            _ => {}
        }
        if let Action::Stop(_) | Action::Kill(_) | Action::Exit { .. } = step.action
            && let Life::Running(_) = self.lives[id]
        {
            self.lives[id] = Life::Ended(step.span);
        }
    }

    /// All processes of a host end.
    fn power_off(&mut self, host: &str, span: Span) {
        for model in self.processes.iter().filter(|model| model.host == host) {
            let found = self.checker.cast.find(&model.name);
            for ProcessId(id) in found.into_iter().flat_map(|targets| targets.ids) {
                if let Life::Running(_) = self.lives[id] {
                    self.lives[id] = Life::Ended(span);
                }
            }
        }
    }

    fn start(&mut self, process: ProcessId, span: Span) {
        self.lives[process.0] = Life::Running(span);
        let name = self.checker.cast.person(process).name.clone();
        let Some(model) = self.processes.iter().find(|model| model.name == name) else { return };
        if model.ready.as_ref().is_some_and(Ready::is_an_end) {
            self.lives[process.0] = Life::Ended(span);
        }
        for (value, used) in model.awaits.iter().filter(|(value, _)| !self.saved.contains(value)) {
            starts_too_early(self.checker, &name, value, *used);
        }
    }
}

/// A process that needs a value which nothing has saved yet.
pub(super) fn starts_too_early(checker: &mut Checker<'_>, name: &str, value: &str, used: Span) {
    let message = format!("`{name}` starts before `${{{value}}}` is saved");
    let diagnostic = Diagnostic::new(Code::NotSaved, used, message);
    let diagnostic = match checker.scope.saves.get(value) {
        Some(saved) => diagnostic.secondary(*saved, "it is saved here"),
        None => diagnostic,
    };
    let help = format!("add a step `start: {name}` after the one that saves it");
    checker.sink.report(diagnostic.help(help));
}

fn starts(steps: &[Step]) -> Vec<(ProcessId, Span)> {
    let mut starts = Vec::new();
    for step in steps {
        match &step.action {
            Action::Start(id) => starts.push((*id, step.span)),
            Action::Parallel(branches) => {
                starts.extend(branches.iter().flat_map(|b| self::starts(b)));
            }
            Action::Repeat { body, .. } | Action::Retry { body, .. } => {
                starts.extend(self::starts(body));
            }
            _ => {}
        }
    }
    starts
}

fn wants(action: &Action) -> Option<(ProcessId, Wants)> {
    Some(match action {
        Action::Start(id) => (*id, Wants::Start),
        Action::Line { to, .. }
        | Action::Text { to, .. }
        | Action::Key { to, .. }
        | Action::Eof { to }
        | Action::Ask { of: to, .. }
        | Action::Signal { to, .. } => (*to, Wants::Running),
        Action::Stop(id)
        | Action::Kill(id)
        | Action::Expect { from: id, .. }
        | Action::Silence { from: id, .. }
        | Action::Exit { of: id, .. } => (*id, Wants::Started),
        _ => return None,
    })
}

fn not_started(checker: &mut Checker<'_>, id: ProcessId, span: Span, later: Option<Span>) {
    let person = checker.cast.person(id);
    let (name, defined) = (&person.name, person.span);
    let diagnostic =
        Diagnostic::new(Code::NotStarted, span, format!("`{name}` is not started by then"));
    let diagnostic = match later {
        Some(later) => diagnostic.secondary(later, "it is started only here"),
        None => diagnostic
            .secondary(defined, "no step starts it")
            .help(format!("add `- start: {name}` before; or leave out all `start` steps to have every process started at the beginning")),
    };
    checker.sink.report(diagnostic);
}

fn warn_of_unstarted(checker: &mut Checker<'_>, lives: &[Life], reported: &[bool]) {
    for id in checker.cast.ids() {
        if matches!(lives[id.0], Life::NotYet) && !reported[id.0] {
            let person = checker.cast.person(id);
            let message = format!("`{}` is never started", person.name);
            let help = format!("add `- start: {}` to `steps`, or remove the process", person.name);
            let diagnostic = Diagnostic::new(Code::NeverStarted, person.span, message);
            checker.sink.report(diagnostic.help(help));
        }
    }
}

/// The pauses of a scenario alone may take longer than it may.
fn warn_of_pauses(checker: &mut Checker<'_>, steps: &[Step]) {
    let Some(timeout) = checker.timeout else { return };
    let mut pauses = Duration::ZERO;
    for step in steps {
        pauses = pauses.saturating_add(pause(step));
        if pauses >= timeout {
            let message = format!(
                "the pauses up to here take {pauses:?}, but the whole run may take only {timeout:?}"
            );
            checker.sink.report(
                Diagnostic::new(Code::TooSlow, step.span, message)
                    .help("raise the scenario's `timeout`"),
            );
            return;
        }
    }
}

/// How long a step surely pauses. Branches do so at the same time.
fn pause(step: &Step) -> Duration {
    match &step.action {
        Action::Wait(lasting) | Action::Silence { lasting, .. } => {
            lasting.known().copied().unwrap_or_default()
        }
        Action::Parallel(branches) if matches!(step.within, Within::Own) => {
            let all = |branch: &Vec<Step>| {
                branch.iter().map(pause).fold(Duration::ZERO, Duration::saturating_add)
            };
            branches.iter().map(all).max().unwrap_or_default()
        }
        _ => Duration::ZERO,
    }
}

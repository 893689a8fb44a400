//! The course of events: what is used must have been started by then, and must
//! not have ended.

use std::time::Duration;

use super::Checker;
use super::assertions::PlacedCheck;
use super::steps::Placed;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::model::{Action, Process};
use crate::plan::ProcessId;
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
    steps: &[Placed],
    starts_itself: bool,
    checks: &[PlacedCheck],
) {
    let mut lives = vec![Life::NotYet; checker.names.len()];
    // Once a name is wrong, who is started cannot be told.
    let unsure = checker.sink.has(Code::UnknownProcess) || !checker.has_processes;
    let mut reported = vec![unsure; checker.names.len()];
    for (at, placed) in steps.iter().enumerate() {
        let Some((ProcessId(id), wants)) = wants(&placed.step.action) else { continue };
        match (wants, lives[id]) {
            (Wants::Start, Life::Running(first)) => {
                let message = format!("`{}` is running already", checker.names[id].0);
                checker.sink.report(
                    Diagnostic::new(Code::StartedTwice, placed.span, message)
                        .secondary(first, "started here"),
                );
            }
            (Wants::Start, _) => lives[id] = Life::Running(placed.span),
            (_, Life::NotYet) if reported[id] => {}
            (_, Life::NotYet) => {
                reported[id] = true;
                not_started(checker, id, placed.span, later_start(&steps[at..], id));
            }
            (Wants::Running, Life::Ended(end)) => {
                let message = format!("`{}` has ended by then", checker.names[id].0);
                checker.sink.report(
                    Diagnostic::new(Code::HasEnded, placed.span, message)
                        .secondary(end, "it ends here"),
                );
            }
            _ => {}
        }
        if let Action::Stop(_) | Action::Exit { .. } = placed.step.action
            && let Life::Running(_) = lives[id]
        {
            lives[id] = Life::Ended(placed.span);
        }
    }
    for check in checks {
        let ProcessId(id) = check.subject;
        if matches!(lives[id], Life::NotYet) && starts_itself && !reported[id] {
            reported[id] = true;
            not_started(checker, id, check.span, None);
        }
    }
    if starts_itself && !checker.sink.has_errors() {
        warn_of_unstarted(checker, processes, &lives, &reported);
    }
    warn_of_pauses(checker, steps);
}

fn wants(action: &Action) -> Option<(ProcessId, Wants)> {
    Some(match action {
        Action::Start(id) => (*id, Wants::Start),
        Action::Line { to, .. }
        | Action::Text { to, .. }
        | Action::Key { to, .. }
        | Action::Eof { to }
        | Action::Signal { to, .. } => (*to, Wants::Running),
        Action::Stop(id)
        | Action::Expect { from: id, .. }
        | Action::Silence { from: id, .. }
        | Action::Exit { of: id, .. } => (*id, Wants::Started),
        Action::Exec { .. } | Action::Wait(_) | Action::Link { .. } => return None,
    })
}

fn later_start(steps: &[Placed], id: usize) -> Option<Span> {
    let starts =
        |placed: &&Placed| matches!(placed.step.action, Action::Start(other) if other.0 == id);
    steps.iter().find(starts).map(|placed| placed.span)
}

fn not_started(checker: &mut Checker<'_>, id: usize, span: Span, later: Option<Span>) {
    let (name, defined) = checker.names[id].clone();
    let diagnostic =
        Diagnostic::new(Code::NotStarted, span, format!("`{name}` is not started by then"));
    checker.sink.report(match later {
        Some(later) => diagnostic.secondary(later, "it is started only here"),
        None => diagnostic
            .secondary(defined, "no step starts it")
            .help(format!("add `- start: {name}` before; or leave out all `start` steps to have every process started at the beginning")),
    });
}

fn warn_of_unstarted(
    checker: &mut Checker<'_>,
    processes: &[Process],
    lives: &[Life],
    reported: &[bool],
) {
    for process in processes {
        let Some(ProcessId(id)) = checker.processes.get(&process.name).copied() else { continue };
        if matches!(lives[id], Life::NotYet) && !reported[id] {
            let message = format!("`{}` is never started", process.name);
            checker.sink.report(
                Diagnostic::new(Code::NeverStarted, process.name_span, message).help(format!(
                    "add `- start: {}` to `steps`, or remove the process",
                    process.name
                )),
            );
        }
    }
}

/// The pauses of a scenario alone may take longer than it may.
fn warn_of_pauses(checker: &mut Checker<'_>, steps: &[Placed]) {
    let Some(timeout) = checker.timeout else { return };
    let mut pauses = Duration::ZERO;
    for placed in steps {
        let (Action::Wait(lasting) | Action::Silence { lasting, .. }) = &placed.step.action else {
            continue;
        };
        pauses = pauses.saturating_add(lasting.known().copied().unwrap_or_default());
        if pauses >= timeout {
            let message = format!(
                "the pauses up to here take {pauses:?}, but the whole run may take only {timeout:?}"
            );
            checker.sink.report(
                Diagnostic::new(Code::TooSlow, placed.span, message)
                    .help("raise the scenario's `timeout`"),
            );
            return;
        }
    }
}

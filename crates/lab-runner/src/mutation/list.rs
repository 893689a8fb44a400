//! Which mutants a scenario has.

use std::collections::BTreeSet;

use lab_scenario::plan::{Action, Answer, Assertion, LineChange, Mutation, Plan, ProcessId};
use lab_scenario::topology::{Network, Topology};

use super::changes::{changes, delay};
use super::story::{Line, Played, Story, until_over};
use super::{Mutant, Near};
use crate::event::Record;
use crate::scroll::Nanos;

/// All mutants of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// By kind, then in the order of the plan and of the record.
    pub mutants: Vec<Mutant>,
    /// What was said and is no mutant.
    pub left_out: LeftOut,
}

/// Lines that are no mutants, since no scenario could notice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Of processes whose output no step and no check speaks of.
    pub unheard: usize,
    /// What processes say of themselves, whatever is done to them.
    pub startup: usize,
    /// Those with a time of day in them.
    pub log: usize,
    /// Nothing but a prompt.
    pub prompt: usize,
    /// Answers to `ask` but for those it was content with, and what may be one: it asks again.
    pub asked: usize,
    /// Those with something typed between their beginning and their end.
    pub pieces: usize,
    /// What came after the last step.
    pub after: usize,
}

/// Makes the mutants of a plan from the record of a run of it that passed, and
/// from that of its [`idle`](super::idle) run.
#[must_use]
pub fn list(plan: &Plan, base: &[Record], idle: &[Record]) -> Listing {
    let story = Story::of(plan, base);
    let idle = Story::of(plan, until_over(idle));
    let started: BTreeSet<ProcessId> = plan
        .steps
        .iter()
        .filter_map(|step| match step.action {
            Action::Start(of) => Some(of),
            _ => None,
        })
        .collect();
    let mut listing = Listing::default();
    for make in [Mutation::Mute, Mutation::Kill] {
        for &of in &started {
            let near = near_start(plan, of);
            listing.mutants.push(Mutant { mutation: make(of), near });
        }
    }
    if let Topology::Described(network) = &plan.topology {
        for ends in bridges(network, &busy_hosts(plan)) {
            let near = plan
                .processes
                .iter()
                .position(|process| ends.contains(&process.host))
                .and_then(|at| near_start(plan, ProcessId(at)));
            listing.mutants.push(Mutant { mutation: Mutation::Cut(ends), near });
        }
    }
    let heard = heard(plan);
    let mut of_lines = Vec::new();
    for (at, lines) in story.lines.iter().enumerate() {
        let of = ProcessId(at);
        let mut judged: Vec<&Line> = Vec::new();
        let mut answers: Vec<(&Line, usize)> = Vec::new();
        for line in lines {
            let left_out = &mut listing.left_out;
            if line.text.trim().is_empty() {
            } else if line.ended > story.over {
                left_out.after += 1;
            } else if let Some(asked) = asked(plan, &story, of, line) {
                answers.push((line, asked));
            } else if !heard.contains(&of) {
                left_out.unheard += 1;
            } else if line.number < idle.begun[at] || is_before_talk(&story, line) {
                left_out.startup += 1;
            } else if has_time(&line.text) {
                left_out.log += 1;
            } else if line.text.as_bytes().trim_ascii() == idle.standing[at].trim_ascii() {
                left_out.prompt += 1;
            } else if came_in_pieces(&story, line, &idle.standing[at]) {
                left_out.pieces += 1;
            } else {
                judged.push(line);
            }
        }
        let mut add = |line: &Line, changes: Vec<LineChange>| {
            let near = near_line(plan, &story, of, line.ended);
            of_lines.extend(changes.into_iter().map(|change| {
                let (text, occurrence) = (line.text.clone(), line.occurrence);
                let mutation = Mutation::Line { of, text, occurrence, change };
                Mutant { mutation, near: near.clone() }
            }));
        };
        for (index, line) in judged.iter().enumerate() {
            add(line, changes(plan, &story, of, line, judged.get(index + 1).copied()));
        }
        for (index, (line, asked)) in answers.iter().enumerate() {
            let is_last = answers.get(index + 1).is_none_or(|(_, next)| next != asked);
            if is_last && is_waited_for(plan, &story, *asked) {
                add(line, vec![LineChange::Drop, delay(plan, &story, of, line)]);
            } else {
                listing.left_out.asked += 1;
            }
        }
    }
    of_lines.sort_by_key(|mutant| mutant.mutation.kind());
    listing.mutants.append(&mut of_lines);
    listing
}

/// Processes whose output some step or check speaks of.
fn heard(plan: &Plan) -> BTreeSet<ProcessId> {
    let by_steps = plan.steps.iter().filter_map(|step| match step.action {
        Action::Expect { from, .. } | Action::Silence { from, .. } => Some(from),
        _ => None,
    });
    let by_checks = plan.checks.iter().flat_map(|check| match &check.assertion {
        Assertion::Exit { .. } => Vec::new(),
        Assertion::Delivered { to, never, .. } => to.iter().chain(never).copied().collect(),
        Assertion::Latency { to, .. } => to.clone(),
        assertion => assertion.subjects(),
    });
    by_steps.chain(by_checks).collect()
}

/// Whether nothing was typed anywhere between the start of its process and a line.
fn is_before_talk(story: &Story, line: &Line) -> bool {
    let mut talk = story.typed.iter().filter(|&&at| at > line.started);
    !story.typed.is_empty() && talk.all(|&at| at > line.began)
}

/// Whether something was typed while a line had begun, with more than a prompt, and not
/// ended. Steps may have waited for its beginning, which cannot be held back until it is
/// known to be this line.
fn came_in_pieces(story: &Story, line: &Line, prompt: &[u8]) -> bool {
    line.head.trim_ascii() != prompt.trim_ascii()
        && story.typed.iter().any(|at| (line.began..line.ended).contains(at))
}

/// Which of the played steps is an `ask` that a line may have answered. Where it waits
/// for a pattern, nothing tells an answer from other output.
fn asked(plan: &Plan, story: &Story, of: ProcessId, line: &Line) -> Option<usize> {
    story.played.iter().position(|played| {
        (played.from..=played.to).contains(&line.ended)
            && match plan.steps.get(played.step).map(|step| &step.action) {
                Some(Action::Ask { of: whom, answer, .. }) if *whom == of => match answer {
                    Answer::Json(_) => line.text.trim_start().starts_with('{'),
                    Answer::Output(_) => true,
                },
                _ => false,
            }
    })
}

/// Whether an `ask` waits for an answer before it asks again, and got the one that it
/// asked for.
fn is_waited_for(plan: &Plan, story: &Story, asked: usize) -> bool {
    story.played.get(asked).is_some_and(|played| {
        let action = plan.steps.get(played.step).map(|step| &step.action);
        played.passed && matches!(action, Some(Action::Ask { answer: Answer::Json(_), .. }))
    })
}

/// Whether there is a time of day, `12:34:56`, in a text.
fn has_time(text: &str) -> bool {
    text.as_bytes().windows(8).any(|window| {
        window.iter().enumerate().all(|(at, byte)| match at {
            2 | 5 => *byte == b':',
            _ => byte.is_ascii_digit(),
        })
    })
}

/// Hosts on which something runs.
fn busy_hosts(plan: &Plan) -> BTreeSet<&str> {
    let execs = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Exec { host, .. } => Some(host.as_str()),
        _ => None,
    });
    plan.processes.iter().map(|process| process.host.as_str()).chain(execs).collect()
}

/// The links without which some of these hosts could not reach each other, by the
/// names of their ends.
fn bridges(network: &Network, hosts: &BTreeSet<&str>) -> Vec<[String; 2]> {
    let mut found = Vec::new();
    for (cut, link) in network.links.iter().enumerate() {
        let ends = [link.a.node, link.b.node];
        let mut reached = BTreeSet::from([link.a.node]);
        let mut work = vec![link.a.node];
        while let Some(node) = work.pop() {
            for (index, other) in network.links.iter().enumerate() {
                let next = match (other.a.node, other.b.node) {
                    (a, b) if a == node => b,
                    (a, b) if b == node => a,
                    _ => continue,
                };
                // Nodes are cut apart by all links between them.
                let is_cut = index == cut
                    || ends == [other.a.node, other.b.node]
                    || ends == [other.b.node, other.a.node];
                if !is_cut && reached.insert(next) {
                    work.push(next);
                }
            }
        }
        let is_busy = |(at, node): (usize, &lab_scenario::topology::Node)| {
            hosts.contains(node.name.as_str()).then_some(reached.contains(&at))
        };
        let sides: BTreeSet<bool> = network.nodes.iter().enumerate().filter_map(is_busy).collect();
        let name = |at: usize| network.nodes.get(at).map(|node| node.name.clone());
        if sides.len() == 2
            && let (Some(a), Some(b)) = (name(link.a.node), name(link.b.node))
            && !found.contains(&[a.clone(), b.clone()])
        {
            found.push([a, b]);
        }
    }
    found
}

/// Whom a step is about, if it is about the doings of one process.
fn subject(action: &Action) -> Option<ProcessId> {
    match action {
        Action::Expect { from, .. } | Action::Silence { from, .. } => Some(*from),
        Action::Exit { of, .. } | Action::Ask { of, .. } => Some(*of),
        Action::Send { to, .. } => Some(*to),
        _ => None,
    }
}

/// Where to tighten if a process as a whole is not missed: the first step about it.
fn near_start(plan: &Plan, of: ProcessId) -> Option<Near> {
    let step = plan.steps.iter().find(|step| subject(&step.action) == Some(of));
    let process = plan.processes.get(of.0)?;
    Some(step.map_or_else(
        || Near { place: process.place, text: format!("process {}", process.name) },
        |step| Near { place: step.place, text: step.text.clone() },
    ))
}

/// Where to tighten if a line is not missed: the step about its process that may have
/// waited for it, the last one before, or else a check.
fn near_line(plan: &Plan, story: &Story, of: ProcessId, at: Nanos) -> Option<Near> {
    let about = |played: &&Played| {
        plan.steps.get(played.step).is_some_and(|step| {
            !matches!(step.action, Action::Send { .. }) && subject(&step.action) == Some(of)
        })
    };
    // The first that was not over when the line came may have waited for it.
    let rank = |played: &&Played| (played.to < at, played.to.abs_diff(at));
    let step = story.played.iter().filter(about).min_by_key(rank);
    if let Some(step) = step.and_then(|played| plan.steps.get(played.step)) {
        return Some(Near { place: step.place, text: step.text.clone() });
    }
    let check = plan.checks.iter().find(|check| check.assertion.subjects().contains(&of));
    check.map(|check| Near { place: check.place, text: format!("check {}", check.name) })
}

//! Puts together what a person needs to see when something went wrong: what was
//! awaited, what came instead, what everybody said last, and what happened
//! since the step began.

use std::collections::VecDeque;
use std::time::Duration;

use bstr::ByteSlice as _;
use lab_scenario::plan::{Action, ProcessId, Stdio};

use super::{Blame, Phase, Player};
use crate::bytes::{Bytes, printable};
use crate::event::{Failure, LastWords, Moment, Verdict};
use crate::matcher::Matcher;
use crate::scroll::Nanos;

/// Lines of a time line that are kept.
const MAX_MOMENTS: usize = 20;

/// Bytes of a process's output that are shown.
const MAX_LAST_WORDS: usize = 2048;

/// Characters of one line of a time line.
const MAX_MOMENT: usize = 120;

/// What happened lately.
#[derive(Debug, Default)]
pub(super) struct Chronicle {
    since: Nanos,
    moments: VecDeque<Moment>,
}

impl Chronicle {
    /// A new step: its time line begins here.
    pub(super) fn begin(&mut self, now: Nanos) {
        self.since = now;
        self.moments.clear();
    }

    /// One line.
    pub(super) fn note(&mut self, at: Nanos, text: String) {
        if self.moments.len() == MAX_MOMENTS {
            self.moments.pop_front();
        }
        self.moments.push_back(Moment { at, text });
    }

    /// One line for each line that a process said, of the newest ones.
    pub(super) fn said(&mut self, at: Nanos, name: &str, bytes: &[u8]) {
        // A flood would only push itself out of the time line.
        let tail = &bytes[bytes.len().saturating_sub(MAX_LAST_WORDS)..];
        for line in tail.lines().filter(|line| !line.trim().is_empty()) {
            self.note(at, format!("{name}< {}", shown(line)));
        }
    }

    /// One line for what was typed.
    pub(super) fn typed(&mut self, at: Nanos, name: &str, bytes: &[u8]) {
        self.note(at, format!("{name}> {}", shown(bytes.strip_suffix(b"\n").unwrap_or(bytes))));
    }
}

/// A line as people can read it: escaped, and cut.
fn shown(line: &[u8]) -> String {
    let text = printable(line);
    match text.char_indices().nth(MAX_MOMENT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// The last line that is not blank.
pub(super) fn last_line(output: &[u8]) -> String {
    let last = output.lines().rfind(|line| !line.trim().is_empty());
    last.map(shown).unwrap_or_default()
}

/// A duration as a person would say it: `300 ms`, `1.5 s`.
pub(super) fn words(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs_f64())
    }
}

/// A moment as a person would say it.
fn moment(at: Nanos) -> String {
    format!("{:.3} s", Duration::from_nanos(at).as_secs_f64())
}

impl Player<'_> {
    /// A blame that stands in no step.
    pub(super) fn blame(
        &self,
        verdict: Verdict,
        now: Nanos,
        summary: String,
        subject: Option<ProcessId>,
    ) -> Blame {
        let step = match self.phase {
            Phase::Steps(ref strand) => Some(strand.index),
            Phase::Held(_) | Phase::Stopping { .. } | Phase::Over => None,
        };
        Blame {
            verdict,
            failure: Box::new(Failure {
                step,
                place: step.and_then(|index| self.plan.steps.get(index)).map(|step| step.place),
                summary,
                detail: None,
                help: None,
                subject,
                last_words: self.last_words(subject),
                at: now,
                doubts: Vec::new(),
                since: self.chronicle.since.min(now),
                timeline: self.chronicle.moments.iter().cloned().collect(),
            }),
        }
    }

    /// A blame for a step that failed.
    pub(super) fn blame_step(
        &self,
        index: usize,
        began: Nanos,
        now: Nanos,
        summary: String,
        subject: Option<ProcessId>,
    ) -> Blame {
        let mut blame = self.blame(Verdict::Fail, now, summary, subject);
        blame.failure.step = Some(index);
        blame.failure.place = Some(self.plan.steps[index].place);
        blame.failure.since = began;
        blame
    }

    /// A blame for output that did not come, with the likeliest reason.
    pub(super) fn blame_expect(
        &self,
        index: usize,
        began: Nanos,
        from: ProcessId,
        now: Nanos,
        why_hopeless: Option<&str>,
    ) -> Blame {
        let step = &self.plan.steps[index];
        let name = self.name(from);
        let wanted = match &step.action {
            Action::Expect { output, .. } => format!("`{output}`"),
            _ => String::new(),
        };
        let summary = match why_hopeless {
            Some(why) => format!("{name} {why} without saying {wanted}"),
            None => {
                let limit = words(step.within);
                format!("{name} did not say {wanted} within {limit}")
            }
        };
        let mut blame = self.blame_step(index, began, now, summary, Some(from));
        blame.failure.detail = Some(self.since_last_match(from));
        blame.failure.help = self.likely_reason(index, from, why_hopeless.is_some());
        blame
    }

    /// What came instead.
    pub(super) fn since_last_match(&self, from: ProcessId) -> String {
        let actor = &self.actors[from.0];
        let name = self.name(from);
        if !actor.has_spoken() {
            return format!("{name} said nothing at all");
        }
        let lines: usize = actor
            .scrolls
            .iter()
            .map(|scroll| {
                let kept_from = scroll.end() - scroll.bytes().len();
                let rest = &scroll.bytes()[scroll.cursor().saturating_sub(kept_from)..];
                rest.lines().filter(|line| !line.trim().is_empty()).count()
            })
            .sum();
        match lines {
            0 => format!("{name} said nothing since what was matched before"),
            1 => format!("{name} said one line since what was matched before"),
            _ => format!("{name} said {lines} lines since what was matched before"),
        }
    }

    /// Looks for what was awaited where people often find it: earlier, in other
    /// letters, at somebody else's.
    fn likely_reason(&self, index: usize, from: ProcessId, hopeless: bool) -> Option<String> {
        let matcher = self.script.steps[index].looks_for.as_ref()?.matcher()?;
        let actor = &self.actors[from.0];
        for scroll in &actor.scrolls {
            if let Some(range) = matcher.all(scroll.bytes()).next() {
                let lost = scroll.end() - scroll.bytes().len();
                return Some(format!(
                    "it came before, at {}, and an earlier expectation has moved past it",
                    moment(scroll.time_of(range.start + lost))
                ));
            }
        }
        if let Matcher::Literal(finder) = matcher {
            let wanted = folded(finder.needle());
            let lines = actor.scrolls.iter().flat_map(|scroll| scroll.bytes().lines());
            if let Some(line) =
                lines.rev().take(1000).find(|line| folded(line).contains_str(&wanted))
            {
                return Some(format!(
                    "this came, which differs only in case or blanks: `{}`",
                    shown(line)
                ));
            }
        }
        for other in self.ids().filter(|&other| other != from) {
            for scroll in &self.actors[other.0].scrolls {
                if matcher.all(scroll.bytes()).next().is_some() {
                    return Some(format!("{} said it", self.name(other)));
                }
            }
        }
        if self.process(from).stdio == Stdio::Pipe && !actor.has_spoken() && !hopeless {
            return Some(
                "on a pipe many programs keep their output back until they end: let it flush, \
                 or give it a terminal with `stdio: pty`"
                    .to_owned(),
            );
        }
        None
    }

    /// What everybody said last, the subject first.
    fn last_words(&self, subject: Option<ProcessId>) -> Vec<LastWords> {
        let others = self.ids().filter(|&id| Some(id) != subject);
        subject
            .into_iter()
            .chain(others)
            .flat_map(|process| {
                let actor = &self.actors[process.0];
                let ended = actor.status();
                let spoken = actor.scrolls.iter().enumerate();
                spoken.filter(|(index, scroll)| *index == 0 || scroll.end() > 0).map(
                    move |(_, scroll)| {
                        let bytes = scroll.bytes();
                        let from = tail_start(bytes);
                        let shown_from = scroll.end() - (bytes.len() - from);
                        LastWords {
                            process,
                            output: Bytes::from(&bytes[from..]),
                            whole: shown_from == 0,
                            unmatched_from: scroll.cursor().saturating_sub(shown_from),
                            ended,
                        }
                    },
                )
            })
            .collect()
    }
}

/// Where the last [`MAX_LAST_WORDS`] bytes begin, at the start of a line if
/// there is one.
fn tail_start(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(MAX_LAST_WORDS);
    if from == 0 {
        return 0;
    }
    bytes[from..].find_byte(b'\n').map_or(from, |newline| from + newline + 1)
}

/// Without case, and with every run of blanks as one.
fn folded(bytes: &[u8]) -> Vec<u8> {
    let mut folded = Vec::with_capacity(bytes.len());
    for word in bytes.fields() {
        if !folded.is_empty() {
            folded.push(b' ');
        }
        folded.extend(word.to_ascii_lowercase());
    }
    folded
}

//! What makes two failures the same: the same step or check, the same complaint
//! and the same first line that differs from what was awaited, where what is
//! different each time, such as times and process numbers, counts for nothing.

use std::borrow::Cow;
use std::sync::LazyLock;

use lab_runner::dispatcher::RunOutcome;
use lab_runner::event::{Failure, LastWords, Verdict};
use lab_scenario::plan::Plan;
use lab_scenario::source::Place;
use regex::Regex;

use crate::clean::{clean, clean_line};
use crate::words::fit;

/// Columns of a line that count. What differs only later is the same.
const COLUMNS: usize = 200;

/// How a run went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What came of the run.
    pub verdict: Verdict,
    /// The step or check that it is about, if it is about one.
    pub place: Option<Place>,
    /// What is wrong, as the failure says it; one line.
    pub summary: String,
    /// The first line that differs from what was awaited: what came instead,
    /// the last words of a program that died, what a check found.
    pub came: Option<String>,
    key: String,
}

impl Signature {
    /// That of a run that did not pass.
    #[must_use]
    pub fn of(plan: &Plan, outcome: &RunOutcome) -> Option<Self> {
        let failure = outcome.failure.as_ref()?;
        let verdict = outcome.verdict;
        // What an invalid run would have failed on means nothing.
        let (place, summary, came) = match failure.doubts.first() {
            Some(doubt) => (None, doubt, None),
            None => (failure.place, &failure.summary, first_difference(failure, plan)),
        };
        let shorten = |line: &str| fit(&clean_line(line), COLUMNS).into_owned();
        let (summary, came) = (shorten(summary), came.as_deref().map(shorten));
        let key = format!(
            "{} {:?} {} {}",
            verdict.name(),
            place.map(|place| (place.line, place.column)),
            lasting(&summary),
            came.as_deref().map(lasting).unwrap_or_default()
        );
        Some(Self { verdict, place, summary, came, key })
    }

    /// Equal for failures that are the same.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn first_difference(failure: &Failure, plan: &Plan) -> Option<String> {
    // Of a check, `detail` says what it found.
    if failure.step.is_none() && failure.detail.is_some() {
        return failure.detail.clone();
    }
    let of_subject = |words: &&LastWords| Some(words.process) == failure.subject;
    let said = failure.last_words.iter().filter(of_subject).find_map(|words| {
        let name = plan.processes.get(words.process.0).map_or("", |process| &process.name);
        what_came(words, lines_since(failure, name))
    });
    // Without a subject it is a command, of which `detail` says the last line.
    said.or_else(|| failure.detail.clone().filter(|_| failure.subject.is_none()))
}

/// Lines that a process said since the step began.
fn lines_since(failure: &Failure, name: &str) -> usize {
    let said = format!("{name}< ");
    failure.timeline.iter().filter(|moment| moment.text.starts_with(&said)).count()
}

/// Of a program that ended its last words; of another the first of so many newest lines,
/// or the newest. What it said before, such as its name and version, was not
/// matched either, but says nothing of this step.
fn what_came(words: &LastWords, newest: usize) -> Option<String> {
    let text = clean(&words.output[words.unmatched_from.min(words.output.len())..]);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if words.ended.is_none() {
        let first = lines.len().saturating_sub(newest.max(1));
        return lines.get(first).map(|line| (*line).to_owned());
    }
    lines.last().map(|line| (*line).to_owned()).or_else(|| {
        let text = clean(&words.output);
        text.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned)
    })
}

/// What is different each time, most particular first, and what stands for it. Numbers
/// of less than five digits stay, unless something says that they are times or numbers
/// of processes: whether 2 or 3 messages came is what a failure is about.
static VOLATILE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let table = [
        (r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?", "<time>"),
        (r"\b\d{1,2}:\d\d(:\d\d)?([.,]\d+)?\b", "<time>"),
        (r"(?i)\b[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\b", "<id>"),
        (r"(?i)\b0x[0-9a-f]+\b", "<hex>"),
        (r"\b(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):\d{5}\b", "$1:<port>"),
        (r"\b\d{5,}\b", "<n>"),
        (r"(?i)\b[0-9a-f]{8,}\b", "<hex>"),
        (r"(?i)\b\d+(\.\d+)?\s?(ns|us|µs|ms|s|sec|seconds|min)\b", "<time>"),
        (r"(?i)\b(pid|tid|process|thread)([ =:#-]{1,2})\d+\b", "$1$2<n>"),
        (r"\[\d+\]", "[<n>]"),
        (r"/tmp/[^\s'`:;,)]+", "<path>"),
    ];
    // They are written here; the test below would see a mistake.
    table.into_iter().filter_map(|(text, by)| Some((Regex::new(text).ok()?, by))).collect()
});

/// A line without what is different each time.
fn lasting(line: &str) -> String {
    VOLATILE.iter().fold(line.to_owned(), |line, (pattern, by)| {
        match pattern.replace_all(&line, *by) {
            Cow::Borrowed(_) => line,
            Cow::Owned(replaced) => replaced,
        }
    })
}

#[cfg(test)]
mod tests {
    use lab_runner::bytes::Bytes;
    use lab_runner::event::Moment;
    use lab_scenario::plan::{ExitStatus, ProcessId};

    use super::*;
    use crate::testing::{failure, outcome, plan};

    #[test]
    fn what_is_different_each_time() {
        assert_eq!(VOLATILE.len(), 11, "a pattern does not compile");
        let table = [
            ("2026-11-21T02:41:35.758129Z  INFO joined", "<time>  INFO joined"),
            ("[12:04:33] started", "[<time>] started"),
            ("took 12.5 ms, then 3s", "took <time>, then <time>"),
            ("server[4711]: pid=12 PID 13", "server[<n>]: pid=<n> PID <n>"),
            ("peer 10.0.0.3:53678 port 80", "peer 10.0.0.3:<port> port 80"),
            ("listening on 10.0.0.3:8080", "listening on 10.0.0.3:8080"),
            ("at 0x7ffe12 in deadbeef01", "at <hex> in <hex>"),
            ("550e8400-e29b-41d4-a716-446655440000", "<id>"),
            ("got 2 of 3, not 1024", "got 2 of 3, not 1024"),
            ("sequence 1234567", "sequence <n>"),
            ("cannot open `/tmp/tmp.aB3x/y`: no", "cannot open `<path>`: no"),
            ("feedback decade 2 h1 cafe", "feedback decade 2 h1 cafe"),
        ];
        for (line, expected) in table {
            assert_eq!(lasting(line), expected);
        }
    }

    /// A failure of bob, who said this after what was matched.
    fn signature(said: &str, ended: Option<ExitStatus>) -> Signature {
        let plan = plan("two-users.yaml".into());
        let mut failure = failure(&plan);
        let subject = &mut failure.last_words[0];
        subject.output = Bytes::from([b"matched\n", said.as_bytes()].concat().as_slice());
        (subject.unmatched_from, subject.ended) = ("matched\n".len(), ended);
        let moments = said.lines().filter(|line| line.contains("lost") || line.contains("more"));
        failure.timeline = moments
            .map(|line| Moment { at: 1, text: format!("bob< {line}") })
            .chain([Moment { at: 2, text: "alice< lost".into() }])
            .collect();
        Signature::of(&plan, &outcome(Verdict::Fail, Some(failure))).unwrap()
    }

    #[test]
    fn the_first_line_that_differs() {
        let lost = signature("version 3\n\x1b[1mlost after 3 ms\x1b[0m\nmore 1\n", None);
        assert_eq!(lost.came.as_deref(), Some("lost after 3 ms"));
        assert_eq!(lost.key(), signature("lost after 17 ms\nmore 2\n", None).key());
        assert_ne!(lost.key(), signature("found after 3 ms\n", None).key());
        assert_eq!(signature("version 3\nhello\n", None).came.as_deref(), Some("hello"));
        let silent = signature("", None);
        assert_eq!((silent.came.as_deref(), silent.place.unwrap().line), (None, 5));
        // The last words of one that died, even if they were matched.
        let died = signature("Traceback\n  line 3\nKeyError: 7\n", Some(ExitStatus::Code(1)));
        assert_eq!(died.came.as_deref(), Some("KeyError: 7"));
        let died = signature("", Some(ExitStatus::Code(1)));
        assert_eq!(died.came.as_deref(), Some("matched"));
    }

    #[test]
    fn steps_complaints_and_verdicts_tell_failures_apart() {
        let plan = plan("two-users.yaml".into());
        let key = |verdict, change: &dyn Fn(&mut Failure)| {
            let mut failure = failure(&plan);
            change(&mut failure);
            Signature::of(&plan, &outcome(verdict, Some(failure))).unwrap().key
        };
        let same = key(Verdict::Fail, &|_| {});
        assert_eq!(same, key(Verdict::Fail, &|failure| failure.since += 7));
        assert_ne!(same, key(Verdict::Fail, &|failure| failure.place = Some(plan.steps[0].place)));
        assert_ne!(same, key(Verdict::Fail, &|failure| failure.summary.push_str(" at all")));
        assert_ne!(same, key(Verdict::Inconclusive, &|_| {}));
        let stood_still = |text: &'static str| {
            key(Verdict::Invalid, &move |failure| {
                failure.doubts = vec![text.to_owned()];
                failure.subject = Some(ProcessId(text.len()));
            })
        };
        assert_eq!(stood_still("stood still for 60 ms"), stood_still("stood still for 212 ms"));
        assert!(Signature::of(&plan, &outcome(Verdict::Pass, None)).is_none());
    }

    #[test]
    fn checks_and_commands_say_what_they_found() {
        let plan = plan("two-users.yaml".into());
        let came = |step: Option<usize>| {
            let mut failure = failure(&plan);
            (failure.step, failure.subject) = (step, step.map_or(Some(ProcessId(2)), |_| None));
            failure.detail = Some("found 2 times, at 0.12 s and 0.31 s".into());
            Signature::of(&plan, &outcome(Verdict::Fail, Some(failure))).unwrap().came
        };
        assert_eq!(came(None), Some("found 2 times, at 0.12 s and 0.31 s".into()));
        assert_eq!(came(Some(1)), came(None));
    }
}

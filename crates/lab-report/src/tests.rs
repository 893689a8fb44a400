//! One suite, as every reporter tells it.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use insta::assert_snapshot;
use lab_runner::dispatcher::{
    DispatchEvent, Job, Missing, Points, Reporter, Run, RunIndex, RunOutcome, Summary,
};
use lab_runner::event::{Disturbance, DisturbanceKind, Event, Verdict};

use crate::testing::{failure, job, outcome, plan, record};
use crate::{Human, HumanOptions, JUnit, Json};

/// A stream that can be read back.
#[derive(Clone, Default)]
struct Page(Rc<RefCell<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn jobs() -> Vec<Job> {
    let named = |scenario: &str| {
        let mut plan = plan("labs/direct-chat/two-users.yaml".into());
        plan.identity.scenario = scenario.into();
        job(plan)
    };
    let mut lossy = named("lossy");
    lossy.missing = vec![Missing { what: "netem".into(), help: "load sch_netem".into() }];
    let mut threads = named("threads");
    threads.plan.identity.variant = vec![("threads".into(), "2".into())];
    vec![named("three-users"), threads, lossy, named("crash")]
}

fn outcomes(jobs: &[Job]) -> Vec<RunOutcome> {
    let bare = |summary: &str| {
        let mut failure = failure(&jobs[0].plan);
        failure.summary = summary.into();
        (failure.step, failure.place, failure.subject) = (None, None, None);
        (failure.detail, failure.help) = (None, None);
        failure.last_words.clear();
        failure.timeline.clear();
        failure
    };
    let mut skipped = outcome(Verdict::Skipped, Some(bare("this machine lacks netem")));
    skipped.failure.as_mut().unwrap().help = Some("load sch_netem".into());
    let mut passed = outcome(Verdict::Pass, None);
    passed.points = Some(Points { earned: 2, of: 2 });
    let broken = bare("the stage ended without a verdict: it exited with code 101");
    vec![
        passed,
        outcome(Verdict::Fail, Some(failure(&jobs[1].plan))),
        skipped,
        outcome(Verdict::Invalid, Some(broken)),
    ]
}

/// Tells a reporter everything.
fn play(mut reporter: impl Reporter) {
    let jobs = jobs();
    reporter.report(&DispatchEvent::SuiteStarted { jobs: &jobs }).unwrap();
    for (index, (job, outcome)) in jobs.iter().zip(outcomes(&jobs)).enumerate() {
        let is_run = outcome.verdict != Verdict::Skipped;
        let folder = is_run.then_some(Path::new("results/x"));
        let run = Run { index: RunIndex(index), plan: &job.plan, attempt: 1, folder };
        if is_run {
            reporter.report(&DispatchEvent::RunStarted { run }).unwrap();
            let (record, line) = record(7, Event::Warning { message: "hm\x1b[2J\n".into() });
            reporter
                .report(&DispatchEvent::RunRecord { run, record: &record, line: &line })
                .unwrap();
        }
        reporter.report(&DispatchEvent::RunEnded { run, outcome: &outcome }).unwrap();
    }
    let summary = Summary {
        total: 4,
        passed: 1,
        failed: 1,
        invalid: 1,
        skipped: 1,
        elapsed: Duration::from_millis(2345),
        points: Some(Points { earned: 2, of: 4 }),
        ..Summary::default()
    };
    reporter.report(&DispatchEvent::SuiteFinished { summary: &summary }).unwrap();
}

fn human(page: &Page, coloured: bool) -> Human<'static> {
    let options = HumanOptions {
        coloured,
        width: 100,
        live: false,
        until_fail: false,
        again: Box::new(|plan| format!("labrun run {}", plan.identity.file.display())),
    };
    Human::new(page.clone(), options)
}

#[test]
fn for_people() {
    let page = Page::default();
    play(human(&page, false));
    assert_snapshot!(page.text(), @r#"
    PASS  direct-chat/three-users          0.21 s  2/2 points
          warning: hm
    FAIL  direct-chat/threads [threads=2]  0.21 s
          warning: hm
    error: bob did not say `hello From alice` within 2 s
    --> labs/direct-chat/two-users.yaml:5:7
     = note: bob said one line since what was matched before
     = help: this came, which differs only in case or blanks: `Hello from Alice`

    bob on h2 is running; it last said:
      | connected to 10.0.0.4
      |-- everything above was matched by earlier expectations
      | Hello from Alice
      | \xff?

    the others:
      server on h4 is running, last said
        | …
        | alice is here
        | bob is here
        | alice: hello
      alice on h1 ended with code 1 and never said anything

    since this step began:
         +0.003 s  bob< Hello from Alice
         +0.004 s  alice ended with code 1

    results:   results/x
    run again: labrun run labs/direct-chat/two-users.yaml

    SKIP  direct-chat/lossy                this machine lacks netem: load sch_netem
    INVALID  direct-chat/crash             0.21 s
          warning: hm
    error: the stage ended without a verdict: it exited with code 101
    --> labs/direct-chat/two-users.yaml

    results:   results/x
    run again: labrun run labs/direct-chat/two-users.yaml

    4 runs in 2.34 s: 1 passed, 1 failed, 1 invalid, 1 skipped; 2/4 points
      failed   direct-chat/threads [threads=2]  results/x
      invalid  direct-chat/crash                results/x
      skipped  1 run: this machine lacks netem
    "#);
}

#[test]
fn colours_only_where_asked_for() {
    let page = Page::default();
    play(human(&page, true));
    assert!(page.text().starts_with("\x1b[1m\x1b[32mPASS\x1b[0m  "), "{:?}", page.text());
    assert!(!page.text().contains("\x1b[2J"), "a program's escape code came through");
}

#[test]
fn as_json() {
    let page = Page::default();
    play(Json::new(page.clone()));
    let text = page.text();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(types.len(), 1 + 3 * 3 + 1 + 1);
    assert_eq!(types[..4], ["suite_started", "run_started", "record", "run_ended"]);
    assert_eq!(lines[0]["runs"][1]["label"], "direct-chat/threads [threads=2]");
    assert_eq!(lines[0]["runs"][1]["variant"]["threads"], "2");
    assert_eq!(lines[2]["record"]["event"]["warning"]["message"], "hm\x1b[2J\n");
    assert_eq!(lines[3]["verdict"], "pass");
    assert_eq!(lines[3]["points"]["of"], 2);
    assert_eq!(lines.last().unwrap()["failed"], 1);
}

/// Tells a reporter twice of the same network.
fn play_spent(mut reporter: impl Reporter) {
    let plan = &jobs()[0].plan;
    for index in [RunIndex(0), RunIndex(1)] {
        let why = "h2's routes\x1b[2J changed";
        reporter.report(&DispatchEvent::NetworkSpent { index, plan, why }).unwrap();
    }
}

#[test]
fn a_network_that_is_not_shared() {
    let page = Page::default();
    play_spent(human(&page, false));
    assert_snapshot!(page.text(), @"      note: not shared after direct-chat/three-users: h2's routes changed");
    let page = Page::default();
    play_spent(Json::new(page.clone()));
    let line: serde_json::Value =
        serde_json::from_str(page.text().lines().next().unwrap()).unwrap();
    assert_eq!(
        line,
        serde_json::json!({"type": "network_spent", "run": 0, "why": "h2's routes\x1b[2J changed"})
    );
}

#[test]
fn as_junit() {
    let page = Page::default();
    play(JUnit::new(page.clone()));
    assert_snapshot!(page.text(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="labrun" tests="4" skipped="1" failures="1" errors="1" time="2.345">
        <testsuite name="direct-chat" tests="4" skipped="1" errors="1" failures="1">
            <testcase name="three-users" classname="direct-chat" time="0.214">
                <properties>
                    <property name="results" value="results/x"/>
                    <property name="points" value="2/2"/>
                </properties>
            </testcase>
            <testcase name="threads [threads=2]" classname="direct-chat" time="0.214">
                <properties>
                    <property name="results" value="results/x"/>
                </properties>
                <failure message="bob did not say `hello From alice` within 2 s" type="fail">error: bob did not say `hello From alice` within 2 s
    --&gt; labs/direct-chat/two-users.yaml:5:7
     = note: bob said one line since what was matched before
     = help: this came, which differs only in case or blanks: `Hello from Alice`

    bob on h2 is running; it last said:
      | connected to 10.0.0.4
      |-- everything above was matched by earlier expectations
      | Hello from Alice
      | \xff?

    the others:
      server on h4 is running, last said
        | …
        | alice is here
        | bob is here
        | alice: hello
      alice on h1 ended with code 1 and never said anything

    since this step began:
         +0.003 s  bob&lt; Hello from Alice
         +0.004 s  alice ended with code 1
    </failure>
            </testcase>
            <testcase name="lossy" classname="direct-chat" time="0.214">
                <skipped message="this machine lacks netem" type="skipped"/>
            </testcase>
            <testcase name="crash" classname="direct-chat" time="0.214">
                <properties>
                    <property name="results" value="results/x"/>
                </properties>
                <error message="the stage ended without a verdict: it exited with code 101" type="invalid">error: the stage ended without a verdict: it exited with code 101
    --&gt; labs/direct-chat/two-users.yaml
    </error>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

/// Tells a reporter of six repetitions and a run of something else, which an
/// interrupt cut short.
fn play_repetitions(mut reporter: impl Reporter) {
    let mut jobs: Vec<_> = (1..=6)
        .map(|number| {
            let mut plan = plan("labs/direct-chat/two-users.yaml".into());
            plan.identity.repetition = (number, 6);
            job(plan)
        })
        .collect();
    jobs.push(job(plan("labs/direct-chat/two-users.yaml".into())));
    reporter.report(&DispatchEvent::SuiteStarted { jobs: &jobs }).unwrap();
    let disturbances = vec![Disturbance {
        kind: DisturbanceKind::Late,
        message: "labrun stood still for 212 ms".into(),
    }];
    for (index, job) in jobs.iter().enumerate() {
        let mut failure = failure(&job.plan);
        let mut verdict = Verdict::Fail;
        match index {
            1 | 3 => verdict = Verdict::Pass,
            2 => failure.timeline[0].at += 7,
            4 => failure.summary = "the check `once` did not hold".into(),
            5 => {
                verdict = Verdict::Invalid;
                failure.doubts = vec![disturbances[0].message.clone()];
            }
            6 => {
                verdict = Verdict::Invalid;
                failure.summary = "the run was interrupted".into();
            }
            _ => {}
        }
        let mut outcome = outcome(verdict, (verdict != Verdict::Pass).then_some(failure));
        outcome.cut_short = index == 6;
        let run = Run {
            index: RunIndex(index),
            plan: &job.plan,
            attempt: 1,
            folder: Some(Path::new("results/x")),
        };
        reporter.report(&DispatchEvent::RunStarted { run }).unwrap();
        if index == 5 {
            outcome.disturbances = disturbances.clone();
            reporter.report(&DispatchEvent::RunAgain { run, outcome: &outcome }).unwrap();
            let run = Run { attempt: 2, ..run };
            reporter.report(&DispatchEvent::RunStarted { run }).unwrap();
            reporter.report(&DispatchEvent::RunEnded { run, outcome: &outcome }).unwrap();
        } else {
            reporter.report(&DispatchEvent::RunEnded { run, outcome: &outcome }).unwrap();
        }
    }
    let summary = Summary {
        total: 7,
        passed: 2,
        failed: 3,
        invalid: 2,
        cut_short: 1,
        repeated: 1,
        elapsed: Duration::from_millis(2345),
        interrupted: true,
        ..Summary::default()
    };
    reporter.report(&DispatchEvent::SuiteFinished { summary: &summary }).unwrap();
}

#[test]
fn repetitions_for_people() {
    let page = Page::default();
    play_repetitions(human(&page, false));
    let text = page.text();
    assert_eq!(text.matches("since this step began:").count(), 3, "one of each way");
    assert_snapshot!(text.lines().find(|line| line.starts_with("AGAIN")).unwrap(), @"AGAIN  direct-chat/two-users #6  0.21 s  attempt 1 was invalid: labrun stood still for 212 ms");
    let (_, invalid) = text.split_once("INVALID").unwrap();
    assert_snapshot!(invalid.lines().take(7).collect::<Vec<_>>().join("\n"), @r"
      direct-chat/two-users #6  0.21 s  attempt 2

    this is no verdict on the programs, for the run was disturbed:
      labrun stood still for 212 ms

    what would have been a failure (--retry-invalid N runs it again):
    error: bob did not say `hello From alice` within 2 s
    ");
    let (_, end) = text.split_once("FLAKY").unwrap();
    assert_snapshot!(end, @r"
      direct-chat/two-users  2 of 5 passed: 40 %, 95 % interval 12 to 77 %; not counted: 1 invalid
      2 failed  bob did not say `hello From alice` within 2 s  (two-users.yaml:5)
                instead: \xff?
                #1 #3
                results of #1: results/x
      1 failed  the check `once` did not hold  (two-users.yaml:5)
                instead: \xff?
                #5
                results of #5: results/x
      1 invalid  labrun stood still for 212 ms
                 #6
                 results of #6: results/x
    STOPPED  direct-chat/two-users  0.21 s
    7 runs in 2.34 s: 2 passed, 3 failed, 1 invalid, 1 cut short
    interrupted
    1 attempt was invalid and made again
    ");
}

#[test]
fn repetitions_as_json() {
    let page = Page::default();
    play_repetitions(Json::new(page.clone()));
    let text = page.text();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let find = |kind: &str| lines.iter().find(|line| line["type"] == kind).unwrap();
    assert_eq!(find("run_again")["disturbances"][0]["kind"], "late");
    let statistics = find("statistics");
    assert_eq!((&statistics["passed"], &statistics["failed"]), (&2.into(), &3.into()));
    assert_eq!(statistics["pass_rate"], 0.4);
    assert_eq!(statistics["groups"][0]["repetitions"], serde_json::json!([1, 3]));
    let end = find("suite_finished");
    assert_eq!((&end["repeated"], &end["cut_short"]), (&1.into(), &1.into()));
}

#[test]
fn repetitions_as_junit() {
    let page = Page::default();
    play_repetitions(JUnit::new(page.clone()));
    let text = page.text();
    assert_eq!(text.matches("bob on h2 is running").count(), 3, "one of each way: {text}");
    for part in [
        r#"value="direct-chat/two-users: 0.4000 (0.1176 to 0.7693)""#,
        ">as repetition 1</failure>",
        r#"<rerunError time="0.214" message="labrun stood still for 212 ms" type="invalid">"#,
        r#"<skipped message="the run was interrupted" type="invalid"/>"#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn the_eleventh_failure_is_only_counted() {
    let page = Page::default();
    let mut reporter = human(&page, false);
    let job = &jobs()[0];
    let outcome = outcome(Verdict::Fail, Some(failure(&job.plan)));
    for index in 0..15 {
        let run = Run { index: RunIndex(index), plan: &job.plan, attempt: 1, folder: None };
        reporter.report(&DispatchEvent::RunEnded { run, outcome: &outcome }).unwrap();
    }
    assert_eq!(page.text().matches("run again:").count(), 10);
    assert_eq!(page.text().matches("FAIL").count(), 15);
    assert_eq!(page.text().matches("in the results only").count(), 1);
}

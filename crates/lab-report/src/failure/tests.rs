//! Whole failures, as people see them.

use insta::assert_snapshot;
use lab_runner::event::Verdict;
use lab_scenario::plan::ExitStatus;

use super::*;
use crate::testing::{failure, outcome, plan_in};

/// Renders with the folder's own name taken out.
fn render(change: impl FnOnce(&mut Plan, &mut RunOutcome), width: usize) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan_in(folder.path());
    let mut outcome = outcome(Verdict::Fail, Some(failure(&plan)));
    change(&mut plan, &mut outcome);
    let report = FailureReport {
        plan: &plan,
        outcome: &outcome,
        folder: Some(Path::new("results/direct-chat/two-users/2026-11-21T10-04-33Z-5f3a")),
        again: Some("labrun run two-users.yaml --seed 42"),
        width,
        theme: Theme::new(false),
    };
    report.render().replace(&*folder.path().to_string_lossy(), "labs")
}

#[test]
fn an_expectation() {
    assert_snapshot!(render(|_, _| {}, 100), @r#"
    error: bob did not say `hello From alice` within 2 s
     --> labs/two-users.yaml:5:7
      |
    3 |   - dialogue: |
    4 |       alice> To bob:hello
    5 |       bob<   hello From alice
      |       ^^^^^^^^^^^^^^^^^^^^^^^ bob said one line since what was matched before
      |
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

    results:   results/direct-chat/two-users/2026-11-21T10-04-33Z-5f3a
    run again: labrun run two-users.yaml --seed 42
    "#);
}

#[test]
fn a_check_looks_at_everything() {
    let text = render(
        |plan, outcome| {
            let failure = outcome.failure.as_mut().unwrap();
            failure.step = None;
            failure.place = Some(plan.checks[0].place);
            failure.summary = "bob heard alice exactly once: found 0 times".into();
            failure.help = None;
            failure.last_words.truncate(1);
            failure.timeline.clear();
        },
        100,
    );
    assert_snapshot!(text, @r#"
    error: bob heard alice exactly once: found 0 times
     --> labs/two-users.yaml:8:12
      |
    6 | checks:
    7 |   - name: bob heard alice exactly once
    8 |     count: {in: bob, output: hello, is: 1}
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ bob said one line since what was matched before

    bob on h2 is running; it last said:
      | connected to 10.0.0.4
      | Hello from Alice
      | \xff?

    results:   results/direct-chat/two-users/2026-11-21T10-04-33Z-5f3a
    run again: labrun run two-users.yaml --seed 42
    "#);
}

#[test]
fn a_stage_that_broke() {
    let text = render(
        |_, outcome| {
            outcome.verdict = Verdict::Invalid;
            outcome.diagnostics =
                b"thread 'main' panicked at x.rs:1:\n\x1b[31mboom\x1b[0m\n".to_vec();
            let failure = outcome.failure.as_mut().unwrap();
            failure.summary = "the stage ended without a verdict: it exited with code 101".into();
            failure.detail = Some("boom".into());
            failure.place = None;
            failure.step = None;
            failure.subject = None;
            failure.last_words.clear();
            failure.timeline.clear();
        },
        100,
    );
    assert_snapshot!(text, @r#"
    error: the stage ended without a verdict: it exited with code 101
    --> labs/two-users.yaml
     = note: boom
     = help: this came, which differs only in case or blanks: `Hello from Alice`

    the stage itself last said:
      | thread 'main' panicked at x.rs:1:
      | boom

    results:   results/direct-chat/two-users/2026-11-21T10-04-33Z-5f3a
    run again: labrun run two-users.yaml --seed 42
    "#);
}

#[test]
fn narrow_terminals_and_floods() {
    let text = render(
        |_, outcome| {
            let failure = outcome.failure.as_mut().unwrap();
            let words = &mut failure.last_words;
            words[0].output.0 =
                "a line that goes on and on and on and on and on\n".repeat(99).into();
            words[0].unmatched_from = 0;
            words[0].whole = false;
            words[0].ended = Some(ExitStatus::Code(0));
            let other = words[1].clone();
            words.truncate(1);
            words.extend(std::iter::repeat_n(other, 20));
            let moment = failure.timeline[0].clone();
            failure.timeline = vec![moment; 20];
        },
        40,
    );
    assert!(text.lines().count() < 100, "{text}");
    // The picture cannot be narrower than what it shows; the rest is.
    let quoted = text.lines().filter(|line| line.contains("|") && line.contains("a line"));
    assert!(quoted.clone().count() > 5);
    for line in quoted {
        assert!(line.chars().count() <= 40, "{line}");
    }
}

#[test]
fn a_scenario_that_changed_is_only_named() {
    let text = render(|plan, _| std::fs::write(&plan.identity.file, "gone").unwrap(), 100);
    assert!(text.contains("--> labs/two-users.yaml:5:7\n"), "{text}");
}

#[test]
fn no_escape_code_comes_through() {
    let text = render(
        |_, outcome| {
            let evil = "\x1b[2J\x1b]0;x\x07\r\u{9b}31m";
            let failure = outcome.failure.as_mut().unwrap();
            failure.summary = evil.into();
            failure.detail = Some(evil.into());
            failure.help = Some(evil.into());
            failure.timeline[0].text = evil.into();
            failure.last_words[0].output.0 = evil.into();
            outcome.diagnostics = format!("{evil}\n{evil}\n").into_bytes();
        },
        100,
    );
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

//! A run's folder, from canned records.

use std::time::Duration;

use lab_runner::bytes::Bytes;
use lab_runner::dispatcher::Points;
use lab_runner::event::{CheckOutcome, Environment, Stream, Verdict};
use lab_scenario::plan::{BackendKind, ExitStatus};
use serde_json::Value;

use super::super::ResultsRoot;
use super::*;
use crate::testing::{failure, outcome, plan_in, record};

fn events() -> Vec<(u64, Event)> {
    let bob = ProcessId(2);
    let output = |bytes: &[u8]| Event::Output {
        process: bob,
        stream: Stream::Terminal,
        bytes: Bytes::from(bytes),
    };
    vec![
        (
            0,
            Event::RunStarted {
                version: 1,
                backend: BackendKind::Netns,
                clock: 0,
                epoch: 0,
                environment: Environment { kernel: "6.18".into(), ..Environment::default() },
            },
        ),
        (
            1_000_000,
            Event::ProcessStarted { process: bob, pid: 7, argv: vec!["cat".into(), "-u".into()] },
        ),
        (2_000_000, Event::StepStarted { step: 0 }),
        (3_000_000, Event::Input { process: bob, bytes: Bytes::from(&b"hi\n"[..]) }),
        (4_000_000, Event::StepPassed { step: 0 }),
        (4_000_001, Event::StepStarted { step: 1 }),
        (5_000_000, output(b"gr\xc3")),
        (6_000_000, output(b"\xbc\x1b[0m\xff\nprompt> ")),
        (7_000_000, Event::ProcessExited { process: bob, status: ExitStatus::Code(0) }),
        (
            8_000_000,
            Event::CheckFinished {
                check: 0,
                outcome: CheckOutcome { verdict: Verdict::Fail, found: "found 0 times".into() },
            },
        ),
        (9_000_000, Event::RunFinished { verdict: Verdict::Fail, failure: None }),
    ]
}

/// Plays the events into a folder; `until` before the end if not all.
fn play(root: &ResultsRoot, plan: &Plan, ends: bool) -> PathBuf {
    let folder = root.make_folder(plan).unwrap();
    let run = Run { index: RunIndex(0), plan, attempt: 1, folder: Some(&folder) };
    let mut writer = ResultsWriter::new();
    writer.report(&DispatchEvent::RunStarted { run }).unwrap();
    for (at, event) in events() {
        let (record, line) = record(at, event);
        writer.report(&DispatchEvent::RunRecord { run, record: &record, line: &line }).unwrap();
    }
    if ends {
        let mut outcome = outcome(Verdict::Fail, Some(failure(plan)));
        outcome.points = Some(Points { earned: 0, of: 2 });
        outcome.diagnostics = b"a warning\n".to_vec();
        outcome.duration = Duration::from_millis(12);
        writer.report(&DispatchEvent::RunEnded { run, outcome: &outcome }).unwrap();
    }
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_whole_run() {
    let scenarios = tempfile::tempdir().unwrap();
    let results = tempfile::tempdir().unwrap();
    let plan = plan_in(scenarios.path());
    let root = ResultsRoot::open(results.path().join("new")).unwrap();
    let folder = play(&root, &plan, true);
    assert!(folder.starts_with(results.path().join("new/direct-chat/two-users")));
    assert_eq!(
        names(&folder),
        [
            "events.jsonl",
            "failure.txt",
            "run.json",
            "scenario.yaml",
            "stage.log",
            "transcript.txt",
            "transcripts"
        ]
    );
    assert_eq!(names(&folder.join("transcripts")), ["bob.cast", "bob.log"]);
    let latest = folder.with_file_name("latest");
    assert_eq!(fs::read_link(latest).unwrap().to_str(), folder.file_name().unwrap().to_str());

    let log = fs::read(folder.join("transcripts/bob.log")).unwrap();
    assert_eq!(log, b"gr\xc3\xbc\x1b[0m\xff\nprompt> ");
    let lines = fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let records: Vec<Record> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), events().len());

    let run: Value = serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
    let table = [
        ("/version", "1"),
        ("/label", r#""direct-chat/two-users""#),
        ("/seed", "42"),
        ("/backend", r#""netns""#),
        ("/verdict", r#""fail""#),
        ("/failure/summary", r#""bob did not say `hello From alice` within 2 s""#),
        ("/points", r#"{"earned":0,"of":2}"#),
        ("/environment/kernel", r#""6.18""#),
        ("/steps/0/outcome", r#""passed""#),
        ("/steps/0/passed", "4000000"),
        ("/steps/1/outcome", r#""failed""#),
        ("/steps/1/line", "5"),
        ("/checks/0/verdict", r#""fail""#),
        ("/processes/0/transcript", "null"),
        ("/processes/2/transcript", r#""transcripts/bob.log""#),
        ("/processes/2/output_bytes", "18"),
        ("/processes/2/status", r#"{"code":0}"#),
    ];
    for (pointer, expected) in table {
        assert_eq!(run.pointer(pointer).unwrap().to_string(), expected, "{pointer}");
    }
    insta::assert_snapshot!(fs::read_to_string(folder.join("transcript.txt")).unwrap(), @r#"
    0.001000  == bob starts: cat -u
    0.002000  == step 1: alice> To bob:hello
    0.003000  bob     >  hi
    0.004000  == step 2: bob< hello From alice
    0.006000  bob     <  grü\xff
    0.007000  bob     <  prompt>
    0.007000  == bob ended with code 0
    0.008000  == check: bob heard alice exactly once: fail (found 0 times)
    0.009000  == verdict: fail
    "#);
}

#[test]
fn a_run_cut_short_leaves_its_events() {
    let scenarios = tempfile::tempdir().unwrap();
    let results = tempfile::tempdir().unwrap();
    let plan = plan_in(scenarios.path());
    let root = ResultsRoot::open(results.path()).unwrap();
    let folder = play(&root, &plan, false);
    assert_eq!(names(&folder), ["events.jsonl", "scenario.yaml", "transcript.txt", "transcripts"]);
    let lines = fs::read_to_string(folder.join("events.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), events().len());
    assert!(!folder.with_file_name("latest").exists());
}

#[test]
fn folders_never_collide() {
    let scenarios = tempfile::tempdir().unwrap();
    let results = tempfile::tempdir().unwrap();
    let plan = plan_in(scenarios.path());
    let root = ResultsRoot::open(results.path()).unwrap();
    let folders: std::collections::HashSet<_> =
        (0..50).map(|_| root.make_folder(&plan).unwrap()).collect();
    assert_eq!(folders.len(), 50);
}

#[test]
fn a_root_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = ResultsRoot::open(&file).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot make the folder `{}`", file.display()));
}

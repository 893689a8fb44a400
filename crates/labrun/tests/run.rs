//! Whole runs on real networks: verdicts, exit codes, formats, results.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use assert_cmd::cargo::{cargo_bin, cargo_bin_cmd};
use predicates::str::{contains, is_empty, is_match, starts_with};
use tempfile::TempDir;

/// A scenario with one `cat` and these steps.
fn scenario(rest: &str) -> String {
    format!("topology: {{single: 1}}\nprocesses:\n  cat: {{host: h1, run: cat}}\n{rest}")
}

const ECHO: &str =
    "steps:\n  - send: {to: cat, line: hello}\n  - expect: {from: cat, output: hello}\n";
const DEAF: &str = "steps:\n  - expect: {from: cat, output: hello, within: 50ms}\n";
const LONG: &str = "timeout: 60s\nsteps:\n  - silence: {from: cat, for: 50s}\n";

fn lab(scenarios: &[(&str, String)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("lab.yaml"), "name: a lab\n").unwrap();
    for (name, text) in scenarios {
        fs::write(root.path().join(name), text).unwrap();
    }
    root
}

/// What is invalid, since the machine is too busy, is made again.
fn run(root: &TempDir, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = cargo_bin_cmd!("labrun");
    command.current_dir(root.path()).args(["run", "--retry-invalid", "5"]);
    command.args(arguments).assert()
}

/// A file of the newest run of a scenario. There is one lab.
fn latest(root: &TempDir, scenario: &str, file: &str) -> String {
    let mut labs = fs::read_dir(root.path().join("results")).unwrap();
    let lab = labs.next().unwrap().unwrap().path();
    fs::read_to_string(lab.join(scenario).join("latest").join(file)).unwrap()
}

#[test]
fn what_passes() {
    let root = lab(&[("a.yaml", scenario(ECHO)), ("b.yaml", scenario(ECHO))]);
    run(&root, &["."])
        .code(0)
        .stdout(is_match(r"^PASS  \S+/[ab]  0\.\d\d s\nPASS  ").unwrap())
        .stdout(contains("2 runs in"))
        .stderr(is_empty());
    let document: serde_json::Value =
        serde_json::from_str(&latest(&root, "a", "run.json")).unwrap();
    assert_eq!(document["verdict"], "pass");
    assert_eq!(document["steps"][2]["outcome"], "passed");
    assert_eq!(latest(&root, "a", "scenario.yaml"), scenario(ECHO));
    assert_eq!(latest(&root, "a", "transcripts/cat.log"), "hello\n");
    for line in latest(&root, "a", "events.jsonl").lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn a_file_alone_needs_neither_run_nor_lab() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a.yaml"), scenario(ECHO)).unwrap();
    cargo_bin_cmd!("labrun").current_dir(root.path()).arg("a.yaml").assert().code(0);
}

#[test]
fn what_fails() {
    let root = lab(&[("a.yaml", scenario(DEAF)), ("b.yaml", scenario(DEAF))]);
    run(&root, &[".", "--seed", "7", "--jobs", "1"])
        .code(1)
        .stdout(contains("error: cat did not say `hello` within 50 ms\n"))
        .stdout(contains(" --> a.yaml:5:"))
        .stdout(contains("run again: labrun run a.yaml --seed 7\n"))
        .stdout(contains("2 runs in"));
    assert!(latest(&root, "a", "failure.txt").starts_with("error: cat did not say"));
    run(&root, &[".", "--fail-fast", "--jobs", "1"])
        .code(1)
        .stdout(contains("1 failed, 1 never started"));
}

#[test]
fn what_is_missing_is_skipped() {
    let needy = scenario(&format!("requires: [no-such-program]\n{ECHO}"));
    let root = lab(&[("a.yaml", needy)]);
    run(&root, &["."])
        .code(0)
        .stdout(contains("this machine lacks no-such-program: install `no-such-program`"))
        .stdout(contains("1 skipped"));
    run(&root, &[".", "--no-skip"]).code(4);
}

#[test]
fn matrices_and_repetitions() {
    let matrix =
        scenario(&format!("matrix: {{word: [x, y]}}\n{}", ECHO.replace("hello", "'${word}'")));
    let root = lab(&[("a.yaml", matrix)]);
    run(&root, &["a.yaml", "--repeat", "2", "--jobs", "4"])
        .code(0)
        .stdout(contains("/a [word=x]  2 of 2 passed: 100 %, 95 % interval 34 to 100 %"))
        .stdout(contains("/a [word=y]  2 of 2 passed"))
        .stdout(contains("4 runs in"));
    run(&root, &["a.yaml", "--var", "word=z"]).code(0).stdout(contains("1 run in"));
}

#[test]
fn formats_for_programs() {
    let root = lab(&[("a.yaml", scenario(ECHO))]);
    let json = run(&root, &["a.yaml", "--format", "json"]).code(0).stderr(starts_with("PASS"));
    let text = String::from_utf8(json.get_output().stdout.clone()).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["type"], "suite_started");
    assert_eq!(lines.last().unwrap()["passed"], 1);
    run(&root, &["a.yaml", "--format", "junit"])
        .code(0)
        .stdout(starts_with("<?xml"))
        .stdout(contains("tests=\"1\""));
}

#[test]
fn nobody_reads() {
    let root = lab(&[("a.yaml", scenario(ECHO))]);
    for (name, code) in [("a.yaml", 0), ("b.yaml", 1)] {
        fs::write(root.path().join("b.yaml"), scenario(DEAF)).unwrap();
        let mut child = start(root.path(), &["run", name]);
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

#[test]
fn ctrl_c() {
    let root = lab(&[("a.yaml", scenario(LONG)), ("b.yaml", scenario(LONG))]);
    let mut child = start(root.path(), &["run", ".", "--format", "json", "--jobs", "1"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // It is under way when the step that takes long has begun.
    assert!(lines.any(|line| line.unwrap().contains(r#""step_started":{"step":1}"#)));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let last: serde_json::Value =
        lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).last().unwrap();
    assert_eq!(last["interrupted"], true);
    assert_eq!((&last["invalid"], &last["not_run"]), (&1.into(), &1.into()));
    assert_eq!(last["cut_short"], 1);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    // Whoever ends it knows why it ended: no picture of a failure.
    let report = String::from_utf8(output.stderr).unwrap();
    assert!(report.starts_with("STOPPED  ") && report.lines().count() == 3, "{report}");
}

#[test]
fn labs_are_built_once() {
    let root = lab(&[("a.yaml", scenario(ECHO)), ("b.yaml", scenario(ECHO))]);
    fs::write(root.path().join("lab.yaml"), "build: echo built >> log\n").unwrap();
    run(&root, &["."]).code(0).stderr(contains("building "));
    run(&root, &[".", "--no-build"]).code(0);
    assert_eq!(fs::read_to_string(root.path().join("log")).unwrap(), "built\n");
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(cargo_bin!("labrun"))
        .current_dir(folder)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

//! Runs that cannot be trusted: what disturbed them is noticed, and a failure is
//! then none of the programs.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::harness::{Lab, labrun};

/// Runs a lab, and stops process 1 of its first sandbox for a while as soon as its first
/// step after the start is under way.
fn run_and_stop(lab: &Lab, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let mut child = labrun()
        .current_dir(lab.path())
        .args(["run", "scenario.yaml", "--format", "json"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = Vec::new();
    let mut stopped = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if !stopped && line.contains(r#""step_started":{"step":1}"#) {
            let stage = stage_below(child.id()).and_then(stage_below).unwrap();
            let stage = Pid::from_raw(stage.cast_signed()).unwrap();
            kill_process(stage, Signal::STOP).unwrap();
            // Not to wait for something: this long is what is tested.
            std::thread::sleep(Duration::from_millis(200));
            kill_process(stage, Signal::CONT).unwrap();
            stopped = true;
        }
        lines.push(serde_json::from_str(&line).unwrap());
    }
    assert!(stopped, "there was nothing to stop");
    (child.wait().unwrap().code(), lines)
}

/// The child that is a stage. There may be others: labrun asks for Mininet first.
fn stage_below(pid: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_ascii_whitespace().filter_map(|child| child.parse().ok()).find(|child: &u32| {
        let line = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).nth(1) == Some(b"stage")
    })
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

/// Whether an attempt or a run tells of a stop of 200 ms, of which the loop may have
/// slept through 50.
fn tells_of_the_stop(ended: &Value) -> bool {
    let disturbances = ended["disturbances"].as_array().unwrap();
    disturbances.iter().any(|disturbance| {
        let message = disturbance["message"].as_str().unwrap();
        let words: Vec<_> = message.split(' ').collect();
        let millis = words.iter().position(|word| word.starts_with("ms")).unwrap() - 1;
        disturbance["kind"] == "late" && words[millis].parse::<u32>().unwrap() >= 145
    })
}

const DEAF: &str = "steps:\n  - expect: {from: p, output: hello, within: 500ms}\n";

#[test]
fn a_failure_of_a_stage_that_stood_still_is_none() {
    let lab = Lab::of_program("cat", "", DEAF);
    let (code, lines) = run_and_stop(&lab, &[]);
    let ended = of_type(&lines, "run_ended")[0];
    assert_eq!((code, &ended["verdict"]), (Some(3), &"invalid".into()), "{ended}");
    assert!(tells_of_the_stop(ended), "{ended}");
    assert_eq!(ended["failure"]["summary"], "p did not say `hello` within 500 ms");
    let folder = lab.path().join(ended["folder"].as_str().unwrap());
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap();
    let run: Value = serde_json::from_str(&read("run.json")).unwrap();
    assert_eq!((&run["verdict"], &run["attempt"]), (&"invalid".into(), &1.into()));
    assert_eq!(run["disturbances"], ended["disturbances"]);
    assert!(read("failure.txt").contains("for the run was disturbed:\n  labrun stood still for"));
}

#[test]
fn it_is_made_again_if_asked_for() {
    let lab = Lab::of_program("cat", "", DEAF);
    // More often than once: the machine may be busy without our doing.
    let (code, lines) = run_and_stop(&lab, &["--retry-invalid", "5"]);
    let again = of_type(&lines, "run_again");
    assert!(tells_of_the_stop(again[0]), "{}", again[0]);
    let ended = of_type(&lines, "run_ended");
    assert_eq!((code, ended.len(), &ended[0]["verdict"]), (Some(1), 1, &"fail".into()));
    assert_eq!(ended[0]["attempt"], again.len() + 1);
    assert_ne!(ended[0]["folder"], again[0]["folder"]);
    assert_eq!(of_type(&lines, "suite_finished")[0]["repeated"], again.len());
}

#[test]
fn what_passes_all_the_same_has_passed() {
    let steps = "steps:\n  - silence: {from: p, for: 300ms}\n";
    let (code, lines) = run_and_stop(&Lab::of_program("cat", "", steps), &[]);
    let ended = of_type(&lines, "run_ended")[0];
    assert_eq!((code, &ended["verdict"]), (Some(0), &"pass".into()), "{ended}");
    assert!(tells_of_the_stop(ended), "{ended}");
}

#[test]
fn what_crashes_has_failed() {
    let script = "(sleep 0.4; kill -SEGV $$) & exec cat";
    let steps = "steps:\n  - expect: {from: p, output: hello, within: 5s}\n";
    let lab = Lab::of_program(script, "", steps);
    let (code, lines) = run_and_stop(&lab, &[]);
    let ended = of_type(&lines, "run_ended")[0];
    assert_eq!((code, &ended["verdict"]), (Some(1), &"fail".into()), "{ended}");
    assert!(tells_of_the_stop(ended), "{ended}");
}

#[test]
fn a_link_that_nobody_cut_is_noticed() {
    let script = "echo ready; read line; ip link set h1-eth0 down; echo done; cat";
    let steps = "steps:\n  - send: {to: p, line: now}\n  - expect: {from: p, output: done}\n  \
                 - expect: {from: p, output: hello, within: 100ms}\n";
    let outcome = Lab::of_program(script, "", steps).run(&[]);
    assert_eq!(outcome.code, Some(3), "{}", outcome.text());
    outcome
        .says("INVALID  ")
        .says("  the link between h1 and s1 is down, and no step cut it\n")
        .says("error: p did not say `hello` within 100 ms");
    assert_eq!(outcome.run["disturbances"][0]["kind"], "network");
    // One that a step has cut is as it should be.
    let steps = "steps:\n  - link: {between: [h1, s1], state: down}\n  \
                 - expect: {from: p, output: hello, within: 100ms}\n";
    Lab::of_program("cat", "", steps).run(&[]).fails_saying("p did not say `hello`");
}

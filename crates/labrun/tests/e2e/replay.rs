//! Runs seen again: as lines, and in a real terminal.

use std::process::Command;

use super::harness::{Lab, Outcome, labrun};
use super::tmux::Tmux;

/// A program that answers, and a run in which it does so twice.
fn run() -> (Lab, Outcome) {
    let steps = "steps:\n  - dialogue: |\n      p> first\n      p< you said first\n      \
                 p> second\n      p< you said second\n  \
                 - link: {between: [h2, s1], state: down}\n";
    let lab = Lab::of_program("while read -r line; do echo \"you said $line\"; done", "", steps);
    let outcome = lab.run(&[]);
    outcome.passes();
    (lab, outcome)
}

/// The command that shows the newest run as slowly as it can.
fn replay(lab: &Lab) -> String {
    let labrun = env!("CARGO_BIN_EXE_labrun");
    let results = lab.path().join("results");
    format!("{labrun} replay --speed 0.001 --results '{}'", results.display())
}

#[test]
fn as_lines() {
    let (lab, outcome) = run();
    let replay = |arguments: &[&str]| {
        let results = lab.path().join("results");
        let output = labrun().arg("replay").args(arguments).arg("--results").arg(results).output();
        let output = output.unwrap();
        let [said, told] = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (output.status.code(), said, told)
    };
    let (code, said, told) = replay(&[]);
    assert_eq!((code, &*told), (Some(0), ""));
    let after_time = said.lines().filter_map(|line| line.split_once(" s  "));
    let lines: Vec<&str> = after_time.map(|(_, line)| line).collect();
    let expected = [
        "== step 1: start: p",
        "== p starts on h1: ./p.sh",
        "== step 2: p> first",
        "p  > first",
        "== step 3: p< you said first",
        "p  < you said first",
        "== step 4: p> second",
        "p  > second",
        "== step 5: p< you said second",
        "p  < you said second",
    ];
    assert!(lines.windows(expected.len()).any(|window| window == expected), "{said}");
    assert!(lines.contains(&"== link h2–s1 down"), "{said}");
    assert_eq!(lines.last(), Some(&"== pass"), "{said}");

    let folder = outcome.run_folder.to_str().unwrap();
    assert_eq!(replay(&[folder, "--only", "h1"]).1, said);
    let (code, _, told) = replay(&["--only", "q"]);
    assert_eq!(code, Some(2));
    assert!(told.ends_with("nothing in this run is called `q`\nhelp: there are p\n"), "{told}");
    assert!(replay(&["--from", "1h"]).1.is_empty());
    let (code, _, told) = replay(&["nobody"]);
    assert_eq!(code, Some(2));
    assert!(told.contains("help: there are runs of `"), "{told}");

    // What was broken since is left out, and said.
    let record = outcome.run_folder.join("events.jsonl");
    let events = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, events.replace("\"step_started\"", "\"step_started")).unwrap();
    let (code, said, told) = replay(&[]);
    assert_eq!(code, Some(0));
    assert!(!said.contains("step") && said.contains("p  < you said first"), "{said}");
    assert!(told.ends_with("lines of the record cannot be read\n"), "{told}");
}

#[test]
fn in_a_terminal() {
    let (lab, _) = run();
    let Some(tmux) = Tmux::open(&replay(&lab)) else { return };
    let playing = tmux.shows(|shown| shown.contains("▶ 1/1000×"));
    assert!(playing.starts_with("━ p on h1 ━"), "{playing}");
    tmux.press(&["Space"]);
    tmux.shows(|shown| shown.contains("‖ 1/1000×"));
    tmux.press(&["]", "]"]);
    let shown = tmux.shows(|shown| shown.contains("step 2: p> first"));
    assert!(!shown.contains("you said"), "{shown}");
    tmux.press(&["End"]);
    let end = tmux.shows(|shown| shown.contains('■'));
    assert!(end.contains("\nfirst\nyou said first\nsecond\nyou said second\n"), "{end}");
    assert!(end.lines().last().unwrap().starts_with(" pass "), "{end}");
    // Backwards: past the end, the cut, and what was awaited of the second answer.
    tmux.press(&["[", "[", "["]);
    let shown = tmux.shows(|shown| shown.contains("step 5: p< you said second"));
    assert!(shown.contains("you said first\n") && !shown.contains("you said second\n"), "{shown}");
    tmux.press(&["+", "?"]);
    tmux.shows(|shown| shown.contains("1/500×") && shown.contains("pause, go on"));
    tmux.press(&["q"]);
    tmux.shows(|shown| shown.contains("ended with 0"));
    tmux.is_given_back();
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let (lab, _) = run();
    for (signal, code) in [("TERM", 143), ("HUP", 129)] {
        let Some(tmux) = Tmux::open(&replay(&lab)) else { return };
        tmux.shows(|shown| shown.contains('▶'));
        let killed = Command::new("kill").args(["-s", signal, &tmux.program()]).status().unwrap();
        assert!(killed.success());
        tmux.shows(|shown| shown.contains(&format!("ended with {code}")));
        tmux.is_given_back();
    }
}

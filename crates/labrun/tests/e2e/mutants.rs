//! Scenarios that are broken on purpose: what notices and what does not.

use std::path::Path;

use serde_json::Value;

use super::harness::{Lab, checkout, labrun};

/// A program that repeats what is typed, line by line.
const ECHO: &str = r#"echo "12:34:56 here"; while read -r line; do echo "got $line"; done"#;

fn mutate(path: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = labrun().arg("mutate").arg(path).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// `labrun mutate` on the scenario of a lab, as JSON.
fn mutants(lab: &Lab, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let arguments = [&["--format", "json"], arguments].concat();
    let (code, text) = mutate(&lab.path().join("scenario.yaml"), &arguments);
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null));
    let lines: Vec<Value> = lines.collect();
    assert!(lines.iter().all(|line| !line.is_null()), "{text}");
    (code, lines)
}

/// `kind fate`, in order.
fn fates(lines: &[Value]) -> Vec<String> {
    let mutants = lines.iter().filter(|line| line["type"] == "mutant");
    let word = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    mutants.map(|line| format!("{} {}", word(line, "kind"), word(line, "fate"))).collect()
}

#[test]
fn a_scenario_that_looks_at_everything() {
    let rest = "steps:\n  - dialogue: |\n      p> one\n      p< got one\n      p> two\n      \
                p< got two\n  - silence: {from: p, for: 50ms}\nchecks:\n  - name: each once\n    \
                count: {in: p, output: /^got (one|two)$/, is: 2}\n";
    let (code, lines) = mutants(&Lab::of_program(ECHO, "", rest), &["--seed", "3"]);
    let fates = fates(&lines);
    assert_eq!(code, Some(0), "{lines:?}");
    let kinds = "mute kill drop drop double double delay delay swap alter alter";
    let kinds: Vec<String> = kinds.split(' ').map(|kind| format!("{kind} killed")).collect();
    assert_eq!(fates, kinds);
    let score = lines.last().unwrap();
    assert_eq!(score["lines"], serde_json::json!({"killed": 9, "of": 9, "percent": 100.0}));
}

#[test]
fn a_scenario_that_hardly_looks() {
    let rest = "steps:\n  - dialogue: |\n      p> one\n      p> two\n      p< two\n";
    let lab = Lab::of_program(ECHO, "", rest);
    let (code, lines) = mutants(&lab, &["--patience", "300ms"]);
    assert_eq!(code, Some(1), "{lines:?}");
    let survived: Vec<_> = lines
        .iter()
        .filter(|line| line["fate"] == "survived" && line["line"] == "got one")
        .map(|line| (line["kind"].as_str().unwrap(), line["near"]["line"].as_u64().unwrap()))
        .collect();
    // The line before is delayed together with the one that is looked for.
    assert_eq!(survived, [("drop", 10), ("double", 10), ("swap", 10), ("alter", 10)]);
    let (code, text) = mutate(&lab.path().join("scenario.yaml"), &["--sample", "1"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("\nto tighten:\n"), "{text}");
}

#[test]
fn a_sample_of_a_lab_is_no_sample_of_each_scenario() {
    let rest = "steps:\n  - dialogue: |\n      p> one\n      p< got one\n";
    let lab = Lab::of_program(ECHO, "", rest);
    let text = std::fs::read_to_string(lab.path().join("scenario.yaml")).unwrap();
    let lab = lab.file("lab.yaml", "name: two of a kind\n").file("second.yaml", &text);
    for (option, mutants) in [("--sample", 12), ("--sample-of-lab", 6)] {
        let (_, text) = mutate(lab.path(), &["--format", "json", option, "1"]);
        let found = text.lines().filter(|line| line.contains(r#""type":"mutant""#)).count();
        assert_eq!(found, mutants, "{option}: {text}");
    }
}

#[test]
fn a_scenario_that_fails_by_itself_is_not_broken() {
    let rest = "steps:\n  - expect: {from: p, output: never, within: 100ms}\n";
    let lab = Lab::of_program(ECHO, "", rest);
    let (code, text) = mutate(&lab.path().join("scenario.yaml"), &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("does not pass as it is: p did not say `never` within 100 ms"), "{text}");
    assert!(text.contains("help: make it pass first: labrun run "), "{text}");
}

#[test]
fn links_are_cut() {
    let scenario = "topology: {single: 3}\ntimeout: 30s\nprocesses:\n  a: {host: h1, run: cat}\n  \
                    b: {host: h2, run: cat}\nsteps:\n  \
                    - exec: {host: h1, run: \"ping -c 1 -W 1 ${h2.ip}\"}\n";
    let lab = Lab::new().file("scenario.yaml", scenario);
    let (_, lines) = mutants(&lab, &["--patience", "2s"]);
    let cut: Vec<_> = lines.iter().filter(|line| line["kind"] == "cut").collect();
    assert_eq!(cut.len(), 2, "nothing runs on h3: {lines:?}");
    assert!(cut.iter().all(|line| line["fate"] == "killed"), "{lines:?}");
    let survived = fates(&lines).into_iter().filter(|fate| fate.ends_with("survived"));
    let expected = ["mute survived", "mute survived", "kill survived", "kill survived"];
    assert_eq!(survived.collect::<Vec<_>>(), expected, "nobody looks at the processes");
}

#[test]
fn only_some_kinds() {
    let rest = "steps:\n  - dialogue: |\n      p> one\n      p< got one\n";
    let lab = Lab::of_program(ECHO, "", rest);
    let (code, lines) = mutants(&lab, &["--only", "mute,kill"]);
    assert_eq!((code, fates(&lines)), (Some(0), vec!["mute killed".into(), "kill killed".into()]));
    let score = lines.last().unwrap();
    assert_eq!(score["lines"]["of"], 0);
    assert_eq!(score["controls"], serde_json::json!({"passed": 1, "of": 1}));
    let (code, text) = mutate(&lab.path().join("scenario.yaml"), &["--only", "mute,swop"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("invalid value 'swop' for '--only <KIND,…>'"), "{text}");
    assert!(text.contains("a similar value exists: 'swap'"), "{text}");
}

/// Our own labs miss processes and links, all of those that are tried, and nine of ten broken
/// lines: a sample of each lab. `scripts/mutants.sh` tries everything.
#[test]
fn the_labs_notice() {
    // Most runs wait in vain: more of them at a time, with more patience, take no longer.
    let output = labrun()
        .args(["mutate", "--sample-of-lab", "6", "--at-least", "90"])
        .args(["--patience", "3s", "--jobs", "12"])
        .arg(checkout().join("labs"))
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&text));
}

//! The schemas that editors get take every file that labrun takes, and refuse
//! what nobody should write; the judge is a validator that is not ours.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use lab_scenario::{Code, FileKind, schema};
use serde_json::Value;

fn validator(kind: FileKind) -> Validator {
    let schema = schema(kind);
    jsonschema::draft7::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
    jsonschema::draft7::new(&schema).unwrap_or_else(|error| panic!("{error}"))
}

/// YAML as the JSON that an editor makes of it.
fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Where in the file something is refused, and why.
fn refusals(validator: &Validator, text: &str) -> Vec<String> {
    let file = read(text);
    let told = validator.iter_errors(&file);
    told.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// All YAML files below a folder of the repository.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "no files in {folder}");
    files
}

#[track_caller]
fn takes(validator: &Validator, text: &str, file: &Path) {
    let refusals = refusals(validator, text);
    assert!(refusals.is_empty(), "{}:\n{}", file.display(), refusals.join("\n"));
}

#[test]
fn the_files_of_the_repository_are_taken() {
    let (scenario, lab) = (validator(FileKind::Scenario), validator(FileKind::Lab));
    for file in files("labs") {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let is_lab = file.file_name().is_some_and(|name| name == "lab.yaml");
        takes(if is_lab { &lab } else { &scenario }, &text, &file);
    }
    let topology = validator(FileKind::Topology);
    for file in files("topologies") {
        takes(&topology, &fs::read_to_string(&file).unwrap_or_default(), &file);
    }
}

#[test]
fn the_whole_language_is_taken() {
    for text in [include_str!("whole_language.yaml"), include_str!("steps_and_checks.yaml")] {
        takes(&validator(FileKind::Scenario), text, Path::new("the whole language"));
    }
}

/// Whatever is done to a scenario: if labrun still takes it, so does the schema.
#[test]
fn nothing_is_refused_that_labrun_takes() {
    const VALUES: [&str; 6] = ["~", "1", "'1'", "true", "5s", "[alice]"];
    let validator = validator(FileKind::Scenario);
    let lines: Vec<&str> = include_str!("whole_language.yaml").lines().collect();
    let mut taken = 0;
    let mut judge = |changed: &[&str]| {
        let text = changed.join("\n");
        if support::check(&text).is_ok() {
            takes(&validator, &text, Path::new("changed"));
            taken += 1;
        }
    };
    for at in 0..lines.len() {
        judge(&[&lines[..at], &lines[at + 1..]].concat());
        for (colon, _) in lines[at].match_indices(": ") {
            let (key, rest) = lines[at].split_at(colon + 2);
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            for value in VALUES {
                let line = format!("{key}{value}{}", &rest[end..]);
                judge(&[&lines[..at], &[line.as_str()], &lines[at + 1..]].concat());
            }
        }
    }
    assert!(taken > 150, "only {taken} of the changed files are sound");
}

#[test]
fn the_examples_are_taken() {
    let validator = validator(FileKind::Scenario);
    for document in ["README.md", "labs/README.md"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
        let text = fs::read_to_string(&file).unwrap_or_default();
        let examples: Vec<&str> = text.split("```yaml\n").skip(1).collect();
        assert!(!examples.is_empty(), "no examples in {document}");
        for example in examples {
            takes(&validator, example.split("```").next().unwrap_or_default(), &file);
        }
    }
    for code in Code::ALL.iter().filter(|code| !code.is_of_imports()) {
        takes(&validator, code.example().mended, Path::new(code.as_str()));
    }
}

#[test]
fn topologies_of_every_form_are_taken() {
    let validator = validator(FileKind::Scenario);
    for topology in [
        "star-4",
        "./net.yaml",
        "{single: 4}",
        "{single: \"4\", switch: ovs}",
        "{linear: 3}",
        "{linear: {switches: 3}}",
        "{tree: {depth: 2, fanout: 3}}",
        "{mininet: campus.py, topo: \"campus,3\"}",
        "{hosts: [h1], routers: {r1: }, switches: {s1: {kind: ovs}}, links: []}",
    ] {
        takes(&validator, &format!("topology: {topology}\n"), Path::new(topology));
    }
}

#[test]
fn wrong_files_are_refused() {
    use FileKind::{Lab, Scenario, Topology};
    let step = |step: &str| format!("topology: star-4\nsteps:\n  - {step}\n");
    let process = |process: &str| format!("topology: star-4\nprocesses:\n  p: {process}\n");
    let table = [
        (Scenario, "topology: {single: 2}\nstep: []\n".to_owned(), "'step' was unexpected"),
        (Scenario, "name: no network\n".to_owned(), "\"topology\" is a required property"),
        (Scenario, "topology: [h1, h2]\n".to_owned(), "/topology: "),
        (Scenario, "topology: {signle: 2}\n".to_owned(), "/topology: "),
        (Scenario, "topology: star-4\nvars: [a, b]\n".to_owned(), "/vars: "),
        (Scenario, "topology: star-4\nvars: {a: [b]}\n".to_owned(), "/vars/a: "),
        (Scenario, "topology: star-4\nmatrix: {a: 1}\n".to_owned(), "/matrix/a: "),
        (Scenario, "topology: star-4\ntimeout: 20\n".to_owned(), "/timeout: "),
        (Scenario, "topology: star-4\nbackend: dokcer\n".to_owned(), "/backend: "),
        (Scenario, "topology: {single: four}\n".to_owned(), "/topology: "),
        (Scenario, step("send: hello"), "/steps"),
        (Scenario, step("{send: {to: a, line: x}, wait: 1s}"), "/steps"),
        (Scenario, step("{send: {to: a, lien: x}}"), "/steps"),
        (Scenario, step("{expect: {output: x}}"), "/steps"),
        (Scenario, step("{say: hello}"), "/steps"),
        (Scenario, step("{}"), "/steps"),
        (Scenario, step("wait"), "/steps"),
        (Scenario, step("{send: {line: x}}"), "/steps"),
        (Scenario, process("cat"), "/processes/p: "),
        (Scenario, process("{host: h1, run: cat, ready: 1s}"), "/processes/p/ready: "),
        (Lab, "topology: {single: 2}\n".to_owned(), "'topology' was unexpected"),
        (Lab, "programs: [a, b]\n".to_owned(), "/programs: "),
        (Topology, "topology: {single: 2}\n".to_owned(), "'topology' was unexpected"),
        (Topology, "links: [{between: h1}]\n".to_owned(), "/links/0/between: "),
        (Topology, "links: [{between: [h1, s1], bw: -1}]\n".to_owned(), "/links/0/bw: "),
        (Topology, "links: [{between: [h1, s1], delay: 5}]\n".to_owned(), "/links/0/delay: "),
        (Topology, "hosts: {h1: {address: 10.0.0.1}}\n".to_owned(), "/hosts: "),
    ];
    for (kind, text, expected) in table {
        let refusals = refusals(&validator(kind), &text);
        let is_told = refusals.iter().any(|refusal| refusal.contains(expected));
        assert!(is_told, "{text}is refused with {refusals:?}, not {expected:?}");
    }
}

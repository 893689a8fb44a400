//! The command as people type it: usage, paths, errors, listings.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;

use assert_cmd::cargo::cargo_bin_cmd;
use predicates::prelude::*;
use predicates::str::{contains, is_empty, is_match, starts_with};
use tempfile::TempDir;

const SOUND: &str = "\
name: sound
topology: {single: 1}
processes:
  cat: {host: h1, run: cat}
steps:
  - send: {to: cat, line: hello}
  - expect: {from: cat, output: hello}
";

/// A folder with these files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

/// labrun with arguments, in a folder.
fn labrun(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    cargo_bin_cmd!("labrun").current_dir(folder).args(arguments).assert()
}

#[test]
fn help_names_the_exit_codes() {
    let here = Path::new(".");
    labrun(here, &["--help"]).code(0).stdout(contains("  4    this machine lacks something"));
    labrun(here, &["--version"]).code(0).stdout(starts_with("labrun "));
    // The stage is nobody's business.
    labrun(here, &["--help"]).stdout(contains("stage").not());
}

#[test]
fn bad_usage() {
    let root = tree(&[("a.yaml", SOUND)]);
    let table: [(&[&str], &str); 9] = [
        (&[], "Usage: labrun"),
        (&["run"], "<PATH>"),
        (&["rnu", "a.yaml"], "unrecognized subcommand 'rnu'"),
        (&["run", "--bakend", "netns", "a.yaml"], "--backend"),
        (&["run", "--jobs", "0", "a.yaml"], "0"),
        (&["run", "--timeout", "20", "a.yaml"], "write a number and a unit"),
        (&["run", "--var", "x", "a.yaml"], "write a name, `=` and a value"),
        (&["run", "--var", "x=1", "a.yaml"], "the scenario has no variable `x`"),
        (&["run", "--program", "server=x", "a.yaml"], "the lab has no program `server`"),
    ];
    for (arguments, words) in table {
        labrun(root.path(), arguments).code(2).stdout(is_empty()).stderr(contains(words));
    }
    assert!(!root.path().join("results").exists(), "nothing was run");
}

#[test]
fn paths_that_are_none() {
    let root = tree(&[
        ("three-users.yaml", SOUND),
        ("empty/note.txt", ""),
        ("bare/lab.yaml", "name: x\n"),
    ]);
    let table = [
        ("three-user.yaml", "help: did you mean `three-users.yaml`?"),
        ("nowhere/at/all", "there is no file or folder `nowhere/at/all`"),
        ("empty", "there is no lab in the folder `empty`"),
        ("bare", "there is no scenario to run"),
    ];
    for (path, words) in table {
        labrun(root.path(), &["run", path]).code(2).stderr(contains(words));
    }
}

#[test]
fn check_shows_all_errors_of_all_files() {
    let root = tree(&[
        ("lab/lab.yaml", "name: a lab\n"),
        ("lab/a.yaml", &SOUND.replace("host: h1", "host: h9")),
        ("lab/b.yaml", &SOUND.replace("line:", "lien:").replace("from: cat", "from: dog")),
        ("lab/c.yaml", SOUND),
        ("lab/d.yaml", ""),
    ]);
    labrun(root.path(), &["check", "lab"])
        .code(2)
        .stdout(is_empty())
        .stderr(contains("lab/a.yaml:4:15"))
        .stderr(contains("lab/b.yaml:6:21"))
        .stderr(contains("lab/b.yaml:7:20"))
        .stderr(contains("lab/d.yaml"))
        .stderr(is_match("error: [0-9]+ errors in 3 files\n$").unwrap());
    labrun(root.path(), &["check", "lab/c.yaml"]).code(0).stdout("1 scenario: all right\n");
    // A broken file among others keeps all of them from being run.
    labrun(root.path(), &["run", "lab"]).code(2).stdout(is_empty());
}

#[test]
fn a_broken_lab_is_one_error() {
    let root = tree(&[("lab/lab.yaml", "nmae: a lab\n"), ("lab/a.yaml", SOUND)]);
    labrun(root.path(), &["check", "lab"])
        .code(2)
        .stderr(contains("lab/lab.yaml:1:1"))
        .stderr(contains("error: 1 error in 1 file\n"));
}

#[test]
fn lists_labs_and_scenarios() {
    let root = tree(&[
        ("labs/chat/lab.yaml", "name: Chatting\n"),
        ("labs/chat/one.yaml", SOUND),
        ("labs/chat/two.yaml", &format!("requires: [python3]\nmatrix: {{n: [1, 2]}}\n{SOUND}")),
        ("labs/other/lab.yaml", "scenarios: [z.yaml]\n"),
        ("labs/other/z.yaml", SOUND),
        ("labs/other/not-named.yaml", SOUND),
    ]);
    labrun(root.path(), &["list"]).code(0).stdout(
        "chat  Chatting\n  one  sound\n  two  sound  (2 variants)  (requires python3)\n\n\
         other\n  z    sound\n",
    );
}

#[test]
fn prints_schemas() {
    let here = Path::new(".");
    for (arguments, title) in [
        (&["schema"][..], "A labrun scenario"),
        (&["schema", "scenario"], "A labrun scenario"),
        (&["schema", "lab"], "A lab.yaml of labrun"),
        (&["schema", "topology"], "A labrun topology"),
    ] {
        let output = labrun(here, arguments).code(0).stderr(is_empty()).get_output().stdout.clone();
        let schema: serde_json::Value = serde_json::from_slice(&output).unwrap();
        assert_eq!(schema["title"], title);
    }
    labrun(here, &["schema", "sheet"]).code(2).stderr(contains("[possible values: scenario"));
}

#[test]
fn colours_on_demand_only() {
    let root = tree(&[("a.yaml", &SOUND.replace("host: h1", "host: h9"))]);
    labrun(root.path(), &["check", "a.yaml"]).stderr(contains("\x1b[").not());
    labrun(root.path(), &["check", "a.yaml", "--color", "always"]).stderr(contains("\x1b["));
}

#[test]
fn results_that_cannot_be_written() {
    let root = tree(&[("a.yaml", SOUND), ("file", "")]);
    labrun(root.path(), &["run", "a.yaml", "--results", "file/x"])
        .code(2)
        .stderr(contains("error: cannot make the folder `file/x`: Not a directory"))
        .stderr(contains("help: choose another folder with --results DIR"));
}

#[test]
fn a_build_that_fails() {
    let lab = "build: \"seq 100; printf '\\\\033[31mno such compiler\\n' >&2; exit 7\"\n";
    let root = tree(&[("lab/lab.yaml", lab), ("lab/a.yaml", SOUND)]);
    labrun(root.path(), &["run", "lab"])
        .code(2)
        .stdout(is_empty())
        .stderr(contains("the build of lab failed"))
        .stderr(contains("exit status: 7"))
        .stderr(contains("  | … 61 lines more above\n  | 62\n"))
        .stderr(contains("  | no such compiler\n"));
}

#[test]
fn doctor_looks_at_the_machine() {
    labrun(Path::new("."), &["doctor"]).code(predicate::in_iter([0, 4]));
}

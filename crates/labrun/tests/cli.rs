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
        (&["run", "--timeout", "20", "a.yaml"], "a duration needs a unit: write `20s`"),
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
        .stderr(is_match("error: [0-9]+ errors in 3 files\nhelp: `labrun explain E0301`").unwrap());
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
fn prints_the_reference() {
    let output = labrun(Path::new("."), &["reference"]).success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.contains("\n### process\n") && text.contains("\n| **`host`** |"), "{text}");
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
fn check_tells_editors() {
    let dialogue = "  - dialogue: |\n      cat> \"grüß dich ${nme}\n      cat< /(/\n";
    let root = tree(&[
        ("a.yaml", &format!("vars: {{name: x}}\n{SOUND}{dialogue}")),
        ("b.yaml", &format!("vars: {{unused: 1}}\n{SOUND}")),
        ("c.yaml", &SOUND.replace("single: 1", "hosts: [h1, h1]")),
        ("d.yaml", SOUND),
    ]);
    let files = ["a.yaml", "b.yaml", "c.yaml", "d.yaml"];
    let arguments = [&["check", "--format", "json"][..], &files].concat();
    let told = labrun(root.path(), &arguments).code(2).stderr("error: 3 errors in 2 files\n");
    let lines = String::from_utf8(told.get_output().stdout.clone()).unwrap();
    let reports: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let at = |line, column, byte| serde_json::json!({"line": line, "column": column, "byte": byte});
    let of =
        |file: &str| reports.iter().filter(|report| report["file"] == file).collect::<Vec<_>>();

    let [name, expression] = of("a.yaml")[..] else { panic!("{lines}") };
    assert_eq!((&name["code"], &name["severity"]), (&"E0303".into(), &"error".into()));
    assert_eq!(name["message"], "nothing is known of `${nme}`");
    assert_eq!(name["help"], serde_json::json!(["did you mean `${name}`?"]));
    let text = fs::read_to_string(root.path().join("a.yaml")).unwrap();
    let byte = text.find("${nme}").unwrap();
    assert_eq!(name["span"]["start"], at(10, 23, byte));
    assert_eq!(name["span"]["end"], at(10, 29, byte + 6));
    assert_eq!(expression["code"], "E0210");
    assert_eq!(expression["span"]["start"]["line"], 11);

    let [unused] = of("b.yaml")[..] else { panic!("{lines}") };
    assert_eq!((&unused["code"], &unused["severity"]), (&"W0004".into(), &"warning".into()));

    let [twice] = of("c.yaml")[..] else { panic!("{lines}") };
    assert_eq!(twice["labels"][0]["text"], "first used here");
    assert_eq!(twice["labels"][0]["file"], "c.yaml");
    assert_eq!(twice["labels"][0]["span"]["start"], at(2, 20, 31));

    labrun(root.path(), &["check", "--format", "json", "d.yaml"]).code(0).stdout("").stderr("");
}

#[test]
fn explains_codes() {
    let here = Path::new(".");
    labrun(here, &["explain", "e0303"])
        .code(0)
        .stdout(starts_with("E0303: a `${…}` that nothing is known of\n"))
        .stdout(contains("    error[E0303]: nothing is known of `${prot}`\n"))
        .stdout(contains("\nMended:\n\n    topology"));
    labrun(here, &["explain"]).code(0).stdout(contains("E0105  a key that is not known here\n"));
    labrun(here, &["explain", "E4711"])
        .code(2)
        .stderr(contains("there is no error or warning `E4711`"))
        .stderr(contains("`labrun explain` alone lists all"));
}

#[test]
fn completes_command_lines() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        labrun(Path::new("."), &["completions", shell])
            .code(0)
            .stderr(is_empty())
            .stdout(contains("labrun"))
            .stdout(contains("--").or(contains("-l fail-fast")))
            .stdout(contains("stage").not());
    }
    // Bash itself takes the script, and completes with it.
    let script = "source <(\"$0\" completions bash) && COMP_WORDS=(labrun run --fail) && \
                  COMP_CWORD=2 && _labrun labrun --fail run && echo \"${COMPREPLY[@]}\"";
    let labrun = env!("CARGO_BIN_EXE_labrun");
    let answer = std::process::Command::new("bash").args(["-c", script, labrun]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "--fail-fast\n");
}

#[test]
fn prints_manual_pages() {
    let root = tree(&[]);
    labrun(root.path(), &["man"])
        .code(0)
        .stdout(contains(".TH labrun 1"))
        .stdout(contains("labrun\\-run"))
        .stdout(contains("Exit codes"))
        .stdout(contains("stage").not());
    labrun(root.path(), &["man", "run"]).code(0).stdout(contains("\\-\\-fail\\-fast"));
    labrun(root.path(), &["man", "rnu"]).code(2).stderr(contains("no page of this name"));
    labrun(root.path(), &["man", "--all", "man/man1"])
        .code(0)
        .stdout(contains("pages in man/man1"));
    let pages = fs::read_dir(root.path().join("man/man1")).unwrap();
    let pages: Vec<_> = pages.map(|page| page.unwrap().file_name()).collect();
    for page in ["labrun.1", "labrun-run.1", "labrun-check.1", "labrun-new-lab.1"] {
        assert!(pages.iter().any(|name| name == page), "{page} of {pages:?}");
    }
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

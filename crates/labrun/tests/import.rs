//! `labrun import` as people type it: where it writes, and when it does not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;

use assert_cmd::assert::Assert;
use assert_cmd::cargo::cargo_bin_cmd;
use predicates::prelude::*;
use predicates::str::{contains, is_empty};

const TEST: &str = r#"{
  "commands": ["LAUNCHSERVER --id 1 --servername kiel --port 7001 --info \"Sailing\""],
  "final_state": {"kiel": {"hosts_db": [], "adjacent_server_ids": [4]}}
}
"#;

/// `labrun import crc`, in a folder.
fn import(folder: &Path, arguments: &[&str]) -> Assert {
    cargo_bin_cmd!("labrun").current_dir(folder).args(["import", "crc"]).args(arguments).assert()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_folder_gets_scenarios_and_a_lab_that_labrun_takes() {
    let root = folder(&[("one.cfg", TEST), ("two.cfg", TEST)]);
    import(root.path(), &["one.cfg", "two.cfg", "-o", "out/lab"])
        .code(0)
        .stdout("2 scenarios written: labrun run out/lab\n")
        .stderr(is_empty());
    let lab = fs::read_to_string(root.path().join("out/lab/lab.yaml")).unwrap();
    assert!(lab.contains("\n  server: chat-server relay\n  client: chat-client relay\n"), "{lab}");
    cargo_bin_cmd!("labrun")
        .current_dir(root.path())
        .args(["check", "out/lab"])
        .assert()
        .code(0)
        .stdout("2 scenarios: all right\n");
}

#[test]
fn nothing_is_overwritten_unasked() {
    let root =
        folder(&[("a.cfg", TEST), ("b.cfg", TEST), ("b.yaml", "mine"), ("lab.yaml", "mine")]);
    import(root.path(), &["a.cfg", "b.cfg", "-o", "."])
        .code(2)
        .stdout(is_empty())
        .stderr(contains("error: there is a file `./b.yaml`\nhelp: overwrite it with --force"));
    assert!(!root.path().join("a.yaml").exists());
    import(root.path(), &["a.cfg", "b.cfg", "-o", ".", "--force"]).code(0);
    let read = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
    assert!(read("b.yaml").starts_with("# Imported from b.cfg"));
    assert_eq!(read("lab.yaml"), "mine", "a lab.yaml is never touched");
}

#[test]
fn one_scenario_can_be_printed() {
    let root = folder(&[("a.cfg", TEST)]);
    import(root.path(), &["a.cfg", "--stdout"])
        .code(0)
        .stdout(contains("- ask: {of: kiel, line: state, json: {hosts.*.id: []}}"))
        .stdout(contains("adjacent_servers").not());
    import(root.path(), &["a.cfg", "--stdout", "--strict-adjacency"])
        .code(0)
        .stdout(contains("adjacent_servers: [4]"));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[test]
fn with_an_error_in_any_file_nothing_is_written() {
    let wrong = TEST.replace("--port", "--prot");
    let strange = TEST.replace("\"kiel\":", "\"kiel.de\":");
    let root = folder(&[("a.cfg", TEST), ("b.cfg", &wrong), ("c.cfg", &strange), ("d.cfg", "{")]);
    import(root.path(), &["a.cfg", "b.cfg", "c.cfg", "d.cfg", "-o", "out"])
        .code(2)
        .stdout(is_empty())
        .stderr(contains("b.cfg:2:55"))
        .stderr(contains("warning[W0601]: no command launches `kiel.de`"))
        .stderr(contains("d.cfg:1:1"))
        .stderr(contains("error: 2 errors in 2 files; nothing was written\n"));
    assert!(!root.path().join("out").exists());
}

#[test]
fn bad_usage() {
    let root = folder(&[("a.cfg", TEST), ("lab.cfg", TEST), ("b", "")]);
    fs::create_dir(root.path().join("x")).unwrap();
    fs::write(root.path().join("x/a.cfg"), TEST).unwrap();
    let table: [(&[&str], &str); 8] = [
        (&["a.cfg"], "--output <DIR>"),
        (&["-o", "out"], "<FILE>..."),
        (&["a.cfg", "lab.cfg", "--stdout"], "`--stdout` takes one file"),
        (&["a.cfg", "--stdout", "-o", "out"], "cannot be used with"),
        (&["a.cfg", "x/a.cfg", "-o", "out"], "`a.cfg` and `x/a.cfg` would have the same name"),
        (&["lab.cfg", "-o", "out"], "`lab.cfg` would become the lab.yaml of its lab"),
        (&["none.cfg", "-o", "out"], "there is no file `none.cfg`"),
        (&["a.cfg", "-o", "b"], "cannot make the folder `b`"),
    ];
    for (arguments, words) in table {
        import(root.path(), arguments).code(2).stdout(is_empty()).stderr(contains(words));
    }
    assert!(!root.path().join("out").exists());
}

//! `labrun new` writes something that runs at once, and that can fail.

use std::path::Path;
use std::process::Output;

use super::harness::labrun;

fn in_folder(folder: &Path, arguments: &[&str]) -> Output {
    labrun().current_dir(folder).args(arguments).output().unwrap()
}

#[track_caller]
fn ends(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}{told}");
    said + &told
}

#[test]
fn a_new_lab_runs_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let said = ends(&in_folder(folder.path(), &["new", "lab", "labs/shouting"]), 0);
    assert!(said.contains("labrun run labs/shouting"), "{said}");

    let checked = ends(&in_folder(folder.path(), &["check", "labs/shouting"]), 0);
    assert_eq!(checked, "2 scenarios: all right\n");
    let ran = ends(&in_folder(folder.path(), &["run", "labs/shouting"]), 0);
    assert!(ran.contains("2 passed; 1/1 points"), "{ran}");

    // Every file of it is explained, and none speaks of another lab.
    let lab = folder.path().join("labs/shouting");
    let sheet = std::fs::read_to_string(lab.join("README.md")).unwrap();
    for file in std::fs::read_dir(&lab).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name == "README.md" || sheet.contains(&format!("`{name}`")), "{name}");
        assert!(!std::fs::read_to_string(&file).unwrap().contains("LAB-NAME"), "{name}");
    }

    // Its own programs are not special: one that does another thing fails.
    let other = "server=sh -c 'while read line; do :; done'";
    ends(&in_folder(folder.path(), &["run", "labs/shouting", "--program", other]), 1);

    // What is there is not overwritten.
    let again = ends(&in_folder(folder.path(), &["new", "lab", "labs/shouting"]), 2);
    assert!(again.contains("there is a `labs/shouting` already"), "{again}");
}

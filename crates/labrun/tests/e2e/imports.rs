//! Imported test files are scenarios that run: our programs pass them on every
//! backend, and they fail where they should.

use std::path::{Path, PathBuf};

use super::harness::{Lab, checkout, files_below, labrun, skip_for_want_of_mininet};

/// The test files of the importer, in the course's six groups.
fn test_files() -> Vec<PathBuf> {
    let folder = checkout().join("crates/lab-import/tests/crc");
    let is_test = |file: &PathBuf| file.extension().is_some_and(|end| end == "cfg");
    let mut files: Vec<PathBuf> = files_below(&folder).into_iter().filter(is_test).collect();
    files.sort();
    assert_eq!(files.len(), 20);
    files
}

/// Imports files into a folder.
fn import(files: &[PathBuf], folder: &Path) {
    let output = labrun().args(["import", "crc", "-o"]).arg(folder).args(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a folder, what a busy machine made invalid again; the exit code and all
/// that was said.
fn run(folder: &Path, backend: &str) -> (Option<i32>, String) {
    let output = labrun()
        .arg("run")
        .arg(folder)
        .args(["--retry-invalid", "5", "--backend", backend, "--results"])
        .arg(folder.join("results"))
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn all_six_groups_pass() {
    let lab = Lab::new();
    import(&test_files(), lab.path());
    let (code, text) = run(lab.path(), "netns");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("20 passed"), "{text}");
}

/// One of each group: Mininet takes its time for large networks.
#[test]
fn they_pass_on_mininet() {
    let mut files = test_files();
    files.retain(|file| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        ["1_2", "2_2", "3_3", "4_2", "5_2", "6_2"].iter().any(|group| name.starts_with(group))
    });
    let lab = Lab::new();
    import(&files, lab.path());
    let (code, text) = run(lab.path(), "mininet");
    if code == Some(4) {
        skip_for_want_of_mininet("imported scenarios on Mininet");
        return;
    }
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("6 passed"), "{text}");
}

#[test]
fn what_does_not_hold_fails() {
    let file = |hosts: &str, chats: &str| {
        format!(
            r#"{{"commands": [
                "LAUNCHSERVER --id 1 --servername kiel --port 7001 --info \"Sailing\"",
                "LAUNCHCLIENT --id 101 --serverhost kiel --serverport 7001 --username anna --info \"\"",
                "CLIENTCOMMAND --username anna --command MESSAGE 101 \"to myself\"",
                "KILL ALL"
            ],
            "final_state": {{"kiel": {{"hosts_db": {hosts}}}, "anna": {{"chat_messages_log": {chats}}}}}}}"#
        )
    };
    let table = [
        ("[101]", r#"["\"to myself\""]"#, None),
        ("[101, 102]", r#"["\"to myself\""]"#, Some("hosts.*.id: missing 102")),
        ("[]", r#"["\"to myself\""]"#, Some("hosts.*.id: too many: 101")),
        ("[101]", r#"["to myself"]"#, Some("chat_log: missing \"to myself\"; too many: ")),
    ];
    for (hosts, chats, said) in table {
        let lab = Lab::new().file("test.cfg", &file(hosts, chats));
        import(&[lab.path().join("test.cfg")], lab.path());
        let path = lab.path().join("test.yaml");
        // Nobody need wait long for what does not come.
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("\nprocesses:", "\ndefaults: {within: 500ms}\n\nprocesses:");
        std::fs::write(&path, text).unwrap();
        let (code, text) = run(lab.path(), "netns");
        assert_eq!(code, Some(said.map_or(0, |_| 1)), "{text}");
        assert!(text.contains(said.unwrap_or("1 passed")), "{text}");
    }
}

//! A lab in a folder of its own, and what came of running it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A folder with scenarios and scripts.
pub(crate) struct Lab {
    folder: TempDir,
}

/// What labrun did.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The `run.json` of the newest run, if there is one.
    pub(crate) run: Value,
    /// The folder it stands in.
    pub(crate) run_folder: PathBuf,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a file.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.path().join(name), text).unwrap();
        self
    }

    /// Adds a shell script that may be executed.
    pub(crate) fn script(self, name: &str, text: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let lab = self.file(name, &format!("#!/bin/sh\n{text}\n"));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(lab.path().join(name), mode).unwrap();
        lab
    }

    /// A lab of one scenario, in which program `p`, a shell script, runs on `h1`
    /// of two hosts. `settings` are further keys of the process, such as
    /// `, stdio: pipe`.
    pub(crate) fn of_program(script: &str, settings: &str, rest: &str) -> Self {
        let scenario = format!(
            "name: a program\ntopology: {{single: 2}}\ntimeout: 30s\nprocesses:\n  \
             p: {{host: h1, run: ./p.sh{settings}}}\n{rest}"
        );
        Self::new().script("p.sh", script).file("scenario.yaml", &scenario)
    }

    /// `labrun run scenario.yaml` with further arguments. What is invalid, since
    /// the machine is too busy, is made again.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_at("scenario.yaml", arguments)
    }

    /// The same of all scenarios, which a `lab.yaml` makes a lab.
    pub(crate) fn run_all(&self, arguments: &[&str]) -> Outcome {
        self.run_at(".", arguments)
    }

    fn run_at(&self, path: &str, arguments: &[&str]) -> Outcome {
        let results = self.path().join("results");
        let output = labrun()
            .arg("run")
            .arg(self.path().join(path))
            .arg("--results")
            .arg(&results)
            .args(["--retry-invalid", "5"])
            .args(arguments)
            .output()
            .unwrap();
        let run_folder = newest_run(&results).unwrap_or_default();
        let run = std::fs::read(run_folder.join("run.json")).unwrap_or_default();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            run: serde_json::from_slice(&run).unwrap_or(Value::Null),
            run_folder,
        }
    }
}

impl Outcome {
    /// All that was printed.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Fails the test, showing everything, unless the run passed.
    #[track_caller]
    pub(crate) fn passes(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{}", self.text());
        assert_eq!(self.run["verdict"], "pass");
        self
    }

    /// Fails the test, showing everything, unless the run failed and said this.
    #[track_caller]
    pub(crate) fn fails_saying(&self, words: &str) -> &Self {
        assert_eq!(self.code, Some(1), "{}", self.text());
        assert_eq!(self.run["verdict"], "fail");
        self.says(words)
    }

    /// Fails the test, showing everything, unless it printed this.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.text().contains(words), "{words:?} is not in:\n{}", self.text());
        self
    }

    /// Bytes that all files of the run take.
    pub(crate) fn size(&self) -> u64 {
        files_below(&self.run_folder)
            .iter()
            .filter_map(|f| f.metadata().ok())
            .map(|m| m.len())
            .sum()
    }
}

/// The real program.
pub(crate) fn labrun() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_labrun"));
    // What a user's shell is set up to do may take its time.
    command
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .env_remove("NO_COLOR")
        .args(["--color", "never"]);
    command
}

/// The folder of this checkout.
pub(crate) fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The newest folder with a `run.json` or `events.jsonl` below a results folder.
fn newest_run(results: &Path) -> Option<PathBuf> {
    let files = files_below(results);
    let events = files.iter().filter(|file| file.ends_with("events.jsonl"));
    let newest = events.max_by_key(|file| file.metadata().and_then(|m| m.modified()).ok())?;
    Some(newest.parent()?.to_owned())
}

/// All regular files below a folder; links are not followed.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}

/// Says that a test, or a part of one, cannot be done for want of Mininet. Past
/// the test runner, which would keep it to itself; where Mininet must be, in CI,
/// this fails the test.
pub(crate) fn skip_for_want_of_mininet(what: &str) {
    use std::io::Write as _;
    assert!(std::env::var_os("LABRUN_CI").is_none(), "Mininet is missing in CI");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what} (scripts/install-mininet.sh)");
}

//! Which run is meant.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::Complaint;

/// What the folder of a run holds from its first moment on.
const RECORD: &str = "events.jsonl";

/// Results, labs, scenarios, runs.
const DEPTH: usize = 3;

/// Folders that are looked into.
const MANY: usize = 100_000;

/// The folder of the run that was asked for: a folder of results, or the name of something
/// in `results`; of a lab or scenario the newest run.
pub(super) fn run(asked: &Path, results: &Path) -> Result<PathBuf, Complaint> {
    if asked.extension() == Some(OsStr::new("cast")) {
        return Err(Complaint::usage("a `.cast` is the terminal of one process")
            .help(format!("play it with `asciinema play {}`", asked.display())));
    }
    let candidates = [
        // `latest` is the newest of all.
        (asked == Path::new("latest")).then(|| results.to_owned()),
        Some(asked.to_owned()),
        asked.parent().filter(|_| asked.is_file()).map(Path::to_owned),
        Some(results.join(asked)),
        of_scenario_file(asked).map(|name| results.join(name)),
    ];
    let mut found = candidates.into_iter().flatten().filter_map(|folder| newest(&folder));
    found.next().or_else(|| somewhere(asked, results)).ok_or_else(|| nothing(asked, results))
}

/// `labs/direct-chat/three-users.yaml` left its results in `direct-chat/three-users`.
fn of_scenario_file(asked: &Path) -> Option<PathBuf> {
    let is_scenario = asked.extension().is_some_and(|end| end == "yaml" || end == "yml");
    let file = asked.canonicalize().unwrap_or_else(|_| asked.to_owned());
    let lab = file.parent()?.file_name()?;
    is_scenario.then(|| Path::new(lab).join(file.file_stem().unwrap_or_default()))
}

/// The newest run in a folder, which may be that of the run itself.
fn newest(folder: &Path) -> Option<PathBuf> {
    let latest = folder.join("latest");
    if is_run(folder) {
        // Where `latest` leads to is a better name than `latest`.
        return Some(folder.canonicalize().unwrap_or_else(|_| folder.to_owned()));
    }
    if is_run(&latest) {
        return latest.canonicalize().ok();
    }
    // Names of runs sort by time.
    runs_below(folder).into_iter().max_by(|a, b| a.file_name().cmp(&b.file_name()))
}

/// The newest run in a folder of that name somewhere in the results: a scenario without
/// its lab, or a run without its scenario.
fn somewhere(asked: &Path, results: &Path) -> Option<PathBuf> {
    let name = asked.file_name().filter(|_| asked.components().count() == 1)?;
    let mut runs = runs_below(results);
    runs.retain(|run| run.file_name() == Some(name) || scenario(run) == Some(name));
    runs.into_iter().max_by(|a, b| a.file_name().cmp(&b.file_name()))
}

fn is_run(folder: &Path) -> bool {
    folder.join(RECORD).is_file()
}

/// The folder of the scenario that a run is of.
fn scenario(run: &Path) -> Option<&OsStr> {
    run.parent()?.file_name()
}

/// The folders of all runs below one; links are not followed.
fn runs_below(folder: &Path) -> Vec<PathBuf> {
    let mut runs = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    let mut seen = 0;
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MANY || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let inner = entry.path();
            if is_run(&inner) {
                runs.push(inner);
            } else if depth + 1 < DEPTH {
                folders.push((inner, depth + 1));
            }
        }
    }
    runs
}

/// Says what there is instead.
fn nothing(asked: &Path, results: &Path) -> Complaint {
    let mut runs = runs_below(results);
    runs.sort_by_key(|run| Reverse(run.file_name().map(OsStr::to_owned)));
    let mut names: Vec<String> = Vec::new();
    for run in &runs {
        let name = run.parent().and_then(|scenario| scenario.strip_prefix(results).ok());
        let name = name.map(|name| name.display().to_string()).unwrap_or_default();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    let wanted = asked.to_string_lossy();
    let close = names
        .iter()
        .map(|name| (strsim::jaro_winkler(&wanted, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let shown = results.display();
    if names.is_empty() {
        return Complaint::usage(format!("there is no run in `{shown}`")).help(
            "`labrun run` leaves one; if it wrote its results elsewhere, say where with --results DIR",
        );
    }
    let help = match close {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => {
            let first = names.iter().take(5).map(|name| format!("`{name}`"));
            let first: Vec<String> = first.collect();
            let more = if names.len() > 5 { ", …" } else { "" };
            format!("there are runs of {}{more}", first.join(", "))
        }
    };
    Complaint::usage(format!("there is no run `{wanted}` in `{shown}`")).help(help)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Results of two labs.
    fn results() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for run in ["chat/one/2026-01-01-a", "chat/one/2026-01-03-b", "chat/two/2026-01-02-c"] {
            let folder = root.path().join(run);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(RECORD), "").unwrap();
        }
        // The newest that ended is not the newest that began.
        symlink("2026-01-01-a", root.path().join("chat/one/latest")).unwrap();
        root
    }

    fn found(asked: &str) -> String {
        let root = results();
        let asked = asked.replace("ROOT", root.path().to_str().unwrap());
        match run(Path::new(&asked), root.path()) {
            Ok(folder) => folder.file_name().unwrap().to_str().unwrap().to_owned(),
            Err(complaint) => complaint.help.unwrap_or_default(),
        }
    }

    #[test]
    fn runs_by_any_name() {
        let table = [
            ("latest", "2026-01-03-b"),
            ("chat", "2026-01-03-b"),
            ("chat/one", "2026-01-01-a"),
            ("chat/two", "2026-01-02-c"),
            ("two", "2026-01-02-c"),
            ("chat/one/latest", "2026-01-01-a"),
            ("2026-01-02-c", "2026-01-02-c"),
            ("ROOT/chat/one/2026-01-03-b", "2026-01-03-b"),
            ("ROOT/chat/one/2026-01-03-b/events.jsonl", "2026-01-03-b"),
            ("ROOT/chat", "2026-01-03-b"),
            ("labs/chat/two.yaml", "2026-01-02-c"),
        ];
        for (asked, run) in table {
            assert_eq!(found(asked), run, "{asked}");
        }
    }

    #[test]
    fn says_what_there_is() {
        assert_eq!(found("chat/on"), "did you mean `chat/one`?");
        assert_eq!(found("zebra"), "there are runs of `chat/one`, `chat/two`");
        assert_eq!(found("x.cast"), "play it with `asciinema play x.cast`");
        let nowhere = run(Path::new("latest"), Path::new("/nowhere")).unwrap_err();
        assert_eq!(nowhere.message, "there is no run in `/nowhere`");
    }
}

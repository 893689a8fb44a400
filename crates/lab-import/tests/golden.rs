//! The scenarios that are made of the files in `tests/crc`, whole. With
//! `UPDATE_GOLDEN=1` they are written anew: read what changed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use lab_import::crc::{self, Options};
use lab_scenario::source::Source;

/// The course's six groups, in files of our own.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crc");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "cfg")).collect();
    files.sort();
    files
}

fn imported(file: &Path, options: Options) -> (String, String) {
    let name = file.file_name().unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let imported = crc::import(Source { path: name.into(), text }, options).unwrap();
    (imported.draft.to_yaml(), imported.warnings.to_string())
}

#[test]
fn files_become_these_scenarios() {
    let files = files();
    assert_eq!(files.len(), 20);
    let mut changed = Vec::new();
    for file in files {
        let (yaml, _) = imported(&file, Options::default());
        let golden = file.with_extension("yaml");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &yaml).unwrap();
        }
        if std::fs::read_to_string(&golden).unwrap_or_default() != yaml {
            changed.push(format!("{}:\n{yaml}", golden.display()));
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

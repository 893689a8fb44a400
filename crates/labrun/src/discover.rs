//! From the paths on the command line to labs and their scenario files.
//!
//! A path is a scenario file, the folder of a lab (one with a `lab.yaml`), or a
//! folder of such folders.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exit::Complaint;

/// The file that makes a folder a lab.
pub(crate) const LAB_FILE: &str = "lab.yaml";

/// How deep labs are looked for in a folder of labs.
const MAX_DEPTH: usize = 5;

/// What a path stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// All scenarios of the lab in this folder.
    Lab(PathBuf),
    /// This scenario file.
    Scenario(PathBuf),
}

/// Finds what is meant, in the order of the paths, each once.
pub(crate) fn discover(paths: &[PathBuf]) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for path in paths {
        for item in resolve(path)? {
            let (Found::Lab(place) | Found::Scenario(place)) = &item;
            let place = place.canonicalize().unwrap_or_else(|_| place.clone());
            if seen.insert(place) {
                found.push(item);
            }
        }
    }
    Ok(found)
}

fn resolve(path: &Path) -> anyhow::Result<Vec<Found>> {
    let shown = path.display();
    let kind = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let complaint = Complaint::usage(format!("there is no file or folder `{shown}`"));
            anyhow::Error::new(match near(path) {
                Some(near) => complaint.help(format!("did you mean `{}`?", near.display())),
                None => complaint,
            })
        }
        _ => anyhow::Error::new(error).context(format!("cannot look at `{shown}`")),
    })?;
    if !kind.is_dir() {
        return Ok(vec![match path.file_name() {
            Some(name) if name == LAB_FILE => Found::Lab(folder_of(path)),
            _ => Found::Scenario(path.to_owned()),
        }]);
    }
    let mut labs = Vec::new();
    find_labs(path, MAX_DEPTH, &mut labs)
        .with_context(|| format!("cannot look for labs in `{shown}`"))?;
    if labs.is_empty() {
        return Err(Complaint::usage(format!("there is no lab in the folder `{shown}`"))
            .help(format!(
                "a lab is a folder with a file {LAB_FILE}; scenario files without one \
                 can be named themselves"
            ))
            .into());
    }
    Ok(labs.into_iter().map(Found::Lab).collect())
}

/// The folder that a file is in, as it can be shown and opened.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Labs are not looked for inside labs, nor where a link leads.
fn find_labs(folder: &Path, depth: usize, labs: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.join(LAB_FILE).is_file() {
        labs.push(folder.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if entry.file_type()?.is_dir() && !hidden {
            folders.push(entry.path());
        }
    }
    folders.sort();
    for folder in folders {
        // What may not be read cannot be meant.
        if let Err(error) = find_labs(&folder, depth - 1, labs)
            && error.kind() != std::io::ErrorKind::PermissionDenied
        {
            return Err(error);
        }
    }
    Ok(())
}

/// The names of the files in a folder, those that are text.
pub(crate) fn folder_names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let list = || -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.path().is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    };
    list().with_context(|| format!("cannot look into the folder `{}`", folder.display()))
}

/// Something of a similar name beside where there is nothing.
fn near(path: &Path) -> Option<PathBuf> {
    let wanted = path.file_name()?.to_str()?;
    let folder = folder_of(path);
    let names = fs::read_dir(&folder).ok()?.take(1000).flatten().map(|entry| entry.file_name());
    let best = names
        .filter_map(|name| Some((strsim::jaro_winkler(wanted, name.to_str()?), name)))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(path.with_file_name(best.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    #[test]
    fn finds_labs_and_files() {
        let root = tree(&[
            "b/lab.yaml",
            "b/z.yaml",
            "b/y.yml",
            "b/.hidden.yaml",
            "b/inner/lab.yaml",
            "a/deep/lab.yaml",
            ".git/lab.yaml",
            "single.yaml",
        ]);
        let at = |path: &str| root.path().join(path);
        let found = discover(&[at("single.yaml"), root.path().into(), at("b/lab.yaml")]).unwrap();
        assert_eq!(
            found,
            [Found::Scenario(at("single.yaml")), Found::Lab(at("a/deep")), Found::Lab(at("b"))]
        );
        let mut names = folder_names(&at("b")).unwrap();
        names.sort();
        assert_eq!(names, [".hidden.yaml", "lab.yaml", "y.yml", "z.yaml"]);
    }

    #[test]
    fn says_what_is_not_there() {
        let root = tree(&["labs/three-users.yaml"]);
        let error = discover(&[root.path().join("labs/three-user.yaml")]).unwrap_err();
        let complaint = error.downcast_ref::<Complaint>().unwrap();
        assert!(complaint.message.starts_with("there is no file or folder"));
        assert!(complaint.help.as_ref().unwrap().ends_with("labs/three-users.yaml`?"));
        let error = discover(&[root.path().to_owned()]).unwrap_err();
        assert!(error.to_string().starts_with("there is no lab in the folder"));
    }
}

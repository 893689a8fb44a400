//! Reads the labs and scenarios that were found, and everything that is wrong
//! with them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use lab_report::words;
use lab_scenario::source::Source;
use lab_scenario::{Diagnostics, Lab, MAX_FILE_SIZE, Scenario, parse_lab, parse_scenario};

use crate::discover::{Found, LAB_FILE, folder_names, folder_of};

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// In the order in which they were found.
    pub(crate) scenarios: Vec<Scenario>,
    /// What is wrong, one for each file with errors.
    pub(crate) errors: Vec<Diagnostics>,
    labs: BTreeMap<PathBuf, Option<Lab>>,
}

impl Catalog {
    /// Reads everything.
    ///
    /// # Errors
    /// A folder that cannot be looked into. What is wrong with a file is
    /// collected instead.
    pub(crate) fn read(found: &[Found]) -> anyhow::Result<Self> {
        let mut catalog = Self::default();
        for item in found {
            match item {
                Found::Scenario(file) => {
                    if let Some(lab) = catalog.lab(&folder_of(file))? {
                        catalog.scenario(file, &lab);
                    }
                }
                Found::Lab(folder) => {
                    if let Some(lab) = catalog.lab(folder)? {
                        for name in lab.scenario_files(&folder_names(folder)?) {
                            catalog.scenario(&folder.join(name), &lab);
                        }
                    }
                }
            }
        }
        Ok(catalog)
    }

    /// How much is wrong, in words.
    pub(crate) fn verdict(&self) -> String {
        let all = self.errors.iter().flat_map(Diagnostics::iter);
        let errors = all.filter(|diagnostic| !diagnostic.code.is_warning()).count();
        let files = words::count(self.errors.len(), "file");
        format!("{} in {files}", words::count(errors, "error"))
    }

    /// The lab of a folder; `None` if it is broken, which was noted then.
    fn lab(&mut self, folder: &Path) -> anyhow::Result<Option<Lab>> {
        let directory = directory_of(folder)?;
        if let Some(lab) = self.labs.get(&directory) {
            return Ok(lab.clone());
        }
        let lab = lab_of_folder(folder)?.map_err(|errors| self.errors.push(errors)).ok();
        self.labs.insert(directory, lab.clone());
        Ok(lab)
    }

    fn scenario(&mut self, file: &Path, lab: &Lab) {
        let parsed = Source::load(shown(file), &read_file)
            .and_then(|source| parse_scenario(source, lab, &read_file));
        match parsed {
            Ok(scenario) => self.scenarios.push(scenario),
            Err(errors) => self.errors.push(errors),
        }
    }
}

fn directory_of(folder: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(folder)
        .and_then(|folder| folder.canonicalize())
        .with_context(|| format!("cannot find the folder `{}`", folder.display()))
}

/// The lab of a folder, or what is wrong with its `lab.yaml`. Without one the folder is a lab
/// that says nothing of itself.
///
/// # Errors
/// There is no such folder.
pub(crate) fn lab_of_folder(folder: &Path) -> anyhow::Result<Result<Lab, Diagnostics>> {
    let directory = directory_of(folder)?;
    let file = folder.join(LAB_FILE);
    if !file.exists() {
        return Ok(Ok(Lab::bare(&directory)));
    }
    let source = Source::load(shown(&file), &read_file);
    Ok(source.and_then(|source| parse_lab(source, &directory)))
}

/// A path as a person would write it: without a leading `./`.
fn shown(path: &Path) -> PathBuf {
    path.strip_prefix("./").unwrap_or(path).to_owned()
}

/// Reads a file, but no more of it than a scenario may have. What is no regular
/// file is refused: to open a named pipe would wait for a writer.
pub(crate) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let kind = path.metadata()?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_SIZE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

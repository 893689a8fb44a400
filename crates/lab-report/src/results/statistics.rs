//! `statistics.json`: what the newest repetitions of a scenario came to, beside
//! the folders of its runs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lab_runner::dispatcher::ReportError;
use serde::Serialize;

use super::file::{cannot, replace};
use crate::statistics::{Document, Tallies};

/// The version of `statistics.json`.
const STATISTICS_VERSION: u32 = 1;

/// The file's name.
const NAME: &str = "statistics.json";

#[derive(Serialize)]
struct Statistics<'a> {
    version: u32,
    /// One for each combination of the matrix.
    scenarios: Vec<Document<'a>>,
}

/// Writes the tallies of each scenario into its folder; none if it has none.
pub(super) fn write(tallies: &Tallies) -> Result<(), ReportError> {
    let mut folders: BTreeMap<PathBuf, Vec<Document<'_>>> = BTreeMap::new();
    for tally in tallies.iter() {
        if let Some(folder) = &tally.folder {
            folders.entry(folder.clone()).or_default().push(tally.document());
        }
    }
    for (folder, scenarios) in folders {
        let document = Statistics { version: STATISTICS_VERSION, scenarios };
        let mut text = serde_json::to_vec_pretty(&document)
            .map_err(|error| cannot("write", &folder.join(NAME))(error.into()))?;
        text.push(b'\n');
        replace(&folder, NAME, &text)?;
    }
    Ok(())
}

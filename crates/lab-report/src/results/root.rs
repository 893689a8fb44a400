//! The folder that holds the results of all runs, and where in it a run goes.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use lab_runner::dispatcher::ReportError;
use lab_scenario::plan::Plan;
use rustix::fs::{Access, access};

use super::file::cannot;
use super::names::safe;

/// Tries to find a name that nobody has.
const TRIES: usize = 100;

/// A folder for results that can be written to.
#[derive(Debug, Clone)]
pub struct ResultsRoot {
    path: PathBuf,
}

impl ResultsRoot {
    /// Makes sure that results can be written there, before anything runs.
    ///
    /// # Errors
    /// The folder cannot be made, is none, or may not be written to.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ReportError> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(cannot("make the folder", &path))?;
        access(&path, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| cannot("write results to", &path)(error.into()))?;
        Ok(Self { path })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder of a run: `<lab>/<scenario>/<time>-<id>`. Names sort
    /// by time, which is UTC.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make_folder(&self, plan: &Plan) -> Result<PathBuf, ReportError> {
        let scenario = self.path.join(safe(&plan.identity.lab)).join(safe(&plan.identity.scenario));
        fs::create_dir_all(&scenario).map_err(cannot("make the folder", &scenario))?;
        let time = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for attempt in 0..TRIES {
            // Random enough: making the folder fails if another run has it.
            let id = RandomState::new().hash_one(attempt) & 0xffff;
            let folder = scenario.join(format!("{time}-{id:04x}"));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(folder),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(cannot("make the folder", &folder)(error)),
            }
        }
        Err(cannot("make a folder in", &scenario)(last))
    }
}

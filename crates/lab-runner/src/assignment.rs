//! What a stage is told to do: one line of JSON on its standard input for each
//! run.

use std::path::PathBuf;

use lab_scenario::plan::Plan;
use serde::{Deserialize, Serialize};

/// One run, for a stage. `P` holds the plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Assignment<P = Plan> {
    /// What to play.
    pub plan: P,
    /// The folder of its results: what `${run.dir}` stands for.
    pub run_dir: Option<PathBuf>,
    /// Whether to make the network new again after the run, and to wait for another
    /// plan on it.
    pub keep: bool,
}

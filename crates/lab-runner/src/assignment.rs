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
    /// Why the network of an earlier run was not to be had, if it could have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_shared: Option<String>,
    /// Whether to make the network new again after the run, and to wait for another
    /// plan on it.
    pub keep: bool,
    /// When to wait for people.
    #[serde(default, skip_serializing_if = "Hold::is_idle")]
    pub hold: Hold,
}

/// When a run waits for people to look around, who tell it when to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// When its steps are done.
    pub at_end: bool,
    /// When it has failed.
    pub on_failure: bool,
    /// When it has come to the label of that name.
    pub at_label: Option<String>,
}

impl Hold {
    /// Whether there is any such time.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        *self != Self::default()
    }

    fn is_idle(&self) -> bool {
        !self.is_wanted()
    }
}

//! What the command line adds to a scenario.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::BackendKind;

/// Choices made where a scenario is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Who builds the network, whatever the scenario says.
    pub backend: Option<BackendKind>,
    /// How often each variant is run; 0 counts as 1.
    pub repeat: u32,
    /// What the seeds of repetitions are made from. The first repetition has
    /// this very seed.
    pub seed: u64,
    /// For the whole run, whatever the scenario says.
    pub timeout: Option<Duration>,
    /// Values for variables. That of a key of the matrix takes the place of
    /// all its values.
    pub vars: BTreeMap<String, String>,
    /// Commands for roles.
    pub programs: BTreeMap<String, String>,
}

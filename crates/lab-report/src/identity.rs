//! What names a run in the documents that programs read.

use std::collections::BTreeMap;

use lab_runner::dispatcher::Points;
use lab_scenario::plan::{BackendKind, Plan};
use serde::{Serialize, Serializer};

/// Which run this is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunName<'a> {
    pub(crate) label: String,
    pub(crate) lab: &'a str,
    pub(crate) scenario: &'a str,
    pub(crate) title: &'a str,
    pub(crate) file: String,
    pub(crate) variant: BTreeMap<&'a str, &'a str>,
    /// Counted from 1.
    pub(crate) repetition: u32,
    pub(crate) repetitions: u32,
    pub(crate) seed: u64,
    pub(crate) backend: BackendKind,
}

impl<'a> RunName<'a> {
    pub(crate) fn of(plan: &'a Plan) -> Self {
        let identity = &plan.identity;
        Self {
            label: identity.label(),
            lab: &identity.lab,
            scenario: &identity.scenario,
            title: &identity.title,
            file: identity.file.to_string_lossy().into_owned(),
            variant: identity.variant.iter().map(|(key, value)| (&**key, &**value)).collect(),
            repetition: identity.repetition.0,
            repetitions: identity.repetition.1,
            seed: identity.seed,
            backend: plan.backend,
        }
    }
}

/// `{"earned": 3, "of": 5}`, for `serialize_with`.
#[expect(clippy::ref_option, reason = "serde hands out a reference to the field")]
pub(crate) fn points<S: Serializer>(
    points: &Option<Points>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Document {
        earned: u64,
        of: u64,
    }
    points.map(|points| Document { earned: points.earned, of: points.of }).serialize(serializer)
}

//! A plan's texts and patterns, filled in and compiled now that the network is
//! known: what the player needs at hand while it plays.

use lab_scenario::pattern::{PatternError, PatternTemplate};
use lab_scenario::plan::{Action, Assertion, Input, Plan, Ready};
use lab_scenario::source::Place;
use lab_scenario::template::{Reference, Template};

use crate::matcher::Matcher;

/// One entry per process, step or check of the plan.
#[derive(Debug)]
pub(crate) struct Script {
    /// The output that makes a process ready.
    pub(crate) ready: Vec<Option<Matcher>>,
    /// What a step looks for.
    pub(crate) looks_for: Vec<Option<Matcher>>,
    /// What a step types; the Enter of a line included.
    pub(crate) types: Vec<Option<Vec<u8>>>,
    /// What a check looks for.
    pub(crate) checks: Vec<Option<Matcher>>,
}

/// A text of the plan that cannot be filled in on this network.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub(crate) struct ScriptError {
    pub(crate) place: Place,
    pub(crate) cause: PatternError,
}

impl Script {
    /// Fills in and compiles everything, so that nothing can go wrong later.
    pub(crate) fn compile(
        plan: &Plan,
        lookup: impl Fn(&Reference) -> Option<String>,
    ) -> Result<Self, ScriptError> {
        let matcher = |pattern: &PatternTemplate, place: Place| {
            let compiled = pattern.compile(&lookup);
            compiled.map(Matcher::new).map_err(|cause| ScriptError { place, cause })
        };
        let text = |template: &Template, place: Place| {
            let unknown = |cause| ScriptError { place, cause: PatternError::Unknown(cause) };
            template.render(&lookup).map(String::into_bytes).map_err(unknown)
        };
        let mut script = Self {
            ready: Vec::with_capacity(plan.processes.len()),
            looks_for: Vec::with_capacity(plan.steps.len()),
            types: Vec::with_capacity(plan.steps.len()),
            checks: Vec::with_capacity(plan.checks.len()),
        };
        for process in &plan.processes {
            script.ready.push(match &process.ready {
                Some(Ready::Output(pattern)) => Some(matcher(pattern, process.place)?),
                _ => None,
            });
        }
        for step in &plan.steps {
            let pattern = match &step.action {
                Action::Expect { output, .. } => Some(output),
                Action::Silence { output, .. } | Action::Exec { output, .. } => output.as_ref(),
                _ => None,
            };
            script.looks_for.push(pattern.map(|p| matcher(p, step.place)).transpose()?);
            script.types.push(match &step.action {
                Action::Send { input: Input::Line(line), .. } => {
                    let mut bytes = text(line, step.place)?;
                    bytes.push(b'\n');
                    Some(bytes)
                }
                Action::Send { input: Input::Text(part), .. } => Some(text(part, step.place)?),
                Action::Send { input: Input::Key(key), .. } => Some(vec![*key]),
                _ => None,
            });
        }
        for check in &plan.checks {
            let pattern = match &check.assertion {
                Assertion::Contains { output, .. } | Assertion::Count { output, .. } => {
                    Some(output)
                }
                Assertion::Matches { line, .. } => Some(line),
                Assertion::Exit { .. } => None,
            };
            script.checks.push(pattern.map(|p| matcher(p, check.place)).transpose()?);
        }
        Ok(script)
    }
}

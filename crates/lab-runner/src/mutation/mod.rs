//! What can be broken in a run, to see whether its scenario notices.
//!
//! A scenario is first run as it is. From the record of that run [`list`] makes
//! the mutants: plans with one [`Mutation`] each. The stage does to a run what
//! its mutation says; for lines that is [`Tamper`], between the reading of a
//! program's output and the player. A mutant whose run does not pass was noticed.
//!
//! What no scenario could notice is no mutant:
//! * lines of processes whose output no step and no check speaks of;
//! * what a process says of itself: what it says also when nobody types anything, and what
//!   it said before anybody did;
//! * log lines: those with a time of day in them;
//! * prompts: lines that are nothing but what the process leaves standing, without the end
//!   of a line, when nobody types anything. A terminal that cannot go back over a row gets
//!   one before whatever arrives;
//! * answers to an `ask`, which asks again until they are right. But it waits for each: the
//!   one that it is content with can be lost, or late;
//! * lines that begin with anything but a prompt and end only when something else was typed:
//!   streams without lines;
//! * what comes after the last step, which is not judged;
//! * links that keep no two hosts together on which something runs.

mod changes;
mod list;
mod patience;
mod sample;
mod seeker;
mod shape;
mod story;
mod tamper;
#[cfg(test)]
mod tests;

use lab_scenario::plan::{Action, Mutation, Plan};
use lab_scenario::source::Place;

pub use list::{LeftOut, Listing, list};
pub use patience::patient;
pub use sample::sample;
pub(crate) use tamper::Tamper;

/// A mutation, and where a scenario that does not notice it can be tightened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// What is broken.
    pub mutation: Mutation,
    /// The step or check that is nearest to it.
    pub near: Option<Near>,
}

/// A step or a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    /// Where in the scenario.
    pub place: Place,
    /// One line, as near to the scenario's own words as possible.
    pub text: String,
}

/// The same plan, broken, on a network of its own: nothing of what is broken may show
/// in another run.
#[must_use]
pub fn broken(plan: &Plan, mutation: &Mutation) -> Plan {
    Plan { mutation: Some(mutation.clone()), share_topology: false, ..plan.clone() }
}

/// A plan that starts the same processes and then types nothing: what they say
/// then, they say of themselves.
#[must_use]
pub fn idle(plan: &Plan) -> Plan {
    /// Time to say it in.
    const LASTING: std::time::Duration = std::time::Duration::from_millis(500);
    let mut started = std::collections::BTreeSet::new();
    let mut steps: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::Start(of) if started.insert(of)))
        .cloned()
        .collect();
    if let Some(mut last) = steps.last().cloned() {
        last.action = Action::Wait(LASTING);
        steps.push(last);
    }
    Plan { steps, checks: Vec::new(), ..plan.clone() }
}

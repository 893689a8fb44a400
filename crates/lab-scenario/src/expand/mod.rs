//! From a checked scenario to plans: one for each combination of the matrix
//! and each repetition, with everything filled in that is known before a run.

mod checks;
mod fill;
mod steps;

use std::cell::Cell;
use std::collections::HashSet;
use std::path::PathBuf;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::interpolate::Draft;
use crate::lab::{Lab, Share};
use crate::model::{Model, Step, Values, Variable};
use crate::options::PlanOptions;
use crate::plan::{BackendKind, Identity, PLAN_VERSION, Plan};
use crate::seed;
use crate::topology::Topology;
use fill::Filler;

/// The most steps, checks, processes and hosts that all combinations may have together: all
/// are in memory before the first is run.
const MAX_PARTS: usize = 500_000;

/// What is the same for all plans of a scenario.
pub(crate) struct Expander<'a> {
    pub(crate) model: &'a Model,
    pub(crate) topology: &'a Topology,
    pub(crate) lab: &'a Lab,
    pub(crate) id: &'a str,
    pub(crate) file: &'a std::path::Path,
    pub(crate) backend: BackendKind,
    pub(crate) options: &'a PlanOptions,
    /// Bytes of all texts that were filled in, repetitions not counted.
    pub(crate) filled: Cell<usize>,
}

/// One combination of the matrix.
struct Choice<'a> {
    /// For each variable which of its values, by number; 0 for those that have
    /// only one.
    values: Vec<usize>,
    /// Values given by an `include`, in place of those.
    given: Option<&'a [(String, Draft)]>,
}

impl<'a> Choice<'a> {
    /// The value chosen for variable number `at`, which is a key of the matrix.
    fn of(&self, at: usize, name: &str, drafts: &'a [Draft]) -> Option<&'a Draft> {
        match self.given {
            None => drafts.get(*self.values.get(at)?),
            Some(given) => given.iter().find(|(key, _)| key == name).map(|(_, draft)| draft),
        }
    }
}

/// How many combinations a matrix has, those left out not counted, and each once.
pub(crate) fn combinations(model: &Model) -> usize {
    let is_left_out = |values: &[(&str, String)]| {
        model.matrix.exclude.iter().any(|rule| {
            rule.iter().all(|(key, draft)| values.contains(&(key.as_str(), draft.to_string())))
        })
    };
    let mut all: Vec<Vec<(&str, String)>> = vec![Vec::new()];
    for variable in &model.variables {
        let Values::Matrix(drafts) = &variable.values else { continue };
        let mut longer = Vec::with_capacity(all.len() * drafts.len());
        for values in &all {
            for draft in drafts {
                let value = (variable.name.as_str(), draft.to_string());
                longer.push([values.as_slice(), &[value]].concat());
            }
        }
        all = longer;
    }
    all.retain(|values| !is_left_out(values));
    let keys = || model.variables.iter().filter(|key| matches!(key.values, Values::Matrix(_)));
    let included = model.matrix.include.iter().map(|given| {
        let value = |key: &'_ Variable| given.iter().find(|(name, _)| *name == key.name);
        keys().filter_map(|key| Some((key.name.as_str(), value(key)?.1.to_string()))).collect()
    });
    // One that is there anyway is one run.
    all.into_iter().chain(included).collect::<HashSet<Vec<_>>>().len()
}

impl<'a> Expander<'a> {
    /// All plans. What is wrong is reported, and then there are fewer.
    pub(crate) fn plans(&'a self, sink: &mut Sink) -> Vec<Plan> {
        let mut plans: Vec<Plan> = Vec::new();
        let repetitions = self.options.repeat.max(1);
        let choices = self.choices();
        let mut parts = 0;
        for (at, choice) in choices.iter().enumerate() {
            let mut first = None;
            for repetition in 1..=repetitions {
                let filled = self.filled.get();
                let plan = self.plan(choice, (repetition, repetitions), sink);
                if repetition > 1 {
                    self.filled.set(filled);
                }
                let Some(plan) = plan else {
                    if sink.has_errors() {
                        return plans;
                    }
                    break;
                };
                // A variable given on the command line, or an `include`, can make
                // two combinations the same.
                let first = first.get_or_insert(plans.len());
                if plans[..*first].iter().any(|p| p.identity.variant == plan.identity.variant) {
                    break;
                }
                if repetition == 1 {
                    parts += parts_of(&plan);
                }
                plans.push(plan);
            }
            if self.filled.get() > fill::MAX_TEXTS {
                return plans;
            }
            if parts > MAX_PARTS {
                self.refuse_so_many(parts, at + 1, choices.len(), sink);
                return plans;
            }
        }
        if plans.is_empty() && !sink.has_errors() {
            let mut span = self.model.matrix.exclude.iter().flatten().map(|(_, draft)| draft.span);
            let message = "every combination of the matrix is left out, so there are no runs";
            let diagnostic =
                Diagnostic::new(Code::EmptyValue, span.next().unwrap_or_default(), message);
            sink.report(diagnostic);
        }
        plans
    }

    fn refuse_so_many(&self, parts: usize, done: usize, all: usize, sink: &mut Sink) {
        let key = self.model.variables.iter().find_map(|variable| match variable.values {
            Values::Matrix(_) => Some(variable.span),
            Values::One(_) => None,
        });
        let message = format!(
            "the first {done} of {all} combinations have {parts} steps, checks, processes and hosts"
        );
        sink.report(
            Diagnostic::new(Code::ExpansionTooLarge, key.unwrap_or_default(), message)
                .label(format!("together they may have {MAX_PARTS}"))
                .help("make several scenarios of it, or fewer turns of a `repeat`"),
        );
    }

    /// The first plan, and the number of its combination, for [`Expander::extend`].
    pub(crate) fn first(&'a self, sink: &mut Sink) -> Option<(usize, Plan)> {
        for (number, choice) in self.choices().iter().enumerate() {
            let plan = self.plan(choice, (1, 1), sink);
            if plan.is_some() || sink.has_errors() {
                return plan.map(|plan| (number, plan));
            }
        }
        // That every combination is left out is reported there.
        self.plans(sink);
        None
    }

    /// A plan of the same combination with the processes that the model has beyond
    /// it, and these steps, at its end.
    pub(crate) fn extend(
        &'a self,
        number: usize,
        mut plan: Plan,
        steps: &'a [Step],
        sink: &mut Sink,
    ) -> Option<Plan> {
        let choices = self.choices();
        let mut filler = Filler::new(self, choices.get(number)?, plan.identity.seed, sink);
        filler.fill_variables();
        for process in self.model.processes.get(plan.processes.len()..)? {
            plan.processes.push(filler.process(process)?);
        }
        filler.sequence(steps, &mut plan.steps)?;
        Some(plan)
    }

    /// The combinations, the last key of the matrix changing fastest.
    fn choices(&self) -> Vec<Choice<'a>> {
        let mut choices: Vec<Vec<usize>> = vec![Vec::new()];
        for variable in &self.model.variables {
            let count = match &variable.values {
                Values::Matrix(values) if !self.options.vars.contains_key(&variable.name) => {
                    values.len()
                }
                _ => 1,
            };
            let longer = |choice: Vec<usize>| {
                (0..count).map(move |value| [choice.as_slice(), &[value]].concat())
            };
            choices = choices.into_iter().flat_map(longer).collect();
        }
        let products = choices.into_iter().map(|values| Choice { values, given: None });
        let included = self.model.matrix.include.iter();
        let included =
            included.map(|given| Choice { values: Vec::new(), given: Some(given.as_slice()) });
        products.chain(included).collect()
    }

    /// The plan of a combination, unless that is left out.
    fn plan(
        &'a self,
        choice: &Choice<'a>,
        repetition: (u32, u32),
        sink: &mut Sink,
    ) -> Option<Plan> {
        let seed = seed::of_repetition(self.options.seed, repetition.0);
        let mut filler = Filler::new(self, choice, seed, sink);
        filler.fill_variables();
        let variant = filler.variant();
        if choice.given.is_none() && filler.is_left_out() {
            return None;
        }
        let timeout = match self.options.timeout {
            Some(timeout) => Some(timeout),
            None => filler.setting(&self.model.timeout),
        };
        let lab_env = self.lab.env.iter().cloned();
        let env = lab_env.chain(filler.env(&self.model.env)).collect();
        let processes = self.model.processes.iter().map(|process| filler.process(process));
        let processes: Vec<_> = processes.collect();
        let steps = filler.steps(&self.model.steps);
        let checks: Vec<_> = self.model.checks.iter().map(|check| filler.check(check)).collect();
        let own_path = self.model.path.iter().map(|folder| self.lab.directory.join(folder));
        let path: Vec<PathBuf> = own_path.chain(self.lab.path.iter().cloned()).collect();
        Some(Plan {
            version: PLAN_VERSION,
            identity: Identity {
                lab: self.lab.id.clone(),
                scenario: self.id.to_owned(),
                title: self.model.title.clone(),
                file: self.file.to_owned(),
                variant,
                repetition,
                seed,
            },
            backend: self.backend,
            topology: self.topology.clone(),
            share_topology: self.lab.share == Share::Topology,
            timeout: timeout?,
            directory: self.lab.directory.clone(),
            path,
            env,
            processes: processes.into_iter().collect::<Option<_>>()?,
            captures: self.model.captures.clone(),
            steps: steps?,
            checks: checks.into_iter().collect::<Option<_>>()?,
            mutation: None,
        })
    }
}

fn parts_of(plan: &Plan) -> usize {
    let nodes = match &plan.topology {
        Topology::Described(network) => network.nodes.len(),
        Topology::Mininet(_) => 0,
    };
    plan.steps.len() + plan.checks.len() + plan.processes.len() + nodes
}

//! A scenario that grows while it is played: the network of a session, and
//! whatever people add to it.
//!
//! What is added is the language itself: a step, a list of steps, or a mapping
//! with `processes` and `steps`. Each addition makes a plan that begins with the
//! one before, so that whoever plays that can go on. What is wrong with an
//! addition is said as for a file, with its text in the file's place.

mod network;
mod texts;

use std::ops::Range;

pub use texts::Texts;

use crate::check::live::{self, Known};
use crate::decode::Decode;
use crate::diagnostic::{Diagnostics, Sink};
use crate::lab::Lab;
use crate::load::Loader;
use crate::options::PlanOptions;
use crate::plan::{BackendKind, Plan};
use crate::raw::RawAddition;
use crate::scenario::{self, Scenario};
use crate::scope::Scope;
use crate::source::{Source, SourceId, Sources};
use crate::yaml;

/// What stands in the place of a file's name in messages about what was typed.
const TYPED: &str = "<prompt>";

const EMPTY_HINT: &str = "write a step, such as `kill: server`";

/// A scenario that grows.
#[derive(Debug, Clone)]
pub struct Live {
    /// With the processes added so far, but without its own steps and checks.
    scenario: Scenario,
    options: PlanOptions,
    known: Known,
    /// The number of its combination.
    choice: usize,
    plan: Plan,
    added: Vec<Added>,
}

/// What was added at one time.
#[derive(Debug, Clone)]
pub struct Added {
    /// Numbers of its processes in the plan.
    pub processes: Range<usize>,
    /// Numbers of its steps in the plan.
    pub steps: Range<usize>,
    /// What is not wrong with it, but probably not meant either.
    pub warnings: Diagnostics,
    source: Source,
}

impl Added {
    /// As it was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.source.text
    }
}

impl Live {
    /// The network of a scenario and its processes. The steps of its plan start each
    /// process once: in the order in which the scenario does, as soon as those are
    /// ready that it comes `after`. There are none if it is `bare`.
    ///
    /// Of a matrix the first combination is taken that `options` allow; the plan's
    /// identity says which.
    ///
    /// # Errors
    /// Everything that is wrong with the scenario, its steps and checks included, and
    /// with the options.
    pub fn of_scenario(
        source: Source,
        lab: &Lab,
        loader: &dyn Loader,
        options: &PlanOptions,
        bare: bool,
    ) -> Result<Self, Diagnostics> {
        let (raw, mut scenario) = scenario::parse_with_raw(source, lab, loader)?;
        let mut sink = Sink::default();
        let scope = Scope::of(Some(&scenario.topology), true, lab);
        let (model, known) = live::held(&raw, &scenario.source().text, scope, bare, &mut sink);
        scenario.model = model;
        Self::begin(scenario, known, options, sink)
    }

    /// The network of a file, whichever of the two it is: [`Live::of_topology`] if it has
    /// what only a topology has, else [`Live::of_scenario`].
    ///
    /// # Errors
    /// Those of the one it is.
    pub fn of_file(
        source: Source,
        lab: &Lab,
        loader: &dyn Loader,
        options: &PlanOptions,
        bare: bool,
    ) -> Result<Self, Diagnostics> {
        match network::is_topology(&source.text) {
            true => Self::of_topology(source, lab, loader, options),
            false => Self::of_scenario(source, lab, loader, options, bare),
        }
    }

    fn begin(
        mut scenario: Scenario,
        known: Known,
        options: &PlanOptions,
        mut sink: Sink,
    ) -> Result<Self, Diagnostics> {
        let mut sources = scenario.sources.clone();
        let expander = scenario.expander(options, &mut sources, &mut sink);
        let first = expander.and_then(|expander| expander.first(&mut sink));
        let (Some((choice, plan)), false) = (first, sink.has_errors()) else {
            return Err(sink.finish(sources));
        };
        scenario.warnings = sink.finish(sources);
        let (options, added) = (options.clone(), Vec::new());
        Ok(Self { scenario, options, known, choice, plan, added })
    }

    /// All that is to be played, what was added at its end.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The lab it belongs to.
    #[must_use]
    pub fn lab(&self) -> &Lab {
        self.scenario.lab()
    }

    /// Who builds the network.
    #[must_use]
    pub fn backend(&self) -> BackendKind {
        self.plan.backend
    }

    /// How many combinations the matrix has; 1 without one.
    #[must_use]
    pub fn combinations(&self) -> usize {
        self.scenario.variants()
    }

    /// What it and its lab require of the machine, each once.
    #[must_use]
    pub fn requires(&self) -> Vec<&str> {
        self.scenario.requires()
    }

    /// What is not wrong with what was there at first, but probably not meant either.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        self.scenario.warnings()
    }

    /// Processes that need what steps of the scenario would have saved, and the names
    /// of that: nothing starts them.
    pub fn waiting(&self) -> impl Iterator<Item = (&str, &str)> {
        self.scenario.model.processes.iter().flat_map(|process| {
            process.awaits.iter().map(|(value, _)| (process.name.as_str(), value.as_str()))
        })
    }

    /// What was added, in order.
    pub fn added(&self) -> impl Iterator<Item = &Added> {
        self.added.iter()
    }

    /// The text that a step's place is in.
    #[must_use]
    pub fn source_of_step(&self, step: usize) -> &Source {
        let added = self.added.iter().find(|added| added.steps.contains(&step));
        added.map_or_else(|| self.scenario.source(), |added| &added.source)
    }

    /// The text that a process's place is in.
    #[must_use]
    pub fn source_of_process(&self, process: usize) -> &Source {
        let added = self.added.iter().find(|added| added.processes.contains(&process));
        added.map_or_else(|| self.scenario.source(), |added| &added.source)
    }

    /// Adds to the end of the plan what is typed: a step, a list of steps, or a mapping
    /// with `processes` and `steps`. Added processes are started first, unless a step
    /// among those starts one.
    ///
    /// # Errors
    /// Everything that is wrong with it; then nothing is added.
    pub fn add(&mut self, text: &str) -> Result<&Added, Diagnostics> {
        let source = Source { path: TYPED.into(), text: text.to_owned() };
        let mut sources = self.scenario.sources.clone();
        let id = sources.add(source.clone());
        let mut sink = Sink::default();
        match self.extended(id, &sources, &mut sink) {
            Some(next) if !sink.has_errors() => {
                let added = Added {
                    processes: self.plan.processes.len()..next.plan.processes.len(),
                    steps: self.plan.steps.len()..next.plan.steps.len(),
                    warnings: sink.finish(sources.clone()),
                    source,
                };
                *self = next;
                self.scenario.sources = sources;
                self.added.push(added);
                Ok(&self.added[self.added.len() - 1])
            }
            _ => Err(sink.finish(sources)),
        }
    }

    fn extended(&self, id: SourceId, sources: &Sources, sink: &mut Sink) -> Option<Self> {
        let mut next = self.clone();
        let text = &sources.get(id).text;
        let node = yaml::parse(text, id, EMPTY_HINT, sink)?;
        let raw = RawAddition::decode(&node, sink)?;
        let Scenario { topology, lab, .. } = &self.scenario;
        let scope = Scope::of(Some(topology), true, lab);
        let processes = &mut next.scenario.model.processes;
        let steps = live::add(&raw, text, scope, &mut next.known, processes, sink);
        if sink.has_errors() {
            return None;
        }
        let expander = next.scenario.expander(&self.options, &mut sources.clone(), sink)?;
        next.plan = expander.extend(self.choice, self.plan.clone(), &steps, sink)?;
        Some(next)
    }
}

//! A scenario from its file to its plans.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use crate::check::{self, topology};
use crate::codes::Code;
use crate::decode::Decode;
use crate::diagnostic::{Diagnostic, Diagnostics, Sink};
use crate::expand::{self, Expander};
use crate::lab::{self, Lab};
use crate::load::Loader;
use crate::model::{Model, Values};
use crate::options::PlanOptions;
use crate::plan::{BackendKind, Plan};
use crate::raw::RawScenario;
use crate::scope::Scope;
use crate::source::{Source, SourceId, Sources, Span};
use crate::suggest;
use crate::topology::{NodeKind, SwitchKind, Topology};
use crate::yaml;

/// The most combinations that a matrix may have.
const MAX_VARIANTS: usize = 1000;

const EMPTY_HINT: &str = "a scenario has at least a `topology`, `processes` and `steps`";

/// A scenario in which nothing is wrong.
#[derive(Debug, Clone)]
pub struct Scenario {
    id: String,
    file: PathBuf,
    pub(crate) lab: Lab,
    pub(crate) model: Model,
    pub(crate) topology: Topology,
    pub(crate) sources: Sources,
    pub(crate) warnings: Diagnostics,
}

/// Reads a scenario. The topology it names is looked for with `loader`, in the
/// lab's folder and those above it.
///
/// # Errors
/// Everything that is wrong with it and with its topology.
pub fn parse_scenario(
    source: Source,
    lab: &Lab,
    loader: &dyn Loader,
) -> Result<Scenario, Diagnostics> {
    parse_with_raw(source, lab, loader).map(|(_, scenario)| scenario)
}

/// [`parse_scenario`], and what was read before it was checked.
pub(crate) fn parse_with_raw(
    source: Source,
    lab: &Lab,
    loader: &dyn Loader,
) -> Result<(RawScenario, Scenario), Diagnostics> {
    let mut sink = Sink::default();
    let mut sources = Sources::default();
    let file = source.path.clone();
    let source_id = sources.add(source);
    let read = read(source_id, &file, lab, loader, &mut sources, &mut sink);
    match read {
        Some((raw, model, topology)) if !sink.has_errors() => {
            Ok((raw, Scenario::new(file, lab, model, topology, sources, sink)))
        }
        _ => Err(sink.finish(sources)),
    }
}

fn read(
    source_id: SourceId,
    file: &Path,
    lab: &Lab,
    loader: &dyn Loader,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Option<(RawScenario, Model, Topology)> {
    let text = sources.get(source_id).text.clone();
    let node = yaml::parse(&text, source_id, EMPTY_HINT, sink)?;
    let raw = RawScenario::decode(&node, sink)?;
    let finder =
        topology::Finder { directory: &lab.directory, root: shown_root(file, lab), loader };
    let topology =
        raw.topology.as_ref().and_then(|choice| topology::read(choice, &finder, sources, sink));
    let is_whole = topology.is_some() && !sink.has_errors();
    let scope = Scope::of(topology.as_ref(), is_whole, lab);
    let model = check::check(&raw, &text, scope, sink);
    if let Some(topology) = &topology
        && let Some(wanted) = model.as_ref().and_then(|model| model.backend)
        && let Err(reason) = can_build(wanted, topology)
    {
        let span = raw.backend.as_ref().map_or(node.head, |backend| backend.span);
        sink.report(Diagnostic::new(Code::Backend, span, reason).help("write `backend: mininet`"));
    }
    if let Some(model) = &model
        && variants(model) > MAX_VARIANTS
    {
        let span = raw.matrix.as_ref().and_then(|matrix| matrix.0.first());
        let span = span.map_or(node.head, |(name, _)| name.span);
        let message = format!("the matrix has more than {MAX_VARIANTS} combinations");
        sink.report(Diagnostic::new(Code::TooComplex, span, message));
    }
    let says_nothing = raw.steps.as_ref().is_none_or(|steps| steps.0.iter().all(Vec::is_empty))
        && raw.checks.as_ref().is_none_or(|checks| checks.0.iter().all(Vec::is_empty));
    if says_nothing && !sink.has_errors() {
        let message = "this scenario does not say what must happen, so it passes";
        sink.report(
            Diagnostic::new(Code::NothingTold, node.head, message)
                .help("add `steps`: what is typed, and what must come out"),
        );
    }
    Some((raw, model?, topology?))
}

/// What stands before the file's path as the user named it: not shown in the
/// paths of other files either.
fn shown_root(file: &Path, lab: &Lab) -> Option<PathBuf> {
    let parent = file.parent()?;
    if parent.is_absolute() {
        return None;
    }
    let mut root = lab.directory.as_path();
    if !root.ends_with(parent) {
        return None;
    }
    for _ in parent.components() {
        root = root.parent()?;
    }
    Some(root.to_owned())
}

fn can_build(backend: BackendKind, topology: &Topology) -> Result<(), &'static str> {
    match (backend, topology) {
        (BackendKind::Mininet, _) => Ok(()),
        (BackendKind::Netns, Topology::Mininet(_)) => {
            Err("only the mininet backend can build a custom topology in Python")
        }
        (BackendKind::Netns, Topology::Described(network)) => {
            let is_ovs = |kind| kind == NodeKind::Switch(SwitchKind::Ovs);
            if network.nodes.iter().any(|node| is_ovs(node.kind)) {
                return Err("only the mininet backend has Open vSwitch");
            }
            Ok(())
        }
    }
}

/// How many combinations a matrix has at most: the product of its lists.
fn variants(model: &Model) -> usize {
    model.variables.iter().fold(1, |product: usize, variable| match &variable.values {
        Values::Matrix(values) => product.saturating_mul(values.len()),
        Values::One(_) => product,
    })
}

impl<'a> Scope<'a> {
    /// What is known of a scenario before any of its variables.
    pub(crate) fn of(topology: Option<&'a Topology>, is_whole: bool, lab: &'a Lab) -> Self {
        Self {
            network: topology.and_then(|topology| match topology {
                Topology::Described(network) => Some(network),
                Topology::Mininet(_) => None,
            }),
            topology_is_whole: is_whole,
            roles: Some(lab.programs.keys().map(String::as_str).collect()),
            ..Self::default()
        }
    }
}

impl Scenario {
    /// One in which nothing but what `warnings` says is wrong.
    pub(crate) fn new(
        file: PathBuf,
        lab: &Lab,
        mut model: Model,
        topology: Topology,
        sources: Sources,
        warnings: Sink,
    ) -> Self {
        let id = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let id = id.unwrap_or_else(|| "scenario".to_owned());
        if model.title.is_empty() {
            model.title.clone_from(&id);
        }
        let warnings = warnings.finish(sources.clone());
        Self { id, file, lab: lab.clone(), model, topology, sources, warnings }
    }

    /// The name of its file, without `.yaml`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its `name`, or else that of its file.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.model.title
    }

    /// More about it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.model.description.as_deref()
    }

    /// Its file, as it was named.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Its text, for showing lines of it.
    #[must_use]
    pub fn source(&self) -> &Source {
        self.sources.get(SourceId::default())
    }

    /// The lab it belongs to.
    #[must_use]
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Its network.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// How many combinations its matrix has; 1 without one.
    #[must_use]
    pub fn variants(&self) -> usize {
        expand::combinations(&self.model)
    }

    /// What it and its lab require of the machine, each once.
    #[must_use]
    pub fn requires(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for word in self.lab.requires.iter().chain(&self.model.requires) {
            if !all.contains(&word.as_str()) {
                all.push(word);
            }
        }
        all
    }

    /// What is not wrong, but probably not meant either.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// One plan for each combination of the matrix and each repetition.
    ///
    /// # Errors
    /// Options that name variables or roles that there are not, a backend that
    /// cannot build the network, and values that are wrong once filled in.
    pub fn plans(&self, options: &PlanOptions) -> Result<Vec<Plan>, Diagnostics> {
        let mut sink = Sink::default();
        let mut sources = self.sources.clone();
        let expander = self.expander(options, &mut sources, &mut sink);
        let plans = expander.map(|expander| expander.plans(&mut sink)).unwrap_or_default();
        if sink.has_errors() { Err(sink.finish(sources)) } else { Ok(plans) }
    }

    /// What makes plans; unless the options are wrong.
    pub(crate) fn expander<'s>(
        &'s self,
        options: &'s PlanOptions,
        sources: &mut Sources,
        sink: &mut Sink,
    ) -> Option<Expander<'s>> {
        let command_line = CommandLine::new(options, sources);
        command_line.check(self, sink);
        let backend = options.backend.or(self.model.backend).unwrap_or(match &self.topology {
            Topology::Mininet(_) => BackendKind::Mininet,
            Topology::Described(_) => match can_build(BackendKind::Netns, &self.topology) {
                Ok(()) => BackendKind::Netns,
                Err(_) => BackendKind::Mininet,
            },
        });
        (!sink.has_errors()).then_some(Expander {
            model: &self.model,
            topology: &self.topology,
            lab: &self.lab,
            id: &self.id,
            file: &self.file,
            backend,
            options,
            filled: Cell::default(),
        })
    }
}

/// The options as they could have been typed, so that what is wrong with them
/// can be shown as what is wrong with a file.
struct CommandLine<'a> {
    options: &'a PlanOptions,
    vars: Vec<(&'a str, Span)>,
    programs: Vec<(&'a str, Span, Span)>,
    backend: Span,
}

impl<'a> CommandLine<'a> {
    fn new(options: &'a PlanOptions, sources: &mut Sources) -> Self {
        let mut text = String::new();
        let mut spans = Vec::new();
        let mut add = |option: &str, words: &[&str]| {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(option);
            for (at, word) in words.iter().enumerate() {
                text.push(if at == 0 { ' ' } else { '=' });
                let start = text.len();
                text.push_str(word);
                spans.push(start..text.len());
            }
        };
        if let Some(backend) = options.backend {
            add("--backend", &[backend.name()]);
        }
        for (name, value) in &options.vars {
            add("--var", &[name, value]);
        }
        for (role, command) in &options.programs {
            add("--program", &[role, command]);
        }
        let source = sources.add(Source { path: "<command line>".into(), text });
        let mut spans =
            spans.into_iter().map(|range| Span { source, start: range.start, end: range.end });
        let mut next = || spans.next().unwrap_or_default();
        let backend = if options.backend.is_some() { next() } else { Span::default() };
        let vars = options.vars.keys().map(|name| (name.as_str(), (next(), next()).0)).collect();
        let programs =
            options.programs.keys().map(|role| (role.as_str(), next(), next())).collect();
        Self { options, vars, programs, backend }
    }

    fn check(&self, scenario: &Scenario, sink: &mut Sink) {
        if let Some(backend) = self.options.backend
            && let Err(reason) = can_build(backend, &scenario.topology)
        {
            sink.report(Diagnostic::new(Code::Backend, self.backend, reason));
        }
        for (name, span) in &self.vars {
            let known = || scenario.model.variables.iter().map(|variable| variable.name.as_str());
            if !known().any(|known| known == *name) {
                let message = format!("the scenario has no variable `{name}`");
                sink.report(
                    Diagnostic::new(Code::UnknownVariable, *span, message)
                        .maybe_help(suggest::help(name, known(), "variables")),
                );
            }
        }
        for (role, role_span, command_span) in &self.programs {
            let known = || scenario.lab.programs.keys().map(String::as_str);
            if !known().any(|known| known == *role) {
                let message = format!("the lab has no program `{role}`");
                sink.report(
                    Diagnostic::new(Code::UnknownRole, *role_span, message)
                        .maybe_help(suggest::help(role, known(), "lab's programs")),
                );
            } else if let Some(command) = self.options.programs.get(*role)
                && let Err(message) = lab::check_command(command)
            {
                sink.report(Diagnostic::new(Code::Words, *command_span, message));
            }
        }
    }
}

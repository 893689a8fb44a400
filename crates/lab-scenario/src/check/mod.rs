//! From what is written to what is meant: names resolved, texts read, and
//! everything that is wrong reported, not only the first.

mod ask;
mod assertions;
mod captures;
mod cast;
mod comparison;
mod delivery;
mod dialogue;
mod faults;
pub(crate) mod live;
mod naming;
mod nested;
mod network;
mod order;
mod processes;
mod starts;
mod steps;
mod talk;
pub(crate) mod topology;
mod variables;
mod window;

use std::collections::HashMap;
use std::time::Duration;

use crate::codes::Code;
use crate::decode::{AnyNumber, Named, Record};
use crate::defaults;
use crate::diagnostic::{Diagnostic, Sink};
use crate::interpolate::Draft;
use crate::model::{Model, Setting};
use crate::plan::{Signal, Stdio};
use crate::raw::{RawDefaults, RawScenario, RawStep};
use crate::scope::{self, Scope, Stage};
use crate::source::{Lines, Place, Span};
use crate::text::Text;
use crate::topology::NodeKind;
use crate::typed::{Fixed, Open};
use crate::values::FromText;
use cast::Cast;
pub(crate) use cast::NUMBER;
use window::Moment;

/// Checks a scenario whose topology was already read. There is a model unless
/// there are errors.
pub(crate) fn check(
    raw: &RawScenario,
    text: &str,
    scope: Scope<'_>,
    sink: &mut Sink,
) -> Option<Model> {
    Checker::of(raw, text, scope, sink).scenario(raw)
}

/// What steps and processes have that say nothing else.
#[derive(Debug, Clone)]
struct Defaults {
    within: Setting<Duration>,
    grace: Setting<Duration>,
    stdio: Stdio,
    stop: Signal,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            within: Setting::Known(defaults::WITHIN),
            grace: Setting::Known(defaults::GRACE),
            stdio: defaults::STDIO,
            stop: defaults::STOP,
        }
    }
}

impl RawScenario {
    fn steps(&self) -> &[RawStep] {
        self.steps.as_ref().and_then(|steps| steps.0.as_deref()).unwrap_or_default()
    }
}

struct Checker<'a> {
    scope: Scope<'a>,
    sink: &'a mut Sink,
    text: &'a str,
    lines: Lines<'a>,
    defaults: Defaults,
    cast: Cast,
    /// Names of captures.
    captures: Vec<String>,
    /// As `has_processes`, of captures.
    has_captures: bool,
    /// Moments that steps name, and where.
    labels: HashMap<String, Moment>,
    /// How many steps what is read now is inside of.
    depth: usize,
    /// Whether the processes could be read, so that one that is not there is
    /// an error of whoever refers to it.
    has_processes: bool,
    /// That of the scenario, where it is known.
    timeout: Option<Duration>,
}

impl<'a> Checker<'a> {
    /// Before anything of it is known.
    fn of(raw: &RawScenario, text: &'a str, scope: Scope<'a>, sink: &'a mut Sink) -> Self {
        Checker {
            scope,
            sink,
            text,
            lines: Lines::new(text),
            defaults: Defaults::default(),
            cast: Cast::default(),
            captures: Vec::new(),
            has_captures: raw.captures.is_some() || raw.is_whole(),
            labels: HashMap::new(),
            depth: 0,
            has_processes: raw.processes.is_some() || raw.is_whole(),
            timeout: None,
        }
    }

    fn scenario(&mut self, raw: &RawScenario) -> Option<Model> {
        let model = self.before_steps(raw);
        self.scope.stage.set(Stage::Steps);
        let (steps, starts_itself) = self.steps(raw.steps(), &model.processes);
        self.scope.stage.set(Stage::Checks);
        let checks = self.assertions(raw.checks.as_ref());
        order::check(self, &model.processes, &steps, starts_itself, &checks);
        if self.sink.has_errors() {
            return None;
        }
        self.warn_of_unused(&model.variables);
        self.warn_of_vain(&model);
        let checks = checks.into_iter().map(|check| check.check).collect();
        Some(Model { steps, checks, ..model })
    }

    /// All that stands before the steps.
    fn before_steps(&mut self, raw: &RawScenario) -> Model {
        self.learn_variables(raw);
        self.learn_names(raw.steps());
        let variables = self.variables(raw);
        let matrix = self.matrix_rules(raw);
        if let Some(defaults) = &raw.defaults {
            self.defaults(defaults);
        }
        let timeout =
            self.setting(raw.timeout.as_ref()).unwrap_or(Setting::Known(defaults::TIMEOUT));
        self.timeout = timeout.known().copied();
        let env = self.env(raw.env.as_ref());
        let backend = self.value(raw.backend.as_ref());
        self.cast(raw.processes.as_ref());
        let captures = self.captures(raw.captures.as_ref());
        self.scope.stage.set(Stage::Processes);
        let processes = self.processes(raw.processes.as_ref());
        let texts = |list: Option<&AnyNumber<Text>>| {
            list.map_or(&[][..], |list| &list.0).iter().map(|text| text.value.clone()).collect()
        };
        for text in raw.requires.iter().flat_map(|list| &list.0) {
            requirement(text, self.sink);
        }
        let title = raw.name.as_ref().map(|name| name.value.split_whitespace().collect::<Vec<_>>());
        Model {
            title: title.unwrap_or_default().join(" "),
            description: raw.description.as_ref().map(|text| text.value.trim_end().to_owned()),
            backend,
            timeout,
            requires: texts(raw.requires.as_ref()),
            path: texts(raw.path.as_ref()),
            env,
            variables,
            matrix,
            processes,
            captures,
            steps: Vec::new(),
            checks: Vec::new(),
        }
    }

    fn defaults(&mut self, raw: &RawDefaults) {
        if let Some(within) = self.setting(raw.within.as_ref()) {
            self.defaults.within = within;
        }
        if let Some(grace) = self.setting(raw.grace.as_ref()) {
            self.defaults.grace = grace;
        }
        if let Some(stdio) = self.value(raw.stdio.as_ref()) {
            self.defaults.stdio = stdio;
        }
        if let Some(stop) = self.value(raw.stop.as_ref()) {
            self.defaults.stop = stop;
        }
    }

    fn env(&mut self, raw: Option<&Named<Text>>) -> Vec<(String, Draft)> {
        environment(raw, &self.scope, self.sink)
    }

    /// A value that must be known: no `${…}`.
    fn value<T: FromText>(&mut self, text: Option<&Fixed<T>>) -> Option<T> {
        value(text, self.sink)
    }

    /// A value that variables may give.
    fn setting<T: FromText>(&mut self, text: Option<&Open<T>>) -> Option<Setting<T>> {
        let text: &Text = text?;
        let draft = Draft::read(text, &self.scope, self.sink);
        match draft.known() {
            Some(_) => read(text, self.sink).map(Setting::Known),
            None => Some(Setting::Open(draft)),
        }
    }

    /// The name of a host that runs things.
    fn host(&mut self, name: Option<&Text>) -> Option<String> {
        let name = name?;
        if let Some(network) = self.scope.network {
            match network.node(&name.value) {
                None => {
                    self.sink.report(scope::unknown_host(&name.value, name.span, network));
                    return None;
                }
                Some(node) if matches!(node.kind, NodeKind::Switch(_)) => {
                    let message = format!("`{}` is a switch: programs run on hosts", name.value);
                    self.sink.report(Diagnostic::new(Code::UnknownHost, name.span, message));
                    return None;
                }
                Some(_) => {}
            }
        }
        Some(name.value.clone())
    }

    /// What is written does not vanish without a word: where nothing came of something, there
    /// was an error, or this is one.
    fn refuse_vanished(&mut self, what: &str, span: Span) {
        if !self.sink.has_errors() {
            let message = format!("nothing comes of this {what}");
            self.sink.report(Diagnostic::new(Code::EmptyValue, span, message));
        }
    }

    fn place(&self, span: Span) -> Place {
        self.lines.place(span.start, span.end)
    }
}

/// A value that must be known: no `${…}`.
pub(crate) fn value<T: FromText>(text: Option<&Fixed<T>>, sink: &mut Sink) -> Option<T> {
    read(text?, sink)
}

/// What a text stands for; if it is no such value, that is reported.
fn read<T: FromText>(text: &Text, sink: &mut Sink) -> Option<T> {
    match T::from_text(&text.value) {
        Ok(value) => Some(value),
        Err(bad) => {
            sink.report(Diagnostic::new(bad.code, text.span, bad.message).maybe_help(bad.help));
            None
        }
    }
}

/// Variables of the environment.
pub(crate) fn environment(
    raw: Option<&Named<Text>>,
    scope: &Scope<'_>,
    sink: &mut Sink,
) -> Vec<(String, Draft)> {
    let mut env = Vec::new();
    for (name, value) in raw.into_iter().flat_map(|named| &named.0) {
        if name.value.is_empty() || name.value.contains(['=', '\0']) {
            let message = "the name of an environment variable has no `=` in it";
            sink.report(Diagnostic::new(Code::BadName, name.span, message));
        }
        if let Some(value) = value {
            env.push((name.value.clone(), Draft::read(value, scope, sink)));
        }
    }
    env
}

/// A word of `requires`: a program or an ability, without blanks.
pub(crate) fn requirement(text: &Text, sink: &mut Sink) {
    if text.value.is_empty() || text.value.contains(char::is_whitespace) {
        sink.report(
            Diagnostic::new(Code::BadName, text.span, "a requirement is one word")
                .help("write a list: `requires: [python3, mininet]`"),
        );
    }
}

/// Whether a text can be the name of a process, variable or role; if not, that
/// is reported.
pub(crate) fn name(text: &Text, kind: &str, sink: &mut Sink) -> bool {
    if scope::is_word(&text.value) {
        return true;
    }
    let message = format!("`{}` cannot be the name of {kind}", text.value);
    sink.report(
        Diagnostic::new(Code::BadName, text.span, message)
            .help("use letters, digits, `-` and `_`, starting with a letter"),
    );
    false
}

//! Variables and the matrix.

use std::collections::{HashMap, HashSet};

use super::Checker;
use crate::codes::Code;
use crate::decode::{Decode, Named};
use crate::diagnostic::Diagnostic;
use crate::interpolate::{Draft, Name};
use crate::model::{MatrixRules, Model, Values, Variable};
use crate::raw::RawScenario;
use crate::suggest;
use crate::text::Text;
use crate::yaml::{Node, Value};

/// The key of the matrix under which combinations to leave out stand.
const EXCLUDE: &str = "exclude";
/// The key of the matrix under which combinations to add stand.
const INCLUDE: &str = "include";

/// The keys of the matrix that are variables.
fn keys(raw: &RawScenario) -> impl Iterator<Item = &(Text, Option<Vec<Node>>)> {
    let all = raw.matrix.as_ref().map_or(&[][..], |matrix| &matrix.0);
    all.iter().filter(|(name, _)| name.value != EXCLUDE && name.value != INCLUDE)
}

impl Checker<'_> {
    /// Variables may use each other, in any order, so all names are learnt
    /// before any value is read.
    pub(super) fn learn_variables(&mut self, raw: &RawScenario) {
        let vars = raw.vars.as_ref().map_or(&[][..], |vars| &vars.0);
        let names = vars.iter().map(|(name, _)| name).chain(keys(raw).map(|(name, _)| name));
        for name in names {
            self.variable_name(name);
        }
    }

    pub(super) fn variables(&mut self, raw: &RawScenario) -> Vec<Variable> {
        let vars = raw.vars.as_ref().map_or(&[][..], |vars| &vars.0);
        let mut variables = Vec::new();
        for (name, value) in vars {
            let Some(value) = value else { continue };
            let values = Values::One(Draft::read(value, &self.scope, self.sink));
            variables.push(Variable { name: name.value.clone(), span: name.span, values });
        }
        for (name, values) in keys(raw) {
            let Some(values) = values else { continue };
            let drafts = self.matrix_values(name, values);
            let values = Values::Matrix(drafts);
            variables.push(Variable { name: name.value.clone(), span: name.span, values });
        }
        self.refuse_cycles(&variables);
        variables
    }

    /// `exclude` and `include` of the matrix.
    pub(super) fn matrix_rules(&mut self, raw: &RawScenario) -> MatrixRules {
        let mut rules = MatrixRules::default();
        let Some(matrix) = &raw.matrix else { return rules };
        for (name, entries) in &matrix.0 {
            let (what, rules) = match name.value.as_str() {
                EXCLUDE => ("an `exclude`", &mut rules.exclude),
                INCLUDE => ("an `include`", &mut rules.include),
                _ => continue,
            };
            let Some(entries) = entries else { continue };
            for node in entries {
                rules.extend(self.combination(raw, node, what));
            }
        }
        rules
    }

    /// Values by key. What is left out needs only some of the keys, what is added
    /// has a value for each.
    fn combination(
        &mut self,
        raw: &RawScenario,
        node: &Node,
        what: &str,
    ) -> Option<Vec<(String, Draft)>> {
        let Named(entries) = Named::<Text>::decode(node, self.sink)?;
        let mut values = Vec::new();
        for (key, value) in &entries {
            if !keys(raw).any(|(known, _)| known.value == key.value) {
                let message = format!("the matrix has no `{}`", key.value);
                let known = keys(raw).map(|(name, _)| name.value.as_str());
                let help = suggest::help(&key.value, known, "keys of the matrix");
                let diagnostic = Diagnostic::new(Code::UnknownVariable, key.span, message);
                self.sink.report(diagnostic.maybe_help(help));
                continue;
            }
            let Some(value) = value else { continue };
            values.push((key.value.clone(), Draft::read(value, &self.scope, self.sink)));
        }
        if entries.is_empty() {
            let message = format!("{what} without values");
            self.sink.report(Diagnostic::new(Code::EmptyValue, node.head, message));
        }
        let missing =
            keys(raw).find(|(key, _)| !entries.iter().any(|(given, _)| given.value == key.value));
        if what == "an `include`"
            && let Some((missing, _)) = missing
        {
            let message = format!("`{}` is missing in {what}", missing.value);
            self.sink.report(
                Diagnostic::new(Code::MissingKey, node.head, message)
                    .secondary(missing.span, "a key of the matrix")
                    .help("a combination that is added has a value for each key"),
            );
        }
        Some(values)
    }

    /// A variable that nothing uses was probably meant for something, and a
    /// matrix key that nothing uses makes runs that differ in nothing.
    pub(super) fn warn_of_unused(&mut self, variables: &[Variable]) {
        for variable in variables {
            if self.scope.used.borrow().contains(&variable.name) {
                continue;
            }
            let message = format!("nothing uses `${{{}}}`", variable.name);
            self.sink.report(Diagnostic::new(Code::Unused, variable.span, message));
        }
    }

    /// A combination that is left out must be one.
    pub(super) fn warn_of_vain(&mut self, model: &Model) {
        let mut all: HashMap<&str, HashSet<String>> = HashMap::new();
        for variable in &model.variables {
            let Values::Matrix(drafts) = &variable.values else { continue };
            if let Some(values) = drafts.iter().map(Draft::known).collect() {
                all.insert(&variable.name, values);
            }
        }
        for (key, draft) in model.matrix.exclude.iter().flatten() {
            let (Some(value), Some(known)) = (draft.known(), all.get(key.as_str())) else {
                continue;
            };
            if known.contains(&value) {
                continue;
            }
            let message = format!("no combination has `{key}: {value}`: this leaves nothing out");
            let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
            known.sort_unstable();
            let help = suggest::help(&value, known, &format!("values of `{key}`"));
            self.sink.report(Diagnostic::new(Code::Unused, draft.span, message).maybe_help(help));
        }
    }

    fn variable_name(&mut self, name: &Text) {
        if !super::name(name, "a variable", self.sink) {
            return;
        }
        if name.value == "seed" {
            let message = "`seed` is the run's seed and cannot be a variable";
            self.sink.report(Diagnostic::new(Code::NameTaken, name.span, message));
        } else if let Some(first) = self.scope.variables.insert(name.value.clone(), name.span) {
            let message = format!("`{}` is both a variable and a key of the matrix", name.value);
            self.sink.report(
                Diagnostic::new(Code::NameTaken, name.span, message)
                    .secondary(first, "first defined here"),
            );
        }
    }

    fn matrix_values(&mut self, name: &Text, values: &[Node]) -> Vec<Draft> {
        if values.is_empty() {
            let message = format!("`{}` has no values, so there would be no runs", name.value);
            self.sink.report(Diagnostic::new(Code::EmptyValue, name.span, message));
        }
        let mut seen = HashMap::new();
        let mut drafts = Vec::new();
        for node in values {
            let Some(text) = Text::decode(node, self.sink) else { continue };
            if let Some(first) = seen.insert(text.value.clone(), text.span) {
                let message = format!("the value `{}` stands twice", text.value);
                self.sink.report(
                    Diagnostic::new(Code::NameTaken, text.span, message)
                        .secondary(first, "first given here"),
                );
            }
            if matches!(node.value, Value::Scalar(_)) {
                drafts.push(Draft::read(&text, &self.scope, self.sink));
            }
        }
        drafts
    }

    /// A variable that needs itself is reported once for each circle.
    fn refuse_cycles(&mut self, variables: &[Variable]) {
        let index: HashMap<&str, usize> =
            variables.iter().enumerate().map(|(at, one)| (one.name.as_str(), at)).collect();
        let uses: Vec<Vec<usize>> =
            variables.iter().map(|variable| used(variable, &index)).collect();
        let mut state = vec![Visit::New; variables.len()];
        for start in 0..variables.len() {
            // Depth first, without recursion: files decide how deep it gets.
            let mut path = vec![(start, 0)];
            while let Some((at, next)) = path.pop() {
                if next == 0 && state[at] != Visit::New {
                    continue;
                }
                state[at] = Visit::Open;
                let Some(&to) = uses[at].get(next) else {
                    state[at] = Visit::Done;
                    continue;
                };
                path.push((at, next + 1));
                match state[to] {
                    Visit::New => path.push((to, 0)),
                    Visit::Done => {}
                    Visit::Open => {
                        let from = path.iter().position(|(node, _)| *node == to).unwrap_or(0);
                        let circle: Vec<_> = path[from..].iter().map(|(node, _)| *node).collect();
                        self.report_cycle(variables, &circle);
                    }
                }
            }
        }
    }

    fn report_cycle(&mut self, variables: &[Variable], circle: &[usize]) {
        let Some((first, others)) = circle.split_first() else { return };
        let variable = &variables[*first];
        let message = format!("the variable `{}` needs itself", variable.name);
        let mut diagnostic = Diagnostic::new(Code::Cycle, variable.span, message);
        let mut before = variable;
        for other in others {
            let other = &variables[*other];
            let text = format!("which `{}` needs", before.name);
            diagnostic = diagnostic.secondary(other.span, text);
            before = other;
        }
        self.sink.report(diagnostic);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    New,
    Open,
    Done,
}

/// The other variables that a variable uses.
fn used(variable: &Variable, index: &HashMap<&str, usize>) -> Vec<usize> {
    let drafts = match &variable.values {
        Values::One(draft) => std::slice::from_ref(draft),
        Values::Matrix(drafts) => drafts,
    };
    let names = drafts.iter().flat_map(Draft::names);
    names
        .filter_map(|(name, _)| match name {
            Name::Variable(name) => index.get(name.as_str()).copied(),
            _ => None,
        })
        .collect()
}

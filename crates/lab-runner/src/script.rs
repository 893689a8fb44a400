//! A plan's texts and patterns, filled in and compiled now that the network is
//! known: what the player needs at hand while it plays. What depends on values
//! that steps save is made ready when its turn comes.

use std::collections::BTreeMap;
use std::net::IpAddr;

use lab_scenario::answer::Claim;
use lab_scenario::pattern::{Pattern, PatternError, PatternTemplate};
use lab_scenario::plan::{Action, Answer, Assertion, Input, Plan, Ready};
use lab_scenario::source::Place;
use lab_scenario::template::{Reference, Template};

use crate::checks::Looks;
use crate::matcher::{self, Matcher};

/// Values that steps have saved, by name.
pub(crate) type Saved = BTreeMap<String, String>;

/// The addresses of hosts, by name.
pub(crate) type Addresses = BTreeMap<String, Vec<IpAddr>>;

/// The texts of a plan.
#[derive(Debug)]
pub(crate) struct Script {
    /// For each process the outputs that its `ready` speaks of, in order.
    pub(crate) ready: Vec<Vec<Sought>>,
    /// For each step.
    pub(crate) steps: Vec<Lines>,
    /// For each check.
    pub(crate) checks: Vec<Looks>,
    /// What checks call packets by.
    pub(crate) addresses: Addresses,
}

/// The texts of a step.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// What it looks for.
    pub(crate) looks_for: Option<Sought>,
    /// What may not come before that.
    pub(crate) without: Vec<Sought>,
    /// What it types, without the Enter of a line.
    types: Option<Template>,
    /// What an answer must say.
    claims: Vec<Claim<Template>>,
    /// The two sides of a comparison.
    sides: Option<Sides>,
}

/// The two sides of a comparison.
#[derive(Debug)]
pub(crate) struct Sides([Template; 2]);

impl Sides {
    /// Filled in with what is saved by now.
    ///
    /// # Errors
    /// In words, what is missing.
    pub(crate) fn fill_in(&self, saved: &Saved) -> Result<[String; 2], String> {
        let Self([left, right]) = self;
        Ok([render(left, saved)?, render(right, saved)?])
    }
}

/// Something to look for.
#[derive(Debug)]
pub(crate) struct Sought {
    matcher: Option<Matcher>,
    /// If it depends on what is saved.
    late: Option<PatternTemplate>,
}

impl Sought {
    /// The matcher; of one that depends on what is saved, that of the last
    /// [`Sought::prepare`].
    pub(crate) fn matcher(&self) -> Option<&Matcher> {
        self.matcher.as_ref()
    }

    /// Makes it ready with what is saved by now.
    ///
    /// # Errors
    /// In words, what is missing or wrong.
    pub(crate) fn prepare(&mut self, saved: &Saved) -> Result<(), String> {
        let Some(pattern) = &self.late else { return Ok(()) };
        let compiled = pattern.compile(|reference| look_up(saved, reference));
        self.matcher = Some(matcher(pattern, compiled.map_err(|error| missing(&error))?)?);
        Ok(())
    }
}

/// The matcher of a pattern that is filled in.
fn matcher(pattern: &PatternTemplate, filled_in: Pattern) -> Result<Matcher, String> {
    if matcher::is_of_nothing(&filled_in) {
        return Err(format!("`{pattern}` is empty, so there is nothing to look for"));
    }
    Ok(Matcher::new(filled_in))
}

fn look_up(saved: &Saved, reference: &Reference) -> Option<String> {
    match reference {
        Reference::Saved(name) => saved.get(name).cloned(),
        _ => None,
    }
}

fn missing(error: &PatternError) -> String {
    match error {
        PatternError::Unknown(reference) => nothing_saved(reference),
        PatternError::Regex(error) => error.to_string(),
    }
}

fn nothing_saved(reference: &Reference) -> String {
    format!("nothing was saved as `{reference}`")
}

fn render(template: &Template, saved: &Saved) -> Result<String, String> {
    template
        .render(|reference| look_up(saved, reference))
        .map_err(|reference| nothing_saved(&reference))
}

impl Lines {
    /// Makes all patterns of a step ready.
    ///
    /// # Errors
    /// In words, what is missing or wrong.
    pub(crate) fn prepare(&mut self, saved: &Saved) -> Result<(), String> {
        self.looks_for.iter_mut().chain(&mut self.without).try_for_each(|one| one.prepare(saved))
    }

    /// What the step types, filled in.
    ///
    /// # Errors
    /// In words, what is missing.
    pub(crate) fn types(&self, saved: &Saved) -> Result<Vec<u8>, String> {
        match &self.types {
            Some(template) => render(template, saved).map(String::into_bytes),
            None => Ok(Vec::new()),
        }
    }

    /// What an answer must say, filled in.
    ///
    /// # Errors
    /// In words, what is missing.
    pub(crate) fn claims(&self, saved: &Saved) -> Result<Vec<Claim<String>>, String> {
        self.claims.iter().map(|claim| claim.map(&mut |text| render(text, saved))).collect()
    }

    /// The two sides of a comparison, filled in.
    ///
    /// # Errors
    /// In words, what is missing.
    pub(crate) fn sides(&self, saved: &Saved) -> Result<[String; 2], String> {
        match &self.sides {
            Some(sides) => sides.fill_in(saved),
            None => Ok(Default::default()),
        }
    }
}

/// A text of the plan that cannot be filled in on this network.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub(crate) struct ScriptError {
    pub(crate) place: Place,
    /// In words.
    pub(crate) cause: String,
}

impl Script {
    /// Fills in and compiles everything that does not depend on the run.
    pub(crate) fn compile(
        plan: &Plan,
        lookup: impl Fn(&Reference) -> Option<String>,
    ) -> Result<Self, ScriptError> {
        let compiler = Compiler { lookup };
        let mut script = Self {
            ready: Vec::with_capacity(plan.processes.len()),
            steps: Vec::with_capacity(plan.steps.len()),
            checks: Vec::with_capacity(plan.checks.len()),
            addresses: Addresses::new(),
        };
        for process in &plan.processes {
            let outputs = process.ready.iter().flat_map(outputs);
            let sought = outputs.map(|pattern| compiler.pattern(pattern, process.place));
            script.ready.push(sought.collect::<Result<_, _>>()?);
        }
        for step in &plan.steps {
            script.steps.push(compiler.step(&step.action, step.place)?);
        }
        for check in &plan.checks {
            script.checks.push(compiler.check(&check.assertion, check.place)?);
        }
        Ok(script)
    }

    /// Adds what a longer plan has beyond the one that this is of. What this has made
    /// ready stays so.
    pub(crate) fn append(&mut self, longer: Self) {
        let (ready, steps, checks) = (self.ready.len(), self.steps.len(), self.checks.len());
        self.ready.extend(longer.ready.into_iter().skip(ready));
        self.steps.extend(longer.steps.into_iter().skip(steps));
        self.checks.extend(longer.checks.into_iter().skip(checks));
    }
}

/// The outputs that a condition speaks of, in order.
fn outputs(ready: &Ready) -> Vec<&PatternTemplate> {
    match ready {
        Ready::Output(pattern) => vec![pattern],
        Ready::All(parts) | Ready::Any(parts) => parts.iter().flat_map(outputs).collect(),
        Ready::Tcp(_) | Ready::Udp(_) | Ready::Exit(_) => Vec::new(),
    }
}

struct Compiler<L> {
    lookup: L,
}

impl<L: Fn(&Reference) -> Option<String>> Compiler<L> {
    fn step(&self, action: &Action, place: Place) -> Result<Lines, ScriptError> {
        let pattern = |pattern: &PatternTemplate| self.pattern(pattern, place);
        let text = |template: &Template| self.text(template, place);
        Ok(match action {
            Action::Expect { output, without, .. } => Lines {
                looks_for: Some(pattern(output)?),
                without: without.iter().map(pattern).collect::<Result<_, _>>()?,
                ..Lines::default()
            },
            Action::Silence { output, .. } | Action::Exec { output, .. } => {
                Lines { looks_for: output.as_ref().map(pattern).transpose()?, ..Lines::default() }
            }
            Action::Send { input: Input::Line(typed) | Input::Text(typed), .. } => {
                Lines { types: Some(text(typed)?), ..Lines::default() }
            }
            Action::Ask { line, answer, .. } => {
                let lines = Lines { types: Some(text(line)?), ..Lines::default() };
                match answer {
                    Answer::Output(output) => Lines { looks_for: Some(pattern(output)?), ..lines },
                    Answer::Json(claims) => {
                        let claim = |claim: &Claim<Template>| claim.map(&mut |part| text(part));
                        let claims = claims.iter().map(claim).collect::<Result<_, _>>()?;
                        Lines { claims, ..lines }
                    }
                }
            }
            Action::Assert { left, right, .. } => {
                Lines { sides: Some(Sides([text(left)?, text(right)?])), ..Lines::default() }
            }
            _ => Lines::default(),
        })
    }

    fn check(&self, assertion: &Assertion, place: Place) -> Result<Looks, ScriptError> {
        let patterns: Vec<&PatternTemplate> = match assertion {
            Assertion::Count { output, .. }
            | Assertion::Packets { output, .. }
            | Assertion::SameOrder { output, .. } => vec![output],
            Assertion::Matches { line, .. } => vec![line],
            Assertion::Order(said) => said.iter().map(|said| &said.output).collect(),
            Assertion::Delivered { sent, .. } | Assertion::Latency { sent, .. } => {
                vec![&sent.text]
            }
            Assertion::Exit { .. } | Assertion::Compare { .. } => Vec::new(),
        };
        let sought = patterns.into_iter().map(|pattern| self.pattern(pattern, place));
        let sides = match assertion {
            Assertion::Compare { left, right, .. } => {
                Some(Sides([self.text(left, place)?, self.text(right, place)?]))
            }
            _ => None,
        };
        Ok(Looks { sought: sought.collect::<Result<_, _>>()?, sides })
    }

    /// Filled in but for what steps save.
    fn text(&self, template: &Template, place: Place) -> Result<Template, ScriptError> {
        let known = template.resolve(&self.lookup);
        let as_if_saved = |reference: &Reference| match reference {
            Reference::Saved(_) => Some(String::new()),
            _ => None,
        };
        match known.render(as_if_saved) {
            Ok(_) => Ok(known),
            Err(reference) => {
                Err(ScriptError { place, cause: PatternError::Unknown(reference).to_string() })
            }
        }
    }

    fn pattern(&self, pattern: &PatternTemplate, place: Place) -> Result<Sought, ScriptError> {
        let template = self.text(pattern.template(), place)?;
        if template.needs_saved() {
            let late = match pattern {
                PatternTemplate::Literal(_) => PatternTemplate::Literal(template),
                PatternTemplate::Regex(_) => PatternTemplate::Regex(template),
            };
            return Ok(Sought { matcher: None, late: Some(late) });
        }
        let compiled = pattern.compile(&self.lookup).map_err(|error| error.to_string());
        let matcher = compiled.and_then(|compiled| matcher(pattern, compiled));
        let matcher = matcher.map_err(|cause| ScriptError { place, cause })?;
        Ok(Sought { matcher: Some(matcher), late: None })
    }
}

/// What a check looks for that depends on nothing.
#[cfg(test)]
pub(crate) fn looks(assertion: &Assertion) -> Looks {
    Compiler { lookup: |_: &Reference| None }.check(assertion, Place::default()).unwrap()
}

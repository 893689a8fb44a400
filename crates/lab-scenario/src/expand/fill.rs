//! Fills in texts: all that is known before a run.

use std::collections::HashMap;

use super::{Choice, Expander};
use crate::check::NUMBER;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::interpolate::{Attribute, Content, Draft, Name};
use crate::model::{self, Setting, Values};
use crate::pattern::PatternTemplate;
use crate::patterns::{self, PatternDraft};
use crate::plan::{Command, Process, Ready};
use crate::template::{Part, Reference, Template};
use crate::topology::{Network, Topology};
use crate::values::{FromText, Whole};
use crate::words;

/// Bytes that a filled-in text may have: variables can use each other, and so
/// grow without bound.
const MAX_TEXT: usize = 64 << 10;
/// Bytes that those of all combinations may have together.
pub(super) const MAX_TEXTS: usize = 256 << 20;

/// Fills in the texts of one plan.
pub(super) struct Filler<'a> {
    pub(super) all: &'a Expander<'a>,
    choice: &'a Choice<'a>,
    seed: u64,
    variables: HashMap<&'a str, Template>,
    /// The numbers of members and turns that are known here, innermost last.
    pub(super) numbers: Vec<(&'a str, String)>,
    pub(super) sink: &'a mut Sink,
}

impl<'a> Filler<'a> {
    pub(super) fn new(
        all: &'a Expander<'a>,
        choice: &'a Choice<'a>,
        seed: u64,
        sink: &'a mut Sink,
    ) -> Self {
        Self { all, choice, seed, variables: HashMap::new(), numbers: Vec::new(), sink }
    }

    /// Fills in each variable after those that it uses. There are no circles:
    /// that was checked.
    pub(super) fn fill_variables(&mut self) {
        let index: HashMap<&str, usize> = self
            .all
            .model
            .variables
            .iter()
            .enumerate()
            .map(|(at, v)| (v.name.as_str(), at))
            .collect();
        let mut waiting: Vec<usize> = (0..self.all.model.variables.len()).rev().collect();
        while let Some(&at) = waiting.last() {
            let variable = &self.all.model.variables[at];
            if self.variables.contains_key(variable.name.as_str()) {
                waiting.pop();
                continue;
            }
            if let Some(value) = self.all.options.vars.get(&variable.name) {
                self.variables.insert(&variable.name, Template::literal(value));
                continue;
            }
            let draft = match &variable.values {
                Values::One(draft) => Some(draft),
                Values::Matrix(drafts) => self.choice.of(at, &variable.name, drafts),
            };
            let Some(draft) = draft else {
                waiting.pop();
                continue;
            };
            let missing = draft.names().filter_map(|(name, _)| match name {
                Name::Variable(name) if !self.variables.contains_key(name.as_str()) => {
                    index.get(name.as_str()).copied()
                }
                _ => None,
            });
            let missing: Vec<usize> = missing.collect();
            if missing.is_empty() {
                let template = self.text(draft);
                self.variables.insert(&variable.name, template);
                waiting.pop();
            } else {
                waiting.extend(missing);
            }
        }
    }

    /// Whether an `exclude` speaks of this combination.
    pub(super) fn is_left_out(&mut self) -> bool {
        let all = self.all;
        all.model.matrix.exclude.iter().any(|rule| {
            rule.iter().all(|(key, draft)| {
                let wanted = self.text(draft).to_string();
                self.variables.get(key.as_str()).is_some_and(|value| value.to_string() == wanted)
            })
        })
    }

    pub(super) fn variant(&self) -> Vec<(String, String)> {
        let keys = self.all.model.variables.iter();
        let keys = keys.filter(|variable| matches!(variable.values, Values::Matrix(_)));
        keys.filter_map(|key| {
            let value = self.variables.get(key.name.as_str())?;
            Some((key.name.clone(), value.to_string()))
        })
        .collect()
    }

    /// A text with all filled in that is known.
    pub(super) fn text(&mut self, draft: &Draft) -> Template {
        let mut parts: Vec<Part> = Vec::new();
        for piece in &draft.pieces {
            match &piece.content {
                Content::Literal(text) => parts.push(Part::Text(text.clone())),
                Content::Name(name) => self.name(name, &mut parts),
            }
        }
        let size: usize = parts.iter().map(part_size).sum();
        if size > MAX_TEXT {
            let message = "this text grows too large when it is filled in";
            self.sink.report(
                Diagnostic::new(Code::ExpansionTooLarge, draft.span, message)
                    .label(format!("more than {} KiB", MAX_TEXT >> 10)),
            );
            return Template::default();
        }
        let before = self.all.filled.get();
        let together = before.saturating_add(size);
        self.all.filled.set(together);
        if together > MAX_TEXTS {
            if before <= MAX_TEXTS {
                let message = "all texts together grow too large when they are filled in";
                self.sink.report(
                    Diagnostic::new(Code::ExpansionTooLarge, draft.span, message)
                        .label(format!("more than {} MiB up to here", MAX_TEXTS >> 20)),
                );
            }
            return Template::default();
        }
        Template::from_parts(parts)
    }

    pub(super) fn name(&self, name: &Name, parts: &mut Vec<Part>) {
        match name {
            Name::Variable(name) => {
                let template = self.variables.get(name.as_str());
                let inner = template.map_or(&[][..], Template::parts);
                // All of a variable is a value, whatever it was made of.
                parts.extend(inner.iter().map(|part| match part {
                    Part::Text(text) | Part::Value(text) => Part::Value(text.clone()),
                    Part::Late(reference) => Part::Late(reference.clone()),
                }));
            }
            Name::Program(role) => {
                parts.push(Part::Value(self.program(role).unwrap_or_default().to_owned()));
            }
            Name::Seed => parts.push(Part::Value(self.seed.to_string())),
            Name::Number(name) => {
                let known = self.numbers.iter().rev().find(|(known, _)| known == name);
                parts.push(Part::Value(
                    known.map_or_else(String::new, |(_, number)| number.clone()),
                ));
            }
            Name::Saved(name) => parts.push(Part::Late(Reference::Saved(name.clone()))),
            Name::RunDir => parts.push(Part::Late(Reference::RunDir)),
            Name::Repetition => parts.push(Part::Late(Reference::Repetition)),
            Name::Host(host, attribute) => parts.push(match self.all.topology {
                Topology::Described(network) => {
                    Part::Value(attribute_of(network, host, *attribute).unwrap_or_default())
                }
                Topology::Mininet(_) => Part::Late(reference(host, *attribute)),
            }),
        }
    }

    pub(super) fn program(&self, role: &str) -> Option<&'a str> {
        let given = self.all.options.programs.get(role);
        given.or_else(|| self.all.lab.programs.get(role)).map(String::as_str)
    }

    pub(super) fn setting<T: FromText + Clone>(&mut self, setting: &Setting<T>) -> Option<T> {
        let draft = match setting {
            Setting::Known(value) => return Some(value.clone()),
            Setting::Open(draft) => draft,
        };
        let Some(text) = self.text(draft).known() else {
            let message = "this must be known before the run begins";
            self.sink.report(Diagnostic::new(Code::Number, draft.span, message));
            return None;
        };
        match T::from_text(&text) {
            Ok(value) => Some(value),
            Err(bad) => {
                self.sink.report(
                    Diagnostic::new(bad.code, draft.span, bad.message)
                        .label(format!("this is `{text}`"))
                        .maybe_help(bad.help),
                );
                None
            }
        }
    }

    /// A setting that need not be given. `None` if it is wrong.
    pub(super) fn optional<T: FromText + Clone>(
        &mut self,
        setting: Option<&Setting<T>>,
    ) -> Option<Option<T>> {
        match setting {
            None => Some(None),
            Some(setting) => self.setting(setting).map(Some),
        }
    }

    pub(super) fn exit_code(&mut self, setting: &Setting<Whole<0, 255>>) -> Option<i32> {
        self.setting(setting).and_then(|code| i32::try_from(code.0).ok())
    }

    pub(super) fn port(&mut self, setting: &Setting<Whole<1, 65535>>) -> Option<u16> {
        self.setting(setting).and_then(|port| u16::try_from(port.0).ok())
    }

    pub(super) fn env(&mut self, env: &[(String, Draft)]) -> Vec<(String, Template)> {
        env.iter().map(|(name, draft)| (name.clone(), self.text(draft))).collect()
    }

    pub(super) fn pattern(&mut self, pattern: &PatternDraft) -> PatternTemplate {
        let (PatternDraft::Literal(draft) | PatternDraft::Regex(draft)) = pattern;
        let template = self.text(draft);
        let is_literal = matches!(pattern, PatternDraft::Literal(_));
        if draft.names().any(|(name, _)| self.is_empty(name))
            && is_everywhere(&template, is_literal)
        {
            let message = format!("{pattern} is empty here, and so is found everywhere");
            self.sink.report(
                Diagnostic::new(Code::EmptyPattern, draft.span, message)
                    .help("give what is filled in a value, or look for more than that"),
            );
        }
        match is_literal {
            true => PatternTemplate::Literal(template),
            false => PatternTemplate::Regex(template),
        }
    }

    /// Whether nothing is filled in for a name.
    fn is_empty(&self, name: &Name) -> bool {
        let mut parts = Vec::new();
        self.name(name, &mut parts);
        parts.iter().all(|part| part_size(part) == 0)
    }

    pub(super) fn command(&mut self, command: &model::Command) -> Option<Command> {
        let words = match command {
            model::Command::Shell(draft) => return Some(Command::Shell(self.text(draft))),
            model::Command::Words(words) => words,
        };
        let mut filled = Vec::with_capacity(words.len());
        for word in words {
            let role = word.names().find_map(|(name, _)| match name {
                Name::Program(role) => Some(role),
                _ => None,
            });
            let Some(role) = role else {
                filled.push(self.text(word));
                continue;
            };
            // Checked where the role was given.
            let line = self.program(role).unwrap_or_default();
            let split = words::split_plain(line).unwrap_or_default();
            filled.extend(split.into_iter().map(Template::literal));
        }
        (!filled.is_empty()).then_some(Command::Words(filled))
    }

    /// What is about a member of a group: `${i}` is its number.
    pub(super) fn with_member<T>(
        &mut self,
        member: Option<u32>,
        fill: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let Some(member) = member else { return fill(self) };
        self.numbers.push((NUMBER, member.to_string()));
        let result = fill(self);
        self.numbers.pop();
        result
    }

    fn ready(&mut self, ready: &model::Ready) -> Option<Ready> {
        Some(match ready {
            model::Ready::Output(output) => Ready::Output(self.pattern(output)),
            model::Ready::Tcp(port) => Ready::Tcp(self.port(port)?),
            model::Ready::Udp(port) => Ready::Udp(self.port(port)?),
            model::Ready::Exit(code) => Ready::Exit(self.exit_code(code)?),
            model::Ready::All(parts) => {
                Ready::All(parts.iter().map(|part| self.ready(part)).collect::<Option<_>>()?)
            }
            model::Ready::Any(parts) => {
                Ready::Any(parts.iter().map(|part| self.ready(part)).collect::<Option<_>>()?)
            }
        })
    }

    pub(super) fn process(&mut self, process: &'a model::Process) -> Option<Process> {
        self.with_member(process.member, |filler| filler.process_itself(process))
    }

    fn process_itself(&mut self, process: &'a model::Process) -> Option<Process> {
        let ready = match &process.ready {
            None => None,
            Some(ready) => Some(self.ready(ready)?),
        };
        Some(Process {
            name: process.name.clone(),
            host: process.host.clone(),
            command: self.command(&process.command)?,
            stdio: process.stdio,
            ready,
            ready_within: self.setting(&process.ready_within)?,
            env: self.env(&process.env),
            stop: process.stop,
            grace: self.setting(&process.grace)?,
            place: process.place,
        })
    }
}

/// Whether a pattern, with all filled in, is found everywhere.
fn is_everywhere(template: &Template, is_literal: bool) -> bool {
    let quote = |value: &str| if is_literal { value.to_owned() } else { regex::escape(value) };
    template.render_with(|_| None, quote).is_ok_and(|text| match is_literal {
        true => text.is_empty(),
        false => patterns::is_found_everywhere(&text),
    })
}

fn part_size(part: &Part) -> usize {
    match part {
        Part::Text(text) | Part::Value(text) => text.len(),
        // What the stage fills in: a path or an address.
        Part::Late(_) => 16,
    }
}

/// What is known of a host of a described network.
fn attribute_of(network: &Network, host: &str, attribute: Attribute) -> Option<String> {
    let index = network.nodes.iter().position(|node| node.name == host)?;
    let end = network.ends_of(index).find(|end| end.ip.is_some())?;
    let ip = end.ip?;
    Some(match attribute {
        Attribute::Ip => ip.address.to_string(),
        Attribute::Broadcast => ip.broadcast().to_string(),
        Attribute::Mac => end.mac?.to_string(),
        Attribute::Interface => end.interface.clone(),
    })
}

fn reference(host: &str, attribute: Attribute) -> Reference {
    let host = host.to_owned();
    match attribute {
        Attribute::Ip => Reference::HostIp(host),
        Attribute::Broadcast => Reference::HostBroadcast(host),
        Attribute::Mac => Reference::HostMac(host),
        Attribute::Interface => Reference::HostInterface(host),
    }
}

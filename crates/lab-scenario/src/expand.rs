//! From a checked scenario to plans: one for each combination of the matrix
//! and each repetition, with everything filled in that is known before a run.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::interpolate::{Attribute, Content, Draft, Name};
use crate::lab::Lab;
use crate::model::{self, Model, Setting, Values};
use crate::options::PlanOptions;
use crate::pattern::PatternTemplate;
use crate::patterns::PatternDraft;
use crate::plan::{
    Action, Assertion, BackendKind, Check, Command, ExitStatus, Identity, Input, PLAN_VERSION,
    Plan, Process, ProcessId, Ready, Stdio, Step,
};
use crate::seed;
use crate::template::{Part, Reference, Template};
use crate::topology::{Network, Topology};
use crate::values::{FromText, Whole};
use crate::words;

/// What a terminal takes of one line: `N_TTY_BUF_SIZE` less one, with its end
/// (termios(3), canonical mode).
const MAX_TERMINAL_LINE: usize = 4095;
/// Bytes that a filled-in text may have: variables can use each other, and so
/// grow without bound.
const MAX_TEXT: usize = 64 << 10;

/// What is the same for all plans of a scenario.
pub(crate) struct Expander<'a> {
    pub(crate) model: &'a Model,
    pub(crate) topology: &'a Topology,
    pub(crate) lab: &'a Lab,
    pub(crate) id: &'a str,
    pub(crate) file: &'a std::path::Path,
    pub(crate) backend: BackendKind,
    pub(crate) options: &'a PlanOptions,
}

/// One combination of the matrix: for each variable which of its values, by
/// number; 0 for those that have only one.
type Choice = Vec<usize>;

impl Expander<'_> {
    /// All plans. What is wrong is reported, and then there are fewer.
    pub(crate) fn plans(&self, sink: &mut Sink) -> Vec<Plan> {
        let mut plans = Vec::new();
        let repetitions = self.options.repeat.max(1);
        for choice in self.choices() {
            for repetition in 1..=repetitions {
                plans.extend(self.plan(&choice, (repetition, repetitions), sink));
                if sink.has_errors() {
                    return plans;
                }
            }
        }
        plans
    }

    /// The combinations, the last key of the matrix changing fastest.
    fn choices(&self) -> Vec<Choice> {
        let mut choices: Vec<Choice> = vec![Vec::new()];
        for variable in &self.model.variables {
            let count = match &variable.values {
                Values::Matrix(values) if !self.options.vars.contains_key(&variable.name) => {
                    values.len()
                }
                _ => 1,
            };
            let longer = |choice: Choice| {
                (0..count).map(move |value| [choice.as_slice(), &[value]].concat())
            };
            choices = choices.into_iter().flat_map(longer).collect();
        }
        choices
    }

    fn plan(&self, choice: &Choice, repetition: (u32, u32), sink: &mut Sink) -> Option<Plan> {
        let seed = seed::of_repetition(self.options.seed, repetition.0);
        let mut filler = Filler::new(self, choice, seed, sink);
        filler.fill_variables();
        let variant = filler.variant();
        let timeout = match self.options.timeout {
            Some(timeout) => Some(timeout),
            None => filler.setting(&self.model.timeout),
        };
        let lab_env = self.lab.env.iter().cloned();
        let env = lab_env.chain(filler.env(&self.model.env)).collect();
        let processes = self.model.processes.iter().map(|process| filler.process(process));
        let processes: Vec<_> = processes.collect();
        let steps: Vec<_> = self.model.steps.iter().map(|step| filler.step(step)).collect();
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
            timeout: timeout?,
            directory: self.lab.directory.clone(),
            path,
            env,
            processes: processes.into_iter().collect::<Option<_>>()?,
            steps: steps.into_iter().collect::<Option<_>>()?,
            checks: checks.into_iter().collect::<Option<_>>()?,
        })
    }
}

/// Fills in the texts of one plan.
struct Filler<'a> {
    all: &'a Expander<'a>,
    choice: &'a Choice,
    seed: u64,
    variables: HashMap<&'a str, Template>,
    sink: &'a mut Sink,
}

impl<'a> Filler<'a> {
    fn new(all: &'a Expander<'a>, choice: &'a Choice, seed: u64, sink: &'a mut Sink) -> Self {
        Self { all, choice, seed, variables: HashMap::new(), sink }
    }

    /// Fills in each variable after those that it uses. There are no circles:
    /// that was checked.
    fn fill_variables(&mut self) {
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
                Values::Matrix(drafts) => drafts.get(self.choice[at]),
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

    fn variant(&self) -> Vec<(String, String)> {
        let keys = self.all.model.variables.iter();
        let keys = keys.filter(|variable| matches!(variable.values, Values::Matrix(_)));
        keys.filter_map(|key| {
            let value = self.variables.get(key.name.as_str())?;
            Some((key.name.clone(), value.to_string()))
        })
        .collect()
    }

    /// A text with all filled in that is known.
    fn text(&mut self, draft: &Draft) -> Template {
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
        Template::from_parts(parts)
    }

    fn name(&self, name: &Name, parts: &mut Vec<Part>) {
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
            Name::RunDir => parts.push(Part::Late(Reference::RunDir)),
            Name::Host(host, attribute) => parts.push(match self.all.topology {
                Topology::Described(network) => {
                    Part::Value(attribute_of(network, host, *attribute).unwrap_or_default())
                }
                Topology::Mininet(_) => Part::Late(reference(host, *attribute)),
            }),
        }
    }

    fn program(&self, role: &str) -> Option<&'a str> {
        let given = self.all.options.programs.get(role);
        given.or_else(|| self.all.lab.programs.get(role)).map(String::as_str)
    }

    fn setting<T: FromText + Clone>(&mut self, setting: &Setting<T>) -> Option<T> {
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

    fn exit_code(&mut self, setting: &Setting<Whole<0, 255>>) -> Option<i32> {
        self.setting(setting).and_then(|code| i32::try_from(code.0).ok())
    }

    fn port(&mut self, setting: &Setting<Whole<1, 65535>>) -> Option<u16> {
        self.setting(setting).and_then(|port| u16::try_from(port.0).ok())
    }

    fn env(&mut self, env: &[(String, Draft)]) -> Vec<(String, Template)> {
        env.iter().map(|(name, draft)| (name.clone(), self.text(draft))).collect()
    }

    fn pattern(&mut self, pattern: &PatternDraft) -> PatternTemplate {
        match pattern {
            PatternDraft::Literal(draft) => PatternTemplate::Literal(self.text(draft)),
            PatternDraft::Regex(draft) => PatternTemplate::Regex(self.text(draft)),
        }
    }

    fn command(&mut self, command: &model::Command) -> Option<Command> {
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

    fn process(&mut self, process: &model::Process) -> Option<Process> {
        let ready = match &process.ready {
            None => None,
            Some(model::Ready::Output(output)) => Some(Ready::Output(self.pattern(output))),
            Some(model::Ready::Tcp(port)) => Some(Ready::Tcp(self.port(port)?)),
            Some(model::Ready::Udp(port)) => Some(Ready::Udp(self.port(port)?)),
            Some(model::Ready::Exit(code)) => Some(Ready::Exit(self.exit_code(code)?)),
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

    fn step(&mut self, step: &model::Step) -> Option<Step> {
        let action = self.action(&step.action)?;
        let within = match &step.within {
            model::Within::Given(within) => self.setting(within)?,
            model::Within::Own => self.own_time(&action, &step.action)?,
        };
        Some(Step { action, within, place: step.place, text: step.text.clone() })
    }

    /// How long a step takes that says so itself.
    fn own_time(&mut self, action: &Action, draft: &model::Action) -> Option<Duration> {
        Some(match (action, draft) {
            (Action::Start(id), _) => self.setting(&self.model_process(*id)?.ready_within)?,
            (Action::Stop(id), _) => {
                // It ends by force after its grace; that too takes a moment.
                self.setting(&self.model_process(*id)?.grace)? + Duration::from_secs(1)
            }
            (Action::Silence { lasting, .. } | Action::Wait(lasting), _) => *lasting,
            _ => Duration::ZERO,
        })
    }

    fn model_process(&self, id: ProcessId) -> Option<&'a model::Process> {
        self.all.model.processes.get(id.0)
    }

    fn action(&mut self, action: &model::Action) -> Option<Action> {
        use model::Action as Draft;
        Some(match action {
            Draft::Start(id) => Action::Start(*id),
            Draft::Stop(id) => Action::Stop(*id),
            Draft::Line { to, text } => {
                Action::Send { to: *to, input: Input::Line(self.typed(*to, text)) }
            }
            Draft::Text { to, text } => {
                Action::Send { to: *to, input: Input::Text(self.typed(*to, text)) }
            }
            Draft::Key { to, key } => Action::Send { to: *to, input: Input::Key(*key) },
            Draft::Eof { to } => Action::Send { to: *to, input: Input::Eof },
            Draft::Expect { from, output } => {
                Action::Expect { from: *from, output: self.pattern(output) }
            }
            Draft::Silence { from, output, lasting } => Action::Silence {
                from: *from,
                output: output.as_ref().map(|output| self.pattern(output)),
                lasting: self.setting(lasting)?,
            },
            Draft::Exec { host, command, exit, output } => Action::Exec {
                host: host.clone(),
                command: self.command(command)?,
                exit: self.exit_code(exit)?,
                output: output.as_ref().map(|output| self.pattern(output)),
            },
            Draft::Signal { to, signal } => Action::Signal { to: *to, signal: *signal },
            Draft::Exit { of, status } => Action::Exit {
                of: *of,
                status: match status {
                    Some(status) => Some(self.status(status)?),
                    None => None,
                },
            },
            Draft::Wait(lasting) => Action::Wait(self.setting(lasting)?),
            Draft::Link { between, state } => {
                Action::Link { between: between.clone(), state: *state }
            }
        })
    }

    fn status(&mut self, status: &model::Status) -> Option<ExitStatus> {
        Some(match status {
            model::Status::Code(code) => ExitStatus::Code(self.exit_code(code)?),
            model::Status::Signal(signal) => ExitStatus::Signal(*signal),
        })
    }

    /// What is typed; a terminal cuts long lines without a word.
    fn typed(&mut self, to: ProcessId, draft: &Draft) -> Template {
        let template = self.text(draft);
        let Some(process) = self.model_process(to) else { return template };
        let longest = template
            .known()
            .and_then(|text| text.split('\n').map(str::len).max())
            .filter(|longest| *longest > MAX_TERMINAL_LINE);
        if let (Stdio::Pty, Some(longest)) = (process.stdio, longest) {
            let message = format!(
                "a line of {longest} bytes: a terminal takes {MAX_TERMINAL_LINE} and drops the rest"
            );
            self.sink.report(Diagnostic::new(Code::LineTooLong, draft.span, message).help(
                format!("give `{}` pipes in place of a terminal: `stdio: pipe`", process.name),
            ));
        }
        template
    }

    fn check(&mut self, check: &model::Check) -> Option<Check> {
        let number = |setting: &Setting<Whole<0, { i64::MAX }>>, filler: &mut Self| {
            filler.setting(setting).and_then(|number| u64::try_from(number.0).ok())
        };
        let assertion = match &check.assertion {
            model::Assertion::Contains { within, output } => {
                Assertion::Contains { within: *within, output: self.pattern(output) }
            }
            model::Assertion::Matches { within, line } => {
                Assertion::Matches { within: *within, line: self.pattern(line) }
            }
            model::Assertion::Count { within, output, at_least, at_most } => Assertion::Count {
                within: *within,
                output: self.pattern(output),
                at_least: match at_least {
                    Some(at_least) => number(at_least, self)?,
                    None => 0,
                },
                at_most: match at_most {
                    Some(at_most) => Some(number(at_most, self)?),
                    None => None,
                },
            },
            model::Assertion::Exit { of, status } => {
                Assertion::Exit { of: *of, status: self.status(status)? }
            }
        };
        let (name, points) = (check.name.clone(), check.points);
        Some(Check { name, points, assertion, place: check.place })
    }
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

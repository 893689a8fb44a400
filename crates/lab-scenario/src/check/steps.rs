//! Steps.

use std::time::Duration;

use super::Checker;
use super::nested::{has_start, inner};
use super::talk::SOMEBODY;
use super::window::Moment;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::model::{Action, Fault, Process, Step, Within};
use crate::plan::ProcessId;
use crate::raw::{RawStep, RawTargets, RawVerb};
use crate::text::Text;
use crate::typed::{Fixed, Open};
use crate::wording;

/// How deep steps may be inside of steps.
const MAX_DEPTH: usize = 16;

/// A step's own words beside what it does.
pub(super) struct Frame<'r> {
    pub(super) within: Within,
    pub(super) optional: Option<&'r Fixed<bool>>,
    /// What a message shows of it.
    pub(super) named: Option<&'r Text>,
}

impl Checker<'_> {
    /// All steps, with starts for all processes before them if there are none.
    /// The second value is whether those starts were written.
    pub(super) fn steps(&mut self, raw: &[RawStep], processes: &[Process]) -> (Vec<Step>, bool) {
        let starts_itself = has_start(raw);
        let mut steps = Vec::new();
        if !starts_itself {
            let everybody: Vec<ProcessId> = self.cast.ids().collect();
            steps.extend(self.starts(&everybody, processes));
        }
        steps.extend(self.sequence(raw));
        (steps, starts_itself)
    }

    /// Learns what names steps give to what they find and to moments.
    pub(super) fn learn_names(&mut self, raw: &[RawStep]) {
        for (number, step) in raw.iter().enumerate() {
            let mut waiting = vec![step];
            while let Some(step) = waiting.pop() {
                let save = match &step.verb {
                    Some(RawVerb::Expect(expect)) => expect.save.as_ref(),
                    Some(RawVerb::Exec(exec)) => exec.save.as_ref(),
                    Some(RawVerb::Label(label)) => {
                        self.learn_label(label, number);
                        None
                    }
                    _ => None,
                };
                for name in save.into_iter().flat_map(|list| &list.0) {
                    self.learn_saved(name);
                }
                waiting.extend(inner(step).into_iter().rev());
            }
        }
    }

    fn learn_label(&mut self, label: &Text, step: usize) {
        if !super::name(label, "a label", self.sink) {
            return;
        }
        let moment = Moment { span: label.span, step };
        if let Some(first) = self.labels.insert(label.value.clone(), moment) {
            let message = format!("two moments are called `{}`", label.value);
            self.sink.report(
                Diagnostic::new(Code::NameTaken, label.span, message)
                    .secondary(first.span, "first defined here"),
            );
        }
    }

    fn learn_saved(&mut self, name: &Text) {
        if !super::name(name, "a saved value", self.sink) {
            return;
        }
        let taken = self.scope.variables.get(&name.value).copied();
        if taken.is_some() || name.value == "seed" {
            let message = format!("`{}` is something else already", name.value);
            let diagnostic = Diagnostic::new(Code::NameTaken, name.span, message);
            self.sink.report(match taken {
                Some(first) => diagnostic.secondary(first, "a variable, defined here"),
                None => diagnostic.help("`${seed}` is the run's seed"),
            });
            return;
        }
        self.scope.saves.entry(name.value.clone()).or_insert(name.span);
    }

    pub(super) fn sequence(&mut self, raw: &[RawStep]) -> Vec<Step> {
        let mut steps = Vec::new();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            if let Some(first) = raw.first() {
                let message = format!("more than {MAX_DEPTH} steps inside of each other");
                self.sink.report(Diagnostic::new(Code::TooComplex, first.node.head, message));
            }
        } else {
            for step in raw {
                if self.sink.is_full() {
                    break;
                }
                if let Some(verb) = &step.verb {
                    let before = steps.len();
                    self.step(step, verb, &mut steps);
                    if steps.len() == before {
                        self.refuse_vanished("step", step.node.head);
                    }
                }
            }
        }
        self.depth -= 1;
        steps
    }

    fn step(&mut self, raw: &RawStep, verb: &RawVerb, steps: &mut Vec<Step>) {
        match verb {
            RawVerb::Dialogue(dialogue) => self.dialogue(dialogue, steps),
            RawVerb::Start(targets) => self.start_step(targets, steps),
            RawVerb::Stop(targets) => {
                self.each(targets, &[Action::Stop(SOMEBODY)], "stop", steps);
            }
            RawVerb::Kill(targets) => {
                self.each(targets, &[Action::Kill(SOMEBODY)], "kill", steps);
            }
            RawVerb::Restart(targets) => {
                let both = [Action::Stop(SOMEBODY), Action::Start(SOMEBODY)];
                self.each(targets, &both, "restart", steps);
            }
            RawVerb::Send(_)
            | RawVerb::Expect(_)
            | RawVerb::Ask(_)
            | RawVerb::Silence(_)
            | RawVerb::Signal(_)
            | RawVerb::Exit(_) => self.talk_step(raw, verb, steps),
            _ => self.plain_step(raw, verb, steps),
        }
    }

    /// A step about a process, or about each of a group.
    fn talk_step(&mut self, raw: &RawStep, verb: &RawVerb, steps: &mut Vec<Step>) {
        let name = match verb {
            RawVerb::Send(send) => send.to.as_ref(),
            RawVerb::Expect(expect) => expect.from.as_ref(),
            RawVerb::Ask(ask) => ask.of.as_ref(),
            RawVerb::Silence(silence) => silence.from.as_ref(),
            RawVerb::Signal(signal) => signal.to.as_ref(),
            RawVerb::Exit(exit) => exit.of.as_ref(),
            _ => None,
        };
        let targets = self.targets(name);
        let numbered = targets.as_ref().is_some_and(|targets| targets.numbered);
        let (action, within, optional) = self.with_number(numbered, |checker| match verb {
            RawVerb::Send(send) => (checker.send(send), checker.within(send.within.as_ref()), None),
            RawVerb::Expect(expect) => {
                let within = checker.within(expect.within.as_ref());
                (checker.expect(expect), within, expect.optional.as_ref())
            }
            RawVerb::Ask(ask) => {
                let within = checker.within(ask.within.as_ref());
                (checker.ask(ask), within, ask.optional.as_ref())
            }
            RawVerb::Silence(silence) => (checker.silence(silence), Within::Own, None),
            RawVerb::Signal(signal) => {
                (checker.signal(signal), checker.within(signal.within.as_ref()), None)
            }
            RawVerb::Exit(exit) => {
                let within = checker.within(exit.within.as_ref());
                (checker.exit(exit), within, exit.optional.as_ref())
            }
            _ => (None, Within::Own, None),
        });
        let optional = self.is_optional(optional);
        let (Some(action), Some(targets)) = (action, targets) else { return };
        let of_one = |id: ProcessId| {
            let frame = Frame { within: within.clone(), optional: None, named: name };
            let step = self.placed(raw, action.clone().about(id), frame);
            Step { optional, member: self.cast.person(id).member, ..step }
        };
        let all: Vec<Step> = targets.ids.into_iter().map(of_one).collect();
        match verb {
            // What one says while another is listened to would not be heard.
            RawVerb::Silence(_) if all.len() > 1 => {
                let branches = all.into_iter().map(|step| vec![step]).collect();
                let frame = Frame { within: Within::Own, optional: None, named: name };
                steps.push(self.placed(raw, Action::Parallel(branches), frame));
            }
            _ => steps.extend(all),
        }
    }

    /// A step that is about no process.
    fn plain_step(&mut self, raw: &RawStep, verb: &RawVerb, steps: &mut Vec<Step>) {
        let own = |named| Frame { within: Within::Own, optional: None, named };
        let (action, frame) = match verb {
            RawVerb::Exec(exec) => {
                let within = self.within(exec.within.as_ref());
                let optional = exec.optional.as_ref();
                (self.exec(exec), Frame { within, optional, named: exec.host.as_ref() })
            }
            RawVerb::Wait(lasting) => {
                (self.setting(Some(lasting)).map(Action::Wait), own(Some(&**lasting)))
            }
            RawVerb::Assert(text) => (self.assert(text), own(Some(text))),
            RawVerb::Label(label) => (Some(Action::Label(label.value.clone())), own(Some(label))),
            RawVerb::Link(link) => {
                let within = self.within(link.within.as_ref());
                (self.link(link).map(Action::Fault), Frame { within, optional: None, named: None })
            }
            RawVerb::Host(host) => {
                let within = self.within(host.within.as_ref());
                let frame = Frame { within, optional: None, named: host.name.as_ref() };
                (self.host_change(host).map(Action::Fault), frame)
            }
            RawVerb::Partition(groups) => {
                let fault = self.partition(raw.node.head, groups);
                (fault.map(Action::Fault), self.default_frame())
            }
            RawVerb::Heal(_) => (Some(Action::Fault(Fault::Heal)), self.default_frame()),
            RawVerb::Pause(hosts) => {
                return self.each_host(raw, &hosts.0, Fault::Pause, steps);
            }
            RawVerb::Resume(hosts) => {
                return self.each_host(raw, &hosts.0, Fault::Resume, steps);
            }
            RawVerb::Parallel(parallel) => self.parallel(parallel),
            RawVerb::Repeat(repeat) => (self.repeat(repeat), own(None)),
            RawVerb::Retry(retry) => self.retry(retry),
            _ => return,
        };
        let Some(action) = action else { return };
        let step = self.placed(raw, action, frame);
        steps.push(step);
    }

    fn placed(&mut self, raw: &RawStep, action: Action, frame: Frame<'_>) -> Step {
        Step {
            action,
            within: frame.within,
            optional: self.is_optional(frame.optional),
            member: None,
            place: self.place(raw.node.span),
            span: frame.named.map_or(raw.node.head, |named| named.span),
            text: wording::step(&raw.node, self.text),
        }
    }

    fn default_frame<'r>(&self) -> Frame<'r> {
        let within = Within::Given(self.defaults.within.clone());
        Frame { within, optional: None, named: None }
    }

    fn is_optional(&mut self, text: Option<&Fixed<bool>>) -> bool {
        self.value(text).unwrap_or(false)
    }

    pub(super) fn within(&mut self, text: Option<&Open<Duration>>) -> Within {
        Within::Given(self.setting(text).unwrap_or_else(|| self.defaults.within.clone()))
    }

    /// As long as all steps inside may take together, unless something is said.
    pub(super) fn own_within(&mut self, text: Option<&Open<Duration>>) -> Within {
        self.setting(text).map_or(Within::Own, Within::Given)
    }

    /// Those of a group start at the same time.
    fn start_step(&mut self, targets: &RawTargets, steps: &mut Vec<Step>) {
        let within = self.own_within(targets.within.as_ref());
        for (name, ids) in self.each_of(&targets.names).into_iter().flatten() {
            let mut step = self.start_together(&ids);
            set_within(&mut step, &within);
            step.place = self.place(name.span);
            step.span = name.span;
            if let Action::Parallel(branches) = &mut step.action {
                branches.iter_mut().flatten().for_each(|inner| inner.span = name.span);
            }
            steps.push(step);
        }
    }

    /// The same for each of several processes.
    fn each(
        &mut self,
        targets: &RawTargets,
        actions: &[Action],
        verb: &str,
        steps: &mut Vec<Step>,
    ) {
        let within = self.own_within(targets.within.as_ref());
        for (name, ids) in self.each_of(&targets.names).into_iter().flatten() {
            for id in ids {
                let person = self.cast.person(id);
                let text = format!("{verb}: {}", person.name);
                for action in actions {
                    steps.push(Step {
                        action: action.clone().about(id),
                        within: within.clone(),
                        optional: false,
                        member: person.member,
                        place: self.place(name.span),
                        span: name.span,
                        text: text.clone(),
                    });
                }
            }
        }
    }

    fn each_host(
        &mut self,
        raw: &RawStep,
        hosts: &[Text],
        fault: impl Fn(String) -> Fault,
        steps: &mut Vec<Step>,
    ) {
        for name in hosts {
            let Some(host) = self.host(Some(name)) else { continue };
            let frame = Frame { named: Some(name), ..self.default_frame() };
            let step = self.placed(raw, Action::Fault(fault(host)), frame);
            steps.push(step);
        }
    }
}

/// For a start, that of each member of a group.
fn set_within(step: &mut Step, within: &Within) {
    if let Action::Parallel(branches) = &mut step.action {
        branches.iter_mut().flatten().for_each(|inner| inner.within = within.clone());
    }
    step.within = within.clone();
}

//! Steps, those of dialogues included.

use super::Checker;
use super::processes::Owner;
use crate::codes::Code;
use crate::decode::{Maybe, Record};
use crate::diagnostic::Diagnostic;
use crate::dialogue::{self, Direction, LineError, Speech};
use crate::interpolate::Draft;
use crate::model::{Action, Status, Step, Within};
use crate::patterns;
use crate::plan::ProcessId;
use crate::raw::{
    RawExec, RawExit, RawExpect, RawLinkChange, RawSend, RawSignal, RawSilence, RawStep, RawVerb,
};
use crate::source::Span;
use crate::suggest;
use crate::text::{Style, Text};
use crate::values::KeyByte;
use crate::wording;

/// A step and where its process is named.
pub(super) struct Placed {
    pub(super) step: Step,
    pub(super) span: Span,
}

impl Checker<'_> {
    /// All steps, with starts for all processes before them if there are none.
    /// The second value is whether those starts were written.
    pub(super) fn steps(&mut self, raw: Option<&Maybe<Vec<RawStep>>>) -> (Vec<Placed>, bool) {
        let raw = raw.and_then(|steps| steps.0.as_deref()).unwrap_or_default();
        let starts_itself = raw.iter().any(|step| matches!(step.verb, Some(RawVerb::Start(_))));
        let mut steps = Vec::new();
        if !starts_itself {
            steps.extend(self.starts_of_all());
        }
        for step in raw {
            if self.sink.is_full() {
                break;
            }
            if let Some(verb) = &step.verb {
                self.step(step, verb, &mut steps);
            }
        }
        (steps, starts_itself)
    }

    /// In the order of the file, also those that are wrong in themselves.
    fn starts_of_all(&self) -> Vec<Placed> {
        let start = |(id, (name, span)): (usize, &(String, Span))| {
            let (action, place) = (Action::Start(ProcessId(id)), self.place(*span));
            let step = Step { action, within: Within::Own, place, text: format!("start: {name}") };
            Placed { step, span: *span }
        };
        self.names.iter().enumerate().map(start).collect()
    }

    fn step(&mut self, raw: &RawStep, verb: &RawVerb, steps: &mut Vec<Placed>) {
        let (action, within, named) = match verb {
            RawVerb::Start(names) => {
                return self.each(raw, &names.0, "start", Action::Start, steps);
            }
            RawVerb::Stop(names) => return self.each(raw, &names.0, "stop", Action::Stop, steps),
            RawVerb::Dialogue(text) => return self.dialogue(text, steps),
            RawVerb::Send(send) => {
                (self.send(send), self.within(send.within.as_ref()), send.to.as_ref())
            }
            RawVerb::Expect(expect) => {
                (self.expect(expect), self.within(expect.within.as_ref()), expect.from.as_ref())
            }
            RawVerb::Silence(silence) => {
                (self.silence(silence), Within::Own, silence.from.as_ref())
            }
            RawVerb::Exec(exec) => {
                (self.exec(exec), self.within(exec.within.as_ref()), exec.host.as_ref())
            }
            RawVerb::Signal(signal) => (self.signal(signal), self.within(None), signal.to.as_ref()),
            RawVerb::Exit(exit) => {
                (self.exit(exit), self.within(exit.within.as_ref()), exit.of.as_ref())
            }
            RawVerb::Wait(lasting) => {
                (self.setting(Some(lasting)).map(Action::Wait), Within::Own, Some(lasting))
            }
            RawVerb::Link(link) => (self.link(link), self.within(None), None),
        };
        let Some(action) = action else { return };
        let place = self.place(raw.node.span);
        let text = wording::step(&raw.node, self.text);
        let span = named.map_or(raw.node.head, |named| named.span);
        steps.push(Placed { step: Step { action, within, place, text }, span });
    }

    /// One step for each of several processes.
    fn each(
        &mut self,
        raw: &RawStep,
        names: &[Text],
        verb: &str,
        action: impl Fn(ProcessId) -> Action,
        steps: &mut Vec<Placed>,
    ) {
        if names.is_empty() {
            let message = format!("`{verb}` names no process");
            self.sink.report(Diagnostic::new(Code::EmptyValue, raw.node.head, message));
        }
        for name in names {
            let Some(id) = self.process(Some(name)) else { continue };
            let place = self.place(name.span);
            let text = format!("{verb}: {}", name.value);
            let step = Step { action: action(id), within: Within::Own, place, text };
            steps.push(Placed { step, span: name.span });
        }
    }

    fn within(&mut self, text: Option<&Text>) -> Within {
        Within::Given(self.setting(text).unwrap_or_else(|| self.defaults.within.clone()))
    }

    fn dialogue(&mut self, text: &Text, steps: &mut Vec<Placed>) {
        if text.style != Style::Literal && self.is_on_several_lines(text.span) {
            self.sink.report(
                Diagnostic::new(
                    Code::DialogueLine,
                    text.span,
                    "the lines of this dialogue are joined into one",
                )
                .help("write `dialogue: |`: only that keeps line ends"),
            );
            return;
        }
        let lines = dialogue::lines(&text.value);
        if lines.is_empty() {
            let message = "a dialogue without lines";
            self.sink.report(Diagnostic::new(Code::EmptyValue, text.span, message));
        }
        for line in lines {
            if self.sink.is_full() {
                break;
            }
            let span = text.span_of(line.all.clone());
            let speech = match line.content {
                Ok(speech) => speech,
                Err(error) => {
                    self.dialogue_error(error, span);
                    continue;
                }
            };
            let who = &text.value[speech.who.clone()];
            let who_span = text.span_of(speech.who.clone());
            let process = self.process_at(who, who_span);
            let action = self.speech(text, &speech, process);
            if let Some(action) = action {
                let within = Within::Given(self.defaults.within.clone());
                let shown = text.value[line.all].to_owned();
                let step = Step { action, within, place: self.place(span), text: shown };
                steps.push(Placed { step, span: who_span });
            }
        }
    }

    fn speech(
        &mut self,
        text: &Text,
        speech: &Speech,
        process: Option<ProcessId>,
    ) -> Option<Action> {
        match speech.direction {
            Direction::Send => {
                let text = Draft::read_part(text, speech.text.clone(), &self.scope, self.sink);
                Some(Action::Line { to: process?, text })
            }
            Direction::Expect => {
                let output = patterns::read_part(text, speech.text.clone(), &self.scope, self.sink);
                Some(Action::Expect { from: process?, output: output? })
            }
        }
    }

    fn is_on_several_lines(&self, span: Span) -> bool {
        self.text.get(span.start..span.end).is_some_and(|text| text.contains('\n'))
    }

    fn dialogue_error(&mut self, error: LineError, span: Span) {
        let message = match error {
            LineError::NoMarker => "a line of a dialogue is `who> text` or `who< text`",
            LineError::Nobody => "the line does not say whose it is",
        };
        let diagnostic = Diagnostic::new(Code::DialogueLine, span, message);
        self.sink.report(diagnostic.help(
            "`alice> hello` types a line, `alice< hello` waits for output, `#` begins a comment",
        ));
    }

    fn send(&mut self, raw: &RawSend) -> Option<Action> {
        let to = self.process(raw.to.as_ref());
        let given: Vec<&Text> =
            [&raw.line, &raw.text, &raw.key, &raw.eof].into_iter().flatten().collect();
        match given.as_slice() {
            [] if !raw.is_whole() => return None,
            [] => {
                self.sink.report(
                    Diagnostic::new(Code::MissingKey, raw.head(), "this `send` sends nothing").help(
                        "say what: `line: TEXT` (with Enter), `text: TEXT` (without), `key: ^C` or `eof: true`",
                    ),
                );
                return None;
            }
            [first, second, ..] => {
                self.sink.report(
                    Diagnostic::new(Code::OneVerb, second.span, "a `send` sends one thing")
                        .secondary(first.span, "another is given here"),
                );
                return None;
            }
            [_] => {}
        }
        if let Some(line) = &raw.line {
            let text = self.line(line);
            return Some(Action::Line { to: to?, text });
        }
        if let Some(text) = &raw.text {
            let text = Draft::read(text, &self.scope, self.sink);
            return Some(Action::Text { to: to?, text });
        }
        if raw.key.is_some() {
            let key: KeyByte = self.value(raw.key.as_ref())?;
            return Some(Action::Key { to: to?, key: key.0 });
        }
        if !self.value::<bool>(raw.eof.as_ref())? {
            let message = "`eof: false` sends nothing";
            self.sink.report(Diagnostic::new(Code::EmptyValue, given[0].span, message));
            return None;
        }
        Some(Action::Eof { to: to? })
    }

    /// The line end that a block text has at its end is the Enter that is
    /// typed anyway.
    fn line(&mut self, line: &Text) -> Draft {
        let end = match line.style {
            Style::Literal | Style::Folded => {
                line.value.strip_suffix('\n').unwrap_or(&line.value).len()
            }
            _ => line.value.len(),
        };
        Draft::read_part(line, 0..end, &self.scope, self.sink)
    }

    fn expect(&mut self, raw: &RawExpect) -> Option<Action> {
        let from = self.process(raw.from.as_ref());
        let output = raw.output.as_ref();
        let output = output.and_then(|output| patterns::read(output, &self.scope, self.sink));
        Some(Action::Expect { from: from?, output: output? })
    }

    fn silence(&mut self, raw: &RawSilence) -> Option<Action> {
        let from = self.process(raw.from.as_ref());
        let lasting = self.setting(raw.lasting.as_ref());
        let output = match &raw.output {
            Some(output) => Some(patterns::read(output, &self.scope, self.sink)?),
            None => None,
        };
        Some(Action::Silence { from: from?, output, lasting: lasting? })
    }

    fn exec(&mut self, raw: &RawExec) -> Option<Action> {
        let host = self.host(raw.host.as_ref());
        let owner = Owner { span: raw.head(), what: "an `exec`", is_whole: raw.is_whole() };
        let command = self.command(raw.run.as_ref(), raw.shell.as_ref(), &owner);
        let exit = match &raw.exit {
            Some(_) => self.setting(raw.exit.as_ref())?,
            None => crate::model::Setting::Known(crate::values::Whole(0)),
        };
        let output = match &raw.output {
            Some(output) => Some(patterns::read(output, &self.scope, self.sink)?),
            None => None,
        };
        Some(Action::Exec { host: host?, command: command?, exit, output })
    }

    fn signal(&mut self, raw: &RawSignal) -> Option<Action> {
        let to = self.process(raw.to.as_ref());
        let signal = self.value(raw.signal.as_ref());
        Some(Action::Signal { to: to?, signal: signal? })
    }

    fn exit(&mut self, raw: &RawExit) -> Option<Action> {
        let of = self.process(raw.of.as_ref());
        let status = self.status(raw)?;
        Some(Action::Exit { of: of?, status })
    }

    /// How a process must end: by a code or by a signal, if anything is said.
    /// `None` if what is said is wrong.
    pub(super) fn status(&mut self, raw: &RawExit) -> Option<Option<Status>> {
        match (&raw.code, &raw.signal) {
            (Some(code), Some(signal)) => {
                let message = "a process ends by a code or by a signal, not by both";
                self.sink.report(
                    Diagnostic::new(Code::Contradiction, signal.span, message)
                        .secondary(code.span, "the code is given here"),
                );
                None
            }
            (Some(_), None) => self.setting(raw.code.as_ref()).map(|code| Some(Status::Code(code))),
            (None, Some(_)) => {
                self.value(raw.signal.as_ref()).map(|signal| Some(Status::Signal(signal)))
            }
            (None, None) => Some(None),
        }
    }

    fn link(&mut self, raw: &RawLinkChange) -> Option<Action> {
        let state = self.value(raw.state.as_ref());
        let between = raw.between.as_ref()?;
        let [a, b] = between.as_slice() else {
            let span = raw.head();
            let message = format!("a link is between two nodes, not {}", between.len());
            self.sink.report(
                Diagnostic::new(Code::WrongType, span, message).help("write `between: [h2, s1]`"),
            );
            return None;
        };
        if let Some(network) = self.scope.network {
            let mut known = true;
            for end in [a, b] {
                if network.node(&end.value).is_none() {
                    known = false;
                    let names = network.nodes.iter().map(|node| node.name.as_str());
                    let help = suggest::help(&end.value, names, "hosts and switches");
                    let message = format!("there is no host or switch `{}`", end.value);
                    self.sink.report(
                        Diagnostic::new(Code::UnknownHost, end.span, message).maybe_help(help),
                    );
                }
            }
            if known && network.links_between(&a.value, &b.value).is_empty() {
                self.no_link(a, b, network);
                return None;
            }
            if !known {
                return None;
            }
        }
        Some(Action::Link { between: [a.value.clone(), b.value.clone()], state: state? })
    }

    fn no_link(&mut self, a: &Text, b: &Text, network: &crate::topology::Network) {
        let neighbours = network.links.iter().filter_map(|link| {
            let (from, to) = (&network.nodes[link.a.node].name, &network.nodes[link.b.node].name);
            match () {
                () if *from == a.value => Some(to.as_str()),
                () if *to == a.value => Some(from.as_str()),
                () => None,
            }
        });
        let neighbours: Vec<&str> = neighbours.take(8).collect();
        let message = format!("no link joins `{}` and `{}`", a.value, b.value);
        let diagnostic = Diagnostic::new(Code::NoLink, a.span.to(b.span), message);
        self.sink.report(if neighbours.is_empty() {
            diagnostic.help(format!("`{}` has no links", a.value))
        } else {
            diagnostic.help(format!("`{}` is linked to {}", a.value, suggest::list(&neighbours)))
        });
    }
}

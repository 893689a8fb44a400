//! Steps that type, listen and run things.

use super::Checker;
use super::processes::Owner;
use crate::codes::Code;
use crate::decode::{OneOrMany, Record};
use crate::diagnostic::Diagnostic;
use crate::interpolate::Draft;
use crate::model::{Action, Exec, Setting, Status};
use crate::patterns::{self, PatternDraft};
use crate::plan::ProcessId;
use crate::raw::{RawExec, RawExit, RawExpect, RawSend, RawSignal, RawSilence};
use crate::text::{Style, Text};
use crate::values::Whole;

/// Stands for the process of a step until it is known which that is.
pub(super) const SOMEBODY: ProcessId = ProcessId(0);

impl Checker<'_> {
    pub(super) fn send(&mut self, raw: &RawSend) -> Option<Action> {
        let keys = [raw.line.as_ref(), raw.text.as_ref(), raw.key.as_deref(), raw.eof.as_deref()];
        let given: Vec<&Text> = keys.into_iter().flatten().collect();
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
        let to = SOMEBODY;
        if let Some(line) = &raw.line {
            let text = self.line(line);
            return Some(Action::Line { to, text });
        }
        if let Some(text) = &raw.text {
            let text = Draft::read(text, &self.scope, self.sink);
            return Some(Action::Text { to, text });
        }
        if raw.key.is_some() {
            let key = self.value(raw.key.as_ref())?;
            return Some(Action::Key { to, key: key.0 });
        }
        if !self.value(raw.eof.as_ref())? {
            let message = "`eof: false` sends nothing";
            self.sink.report(Diagnostic::new(Code::EmptyValue, given[0].span, message));
            return None;
        }
        Some(Action::Eof { to })
    }

    /// The line end that a block text has at its end is the Enter that is
    /// typed anyway.
    pub(super) fn line(&mut self, line: &Text) -> Draft {
        let end = match line.style {
            Style::Literal | Style::Folded => {
                line.value.strip_suffix('\n').unwrap_or(&line.value).len()
            }
            _ => line.value.len(),
        };
        Draft::read_part(line, 0..end, &self.scope, self.sink)
    }

    pub(super) fn expect(&mut self, raw: &RawExpect) -> Option<Action> {
        let output = raw.output.as_ref();
        let output = output.and_then(|output| patterns::read(output, &self.scope, self.sink));
        let without = raw.without.iter().flat_map(|list| &list.0);
        let without: Vec<_> =
            without.map(|text| patterns::read(text, &self.scope, self.sink)).collect();
        let save = self.save(raw.save.as_ref(), output.as_ref(), raw.output.as_ref());
        let without = without.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Action::Expect { from: SOMEBODY, output: output?, without, save })
    }

    /// Names for what an expression finds.
    fn save(
        &mut self,
        names: Option<&OneOrMany<Text>>,
        pattern: Option<&PatternDraft>,
        written: Option<&Text>,
    ) -> Vec<String> {
        let Some(OneOrMany(names)) = names else { return Vec::new() };
        let saved: Vec<String> = names.iter().map(|name| name.value.clone()).collect();
        self.scope.saved.borrow_mut().extend(saved.iter().cloned());
        let (Some(first), Some(written)) = (names.first(), written) else { return saved };
        let Some(pattern) = pattern else { return saved };
        let span = names.last().map_or(first.span, |last| first.span.to(last.span));
        let groups = match pattern {
            PatternDraft::Literal(_) => {
                let message = "this text is known before: there is nothing to save";
                self.sink.report(
                    Diagnostic::new(Code::Contradiction, written.span, message)
                        .secondary(span, "to be saved as this")
                        .help("look for a `/regular expression/`, with `(…)` around what is saved"),
                );
                return saved;
            }
            PatternDraft::Regex(_) => patterns::groups(pattern),
        };
        let Some(groups) = groups else { return saved };
        if names.len() != groups.max(1) {
            let message = match groups {
                0 | 1 => "the expression finds one thing to save".to_owned(),
                _ => format!("the expression has {groups} groups `(…)` to save"),
            };
            self.sink.report(
                Diagnostic::new(Code::Contradiction, span, message)
                    .label(format!("the number of names here is {}", names.len()))
                    .secondary(written.span, "the expression")
                    .help("write `(?:…)` for a group that is not to be saved"),
            );
        }
        saved
    }

    pub(super) fn silence(&mut self, raw: &RawSilence) -> Option<Action> {
        let lasting = self.setting(raw.lasting.as_ref());
        let output = match &raw.output {
            Some(output) => Some(patterns::read(output, &self.scope, self.sink)?),
            None => None,
        };
        Some(Action::Silence { from: SOMEBODY, output, lasting: lasting? })
    }

    pub(super) fn exec(&mut self, raw: &RawExec) -> Option<Action> {
        let host = self.host(raw.host.as_ref());
        let owner = Owner { span: raw.head(), what: "an `exec`", is_whole: raw.is_whole() };
        let command = self.command(raw.run.as_ref(), raw.shell.as_ref(), &owner);
        let exit = match &raw.exit {
            Some(_) => self.setting(raw.exit.as_ref())?,
            None => Setting::Known(Whole(0)),
        };
        let output = match &raw.output {
            Some(output) => Some(patterns::read(output, &self.scope, self.sink)?),
            None => None,
        };
        let save = match &output {
            Some(_) => self.save(raw.save.as_ref(), output.as_ref(), raw.output.as_ref()),
            None => self.save_all(raw),
        };
        Some(Action::Exec(Exec { host: host?, command: command?, exit, output, save }))
    }

    /// Without an expression, all of the output has one name.
    fn save_all(&mut self, raw: &RawExec) -> Vec<String> {
        let save = self.save(raw.save.as_ref(), None, None);
        if let Some(OneOrMany(names)) = &raw.save
            && let [_, second, ..] = names.as_slice()
        {
            let message = "all of the output is one thing to save";
            self.sink.report(
                Diagnostic::new(Code::Contradiction, second.span, message)
                    .help("add `output: /…/` with a group `(…)` for each name"),
            );
        }
        save
    }

    pub(super) fn signal(&mut self, raw: &RawSignal) -> Option<Action> {
        let signal = self.value(raw.signal.as_ref());
        Some(Action::Signal { to: SOMEBODY, signal: signal? })
    }

    pub(super) fn exit(&mut self, raw: &RawExit) -> Option<Action> {
        let status = self.status(raw)?;
        Some(Action::Exit { of: SOMEBODY, status })
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
}

//! `ask`: typing a line until its answer is as it should be.

use super::Checker;
use super::talk::SOMEBODY;
use crate::answer::{Claim, Wanted};
use crate::codes::Code;
use crate::decode::{Named, Record as _};
use crate::diagnostic::Diagnostic;
use crate::interpolate::Draft;
use crate::model::{Action, AnswerDraft};
use crate::patterns;
use crate::raw::RawAsk;
use crate::source::Span;
use crate::text::{Style, Text};
use crate::yaml::{Node, Value};

impl Checker<'_> {
    pub(super) fn ask(&mut self, raw: &RawAsk) -> Option<Action> {
        let line = raw.line.as_ref().map(|line| self.line(line));
        let answer = match (&raw.json, &raw.output) {
            (Some(json), None) => Some(AnswerDraft::Json(self.claims(json, raw.head()))),
            (None, Some(output)) => {
                patterns::read(output, &self.scope, self.sink).map(AnswerDraft::Output)
            }
            (Some(_), Some(output)) => {
                let message = "an `ask` waits for one kind of answer";
                self.sink.report(
                    Diagnostic::new(Code::OneVerb, output.span, message)
                        .help("leave out `json` or `output`"),
                );
                None
            }
            (None, None) => {
                if raw.is_whole() {
                    let message = "this `ask` waits for no answer";
                    self.sink.report(Diagnostic::new(Code::MissingKey, raw.head(), message).help(
                        "say which: `json: {PATH: VALUE}` or `output: PATTERN`; \
                         to type without an answer, use `send`",
                    ));
                }
                None
            }
        };
        let every = self.setting(raw.every.as_ref());
        Some(Action::Ask { of: SOMEBODY, line: line?, answer: answer?, every })
    }

    /// What an answer in JSON must say.
    fn claims(&mut self, json: &Named<Node>, head: Span) -> Vec<Claim<Draft>> {
        if json.0.is_empty() {
            let message = "this `ask` says nothing of the answer";
            self.sink.report(
                Diagnostic::new(Code::EmptyValue, head, message)
                    .help("say what must stand where, such as `users.*.id: [1, 2]`"),
            );
        }
        let mut claims = Vec::with_capacity(json.0.len());
        for (key, node) in &json.0 {
            let wanted = node.as_ref().map(|node| self.wanted(node));
            if let (Some(path), Some(wanted)) = (self.path(key), wanted) {
                claims.push(Claim { path, wanted });
            }
        }
        claims
    }

    fn path(&mut self, key: &Text) -> Option<Vec<String>> {
        let parts: Vec<String> = key.value.split('.').map(str::to_owned).collect();
        if parts.iter().any(String::is_empty) {
            let message = format!("`{}` is no path", key.value);
            self.sink.report(
                Diagnostic::new(Code::BadName, key.span, message)
                    .help("a path is keys joined by dots, with `*` for each item of a list"),
            );
            return None;
        }
        Some(parts)
    }

    fn wanted(&mut self, node: &Node) -> Wanted<Draft> {
        match &node.value {
            Value::Null => Wanted::Null,
            Value::Scalar(text) => {
                let draft = Draft::read(text, &self.scope, self.sink);
                match text.style {
                    Style::Plain => Wanted::Plain(draft),
                    _ => Wanted::Text(draft),
                }
            }
            Value::List(items) => Wanted::List(self.all_wanted(items)),
            Value::Map(entries) => match entries.as_slice() {
                [only] if only.key.value == "contains" => match &only.node.value {
                    Value::List(items) => Wanted::Contains(self.all_wanted(items)),
                    _ => {
                        let message = "`contains` needs a list";
                        let span = only.node.head;
                        self.sink.report(Diagnostic::new(Code::WrongType, span, message));
                        Wanted::Null
                    }
                },
                _ => Wanted::Map(
                    entries
                        .iter()
                        .map(|entry| (entry.key.value.clone(), self.wanted(&entry.node)))
                        .collect(),
                ),
            },
        }
    }

    fn all_wanted(&mut self, items: &[Node]) -> Vec<Wanted<Draft>> {
        items.iter().map(|item| self.wanted(item)).collect()
    }
}

//! Dialogues: each line is a step.

use super::Checker;
use super::talk::SOMEBODY;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::dialogue::{self, Direction, Line, LineError, Speech};
use crate::interpolate::Draft;
use crate::model::{Action, Step, Within};
use crate::patterns::{self, PatternDraft};
use crate::plan::ProcessId;
use crate::raw::RawDialogue;
use crate::source::Span;
use crate::text::{Style, Text};
use crate::values::{FromText as _, KeyByte};

/// What Ctrl-D is on a terminal; in a dialogue it ends the input of any process.
const CTRL_D: u8 = 4;

/// What may not come out before the next line of a process.
struct Forbidden {
    of: ProcessId,
    patterns: Vec<PatternDraft>,
    /// The first such line.
    span: Span,
}

impl Checker<'_> {
    pub(super) fn dialogue(&mut self, raw: &RawDialogue, steps: &mut Vec<Step>) {
        let text = &raw.lines;
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
        let within = self.within(raw.within.as_ref());
        let lines = dialogue::lines(&text.value);
        if lines.is_empty() {
            let message = "a dialogue without lines";
            self.sink.report(Diagnostic::new(Code::EmptyValue, text.span, message));
        }
        let mut forbidden: Vec<Forbidden> = Vec::new();
        for line in lines {
            if self.sink.is_full() {
                break;
            }
            self.dialogue_line(text, line, &within, &mut forbidden, steps);
        }
        // Once for each line, whoever of a group it is about.
        forbidden.dedup_by_key(|forbidden| forbidden.span);
        for Forbidden { of, span, .. } in forbidden {
            let name = &self.cast.person(of).name;
            let message = format!("no `{name}<` line follows in this dialogue");
            self.sink.report(
                Diagnostic::new(Code::NothingBetween, span, message)
                    .help("`!<` says what may not come before the next line that comes: add that line, or use `silence`"),
            );
        }
    }

    fn dialogue_line(
        &mut self,
        text: &Text,
        line: Line,
        within: &Within,
        forbidden: &mut Vec<Forbidden>,
        steps: &mut Vec<Step>,
    ) {
        let span = text.span_of(line.all.clone());
        let speech = match line.content {
            Ok(speech) => speech,
            Err(error) => return self.dialogue_error(error, span),
        };
        let who_span = text.span_of(speech.who.clone());
        let targets = self.targets_at(&text.value[speech.who.clone()], who_span);
        let numbered = targets.as_ref().is_some_and(|targets| targets.numbered);
        let said = self.with_number(numbered, |checker| checker.speech(text, &speech));
        let (Some(targets), Some(said)) = (targets, said) else { return };
        for id in targets.ids {
            let action = match &said {
                Said::Never(pattern) => {
                    match forbidden.iter_mut().find(|forbidden| forbidden.of == id) {
                        Some(forbidden) => forbidden.patterns.push(pattern.clone()),
                        None => forbidden.push(Forbidden {
                            of: id,
                            patterns: vec![pattern.clone()],
                            span,
                        }),
                    }
                    continue;
                }
                Said::Expect(output) => {
                    let at = forbidden.iter().position(|forbidden| forbidden.of == id);
                    let without = at.map(|at| forbidden.remove(at).patterns).unwrap_or_default();
                    Action::Expect { from: id, output: output.clone(), without, save: Vec::new() }
                }
                Said::Typed(action) => action.clone().about(id),
            };
            steps.push(Step {
                action,
                within: within.clone(),
                optional: false,
                member: self.cast.person(id).member,
                place: self.place(span),
                span: who_span,
                text: shown(&text.value[line.all.clone()]),
            });
        }
    }

    fn speech(&mut self, text: &Text, speech: &Speech) -> Option<Said> {
        let (scope, sink) = (&self.scope, &mut *self.sink);
        match (speech.direction, speech.text.as_slice()) {
            (Direction::Send, parts) => {
                if let [part] = parts
                    && let Some(action) = key(&text.value[part.clone()])
                {
                    return Some(Said::Typed(action));
                }
                let lines =
                    parts.iter().map(|part| Draft::read_part(text, part.clone(), scope, sink));
                let text = Draft::lines(lines.collect());
                Some(Said::Typed(Action::Line { to: SOMEBODY, text }))
            }
            (Direction::Expect, [part]) => {
                patterns::read_part(text, part.clone(), scope, sink).map(Said::Expect)
            }
            (Direction::Never, [part]) => {
                patterns::read_part(text, part.clone(), scope, sink).map(Said::Never)
            }
            (direction, parts) => {
                if let Some(part) = parts.iter().find(|part| is_regex(&text.value[(*part).clone()]))
                {
                    let span = text.span_of(part.clone());
                    let message = "a regular expression among several lines";
                    sink.report(
                        Diagnostic::new(Code::DialogueLine, span, message)
                            .help("only literal text goes on over lines; `\\n` matches a line end"),
                    );
                    return None;
                }
                let lines = patterns::read_lines(text, parts, scope, sink);
                Some(match direction {
                    Direction::Never => Said::Never(lines),
                    Direction::Send | Direction::Expect => Said::Expect(lines),
                })
            }
        }
    }

    fn is_on_several_lines(&self, span: Span) -> bool {
        self.text.get(span.start..span.end).is_some_and(|text| text.contains('\n'))
    }

    fn dialogue_error(&mut self, error: LineError, span: Span) {
        let message = match error {
            LineError::NoMarker => "a line of a dialogue is `who> text` or `who< text`",
            LineError::Nobody => {
                "the line does not say whose it is, nor does it go on with the one above"
            }
        };
        let diagnostic = Diagnostic::new(Code::DialogueLine, span, message);
        self.sink.report(diagnostic.help(
            "`alice> hello` types a line, `alice< hello` waits for output, `alice!< error` forbids it, `#` begins a comment",
        ));
    }
}

/// What a line of a dialogue means.
enum Said {
    Typed(Action),
    Expect(PatternDraft),
    Never(PatternDraft),
}

/// A text that is nothing but `^C` or the like is a key.
fn key(text: &str) -> Option<Action> {
    if !(text.starts_with('^') && text.len() == 2) {
        return None;
    }
    let KeyByte(key) = KeyByte::from_text(text).ok()?;
    Some(match key {
        CTRL_D => Action::Eof { to: SOMEBODY },
        _ => Action::Key { to: SOMEBODY, key },
    })
}

fn is_regex(text: &str) -> bool {
    text.len() > 1 && text.starts_with('/') && text.ends_with('/')
}

/// In one line, whatever goes on below.
fn shown(written: &str) -> String {
    let lines: Vec<&str> = written.lines().map(str::trim).collect();
    lines.join(" ⏎ ")
}

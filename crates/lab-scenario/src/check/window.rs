//! The part of a run that a check looks at, between moments that steps name.

use std::time::Duration;

use super::Checker;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::model::{Setting, Window};
use crate::raw::Edges;
use crate::source::Span;
use crate::suggest;
use crate::text::Text;

/// What a step `label` names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Where.
    pub(super) span: Span,
    /// The step of the scenario that it is, or is inside of, by number.
    pub(super) step: usize,
}

impl Checker<'_> {
    pub(super) fn window(&mut self, edges: &Edges<'_>) -> Window {
        let (mut after, mut before) = (edges.after, edges.before);
        if let Some(between) = edges.between {
            let other = edges.after.or(edges.before);
            match (between.value.as_slice(), other) {
                ([from, to], None) => (after, before) = (Some(from), Some(to)),
                (_, Some(other)) => {
                    let message = "`between` says both ends already";
                    self.sink.report(Diagnostic::new(Code::Contradiction, other.span, message));
                }
                (labels, None) => {
                    let span = labels.first().map_or(between.head, |label| label.span);
                    let message = format!("a window is between two labels, not {}", labels.len());
                    self.sink.report(
                        Diagnostic::new(Code::WrongType, span, message)
                            .help("write `between: [cut, healed]`"),
                    );
                }
            }
        }
        if let (Some(within), None) = (edges.within, after) {
            let message = "`within` of a check counts from a label";
            self.sink.report(
                Diagnostic::new(Code::Contradiction, within.span, message)
                    .help("add `after: LABEL`"),
            );
        }
        if let (Some(from), Some(to)) = (after, before) {
            self.refuse_no_time(from, to);
        }
        let lasting = self.setting(edges.within);
        if let (Some(Setting::Known(Duration::ZERO)), Some(within)) = (&lasting, edges.within) {
            let message = "a window of no time: nothing happens in it";
            self.sink.report(Diagnostic::new(Code::Contradiction, within.span, message));
        }
        Window {
            after: after.and_then(|label| self.label(label)),
            before: before.and_then(|label| self.label(label)),
            lasting,
        }
    }

    /// Between a moment and itself, or one before it, nothing happens. Which of two is first
    /// is known of steps that follow each other, but not inside of one step.
    fn refuse_no_time(&mut self, from: &Text, to: &Text) {
        let span = to.span;
        if from.value == to.value {
            let message = format!("nothing happens between `{}` and itself", from.value);
            self.sink.report(Diagnostic::new(Code::Contradiction, span, message));
            return;
        }
        let moment = |label: &Text| self.labels.get(&label.value).copied();
        if let (Some(start), Some(end)) = (moment(from), moment(to))
            && end.step < start.step
        {
            let message = format!("`{}` comes before `{}`", to.value, from.value);
            self.sink.report(
                Diagnostic::new(Code::Contradiction, span, message)
                    .secondary(end.span, "this is first")
                    .secondary(start.span, "then this")
                    .help(format!("write `between: [{}, {}]`", to.value, from.value)),
            );
        }
    }

    fn label(&mut self, label: &Text) -> Option<String> {
        if self.labels.contains_key(&label.value) {
            return Some(label.value.clone());
        }
        let mut known: Vec<&str> = self.labels.keys().map(String::as_str).collect();
        known.sort_unstable();
        let help = match known.is_empty() {
            true => Some(format!("name the moment by a step: `- label: {}`", label.value)),
            false => suggest::help(&label.value, known, "labels"),
        };
        let message = format!("there is no label `{}`", label.value);
        self.sink.report(Diagnostic::new(Code::UnknownLabel, label.span, message).maybe_help(help));
        None
    }
}

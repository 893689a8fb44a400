//! The part of a run that a check looks at, between moments that steps name.

use super::Checker;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::model::Window;
use crate::raw::Edges;
use crate::suggest;
use crate::text::Text;

impl Checker<'_> {
    pub(super) fn window(&mut self, edges: &Edges<'_>) -> Window {
        let (mut after, mut before) = (edges.after, edges.before);
        if let Some(between) = edges.between {
            let other = edges.after.or(edges.before);
            match (between, other) {
                ([from, to], None) => (after, before) = (Some(from), Some(to)),
                (_, Some(other)) => {
                    let message = "`between` says both ends already";
                    self.sink.report(Diagnostic::new(Code::Contradiction, other.span, message));
                }
                (labels, None) => {
                    let span = labels.first().map(|label| label.span).unwrap_or_default();
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
        Window {
            after: after.and_then(|label| self.label(label)),
            before: before.and_then(|label| self.label(label)),
            lasting: self.setting(edges.within),
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

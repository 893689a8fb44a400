//! `assert`: two values and a sign between them.

use std::ops::Range;

use super::Checker;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::interpolate::Draft;
use crate::model::Action;
use crate::quantity::Comparison;
use crate::source::Span;
use crate::text::Text;

impl Checker<'_> {
    /// `LEFT < RIGHT`, or another sign.
    pub(super) fn assert(&mut self, text: &Text) -> Option<Action> {
        const HELP: &str = "write it like `\"${rtt} < 50 ms\"`; the signs are < <= > >= == !=";
        let Some(Range { start: at, end: after }) = sign(&text.value) else {
            let message = "nothing is compared here";
            self.sink.report(Diagnostic::new(Code::Comparison, text.span, message).help(HELP));
            return None;
        };
        let sign = &text.value[at..after];
        let known = Comparison::SIGNS.iter().find(|(known, _)| *known == sign);
        let Some((_, comparison)) = known else {
            let message = format!("`{sign}` is no sign of a comparison");
            let help = meant(sign).map(|meant| format!("did you mean `{meant}`?"));
            let help = help.unwrap_or_else(|| HELP.to_owned());
            self.sink.report(
                Diagnostic::new(Code::Comparison, text.span_of(at..after), message).help(help),
            );
            return None;
        };
        let side = |range: Range<usize>| {
            let part = &text.value[range.clone()];
            let start = range.start + (part.len() - part.trim_start().len());
            start..start + part.trim().len()
        };
        let (left, right) = (side(0..at), side(after..text.value.len()));
        for (part, which) in [(&left, "before"), (&right, "after")] {
            if part.is_empty() {
                let message = format!("nothing stands {which} the `{sign}`");
                let span: Span = text.span_of(at..after);
                self.sink.report(Diagnostic::new(Code::Comparison, span, message).help(HELP));
                return None;
            }
        }
        let left = Draft::read_part(text, left, &self.scope, self.sink);
        let right = Draft::read_part(text, right, &self.scope, self.sink);
        if left.known().is_some() && right.known().is_some() {
            let message = "this compares what is known before";
            self.sink.report(
                Diagnostic::new(Code::Comparison, text.span, message)
                    .help("compare something that the run brings: `${…}` with a saved value"),
            );
        }
        Some(Action::Assert { left, comparison: *comparison, right })
    }
}

/// Where the first sign of a comparison is, or what was written for one: characters of signs
/// with a sign among them.
fn sign(text: &str) -> Option<Range<usize>> {
    let is_of_sign = |c: char| matches!(c, '<' | '>' | '=' | '!');
    let mut at = 0;
    while let Some(found) = text[at..].find(is_of_sign) {
        let start = at + found;
        let length = text[start..].find(|c| !is_of_sign(c)).unwrap_or(text.len() - start);
        at = start + length;
        if Comparison::SIGNS.iter().any(|(sign, _)| text[start..at].contains(sign)) {
            return Some(start..at);
        }
    }
    None
}

/// The sign for one of another language.
fn meant(written: &str) -> Option<&'static str> {
    Some(match written {
        "===" => "==",
        "!==" | "<>" | "=!=" => "!=",
        "=>" | ">==" => ">=",
        "=<" | "<==" => "<=",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs() {
        let table = [
            ("${a} < 5", Some("<")),
            ("${a}<=5", Some("<=")),
            ("a=b == ${c}", Some("==")),
            ("wow! != ${c}", Some("!=")),
            ("${n} === 5", Some("===")),
            ("${n} !== 5", Some("!==")),
            ("${n} => 5", Some("=>")),
            ("${n} =< 5", Some("=<")),
            ("${n} = 5", None),
            ("${n}", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(sign(text).map(|range| &text[range]), expected, "{text}");
        }
        assert_eq!(
            ["===", "!==", "=>", "=<", "<<"].map(meant),
            [Some("=="), Some("!="), Some(">="), Some("<="), None]
        );
    }
}

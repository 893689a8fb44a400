//! `/error/i`, as other languages write an expression and its flags: here that would be a
//! literal text.

use std::ops::Range;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::text::Text;

/// What may stand behind the last slash in other languages.
const FLAGS: &str = "imsgux";
/// Those that mean something here, and are not so anyway.
const OURS: &str = "isx";
/// What hardly stands in a literal text between slashes.
const SYNTAX: [char; 12] = ['\\', '(', ')', '[', ']', '*', '+', '?', '|', '^', '$', '{'];

/// Reports a literal text that was meant as an expression with flags: as an error if it can
/// hardly be anything else, else as a warning.
pub(super) fn refuse(text: &Text, part: Range<usize>, sink: &mut Sink) {
    let Some((expression, flags)) = split(&text.value[part.clone()]) else { return };
    let ours: String = flags.chars().filter(|flag| OURS.contains(*flag)).collect();
    let ours = if ours.is_empty() { ours } else { format!("(?{ours})") };
    let help = format!("flags stand inside of the expression: `/{ours}{expression}/`");
    let span = text.span_of(part);
    sink.report(if without_names(expression).contains(SYNTAX) {
        let message = "nothing may stand behind the last slash of a regular expression";
        let literal =
            "to look for this very text, write it as an expression, with `\\/` for each slash";
        Diagnostic::new(Code::Regex, span, message).help(help).help(literal)
    } else {
        let message = format!("this looks for the text `/{expression}/{flags}` itself");
        Diagnostic::new(Code::LooksLikeFlags, span, message).help(help)
    });
}

/// The expression and its flags, if it is written so. A slash inside, which other languages
/// have behind a backslash only, makes a path of it: `/srv/data/x`.
fn split(written: &str) -> Option<(&str, &str)> {
    let (expression, flags) = written.strip_prefix('/')?.rsplit_once('/')?;
    let is_once = |(at, flag): (usize, char)| FLAGS.contains(flag) && !flags[..at].contains(flag);
    let are_flags = (1..=4).contains(&flags.len()) && flags.char_indices().all(is_once);
    let is_path = expression.replace("\\/", "").contains('/');
    (are_flags && !is_path && !expression.is_empty()).then_some((expression, flags))
}

/// Without `${…}`, whose braces are none of the expression.
fn without_names(expression: &str) -> String {
    let mut rest = expression;
    let mut text = String::new();
    while let Some((before, behind)) = rest.split_once("${") {
        text.push_str(before);
        rest = behind.split_once('}').map_or("", |(_, behind)| behind);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_with_flags_and_paths() {
        let table = [
            ("/error/i", Some(("error", "i"))),
            ("/no such (file|user)/gi", Some(("no such (file|user)", "gi"))),
            (r"/a\/b/m", Some((r"a\/b", "m"))),
            ("/etc/passwd", None),
            ("/a/b", None),
            ("/srv/data/x", None),
            ("/home/max", None),
            ("/x/mm", None),
            ("/x/", None),
            ("//i", None),
            ("a/i", None),
            ("/i", None),
            ("", None),
        ];
        for (written, expected) in table {
            assert_eq!(split(written), expected, "{written}");
        }
    }
}

//! `labrun explain`: what is an error about, and what is to be done?

use std::fmt::Write as _;

use lab_report::theme::Theme;
use lab_scenario::Code;

use crate::exit::{Complaint, Exit};
use crate::terminal;

/// Columns of a line of prose.
const WIDTH: usize = 80;

/// Explain an error or warning by its code, with an example; without a code,
/// list all
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// As it stands in brackets after `error`, such as `E0105`
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Explains one code, or lists all.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    // The stream takes the colours out again if it has none.
    let theme = Theme::new(true);
    let text = match &args.code {
        None => list(theme)?,
        Some(code) => explain(named(code)?, theme)?,
    };
    terminal::print(&text)?;
    Ok(Exit::Pass)
}

fn named(text: &str) -> Result<Code, Complaint> {
    // So may it stand in a message: `error[E0105]`.
    let bare = text.trim_start_matches(|c| c != '[').trim_matches(['[', ']', ':']);
    let code = if bare.is_empty() { text } else { bare };
    Code::named(code).ok_or_else(|| {
        Complaint::usage(format!("there is no error or warning `{text}`"))
            .help("`labrun explain` alone lists all there are")
    })
}

fn list(theme: Theme) -> Result<String, std::fmt::Error> {
    let Theme { strong, .. } = theme;
    let mut text = String::new();
    for code in Code::ALL {
        writeln!(text, "{strong}{code}{strong:#}  {}", code.title())?;
    }
    Ok(text)
}

fn explain(code: Code, theme: Theme) -> Result<String, std::fmt::Error> {
    let Theme { strong, .. } = theme;
    let example = code.example();
    let mut text = String::new();
    writeln!(text, "{strong}{code}: {}{strong:#}\n", code.title())?;
    writeln!(text, "{}\n", folded(code.explanation()))?;
    writeln!(text, "{strong}Wrong:{strong:#}\n\n{}", indented(example.wrong))?;
    writeln!(text, "{strong}What labrun says of it:{strong:#}\n")?;
    let told = match code.is_of_imports() {
        true => lab_import::told_of(example.wrong),
        false => example.diagnostics(),
    };
    writeln!(text, "{}", indented(&told.render(true)))?;
    write!(text, "{strong}Mended:{strong:#}\n\n{}", indented(example.mended))?;
    Ok(text)
}

/// A text whose lines are no longer than people like them.
fn folded(text: &str) -> String {
    let mut folded = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 {
            let fits = width + 1 + length <= WIDTH;
            folded.push(if fits { ' ' } else { '\n' });
            width = if fits { width + 1 } else { 0 };
        }
        folded.push_str(word);
        width += length;
    }
    folded
}

/// Each line four columns to the right; empty ones stay empty.
fn indented(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".into() } else { format!("    {line}\n") };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_as_people_copy_them() {
        for text in ["E0105", "e0105", "error[E0105]", "[E0105]", "error[E0105]:"] {
            assert_eq!(named(text).map(Code::as_str).ok(), Some("E0105"), "{text}");
        }
        for text in ["E9999", "", "error", "[]", "105"] {
            assert!(named(text).is_err(), "{text}");
        }
    }

    #[test]
    fn prose_is_folded() {
        let text = "word ".repeat(40);
        let folded = folded(text.trim());
        assert!(folded.lines().all(|line| line.len() <= WIDTH));
        assert_eq!(folded.split_whitespace().count(), 40);
    }
}

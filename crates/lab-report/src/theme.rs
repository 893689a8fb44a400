//! Colours.

use anstyle::{AnsiColor, Style};
use lab_runner::event::Verdict;

/// What things look like. Write `{style}text{style:#}`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Theme {
    /// Whether there are colours at all.
    pub coloured: bool,
    /// Names and headings.
    pub strong: Style,
    /// What is of less interest.
    pub faint: Style,
    /// What is good.
    pub good: Style,
    /// What is bad.
    pub bad: Style,
    /// What asks for attention.
    pub warning: Style,
    /// Marks around quoted output.
    pub mark: Style,
}

impl Theme {
    /// With colours or without.
    #[must_use]
    pub fn new(coloured: bool) -> Self {
        if !coloured {
            return Self::default();
        }
        Self {
            coloured,
            strong: Style::new().bold(),
            faint: Style::new().dimmed(),
            good: AnsiColor::Green.on_default().bold(),
            bad: AnsiColor::Red.on_default().bold(),
            warning: AnsiColor::Yellow.on_default().bold(),
            mark: AnsiColor::Blue.on_default().bold(),
        }
    }

    /// The look of a verdict.
    #[must_use]
    pub fn verdict(&self, verdict: Verdict) -> Style {
        match verdict {
            Verdict::Pass => self.good,
            Verdict::Fail => self.bad,
            Verdict::Skipped | Verdict::Inconclusive | Verdict::Invalid => self.warning,
        }
    }
}

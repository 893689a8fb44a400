//! What is wrong with a file, and where: values, which [`crate::render`] turns
//! into text.

use std::fmt;

use crate::codes::Code;
use crate::render::{self, Report};
use crate::source::{Source, SourceId, Sources, Span};

/// How many diagnostics are shown of one file; the rest are counted.
const MOST_SHOWN: usize = 20;
/// How many are looked for: a file that is wrong throughout is not a scenario.
const MOST_KEPT: usize = 200;

/// A place and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words; may be empty.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind.
    pub code: Code,
    /// What is wrong: one lower-case sentence without a full stop.
    pub message: String,
    /// Where.
    pub primary: Label,
    /// Other places that have to do with it.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic with nothing but its message.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            primary: Label { span, text: String::new() },
            secondary: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Says something at the place itself.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Shows another place.
    #[must_use]
    pub fn secondary(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Says what to do, if that is known.
    #[must_use]
    pub fn maybe_help(mut self, text: Option<String>) -> Self {
        self.help.extend(text);
        self
    }
}

/// Where diagnostics are collected.
#[derive(Debug, Default)]
pub struct Sink {
    diagnostics: Vec<Diagnostic>,
}

impl Sink {
    /// Adds one, unless there are very many already.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        if !self.is_full() {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether there is no use in looking for more.
    pub(crate) fn is_full(&self) -> bool {
        self.diagnostics.len() >= MOST_KEPT
    }

    /// Whether something of that kind was reported.
    pub(crate) fn has(&self, code: Code) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.code == code)
    }

    /// Whether there is anything beside warnings.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| !diagnostic.code.is_warning())
    }

    /// All that was collected, with the files it is about.
    #[must_use]
    pub fn finish(self, sources: Sources) -> Diagnostics {
        Diagnostics::new(sources, self.diagnostics)
    }
}

/// All that is wrong with a file and those it refers to, in order of place.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostics {
    sources: Sources,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    fn new(sources: Sources, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by(|a, b| a.primary.span.cmp(&b.primary.span).then(a.code.cmp(&b.code)));
        // The same mistake can be met on several ways, in several variants.
        list.dedup_by(|a, b| (a.primary.span, &a.message) == (b.primary.span, &b.message));
        Self { sources, list }
    }

    /// One diagnostic about a file as a whole, or a place in it.
    pub(crate) fn single(source: Source, diagnose: impl FnOnce(SourceId) -> Diagnostic) -> Self {
        let mut sources = Sources::default();
        let id = sources.add(source);
        Self::new(sources, vec![diagnose(id)])
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many, warnings included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// How many of them are more than warnings.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|diagnostic| !diagnostic.code.is_warning()).count()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether there is anything beside warnings.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// The file that a span is in.
    #[must_use]
    pub fn source(&self, span: Span) -> &Source {
        self.sources.get(span.source)
    }

    /// As a person wants to read them: the first twenty with the lines they
    /// are about, and how many more there are. Ends with a newline.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut text = String::new();
        let renderer = render::Pictures::new(&self.sources, colour);
        for diagnostic in self.list.iter().take(MOST_SHOWN) {
            text.push_str(&renderer.render(diagnostic));
            text.push_str("\n\n");
        }
        if let Some(more) = self.list.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
            let least = if self.list.len() >= MOST_KEPT { "at least " } else { "" };
            text.push_str(&format!("… and {least}{more} more\n\n"));
        }
        text.truncate(text.trim_end().len());
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    /// As editors want to read them: values that serde writes as JSON.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        render::reports(&self.sources, &self.list)
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Without colour.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

/// So that a failed `unwrap` in a test is readable.
impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Diagnostics {}

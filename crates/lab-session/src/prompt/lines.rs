//! Where lines come from: a terminal with line editing, or anything else as it comes.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Cmd, CompletionType, ConditionalEventHandler, Config, Context, Editor, Event, EventContext,
    EventHandler, ExternalPrinter, Helper, KeyEvent, RepeatCount,
};

use super::News;
use super::command::goes_on;
use super::complete::complete;
use crate::protocol::SessionDescription;

/// What stands before each line.
pub(super) const PROMPT: &str = "labrun> ";
/// What stands before the further lines of a step.
const FURTHER: &str = "      > ";

/// Lines that are remembered.
const HISTORY: usize = 1000;

/// What is known of the session, for completion.
pub(super) type Shared = Arc<Mutex<SessionDescription>>;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// One command, of several lines perhaps.
    Text(String),
    /// Ctrl-C.
    Interrupted {
        /// Whether there was nothing to interrupt.
        was_empty: bool,
    },
    /// There are no more.
    Ended,
}

/// Commands of a text that has come at once, pasted perhaps: each line is one, but for steps of
/// several lines, which end with an empty one.
pub(super) fn commands(text: &str) -> VecDeque<String> {
    let mut commands: VecDeque<String> = VecDeque::new();
    let mut open = false;
    for line in text.split('\n') {
        match commands.back_mut().filter(|_| open) {
            Some(command) => {
                command.push('\n');
                command.push_str(line);
                open = !line.trim().is_empty();
            }
            None => {
                open = goes_on(line);
                commands.push_back(line.to_owned());
            }
        }
    }
    commands
}

/// A thread that reads lines from a terminal when it is told to. It is left behind at the end of
/// the session, waiting for a key.
pub(super) struct Typist {
    /// What the line begins with.
    wanted: Sender<String>,
}

/// Puts lines above the one that is being typed.
pub(super) type Printer = Box<dyn ExternalPrinter + Send>;

impl Typist {
    /// # Errors
    /// No terminal, or no more threads.
    pub(super) fn start(shared: Shared, found: Sender<News>) -> io::Result<(Self, Printer)> {
        let (wanted, wishes) = channel();
        let (ready, begun) = channel();
        thread::Builder::new().name("typist".to_owned()).spawn(move || match editor(shared) {
            Ok((editor, empty, printer)) => {
                let _ = ready.send(Ok(printer));
                read(editor, &empty, &wishes, &found);
            }
            Err(error) => drop(ready.send(Err(io::Error::other(error)))),
        })?;
        let printer = begun.recv().map_err(io::Error::other)??;
        Ok((Self { wanted }, printer))
    }

    /// Asks for a line that begins so.
    pub(super) fn ask(&self, beginning: String) {
        // If the thread is gone, its end is heard.
        let _ = self.wanted.send(beginning);
    }
}

type LineEditor = Editor<Assistant, FileHistory>;

/// Whether the line was empty when Ctrl-C was pressed.
type Emptiness = Arc<Mutex<bool>>;

fn editor(shared: Shared) -> rustyline::Result<(LineEditor, Emptiness, Printer)> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(HISTORY)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .auto_add_history(true)
        .build();
    let mut editor: LineEditor = Editor::with_config(config)?;
    editor.set_helper(Some(Assistant { shared }));
    let empty = Emptiness::default();
    let handler = EventHandler::Conditional(Box::new(Interrupter(Arc::clone(&empty))));
    editor.bind_sequence(Event::from(KeyEvent::ctrl('c')), handler);
    if let Some(file) = history_file() {
        // There is none at first.
        let _ = editor.load_history(&file);
    }
    let printer = Box::new(editor.create_external_printer()?);
    Ok((editor, empty, printer))
}

fn read(
    mut editor: LineEditor,
    empty: &Emptiness,
    wishes: &Receiver<String>,
    found: &Sender<News>,
) {
    for beginning in wishes {
        let line = match editor.readline_with_initial(PROMPT, (&beginning, "")) {
            Ok(line) => {
                remember(&mut editor);
                Line::Text(line)
            }
            Err(ReadlineError::Interrupted) => {
                let was_empty = *empty.lock().unwrap_or_else(PoisonError::into_inner);
                Line::Interrupted { was_empty }
            }
            Err(_) => Line::Ended,
        };
        let is_last = line == Line::Ended;
        if found.send(News::Line(line)).is_err() || is_last {
            return;
        }
    }
}

/// That the history cannot be kept is no reason to disturb anybody.
fn remember(editor: &mut LineEditor) {
    let Some(file) = history_file() else { return };
    if let Some(folder) = file.parent() {
        let _ = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    }
    let _ = editor.append_history(&file);
}

/// As the XDG Base Directory Specification says.
fn history_file() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
    Some(state.join("labrun/history"))
}

/// Ctrl-C: notes whether there was anything to interrupt.
struct Interrupter(Emptiness);

impl ConditionalEventHandler for Interrupter {
    fn handle(
        &self,
        _: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = context.line().is_empty();
        Some(Cmd::Interrupt)
    }
}

/// What the editor knows of the session.
struct Assistant {
    shared: Shared,
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let session = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(complete(line, at, &session))
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match is_open(context.input()) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

/// Whether the last command of a text still goes on.
fn is_open(text: &str) -> bool {
    commands(text).back().is_some_and(|command| {
        let mut lines = command.split('\n');
        let first = lines.next().unwrap_or_default();
        goes_on(first) && lines.next_back().is_none_or(|last| !last.trim().is_empty())
    })
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(
        &'s self,
        prompt: &'p str,
        is_default: bool,
    ) -> Cow<'b, str> {
        if is_default { Cow::Borrowed(prompt) } else { Cow::Borrowed(FURTHER) }
    }
}

impl Helper for Assistant {}

/// Reads commands from a script.
pub(super) struct Script {
    lines: io::Lines<io::BufReader<io::Stdin>>,
}

impl Script {
    pub(super) fn new() -> Self {
        Self { lines: io::BufReader::new(io::stdin()).lines() }
    }
}

impl Iterator for Script {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut text = self.lines.next()?.ok()?;
        while is_open(&text) {
            let Some(Ok(line)) = self.lines.next() else { break };
            text.push('\n');
            text.push_str(&line);
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_text_is_several_commands() {
        let text = "nodes\ndialogue: |\n  a> x\n  a< x\n\nnet";
        assert_eq!(commands(text), ["nodes", "dialogue: |\n  a> x\n  a< x\n", "net"]);
        assert_eq!(commands(""), [""]);
    }

    #[test]
    fn a_step_is_open_until_an_empty_line() {
        for text in ["dialogue: |", "dialogue: |\n  a> x", "nodes\nsteps:\n  - wait: 1s"] {
            assert!(is_open(text), "{text}");
        }
        for text in
            ["", "nodes", "dialogue: |\n", "dialogue: |\n  a> x\n", "steps:\n  - wait: 1s\n  "]
        {
            assert!(!is_open(text), "{text}");
        }
    }
}

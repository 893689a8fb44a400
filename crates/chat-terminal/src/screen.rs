//! Standard output, shared with the half-typed line.

use crate::Mode;
use crate::editor::{Editor, Reaction};
use crate::keys::{Key, Keys};
use chat_proto::text::{for_one_line, for_terminal};
use rustix::termios::{isatty, tcgetwinsize};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use unicode_width::UnicodeWidthStr;

/// To the beginning of the row, and away with what is on it.
const CLEAR_ROW: &str = "\r\x1b[K";

/// Shows messages. May be cloned and used from any thread.
#[derive(Debug, Clone)]
pub struct Screen(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    mode: Mode,
    /// Standard output, standard error is a terminal.
    terminals: (bool, bool),
    editor: Editor,
    keys: Keys,
    prompt: String,
    /// The prompt is a question: its answers are not called back later.
    is_question: bool,
    /// What is typed is not shown.
    is_secret: bool,
    /// Without an editor: the terminal showed what is typed before that.
    echo_was_on: bool,
    /// Without an editor: the prompt stands in the row where the next output would begin.
    at_prompt: bool,
    closed: bool,
}

impl Screen {
    pub(crate) fn new(mode: Mode) -> Self {
        Self(Arc::new(Mutex::new(State {
            mode,
            terminals: (isatty(io::stdout()), isatty(io::stderr())),
            editor: Editor::default(),
            keys: Keys::default(),
            prompt: String::new(),
            is_question: false,
            is_secret: false,
            echo_was_on: false,
            at_prompt: false,
            closed: false,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the program talks to its user.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.lock().mode
    }

    /// Shows one message on a line of its own, at once.
    ///
    /// # Errors
    /// When standard output takes no more, for instance a closed pipe.
    pub fn show(&self, text: &str) -> io::Result<()> {
        let mut state = self.lock();
        let text = if state.terminals.0 { for_terminal(text) } else { Cow::Borrowed(text) };
        if state.mode == Mode::Editor && !state.closed {
            return put(&format!("{CLEAR_ROW}{text}\n{}", state.row()));
        }
        let before = if state.at_prompt { "\n" } else { "" };
        put(&format!("{before}{text}\n{}", state.plain_prompt()))
    }

    /// Shows a line that the user typed and that has gone out, unless it stands
    /// there since it was typed.
    ///
    /// # Errors
    /// As [`show`](Self::show).
    pub fn confirm(&self, line: &str) -> io::Result<()> {
        let mut state = self.lock();
        let line = if state.terminals.0 { for_terminal(line) } else { Cow::Borrowed(line) };
        match state.mode {
            Mode::Editor if !state.closed => Ok(()),
            Mode::Plain if state.terminals.0 && !crate::raw::is_silent() => {
                if state.at_prompt {
                    Ok(())
                } else {
                    put(state.plain_prompt())
                }
            }
            _ => put(&format!("{line}\n{}", state.plain_prompt())),
        }
    }

    /// Tells the user something about the program itself, on standard error.
    pub fn complain(&self, text: &str) {
        let mut state = self.lock();
        let text = if state.terminals.1 { for_terminal(text) } else { Cow::Borrowed(text) };
        let editor = state.mode == Mode::Editor && !state.closed;
        let redraw = (editor || state.at_prompt) && state.terminals.1;
        if redraw {
            // If it fails, standard error may still work.
            let _ = put(if editor { CLEAR_ROW } else { "\n" });
        }
        // There is nowhere to report that standard error takes no more.
        let _ = writeln!(io::stderr(), "{text}");
        if redraw {
            let _ = if editor { put(&state.row()) } else { put(state.plain_prompt()) };
        }
    }

    /// Sets what stands before the line being typed. In scripts there is none.
    pub fn set_prompt(&self, prompt: &str) {
        self.change_prompt(prompt, false, false);
    }

    /// Sets what stands before the line being typed to a question: lines typed
    /// behind it cannot be called back with the arrow keys.
    pub fn ask(&self, question: &str) {
        self.change_prompt(question, true, false);
    }

    /// The same for a question whose answer nobody may see: until the next prompt or
    /// question, what is typed is not shown.
    pub fn ask_secret(&self, question: &str) {
        self.change_prompt(question, true, true);
    }

    fn change_prompt(&self, prompt: &str, is_question: bool, is_secret: bool) {
        let mut state = self.lock();
        if !state.closed {
            state.keep_secret(is_secret);
        }
        prompt.clone_into(&mut state.prompt);
        state.is_question = is_question;
        // If standard output is gone, the next message will find out.
        let _ = match state.mode {
            _ if state.closed => return,
            Mode::Editor => put(&state.row()),
            Mode::Plain | Mode::Script => {
                let before = if state.at_prompt { "\n" } else { "" };
                put(&format!("{before}{}", state.plain_prompt()))
            }
        };
    }

    /// A line was read by the terminal's own editing, which has ended its row if
    /// it echoes.
    pub(crate) fn entered(&self) {
        let mut state = self.lock();
        if state.at_prompt && !crate::raw::is_silent() {
            state.at_prompt = false;
        }
    }

    /// Feeds what was typed to the editor; returns complete lines. `None`: the end.
    pub(crate) fn typed(&self, bytes: &[u8]) -> Vec<Option<String>> {
        let mut state = self.lock();
        let mut lines = Vec::new();
        if state.closed {
            return lines;
        }
        let mut out = String::new();
        for key in state.keys.feed(bytes) {
            // A long paste is drawn once.
            let before = if key == Key::Enter { state.row() } else { String::new() };
            let remember = !state.is_question;
            match state.editor.press(key, remember) {
                Reaction::Changed => {}
                Reaction::ClearScreen => out.push_str("\x1b[H\x1b[2J"),
                Reaction::Ended => lines.push(None),
                Reaction::Line(line) => {
                    out.push_str(&before);
                    out.push('\n');
                    lines.push(Some(line));
                }
            }
        }
        out.push_str(&state.row());
        let _ = put(&out);
        lines
    }

    /// Leaves the terminal to whoever comes next: the cursor at the start of an empty row.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        if state.mode == Mode::Editor && !state.closed {
            let _ = put(if state.editor.is_empty() { CLEAR_ROW } else { "\n" });
        }
        state.keep_secret(false);
        state.closed = true;
    }
}

impl State {
    /// The editor shows what is typed, or not; without one, the terminal itself does.
    fn keep_secret(&mut self, secret: bool) {
        if std::mem::replace(&mut self.is_secret, secret) != secret && self.mode == Mode::Plain {
            self.echo_was_on = crate::raw::set_echo(!secret && self.echo_was_on);
        }
    }

    /// What is written behind a message where there is no editor.
    fn plain_prompt(&mut self) -> &str {
        let wanted = self.mode == Mode::Plain && self.terminals.0 && !self.closed;
        self.at_prompt = wanted && !self.prompt.is_empty();
        if self.at_prompt { &self.prompt } else { "" }
    }

    /// Draws the row with the prompt and the line being typed.
    fn row(&self) -> String {
        let columns = tcgetwinsize(io::stdout()).map_or(80, |size| usize::from(size.ws_col));
        let columns = if columns == 0 { 80 } else { columns };
        let prompt = for_one_line(&self.prompt);
        let before = prompt.as_ref().width();
        let (line, cursor) = if self.is_secret {
            Default::default()
        } else {
            self.editor.view(columns.saturating_sub(before))
        };
        let mut row = format!("\r{prompt}{line}\x1b[K\r");
        if before + cursor > 0 {
            // Writing to a String cannot fail.
            let _ = write!(row, "\x1b[{}C", before + cursor);
        }
        row
    }
}

fn put(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

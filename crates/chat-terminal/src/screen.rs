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
        let state = self.lock();
        let text = if state.terminals.0 { for_terminal(text) } else { Cow::Borrowed(text) };
        if state.mode == Mode::Editor && !state.closed {
            return put(&format!("{CLEAR_ROW}{text}\n{}", state.row()));
        }
        put(&format!("{text}\n"))
    }

    /// Tells the user something about the program itself, on standard error.
    pub fn complain(&self, text: &str) {
        let state = self.lock();
        let text = if state.terminals.1 { for_terminal(text) } else { Cow::Borrowed(text) };
        let redraw = state.mode == Mode::Editor && state.terminals.1 && !state.closed;
        if redraw {
            // If it fails, standard error may still work.
            let _ = put(CLEAR_ROW);
        }
        // There is nowhere to report that standard error takes no more.
        let _ = writeln!(io::stderr(), "{text}");
        if redraw {
            let _ = put(&state.row());
        }
    }

    /// Sets what stands before the line being typed. In scripts there is none;
    /// without an editor it is written once, and an empty one ends the row.
    pub fn set_prompt(&self, prompt: &str) {
        let mut state = self.lock();
        let before = std::mem::replace(&mut state.prompt, prompt.to_owned());
        let shown = match state.mode {
            _ if state.closed => return,
            Mode::Script => return,
            Mode::Plain if !state.terminals.0 => return,
            Mode::Editor => put(&state.row()),
            Mode::Plain if prompt.is_empty() && !before.is_empty() && crate::raw::is_silent() => {
                put("\n")
            }
            Mode::Plain => put(prompt),
        };
        // If standard output is gone, the next message will find out.
        let _ = shown;
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
            let prompt_is_plain = state.prompt == crate::input::PROMPT;
            match state.editor.press(key, prompt_is_plain) {
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
        state.closed = true;
    }
}

impl State {
    /// Draws the row with the prompt and the line being typed.
    fn row(&self) -> String {
        let columns = tcgetwinsize(io::stdout()).map_or(80, |size| usize::from(size.ws_col));
        let columns = if columns == 0 { 80 } else { columns };
        let prompt = for_one_line(&self.prompt);
        let before = prompt.as_ref().width();
        let (line, cursor) = self.editor.view(columns.saturating_sub(before));
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

//! Lines in, messages out, at the same time.
//!
//! [`Terminal::read_to`] reads standard input on a thread of its own and hands over
//! one [`Input`] at a time; a [`Screen`] shows messages on standard output from
//! any thread. What that looks like depends on what the program is connected to:
//!
//! | standard input | `TERM` | reading | showing |
//! |---|---|---|---|
//! | pipe, file, `/dev/null` | any | plain lines, no prompt | one line each, flushed |
//! | terminal | `dumb`, unset, or standard output is no terminal | plain lines (the terminal's own editing) | one line each, no escape codes |
//! | terminal | other | the line editor here | above the half-typed line, which is kept |
//!
//! The reading is done by a blocking thread because epoll refuses regular files and
//! `/dev/null`. The line editor and the screen share one lock, so a message can
//! neither tear the half-typed line nor be lost between two of them, and every
//! message shown before the end is really on the screen.
//!
//! On a terminal, characters that would act on it (escape codes, …) are made visible
//! ([`chat_proto::text::for_terminal`]); into a pipe or file everything goes as it came.
//!
//! The terminal's settings are put back when the [`Terminal`] is dropped, also by a
//! panic. While the editor runs, a SIGHUP says that the shell that started the program was
//! killed, for the program to handle like a hung-up terminal. Ctrl-C still makes a SIGINT, for the program to handle; Ctrl-Z and Ctrl-\ are
//! off while the editor runs, since they would leave the terminal in its state.
#![forbid(unsafe_code)]

mod credits;
mod editor;
mod input;
mod keys;
mod raw;
mod screen;

pub use credits::Credits;
pub use input::{Input, PROMPT, read_commands};
pub use screen::Screen;

use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::termios::isatty;
use std::io;

/// How a program talks to its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Standard input is not a terminal.
    Script,
    /// A terminal without escape codes.
    Plain,
    /// A terminal with the line editor.
    Editor,
}

impl Mode {
    /// What this process's standard streams and `TERM` ask for.
    #[must_use]
    pub fn detect() -> Self {
        let capable =
            std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        match (isatty(io::stdin()), isatty(io::stdout())) {
            (false, _) => Self::Script,
            (true, true) if capable => Self::Editor,
            (true, _) => Self::Plain,
        }
    }
}

/// The user's side of a program. Keep it alive as long as the program runs.
#[derive(Debug)]
pub struct Terminal {
    screen: Screen,
    credits: Credits,
    raw: Option<raw::RawMode>,
}

impl Terminal {
    /// Prepares the terminal, if it is one. Nothing is read before [`read_to`](Self::read_to).
    ///
    /// # Errors
    /// When the terminal's settings can be neither read nor changed.
    pub fn open() -> io::Result<Self> {
        let mode = Mode::detect();
        if mode == Mode::Editor {
            // Without its shell the program would go on reading a terminal that is
            // somebody else's by then.
            set_parent_process_death_signal(Some(Signal::HUP))?;
        }
        let raw = if mode == Mode::Editor { Some(raw::RawMode::enable()?) } else { None };
        Ok(Self { screen: Screen::new(mode), credits: Credits::new(), raw })
    }

    /// Where messages are shown.
    #[must_use]
    pub fn screen(&self) -> Screen {
        self.screen.clone()
    }

    /// How the program says that it has dealt with lines; see [`Credits`].
    #[must_use]
    pub fn credits(&self) -> Credits {
        self.credits.clone()
    }

    /// Starts to read: `sink` gets each line of at most `max_line` bytes, and at last
    /// [`Input::Ended`].
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn read_to(
        &self,
        max_line: usize,
        sink: impl FnMut(Input) + Send + 'static,
    ) -> io::Result<()> {
        let (screen, credits) = (self.screen.clone(), self.credits.clone());
        let read = move || input::read(&screen, &credits, max_line, sink);
        std::thread::Builder::new().name("input".into()).spawn(read).map(drop)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.screen.close();
        drop(self.raw.take());
    }
}

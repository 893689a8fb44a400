//! The terminal that this process runs in.

use std::io::{self, IsTerminal as _};

use lab_runner::request::Size;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Its size, if there is a terminal.
#[must_use]
pub fn size() -> Option<Size> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    // Some say they have none.
    let default = Size::default();
    let or = |given, default| if given == 0 { default } else { given };
    Some(Size { rows: or(size.ws_row, default.rows), columns: or(size.ws_col, default.columns) })
}

/// Whether somebody sits at both ends of this process.
#[must_use]
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// How the terminal is now, to make it so again.
pub struct Modes(Option<Termios>);

impl Modes {
    /// Those of standard input; none if that is no terminal.
    #[must_use]
    pub fn now() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }

    /// Makes it as it was.
    pub fn restore(&self) {
        if let Some(modes) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, modes);
        }
    }
}

/// While this is there, every key goes through as it is. Made as it was at its end.
pub struct Raw {
    before: Modes,
}

impl Raw {
    /// From now on.
    ///
    /// # Errors
    /// Standard input is no terminal.
    pub fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { before: Modes(Some(before)) })
    }

    /// Makes it as it was.
    pub fn restore(&self) {
        self.before.restore();
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.restore();
    }
}

//! The terminal that this process runs in.

use std::io::{self, IsTerminal as _};

use lab_runner::request::Size;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
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
pub struct Modes {
    termios: Option<Termios>,
    /// Those of the open file, which all who have it share: who leaves it without waiting for
    /// keys (tmux, when its server ends first) takes the shell's input away.
    flags: Option<OFlags>,
}

impl Modes {
    /// Those of standard input; none if that is no terminal.
    #[must_use]
    pub fn now() -> Self {
        Self { termios: tcgetattr(io::stdin()).ok(), flags: fcntl_getfl(io::stdin()).ok() }
    }

    /// Makes it as it was.
    pub fn restore(&self) {
        if let Some(termios) = &self.termios {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, termios);
        }
        if let Some(flags) = self.flags {
            let _ = fcntl_setfl(io::stdin(), flags);
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
        let mut raw = tcgetattr(io::stdin())?;
        let before = Modes::now();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { before })
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

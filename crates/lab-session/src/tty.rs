//! The terminal that this process runs in.

use std::io::{self, IsTerminal as _};

use lab_runner::request::Size;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Its size, if there is a terminal.
pub(crate) fn size() -> Option<Size> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    // Some say they have none.
    let default = Size::default();
    let or = |given, default| if given == 0 { default } else { given };
    Some(Size { rows: or(size.ws_row, default.rows), columns: or(size.ws_col, default.columns) })
}

/// Whether somebody sits at both ends of this process.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// While this is there, every key goes through as it is. Made as it was at its end.
pub(crate) struct Raw {
    before: Termios,
}

impl Raw {
    pub(crate) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { before })
    }

    /// Makes it as it was.
    pub(crate) fn restore(&self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.restore();
    }
}

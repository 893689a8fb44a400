//! The terminal's settings while the line editor runs.

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use std::io;

/// Takes over echo and line editing; gives them back when dropped.
#[derive(Debug)]
pub(crate) struct RawMode {
    before: Termios,
}

impl RawMode {
    pub(crate) fn enable() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut during = before.clone();
        // Output processing stays on, so `\n` still begins a line, and so do signals.
        during.local_modes -=
            LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHONL | LocalModes::IEXTEN;
        during.input_modes -=
            InputModes::IXON | InputModes::ISTRIP | InputModes::INLCR | InputModes::IGNCR;
        during.input_modes |= InputModes::ICRNL;
        during.special_codes[SpecialCodeIndex::VMIN] = 1;
        during.special_codes[SpecialCodeIndex::VTIME] = 0;
        for off in [SpecialCodeIndex::VSUSP, SpecialCodeIndex::VQUIT] {
            during.special_codes[off] = 0;
        }
        // What was typed ahead is kept.
        tcsetattr(io::stdin(), OptionalActions::Drain, &during)?;
        Ok(Self { before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // The terminal may be gone; then there is nothing to restore.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}

/// True if the terminal does not echo what is typed, so that an Enter leaves no mark.
pub(crate) fn is_silent() -> bool {
    tcgetattr(io::stdin())
        .is_ok_and(|now| !now.local_modes.intersects(LocalModes::ECHO | LocalModes::ECHONL))
}

/// Lets the terminal show what is typed, or not; true if it did before. Without a
/// terminal nothing happens.
pub(crate) fn set_echo(on: bool) -> bool {
    let Ok(mut settings) = tcgetattr(io::stdin()) else { return false };
    let before = settings.local_modes.contains(LocalModes::ECHO);
    settings.local_modes.set(LocalModes::ECHO, on);
    // If it fails, the terminal is gone.
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &settings);
    before
}

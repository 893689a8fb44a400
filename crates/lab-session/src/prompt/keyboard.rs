//! The keyboard while a command runs: Ctrl-C interrupts the command, and what is typed meanwhile
//! is kept for the next line.

use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

/// What Ctrl-C types.
const CTRL_C: u8 = 3;

/// Bytes that are kept of what is typed ahead.
const MAX_TYPED: usize = 64 << 10;

/// The terminal at standard input. While this is there no key makes a signal, and none is
/// shown: it is whoever reads lines that does so. Made as it was at its end.
pub(super) struct Keyboard {
    before: Termios,
    typed: Vec<u8>,
}

impl Keyboard {
    /// # Errors
    /// Standard input is no terminal.
    pub(super) fn take() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
        Ok(Self { before, typed: Vec::new() })
    }

    /// Waits until `done` can be read. Calls `interrupt` for each Ctrl-C, and when there is
    /// nobody at the keyboard any more.
    ///
    /// # Errors
    /// The kernel does not let us wait.
    pub(super) fn wait(&mut self, done: impl AsFd, interrupt: impl Fn()) -> io::Result<()> {
        let mut there = true;
        loop {
            let stdin = io::stdin();
            let mut fds = [PollFd::new(&done, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
            let count = if there { 2 } else { 1 };
            match poll(&mut fds[..count], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let [done, keys] = fds.map(|fd| !fd.revents().is_empty());
            if keys && there && !self.read(&interrupt)? {
                there = false;
                interrupt();
            }
            if done {
                return Ok(());
            }
        }
    }

    /// Whether anybody is there to type.
    fn read(&mut self, interrupt: &impl Fn()) -> io::Result<bool> {
        let mut buffer = [0; 1024];
        // Past the buffer of the standard library: what stays in that is not seen by `poll`.
        let count = match rustix::io::read(io::stdin(), &mut buffer) {
            Ok(0) => return Ok(false),
            Ok(count) => count,
            Err(Errno::INTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        for byte in &buffer[..count] {
            if *byte == CTRL_C {
                self.typed.clear();
                interrupt();
            } else if self.typed.len() < MAX_TYPED {
                self.typed.push(*byte);
            }
        }
        Ok(true)
    }

    /// What was typed ahead: whole lines, and the beginning of the next one.
    pub(super) fn typed_ahead(&mut self) -> (Vec<String>, String) {
        split(&std::mem::take(&mut self.typed))
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

fn split(typed: &[u8]) -> (Vec<String>, String) {
    let text: String = String::from_utf8_lossy(typed)
        .chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|c| *c == '\n' || !c.is_control())
        .collect();
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let rest = lines.pop().unwrap_or_default();
    (lines, rest)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn what_is_typed_ahead_is_lines_and_a_beginning() {
        let table: [(&str, &[&str], &str); 4] = [
            ("", &[], ""),
            ("no", &[], "no"),
            ("nodes\rnet\nli", &["nodes", "net"], "li"),
            ("\r\x1b[A", &[""], "[A"),
        ];
        for (typed, lines, rest) in table {
            let (found, beginning) = split(typed.as_bytes());
            assert_eq!(
                (found.as_slice(), beginning.as_str()),
                (&*lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>(), rest)
            );
        }
    }
}

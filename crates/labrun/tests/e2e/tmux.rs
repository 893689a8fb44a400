//! A real terminal: tmux, with a server of its own.

use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A terminal of 80 by 24 in a tmux server of its own.
pub(crate) struct Tmux {
    /// Of its socket.
    folder: TempDir,
    /// The shell in it.
    shell: u32,
}

impl Tmux {
    /// Runs a shell line, and keeps the terminal when it has ended; nothing if there
    /// is no tmux.
    pub(crate) fn open(line: &str) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            skip_for_want_of_tmux("watching a run in a terminal");
            return None;
        }
        let mut tmux = Self { folder: tempfile::tempdir().unwrap(), shell: 0 };
        let line = format!("{line}; echo \"ended with $?\"; exec cat");
        tmux.command(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", &line]);
        tmux.shell = tmux.command(&["display", "-p", "#{pane_pid}"]).trim().parse().unwrap();
        Some(tmux)
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command
            .arg("-S")
            .arg(self.folder.path().join("socket"))
            .env("TERM", "xterm-256color")
            .env("HOME", env!("CARGO_TARGET_TMPDIR"));
        command
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let output = self.tmux().args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn press(&self, keys: &[&str]) {
        self.command(&[&["send-keys"], keys].concat());
    }

    /// Waits until the terminal shows something, and says all it shows.
    #[track_caller]
    pub(crate) fn shows(&self, what: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let shown = self.command(&["capture-pane", "-p"]);
            if what(&shown) {
                return shown;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "it shows:\n{shown}");
        }
    }

    /// The program that the shell waits for.
    pub(crate) fn program(&self) -> String {
        let children = format!("/proc/{0}/task/{0}/children", self.shell);
        std::fs::read_to_string(children).unwrap().trim().to_owned()
    }

    /// Fails unless the terminal is as a shell left it.
    #[track_caller]
    pub(crate) fn is_given_back(&self) {
        let state = self.command(&["display", "-p", "#{alternate_on} #{cursor_flag} #{pane_tty}"]);
        let tty = state.trim().strip_prefix("0 1 ").expect("no alternate screen, a cursor");
        let stty = Command::new("stty").args(["-a", "-F", tty]).output().unwrap();
        let stty = String::from_utf8_lossy(&stty.stdout).into_owned();
        assert!(stty.contains(" icanon") && stty.contains(" echo "), "{stty}");
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}

/// Says that a test cannot be done for want of tmux; where it must be, in CI, this
/// fails the test.
pub(crate) fn skip_for_want_of_tmux(what: &str) {
    use std::io::Write as _;
    assert!(std::env::var_os("LABRUN_CI").is_none(), "tmux is missing in CI");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what} (scripts/install-test-tools.sh)");
}

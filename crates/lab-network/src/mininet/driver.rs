//! The driver as a process: starting it, asking it, and what it left on
//! standard error.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, OFlags, fcntl_getfl, fcntl_setfl, memfd_create};

use crate::NetworkError;

use super::protocol::{Answer, PROTOCOL};
use super::python;

const DRIVER: &str = include_str!("driver.py");

/// Reads the driver from the first line of its input, so that no file has to
/// be written anywhere and `ps` shows one line.
const BOOT: &str = "import json, sys; \
                    exec(compile(json.loads(sys.stdin.readline()), '<labrun mininet driver>', 'exec'))";

/// How long Python and Mininet may take to be loaded.
const LOADING: Duration = Duration::from_secs(30);

/// Lines of the log that an error shows.
const LINES: usize = 12;

/// The driver, running.
pub(super) struct Driver {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// What came after the last complete line.
    pending: Vec<u8>,
    log: File,
    /// Which Mininet it drives.
    pub(super) version: String,
}

/// Why one Python did not do.
enum Unfit {
    /// It is not there, or has no Mininet: another may.
    Without(String),
    Failed(NetworkError),
}

impl From<NetworkError> for Unfit {
    fn from(error: NetworkError) -> Self {
        Self::Failed(error)
    }
}

impl Driver {
    /// Starts the driver with the first Python that can import Mininet.
    pub(super) fn start() -> Result<Self, NetworkError> {
        let mut reasons = Vec::new();
        for python in python::candidates() {
            match Self::start_with(&python) {
                Ok(driver) => return Ok(driver),
                Err(Unfit::Without(reason)) => {
                    reasons.push(format!("{}: {reason}", python.display()));
                }
                Err(Unfit::Failed(error)) => return Err(error),
            }
        }
        Err(NetworkError::Lacks {
            what: format!("Mininet ({})", reasons.join("; ")),
            help: python::HELP.to_owned(),
        })
    }

    fn start_with(python: &Path) -> Result<Self, Unfit> {
        let mut driver = Self::spawn(Command::new(python).args(["-c", BOOT]))
            .map_err(|error| Unfit::Without(error.to_string()))?;
        match driver.ask("starting", &DRIVER, LOADING)? {
            Answer::Hello { protocol: PROTOCOL, mininet, python: version } => {
                driver.version =
                    format!("Mininet {mininet} ({}, Python {version})", python.display());
                Ok(driver)
            }
            Answer::CannotImport { message } => Err(Unfit::Without(message)),
            answer => Err(driver.unexpected("starting", &answer).into()),
        }
    }

    fn spawn(command: &mut Command) -> io::Result<Self> {
        let log: File = memfd_create("mininet-log", MemfdFlags::CLOEXEC)?.into();
        let mut child = command
            .env("PATH", python::search_path())
            .env("LC_ALL", "C")
            // No __pycache__ beside a custom topology.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.try_clone()?)
            // So that a Ctrl-C at the terminal is the stage's alone.
            .process_group(0)
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        fcntl_setfl(&input, fcntl_getfl(&input)? | OFlags::NONBLOCK)?;
        Ok(Self { child, input, output, pending: Vec::new(), log, version: String::new() })
    }

    /// Sends a line and waits for the answer.
    pub(super) fn ask(
        &mut self,
        doing: &str,
        what: &impl serde::Serialize,
        patience: Duration,
    ) -> Result<Answer, NetworkError> {
        let deadline = Instant::now() + patience;
        let line = serde_json::to_vec(what)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                self.send(&line, deadline)
            })
            .and_then(|()| self.receive(deadline));
        match line {
            Ok(line) => Answer::parse(&line).map_err(|message| self.failure(doing, message)),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                Err(self.failure(doing, format!("no answer within {patience:?}")))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                // If it has only closed its output; an end that is under way is
                // not changed by this.
                let _ = self.child.kill();
                let ended = match self.child.wait() {
                    Ok(status) => format!("it ended with {status}"),
                    Err(error) => format!("it ended ({error})"),
                };
                Err(self.failure(doing, ended))
            }
            Err(error) => Err(self.failure(doing, error.to_string())),
        }
    }

    /// What to say of an answer that is not one to what was asked.
    pub(super) fn unexpected(&self, doing: &str, answer: &Answer) -> NetworkError {
        match answer {
            Answer::Lacks { what, package } => NetworkError::Lacks {
                what: format!("{what}, which Mininet needs"),
                help: format!("run scripts/install-mininet.sh, or sudo apt-get install {package}"),
            },
            Answer::Failed { message } => self.failure(doing, message.clone()),
            other => self.failure(doing, format!("an unexpected answer: {other:?}")),
        }
    }

    fn failure(&self, doing: &str, message: String) -> NetworkError {
        NetworkError::Mininet { doing: doing.to_owned(), message, log: self.last_lines() }
    }

    fn send(&mut self, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.input.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait(&self.input, PollFlags::OUT, deadline)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // It has ended; how, its end of the other pipe tells.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let rest = self.pending.split_off(end + 1);
                return Ok(std::mem::replace(&mut self.pending, rest));
            }
            wait(&self.output, PollFlags::IN, deadline)?;
            let mut buffer = [0; 16 * 1024];
            match rustix::io::read(&self.output, &mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.pending.extend_from_slice(&buffer[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The end of what the driver and Mininet wrote on standard error.
    fn last_lines(&self) -> String {
        const TAIL: u64 = 8 * 1024;
        let length = self.log.metadata().map_or(0, |metadata| metadata.len());
        let mut tail = vec![0; TAIL.min(length) as usize];
        // Reading elsewhere than at the file's own position, where they write.
        if self.log.read_exact_at(&mut tail, length.saturating_sub(TAIL)).is_err() {
            return String::new();
        }
        let text = String::from_utf8_lossy(&tail);
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

impl Drop for Driver {
    /// The hosts' shells hang on its terminals and end with it.
    fn drop(&mut self) {
        // Refused: it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait(fd: impl AsFd, events: PollFlags, deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(&fd, events)], timeout.as_ref()) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell in the driver's place.
    fn answer_of(script: &str, patience: Duration) -> Result<Answer, NetworkError> {
        let mut driver = Driver::spawn(Command::new("sh").args(["-c", script])).unwrap();
        driver.ask("building the network", &"please", patience)
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn an_answer_may_come_in_pieces() {
        let script =
            r#"read line; printf '{"lacks": {"what": "br'; printf 'ctl", "package": "p"}}\n'"#;
        let answer = answer_of(script, LONG).unwrap();
        assert_eq!(answer, Answer::Lacks { what: "brctl".into(), package: "p".into() });
    }

    #[test]
    fn silence_is_an_error_with_the_last_lines() {
        let script = "for n in 1 2 3; do echo line $n >&2; done; while read line; do :; done";
        let mut driver = Driver::spawn(Command::new("sh").args(["-c", script])).unwrap();
        // Once it has written, which its log shows.
        while !driver.last_lines().contains("line 3") {
            std::thread::yield_now();
        }
        let error = driver.ask("building the network", &"please", Duration::from_millis(20));
        assert_eq!(
            error.unwrap_err().to_string(),
            "Mininet, building the network: no answer within 20ms; its last lines were:\n\
             line 1\nline 2\nline 3"
        );
    }

    #[test]
    fn an_early_end_is_an_error() {
        let error = answer_of("echo out of luck >&2; exit 3", LONG).unwrap_err().to_string();
        assert!(error.contains("it ended with exit status: 3"), "{error}");
        assert!(error.ends_with("out of luck"), "{error}");
    }

    #[test]
    fn a_closed_output_is_an_end() {
        let error = answer_of("exec cat >/dev/null", LONG).unwrap_err().to_string();
        assert!(error.contains("it ended with signal: 9"), "{error}");
    }

    #[test]
    fn nonsense_is_an_error() {
        let error = answer_of("echo hello; cat", LONG).unwrap_err().to_string();
        assert!(error.contains("an answer that cannot be read"), "{error}");
        assert!(error.contains("hello"), "{error}");
    }
}

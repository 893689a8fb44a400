//! A stage as seen from outside: a process that gets a plan, says records, and
//! ends or gets another plan.

use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::fcntl_setpipe_size;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use lab_scenario::plan::Plan;

use super::StageCommand;
use super::control::StageControl;
use super::lines::{Lines, MAX_LINE, TooLong};
use super::tail::Tail;
use crate::assignment::Assignment;
use crate::event::Record;

/// How much of a stage's standard error is kept.
const STDERR_KEPT: usize = 8 << 10;

/// Asked for as the size of the pipe that records come through, so that a
/// reporter that is busy for a moment does not hold up a stage, whose times
/// matter. The kernel may refuse.
const PIPE_SIZE: usize = 1 << 20;

/// How long output is waited for when the process has ended but somebody still
/// holds its pipes: those who die with it need a moment to do so.
const DRAIN: Duration = Duration::from_secs(1);

/// What a stage lets be known.
pub(super) enum Word {
    /// It said a record: the line it came as, and what it means.
    Record(Vec<u8>, Box<Record>),
    /// It has ended. The last word.
    Ended(StageEnd),
}

/// How a stage ended.
#[derive(Debug)]
pub(super) struct StageEnd {
    pub(super) status: io::Result<ExitStatus>,
    /// The last of what it wrote to standard error.
    pub(super) stderr: Vec<u8>,
    /// Why it was killed for what it said.
    pub(super) nonsense: Option<Nonsense>,
}

impl StageEnd {
    /// Of a run whose stage lives on.
    pub(super) fn of_a_run() -> Self {
        Self { status: Ok(ExitStatus::default()), stderr: Vec::new(), nonsense: None }
    }
}

/// Something that is no record.
#[derive(Debug)]
pub(super) enum Nonsense {
    /// A line that goes on and on. Holds how it begins.
    Endless(Vec<u8>),
    /// A line that is not what it should be, and why not.
    NotARecord(Vec<u8>, serde_json::Error),
}

/// A stage that was started. Dropping it kills it.
pub(super) struct Stage {
    control: StageControl,
    process: OwnedFd,
}

impl Stage {
    /// Starts a stage and the thread that watches it. `tell` hears everything;
    /// when it returns false, nobody listens any more.
    pub(super) fn start(
        command: &StageCommand,
        tell: impl FnMut(Word) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let mut child = spawn(command)?;
        let (stage, mut watcher) = match attend(&mut child) {
            Ok(attended) => attended,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        };
        let name = format!("stage {}", child.id());
        thread::Builder::new().name(name).spawn(move || watcher.watch(child, tell))?;
        Ok(stage)
    }

    /// Gives it a run to play. Only to one that has just been started, or waits.
    pub(super) fn assign(&self, assignment: &Assignment<&Plan>) -> io::Result<()> {
        self.control.say(assignment)
    }

    /// What asks it for something.
    pub(super) fn control(&self) -> &StageControl {
        &self.control
    }

    /// Closes its standard input.
    pub(super) fn ask_to_end(&self) {
        self.control.close();
    }

    /// Ends it at once; everything in its namespaces goes with it.
    pub(super) fn kill(&self) {
        // The only failure is that it has ended already.
        let _ = pidfd_send_signal(&self.process, Signal::KILL);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(command: &StageCommand) -> io::Result<Child> {
    let mut process = Command::new(&command.program);
    process.args(&command.arguments).arg("--parent").arg(std::process::id().to_string());
    process
        .arg0("labrun")
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: Ctrl-C on the terminal is for the dispatcher,
        // which ends its stages in order.
        .process_group(0)
        .spawn()
}

/// Takes a new process's pipes, and a handle on it for either side.
fn attend(child: &mut Child) -> io::Result<(Stage, Watcher)> {
    let (Some(control), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("the stage has no pipes"));
    };
    let _ = fcntl_setpipe_size(&stdout, PIPE_SIZE);
    let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    let control = StageControl::new(control)?;
    let watcher = Watcher {
        process: process.try_clone()?,
        stdout: Some(stdout),
        stderr: Some(stderr),
        lines: Lines::new(MAX_LINE),
        tail: Tail::new(STDERR_KEPT),
        nonsense: None,
    };
    Ok((Stage { control, process }, watcher))
}

/// What the watching thread has.
struct Watcher {
    process: OwnedFd,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    lines: Lines,
    tail: Tail,
    nonsense: Option<Nonsense>,
}

impl Watcher {
    /// Watches until the process has ended and its output with it. Who keeps
    /// the output open longer than [`DRAIN`] after that is not waited for.
    fn watch(&mut self, mut child: Child, mut tell: impl FnMut(Word) -> bool) {
        let mut buffer = vec![0; 64 << 10];
        let mut give_up: Option<Instant> = None;
        while give_up.is_none() || self.stdout.is_some() || self.stderr.is_some() {
            let Some(ready) = self.wait(give_up) else { break };
            if ready.stdout {
                self.read_stdout(&mut buffer, &mut tell);
            }
            if ready.stderr {
                self.read_stderr(&mut buffer);
            }
            if ready.ended {
                give_up = Some(Instant::now() + DRAIN);
            }
        }
        if give_up.is_none() {
            let _ = child.kill();
        }
        let end = StageEnd {
            status: child.wait(),
            stderr: std::mem::replace(&mut self.tail, Tail::new(0)).into_bytes(),
            nonsense: self.nonsense.take(),
        };
        tell(Word::Ended(end));
    }

    /// Waits for something to happen; `None` once `give_up` is past.
    fn wait(&self, give_up: Option<Instant>) -> Option<Ready> {
        let mut fds = Vec::with_capacity(3);
        let mut whose = Vec::with_capacity(3);
        let mut add = |fd, mark: fn(&mut Ready)| {
            fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
            whose.push(mark);
        };
        if let Some(stdout) = &self.stdout {
            add(stdout.as_fd(), |ready| ready.stdout = true);
        }
        if let Some(stderr) = &self.stderr {
            add(stderr.as_fd(), |ready| ready.stderr = true);
        }
        if give_up.is_none() {
            add(self.process.as_fd(), |ready| ready.ended = true);
        }
        loop {
            let left = give_up.map(|at| at.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return None;
            }
            let timeout = left.and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut fds, timeout.as_ref()) {
                Ok(0) => return None,
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                // Only a mistake of ours or the lack of memory: the stage
                // cannot be watched, which ends it.
                Err(_) => return None,
            }
        }
        let mut ready = Ready::default();
        for (fd, mark) in fds.iter().zip(whose) {
            if !fd.revents().is_empty() {
                mark(&mut ready);
            }
        }
        Some(ready)
    }

    fn read_stdout(&mut self, buffer: &mut [u8], tell: &mut impl FnMut(Word) -> bool) {
        let Some(stdout) = &mut self.stdout else { return };
        let bytes = match stdout.read(buffer) {
            Ok(count) if count > 0 => &buffer[..count],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            Ok(_) | Err(_) => return self.end_stdout(),
        };
        if self.nonsense.is_some() {
            return;
        }
        let mut heard = true;
        let mut nonsense = None;
        let cut = self.lines.push(bytes, |line| {
            match serde_json::from_slice(&line) {
                Ok(record) => heard = tell(Word::Record(line, record)),
                Err(error) => nonsense = Some(Nonsense::NotARecord(line, error)),
            }
            heard && nonsense.is_none()
        });
        self.nonsense = nonsense.or(cut.err().map(|TooLong(start)| Nonsense::Endless(start)));
        if self.nonsense.is_some() || !heard {
            let _ = pidfd_send_signal(&self.process, Signal::KILL);
        }
    }

    /// A last line without its newline was cut off by a crash, which says more
    /// than the line does: unless it could never have been a record, it is
    /// dropped.
    fn end_stdout(&mut self) {
        self.stdout = None;
        let rest = self.lines.partial();
        if self.nonsense.is_none() && !rest.is_empty() && !rest.starts_with(b"{") {
            let error = serde_json::from_slice::<Record>(rest).err();
            self.nonsense = error.map(|error| Nonsense::NotARecord(rest.to_vec(), error));
        }
    }

    fn read_stderr(&mut self, buffer: &mut [u8]) {
        let Some(stderr) = &mut self.stderr else { return };
        match stderr.read(buffer) {
            Ok(count) if count > 0 => self.tail.push(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => self.stderr = None,
        }
    }
}

/// What has happened.
#[derive(Default)]
struct Ready {
    stdout: bool,
    stderr: bool,
    ended: bool,
}

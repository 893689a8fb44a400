//! Sits down at a host: a program there, with the terminal or the streams of this process.

use std::ffi::c_int;
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

use lab_runner::bytes::Bytes;
use lab_runner::event::Stream;
use lab_runner::request::Opening;
use lab_scenario::plan::ExitStatus;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::client::{self, Asker, SessionError};
use crate::protocol::{Answer, Ask};
use crate::tty::{self, Raw};

/// Bytes of input passed on at once.
const CHUNK: usize = 16 << 10;

/// What programs are told of the terminal they run in.
const TERMINAL_VARIABLES: [&str; 3] = ["TERM", "COLORTERM", "LANG"];

/// What becomes of this process's standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// It is that of the program.
    Passed,
    /// It is for somebody else: the program has none.
    Closed,
}

/// Runs a program on a host of a session, or a shell if `argv` is empty, until it ends. With a
/// terminal if this process has one at both ends; else its streams are passed through. What
/// ends this process ends the program.
///
/// # Errors
/// There is no such session or host or program, or the session ends before the program.
pub fn run(session: &str, host: &str, argv: Vec<String>) -> Result<ExitStatus, SessionError> {
    sit(session, host, argv, Input::Passed, &[SIGWINCH, SIGTERM, SIGHUP, SIGINT])
}

/// [`run`], for a process that goes on afterwards and sees to signals itself.
///
/// # Errors
/// As [`run`].
pub fn run_within(
    session: &str,
    host: &str,
    argv: Vec<String>,
    input: Input,
) -> Result<ExitStatus, SessionError> {
    sit(session, host, argv, input, &[SIGWINCH])
}

fn sit(
    session: &str,
    host: &str,
    argv: Vec<String>,
    input: Input,
    signals: &[c_int],
) -> Result<ExitStatus, SessionError> {
    let size = match input {
        Input::Passed => tty::is_interactive().then(tty::size).flatten(),
        Input::Closed => None,
    };
    let (asker, mut hearer) = client::enter(session)?;
    let unreachable = |source| SessionError::Unreachable { name: session.to_owned(), source };
    let variable = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    let env = TERMINAL_VARIABLES.into_iter().filter_map(variable).collect();
    asker.ask(&Ask::Open(Opening { host: host.to_owned(), argv, size, env }));
    match hearer.hear()? {
        Answer::Opened => {}
        Answer::Refused { why, help } => return Err(SessionError::Refused { why, help }),
        _ => return Err(SessionError::Ended { name: session.to_owned() }),
    }
    let raw = match size {
        Some(_) => Some(Arc::new(Raw::enter().map_err(unreachable)?)),
        None => None,
    };
    let signals = listen(asker.try_clone().map_err(unreachable)?, raw.clone(), signals);
    let signals = signals.map_err(unreachable)?;
    let (until, end) = UnixStream::pair().map_err(unreachable)?;
    let passing = match input {
        Input::Closed => {
            asker.ask(&Ask::CloseInput);
            None
        }
        Input::Passed => {
            let passing = thread::Builder::new().name("input".to_owned());
            let passing = passing.spawn(move || pass_input(&asker, &until));
            Some(passing.map_err(unreachable)?)
        }
    };
    let result = loop {
        match hearer.hear() {
            Ok(Answer::Output { stream, bytes }) => show(stream, &bytes),
            Ok(Answer::Skipped { bytes }) => {
                let text =
                    format!("\r\n[labrun: {bytes} bytes are not shown; the record has them]\r\n");
                show(Stream::Stderr, text.as_bytes());
            }
            Ok(Answer::Closed { status }) => break Ok(status),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    signals.close();
    // What is typed from here on is for whoever reads next.
    drop(end);
    if let Some(passing) = passing {
        let _ = passing.join();
    }
    // Not by the last one who drops it: the thread of the signals may be slower than the end.
    if let Some(raw) = &raw {
        raw.restore();
    }
    result
}

/// What a program says; that nobody reads it any more is found out by who types.
fn show(stream: Stream, bytes: &[u8]) {
    let _ = match stream {
        Stream::Stderr => io::stderr().write_all(bytes),
        Stream::Terminal | Stream::Stdout => {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        }
    };
}

/// Passes on what is typed, until there is no more or the other end of `until` is closed.
fn pass_input(asker: &Asker, until: &UnixStream) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let stdin = io::stdin();
        let mut fds = [PollFd::new(until, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return asker.leave(),
        }
        let [is_over, is_there] = fds.map(|fd| !fd.revents().is_empty());
        if is_over {
            return;
        }
        if !is_there {
            continue;
        }
        // Past the buffer of the standard library: what stays in that is not seen by `poll`.
        match rustix::io::read(&stdin, &mut buffer) {
            Ok(0) => return asker.ask(&Ask::CloseInput),
            Ok(count) => asker.ask(&Ask::Type { bytes: Bytes::from(&buffer[..count]) }),
            Err(Errno::INTR) => {}
            Err(_) => return asker.leave(),
        }
    }
}

/// Passes on that the window has another size. Whoever ends this process ends the program: the
/// terminal is made as it was first.
fn listen(
    asker: Asker,
    raw: Option<Arc<Raw>>,
    signals: &[c_int],
) -> io::Result<signal_hook::iterator::Handle> {
    let mut signals = Signals::new(signals)?;
    let handle = signals.handle();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if signal == SIGWINCH {
                if let Some(size) = raw.as_ref().and_then(|_| tty::size()) {
                    asker.ask(&Ask::Resize(size));
                }
                continue;
            }
            if let Some(raw) = &raw {
                raw.restore();
            }
            asker.leave();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    })?;
    Ok(handle)
}

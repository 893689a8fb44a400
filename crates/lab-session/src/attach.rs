//! Sits down at a host: a program there, with the terminal or the streams of this process.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::thread;

use lab_runner::bytes::Bytes;
use lab_runner::event::Stream;
use lab_runner::request::Opening;
use lab_scenario::plan::ExitStatus;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::client::{self, Asker, SessionError};
use crate::protocol::{Answer, Ask};
use crate::tty::{self, Raw};

/// Bytes of input passed on at once.
const CHUNK: usize = 16 << 10;

/// What programs are told of the terminal they run in.
const TERMINAL_VARIABLES: [&str; 3] = ["TERM", "COLORTERM", "LANG"];

/// Runs a program on a host of a session, or a shell if `argv` is empty, until it ends. With a
/// terminal if this process has one at both ends; else its streams are passed through.
///
/// # Errors
/// There is no such session or host or program, or the session ends before the program.
pub fn run(session: &str, host: &str, argv: Vec<String>) -> Result<ExitStatus, SessionError> {
    let size = tty::is_interactive().then(tty::size).flatten();
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
    let signals = listen(asker.try_clone().map_err(unreachable)?, raw.clone());
    let signals = signals.map_err(unreachable)?;
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || pass_input(&asker))
        .map_err(unreachable)?;
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
    drop(raw);
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

/// Passes on what is typed, until there is no more.
fn pass_input(asker: &Asker) {
    let mut buffer = vec![0; CHUNK];
    loop {
        match io::stdin().read(&mut buffer) {
            Ok(0) => break asker.ask(&Ask::CloseInput),
            Ok(count) => asker.ask(&Ask::Type { bytes: Bytes::from(&buffer[..count]) }),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break asker.leave(),
        }
    }
}

/// Passes on that the window has another size. Whoever ends this process ends the program: the
/// terminal is made as it was first.
fn listen(asker: Asker, raw: Option<Arc<Raw>>) -> io::Result<signal_hook::iterator::Handle> {
    let mut signals = Signals::new([SIGWINCH, SIGTERM, SIGHUP, SIGINT])?;
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

//! What is known of the terminal.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use lab_report::PLAIN_WIDTH;

/// Narrower, and lines would hold nothing.
const MIN_WIDTH: usize = 40;

/// Wider, and they would not be read.
const MAX_WIDTH: usize = 160;

/// Whether a stream gets colours: as asked for with `--color`; if that says
/// `auto`, by what the stream is and by NO_COLOR and its kin.
pub(crate) fn is_coloured(stream: &impl RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}

/// Columns of standard error or standard output, if one is a terminal.
pub(crate) fn width() -> usize {
    let of = |size: rustix::io::Result<rustix::termios::Winsize>| {
        size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
    };
    of(rustix::termios::tcgetwinsize(io::stdout()))
        .or_else(|| of(rustix::termios::tcgetwinsize(io::stderr())))
        .map_or(PLAIN_WIDTH, |columns| columns.clamp(MIN_WIDTH, MAX_WIDTH))
}

/// Whether something that changes can be shown: standard output and standard
/// error must both be the terminal, or what is written to the one would garble
/// what is drawn on the other.
pub(crate) fn is_live(report_is_on_stderr: bool) -> bool {
    io::stderr().is_terminal() && (report_is_on_stderr || io::stdout().is_terminal())
}

/// Writes to standard output, with colours if it takes them. That nobody reads
/// it (`labrun list | head`) is no error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

//! SIGINT and SIGTERM as something epoll can wait for.

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::{self, ErrorKind, Read};

/// The reading end of a socket pair into which the signal handler writes.
#[derive(Debug)]
pub(crate) struct Signals {
    reader: UnixStream,
}

impl Signals {
    pub(crate) fn register(registry: &Registry, token: Token) -> io::Result<Self> {
        let (reader, writer) = std::os::unix::net::UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        for signal in [SIGINT, SIGTERM] {
            signal_hook::low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        let mut reader = UnixStream::from_std(reader);
        registry.register(&mut reader, token, Interest::READABLE)?;
        Ok(Self { reader })
    }

    /// How many signals came since the last call.
    pub(crate) fn take(&mut self) -> usize {
        let mut count = 0;
        let mut buffer = [0; 16];
        loop {
            match self.reader.read(&mut buffer) {
                Ok(0) => return count,
                Ok(signals) => count += signals,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return count,
            }
        }
    }
}

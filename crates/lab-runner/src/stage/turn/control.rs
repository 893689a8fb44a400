//! Standard input while a run is played: requests, if people may ask for something. When it
//! ends, nobody wants the run any more.

use std::io;
use std::os::fd::AsFd as _;

use memchr::memchr;

use crate::request::Request;
use crate::stage::MAX_PLAN;

/// Bytes read at once.
const CHUNK: usize = 64 << 10;

/// What came.
pub(super) enum Heard {
    /// These, perhaps none.
    Requests(Vec<Request>),
    /// The end.
    Nobody,
}

/// The beginning of a request whose end has not come.
pub(super) struct Control {
    hears: bool,
    partial: Vec<u8>,
}

impl Control {
    pub(super) fn new(hears: bool) -> Self {
        Self { hears, partial: Vec::new() }
    }

    /// Reads what is there, when something is.
    pub(super) fn read(&mut self) -> Heard {
        let mut chunk = vec![0; CHUNK];
        match rustix::io::read(io::stdin().as_fd(), &mut chunk) {
            Ok(count) if count > 0 => self.take(&chunk[..count]),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Heard::Requests(Vec::new()),
            Ok(_) | Err(_) => Heard::Nobody,
        }
    }

    /// Only the dispatcher writes here, which is labrun too: what is no request is not
    /// explained but the end.
    fn take(&mut self, bytes: &[u8]) -> Heard {
        if !self.hears {
            return Heard::Requests(Vec::new());
        }
        self.partial.extend_from_slice(bytes);
        let mut requests = Vec::new();
        while let Some(end) = memchr(b'\n', &self.partial) {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            match serde_json::from_slice(&line) {
                Ok(request) => requests.push(request),
                Err(_) => return Heard::Nobody,
            }
        }
        if self.partial.len() as u64 > MAX_PLAN {
            return Heard::Nobody;
        }
        Heard::Requests(requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_whole_however_they_are_cut() {
        let mut control = Control::new(true);
        let Heard::Requests(none) = control.take(b"\"desc") else { panic!("it has not ended") };
        assert!(none.is_empty());
        let Heard::Requests(two) = control.take(b"ribe\"\n\"end\"\n\"con") else {
            panic!("it has not ended")
        };
        assert_eq!(two, [Request::Describe, Request::End]);
        assert!(matches!(control.take(b"fuse\"\n"), Heard::Nobody));
    }
}

//! Where a report goes: a stream whose other end may go away.

use std::io::{self, Write};

use lab_runner::dispatcher::ReportError;

/// Writes as long as somebody reads. When the other end of a pipe is closed
/// (`labrun run … | head`), the rest of the report is dropped and the runs
/// go on: the exit code still tells.
pub(crate) struct Outlet<'a> {
    out: Box<dyn Write + 'a>,
    deaf: bool,
}

impl<'a> Outlet<'a> {
    pub(crate) fn new(out: impl Write + 'a) -> Self {
        Self { out: Box::new(out), deaf: false }
    }

    /// Writes everything, and flushes it.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), ReportError> {
        if self.deaf {
            return Ok(());
        }
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.deaf = true;
                Ok(())
            }
            result => result.map_err(|error| ReportError::new("write the report", error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        assert!(Outlet::new(Failing(io::ErrorKind::BrokenPipe)).write(b"x").is_ok());
        let error = Outlet::new(Failing(io::ErrorKind::StorageFull)).write(b"x").unwrap_err();
        assert_eq!(error.to_string(), "cannot write the report");
    }
}

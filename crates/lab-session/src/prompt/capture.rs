//! `capture`: a program of labrun's own on the host, which writes what passes by.

use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;

use super::reach::refused;
use super::visit::Visit;
use crate::client::SessionError;
use crate::measure;

/// Starts it, and returns once it captures. It ends with this process or the session.
pub(super) fn start(
    session: &str,
    host: &str,
    interface: &str,
    file: &Path,
) -> Result<(), SessionError> {
    let program = std::env::current_exe()?;
    let words = [&*program, measure::COMMAND.as_ref(), measure::CAPTURE.as_ref()];
    let words = words.into_iter().chain([Path::new(interface), file]);
    let argv: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let (session, host) = (session.to_owned(), host.to_owned());
    let (began, begins) = channel();
    thread::Builder::new().name("capture".to_owned()).spawn(move || {
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        // Its first line says that it captures.
        let said = Visit::new(&session).run(&host, &argv, |_| {
            let _ = began.send(Ok(()));
        });
        let _ = began.send(said.and_then(|said| Err(refused(said.complaint(), None))));
    })?;
    begins.recv().unwrap_or_else(|_| Err(refused("it ended", None)))
}

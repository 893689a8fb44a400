//! `capture`: a program of labrun's own on the host, which writes what passes by.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::reach::refused;
use super::visit::{Input, Said, Visit};
use crate::client::SessionError;
use crate::measure;

/// How long a program may take to end. One that stands still, for its host is paused, never does.
const PATIENCE: Duration = Duration::from_secs(2);

/// What this prompt captures.
#[derive(Default)]
pub(super) struct Captures(Vec<Running>);

struct Running {
    interface: String,
    file: PathBuf,
    visit: Arc<Visit>,
    /// What the program has said, once it has ended.
    end: Receiver<Result<Said, SessionError>>,
    /// Read from there.
    ended: Option<Result<Said, SessionError>>,
}

impl Captures {
    /// Begins one, in a file of its own in this folder, and returns once it captures.
    ///
    /// # Errors
    /// There is one of that interface, or the program cannot capture, or not be started.
    pub(super) fn start(
        &mut self,
        session: &str,
        host: &str,
        interface: &str,
        folder: &Path,
    ) -> Result<PathBuf, SessionError> {
        self.0.retain_mut(|running| !running.has_ended());
        if let Some(running) = self.0.iter().find(|running| running.interface == interface) {
            let why = format!("{interface} goes into {} already", running.file.display());
            return Err(refused(&why, Some(&format!("`capture {interface} off` ends that"))));
        }
        let file = new_file(folder, interface);
        let program = std::env::current_exe()?;
        let words = [&*program, measure::COMMAND.as_ref(), measure::CAPTURE.as_ref()];
        let words = words.into_iter().chain([Path::new(interface), &file]);
        let argv: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        let (host, visit) = (host.to_owned(), Arc::new(Visit::new(session)));
        let (began, begins) = channel();
        let (ends, end) = channel();
        let capturing = Arc::clone(&visit);
        thread::Builder::new().name("capture".to_owned()).spawn(move || {
            let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
            // Its first line says that it captures.
            let said = capturing.run(&host, &argv, Input::Held, |_| {
                let _ = began.send(());
            });
            let _ = ends.send(said);
        })?;
        let interface = interface.to_owned();
        let running = Running { interface, file: file.clone(), visit, end, ended: None };
        if begins.recv().is_err() {
            let said = running.end.recv().unwrap_or_else(|_| Err(refused("it ended", None)))?;
            return Err(refused(said.complaint(), None));
        }
        self.0.push(running);
        Ok(file)
    }

    /// Ends one, and tells what is in its file.
    ///
    /// # Errors
    /// There is none of that interface, or something was wrong with it.
    pub(super) fn stop(&mut self, interface: &str) -> Result<String, SessionError> {
        match self.0.iter().position(|running| running.interface == interface) {
            Some(at) => self.0.swap_remove(at).stop(),
            None => {
                let why = format!("{interface} is not captured at this prompt");
                Err(refused(&why, Some(&format!("`capture {interface}` begins it"))))
            }
        }
    }

    /// Ends all, and calls this with what each one says.
    pub(super) fn stop_all(&mut self, mut say: impl FnMut(Result<String, SessionError>)) {
        self.0.iter().for_each(|running| running.visit.close_input());
        self.0.drain(..).for_each(|running| say(running.stop()));
    }
}

impl Running {
    fn has_ended(&mut self) -> bool {
        self.ended = self.ended.take().or_else(|| self.end.try_recv().ok());
        self.ended.is_some()
    }

    fn stop(self) -> Result<String, SessionError> {
        self.visit.close_input();
        let said = self.ended.or_else(|| self.end.recv_timeout(PATIENCE).ok());
        let file = self.file.display();
        let Some(said) = said else {
            self.visit.interrupt();
            let why =
                format!("the capture of {} does not end; {file} has what it wrote", self.interface);
            return Err(refused(&why, Some("a host that is paused needs `resume` first")));
        };
        let said = said?;
        match said.output.lines().nth(1) {
            Some(count) => Ok(format!("{count} in {file}")),
            None => Err(refused(said.complaint(), None)),
        }
    }
}

/// One that is not there: an earlier capture stays as it is.
fn new_file(folder: &Path, interface: &str) -> PathBuf {
    let numbered = (2..).map(|number| format!("{interface}-{number}.pcap"));
    let mut names = std::iter::once(format!("{interface}.pcap")).chain(numbered);
    let free = names.find_map(|name| Some(folder.join(name)).filter(|file| !file.exists()));
    free.unwrap_or_else(|| folder.join(interface))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_capture_stays() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["h1-eth0.pcap", "h1-eth0-2.pcap", "h1-eth0-3.pcap"] {
            let file = new_file(folder.path(), "h1-eth0");
            assert_eq!(file, folder.path().join(name));
            std::fs::write(file, "").unwrap();
        }
    }
}

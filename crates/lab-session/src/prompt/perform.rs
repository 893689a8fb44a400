//! Does what a line says.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::PoisonError;

use lab_runner::bytes::printable;
use lab_scenario::plan::{ExitStatus, Signal};
use signal_hook::consts::SIGINT;

use super::capture::Captures;
use super::command::{Command, Wrong, parse, process};
use super::keyboard::Keyboard;
use super::lines::Shared;
use super::visit::Visit;
use super::{help, reach, show};
use crate::attach::{self, Input};
use crate::client::{self, SessionError};
use crate::protocol::{Answer, Ask, SessionDescription};
use crate::windows;

/// What happened on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// What it said.
    Well,
    /// It made no sense, or what it wanted did not come about.
    Badly,
    /// The person leaves.
    Left,
}

/// The prompt of a session.
pub(super) struct Performer<'s> {
    pub(super) session: &'s str,
    pub(super) shared: Shared,
    captures: RefCell<Captures>,
}

impl<'s> Performer<'s> {
    pub(super) fn new(session: &'s str) -> Self {
        Self { session, shared: Shared::default(), captures: RefCell::default() }
    }

    /// Learns what there is now.
    pub(super) fn look(&self) -> Result<(), SessionError> {
        let description = client::describe(self.session)?;
        *self.shared.lock().unwrap_or_else(PoisonError::into_inner) = description;
        Ok(())
    }

    fn known(&self) -> SessionDescription {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does what a line says. What is wrong with it is told to the person.
    ///
    /// # Errors
    /// The session has ended.
    pub(super) fn perform(
        &self,
        line: &str,
        keyboard: Option<&mut Keyboard>,
    ) -> Result<Done, SessionError> {
        self.look()?;
        let known = self.known();
        let result = match parse(line, &known) {
            Ok(command) => self.command(command, &known, keyboard),
            Err(wrong) => Ok(complain(&wrong.why, wrong.help.as_deref())),
        };
        match result {
            Err(error @ SessionError::Ended { .. }) => Err(error),
            Err(error) => Ok(complain(&error.to_string(), error.help().as_deref())),
            Ok(done) => Ok(done),
        }
    }

    fn command(
        &self,
        command: Command,
        known: &SessionDescription,
        keyboard: Option<&mut Keyboard>,
    ) -> Result<Done, SessionError> {
        match command {
            Command::Nothing => {}
            Command::Exit => return Ok(Done::Left),
            Command::Show(what) => print(&show::show(what, known)),
            Command::Help(None) => print(&help::all()),
            Command::Help(Some(name)) => match help::about(&name) {
                Ok(text) => print(&text),
                Err(Wrong { why, help }) => return Ok(complain(&why, help.as_deref())),
            },
            Command::Shell { host, line } => return self.shell(&host, &line, keyboard.is_some()),
            Command::Background { host, line } => {
                let name = free_name(&line, known);
                let done = self.play(process(&host, &name, &line), keyboard)?;
                if done == Done::Well {
                    print(&format!(
                        "it is the process `{name}`: `transcript {name}`, `kill {name}`\n"
                    ));
                }
                return Ok(done);
            }
            Command::Play(text) => return self.play(text, keyboard),
            Command::PingAll(hosts) => return self.ping_all(&hosts, known, keyboard),
            Command::Iperf(from, to) => {
                print(&format!("*** measuring TCP from {from} to {to}\n"));
                let visit = Visit::new(self.session);
                let result =
                    visit.during(keyboard, || reach::measure(&visit, known, &from, &to))?;
                let Some(text) = interrupted(&visit, result)? else { return Ok(Done::Badly) };
                print(&format!("{text}\n"));
            }
            Command::Xterm(hosts) => {
                let hosts = or_all(hosts, known);
                return Ok(furnish(windows::xterms(&self.visitor(), &hosts)));
            }
            Command::Tmux(hosts) => {
                let hosts = or_all(hosts, known);
                let (layout, leaving) = (windows::Layout::Panes, windows::Leaving::EndsTmux);
                let tmux = windows::Tmux::open(&self.visitor(), &hosts, layout, leaving);
                return Ok(furnish(tmux.and_then(|tmux| tmux.show())));
            }
            Command::Transcript { of, lines } => {
                match client::ask(self.session, &Ask::Transcript { of, lines })? {
                    Answer::Text { bytes } => print(&clean(&bytes)),
                    other => return Ok(answer(other)),
                }
            }
            Command::Capture { host, interface } => {
                let folder = known.folder.clone().unwrap_or_else(|| PathBuf::from("."));
                let mut captures = self.captures.borrow_mut();
                let file = captures.start(self.session, &host, &interface, &folder)?;
                print(&format!("capturing into {}\n", file.display()));
            }
            Command::CaptureOff { interface } => {
                let said = self.captures.borrow_mut().stop(&interface)?;
                print(&format!("{said}\n"));
            }
            Command::Continue => return Ok(answer(client::ask(self.session, &Ask::Continue)?)),
            Command::Down => {
                self.end_captures();
                client::ask(self.session, &Ask::Down)?;
                return Ok(Done::Left);
            }
        }
        Ok(Done::Well)
    }

    /// Ends what is captured here: with the prompt, or before the session.
    pub(super) fn end_captures(&self) {
        self.captures.borrow_mut().stop_all(|said| match said {
            Ok(said) => print(&format!("{said}\n")),
            // With the session it has ended.
            Err(SessionError::Ended { .. }) => {}
            Err(error) => _ = complain(&error.to_string(), error.help().as_deref()),
        });
    }

    fn visitor(&self) -> windows::Visitor {
        let program = std::env::current_exe().unwrap_or_else(|_| "labrun".into());
        windows::Visitor { program, session: self.session.to_owned() }
    }

    /// A command line on a host, or a shell. What follows in a script is not for it.
    fn shell(&self, host: &str, line: &str, has_keyboard: bool) -> Result<Done, SessionError> {
        if line.is_empty() && !has_keyboard {
            return Ok(complain(
                &format!("`{host}` alone is a shell for somebody at a terminal"),
                Some(&format!("write `{host} COMMAND`")),
            ));
        }
        let argv = match line {
            "" => Vec::new(),
            line => ["sh", "-c", line].map(str::to_owned).to_vec(),
        };
        let input = if has_keyboard { Input::Passed } else { Input::Closed };
        let status = attach::run_within(self.session, host, argv, input)?;
        // That of Ctrl-C surprises nobody.
        if let ExitStatus::Signal(signal) = status
            && signal != Signal(SIGINT)
        {
            print(&format!("ended by {signal}\n"));
        }
        Ok(Done::Well)
    }

    fn play(&self, text: String, keyboard: Option<&mut Keyboard>) -> Result<Done, SessionError> {
        let visit = Visit::new(self.session);
        let result = visit.during(keyboard, || visit.ask(&Ask::Do { text }))?;
        Ok(interrupted(&visit, result)?.map_or(Done::Badly, answer))
    }

    fn ping_all(
        &self,
        hosts: &[String],
        known: &SessionDescription,
        keyboard: Option<&mut Keyboard>,
    ) -> Result<Done, SessionError> {
        let visit = Visit::new(self.session);
        let say = |line: &str| print(&format!("{line}\n"));
        let result = visit.during(keyboard, || reach::ping_all(&visit, known, hosts, say))?;
        Ok(match interrupted(&visit, result)? {
            Some(tally) => {
                print(&format!("{}\n", tally.text()));
                if tally.all_received() { Done::Well } else { Done::Badly }
            }
            None => Done::Badly,
        })
    }
}

/// What came of something; nothing if the person has interrupted it.
fn interrupted<T>(
    visit: &Visit,
    result: Result<T, SessionError>,
) -> Result<Option<T>, SessionError> {
    match result {
        Err(_) if visit.is_interrupted() => {
            print("^C\n");
            Ok(None)
        }
        result => result.map(Some),
    }
}

fn answer(answer: Answer) -> Done {
    match answer {
        Answer::Done { said } => {
            print(&clean(said.as_bytes()));
            Done::Well
        }
        Answer::Failed { text } => {
            // The language says so itself.
            let is_said = text.starts_with("error");
            print(&format!("{}{}", if is_said { "" } else { "error: " }, clean(text.as_bytes())));
            Done::Badly
        }
        Answer::Refused { why, help } => complain(&why, help.as_deref()),
        _ => Done::Well,
    }
}

fn furnish(result: Result<(), windows::WindowError>) -> Done {
    match result {
        Ok(()) => Done::Well,
        Err(error) => complain(&error.to_string(), error.help()),
    }
}

fn or_all(hosts: Vec<String>, known: &SessionDescription) -> Vec<String> {
    if hosts.is_empty() {
        known.hosts.iter().map(|host| host.name.clone()).collect()
    } else {
        hosts
    }
}

/// A name for what is run: its program's, with a number behind it if there is one already.
fn free_name(line: &str, known: &SessionDescription) -> String {
    let program = line.split_whitespace().next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default();
    let name: String = program
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' })
        .take(40)
        .collect();
    let name = name.trim_matches(|c: char| c == '-' || c.is_ascii_digit() && name.len() == 1);
    let name = match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => name.to_owned(),
        false => format!("process-{name}").trim_end_matches('-').to_owned(),
    };
    let is_free = |name: &str| known.processes.iter().all(|process| process.name != name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| is_free(name)).unwrap_or(name)
}

/// Text of programs without what would do something to the terminal.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = anstream::adapter::strip_str(&text).to_string();
    let mut clean = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        let _ = writeln!(clean, "{}", printable(line.replace('\t', "    ").as_bytes()));
    }
    clean
}

/// Says what is wrong.
pub(super) fn complain(why: &str, help: Option<&str>) -> Done {
    let mut text = format!("error: {why}\n");
    if let Some(help) = help {
        let _ = writeln!(text, "help: {help}");
    }
    print(&text);
    Done::Badly
}

/// Nobody is there to be told that nobody reads this.
pub(super) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ProcessDescription, ProcessState};

    #[test]
    fn what_runs_in_the_background_gets_a_name() {
        let process = |name: &str| ProcessDescription {
            name: name.to_owned(),
            host: "h1".to_owned(),
            state: ProcessState::Running,
        };
        let processes = vec![process("python3"), process("python3-2"), process("cat")];
        let known = SessionDescription { processes, ..SessionDescription::default() };
        let table = [
            ("python3 -m http.server", "python3-3"),
            ("/usr/bin/cat x", "cat-2"),
            ("./my server", "my"),
            ("7zip", "process-7zip"),
            ("'a b'", "a"),
            ("\"\"", "process"),
        ];
        for (line, name) in table {
            assert_eq!(free_name(line, &known), name, "{line}");
        }
    }

    #[test]
    fn what_programs_say_does_nothing_to_the_terminal() {
        assert_eq!(clean(b"a\x1b[31mb\x1b[0m\r\n\x07c\td"), "ab\nc    d\n");
        assert_eq!(clean(b""), "");
    }
}

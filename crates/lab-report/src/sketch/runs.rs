//! The programs that people have run by hand, found in what their terminals show.

use std::collections::{BTreeMap, VecDeque};

use lab_runner::event::{Event, Record};
use lab_runner::request::TerminalId;

use super::screen::{Screen, Shown};
use super::typing::{Typed, Typing};

/// Lines of one program that are kept.
const MAX_ACTS: usize = 10_000;

/// How long the echo of a typed line may take, in nanoseconds.
const ECHO: u64 = 1_000_000_000;

/// What a shell says of a program that was ended by a signal.
const OF_THE_SHELL: [&str; 6] =
    ["Killed", "Terminated", "Hangup", "Aborted", "Segmentation fault", "Quit"];

/// A program that somebody has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) host: String,
    /// The command line.
    pub(super) line: String,
    pub(super) began: u64,
    /// When, and with which code as shells say it: 128 and more is a signal.
    pub(super) ended: Option<(u64, i32)>,
    pub(super) acts: Vec<(u64, Act)>,
}

/// What is between a person and a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    Typed(Typed),
    Said(String),
}

impl Run {
    fn new(host: &str, line: String, began: u64) -> Self {
        Self { host: host.to_owned(), line, began, ended: None, acts: Vec::new() }
    }

    fn note(&mut self, at: u64, act: Act) {
        if self.acts.len() < MAX_ACTS {
            self.acts.push((at, act));
        }
    }
}

/// A terminal as it is read.
struct Terminal {
    host: String,
    screen: Screen,
    typing: Typing,
    /// Whether nothing was typed since the last Enter.
    fresh: bool,
    /// Lines whose echo has not come, and when they were typed.
    echoes: VecDeque<(u64, String)>,
    /// The command line that is about to run.
    command: Option<String>,
    /// The program that runs in it.
    run: Option<usize>,
}

/// Finds all of them, in the order in which they began.
pub(super) fn find<'r>(records: impl Iterator<Item = &'r Record>) -> Vec<Run> {
    let mut terminals: BTreeMap<TerminalId, Terminal> = BTreeMap::new();
    let mut runs = Vec::new();
    for Record { at, event } in records {
        let at = *at;
        match event {
            Event::TerminalOpened { terminal, host, argv, .. } => {
                let mut opened = Terminal::new(host.clone());
                if !(argv.len() == 1 && argv[0] == "shell") {
                    let words = || argv.iter().map(|word| shell_words::quote(word));
                    let line = match argv.as_slice() {
                        // So the prompt runs `h1 COMMAND`.
                        [shell, option, line] if shell == "sh" && option == "-c" => line.clone(),
                        _ => words().collect::<Vec<_>>().join(" "),
                    };
                    opened.run = Some(runs.len());
                    runs.push(Run::new(host, line, at));
                }
                terminals.insert(*terminal, opened);
            }
            Event::TerminalInput { terminal, bytes } => {
                if let Some(terminal) = terminals.get_mut(terminal) {
                    terminal.typed(at, bytes, &mut runs);
                }
            }
            Event::TerminalOutput { terminal, bytes, .. } => {
                if let Some(terminal) = terminals.get_mut(terminal) {
                    terminal.said(at, bytes, &mut runs);
                }
            }
            Event::TerminalClosed { terminal, status } => {
                if let Some(mut terminal) = terminals.remove(terminal) {
                    let rest = terminal.screen.partial();
                    terminal.line(at, &rest, &mut runs);
                    terminal.end(at, status.shell_code(), &mut runs);
                }
            }
            _ => {}
        }
    }
    runs
}

impl Terminal {
    fn new(host: String) -> Self {
        Self {
            host,
            screen: Screen::new(),
            typing: Typing::default(),
            fresh: true,
            echoes: VecDeque::new(),
            command: None,
            run: None,
        }
    }

    fn typed(&mut self, at: u64, bytes: &[u8], runs: &mut [Run]) {
        let Some(run) = self.run.and_then(|run| runs.get_mut(run)) else { return };
        // What stands before the cursor is what the program asks.
        let question = self.screen.partial();
        if self.fresh && question.trim().chars().count() > 2 {
            run.note(at, Act::Said(question.trim().to_owned()));
        }
        self.fresh = false;
        for typed in self.typing.push(bytes) {
            self.fresh = true;
            if let Typed::Line(line) = &typed
                && !line.is_empty()
            {
                self.echoes.push_back((at, line.clone()));
            }
            run.note(at, Act::Typed(typed));
        }
    }

    fn said(&mut self, at: u64, bytes: &[u8], runs: &mut Vec<Run>) {
        for shown in self.screen.push(bytes) {
            match shown {
                Shown::Line(line) => self.line(at, &line, runs),
                Shown::Command(line) => self.command = Some(line),
                Shown::Begin => {
                    let line = self.command.take().unwrap_or_default();
                    self.typing = Typing::default();
                    self.fresh = true;
                    self.echoes.clear();
                    self.run = Some(runs.len());
                    runs.push(Run::new(&self.host, line, at));
                }
                Shown::End(code) => self.end(at, code, runs),
                Shown::Prompt => {}
            }
        }
    }

    fn line(&mut self, at: u64, line: &str, runs: &mut [Run]) {
        let Some(run) = self.run.and_then(|run| runs.get_mut(run)) else { return };
        self.echoes.retain(|(typed, _)| at.saturating_sub(*typed) < ECHO);
        if let Some((_, echo)) = self.echoes.front()
            && line.trim_end().ends_with(echo.trim_end())
        {
            self.echoes.pop_front();
            return;
        }
        // `^C` is what the terminal shows for the key.
        let line = line.trim().trim_start_matches("^C");
        if !line.is_empty() && !OF_THE_SHELL.contains(&line) {
            run.note(at, Act::Said(line.to_owned()));
        }
    }

    fn end(&mut self, at: u64, code: i32, runs: &mut [Run]) {
        if let Some(run) = self.run.take().and_then(|run| runs.get_mut(run)) {
            run.ended = Some((at, code));
        }
    }
}

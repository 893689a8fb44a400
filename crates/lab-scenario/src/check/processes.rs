//! Processes and the commands they run.

use super::Checker;
use crate::codes::Code;
use crate::decode::Named;
use crate::decode::Record;
use crate::diagnostic::Diagnostic;
use crate::interpolate::Draft;
use crate::model::{Command, Process, Ready, Setting};
use crate::patterns;
use crate::plan::ProcessId;
use crate::raw::{RawProcess, RawReady};
use crate::source::Span;
use crate::text::Text;
use crate::words;

/// Whose command it is.
pub(super) struct Owner {
    /// What a message shows of it.
    pub(super) span: Span,
    pub(super) what: &'static str,
    /// Whether what is not given was left out, and not misspelt.
    pub(super) is_whole: bool,
}

impl Checker<'_> {
    /// All names are learnt, also of processes that are wrong in themselves:
    /// whatever refers to them is then right.
    pub(super) fn processes(&mut self, raw: Option<&Named<RawProcess>>) -> Vec<Process> {
        let raw = raw.map_or(&[][..], |named| &named.0);
        for (name, _) in raw {
            super::name(name, "a process", self.sink);
            let id = ProcessId(self.names.len());
            self.processes.insert(name.value.clone(), id);
            self.names.push((name.value.clone(), name.span));
        }
        raw.iter()
            .filter_map(|(name, process)| process.as_ref().and_then(|raw| self.one(name, raw)))
            .collect()
    }

    fn one(&mut self, name: &Text, raw: &RawProcess) -> Option<Process> {
        let host = self.host(raw.host.as_ref());
        let owner = Owner { span: name.span, what: "a process", is_whole: raw.is_whole() };
        let command = self.command(raw.run.as_ref(), raw.shell.as_ref(), &owner);
        let stdio = self.value(raw.stdio.as_ref()).unwrap_or(self.defaults.stdio);
        let ready = raw.ready.as_ref().and_then(|ready| self.ready(ready));
        let within = raw.ready.as_ref().and_then(|ready| ready.within.as_ref());
        let ready_within = self.setting(within).unwrap_or_else(|| self.defaults.within.clone());
        let env = self.env(raw.env.as_ref());
        let stop = self.value(raw.stop.as_ref()).unwrap_or(self.defaults.stop);
        let grace = self.setting(raw.grace.as_ref()).unwrap_or_else(|| self.defaults.grace.clone());
        Some(Process {
            name: name.value.clone(),
            name_span: name.span,
            place: self.place(name.span),
            host: host?,
            command: command?,
            stdio,
            ready,
            ready_within,
            env,
            stop,
            grace,
        })
    }

    /// `run` or `shell`: exactly one of them.
    pub(super) fn command(
        &mut self,
        run: Option<&Text>,
        shell: Option<&Text>,
        owner: &Owner,
    ) -> Option<Command> {
        let what = owner.what;
        match (run, shell) {
            (Some(run), None) => self.run(run),
            (None, Some(shell)) => {
                let draft = Draft::read(shell, &self.scope, self.sink);
                if draft.is_empty() {
                    let message = "an empty command";
                    self.sink.report(Diagnostic::new(Code::EmptyValue, shell.span, message));
                }
                Some(Command::Shell(draft))
            }
            (Some(run), Some(shell)) => {
                let message = format!("{what} has either `run` or `shell`");
                self.sink.report(
                    Diagnostic::new(Code::Contradiction, shell.span, message)
                        .secondary(run.span, "`run` is given here"),
                );
                None
            }
            (None, None) if !owner.is_whole => None,
            (None, None) => {
                let message = format!("`run` is missing in {what}");
                self.sink.report(
                    Diagnostic::new(Code::MissingKey, owner.span, message)
                        .help("say what is to be run: `run: \"program arguments\"`, or `shell:` for a shell's line"),
                );
                None
            }
        }
    }

    fn run(&mut self, run: &Text) -> Option<Command> {
        let draft = Draft::read(run, &self.scope, self.sink);
        let words = match words::split(&draft, run) {
            Ok(words) => words,
            Err(error) => {
                self.sink.report(error.diagnostic());
                return None;
            }
        };
        if words.first().is_none_or(Draft::is_empty) {
            let message = "a command line without a program";
            self.sink.report(Diagnostic::new(Code::EmptyValue, run.span, message));
            return None;
        }
        self.warn_of_shell_syntax(&words, run);
        Some(Command::Words(words))
    }

    /// A word that means something to a shell only, and is written as such,
    /// without quotes.
    fn warn_of_shell_syntax(&mut self, words: &[Draft], run: &Text) {
        const SYNTAX: [&str; 10] = ["|", "||", "&&", "&", ";", ">", ">>", "<", "2>&1", "2>"];
        for word in words {
            let Some(known) = word.known() else { continue };
            let is_written_so = run.span_of(0..run.value.len()).start <= word.span.start
                && run.value.split_whitespace().any(|bare| bare == known);
            if SYNTAX.contains(&known.as_str()) && is_written_so {
                let message = format!("`{known}` is given to the program as it is");
                self.sink.report(
                    Diagnostic::new(Code::ShellSyntax, word.span, message)
                        .help("`run` uses no shell; write `shell:` in its place if one is wanted"),
                );
                return;
            }
        }
    }

    fn ready(&mut self, raw: &RawReady) -> Option<Ready> {
        let given: Vec<&Text> =
            [&raw.output, &raw.tcp, &raw.udp, &raw.exit].into_iter().flatten().collect();
        match given.as_slice() {
            [] if !raw.is_whole() => return None,
            [] => {
                self.sink.report(
                    Diagnostic::new(Code::OneVerb, raw.head(), "`ready` waits for nothing").help(
                        "say for what: `output: TEXT`, `tcp: PORT`, `udp: PORT` or `exit: CODE`",
                    ),
                );
                return None;
            }
            [first, second, ..] => {
                self.sink.report(
                    Diagnostic::new(Code::OneVerb, second.span, "`ready` waits for one thing")
                        .secondary(first.span, "another is given here"),
                );
                return None;
            }
            [_] => {}
        }
        if let Some(output) = &raw.output {
            return patterns::read(output, &self.scope, self.sink).map(Ready::Output);
        }
        if raw.tcp.is_some() {
            return self.setting(raw.tcp.as_ref()).map(Ready::Tcp);
        }
        if raw.udp.is_some() {
            return self.setting(raw.udp.as_ref()).map(Ready::Udp);
        }
        self.setting(raw.exit.as_ref()).map(Ready::Exit)
    }
}

impl<T> Setting<T> {
    /// The value, if it is known.
    pub(crate) fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Open(_) => None,
        }
    }
}

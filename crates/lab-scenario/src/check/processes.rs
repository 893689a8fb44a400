//! Processes and the commands they run.

use super::Checker;
use crate::codes::Code;
use crate::decode::{Named, OneOrMany, Record};
use crate::diagnostic::Diagnostic;
use crate::interpolate::Draft;
use crate::model::{Command, Process, Ready, Setting};
use crate::patterns;
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
    /// The processes, those of groups one by one.
    pub(super) fn processes(&mut self, raw: Option<&Named<RawProcess>>) -> Vec<Process> {
        let raw = raw.map_or(&[][..], |named| &named.0);
        let mut processes = Vec::with_capacity(self.cast.len());
        for (name, process) in raw {
            let Some(process) = process else { continue };
            let is_group = process.count.is_some();
            let read = self.with_number(is_group, |checker| checker.one(name, process));
            let awaits = self.scope.awaited.borrow_mut().drain(..).collect();
            let Some((model, hosts)) = read else { continue };
            let model = Process { awaits, ..model };
            if !is_group {
                processes.push(model);
                continue;
            }
            let members = self.cast.find(&name.value).map(|targets| targets.ids);
            for (id, host) in members.into_iter().flatten().zip(hosts.iter().cycle()) {
                let person = self.cast.person(id);
                let (name, member) = (person.name.clone(), person.member);
                processes.push(Process { name, member, host: host.clone(), ..model.clone() });
            }
        }
        processes
    }

    /// A process, or what the members of a group have in common, and their
    /// hosts.
    fn one(&mut self, name: &Text, raw: &RawProcess) -> Option<(Process, Vec<String>)> {
        let hosts = self.hosts(name, raw);
        let owner = Owner { span: name.span, what: "a process", is_whole: raw.is_whole() };
        let command = self.command(raw.run.as_ref(), raw.shell.as_ref(), &owner);
        let stdio = self.value(raw.stdio.as_ref()).unwrap_or(self.defaults.stdio);
        let ready = raw.ready.as_ref().and_then(|ready| self.ready(ready));
        let within = raw.ready.as_ref().and_then(|ready| ready.within.as_ref());
        let ready_within = self.setting(within).unwrap_or_else(|| self.defaults.within.clone());
        let env = self.env(raw.env.as_ref());
        let stop = self.value(raw.stop.as_ref()).unwrap_or(self.defaults.stop);
        let grace = self.setting(raw.grace.as_ref()).unwrap_or_else(|| self.defaults.grace.clone());
        let after = raw.after.iter().flat_map(|list| &list.0);
        let after = after.filter_map(|name| self.targets(Some(name))).flat_map(|found| found.ids);
        let after = after.collect();
        let hosts = hosts?;
        let process = Process {
            name: name.value.clone(),
            member: None,
            awaits: Vec::new(),
            after,

            place: self.place(name.span),
            host: hosts.first()?.clone(),
            command: command?,
            stdio,
            ready,
            ready_within,
            env,
            stop,
            grace,
        };
        Some((process, hosts))
    }

    /// `host`, or for a group also `hosts`: at least one.
    fn hosts(&mut self, name: &Text, raw: &RawProcess) -> Option<Vec<String>> {
        match (&raw.host, &raw.hosts) {
            (Some(host), None) => self.host(Some(host)).map(|host| vec![host]),
            (None, Some(OneOrMany(hosts))) => {
                if raw.count.is_none() && raw.is_whole() {
                    let span = hosts.first().map_or(name.span, |host| host.span);
                    let message = "one process runs on one host";
                    self.sink.report(
                        Diagnostic::new(Code::Contradiction, span, message)
                            .help("write `host: NAME`; or make it a group with `count: N`"),
                    );
                    return None;
                }
                hosts.iter().map(|host| self.host(Some(host))).collect()
            }
            (Some(host), Some(hosts)) => {
                let span = hosts.0.first().map_or(name.span, |host| host.span);
                let message = "a process has either `host` or `hosts`";
                self.sink.report(
                    Diagnostic::new(Code::Contradiction, span, message)
                        .secondary(host.span, "`host` is given here"),
                );
                None
            }
            (None, None) => {
                if raw.is_whole() {
                    let message = "`host` is missing in a process";
                    self.sink.report(
                        Diagnostic::new(Code::MissingKey, raw.head(), message)
                            .help("say where it runs: `host: h1`"),
                    );
                }
                None
            }
        }
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
                self.scope.in_shell.set(true);
                let draft = Draft::read(shell, &self.scope, self.sink);
                self.scope.in_shell.set(false);
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
        let first = |list: &Option<Vec<RawReady>>| list.as_ref().map(|_| raw.head());
        let span = |text: Option<&Text>| text.map(|text| text.span);
        let given: Vec<Span> = [
            span(raw.output.as_ref()),
            span(raw.tcp.as_deref()),
            span(raw.udp.as_deref()),
            span(raw.exit.as_deref()),
            first(&raw.all),
            first(&raw.any),
        ]
        .into_iter()
        .flatten()
        .collect();
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
                    Diagnostic::new(Code::OneVerb, *second, "`ready` waits for one thing")
                        .secondary(*first, "another is given here")
                        .help("for several write `all: [{…}, {…}]`, or `any:`"),
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
        if let Some(all) = &raw.all {
            return self.several(raw, all).map(Ready::All);
        }
        if let Some(any) = &raw.any {
            return self.several(raw, any).map(Ready::Any);
        }
        self.setting(raw.exit.as_ref()).map(Ready::Exit)
    }

    fn several(&mut self, raw: &RawReady, parts: &[RawReady]) -> Option<Vec<Ready>> {
        if parts.is_empty() {
            let message = "`ready` waits for nothing";
            self.sink.report(Diagnostic::new(Code::EmptyValue, raw.head(), message));
        }
        for part in parts {
            if let Some(within) = &part.within {
                let message = "`within` is for all of `ready`";
                self.sink.report(
                    Diagnostic::new(Code::UnknownKey, within.span, message)
                        .help("write it beside `all` or `any`"),
                );
            }
        }
        parts.iter().map(|part| self.ready(part)).collect()
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

//! From the commands of a file to what happens in a scenario.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use lab_scenario::{Code, Diagnostic, Sink, suggest};

use super::Options;
use super::command::{Command, Connect, Kind, Launch, Placed};
use super::expected;
use super::file::{FinalState, TestFile};
use super::network::{Machine, Network, Standing};
use crate::{Answer, Draft, Expected, Line, Link, Process, Ready, Step};

/// What is typed to see what a machine knows.
const STATE: &str = "state";
/// What a step may take anyway.
const USUAL: Duration = Duration::from_secs(5);

/// Plays the commands; what is wrong with them goes to the sink.
pub(super) fn play(file: &TestFile, path: &Path, options: Options, sink: &mut Sink) -> Draft {
    let mut player = Player {
        file,
        options,
        sink,
        network: Network::default(),
        seen: HashMap::new(),
        steps: Vec::new(),
        processes: Vec::new(),
        longest_wait: Duration::ZERO,
    };
    player.commands();
    player.final_states();
    player.draft(path)
}

struct Player<'a> {
    file: &'a TestFile,
    options: Options,
    sink: &'a mut Sink,
    network: Network,
    /// What a machine was last asked until it knew.
    seen: HashMap<usize, Vec<u32>>,
    steps: Vec<Step>,
    processes: Vec<Process>,
    longest_wait: Duration,
}

impl Player<'_> {
    fn commands(&mut self) {
        let mut commands = self.file.commands.iter();
        while let Some(command) = commands.next() {
            match command {
                Command::Launch(launch) => self.launch(launch),
                Command::Message { from, to, text } => self.message(from, to, text),
                Command::Quit { who, text } => self.quit(who, text.as_deref()),
                Command::Wait(time) => self.longest_wait = self.longest_wait.max(*time),
                Command::KillAll(span) => {
                    if !commands.as_slice().is_empty() {
                        let message = "there are commands after this";
                        let help = "`KILL ALL` ends a test: make it the last command";
                        self.sink.report(Diagnostic::new(Code::Command, *span, message).help(help));
                        return;
                    }
                }
            }
        }
    }

    fn launch(&mut self, launch: &Launch) {
        self.refuse_taken(launch);
        let parent = launch.connect.as_ref().and_then(|connect| self.parent(launch, connect));
        let name = &launch.name.value;
        let id = launch.id.value;
        let refused = parent.is_some_and(|parent| self.network.would_refuse(id, parent));
        if let (Some(parent), true) = (parent, self.network.was_seen(id)) {
            let server = self.network.machines[parent].name();
            let remark = match refused {
                true => format!("{name} has an id that {server} must know is taken."),
                false => format!("{name} has an id that {server} must know is free again."),
            };
            self.wait_for_knowledge(parent, &remark);
        }
        let process = self.process(launch, parent, refused);
        self.network.launch(launch.clone(), parent);
        self.processes.push(process);
        match self.steps.last_mut() {
            Some(Step::Start(names)) => names.push(name.clone()),
            _ => self.steps.push(Step::Start(vec![name.clone()])),
        }
    }

    /// Refuses a name or a port that somebody has already.
    fn refuse_taken(&mut self, launch: &Launch) {
        let other = self.network.named(&launch.name.value);
        if let Some(other) = other.map(|place| &self.network.machines[place].launch) {
            let message = format!("the name `{}` is used twice", launch.name.value);
            self.sink.report(
                Diagnostic::new(Code::NameTaken, launch.name.span, message)
                    .secondary(other.name.span, "for the first time here")
                    .help("servers and clients together have different names"),
            );
        }
        if let Kind::Server(port) = launch.kind
            && let Some(place) = self.network.listening(port)
        {
            let other = &self.network.machines[place].launch;
            let message = format!("`{}` listens on port {port} already", other.name.value);
            self.sink.report(
                Diagnostic::new(Code::NameTaken, launch.name.span, message)
                    .secondary(other.name.span, "launched here")
                    .help("who connects is told apart by the port alone: give each server its own"),
            );
        }
    }

    /// The server that a machine connects to: the port decides.
    fn parent(&mut self, launch: &Launch, connect: &Connect) -> Option<usize> {
        let port = connect.port.value;
        if launch.kind == Kind::Server(port) {
            let message = format!("`{}` connects to its own port", launch.name.value);
            self.sink.report(
                Diagnostic::new(Code::Unused, connect.port.span, message)
                    .help("it is imported as the first of a network, which connects to nobody"),
            );
            return None;
        }
        let Some(parent) = self.network.listening(port) else {
            self.nobody_listens(connect);
            return None;
        };
        let meant = self.network.machines[parent].name();
        if let Some(host) = connect.host.as_ref().filter(|host| host.value != meant) {
            let message = format!("port {port} is not that of `{}` but of `{meant}`", host.value);
            self.sink.report(
                Diagnostic::new(Code::Unused, host.span, message)
                    .secondary(connect.port.span, "the port decides, as in the course"),
            );
        }
        Some(parent)
    }

    fn nobody_listens(&mut self, connect: &Connect) {
        if !self.file.is_whole {
            return;
        }
        let port = connect.port.value;
        let message = format!("no server launched before listens on port {port}");
        let later = self.file.commands.iter().find_map(|command| match command {
            Command::Launch(launch) if launch.kind == Kind::Server(port) => Some(launch),
            _ => None,
        });
        let diagnostic = Diagnostic::new(Code::NobodyListens, connect.port.span, message);
        let diagnostic = match later {
            Some(later) => diagnostic
                .secondary(later.name.span, "this one does, but is launched later")
                .help("launch it first"),
            None => {
                let ports =
                    self.network.machines.iter().filter_map(|machine| match machine.launch.kind {
                        Kind::Server(port) => Some(port.to_string()),
                        Kind::Client => None,
                    });
                let ports: Vec<String> = ports.collect();
                let known = ports.iter().map(String::as_str);
                diagnostic.maybe_help(suggest::help(&port.to_string(), known, "ports"))
            }
        };
        self.sink.report(diagnostic);
    }

    fn process(&self, launch: &Launch, parent: Option<usize>, refused: bool) -> Process {
        let parent = parent.map(|parent| &self.network.machines[parent].launch);
        let address = parent.map(|parent| match parent.kind {
            Kind::Server(port) => format!("${{{}.ip}}:{port}", parent.name.value),
            Kind::Client => String::new(),
        });
        let name = &launch.name.value;
        let mut arguments = Vec::new();
        let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        let (role, ready) = match launch.kind {
            Kind::Server(port) => {
                option("--listen", format!("0.0.0.0:{port}"));
                if let Some(address) = address {
                    option("--connect", address);
                }
                ("server", Ready::Listens(port))
            }
            Kind::Client => {
                arguments.extend(address);
                let text = match refused {
                    true => format!("Someone has already registered with ID {}", launch.id.value),
                    false => format!("Welcome to the Clemson Relay Chat network {name}"),
                };
                ("client", Ready::Says(text))
            }
        };
        let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        option("--id", launch.id.value.to_string());
        option("--name", name.clone());
        if let Some(info) = &launch.info {
            // `${` of a file is no variable.
            let info = info.replace("${", "$${");
            match info.starts_with('-') {
                true => arguments.push(format!("--info={info}")),
                false => option("--info", info),
            }
        }
        let remark = refused.then(|| "Its id is taken.".to_owned());
        Process { name: name.clone(), role: role.to_owned(), arguments, ready, remark }
    }

    fn message(&mut self, from: &Placed<String>, to: &Placed<u32>, text: &str) {
        let Some(sender) = self.client(from) else { return };
        let typed = Line::Typed(from.value.clone(), format!("message {} {text}", to.value));
        if self.network.machines[sender].standing == Standing::Refused {
            self.remark("What comes of this depends on the server, which has refused its sender.");
            self.talk([typed]);
            return;
        }
        let receiver = self.network.receiver(sender, to.value);
        let reached = receiver.map(|receiver| (receiver.name().to_owned(), receiver.is_server()));
        let remark = match (&reached, self.network.was_seen(to.value)) {
            (Some((name, false)), _) => format!("Until {} knows {name}.", from.value),
            (None, true) => format!("Until {} knows that {} is not there.", from.value, to.value),
            _ => format!("Until {} knows everybody.", from.value),
        };
        // Nobody is told of itself; that it was welcomed is enough.
        if self.network.machines[sender].id() != to.value {
            self.wait_for_knowledge(sender, &remark);
        }
        match reached {
            Some((name, false)) => {
                let heard = format!("{}: {text}", from.value);
                self.talk([typed, Line::Heard(name, heard)]);
            }
            Some((name, true)) => {
                self.remark(&format!("To {name}, a server, which shows no chats."));
                self.talk([typed]);
            }
            None => {
                let answer = format!("Unknown ID {}", to.value);
                self.talk([typed, Line::Heard(from.value.clone(), answer)]);
            }
        }
    }

    fn quit(&mut self, who: &Placed<String>, text: Option<&str>) {
        let Some(place) = self.client(who) else { return };
        let states = self.file.final_state.iter().filter(|state| state.name == who.value);
        for state in states {
            self.ask_final(state, place, "leaves: what must hold of it in the end is asked now.");
        }
        let line = text.map_or_else(|| "quit".to_owned(), |text| format!("quit {text}"));
        self.talk([Line::Typed(who.value.clone(), line)]);
        self.network.machines[place].standing = Standing::Gone;
    }

    /// The client with that name, if it is there.
    fn client(&mut self, who: &Placed<String>) -> Option<usize> {
        let machine = |place: &usize| &self.network.machines[*place];
        let place = self.network.named(&who.value);
        let Some(place) = place.filter(|place| !machine(place).is_server()) else {
            if !self.file.is_whole {
                return None;
            }
            let message = format!("no client `{}` was launched before", who.value);
            let clients = self.network.machines.iter().filter(|machine| !machine.is_server());
            let help = suggest::help(&who.value, clients.map(Machine::name), "clients");
            self.sink
                .report(Diagnostic::new(Code::UnknownProcess, who.span, message).maybe_help(help));
            return None;
        };
        if machine(&place).standing == Standing::Gone {
            let message = format!("`{}` has quit before", who.value);
            self.sink.report(
                Diagnostic::new(Code::HasEnded, who.span, message)
                    .help("who has quit can neither write nor quit again"),
            );
            return None;
        }
        Some(place)
    }

    fn final_states(&mut self) {
        for state in &self.file.final_state {
            match self.network.named(&state.name) {
                None if !self.file.is_whole => {}
                None => {
                    let message = format!("no command launches `{}`", state.name);
                    let names = self.network.machines.iter().map(Machine::name);
                    let meant = suggest::help(&state.name, names, "machines");
                    self.sink.report(
                        Diagnostic::new(Code::NotCompared, state.span, message)
                            .label("not compared; the course's runner passes over it, too")
                            .maybe_help(meant.filter(|help| help.starts_with("did you mean"))),
                    );
                }
                Some(place) => {
                    self.refuse_foreign(state, place);
                    if self.network.machines[place].standing != Standing::Gone {
                        self.ask_final(state, place, "");
                    }
                }
            }
        }
    }

    /// Refuses what is said of a server but holds only of clients, and the
    /// other way round.
    fn refuse_foreign(&mut self, state: &FinalState, place: usize) {
        let of_servers = [
            state.adjacent_users.as_ref().map(|list| list.key),
            state.adjacent_servers.as_ref().map(|list| list.key),
            state.hosts.as_ref().map(|list| list.key),
            state.registrations.as_ref().map(|list| list.key),
        ];
        let of_clients = [
            state.connected_users.as_ref().map(|list| list.key),
            state.chats.as_ref().map(|list| list.key),
        ];
        let (wrong, is) = match self.network.machines[place].is_server() {
            true => (of_clients.as_slice(), "a server"),
            false => (of_servers.as_slice(), "a client"),
        };
        for span in wrong.iter().flatten() {
            let message = format!("`{}` is {is}, which has no such list", state.name);
            self.sink.report(Diagnostic::new(Code::Contradiction, *span, message));
        }
    }

    fn ask_final(&mut self, state: &FinalState, place: usize, remark: &str) {
        let answer = expected::answer(state, place, &self.network, self.options);
        if answer.is_empty() {
            return;
        }
        match (remark, self.steps.last()) {
            ("", Some(Step::Ask { .. })) if self.is_at_end() => {}
            ("", _) => self.remark("In the end:"),
            (remark, _) => self.remark(&format!("{} {remark}", state.name)),
        }
        self.ask(place, answer);
    }

    /// Whether the last remark is that of the end.
    fn is_at_end(&self) -> bool {
        let remarks = self.steps.iter().rev().find(|step| matches!(step, Step::Remark(_)));
        remarks == Some(&Step::Remark("In the end:".to_owned()))
    }

    /// Asks a machine until it knows whom it must know by now, unless it was
    /// asked just that before.
    fn wait_for_knowledge(&mut self, place: usize, remark: &str) {
        let known = self.network.known_to(place);
        if self.seen.get(&place) == Some(&known) {
            return;
        }
        let path = match self.network.machines[place].is_server() {
            true => "hosts.*.id",
            false => "connected_users.*.id",
        };
        let expected = Expected::Numbers(known.clone());
        self.seen.insert(place, known);
        self.remark(remark);
        self.ask(place, vec![Answer { path: path.to_owned(), expected }]);
    }

    fn ask(&mut self, place: usize, answer: Vec<Answer>) {
        let of = self.network.machines[place].name().to_owned();
        self.steps.push(Step::Ask { of, line: STATE.to_owned(), answer });
    }

    fn talk(&mut self, lines: impl IntoIterator<Item = Line>) {
        match self.steps.last_mut() {
            Some(Step::Talk(before)) => before.extend(lines),
            _ => self.steps.push(Step::Talk(lines.into_iter().collect())),
        }
    }

    fn remark(&mut self, text: &str) {
        self.steps.push(Step::Remark(text.to_owned()));
    }

    fn draft(self, path: &Path) -> Draft {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut remarks = vec![
            format!("Imported from {file}, a test file of the course on Clemson Relay Chat."),
            "Each WAIT there is here a wait for what must have happened by then.".to_owned(),
        ];
        let says_adjacent =
            |state: &FinalState| state.adjacent_users.is_some() || state.adjacent_servers.is_some();
        if !self.options.strict_adjacency && self.file.final_state.iter().any(says_adjacent) {
            remarks.push(
                "Its lists of adjacent machines are not compared, as the course does not compare \
                 them: import with --strict-adjacency to do so."
                    .to_owned(),
            );
        }
        for state in &self.file.final_state {
            if self.network.named(&state.name).is_none() {
                remarks.push(format!(
                    "It says something of `{}`, whom it never launches: that is left out.",
                    state.name
                ));
            }
        }
        let (switches, links) = self.wiring();
        Draft {
            name: stem.into_owned(),
            remarks,
            within: Some(self.longest_wait).filter(|wait| *wait > USUAL),
            switches,
            links,
            processes: self.processes,
            steps: self.steps,
        }
    }

    /// A switch for each server, which joins its host and those of its clients;
    /// the switches are joined as the servers are.
    fn wiring(&self) -> (Vec<String>, Vec<Link>) {
        let machines = &self.network.machines;
        let mut prefix = "s".to_owned();
        while machines.iter().any(|machine| {
            machine.name().starts_with(&prefix) && {
                let rest = &machine.name()[prefix.len()..];
                !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit())
            }
        }) {
            prefix.push('w');
        }
        let servers: Vec<usize> =
            (0..machines.len()).filter(|place| machines[*place].is_server()).collect();
        let switch = |server: usize| {
            let number = servers.iter().position(|place| *place == server).unwrap_or_default();
            format!("{prefix}{}", number + 1)
        };
        let mut links = Vec::new();
        for (place, machine) in machines.iter().enumerate() {
            let name = machine.name().to_owned();
            // Servers that connect to nobody are reachable all the same.
            let first = servers.first().copied().filter(|first| *first != place);
            match (machine.is_server(), machine.parent) {
                (true, parent) => {
                    links.push(Link { between: [name, switch(place)] });
                    if let Some(above) = parent.or(first) {
                        links.push(Link { between: [switch(above), switch(place)] });
                    }
                }
                (false, Some(parent)) => links.push(Link { between: [name, switch(parent)] }),
                (false, None) => {}
            }
        }
        (servers.iter().map(|server| switch(*server)).collect(), links)
    }
}

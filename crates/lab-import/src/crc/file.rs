//! The shape of a test file.
//!
//! ```json
//! {
//!   "type": "CRC_functionality",
//!   "commands": ["LAUNCHSERVER …", "WAIT 0.25", "…", "KILL ALL"],
//!   "final_state": {"theshire": {"hosts_db": [2, 101], "…": []}, "…": {}}
//! }
//! ```

use lab_scenario::source::Span;
use lab_scenario::{Code, Diagnostic, Sink, suggest};

use super::command::{self, Command};
use super::registration::{self, Registration};
use crate::json::{Node, Text, unknown_key};

const TYPES: [&str; 2] = ["CRC_functionality", "network_connectivity"];
const KEYS: [&str; 3] = ["type", "commands", "final_state"];
const STATES: [&str; 8] = [
    "adjacent_user_ids",
    "adjacent_server_ids",
    "hosts_db",
    "connected_user_ids",
    "status_updates_log",
    "chat_messages_log",
    "sent_messages_asdqw",
    "recvd_messages_asdqw",
];

/// A file.
#[derive(Debug)]
pub(super) struct TestFile {
    pub(super) commands: Vec<Command>,
    /// Whether every command could be read. If not, whoever seems not to be
    /// there may just have been launched by one of the others.
    pub(super) is_whole: bool,
    pub(super) final_state: Vec<FinalState>,
}

/// What must hold of one machine at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct FinalState {
    pub(super) name: String,
    /// Where the name stands.
    pub(super) span: Span,
    pub(super) adjacent_users: Option<Given<u32>>,
    pub(super) adjacent_servers: Option<Given<u32>>,
    pub(super) hosts: Option<Given<u32>>,
    pub(super) connected_users: Option<Given<u32>>,
    pub(super) statuses: Option<Given<String>>,
    pub(super) chats: Option<Given<String>>,
    pub(super) registrations: Option<Given<Registration>>,
}

/// A list, and where its key stands.
#[derive(Debug, Clone)]
pub(super) struct Given<T> {
    pub(super) items: Vec<T>,
    pub(super) key: Span,
}

impl TestFile {
    /// Reads a file; all that is wrong with it goes to the sink.
    pub(super) fn read(root: &Node, sink: &mut Sink) -> Option<Self> {
        let entries = root.map("a test file", sink)?;
        let mut commands = None;
        let mut final_state = None;
        for (key, node) in entries {
            match key.value.as_str() {
                "type" => check_type(node, sink),
                "commands" => commands = Some(read_commands(node, sink)),
                "final_state" => final_state = Some(read_states(node, sink)),
                _ => unknown_key(key, &KEYS, "a test file", sink),
            }
        }
        for (name, is_there) in
            [("commands", commands.is_some()), ("final_state", final_state.is_some())]
        {
            if !is_there {
                let message = format!("a test file needs `{name}`");
                let span = Span { end: root.span.start + 1, ..root.span };
                sink.report(Diagnostic::new(Code::MissingKey, span, message));
            }
        }
        let (commands, final_state) = (commands?, final_state?);
        let is_whole = commands.iter().all(Option::is_some);
        Some(Self { commands: commands.into_iter().flatten().collect(), is_whole, final_state })
    }
}

fn check_type(node: &Node, sink: &mut Sink) {
    let Some(text) = node.text("the type of a test", sink) else { return };
    if !TYPES.contains(&text.value.as_str()) {
        let message = format!("there is no type of test `{}`", text.value);
        sink.report(Diagnostic::new(Code::Choice, text.span, message).maybe_help(suggest::help(
            &text.value,
            TYPES,
            "types",
        )));
    }
}

/// `None` for what cannot be read.
fn read_commands(node: &Node, sink: &mut Sink) -> Vec<Option<Command>> {
    let items = node.list("`commands`", sink).unwrap_or_default();
    items
        .iter()
        .map(|item| {
            let text = item.text("a command", sink)?;
            command::read(text, sink)
        })
        .collect()
}

fn read_states(node: &Node, sink: &mut Sink) -> Vec<FinalState> {
    let entries = node.map("`final_state`", sink).unwrap_or_default();
    entries
        .iter()
        .map(|(name, node)| {
            let mut state =
                FinalState { name: name.value.clone(), span: name.span, ..FinalState::default() };
            for (key, node) in node.map("the state of a machine", sink).unwrap_or_default() {
                read_state(&mut state, key, node, sink);
            }
            state
        })
        .collect()
}

fn read_state(state: &mut FinalState, key: &Text, node: &Node, sink: &mut Sink) {
    match key.value.as_str() {
        "adjacent_user_ids" => state.adjacent_users = list(key, node, sink, Node::id),
        "adjacent_server_ids" => state.adjacent_servers = list(key, node, sink, Node::id),
        "hosts_db" => state.hosts = list(key, node, sink, Node::id),
        "connected_user_ids" => state.connected_users = list(key, node, sink, Node::id),
        "status_updates_log" => state.statuses = list(key, node, sink, line),
        "chat_messages_log" => state.chats = list(key, node, sink, line),
        "recvd_messages_asdqw" => {
            let received = list(key, node, sink, registrations);
            state.registrations = received.map(|received| Given {
                items: received.items.into_iter().flatten().collect(),
                key: received.key,
            });
        }
        "sent_messages_asdqw" => {
            // The course's servers never fill this list.
            if node.list("a list of a final state", sink).is_some_and(|items| !items.is_empty()) {
                let message = "what servers sent is not compared";
                let help = "the course's runner keeps no list of what was sent: say what must be \
                            received, in `recvd_messages_asdqw`";
                sink.report(Diagnostic::new(Code::NotCompared, node.span, message).help(help));
            }
        }
        _ => unknown_key(key, &STATES, "the state of a machine", sink),
    }
}

fn list<T>(
    key: &Text,
    node: &Node,
    sink: &mut Sink,
    read: impl Fn(&Node, &str, &mut Sink) -> Option<T>,
) -> Option<Given<T>> {
    let items = node.list(&format!("`{}`", key.value), sink)?;
    let what = format!("an item of `{}`", key.value);
    let items = items.iter().filter_map(|item| read(item, &what, sink)).collect();
    Some(Given { items, key: key.span })
}

fn line(node: &Node, what: &str, sink: &mut Sink) -> Option<String> {
    node.text(what, sink).map(|text| text.value.clone())
}

fn registrations(node: &Node, what: &str, sink: &mut Sink) -> Option<Vec<Registration>> {
    let text = node.text(what, sink)?;
    match registration::read(&text.value) {
        Ok(found) => Some(found),
        Err(why) => {
            let message = "what a server received cannot be read";
            sink.report(Diagnostic::new(Code::Command, text.span, message).label(why));
            None
        }
    }
}

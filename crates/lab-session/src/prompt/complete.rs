//! What can follow what is typed.

use super::table::{self, Kind, TABLE, VERBS};
use crate::protocol::SessionDescription;

/// Where the word at the cursor begins, and what it could become, sorted. `at` is the
/// cursor, in bytes.
#[must_use]
pub fn complete(line: &str, at: usize, session: &SessionDescription) -> (usize, Vec<String>) {
    let before = line.get(..at).unwrap_or(line);
    let start = before.rfind([' ', '\t', ',', '[', '|']).map_or(0, |blank| blank + 1);
    let word = &before[start..];
    let mut words = before[..start].split_whitespace();
    let candidates = match words.next() {
        None => first(session),
        Some(first) => following(first, words.count(), session),
    };
    let mut candidates: Vec<String> =
        candidates.into_iter().filter(|candidate| candidate.starts_with(word)).collect();
    candidates.sort();
    candidates.dedup();
    (start, candidates)
}

/// What a line can begin with.
fn first(session: &SessionDescription) -> Vec<String> {
    let commands = TABLE.iter().map(|entry| format!("{} ", entry.name));
    let verbs = VERBS.iter().map(|verb| format!("{verb}: "));
    let hosts = session.hosts.iter().map(|host| format!("{} ", host.name));
    let talk = session
        .processes
        .iter()
        .flat_map(|process| ["> ", "< "].map(|sign| format!("{}{sign}", process.name)));
    commands.chain(verbs).chain(hosts).chain(talk).collect()
}

/// What word number `at` behind a first word can be.
fn following(first: &str, at: usize, session: &SessionDescription) -> Vec<String> {
    let kind = match table::entry(first) {
        Some(entry) => match entry.words {
            [] => return Vec::new(),
            words => words[at.min(words.len() - 1)],
        },
        // A command line on a host, or a step: hosts and processes are named there.
        None if first.ends_with(':') => Kind::HostOrProcess,
        None => Kind::Host,
    };
    let hosts = || session.hosts.iter().map(|host| host.name.clone());
    let processes = || session.processes.iter().map(|process| process.name.clone());
    // These are followed by what they shall say.
    let colon = if matches!(first, "send" | "expect") { ": " } else { " " };
    let names: Vec<String> = match kind {
        Kind::Command => TABLE.iter().map(|entry| entry.name.to_owned()).collect(),
        Kind::Host => hosts().collect(),
        Kind::Node => hosts().chain(session.switches().into_iter().map(str::to_owned)).collect(),
        Kind::Process => processes().collect(),
        Kind::HostOrProcess => hosts().chain(processes()).collect(),
        Kind::Interface => {
            let interfaces = session.hosts.iter().flat_map(|host| &host.interfaces);
            interfaces.map(|interface| interface.name.clone()).collect()
        }
        Kind::State => vec!["down".to_owned(), "up".to_owned()],
        Kind::Off => vec!["off".to_owned()],
        Kind::Text => Vec::new(),
    };
    names.into_iter().map(|name| name + colon).collect()
}

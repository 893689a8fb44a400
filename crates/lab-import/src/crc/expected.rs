//! What a final state says, as what `state` must answer.

use std::collections::BTreeSet;

use super::Options;
use super::file::{FinalState, Given};
use super::network::{Network, Standing};
use super::registration::Registration;
use crate::{Answer, Expected};

/// The answer that a machine must give to `state`; empty if nothing is said of it
/// that can be compared.
pub(super) fn answer(
    state: &FinalState,
    place: usize,
    network: &Network,
    options: Options,
) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut add = |path: &str, expected: Expected| {
        answers.push(Answer { path: path.to_owned(), expected });
    };
    if let Some(hosts) = &state.hosts {
        add("hosts.*.id", numbers(hosts));
    }
    if let Some(users) = &state.connected_users {
        add("connected_users.*.id", numbers(users));
    }
    if let Some(registrations) = &state.registrations {
        let parent = network.machines[place]
            .parent
            .filter(|_| network.machines[place].standing == Standing::Member);
        let parent = parent.map(|parent| network.machines[parent].id());
        add("adjacent_servers", neighbours(&registrations.items, parent));
        if !registrations.items.is_empty() {
            add("hosts", Expected::Like(registrations.items.iter().map(host).collect()));
        }
    }
    if options.strict_adjacency {
        if let Some(users) = &state.adjacent_users {
            add("adjacent_clients", numbers(users));
        }
        if let Some(servers) = &state.adjacent_servers {
            add("adjacent_servers", numbers(servers));
        }
    }
    if let Some(statuses) = &state.statuses {
        add("status_log", Expected::Texts(statuses.items.clone()));
    }
    if let Some(chats) = &state.chats {
        add("chat_log", Expected::Texts(chats.items.clone()));
    }
    answers
}

fn numbers(given: &Given<u32>) -> Expected {
    Expected::Numbers(given.items.clone())
}

/// Who is adjacent to a server that was sent these registrations: the servers that
/// sent them, and the one that it connected to itself.
fn neighbours(registrations: &[Registration], parent: Option<u32>) -> Expected {
    let from = registrations.iter().filter(|from| from.is_server && from.last_hop == 0);
    let ids: BTreeSet<u32> = from.map(|from| from.id).chain(parent).collect();
    Expected::Numbers(ids.into_iter().collect())
}

/// A registration as it stands among the hosts of the server that got it.
fn host(registration: &Registration) -> Vec<(String, crate::Scalar)> {
    use crate::Scalar::{Number, Text};
    let first_link = match registration.last_hop {
        0 => registration.id,
        hop => hop,
    };
    let entry = |key: &str, value| (key.to_owned(), value);
    vec![
        entry("id", Number(registration.id)),
        entry("kind", Text(registration.kind().to_owned())),
        entry("name", Text(registration.name.clone())),
        entry("info", Text(registration.info.clone())),
        entry("first_link", Number(first_link)),
    ]
}

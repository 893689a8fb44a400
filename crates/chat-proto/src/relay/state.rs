//! What `state` prints: one JSON object, its keys in this order, its lists sorted by id.

use super::{Id, Kind};
use serde::Serialize;

/// A server's view of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerState {
    /// Its own id.
    pub id: Id,
    /// Its own name.
    pub name: String,
    /// The servers it has a connection with.
    pub adjacent_servers: Vec<Id>,
    /// The clients it has a connection with.
    pub adjacent_clients: Vec<Id>,
    /// All other machines.
    pub hosts: Vec<HostState>,
    /// The texts of the newest statuses for this server, in the order they came.
    pub status_log: Vec<String>,
}

/// One machine in a server's view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostState {
    /// Its id.
    pub id: Id,
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub info: String,
    /// The adjacent machine on the path to it; itself if it is adjacent.
    pub first_link: Id,
}

/// A client's view of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientState {
    /// Its own id.
    pub id: Id,
    /// Its own name.
    pub name: String,
    /// The other clients.
    pub connected_users: Vec<UserState>,
    /// The texts of the newest statuses, in the order they came.
    pub status_log: Vec<String>,
    /// The texts of the newest chats, in the order they came.
    pub chat_log: Vec<String>,
}

/// One client in another's view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserState {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub info: String,
}

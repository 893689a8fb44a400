//! Who is on the network after each command: what a settled network looks like,
//! by the rules of the protocol. It tells what to wait for.

use super::command::{Kind, Launch};

/// All machines that were launched.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub(super) machines: Vec<Machine>,
}

/// A machine.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) launch: Launch,
    /// The server it connected to, by its place in the list.
    pub(super) parent: Option<usize>,
    /// Servers that know of each other, and their clients, have the same.
    island: usize,
    pub(super) standing: Standing,
}

/// Where a machine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has joined.
    Member,
    /// It was told that its id is taken.
    Refused,
    /// It quit.
    Gone,
}

impl Machine {
    pub(super) fn name(&self) -> &str {
        &self.launch.name.value
    }

    pub(super) fn id(&self) -> u32 {
        self.launch.id.value
    }

    pub(super) fn is_server(&self) -> bool {
        matches!(self.launch.kind, Kind::Server(_))
    }
}

impl Network {
    /// Adds a machine that connects to `parent`, and returns its place.
    pub(super) fn launch(&mut self, launch: Launch, parent: Option<usize>) -> usize {
        let place = self.machines.len();
        let joined = parent.map(|parent| self.machines[parent].island);
        let is_taken = joined.is_some_and(|island| self.is_taken(launch.id.value, island));
        let (island, standing) = match (joined, is_taken) {
            (Some(island), false) => (island, Standing::Member),
            // Alone with whoever connects to it.
            (Some(_), true) => (place, Standing::Refused),
            (None, _) => (place, Standing::Member),
        };
        self.machines.push(Machine { launch, parent, island, standing });
        place
    }

    /// Whether the server at `parent` would refuse somebody with that id.
    pub(super) fn would_refuse(&self, id: u32, parent: usize) -> bool {
        self.is_taken(id, self.machines[parent].island)
    }

    /// Whether anybody was ever launched with that id.
    pub(super) fn was_seen(&self, id: u32) -> bool {
        self.machines.iter().any(|machine| machine.id() == id)
    }

    fn is_taken(&self, id: u32, island: usize) -> bool {
        self.members(island).any(|member| member.id() == id)
    }

    /// Everybody of an island who is there. A refused server is one itself, of
    /// its own.
    fn members(&self, island: usize) -> impl Iterator<Item = &Machine> {
        self.machines.iter().filter(move |machine| {
            let is_there = match machine.standing {
                Standing::Member => true,
                Standing::Refused => machine.is_server(),
                Standing::Gone => false,
            };
            is_there && machine.island == island
        })
    }

    /// The ids that a machine knows when all is settled, sorted: of all others if
    /// it is a server, of all other clients if it is a client.
    pub(super) fn known_to(&self, place: usize) -> Vec<u32> {
        let machine = &self.machines[place];
        if !machine.is_server() && machine.standing == Standing::Refused {
            return Vec::new();
        }
        let others = self.members(machine.island).filter(|other| {
            other.name() != machine.name() && (machine.is_server() || !other.is_server())
        });
        let mut ids: Vec<u32> = others.map(Machine::id).collect();
        ids.sort_unstable();
        ids
    }

    /// Who hears what a machine sends to an id.
    pub(super) fn receiver(&self, from: usize, to: u32) -> Option<&Machine> {
        self.members(self.machines[from].island).find(|machine| machine.id() == to)
    }

    /// The place of the machine with that name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.machines.iter().position(|machine| machine.name() == name)
    }

    /// The place of the server that listens on a port.
    pub(super) fn listening(&self, port: u16) -> Option<usize> {
        self.machines.iter().position(|machine| machine.launch.kind == Kind::Server(port))
    }
}

//! Names for connections, listeners and datagram sockets.

/// A connection of the pool. Never used again after its connection ended: a frame
/// sent to a dead id goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId {
    pub(crate) reactor: u16,
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

impl ConnId {
    /// The reactor thread this connection lives on, from 0.
    #[must_use]
    pub fn reactor(self) -> usize {
        usize::from(self.reactor)
    }
}

/// Which listening socket a connection came through, in the order of `listen` calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(pub(crate) usize);

/// A datagram socket of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DatagramId(pub(crate) usize);

/// What an app keeps for each connection of its own thread: a table indexed by
/// the connection's place, so a look-up costs no hashing.
#[derive(Debug)]
pub struct ConnMap<T> {
    places: Vec<Option<(u32, T)>>,
}

impl<T> Default for ConnMap<T> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<T> ConnMap<T> {
    /// Keeps `value` for `conn`.
    pub fn insert(&mut self, conn: ConnId, value: T) {
        let place = conn.slot as usize;
        if place >= self.places.len() {
            self.places.resize_with(place + 1, || None);
        }
        self.places[place] = Some((conn.generation, value));
    }

    /// What is kept for `conn`.
    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut T> {
        match self.places.get_mut(conn.slot as usize) {
            Some(Some((generation, value))) if *generation == conn.generation => Some(value),
            _ => None,
        }
    }

    /// Takes out what is kept for `conn`.
    pub fn remove(&mut self, conn: ConnId) -> Option<T> {
        self.get_mut(conn)?;
        self.places[conn.slot as usize].take().map(|(_, value)| value)
    }

    /// All that is kept.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut().flatten().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_id_finds_nothing() {
        let id = |slot, generation| ConnId { reactor: 0, slot, generation };
        let mut map = ConnMap::default();
        map.insert(id(2, 1), "old");
        map.insert(id(2, 2), "new");
        assert_eq!(map.get_mut(id(2, 1)), None);
        assert_eq!(map.remove(id(2, 1)), None);
        assert_eq!(map.get_mut(id(7, 1)), None);
        assert_eq!(map.remove(id(2, 2)), Some("new"));
        assert_eq!(map.values_mut().count(), 0);
    }
}

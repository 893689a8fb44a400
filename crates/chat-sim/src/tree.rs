//! Who hangs on whom.

use crate::Random;

/// Servers as a tree.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Of each server; none for the first.
    pub(crate) parents: Vec<Option<usize>>,
}

impl Tree {
    /// Neighbouring servers of one at most.
    const MAX_NEIGHBOURS: u8 = 16;

    /// Each server but the first hangs on a random earlier one that has room for it.
    pub(crate) fn random(servers: usize, random: &mut Random) -> Self {
        let mut parents = vec![None];
        let mut neighbours = vec![0u8; servers];
        for server in 1..servers {
            let mut parent = random.below(server);
            while neighbours[parent] >= Self::MAX_NEIGHBOURS {
                parent = random.below(server);
            }
            neighbours[parent] += 1;
            neighbours[server] += 1;
            parents.push(Some(parent));
        }
        Self { parents }
    }

    /// The most links between a server and the first one.
    pub(crate) fn depth(&self) -> usize {
        let mut depths = vec![0; self.parents.len()];
        for (server, parent) in self.parents.iter().enumerate() {
            depths[server] = parent.map_or(0, |parent| depths[parent] + 1);
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// The server, not the first, whose link to its parent parts the network most evenly.
    pub(crate) fn heaviest(&self) -> usize {
        let count = self.parents.len();
        let mut weights = vec![1usize; count];
        for server in (1..count).rev() {
            if let Some(parent) = self.parents[server] {
                weights[parent] += weights[server];
            }
        }
        (1..count).min_by_key(|server| weights[*server].abs_diff(count / 2)).unwrap_or(1)
    }
}

//! Waiting until interfaces pass packets, or no longer do.
//!
//! The kernel makes up its mind about a link some time after the request that
//! changed it has returned, and a packet sent before that is lost. First it marks
//! the interface as up, then it puts its queue in place and has the bridge forward,
//! then it tells whoever listens; all under one lock. Who looks instead of listening
//! takes no lock (since Linux 6.10) and may see the mark too early. So at the end
//! a request that does nothing, but takes the lock, makes sure that the kernel is done.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

use crate::NetworkError;
use crate::netlink::link::{self, LinkInfo, OperState};
use crate::netlink::{Channel, Notice};

/// How long links may take. The slowest of 256 takes some 15 ms on an idle machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until all interfaces of those numbers are in a state. Returns all
/// interfaces of the namespace.
pub(super) fn wait(
    channel: &mut Channel,
    wanted: Vec<u32>,
    state: OperState,
    deadline: Instant,
) -> Result<Vec<LinkInfo>, NetworkError> {
    let asking = || NetworkError::doing("asking for the state of the links");
    let links = channel.links().map_err(asking())?;
    if wanted.is_empty() {
        return Ok(links);
    }
    let mut missing = Missing { indices: wanted.into_iter().collect(), state };
    links.iter().for_each(|link| missing.tick_off(link));
    if missing.indices.is_empty() {
        channel.apply(&[link::nothing()])?;
        return Ok(links);
    }
    // First listen, then look again: what changes in between is heard.
    channel.subscribe().map_err(asking())?;
    let heard = missing.listen(channel, deadline).map_err(asking())?;
    channel.unsubscribe().map_err(asking())?;
    let links = channel.links().map_err(asking())?;
    if heard == Heard::All {
        channel.apply(&[link::nothing()])?;
        return Ok(links);
    }
    let left = links.into_iter().filter(|link| missing.indices.contains(&link.index));
    Err(NetworkError::NotSeen {
        state: if state == OperState::Up { "up" } else { "down" },
        interfaces: left.map(|link| link.name).collect(),
        waited: PATIENCE,
    })
}

/// Interfaces that are not yet in the state they are waited for in.
struct Missing {
    indices: HashSet<u32>,
    state: OperState,
}

#[derive(Debug, PartialEq, Eq)]
enum Heard {
    All,
    NotAll,
}

impl Missing {
    fn tick_off(&mut self, link: &LinkInfo) {
        if link.state == self.state {
            self.indices.remove(&link.index);
        }
    }

    fn listen(&mut self, channel: &mut Channel, deadline: Instant) -> io::Result<Heard> {
        loop {
            channel.links()?.iter().for_each(|link| self.tick_off(link));
            loop {
                if self.indices.is_empty() {
                    return Ok(Heard::All);
                }
                match channel.next_notice(deadline)? {
                    Notice::Link(link) => self.tick_off(&link),
                    Notice::Overrun => break,
                    Notice::Silence => return Ok(Heard::NotAll),
                }
            }
        }
    }
}

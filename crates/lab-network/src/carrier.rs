//! Waiting until interfaces pass packets, or no longer do.
//!
//! The kernel makes up its mind about a link some time after the request that
//! changed it has returned, and a packet sent before that is lost. It tells
//! when it has: an interface whose operational state is up has its queue in
//! place, and a bridge has put that port into the forwarding state before.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

use crate::NetworkError;
use crate::netlink::link::{LinkInfo, OperState};
use crate::netlink::{Channel, Notice};

/// How long links may take. The slowest of 256 took 15 ms on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until all interfaces of those numbers are in a state.
pub(crate) fn wait(
    channel: &mut Channel,
    indices: impl IntoIterator<Item = u32>,
    state: OperState,
    deadline: Instant,
) -> Result<(), NetworkError> {
    let mut missing: HashSet<u32> = indices.into_iter().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let seen = listen(channel, &mut missing, state, deadline)
        .map_err(NetworkError::doing("watching the links"))?;
    match seen {
        Seen::All => Ok(()),
        Seen::Silence(interfaces) => Err(NetworkError::NotSeen {
            state: if state == OperState::Up { "up" } else { "down" },
            interfaces,
            waited: PATIENCE,
        }),
    }
}

enum Seen {
    All,
    Silence(Vec<String>),
}

fn listen(
    channel: &mut Channel,
    missing: &mut HashSet<u32>,
    state: OperState,
    deadline: Instant,
) -> io::Result<Seen> {
    // First listen, then look: what changes in between is heard.
    channel.subscribe()?;
    let seen = loop {
        let links = channel.links()?;
        links.iter().for_each(|link| tick_off(missing, link, state));
        if missing.is_empty() {
            break Seen::All;
        }
        match hear(channel, missing, state, deadline)? {
            Heard::All => break Seen::All,
            Heard::TooMuch => {}
            Heard::Nothing => {
                let left = links.into_iter().filter(|link| missing.contains(&link.index));
                break Seen::Silence(left.map(|link| link.name).collect());
            }
        }
    };
    channel.unsubscribe()?;
    Ok(seen)
}

enum Heard {
    All,
    TooMuch,
    Nothing,
}

fn hear(
    channel: &mut Channel,
    missing: &mut HashSet<u32>,
    state: OperState,
    deadline: Instant,
) -> io::Result<Heard> {
    while !missing.is_empty() {
        match channel.next_notice(deadline)? {
            Notice::Link(link) => tick_off(missing, &link, state),
            Notice::Overrun => return Ok(Heard::TooMuch),
            Notice::Silence => return Ok(Heard::Nothing),
        }
    }
    Ok(Heard::All)
}

fn tick_off(missing: &mut HashSet<u32>, link: &LinkInfo, state: OperState) {
    if link.state == state {
        missing.remove(&link.index);
    }
}

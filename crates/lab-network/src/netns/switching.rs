//! Cutting links and mending them.
//!
//! A link is cut by taking both its ends down, as Mininet's `link s1 h1 down`
//! does: programs see no carrier and, as of a pulled cable with a network
//! manager on the host, no route.

use std::collections::BTreeMap;
use std::time::Instant;

use lab_scenario::plan::LinkState;

use crate::NetworkError;
use crate::carrier::{self, PATIENCE};
use crate::netlink::link::{self, OperState};
use crate::netlink::{Request, saved};

use super::build::Built;
use super::layout::{Place, Port};

/// What the ends of a link had that goes when they go down.
#[derive(Debug, Default)]
pub(super) struct Cut {
    lost: Vec<(Place, Vec<Request>)>,
}

pub(super) fn set_link(
    built: &mut Built,
    a: &str,
    b: &str,
    state: LinkState,
) -> Result<(), NetworkError> {
    let links = built.network.links_between(a, b);
    if links.is_empty() {
        return Err(NetworkError::NoSuchLink { a: a.to_owned(), b: b.to_owned() });
    }
    match state {
        LinkState::Down => cut(built, &links),
        LinkState::Up => mend(built, &links),
    }
}

fn cut(built: &mut Built, links: &[usize]) -> Result<(), NetworkError> {
    let mut ends = Vec::new();
    for link in links {
        if built.cuts.contains_key(link) {
            continue;
        }
        let ports = built.layout.cables[*link].ends().map(Port::clone);
        let mut cut = Cut::default();
        for port in &ports {
            let lost = saved::save(built.channel(port.place), port.index, &port.name)
                .map_err(NetworkError::doing(format!("reading the routes of {}", port.name)))?;
            cut.lost.push((port.place, lost));
        }
        built.cuts.insert(*link, cut);
        ends.extend(ports);
    }
    for port in &ends {
        let doing = format!("taking {} down", port.name);
        built.channel(port.place).apply(&[link::set_down(port.index, doing)])?;
    }
    wait(built, &ends, OperState::Down)
}

fn mend(built: &mut Built, links: &[usize]) -> Result<(), NetworkError> {
    let cuts: Vec<_> =
        links.iter().filter_map(|link| Some((*link, built.cuts.remove(link)?))).collect();
    let mut ports = Vec::new();
    for (link, _) in &cuts {
        let cable = built.layout.cables[*link].clone();
        for port in cable.ends() {
            let doing = format!("bringing up {}", port.name);
            built.channel(port.place).apply(&[link::set_up(port.index, doing)])?;
        }
        // Those in the middle get their carrier back as well.
        ports.extend(cable.ports().cloned());
    }
    wait(built, &ports, OperState::Up)?;
    for (place, lost) in cuts.into_iter().flat_map(|(_, cut)| cut.lost) {
        restore(built, place, &lost)?;
    }
    Ok(())
}

/// Gives an interface back what it had. Somebody may have been quicker.
fn restore(built: &mut Built, place: Place, lost: &[Request]) -> Result<(), NetworkError> {
    for request in lost {
        match built.channel(place).apply(std::slice::from_ref(request)) {
            Err(refusal) if refusal.source.raw_os_error() == Some(libc::EEXIST) => {}
            answer => answer?,
        }
    }
    Ok(())
}

fn wait(built: &mut Built, ports: &[Port], state: OperState) -> Result<(), NetworkError> {
    let mut places: BTreeMap<Place, Vec<u32>> = BTreeMap::new();
    for port in ports {
        places.entry(port.place).or_default().push(port.index);
    }
    let deadline = Instant::now() + PATIENCE;
    for (place, indices) in places {
        carrier::wait(built.channel(place), indices, state, deadline)?;
    }
    Ok(())
}

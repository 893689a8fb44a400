//! Cutting links and mending them.
//!
//! A link is cut by taking both its ends down, as Mininet's `link s1 h1 down`
//! does: programs see an interface that is down and, as after a pulled cable with a
//! network manager on the host, no route.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use lab_scenario::plan::LinkState;

use crate::netlink::link::{self, OperState};
use crate::netlink::{Request, saved};
use crate::{Link, NetworkError};

use super::carrier::{self, PATIENCE};
use super::{Fabric, Place, Port, Wire};

/// What the ends of a link had that goes when they go down.
#[derive(Debug, Default)]
pub(super) struct Cut {
    lost: Vec<(Place, Vec<Request>)>,
}

impl Fabric {
    /// Cuts or mends all links between two nodes.
    pub(crate) fn set_link(
        &mut self,
        a: &str,
        b: &str,
        state: LinkState,
    ) -> Result<(), NetworkError> {
        let between = self.wires_between(a, b)?;
        self.switch(&between, state)
    }

    /// Cuts or mends links by their numbers.
    pub(super) fn switch(&mut self, wires: &[usize], state: LinkState) -> Result<(), NetworkError> {
        match state {
            LinkState::Down => self.cut(wires),
            LinkState::Up => self.mend(wires),
        }
    }

    /// All links, and whether they are cut.
    pub(crate) fn links(&self) -> Vec<Link> {
        let describe = |(index, wire): (usize, &Wire)| Link {
            nodes: wire.nodes.clone(),
            interfaces: wire.ends.each_ref().map(|port| port.name.clone()),
            shape: *self.reshaped.get(&index).unwrap_or(&wire.shape),
            state: if self.cuts.contains_key(&index) { LinkState::Down } else { LinkState::Up },
        };
        self.wires.iter().enumerate().map(describe).collect()
    }

    /// Links that are not as they were left, one sentence each.
    pub(crate) fn strays(&mut self) -> Vec<String> {
        let mut states = HashMap::new();
        for place in self.places() {
            // Who cannot be asked accuses nobody.
            let Ok(links) = self.channel(place).links() else { return Vec::new() };
            states.extend(links.into_iter().map(|link| ((place, link.index), link.state)));
        }
        let carries = |port: &Port| states.get(&(port.place, port.index)) == Some(&OperState::Up);
        let wires = self.wires.iter().enumerate();
        wires
            .filter_map(|(index, wire)| {
                let [a, b] = &wire.nodes;
                match (self.cuts.contains_key(&index), wire.ends.iter().all(carries)) {
                    (false, false) => {
                        Some(format!("the link between {a} and {b} is down, and no step cut it"))
                    }
                    (true, true) => {
                        Some(format!("the link between {a} and {b} is up, and no step mended it"))
                    }
                    _ => None,
                }
            })
            .collect()
    }

    fn cut(&mut self, wires: &[usize]) -> Result<(), NetworkError> {
        let mut ends = Vec::new();
        for wire in wires.iter().filter(|wire| !self.cuts.contains_key(wire)).collect::<Vec<_>>() {
            let mut cut = Cut::default();
            for port in self.wires[*wire].ends.clone() {
                let lost = saved::save(self.channel(port.place), port.index, &port.name)
                    .map_err(NetworkError::doing(format!("reading the routes of {}", port.name)))?;
                cut.lost.push((port.place, lost));
                ends.push(port);
            }
            self.cuts.insert(*wire, cut);
        }
        for port in &ends {
            let doing = format!("taking {} down", port.name);
            let requests =
                [link::set_down(port.index, doing.clone()), link::forget_state(port.index, doing)];
            self.channel(port.place).apply(&requests)?;
        }
        self.wait(&ends, OperState::Down)
    }

    fn mend(&mut self, wires: &[usize]) -> Result<(), NetworkError> {
        let cuts: Vec<_> =
            wires.iter().filter_map(|wire| Some((*wire, self.cuts.remove(wire)?))).collect();
        let mut ports = Vec::new();
        for (wire, _) in &cuts {
            let wire = self.wires[*wire].clone();
            for port in &wire.ends {
                let doing = format!("bringing up {}", port.name);
                self.channel(port.place).apply(&[link::set_up(port.index, doing)])?;
            }
            // Those in the middle get their carrier back as well.
            ports.extend(wire.ports().cloned());
        }
        self.wait(&ports, OperState::Up)?;
        for (place, lost) in cuts.into_iter().flat_map(|(_, cut)| cut.lost) {
            self.restore(place, &lost)?;
        }
        Ok(())
    }

    /// Gives an interface back what it had. Somebody may have been quicker.
    fn restore(&mut self, place: Place, lost: &[Request]) -> Result<(), NetworkError> {
        for request in lost {
            match self.channel(place).apply(std::slice::from_ref(request)) {
                Err(refusal) if refusal.source.raw_os_error() == Some(libc::EEXIST) => {}
                answer => answer?,
            }
        }
        Ok(())
    }

    fn wait(&mut self, ports: &[Port], state: OperState) -> Result<(), NetworkError> {
        let mut places: BTreeMap<Place, Vec<u32>> = BTreeMap::new();
        for port in ports {
            places.entry(port.place).or_default().push(port.index);
        }
        let deadline = Instant::now() + PATIENCE;
        for (place, indices) in places {
            carrier::wait(self.channel(place), indices, state, deadline)?;
        }
        Ok(())
    }
}

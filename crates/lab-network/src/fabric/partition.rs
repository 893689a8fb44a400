//! Partitions: hosts that no packet passes between, whatever links join them.
//!
//! Each host of a group drops what comes from those of the other groups. So a
//! switch between them goes on as before, and nobody sees an interface go down: as
//! if a wire far away had been cut, or a firewall put in.

use std::collections::BTreeMap;

use crate::netlink::filter::{self, Foreign};
use crate::{Host, NetworkError};

use super::{Fabric, Place, Wire};

impl Fabric {
    /// Lets no packet pass between groups of `hosts`, which are all of the
    /// network's, in order.
    pub(crate) fn partition(
        &mut self,
        hosts: &[Host],
        groups: &[Vec<String>],
    ) -> Result<(), NetworkError> {
        self.heal()?;
        let place = |name: &String| {
            let place = hosts.iter().position(|host| host.name == *name);
            place.ok_or_else(|| NetworkError::NoSuchHost { host: name.clone() })
        };
        let places = |group: &Vec<String>| group.iter().map(place).collect::<Result<Vec<_>, _>>();
        let groups = groups.iter().map(places).collect::<Result<Vec<_>, _>>()?;
        for group in &groups {
            let others = groups.iter().filter(|other| *other != group).flatten();
            let interfaces = || others.clone().flat_map(|host| &hosts[*host].interfaces);
            let foreign = Foreign {
                ips: interfaces().filter_map(|interface| Some(interface.ip?.address)).collect(),
                macs: interfaces().map(|interface| interface.mac).collect(),
            };
            for host in group {
                self.filter(*host, &hosts[*host].name, &foreign)?;
            }
        }
        Ok(())
    }

    fn filter(&mut self, host: usize, name: &str, foreign: &Foreign) -> Result<(), NetworkError> {
        let doing = format!("keeping {name} apart");
        for index in self.interfaces_of(host) {
            let requests = filter::drop_from(index, foreign, &doing);
            self.channel(Place::Host(host)).apply(&requests)?;
            self.filtered.entry(host).or_default().push(index);
        }
        Ok(())
    }

    fn interfaces_of(&self, host: usize) -> Vec<u32> {
        let ports = self.wires.iter().flat_map(|Wire { ends, .. }| ends);
        let own = ports.filter(|port| port.place == Place::Host(host));
        own.map(|port| port.index).collect()
    }

    /// Ends the partition, if there is one.
    pub(crate) fn heal(&mut self) -> Result<(), NetworkError> {
        let filtered: BTreeMap<usize, Vec<u32>> = std::mem::take(&mut self.filtered);
        for (host, indices) in filtered {
            let requests: Vec<_> = indices
                .iter()
                .map(|index| filter::take_all(*index, "healing the partition"))
                .collect();
            self.channel(Place::Host(host)).apply(&requests)?;
        }
        Ok(())
    }
}

//! Gives links other limits while they carry.

use lab_scenario::topology::Shape;

use crate::NetworkError;
use crate::netlink::qdisc;
use crate::shaping;

use super::{Fabric, Port, Wire};

impl Fabric {
    /// Gives all links between two nodes these limits, both ways, in place of
    /// those they had.
    ///
    /// They sit where they were put when the link was built with some; else at
    /// its ends, those of hosts included: there they also push back on the
    /// sender, as a slow network card does.
    pub(crate) fn shape_link(
        &mut self,
        a: &str,
        b: &str,
        shape: &Shape,
    ) -> Result<(), NetworkError> {
        for wire in self.wires_between(a, b)? {
            self.reshaped.insert(wire, *shape);
            self.shape(wire, shape)?;
        }
        Ok(())
    }

    /// Gives links the limits again that they were built with, where it is known how.
    pub(super) fn restore_shapes(&mut self) -> Result<(), NetworkError> {
        for wire in std::mem::take(&mut self.reshaped).into_keys() {
            let Wire { shape, is_renewable, .. } = self.wires[wire];
            if is_renewable {
                self.shape(wire, &shape)?;
            }
        }
        Ok(())
    }

    fn shape(&mut self, wire: usize, shape: &Shape) -> Result<(), NetworkError> {
        let Wire { nodes: [a, b], ends, middle, .. } = &self.wires[wire];
        let doing = format!("changing the link between {a} and {b}");
        let ports: Vec<Port> = if middle.is_empty() { ends.to_vec() } else { middle.clone() };
        for port in ports {
            let channel = self.channel(port.place);
            let links = channel.links().map_err(NetworkError::doing(doing.clone()))?;
            let mtu = links.iter().find(|link| link.index == port.index).map(|link| link.mtu);
            match channel.apply(&[qdisc::remove(port.index, doing.clone())]) {
                // It had none: the kernel's own for a plain interface is no
                // discipline that could be removed.
                Err(refusal)
                    if matches!(
                        refusal.source.raw_os_error(),
                        Some(libc::ENOENT | libc::EINVAL)
                    ) => {}
                answer => answer?,
            }
            let disciplines = shaping::disciplines(shape, mtu);
            let requests: Vec<_> = qdisc::stack(&disciplines, port.index, &doing).collect();
            channel.apply(&requests)?;
        }
        Ok(())
    }
}

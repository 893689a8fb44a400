//! The names of what a machine can have.

use serde::{Deserialize, Serialize};

/// Something that a machine can do or has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Ability {
    /// The user is root.
    Root,
    /// A process can move into namespaces of its own, which every run does.
    Sandbox,
    /// An ordinary user's can.
    Rootless,
    /// Pairs of virtual interfaces: links.
    Veth,
    /// Bridges: switches.
    Bridge,
    /// Token bucket: `bw`.
    Tbf,
    /// Hierarchical token bucket: `bw` with Mininet.
    Htb,
    /// The network emulator: `delay`, `jitter`, `loss`.
    Netem,
    /// Mininet, with a Python that can import it.
    Mininet,
    /// `brctl`, for Mininet's bridges.
    Brctl,
    /// Open vSwitch, for `switch: ovs`.
    Ovs,
    /// A Python 3.
    Python3,
    /// A terminal multiplexer.
    Tmux,
    /// A terminal in a window.
    Xterm,
    /// A relay between sockets and the like.
    Socat,
    /// Asks hosts for an echo.
    Ping,
}

impl Ability {
    /// All of them, in the order in which people should read them.
    pub const ALL: [Self; 16] = [
        Self::Root,
        Self::Sandbox,
        Self::Rootless,
        Self::Veth,
        Self::Bridge,
        Self::Tbf,
        Self::Htb,
        Self::Netem,
        Self::Mininet,
        Self::Brctl,
        Self::Ovs,
        Self::Python3,
        Self::Tmux,
        Self::Xterm,
        Self::Socat,
        Self::Ping,
    ];

    /// As in a scenario's `requires`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Sandbox => "sandbox",
            Self::Rootless => "rootless",
            Self::Veth => "veth",
            Self::Bridge => "bridge",
            Self::Tbf => "tbf",
            Self::Htb => "htb",
            Self::Netem => "netem",
            Self::Mininet => "mininet",
            Self::Brctl => "brctl",
            Self::Ovs => "ovs",
            Self::Python3 => "python3",
            Self::Tmux => "tmux",
            Self::Xterm => "xterm",
            Self::Socat => "socat",
            Self::Ping => "ping",
        }
    }

    /// The ability of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ability| ability.name() == name)
    }

    /// Only the kernel can answer.
    pub(super) fn is_the_kernels(self) -> bool {
        match self {
            Self::Sandbox
            | Self::Rootless
            | Self::Veth
            | Self::Bridge
            | Self::Tbf
            | Self::Htb
            | Self::Netem => true,
            Self::Root
            | Self::Mininet
            | Self::Brctl
            | Self::Ovs
            | Self::Python3
            | Self::Tmux
            | Self::Xterm
            | Self::Socat
            | Self::Ping => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_their_abilities() {
        for ability in Ability::ALL {
            assert_eq!(Ability::named(ability.name()), Some(ability));
            let json = serde_json::to_string(&ability).unwrap();
            assert_eq!(json, format!("\"{}\"", ability.name()));
        }
        assert_eq!(Ability::named("perl"), None);
    }
}

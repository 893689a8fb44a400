//! Watches for a port that somebody opens on a host.
//!
//! The kernel tells nobody when a socket begins to listen (sock_diag(7) has a
//! group for sockets that go, none for sockets that come), and to connect would be
//! seen by the program. So this looks into `/proc/PID/net` of a process in that
//! namespace: at once, whenever the process says something, and in growing
//! intervals.

use std::time::Duration;

use lab_scenario::plan::ProcessId;

use crate::player::{Port, nanos};
use crate::scroll::Nanos;

/// The first interval; each is twice the one before.
const FIRST: Duration = Duration::from_millis(1);

/// The longest interval.
const LONGEST: Duration = Duration::from_millis(16);

/// A socket in state LISTEN, as `/proc/net/tcp` writes it (proc_pid_net(5)).
const LISTEN: &str = "0A";

/// A port being watched for.
pub(super) struct PortWatch {
    pub(super) process: ProcessId,
    pub(super) port: Port,
    interval: Duration,
    pub(super) next: Nanos,
}

impl PortWatch {
    pub(super) fn new(process: ProcessId, port: Port, now: Nanos) -> Self {
        Self { process, port, interval: FIRST, next: now }
    }

    /// Whether it is open now, as a process with this number sees it.
    pub(super) fn look(&mut self, pid: u32, now: Nanos) -> bool {
        self.next = now.saturating_add(nanos(self.interval));
        self.interval = (self.interval * 2).min(LONGEST);
        let tables = match self.port {
            Port::Tcp(_) => ["tcp", "tcp6"],
            Port::Udp(_) => ["udp", "udp6"],
        };
        tables.iter().any(|table| {
            let path = format!("/proc/{pid}/net/{table}");
            std::fs::read_to_string(path).is_ok_and(|text| is_open(&text, self.port))
        })
    }
}

/// Whether a table of `/proc/net` has a socket that waits at that port.
fn is_open(table: &str, port: Port) -> bool {
    table.lines().skip(1).any(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, _, state) = (fields.next(), fields.next(), fields.next());
        let number = local
            .and_then(|local| local.rsplit_once(':'))
            .and_then(|(_, hex)| u16::from_str_radix(hex, 16).ok());
        match port {
            Port::Tcp(wanted) => number == Some(wanted) && state == Some(LISTEN),
            Port::Udp(wanted) => number == Some(wanted),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:3039 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7301 1
   1: 0100007F:A1B2 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 7302 1
";

    #[test]
    fn only_a_listening_socket_counts() {
        assert!(is_open(TCP, Port::Tcp(12345)));
        assert!(!is_open(TCP, Port::Tcp(0xA1B2)));
        assert!(!is_open(TCP, Port::Tcp(80)));
        assert!(is_open(TCP, Port::Udp(0xA1B2)));
        for junk in ["", "head\n", "head\n 0: x y\n", "head\n 0: :zz 0 0A\n"] {
            assert!(!is_open(junk, Port::Tcp(12345)));
        }
    }
}

//! The limits and times a pool works with.

use crate::Pace;
use std::time::Duration;

/// What a [`Pool`](crate::Pool) is held to.
#[derive(Debug, Clone)]
pub struct Config {
    /// Reactor threads.
    pub threads: usize,
    /// Connections at one time; one more is announced as
    /// [`Via::Refused`](crate::Via::Refused) so that it can be told why.
    pub max_connections: usize,
    /// Bytes queued for one connection; more means it is cut.
    pub max_queue: usize,
    /// Whether, and when, reading waits for those who are written to; `None`: never.
    pub pace: Option<Pace>,
    /// How long a closed connection may take to read its last frames and to close too.
    pub linger: Duration,
    /// How long stopping may take altogether.
    pub grace: Duration,
    /// When a peer that does not answer any more counts as gone; `None`: never.
    pub peer_timeout: Option<PeerTimeout>,
    /// The same for connections made with [`Io::connect`](crate::Io::connect); `None`: no other
    /// than for those that are accepted.
    pub connected_timeout: Option<PeerTimeout>,
    /// An accepted connection that ends without [`Io::close`](crate::Io::close) or
    /// [`Io::finish`](crate::Io::finish) is reset, also when the process is killed
    /// (SO_LINGER with 0 s until then). Where the end of the stream means "done", the
    /// peer can so tell it from a server that died before it was.
    pub reset_unless_closed: bool,
}

impl Default for Config {
    /// One thread per core, 10,000 connections, 1 MiB per queue, a second to
    /// close, two to stop, no [`Pace`], the default [`PeerTimeout`], and ordinary ends.
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            max_connections: 10_000,
            max_queue: 1 << 20,
            pace: None,
            linger: Duration::from_secs(1),
            grace: Duration::from_secs(2),
            peer_timeout: Some(PeerTimeout::new(Duration::from_secs(30), None)),
            connected_timeout: None,
            reset_unless_closed: false,
        }
    }
}

/// When a silent peer is given up.
///
/// Data that is not acknowledged for `timeout` ends the connection (TCP_USER_TIMEOUT,
/// milliseconds). An idle connection is probed, and ends when a probe is not
/// answered within that time. The kernel counts keepalive times in whole
/// seconds, so an idle peer's end is noticed up to a second late, and never sooner
/// than after one probe: with `timeout` 2 s, after two seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerTimeout {
    /// TCP_USER_TIMEOUT.
    pub timeout: Duration,
    /// Silence before the first probe, whole seconds.
    pub idle: Duration,
    /// Time between probes, whole seconds.
    pub interval: Duration,
}

impl PeerTimeout {
    /// The first probe goes out after `idle`, else after half of `timeout`; then
    /// one each sixth of it. All are rounded to whole seconds, at least one.
    #[must_use]
    pub fn new(timeout: Duration, idle: Option<Duration>) -> Self {
        // The kernel's upper limit for both is 32767 s.
        let whole = |time: Duration| {
            Duration::from_secs((time.as_secs_f64().round() as u64).clamp(1, 32_767))
        };
        Self {
            timeout: timeout.max(Duration::from_millis(1)),
            idle: idle.map_or_else(
                || whole((timeout / 2).saturating_sub(Duration::from_millis(1))),
                whole,
            ),
            interval: whole(timeout / 6),
        }
    }

    /// Probes that are sent before an idle peer counts as gone, where the timeout
    /// alone does not decide.
    pub(crate) fn probes(&self) -> u32 {
        let left = self.timeout.saturating_sub(self.idle).as_secs();
        u32::try_from(left.div_ceil(self.interval.as_secs().max(1)))
            .unwrap_or(u32::MAX)
            .clamp(1, 127)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_peer_timeouts() {
        for (timeout, idle, interval, probes) in [
            (0.2, 1, 1, 1),
            (1.0, 1, 1, 1),
            (2.0, 1, 1, 1),
            (3.0, 1, 1, 2),
            (30.0, 15, 5, 3),
            (600.0, 300, 100, 3),
        ] {
            let set = PeerTimeout::new(Duration::from_secs_f64(timeout), None);
            assert_eq!(
                (set.idle.as_secs(), set.interval.as_secs(), set.probes()),
                (idle, interval, probes),
                "{timeout}"
            );
        }
        assert_eq!(
            PeerTimeout::new(Duration::from_secs(30), Some(Duration::from_millis(200)))
                .idle
                .as_secs(),
            1
        );
    }
}

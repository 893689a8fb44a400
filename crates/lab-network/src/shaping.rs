//! What a link's limits mean in the kernel's terms.

use std::time::Duration;

use lab_scenario::topology::Shape;

use crate::netlink::qdisc::{Netem, Qdisc};

/// Packets that wait at a link unless the scenario says otherwise: what a veth
/// interface, and so Mininet's default, has.
const DEFAULT_QUEUE: u32 = 1000;

/// Bytes that may pass at once after a pause; Mininet's figure. Ten full packets.
const BURST: u64 = 15_000;

/// The disciplines that make a link what it is to be, one way: the outer one,
/// and the one inside of it. Empty for a plain link.
///
/// One discipline does all that a link asks for: the network emulator has a
/// rate of its own, and stacking it with a token bucket on one interface
/// would have each count what waits in the other.
pub(crate) fn disciplines(shape: &Shape, mtu: Option<u32>) -> Vec<Qdisc> {
    let rate = shape.bw.map(bytes_per_second);
    let limit = shape.max_queue_size.unwrap_or(DEFAULT_QUEUE);
    if shape.needs_netem() {
        return vec![Qdisc::Netem(Netem {
            delay: shape.delay.unwrap_or(Duration::ZERO),
            jitter: shape.jitter.unwrap_or(Duration::ZERO),
            loss: shape.loss.map_or(0, Netem::chance),
            rate: rate.unwrap_or(0),
            limit,
        })];
    }
    match rate {
        Some(rate) => vec![Qdisc::Tbf { rate, burst: burst(rate, mtu) }, Qdisc::Pfifo { limit }],
        // A queue alone: nothing ever waits in it on a link of no rate, but it
        // was asked for.
        None if shape.max_queue_size.is_some() => vec![Qdisc::Pfifo { limit }],
        None => Vec::new(),
    }
}

/// Mbit/s to bytes per second.
pub(crate) fn bytes_per_second(mbit: f64) -> u64 {
    // Saturates; a rate of nothing would stop the link for good.
    ((mbit * 1e6 / 8.0).round() as u64).max(1)
}

/// Enough for a millisecond, so that timers need not be finer than that, and
/// for two packets of the largest size.
fn burst(rate: u64, mtu: Option<u32>) -> u32 {
    const FRAME: u64 = 18;
    let packets = mtu.map_or(0, |mtu| 2 * (u64::from(mtu) + FRAME));
    u32::try_from(BURST.max(rate / 1000).max(packets)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_link_has_no_discipline() {
        assert!(disciplines(&Shape::default(), None).is_empty());
    }

    #[test]
    fn bandwidth_is_a_token_bucket_with_a_queue() {
        let shape = Shape { bw: Some(10.0), max_queue_size: Some(20), ..Shape::default() };
        assert_eq!(
            disciplines(&shape, None),
            [Qdisc::Tbf { rate: 1_250_000, burst: 15_000 }, Qdisc::Pfifo { limit: 20 }]
        );
    }

    #[test]
    fn delay_with_bandwidth_is_one_discipline() {
        let shape = Shape {
            bw: Some(8.0),
            delay: Some(Duration::from_millis(5)),
            loss: Some(100.0),
            ..Shape::default()
        };
        let [Qdisc::Netem(netem)] = disciplines(&shape, None)[..] else {
            panic!("not one netem");
        };
        assert_eq!(netem.rate, 1_000_000);
        assert_eq!((netem.delay, netem.loss), (Duration::from_millis(5), u32::MAX));
        assert_eq!(netem.limit, DEFAULT_QUEUE);
    }

    #[test]
    fn bursts_grow_with_rate_and_packet() {
        assert_eq!(burst(1_250_000, None), 15_000);
        assert_eq!(burst(125_000_000, None), 125_000);
        assert_eq!(burst(1_250_000, Some(9000)), 18_036);
    }
}

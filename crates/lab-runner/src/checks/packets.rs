//! What packets of a capture hold.

use std::net::IpAddr;

use lab_network::capture::Endpoint;
use lab_scenario::plan::Times;

use super::record::Part;
use super::{Found, conclude, moments, outcome};
use crate::event::{CheckOutcome, Verdict};
use crate::matcher::Matcher;
use crate::script::Addresses;
use crate::traffic::Traffic;

const NOTHING_PASSED: &str = "no host was heard at all, so this shows nothing";

/// Which packets a check looks at.
pub(super) struct Way<'a> {
    from: Option<&'a [IpAddr]>,
    to: Option<&'a [IpAddr]>,
}

impl<'a> Way<'a> {
    /// From one host to another, each any if not given.
    ///
    /// # Errors
    /// In words, which host there is not.
    pub(super) fn between(
        ends: [Option<&str>; 2],
        addresses: &'a Addresses,
    ) -> Result<Self, String> {
        let find = |host: Option<&str>| match host {
            None => Ok(None),
            Some(host) => match addresses.get(host) {
                Some(addresses) => Ok(Some(addresses.as_slice())),
                None => Err(format!("there is no host `{host}` in this network")),
            },
        };
        let [from, to] = ends.map(find);
        Ok(Self { from: from?, to: to? })
    }

    fn holds(&self, from: Option<Endpoint>, to: Option<Endpoint>) -> bool {
        let is_one_of = |wanted: Option<&[IpAddr]>, end: Option<Endpoint>| {
            wanted.is_none_or(|wanted| end.is_some_and(|end| wanted.contains(&end.address)))
        };
        is_one_of(self.from, from) && is_one_of(self.to, to)
    }
}

/// Counts the packets that hold something, not how often each does.
pub(super) fn judge_packets(
    way: Result<Way<'_>, String>,
    times: Times,
    matcher: &Matcher,
    parts: &[Part],
    traffic: &Traffic,
    addresses: &Addresses,
) -> CheckOutcome {
    let way = match way {
        Ok(way) => way,
        Err(why) => return outcome(Verdict::Inconclusive, why),
    };
    let (mut any, mut found, mut first) = (false, Found::default(), None);
    for packet in traffic.packets() {
        let is_of_part = parts.iter().any(|part| part.holds(packet.at));
        if !is_of_part || !way.holds(packet.from, packet.to) {
            continue;
        }
        any = true;
        if matcher.find_from(packet.payload, 0).is_some() {
            found.add(packet.at);
            first.get_or_insert((packet.from, packet.to));
        }
    }
    let from_to = match first {
        Some((Some(from), Some(to))) => format!("from {from} to {to}"),
        _ => "of no known protocol".to_owned(),
    };
    let told = match (found.count, any) {
        (0, false) => "there was no such packet".to_owned(),
        (0, true) => "no packet holds it".to_owned(),
        (1, _) => format!("in one packet, at {}, {from_to}", moments(&found)),
        (count, _) => format!("in {count} packets, at {}, the first {from_to}", moments(&found)),
    };
    // Kernels say something by themselves, by IPv6 and whenever they like.
    let is_of_a_host = |end: Option<Endpoint>| {
        end.is_some_and(|end| addresses.values().flatten().any(|address| *address == end.address))
    };
    let is_silent =
        !traffic.packets().any(|packet| is_of_a_host(packet.from) || is_of_a_host(packet.to));
    let silent = is_silent.then_some(NOTHING_PASSED);
    conclude(times, found.count, &told, traffic.gap().words().as_deref(), silent)
}

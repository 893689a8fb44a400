//! From hosts, switches and links as written to a network.

use std::collections::HashMap;

use crate::codes::Code;
use crate::decode::{Named, Record};
use crate::diagnostic::{Diagnostic, Sink};
use crate::raw::{RawHost, RawLink, RawNodes, RawTopology};
use crate::source::Span;
use crate::suggest;
use crate::text::Text;
use crate::topology::{
    Address, Duplicate, LinkRequest, Network, NetworkBuilder, Shape, SwitchKind, TopologyError,
};
use crate::typed::Fixed;
use crate::values::{Bandwidth, FromText, Percent, Whole};

/// Puts a network together from hosts, switches and links, remembering where
/// each stands.
pub(super) struct Parts {
    builder: NetworkBuilder,
    switch: SwitchKind,
    /// Where each node is named, and its addresses.
    named: HashMap<String, (Span, Addresses)>,
    /// Of the links that were added: the places of both ends and of their
    /// addresses.
    ends: Vec<[(Text, Addresses); 2]>,
    /// Whether every node was added that the author wrote.
    nodes_known: bool,
}

/// Where addresses are given, if they are.
#[derive(Debug, Clone, Copy, Default)]
struct Addresses {
    ip: Option<Span>,
    mac: Option<Span>,
}

impl Addresses {
    fn of_kind(self, address: Address) -> Option<Span> {
        match address {
            Address::Ip(_) => self.ip,
            Address::Mac(_) => self.mac,
        }
    }
}

/// Where somebody has an address.
struct Holder<'t> {
    node: &'t Text,
    /// Where the address is given; none if it comes from the host's number.
    given: Option<Span>,
}

impl Holder<'_> {
    fn label(&self) -> String {
        match self.given {
            Some(_) => format!("`{}` has it", self.node.value),
            None => format!("`{}` has it by its number", self.node.value),
        }
    }
}

impl Parts {
    pub(super) fn new(switch: SwitchKind) -> Self {
        Self {
            builder: NetworkBuilder::new(),
            switch,
            named: HashMap::new(),
            ends: Vec::new(),
            nodes_known: true,
        }
    }

    /// The network, even if something is wrong with it, which is reported; none
    /// if it is not known which nodes there are.
    pub(super) fn build(mut self, raw: &RawTopology, sink: &mut Sink) -> Option<Network> {
        self.hosts(raw.hosts.as_ref(), false, sink);
        self.hosts(raw.routers.as_ref(), true, sink);
        for (name, more) in raw.switches.iter().flat_map(|nodes| &nodes.0) {
            let kind = more.as_ref().and_then(|switch| switch.kind.as_ref());
            let kind = super::value(kind, sink).unwrap_or(self.switch);
            let added = self.builder.switch(&name.value, kind);
            self.added(name, Addresses::default(), added, sink);
        }
        for link in raw.links.iter().flatten() {
            self.link(link, sink);
        }
        let Self { builder, named, ends, nodes_known, .. } = self;
        let (network, duplicates) = builder.finish_anyway();
        let holder = |address: Address, (link, side): (usize, usize)| {
            let (node, own): &(Text, Addresses) = ends.get(link)?.get(side)?;
            let of_node = named.get(&node.value).and_then(|(_, own)| own.of_kind(address));
            Some(Holder { node, given: own.of_kind(address).or(of_node) })
        };
        for Duplicate { address, ends: [first, second] } in duplicates {
            if let (Some(first), Some(second)) = (holder(address, first), holder(address, second)) {
                sink.report(duplicate_address(address, &first, &second));
            }
        }
        (nodes_known && raw.is_whole()).then_some(network)
    }

    fn hosts(&mut self, raw: Option<&RawNodes<RawHost>>, forwards: bool, sink: &mut Sink) {
        for (name, more) in raw.into_iter().flat_map(|nodes| &nodes.0) {
            let more = more.as_ref();
            let ip_text = more.and_then(|host| host.ip.as_ref());
            let ip = super::value(ip_text, sink);
            let mac_text = more.and_then(|host| host.mac.as_ref());
            let mac = super::value(mac_text, sink);
            let gateway = super::value(more.and_then(|host| host.gateway.as_ref()), sink);
            let added = self.builder.host(&name.value, forwards, ip, mac, gateway);
            let places = Addresses {
                ip: ip_text.map(|text| text.span),
                mac: mac_text.map(|text| text.span),
            };
            self.added(name, places, added, sink);
        }
    }

    fn added(
        &mut self,
        name: &Text,
        places: Addresses,
        added: Result<(), TopologyError>,
        sink: &mut Sink,
    ) {
        let Err(error) = added else {
            self.named.insert(name.value.clone(), (name.span, places));
            return;
        };
        self.nodes_known &= matches!(error, TopologyError::DuplicateNode(_));
        let diagnostic = Diagnostic::new(Code::Network, name.span, error.to_string());
        sink.report(match (&error, self.named.get(&name.value)) {
            (TopologyError::DuplicateNode(_), Some((first, _))) => {
                diagnostic.secondary(*first, "first used here")
            }
            _ => diagnostic,
        });
    }

    fn link(&mut self, raw: &RawLink, sink: &mut Sink) {
        let shape = shape(raw, sink);
        let mtu = super::value(raw.mtu.as_ref(), sink);
        let Some(between) = &raw.between else { return };
        let [a, b] = between.as_slice() else {
            let message = format!("a link is between two nodes, not {}", between.len());
            sink.report(
                Diagnostic::new(Code::WrongType, raw.head(), message)
                    .help("write `between: [h1, s1]`"),
            );
            return;
        };
        let (ip, ip_spans) = by_end(raw.ip.as_ref(), [a, b], sink);
        let (mac, mac_spans) = by_end(raw.mac.as_ref(), [a, b], sink);
        let mtu = mtu.and_then(|Whole(bytes)| u32::try_from(bytes).ok());
        let request = LinkRequest { ip, mac, mtu, shape };
        match self.builder.link(&a.value, &b.value, request) {
            Ok(()) => {
                let end = |side: usize| Addresses { ip: ip_spans[side], mac: mac_spans[side] };
                self.ends.push([(a.clone(), end(0)), (b.clone(), end(1))]);
            }
            Err(error) => sink.report(self.refused(&error, [a, b], ip_spans)),
        }
    }

    fn refused(
        &self,
        error: &TopologyError,
        [a, b]: [&Text; 2],
        ips: [Option<Span>; 2],
    ) -> Diagnostic {
        let report = |span| Diagnostic::new(Code::Network, span, error.to_string());
        match error {
            TopologyError::UnknownNode(name) => {
                let end = if a.value == *name { a } else { b };
                let mut known: Vec<&str> = self.named.keys().map(String::as_str).collect();
                known.sort_unstable();
                report(end.span).maybe_help(suggest::help(name, known, "nodes"))
            }
            TopologyError::AddressOnSwitch(name) => {
                let side = usize::from(a.value != *name);
                report(ips[side].unwrap_or([a, b][side].span))
            }
            _ => report(b.span),
        }
    }
}

fn duplicate_address(address: Address, first: &Holder<'_>, second: &Holder<'_>) -> Diagnostic {
    let (primary, other) = if second.given.is_some() { (second, first) } else { (first, second) };
    let place = |holder: &Holder<'_>| holder.given.unwrap_or(holder.node.span);
    let message = format!("the {address} is given twice");
    let diagnostic = Diagnostic::new(Code::Network, place(primary), message)
        .label(primary.label())
        .secondary(place(other), other.label());
    if first.given.is_some() && second.given.is_some() {
        return diagnostic;
    }
    diagnostic.help(match address {
        Address::Ip(_) => "host number n has 10.0.0.n/8 unless it is given another address",
        Address::Mac(_) => {
            "host number n has 00:00:00:00:00:n (hexadecimal) unless it is given another"
        }
    })
}

/// Values given by node name, in the order of a link's ends.
fn by_end<T: FromText + Copy>(
    raw: Option<&Named<Fixed<T>>>,
    ends: [&Text; 2],
    sink: &mut Sink,
) -> ([Option<T>; 2], [Option<Span>; 2]) {
    let (mut values, mut spans) = ([None; 2], [None; 2]);
    for (node, text) in raw.into_iter().flat_map(|named| &named.0) {
        let Some(side) = ends.iter().position(|end| end.value == node.value) else {
            let message = format!("`{}` is not an end of this link", node.value);
            sink.report(
                Diagnostic::new(Code::UnknownHost, node.span, message)
                    .help(format!("its ends are `{}` and `{}`", ends[0].value, ends[1].value)),
            );
            continue;
        };
        values[side] = super::value(text.as_ref(), sink);
        spans[side] = text.as_ref().map(|text| text.span);
    }
    (values, spans)
}

fn shape(raw: &RawLink, sink: &mut Sink) -> Shape {
    if let (Some(jitter), None) = (&raw.jitter, &raw.delay) {
        let message = "`jitter` without `delay`";
        sink.report(
            Diagnostic::new(Code::Contradiction, jitter.span, message)
                .help("`jitter` says how far the delay varies: add `delay`"),
        );
    }
    let bw = super::value(raw.bw.as_ref(), sink);
    let loss = super::value(raw.loss.as_ref(), sink);
    let queue = super::value(raw.max_queue_size.as_ref(), sink);
    Shape {
        bw: bw.map(|Bandwidth(mbits)| mbits),
        delay: super::value(raw.delay.as_ref(), sink),
        jitter: super::value(raw.jitter.as_ref(), sink),
        loss: loss.map(|Percent(percent)| percent),
        max_queue_size: queue.and_then(|Whole(packets)| u32::try_from(packets).ok()),
    }
}

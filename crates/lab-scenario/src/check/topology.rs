//! From a topology as written to the network it describes.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Component, Path, PathBuf};

use crate::codes::Code;
use crate::decode::Record;
use crate::decode::{Decode, Named};
use crate::diagnostic::{Diagnostic, Sink};
use crate::load::{Loader, cannot_read};
use crate::raw::{RawHost, RawLink, RawNodes, RawTopology, RawTopologyChoice};
use crate::source::{Source, Sources, Span};
use crate::suggest;
use crate::text::Text;
use crate::topology::{
    LinkRequest, MininetTopology, Network, NetworkBuilder, Shape, SwitchKind, Topology,
    TopologyError, linear, single, tree,
};
use crate::typed::Fixed;
use crate::values::{Bandwidth, FromText, Nodes, Percent, Whole};
use crate::yaml;

const EMPTY_HINT: &str = "a topology has `hosts`, `switches` and `links`";

/// Where files are looked for, and how they are named to people.
pub(crate) struct Finder<'a> {
    /// The scenario's folder, absolute.
    pub(crate) directory: &'a Path,
    /// A beginning of paths that people need not see.
    pub(crate) root: Option<PathBuf>,
    pub(crate) loader: &'a dyn Loader,
}

impl Finder<'_> {
    /// A path as people would write it. Only for showing: what `..` leads to is
    /// for the file system to say.
    fn shown(&self, path: &Path) -> PathBuf {
        let mut shown = PathBuf::new();
        for component in path.components() {
            match component {
                Component::ParentDir if shown.file_name().is_some() => {
                    shown.pop();
                }
                Component::CurDir => {}
                other => shown.push(other),
            }
        }
        let relative = self.root.as_ref().and_then(|root| shown.strip_prefix(root).ok());
        relative.map(Path::to_owned).unwrap_or(shown)
    }
}

/// Reads the topology of a scenario, from wherever it is.
pub(crate) fn read(
    choice: &RawTopologyChoice,
    finder: &Finder<'_>,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Option<Topology> {
    match choice {
        RawTopologyChoice::Inline(raw) => build(raw, finder.directory, finder, sink),
        RawTopologyChoice::Reference(reference) => {
            let (path, bytes) = find(reference, finder, sink)?;
            let shown = finder.shown(&path);
            let source = match Source::from_bytes(&shown, bytes) {
                Ok(source) => source,
                Err(problems) => {
                    // It has a place in its own file, but that text is no text.
                    for (problem, report) in problems.iter().zip(problems.reports()) {
                        let message = format!("`{}`: {}", shown.display(), problem.message);
                        let diagnostic = Diagnostic::new(problem.code, reference.span, message);
                        let at = report.span.start;
                        sink.report(match problem.primary.text.as_str() {
                            "" => diagnostic,
                            text => diagnostic
                                .label(format!("at {}:{} of it {text}", at.line, at.column)),
                        });
                    }
                    return None;
                }
            };
            let id = sources.add(source);
            let text = &sources.get(id).text;
            let node = yaml::parse(text, id, EMPTY_HINT, sink)?;
            let raw = RawTopology::decode(&node, sink)?;
            build(&raw, path.parent().unwrap_or(finder.directory), finder, sink)
        }
    }
}

/// The file of a topology that is given by name or by path.
fn find(reference: &Text, finder: &Finder<'_>, sink: &mut Sink) -> Option<(PathBuf, Vec<u8>)> {
    let name = reference.value.as_str();
    if name.ends_with(".py") {
        let message = "a Python file alone is no topology";
        sink.report(
            Diagnostic::new(Code::UnknownTopology, reference.span, message)
                .help(format!("write `topology: {{mininet: {name}, topo: \"NAME\"}}`")),
        );
        return None;
    }
    if name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml") {
        let path = finder.directory.join(name);
        return match finder.loader.read(&path) {
            Ok(bytes) => Some((path, bytes)),
            Err(error) => {
                sink.report(cannot_read(&finder.shown(&path), &error, reference.span));
                None
            }
        };
    }
    for folder in finder.directory.ancestors() {
        let path = folder.join("topologies").join(format!("{name}.yaml"));
        match finder.loader.read(&path) {
            Ok(bytes) => return Some((path, bytes)),
            Err(error) if is_absent(&error) => {}
            Err(error) => {
                sink.report(cannot_read(&finder.shown(&path), &error, reference.span));
                return None;
            }
        }
    }
    let message = format!("there is no topology `{name}`");
    let diagnostic = Diagnostic::new(Code::UnknownTopology, reference.span, message)
        .label(format!("no `topologies/{name}.yaml` here or in any folder above"));
    let in_words = name.split([',', ' ', '(']).next().unwrap_or_default();
    sink.report(match in_words {
        "single" | "linear" | "tree" => diagnostic.help(
            "Mininet's own are written `{single: 4}`, `{linear: 3}`, `{tree: {depth: 2, fanout: 3}}`",
        ),
        _ => diagnostic,
    });
    None
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Which of the ways to describe a network is used.
fn build(
    raw: &RawTopology,
    directory: &Path,
    finder: &Finder<'_>,
    sink: &mut Sink,
) -> Option<Topology> {
    let switch = super::value(raw.switch.as_ref(), sink).unwrap_or_default();
    let parts = [
        raw.hosts.as_ref().map(|_| "hosts"),
        raw.routers.as_ref().map(|_| "routers"),
        raw.switches.as_ref().map(|_| "switches"),
        raw.links.as_ref().map(|_| "links"),
    ];
    let ways = [
        raw.single.as_ref().map(|_| "single"),
        raw.linear.as_ref().map(|_| "linear"),
        raw.tree.as_ref().map(|_| "tree"),
        raw.mininet.as_ref().map(|_| "mininet"),
        parts.into_iter().flatten().next(),
    ];
    let ways: Vec<&str> = ways.into_iter().flatten().collect();
    if let (Some(topo), None) = (&raw.topo, &raw.mininet) {
        let message = "`topo` goes with `mininet`: it names a topology of its file";
        sink.report(Diagnostic::new(Code::Contradiction, topo.span, message));
    }
    match ways.as_slice() {
        [] => {
            if raw.is_whole() {
                let message = "a topology without anything in it";
                sink.report(
                    Diagnostic::new(Code::EmptyValue, raw.head(), message)
                        .help("write `{single: 4}`, or `hosts`, `switches` and `links`"),
                );
            }
            return None;
        }
        [_] => {}
        [first, second, ..] => {
            let message =
                format!("a topology is given in one way, not as `{first}` and `{second}`");
            sink.report(Diagnostic::new(Code::Contradiction, raw.head(), message));
            return None;
        }
    }
    if let Some(file) = &raw.mininet {
        return custom(file, raw, directory, finder, switch, sink).map(Topology::Mininet);
    }
    let network = if let Some(hosts) = &raw.single {
        let hosts = nodes(Some(hosts), sink)?;
        named(single(hosts, switch), raw, sink)
    } else if let Some(raw_linear) = &raw.linear {
        let switches = nodes(raw_linear.switches.as_ref(), sink);
        let hosts = match &raw_linear.hosts {
            Some(hosts) => nodes(Some(hosts), sink)?,
            None => 1,
        };
        named(linear(switches?, hosts, switch), raw, sink)
    } else if let Some(raw_tree) = &raw.tree {
        let (depth, fanout) =
            (nodes(raw_tree.depth.as_ref(), sink), nodes(raw_tree.fanout.as_ref(), sink));
        named(tree(depth?, fanout?, switch), raw, sink)
    } else {
        Parts::new(switch).build(raw, sink)
    };
    network.map(Topology::Described)
}

fn nodes(text: Option<&Fixed<Nodes>>, sink: &mut Sink) -> Option<u32> {
    let number = super::value(text, sink)?;
    u32::try_from(number.0).ok()
}

fn named(
    network: Result<Network, TopologyError>,
    raw: &RawTopology,
    sink: &mut Sink,
) -> Option<Network> {
    network
        .map_err(|error| sink.report(Diagnostic::new(Code::Network, raw.head(), error.to_string())))
        .ok()
}

fn custom(
    file: &Text,
    raw: &RawTopology,
    directory: &Path,
    finder: &Finder<'_>,
    switch: SwitchKind,
    sink: &mut Sink,
) -> Option<MininetTopology> {
    let path = directory.join(&file.value);
    if let Err(error) = finder.loader.read(&path) {
        sink.report(cannot_read(&finder.shown(&path), &error, file.span));
    }
    let Some(topo) = &raw.topo else {
        let message = "`topo` is missing beside `mininet`";
        sink.report(
            Diagnostic::new(Code::MissingKey, file.span, message)
                .help("add `topo: \"NAME\"` or `topo: \"NAME,ARGUMENT\"`, as for `mn --topo`"),
        );
        return None;
    };
    Some(MininetTopology { file: path, topo: topo.value.clone(), switch })
}

/// Puts a network together from hosts, switches and links, remembering where
/// each stands.
struct Parts {
    builder: NetworkBuilder,
    switch: SwitchKind,
    /// Where each node is named, and its address.
    named: HashMap<String, (Span, Option<Span>)>,
    /// Of the links that were added: the places of both ends and of their
    /// addresses.
    ends: Vec<[(Text, Option<Span>); 2]>,
}

impl Parts {
    fn new(switch: SwitchKind) -> Self {
        Self { builder: NetworkBuilder::new(), switch, named: HashMap::new(), ends: Vec::new() }
    }

    fn build(mut self, raw: &RawTopology, sink: &mut Sink) -> Option<Network> {
        let errors_before = sink.has_errors();
        self.hosts(raw.hosts.as_ref(), false, sink);
        self.hosts(raw.routers.as_ref(), true, sink);
        for (name, more) in raw.switches.iter().flat_map(|nodes| &nodes.0) {
            let kind = more.as_ref().and_then(|switch| switch.kind.as_ref());
            let kind = super::value(kind, sink).unwrap_or(self.switch);
            let added = self.builder.switch(&name.value, kind);
            self.added(name, None, added, sink);
        }
        for link in raw.links.iter().flatten() {
            self.link(link, sink);
        }
        if sink.has_errors() && !errors_before {
            return None;
        }
        let Self { builder, named, ends, .. } = self;
        match builder.finish() {
            Ok(network) => Some(network),
            Err(TopologyError::DuplicateAddress { address, ends: [first, second] }) => {
                let place = |(link, side): (usize, usize)| {
                    let (node, link_ip): &(Text, Option<Span>) = ends.get(link)?.get(side)?;
                    let own = named.get(&node.value).and_then(|(_, ip)| *ip);
                    Some((link_ip.or(own).unwrap_or(node.span), node, link_ip.or(own).is_some()))
                };
                let (first, second) = (place(first)?, place(second)?);
                sink.report(duplicate_address(address, first, second));
                None
            }
            Err(error) => {
                sink.report(Diagnostic::new(Code::Network, raw.head(), error.to_string()));
                None
            }
        }
    }

    fn hosts(&mut self, raw: Option<&RawNodes<RawHost>>, forwards: bool, sink: &mut Sink) {
        for (name, more) in raw.into_iter().flat_map(|nodes| &nodes.0) {
            let more = more.as_ref();
            let ip_text = more.and_then(|host| host.ip.as_ref());
            let ip = super::value(ip_text, sink);
            let mac = super::value(more.and_then(|host| host.mac.as_ref()), sink);
            let gateway = super::value(more.and_then(|host| host.gateway.as_ref()), sink);
            let added = self.builder.host(&name.value, forwards, ip, mac, gateway);
            self.added(name, ip_text.map(|text| text.span), added, sink);
        }
    }

    fn added(
        &mut self,
        name: &Text,
        ip: Option<Span>,
        added: Result<(), TopologyError>,
        sink: &mut Sink,
    ) {
        let Err(error) = added else {
            self.named.insert(name.value.clone(), (name.span, ip));
            return;
        };
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
        let (mac, _) = by_end(raw.mac.as_ref(), [a, b], sink);
        let mtu = mtu.and_then(|Whole(bytes)| u32::try_from(bytes).ok());
        let request = LinkRequest { ip, mac, mtu, shape };
        match self.builder.link(&a.value, &b.value, request) {
            Ok(()) => self.ends.push([(a.clone(), ip_spans[0]), (b.clone(), ip_spans[1])]),
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

fn duplicate_address(
    address: Ipv4Addr,
    first: (Span, &Text, bool),
    second: (Span, &Text, bool),
) -> Diagnostic {
    let label = |(_, node, is_given): (Span, &Text, bool)| match is_given {
        true => format!("`{}` has it", node.value),
        false => format!("`{}` has it by its number", node.value),
    };
    let (primary, other) = if second.2 { (second, first) } else { (first, second) };
    let message = format!("the address {address} is given twice");
    let diagnostic = Diagnostic::new(Code::Network, primary.0, message)
        .label(label(primary))
        .secondary(other.0, label(other));
    if first.2 && second.2 {
        return diagnostic;
    }
    diagnostic.help("host number n has 10.0.0.n/8 unless it is given another address")
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

//! From a topology as written to the network it describes.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::network::Parts;
use crate::codes::Code;
use crate::decode::{Decode, Record};
use crate::defaults;
use crate::diagnostic::{Diagnostic, Sink};
use crate::load::{Loader, cannot_read};
use crate::raw::{RawTopology, RawTopologyChoice};
use crate::source::{Source, SourceId, Sources};
use crate::text::Text;
use crate::topology::{
    MininetTopology, Network, SwitchKind, Topology, TopologyError, linear, single, tree,
};
use crate::typed::Fixed;
use crate::values::Nodes;
use crate::yaml;

const EMPTY_HINT: &str = "a topology has `hosts`, `switches` and `links`";

/// Where files are looked for, and how they are named to people.
#[derive(Clone)]
pub(crate) struct Finder<'a> {
    /// The folder of the file that is read, absolute.
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
        RawTopologyChoice::Inline(raw) => build(raw, finder, sink),
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
            let directory = path.parent().unwrap_or(finder.directory);
            read_file(sources.get(id), id, &Finder { directory, ..finder.clone() }, sink)
        }
    }
}

/// Reads the file of a topology. `finder` has its folder.
pub(crate) fn read_file(
    source: &Source,
    id: SourceId,
    finder: &Finder<'_>,
    sink: &mut Sink,
) -> Option<Topology> {
    let node = yaml::parse(&source.text, id, EMPTY_HINT, sink)?;
    let raw = RawTopology::decode(&node, sink)?;
    build(&raw, finder, sink)
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
fn build(raw: &RawTopology, finder: &Finder<'_>, sink: &mut Sink) -> Option<Topology> {
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
        return custom(file, raw, finder, switch, sink).map(Topology::Mininet);
    }
    let network = if let Some(hosts) = &raw.single {
        let hosts = nodes(Some(hosts), sink)?;
        named(single(hosts, switch), raw, sink)
    } else if let Some(raw_linear) = &raw.linear {
        let switches = nodes(raw_linear.switches.as_ref(), sink);
        let hosts = match &raw_linear.hosts {
            Some(hosts) => nodes(Some(hosts), sink)?,
            None => defaults::HOSTS,
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
    finder: &Finder<'_>,
    switch: SwitchKind,
    sink: &mut Sink,
) -> Option<MininetTopology> {
    let path = finder.directory.join(&file.value);
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

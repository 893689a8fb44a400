//! Sessions on a network alone: a topology's file, or what `mn` takes.

use std::path::{Path, PathBuf};

use super::Live;
use crate::check::live::Known;
use crate::check::topology::{self, Finder};
use crate::codes::Code;
use crate::defaults;
use crate::diagnostic::{Diagnostic, Diagnostics, Sink};
use crate::lab::Lab;
use crate::load::{Loader, cannot_read};
use crate::model::{MatrixRules, Model, Setting};
use crate::options::PlanOptions;
use crate::scenario::Scenario;
use crate::source::{Source, SourceId, Sources, Span};
use crate::topology::{MininetTopology, SwitchKind, Topology, WordsError, named_in_words};
use crate::yaml::{self, Value};

/// What stands in the place of a file's name in messages about the command line.
const COMMAND_LINE: &str = "<command line>";

impl Live {
    /// A network without processes, from the file of a topology in the lab's folder.
    ///
    /// # Errors
    /// Everything that is wrong with it, and with the options.
    pub fn of_topology(
        source: Source,
        lab: &Lab,
        loader: &dyn Loader,
        options: &PlanOptions,
    ) -> Result<Self, Diagnostics> {
        let mut sink = Sink::default();
        let mut sources = Sources::default();
        let file = source.path.clone();
        let id = sources.add(source);
        let finder = Finder { directory: &lab.directory, root: None, loader };
        match topology::read_file(sources.get(id), id, &finder, &mut sink) {
            Some(topology) if !sink.has_errors() => {
                Self::of_network(file, topology, lab, sources, sink, options)
            }
            _ => Err(sink.finish(sources)),
        }
    }

    /// A network without processes, named as for `mn --topo`: `single,4`.
    ///
    /// # Errors
    /// Words that name none, and wrong options.
    pub fn of_words(words: &str, lab: &Lab, options: &PlanOptions) -> Result<Self, Diagnostics> {
        let mut sources = Sources::default();
        let source = Source { path: COMMAND_LINE.into(), text: words.to_owned() };
        let span = Span { source: sources.add(source), start: 0, end: words.len() };
        let mut sink = Sink::default();
        match named_in_words(words, SwitchKind::Bridge) {
            Ok(network) => {
                let file = PathBuf::from(words.replace([',', '='], "-"));
                let topology = Topology::Described(network);
                Self::of_network(file, topology, lab, sources, sink, options)
            }
            Err(error) => {
                sink.report(refused(&error, words, span));
                Err(sink.finish(sources))
            }
        }
    }

    /// A network without processes that Mininet alone builds, as for
    /// `mn --custom FILE --topo NAME,ARGUMENTS`. `file` is absolute.
    ///
    /// # Errors
    /// A file that is not there, a `topo` that names nothing, and wrong options.
    pub fn of_custom(
        file: &Path,
        topo: &str,
        lab: &Lab,
        loader: &dyn Loader,
        options: &PlanOptions,
    ) -> Result<Self, Diagnostics> {
        let mut sources = Sources::default();
        let text = format!("--custom {} --topo {topo}", file.display());
        let path_at = "--custom ".len()..text.len() - " --topo ".len() - topo.len();
        let topo_at = text.len() - topo.len()..text.len();
        let source = sources.add(Source { path: COMMAND_LINE.into(), text });
        let span =
            |range: std::ops::Range<usize>| Span { source, start: range.start, end: range.end };
        let mut sink = Sink::default();
        if let Err(error) = loader.read(file) {
            sink.report(cannot_read(file, &error, span(path_at)));
        }
        if topo.split(',').next().is_none_or(|name| name.trim().is_empty()) {
            let message = "`--topo` names no topology of the file";
            sink.report(
                Diagnostic::new(Code::UnknownTopology, span(topo_at), message)
                    .help("its names are the keys of `topos` in the file"),
            );
        }
        if sink.has_errors() {
            return Err(sink.finish(sources));
        }
        let topology = Topology::Mininet(MininetTopology {
            file: file.to_owned(),
            topo: topo.to_owned(),
            switch: SwitchKind::default(),
        });
        Self::of_network(file.to_owned(), topology, lab, sources, sink, options)
    }

    fn of_network(
        file: PathBuf,
        topology: Topology,
        lab: &Lab,
        sources: Sources,
        sink: Sink,
        options: &PlanOptions,
    ) -> Result<Self, Diagnostics> {
        let model = Model {
            title: String::new(),
            description: None,
            backend: None,
            timeout: Setting::Known(defaults::TIMEOUT),
            requires: Vec::new(),
            path: Vec::new(),
            env: Vec::new(),
            variables: Vec::new(),
            matrix: MatrixRules::default(),
            processes: Vec::new(),
            captures: Vec::new(),
            steps: Vec::new(),
            checks: Vec::new(),
        };
        let scenario = Scenario::new(file, lab, model, topology, sources, Sink::default());
        Self::begin(scenario, Known::default(), options, sink)
    }
}

/// Whether a file has what only a topology has, and nothing that only a scenario has.
pub(super) fn is_topology(text: &str) -> bool {
    const OF_SCENARIOS: [&str; 4] = ["topology", "processes", "steps", "checks"];
    const OF_TOPOLOGIES: [&str; 8] =
        ["hosts", "routers", "switches", "links", "single", "linear", "tree", "mininet"];
    let node = yaml::parse(text, SourceId::default(), "", &mut Sink::default());
    let Some(Value::Map(entries)) = node.map(|node| node.value) else { return false };
    let has = |keys: &[&str]| entries.iter().any(|entry| keys.contains(&&*entry.key.value));
    has(&OF_TOPOLOGIES) && !has(&OF_SCENARIOS)
}

fn refused(error: &WordsError, words: &str, span: Span) -> Diagnostic {
    let at = |word: &str| {
        let start = words.find(word).unwrap_or_default();
        Span { start, end: start + word.len(), ..span }
    };
    let message = error.to_string();
    match error {
        WordsError::Unknown { word, help } => {
            Diagnostic::new(Code::UnknownTopology, at(word), message).maybe_help(help.clone())
        }
        WordsError::Argument { word, .. } => {
            Diagnostic::new(Code::UnknownTopology, at(word), message)
                .help("as for `mn --topo`: `single,4`, `linear,3`, `linear,3,2`, `tree,2,3`")
        }
        WordsError::Network(_) => Diagnostic::new(Code::Network, span, message),
    }
}

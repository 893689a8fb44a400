//! Captures, and checks that look at their packets.

use super::Checker;
use crate::codes::Code;
use crate::decode::{Named, OneOrMany, Record};
use crate::diagnostic::Diagnostic;
use crate::model::{Assertion, Bounds};
use crate::patterns::PatternDraft;
use crate::plan::{Capture, CaptureId, ProcessId};
use crate::raw::{RawCapture, RawContains, RawCount};
use crate::source::Span;
use crate::suggest;
use crate::text::Text;

/// The loopback interface, which every host has.
const LOOPBACK: &str = "lo";

/// What a check looks into, as it is written: the output of processes, or packets.
#[derive(Clone, Copy)]
pub(super) struct Watched<'r> {
    processes: Option<&'r OneOrMany<Text>>,
    capture: Option<&'r Text>,
    from: Option<&'r Text>,
    to: Option<&'r Text>,
    /// The check, for messages about all of it.
    what: &'static str,
    head: Span,
    is_whole: bool,
}

impl<'r> From<&'r RawContains> for Watched<'r> {
    fn from(raw: &'r RawContains) -> Self {
        let RawContains { processes, capture, from, to, .. } = raw;
        let [capture, from, to] = [capture, from, to].map(Option::as_ref);
        let (head, is_whole) = (raw.head(), raw.is_whole());
        Self {
            processes: processes.as_ref(),
            capture,
            from,
            to,
            what: "a `contains` or `absent`",
            head,
            is_whole,
        }
    }
}

impl<'r> From<&'r RawCount> for Watched<'r> {
    fn from(raw: &'r RawCount) -> Self {
        let RawCount { processes, capture, from, to, .. } = raw;
        let [capture, from, to] = [capture, from, to].map(Option::as_ref);
        let (head, is_whole) = (raw.head(), raw.is_whole());
        Self { processes: processes.as_ref(), capture, from, to, what: "a `count`", head, is_whole }
    }
}

/// What a check looks into.
pub(super) enum Scene {
    Processes(Vec<ProcessId>),
    Packets { of: CaptureId, from: Option<String>, to: Option<String> },
}

impl Scene {
    /// The statement that this is in it so many times.
    pub(super) fn holds(self, output: PatternDraft, times: Bounds) -> Assertion {
        match self {
            Self::Processes(of) => Assertion::Count { of, output, times, together: false },
            Self::Packets { of, from, to } => Assertion::Packets { of, from, to, output, times },
        }
    }
}

impl Checker<'_> {
    /// Learns all names, also of captures that are wrong in themselves.
    pub(super) fn captures(&mut self, raw: Option<&Named<RawCapture>>) -> Vec<Capture> {
        let mut captures = Vec::new();
        for (name, raw) in raw.map_or(&[][..], |named| &named.0) {
            super::name(name, "a capture", self.sink);
            self.captures.push(name.value.clone());
            let Some(raw) = raw else { continue };
            let host = self.host(raw.host.as_ref());
            if let (Some(host), Some(interface)) = (&host, &raw.interface) {
                self.interface(host, interface);
            }
            captures.extend(host.map(|host| Capture {
                name: name.value.clone(),
                host,
                interface: raw.interface.as_ref().map(|interface| interface.value.clone()),
                place: self.place(name.span),
            }));
        }
        captures
    }

    fn interface(&mut self, host: &str, interface: &Text) {
        let Some(network) = self.scope.network.filter(|_| self.scope.topology_is_whole) else {
            return;
        };
        let node = network.nodes.iter().position(|node| node.name == host);
        let ends = node.into_iter().flat_map(|node| network.ends_of(node));
        let mut known: Vec<&str> = ends.map(|end| end.interface.as_str()).collect();
        known.push(LOOPBACK);
        if !known.contains(&interface.value.as_str()) {
            let message = format!("`{host}` has no interface `{}`", interface.value);
            let help = suggest::help(&interface.value, known, "interfaces");
            self.sink.report(
                Diagnostic::new(Code::UnknownInterface, interface.span, message).maybe_help(help),
            );
        }
    }

    fn capture(&mut self, name: &Text) -> Option<CaptureId> {
        let found = self.captures.iter().position(|known| *known == name.value);
        if found.is_none() && self.has_captures {
            let help = match self.captures.is_empty() {
                true => Some(format!("add it: `captures: {{{}: HOST}}`", name.value)),
                false => {
                    let known = self.captures.iter().map(String::as_str);
                    suggest::help(&name.value, known, "captures")
                }
            };
            let message = format!("there is no capture `{}`", name.value);
            self.sink
                .report(Diagnostic::new(Code::UnknownCapture, name.span, message).maybe_help(help));
        }
        found.map(CaptureId)
    }

    /// What a check looks into: the output of processes, or the packets of a capture.
    pub(super) fn scene(
        &mut self,
        watched: Watched<'_>,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Scene> {
        let Watched { processes, capture, from, to, .. } = watched;
        match (processes, capture) {
            (Some(_), None) => {
                for (key, end) in [("from", from), ("to", to)] {
                    let Some(end) = end else { continue };
                    let message = format!("`{key}` is of packets, and this looks at no capture");
                    self.sink.report(
                        Diagnostic::new(Code::Contradiction, end.span, message)
                            .help("write `capture: NAME` in place of `in`"),
                    );
                }
                self.everybody(processes, subjects).map(Scene::Processes)
            }
            (None, Some(name)) => {
                let of = self.capture(name);
                let ends = [from, to].map(|end| self.host(end));
                let is_wrong =
                    from.is_some() != ends[0].is_some() || to.is_some() != ends[1].is_some();
                let [from, to] = ends;
                of.filter(|_| !is_wrong).map(|of| Scene::Packets { of, from, to })
            }
            (Some(processes), Some(name)) => {
                let message = "a check looks at processes or at a capture";
                let first = processes.0.first().map(|process| process.span);
                let diagnostic = Diagnostic::new(Code::Contradiction, name.span, message);
                let diagnostic = match first {
                    Some(span) => diagnostic.secondary(span, "these are processes"),
                    None => diagnostic,
                };
                self.sink.report(diagnostic.help("make two checks of it"));
                None
            }
            (None, None) => {
                if watched.is_whole {
                    let message = format!("`in` is missing in {}", watched.what);
                    let help = "name a process, or write `capture: NAME` to look at packets";
                    let help = (!self.captures.is_empty()).then_some(help.to_owned());
                    self.sink.report(
                        Diagnostic::new(Code::MissingKey, watched.head, message).maybe_help(help),
                    );
                }
                None
            }
        }
    }
}

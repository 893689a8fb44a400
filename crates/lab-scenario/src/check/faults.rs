//! Steps that change the network or the machines on it.

use std::collections::HashMap;

use super::Checker;
use crate::codes::Code;
use crate::decode::Record;
use crate::diagnostic::Diagnostic;
use crate::model::{Fault, ShapeDraft};
use crate::plan::LinkState;
use crate::raw::{RawHostChange, RawLinkChange};
use crate::source::Span;
use crate::suggest;
use crate::text::Text;
use crate::topology::Network;

impl Checker<'_> {
    pub(super) fn link(&mut self, raw: &RawLinkChange) -> Option<Fault> {
        let change = self.link_change(raw);
        let between = raw.between.as_ref()?;
        let [a, b] = between.as_slice() else {
            let span = raw.head();
            let message = format!("a link is between two nodes, not {}", between.len());
            self.sink.report(
                Diagnostic::new(Code::WrongType, span, message).help("write `between: [h2, s1]`"),
            );
            return None;
        };
        if let Some(network) = self.scope.network {
            let mut known = true;
            for end in [a, b] {
                if network.node(&end.value).is_none() {
                    known = false;
                    let names = network.nodes.iter().map(|node| node.name.as_str());
                    let help = suggest::help(&end.value, names, "hosts and switches");
                    let message = format!("there is no host or switch `{}`", end.value);
                    self.sink.report(
                        Diagnostic::new(Code::UnknownHost, end.span, message).maybe_help(help),
                    );
                }
            }
            if known
                && self.scope.topology_is_whole
                && network.links_between(&a.value, &b.value).is_empty()
            {
                self.no_link(a, b, network);
                return None;
            }
            if !known {
                return None;
            }
        }
        let between = [a.value.clone(), b.value.clone()];
        Some(match change? {
            Change::State(state) => Fault::Link { between, state },
            Change::Shape(shape) => Fault::Reshape { between, shape },
        })
    }

    /// `state`, or limits.
    fn link_change(&mut self, raw: &RawLinkChange) -> Option<Change> {
        let limits: [Option<&Text>; 5] = [
            raw.bw.as_deref(),
            raw.delay.as_deref(),
            raw.jitter.as_deref(),
            raw.loss.as_deref(),
            raw.max_queue_size.as_deref(),
        ];
        let limit = limits.into_iter().flatten().next();
        match (&raw.state, limit) {
            (Some(state), Some(limit)) => {
                let message = "a link is cut or mended, or it is given limits";
                self.sink.report(
                    Diagnostic::new(Code::OneVerb, limit.span, message)
                        .secondary(state.span, "`state` is given here")
                        .help("make two steps of it"),
                );
                None
            }
            (Some(state), None) => self.value(Some(state)).map(Change::State),
            (None, Some(_)) => {
                if let (Some(jitter), None) = (&raw.jitter, &raw.delay) {
                    let message = "`jitter` without `delay`";
                    self.sink.report(Diagnostic::new(Code::Contradiction, jitter.span, message));
                }
                Some(Change::Shape(Box::new(ShapeDraft {
                    bw: self.setting(raw.bw.as_ref()),
                    delay: self.setting(raw.delay.as_ref()),
                    jitter: self.setting(raw.jitter.as_ref()),
                    loss: self.setting(raw.loss.as_ref()),
                    max_queue_size: self.setting(raw.max_queue_size.as_ref()),
                })))
            }
            (None, None) => {
                if raw.is_whole() {
                    let message = "this `link` step changes nothing";
                    self.sink.report(
                        Diagnostic::new(Code::MissingKey, raw.head(), message)
                            .help("say what: `state: down`, `state: up`, `bw: 10`, `delay: 50ms`"),
                    );
                }
                None
            }
        }
    }

    fn no_link(&mut self, a: &Text, b: &Text, network: &Network) {
        let neighbours = neighbours(network, &a.value);
        let neighbours: Vec<&str> = neighbours.iter().map(String::as_str).take(8).collect();
        let message = format!("no link joins `{}` and `{}`", a.value, b.value);
        let diagnostic = Diagnostic::new(Code::NoLink, a.span.to(b.span), message);
        self.sink.report(if neighbours.is_empty() {
            diagnostic.help(format!("`{}` has no links", a.value))
        } else {
            let neighbours = suggest::list(&neighbours);
            diagnostic.help(format!("`{}` is linked to {neighbours}", a.value))
        });
    }

    pub(super) fn partition(&mut self, head: Span, groups: &[Vec<Text>]) -> Option<Fault> {
        if groups.len() < 2 || groups.iter().any(Vec::is_empty) {
            let message = "a partition has at least two groups of hosts";
            self.sink.report(
                Diagnostic::new(Code::EmptyValue, head, message)
                    .help("write `partition: [[h1, h2], [h3, h4]]`"),
            );
            return None;
        }
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for host in groups.iter().flatten() {
            if let Some(first) = seen.insert(&host.value, host.span) {
                let message = format!("`{}` is on two sides", host.value);
                self.sink.report(
                    Diagnostic::new(Code::Contradiction, host.span, message)
                        .secondary(first, "it stands here too"),
                );
            }
        }
        let group = |group: &Vec<Text>, checker: &mut Self| -> Option<Vec<String>> {
            let hosts: Vec<_> = group.iter().map(|host| checker.host(Some(host))).collect();
            hosts.into_iter().collect()
        };
        let groups: Vec<_> = groups.iter().map(|hosts| group(hosts, self)).collect();
        groups.into_iter().collect::<Option<_>>().map(Fault::Partition)
    }

    pub(super) fn host_change(&mut self, raw: &RawHostChange) -> Option<Fault> {
        let host = self.host(raw.name.as_ref());
        let state = self.value(raw.state.as_ref());
        let (host, name) = (host?, raw.name.as_ref()?);
        let Some(network) = self.scope.network else {
            if !self.scope.topology_is_whole {
                return None;
            }
            let message = "only hosts of a topology written in YAML can go down";
            self.sink.report(
                Diagnostic::new(Code::UnknownHost, name.span, message)
                    .help("the links of a custom topology are not known before: cut them one by one with `link`"),
            );
            return None;
        };
        let neighbours = neighbours(network, &host);
        Some(Fault::Host { host, neighbours, state: state? })
    }
}

enum Change {
    State(LinkState),
    Shape(Box<ShapeDraft>),
}

/// The nodes that the links of a node lead to, each once.
fn neighbours(network: &Network, node: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for link in &network.links {
        let ends = [&network.nodes[link.a.node].name, &network.nodes[link.b.node].name];
        let other = match ends {
            [a, b] if a == node => b,
            [a, b] if b == node => a,
            _ => continue,
        };
        if !names.contains(other) {
            names.push(other.clone());
        }
    }
    names
}

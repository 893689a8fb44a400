//! A picture of a network in lines of text: a tree, since most networks are one, and what
//! closes circles below it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use lab_runner::event::LinkDescription;
use lab_scenario::plan::LinkState;
use lab_scenario::topology::Shape;

use crate::protocol::SessionDescription;

/// Draws the network.
#[must_use]
pub fn draw(session: &SessionDescription) -> String {
    let picture = Picture::of(session);
    let mut text = String::new();
    let mut drawn = Drawn::default();
    for root in picture.roots() {
        if drawn.nodes.insert(root) {
            let _ = writeln!(text, "{}", picture.label(root));
            let tree = picture.tree(root, &mut drawn);
            picture.children(root, &tree, "", &mut text);
        }
    }
    let others = session.links.iter().enumerate().filter(|(at, _)| !drawn.links.contains(at));
    for (_, link) in others {
        let [a, b] = &link.nodes;
        let _ = writeln!(text, "{a} ── {b}{}", remarks(link));
    }
    text
}

/// What is in the picture already.
#[derive(Default)]
struct Drawn<'s> {
    nodes: HashSet<&'s str>,
    /// By number.
    links: HashSet<usize>,
}

/// Neighbours by node: the number of the link, and the node at its other end.
type Neighbours<'s> = HashMap<&'s str, Vec<(usize, &'s str)>>;

struct Picture<'s> {
    session: &'s SessionDescription,
    /// Switches first, then hosts, in order.
    nodes: Vec<&'s str>,
    neighbours: Neighbours<'s>,
}

impl<'s> Picture<'s> {
    fn of(session: &'s SessionDescription) -> Self {
        let hosts = session.hosts.iter().map(|host| host.name.as_str());
        let mut nodes: Vec<&str> = session.switches();
        nodes.extend(hosts);
        let mut neighbours = Neighbours::new();
        for (at, link) in session.links.iter().enumerate() {
            let [a, b] = &link.nodes;
            neighbours.entry(a).or_default().push((at, b));
            if a != b {
                neighbours.entry(b).or_default().push((at, a));
            }
        }
        Self { session, nodes, neighbours }
    }

    fn neighbours_of(&self, node: &str) -> &[(usize, &'s str)] {
        self.neighbours.get(node).map_or(&[], Vec::as_slice)
    }

    /// Nodes to begin at: those with the most neighbours that have neighbours themselves,
    /// so that the middle of a network is at the top.
    fn roots(&self) -> Vec<&'s str> {
        let inner = |node: &str| {
            let all = self.neighbours_of(node);
            all.iter().filter(|(_, other)| self.neighbours_of(other).len() > 1).count()
        };
        let mut roots = self.nodes.clone();
        let weight = |node: &&str| {
            let neighbours = self.neighbours_of(node).len();
            (neighbours > 1, inner(node), neighbours)
        };
        // The order among equals stays.
        roots.sort_by_key(|node| std::cmp::Reverse(weight(node)));
        roots
    }

    /// Who hangs from whom, the nearest to the root first: each node once.
    fn tree(&self, root: &'s str, drawn: &mut Drawn<'s>) -> Neighbours<'s> {
        let mut tree = Neighbours::new();
        let mut level = vec![root];
        while !level.is_empty() {
            let mut next = Vec::new();
            for node in level {
                for &(link, other) in self.neighbours_of(node) {
                    if drawn.nodes.insert(other) {
                        drawn.links.insert(link);
                        tree.entry(node).or_default().push((link, other));
                        next.push(other);
                    }
                }
            }
            level = next;
        }
        tree
    }

    fn children(&self, root: &'s str, tree: &Neighbours<'s>, margin: &str, text: &mut String) {
        // By hand and not by recursion: a row of a thousand switches is deep.
        let mut waiting: Vec<(String, bool, usize, &str)> = Vec::new();
        let push = |waiting: &mut Vec<_>, node: &str, margin: &str| {
            let children = tree.get(node).map_or(&[][..], Vec::as_slice);
            for (at, (link, child)) in children.iter().enumerate().rev() {
                waiting.push((margin.to_owned(), at + 1 == children.len(), *link, *child));
            }
        };
        push(&mut waiting, root, margin);
        while let Some((margin, is_last, link, node)) = waiting.pop() {
            let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let remarks = remarks(&self.session.links[link]);
            let _ = writeln!(text, "{margin}{branch}{}{remarks}", self.label(node));
            push(&mut waiting, node, &format!("{margin}{below}"));
        }
    }

    /// Its name, and its addresses.
    fn label(&self, node: &str) -> String {
        let host = self.session.hosts.iter().find(|host| host.name == node);
        let interfaces = host.map_or(&[][..], |host| host.interfaces.as_slice());
        let addresses: Vec<&str> =
            interfaces.iter().filter_map(|interface| interface.ip.as_deref()).collect();
        if addresses.is_empty() {
            return node.to_owned();
        }
        format!("{node}  {}", addresses.join(", "))
    }
}

/// What is special about a link.
fn remarks(link: &LinkDescription) -> String {
    let Shape { bw, delay, jitter, loss, max_queue_size } = &link.shape;
    let remarks = [
        (link.state == LinkState::Down).then(|| "link down".to_owned()),
        bw.map(|bw| format!("{bw} Mbit/s")),
        delay.map(|delay| format!("{delay:?} delay")),
        jitter.map(|jitter| format!("{jitter:?} jitter")),
        loss.map(|loss| format!("{loss} % loss")),
        max_queue_size.map(|packets| format!("queue of {packets}")),
    ];
    let remarks: Vec<String> = remarks.into_iter().flatten().collect();
    if remarks.is_empty() { String::new() } else { format!("  ({})", remarks.join(", ")) }
}

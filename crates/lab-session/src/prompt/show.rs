//! What there is, in words.

use std::fmt::Write as _;

use lab_scenario::plan::{ExitStatus, LinkState};

use super::command::Show;
use super::draw;
use crate::protocol::{ProcessState, SessionDescription};

/// What was asked for, in lines.
#[must_use]
pub fn show(what: Show, session: &SessionDescription) -> String {
    match what {
        Show::Nodes => nodes(session),
        Show::Net => net(session),
        Show::Links => links(session),
        Show::Dump => dump(session),
        Show::Topology => draw::draw(session),
        Show::Processes => processes(session),
        Show::Terminals => terminals(session),
    }
}

fn nodes(session: &SessionDescription) -> String {
    let hosts: Vec<&str> = session.hosts.iter().map(|host| host.name.as_str()).collect();
    let mut text = format!("hosts     {}\n", hosts.join(" "));
    let switches = session.switches();
    if !switches.is_empty() {
        let _ = writeln!(text, "switches  {}", switches.join(" "));
    }
    text
}

/// The links of a node: its own interface, and the one at the other end.
fn ends<'s>(node: &'s str, session: &'s SessionDescription) -> Vec<(&'s str, &'s str)> {
    let mut ends = Vec::new();
    for link in &session.links {
        let [a, b] = [0, 1].map(|end| (link.nodes[end].as_str(), link.interfaces[end].as_str()));
        if a.0 == node {
            ends.push((a.1, b.1));
        }
        if b.0 == node {
            ends.push((b.1, a.1));
        }
    }
    ends
}

/// As Mininet has it: `h1 h1-eth0:s1-eth1`.
fn net(session: &SessionDescription) -> String {
    let mut text = String::new();
    let hosts = session.hosts.iter().map(|host| host.name.as_str());
    for node in hosts.chain(session.switches()) {
        let ends: Vec<String> =
            ends(node, session).iter().map(|(own, other)| format!("{own}:{other}")).collect();
        let _ = writeln!(text, "{node} {}", ends.join(" "));
    }
    text
}

/// As Mininet has it: `h1-eth0<->s1-eth1 (OK OK)`; but with a word that says what is.
fn links(session: &SessionDescription) -> String {
    let mut text = String::new();
    for link in &session.links {
        let state = match link.state {
            LinkState::Up => "up",
            LinkState::Down => "down",
        };
        let [a, b] = &link.interfaces;
        let _ = writeln!(text, "{a}<->{b} ({state})");
    }
    if text.is_empty() { "there are no links\n".to_owned() } else { text }
}

fn dump(session: &SessionDescription) -> String {
    let mut rows = Vec::new();
    for host in &session.hosts {
        let mut name = host.name.as_str();
        for interface in &host.interfaces {
            let ip = interface.ip.as_deref().unwrap_or("no address");
            rows.push([name, &interface.name, ip, &interface.mac]);
            // It is said once.
            name = "";
        }
        if host.interfaces.is_empty() {
            rows.push([name, "no interface", "", ""]);
        }
    }
    for switch in session.switches() {
        let mut name = switch;
        for (own, _) in ends(switch, session) {
            rows.push([name, own, "", ""]);
            name = "";
        }
    }
    table(&rows)
}

fn processes(session: &SessionDescription) -> String {
    if session.processes.is_empty() {
        return "there are none: start one with `run HOST NAME: COMMAND`\n".to_owned();
    }
    let rows: Vec<[String; 3]> = session
        .processes
        .iter()
        .map(|process| {
            let state = match process.state {
                ProcessState::Absent => "not started".to_owned(),
                ProcessState::Running => "running".to_owned(),
                ProcessState::Ended(status) => ended(status),
            };
            [process.name.clone(), process.host.clone(), state]
        })
        .collect();
    let rows: Vec<[&str; 3]> = rows.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    table(&rows)
}

/// How something ended.
pub(super) fn ended(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("ended with code {code}"),
        ExitStatus::Signal(signal) => format!("ended by {signal}"),
    }
}

fn terminals(session: &SessionDescription) -> String {
    let rows: Vec<[&str; 2]> = session
        .terminals
        .iter()
        .map(|terminal| [terminal.host.as_str(), terminal.command.as_str()])
        .collect();
    if rows.is_empty() { "nobody has opened any\n".to_owned() } else { table(&rows) }
}

/// Columns of equal width.
fn table<const N: usize>(rows: &[[&str; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

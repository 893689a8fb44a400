//! `pingall` and `iperf`.

use std::sync::mpsc::channel;
use std::thread;

use lab_scenario::plan::ExitStatus;

use super::visit::{Input, Visit};
use crate::client::SessionError;
use crate::measure;
use crate::protocol::SessionDescription;

/// Hosts that ping at the same time.
const AT_ONCE: usize = 16;

/// Whom a host reached, in the order asked; `None` if it did not get to that.
type Row = Vec<Option<bool>>;

/// What came of all pings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    sent: usize,
    received: usize,
}

impl Tally {
    fn count(&mut self, row: &Row) {
        self.sent += row.iter().flatten().count();
        self.received += row.iter().flatten().filter(|reached| **reached).count();
    }

    pub(super) fn all_received(&self) -> bool {
        self.sent == self.received
    }

    /// As Mininet says it.
    pub(super) fn text(&self) -> String {
        let lost = self.sent - self.received;
        let percent = (lost * 100).checked_div(self.sent).unwrap_or_default();
        format!("*** Results: {percent}% dropped ({}/{} received)", self.received, self.sent)
    }
}

/// Each of the hosts pings each other one. `say` gets each host's line, in order.
pub(super) fn ping_all(
    visit: &Visit,
    session: &SessionDescription,
    among: &[String],
    mut say: impl FnMut(&str),
) -> Result<Tally, SessionError> {
    let hosts: Vec<(&str, &str)> = session
        .hosts
        .iter()
        .filter(|host| among.is_empty() || among.contains(&host.name))
        .filter_map(|host| Some((host.name.as_str(), address(session, &host.name)?)))
        .collect();
    let mut tally = Tally::default();
    for some in hosts.chunks(AT_ONCE) {
        let rows = thread::scope(|scope| {
            let pinging: Vec<_> =
                some.iter().map(|&(host, _)| scope.spawn(|| ping(visit, host, &hosts))).collect();
            pinging.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        });
        for ((host, _), row) in some.iter().zip(rows) {
            let row = row.map_err(|_| refused("a ping ended with a panic", None))??;
            tally.count(&row);
            let others = hosts.iter().filter(|(other, _)| other != host);
            say(&line(host, others.map(|(other, _)| *other), &row));
        }
    }
    Ok(tally)
}

/// As Mininet says it: `h1 -> h2 X h4`.
fn line<'o>(host: &str, others: impl Iterator<Item = &'o str>, row: &Row) -> String {
    let words: Vec<&str> = others
        .zip(row)
        .map(|(other, reached)| match reached {
            Some(true) => other,
            Some(false) => "X",
            None => "?",
        })
        .collect();
    format!("{host} -> {}", words.join(" "))
}

fn ping(visit: &Visit, host: &str, hosts: &[(&str, &str)]) -> Result<Row, SessionError> {
    let others: Vec<&str> =
        hosts.iter().filter(|(other, _)| *other != host).map(|(_, address)| *address).collect();
    let program = std::env::current_exe()?;
    let program = program.to_string_lossy();
    let argv = [&[program.as_ref(), measure::COMMAND, measure::PING], others.as_slice()].concat();
    let said = visit.run(host, &argv, Input::Closed, |_| {})?;
    if said.status != ExitStatus::Code(0) {
        let help = "`ping` is in the package iputils-ping or iputils";
        return Err(refused(said.complaint(), Some(help)));
    }
    let mut row: Row = said.output.lines().map(|line| Some(line == measure::REACHED)).collect();
    row.resize(others.len(), None);
    Ok(row)
}

/// The first address of a host, without its prefix length.
fn address<'s>(session: &'s SessionDescription, host: &str) -> Option<&'s str> {
    let host = session.hosts.iter().find(|other| other.name == host)?;
    let address = host.interfaces.iter().find_map(|interface| interface.ip.as_deref())?;
    Some(address.split('/').next().unwrap_or(address))
}

/// How much TCP carries from one host to another, as the one that receives counts it.
pub(super) fn measure(
    visit: &Visit,
    session: &SessionDescription,
    from: &str,
    to: &str,
) -> Result<String, SessionError> {
    let no_address = || refused(&format!("`{to}` has no address"), None);
    let address = address(session, to).ok_or_else(no_address)?;
    let program = std::env::current_exe().map_err(|error| refused(&error.to_string(), None))?;
    let program = program.to_string_lossy();
    let program = program.as_ref();
    let (ports, port) = channel();
    let (sent, received) = thread::scope(|scope| {
        let receiving = scope.spawn(move || {
            let argv = [program, measure::COMMAND, measure::RECEIVE];
            visit.run(to, &argv, Input::Closed, |line| {
                let _ = ports.send(line.to_owned());
            })
        });
        // Its first line is its port; if there is none, it says why itself.
        let sent = port.recv().ok().map(|port| {
            let argv = [program, measure::COMMAND, measure::SEND, address, &port];
            visit.run(from, &argv, Input::Closed, |_| {})
        });
        (sent, receiving.join())
    });
    let received = received.map_err(|_| refused("the measurement ended with a panic", None))??;
    let failed = || {
        let help = format!("try `{from} ping -c1 {to}`");
        refused(&format!("{from} cannot connect to {to}"), Some(&help))
    };
    if sent.transpose()?.is_none_or(|sent| sent.status != ExitStatus::Code(0)) {
        return Err(failed());
    }
    let result =
        received.output.lines().nth(1).and_then(measure::Result::read).ok_or_else(failed)?;
    Ok(format!("{from} -> {to}  {result}"))
}

pub(super) fn refused(why: &str, help: Option<&str>) -> SessionError {
    SessionError::Refused { why: why.to_owned(), help: help.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_mininets() {
        let row = vec![Some(true), Some(false), None];
        assert_eq!(line("h1", ["h2", "h3", "h4"].into_iter(), &row), "h1 -> h2 X ?");
        let mut tally = Tally::default();
        assert_eq!(tally.text(), "*** Results: 0% dropped (0/0 received)");
        tally.count(&row);
        assert_eq!(tally.text(), "*** Results: 50% dropped (1/2 received)");
        assert!(!tally.all_received());
    }
}

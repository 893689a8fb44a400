//! Getting many connections in, and knowing that all of them are.

use crate::crowd::Crowd;
use crate::dialect::{Dialect, Step};
use anyhow::{Context as _, bail, ensure};
use memchr::memmem;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How many connect before all that arrived meanwhile is read.
const BATCH: usize = 100;
/// How long one step of a greeting, or everybody's hearing, may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// When a probe that not everybody heard is sent again.
const AGAIN: Duration = Duration::from_millis(300);
/// What is kept of a line before what is looked for.
const KEPT: usize = 512;

/// Looks for some bytes in a stream, whatever pieces it comes in.
#[derive(Debug, Default)]
struct Search {
    /// The end of what was looked at.
    tail: Vec<u8>,
}

impl Search {
    /// What surrounds the first place of `wanted`: what is kept before it, all after it.
    fn find(&mut self, bytes: &[u8], wanted: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        self.tail.extend_from_slice(bytes);
        if let Some(at) = memmem::find(&self.tail, wanted) {
            let after = self.tail.split_off(at + wanted.len());
            self.tail.truncate(at);
            return Some((std::mem::take(&mut self.tail), after));
        }
        self.tail.drain(..self.tail.len().saturating_sub(KEPT));
        None
    }
}

/// Connects `count` more, and says what the dialect wants said first.
pub(crate) fn enter(
    crowd: &mut Crowd,
    dialect: Dialect,
    server: SocketAddr,
    count: usize,
) -> anyhow::Result<()> {
    let end = crowd.len() + count;
    while crowd.len() < end {
        let from = crowd.len();
        while crowd.len() < end.min(from + BATCH) {
            crowd.connect(server)?;
        }
        greet(crowd, dialect, from..crowd.len())?;
    }
    Ok(())
}

fn greet(crowd: &mut Crowd, dialect: Dialect, new: Range<usize>) -> anyhow::Result<()> {
    let greeting = |user: usize| dialect.greeting(user).into_iter();
    let mut waiting: Vec<_> =
        new.clone().map(|user| (greeting(user), None::<Step>, Search::default())).collect();
    let mut left = 0;
    for (user, (steps, step, _)) in new.clone().zip(&mut waiting) {
        *step = steps.next();
        if let Some(step) = step {
            crowd.write_all(user, &step.say)?;
            left += 1;
        }
    }
    let until = Instant::now() + PATIENCE;
    loop {
        // What the others hear of newcomers must be read as well.
        let mut say = Vec::new();
        let wait = if left == 0 { Duration::ZERO } else { AGAIN };
        crowd.turn(Some(wait), |user, bytes| {
            let Some((steps, step, search)) =
                user.checked_sub(new.start).and_then(|at| waiting.get_mut(at))
            else {
                return Ok(());
            };
            if step.as_ref().is_some_and(|step| search.find(bytes, step.until).is_some()) {
                *step = steps.next();
                match step {
                    Some(step) => say.push((user, step.say.clone())),
                    None => left -= 1,
                }
            }
            Ok(())
        })?;
        for (user, bytes) in say {
            crowd.write_all(user, &bytes)?;
        }
        if left == 0 {
            return Ok(());
        }
        if Instant::now() > until {
            let stuck = waiting.iter().find(|(_, step, _)| step.is_some());
            bail!(
                "{left} users were not let in; one of them last heard: {:?}",
                stuck.map(|(.., search)| search.tail.escape_ascii().to_string())
            );
        }
    }
}

/// Lets user 0 speak until all others hear the same line, and then once more, so
/// that nothing else is on its way. Returns what stands before a text that arrives.
pub(crate) fn gather(crowd: &mut Crowd, dialect: Dialect) -> anyhow::Result<Vec<u8>> {
    let until = Instant::now() + PATIENCE;
    for number in 0_u32.. {
        let heard = probe(crowd, dialect, &format!("probe {number}."))?;
        if heard.missing == 0 {
            let last = probe(crowd, dialect, &format!("last probe {number}."))?;
            ensure!(last.missing == 0, "{} heard a line and then no more", last.missing);
            ensure!(last.after.is_empty(), "more came than was said");
            let line = last.before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            return Ok([dialect.lead(), &last.before[line..]].concat());
        }
        ensure!(Instant::now() < until, "{} never heard what was said", heard.missing);
    }
    bail!("nobody heard anything")
}

/// How a probe went.
struct Heard {
    missing: usize,
    /// Before the text at one who heard it, since it last heard anything else.
    before: Vec<u8>,
    /// What came after it, anywhere.
    after: Vec<u8>,
}

fn probe(crowd: &mut Crowd, dialect: Dialect, text: &str) -> anyhow::Result<Heard> {
    let wanted = [text.as_bytes(), &dialect.envelope().1].concat();
    let mut searches: Vec<Option<Search>> =
        (0..crowd.len()).map(|_| Some(Search::default())).collect();
    if !dialect.echoes() {
        searches[0] = None;
    }
    let missing = searches.iter().flatten().count();
    let mut heard = Heard { missing, before: Vec::new(), after: Vec::new() };
    crowd.write_all(0, &dialect.say(0, text)).context("cannot send a probe")?;
    let mut until = Instant::now() + AGAIN;
    while heard.missing > 0 {
        let now = Instant::now();
        if now > until {
            break;
        }
        crowd.turn(Some(until - now), |user, bytes| {
            // Much else may be on its way before.
            until = Instant::now() + AGAIN;
            let Some(search) = &mut searches[user] else {
                heard.after.extend_from_slice(bytes);
                return Ok(());
            };
            if let Some((before, after)) = search.find(bytes, &wanted) {
                heard.missing -= 1;
                heard.after.extend(after);
                if user != 0 {
                    heard.before = before;
                }
                searches[user] = None;
            }
            Ok(())
        })?;
    }
    Ok(heard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_across_pieces() {
        let mut search = Search::default();
        assert_eq!(search.find(b"noise\n[a] pro", b"probe 1.\n"), None);
        assert_eq!(
            search.find(b"be 1.\nmore", b"probe 1.\n"),
            Some((b"noise\n[a] ".to_vec(), b"more".to_vec()))
        );
        assert_eq!(search.find(&[b'x'; 5000], b"y"), None);
        assert_eq!(search.tail.len(), KEPT);
    }
}

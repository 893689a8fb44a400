//! Many users who each write at a steady pace; how long until others hear it.
//!
//! Each line carries its user, its number and the time at which it was sent. Sender and
//! receivers are one process, so there is one clock. The pace does not depend on
//! the server: a line is sent when its time has come, whatever has arrived.

use crate::crowd::Crowd;
use crate::dialect::partner;
use crate::usage::{self, Usage};
use crate::{Dialect, join};
use anyhow::{Context as _, bail, ensure};
use hdrhistogram::Histogram;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long the last lines may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// `|UUUU NNNNNNNN TTTTTTTTTTTTTTTT|`: user and number in decimal, nanoseconds in hexadecimal digits.
const STAMP: usize = 32;

/// What to do to a server.
#[derive(Debug, Clone, Copy)]
pub struct Latency {
    /// Where it is.
    pub server: SocketAddr,
    /// What it speaks.
    pub dialect: Dialect,
    /// How many write.
    pub users: usize,
    /// Lines that each writes in a second.
    pub pace: f64,
    /// Bytes of a text with its line end, at least 33.
    pub length: usize,
    /// How long is written.
    pub time: Duration,
    /// More connections, which only hear what comes.
    pub idle: usize,
    /// The server's process, to say what it needed.
    pub process: Option<u32>,
}

/// What came of it. Every line was delivered to everybody it was for.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Nanoseconds from before a line was written until after it was read.
    pub times: Histogram<u64>,
    /// The latest that a line was sent after its time had come: what the generator itself was late.
    pub late: Duration,
    /// Memory of the server for each idle connection, in bytes.
    pub idle_memory: Option<f64>,
    /// Processor time of the server per second.
    pub busy: Option<f64>,
}

impl Outcome {
    /// The time within which this share (in percent) was delivered.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Duration {
        Duration::from_nanos(self.times.value_at_percentile(percent))
    }
}

/// Runs it.
///
/// # Errors
/// When the server drops somebody, or a line is lost, late beyond patience or out of order.
pub fn run(load: &Latency) -> anyhow::Result<Outcome> {
    let Latency { dialect, users, idle, process, .. } = *load;
    ensure!((2..=10_000).contains(&users), "from 2 to 10,000 users");
    ensure!(dialect.has_room() || users.is_multiple_of(2), "users talk in pairs: an even number");
    ensure!(load.length > STAMP, "a line has at least {} bytes", STAMP + 1);
    let mut crowd = Crowd::new()?;
    let usage = || process.map(Usage::of).transpose();
    join::enter(&mut crowd, dialect, load.server, users)?;
    let without = usage()?;
    join::enter(&mut crowd, dialect, load.server, idle)?;
    if dialect.has_room() {
        join::gather(&mut crowd, dialect).context("before the first line")?;
    }
    let with = usage()?;
    let idle_memory = without
        .zip(with)
        .filter(|_| idle > 0)
        .map(|(without, with)| with.resident.saturating_sub(without.resident) as f64 / idle as f64);

    let mut ears = Ears::new(dialect, users)?;
    let start = Instant::now();
    let mut schedule = Schedule::new(users, load.pace, load.time);
    let mut late = Duration::ZERO;
    let mut sent = 0;
    let mut line = String::new();
    let mut last = Instant::now();
    loop {
        while let Some((at, user, number)) = schedule.next_until(start.elapsed()) {
            let now = start.elapsed();
            late = late.max(now - at);
            stamp(&mut line, user, number, now, load.length - 1);
            crowd.write_all(user, &dialect.say(user, &line))?;
            sent += 1;
        }
        let expected = sent * if dialect.has_room() { users as u64 - 1 } else { 1 };
        let wait = match schedule.peek() {
            Some(at) => at.saturating_sub(start.elapsed()),
            None if ears.heard == expected => break,
            None => PATIENCE,
        };
        let heard = ears.heard;
        crowd.turn(Some(wait), |user, bytes| {
            // What the idle ones hear is only taken off them.
            if user < users { ears.hear(user, bytes, start) } else { Ok(()) }
        })?;
        if ears.heard > heard {
            last = Instant::now();
        }
        ensure!(last.elapsed() < PATIENCE, "{} lines of {expected} were heard", ears.heard);
    }
    let time = start.elapsed();
    let processor = usage::between(with, usage()?);
    Ok(Outcome {
        times: ears.times,
        late,
        idle_memory,
        busy: processor.map(|processor| processor.as_secs_f64() / time.as_secs_f64()),
    })
}

/// Who writes when: all at the same pace, each with a moment of its own.
#[derive(Debug)]
struct Schedule {
    interval: Duration,
    /// A moment in the interval, and the user.
    moments: Vec<(Duration, usize)>,
    next: usize,
    rounds: usize,
}

impl Schedule {
    fn new(users: usize, pace: f64, time: Duration) -> Self {
        let interval = Duration::from_secs_f64(1.0 / pace);
        // Multiples of the golden ratio never bunch, and are the same in every run.
        let moment = |user: usize| interval.mul_f64((user as f64 * 0.618_034).fract());
        let mut moments: Vec<_> = (0..users).map(|user| (moment(user), user)).collect();
        moments.sort_unstable();
        let rounds = (time.as_secs_f64() * pace).round().max(1.0) as usize;
        Self { interval, moments, next: 0, rounds }
    }

    /// When the next line is due.
    fn peek(&self) -> Option<Duration> {
        let round = self.next / self.moments.len();
        let (moment, _) = self.moments[self.next % self.moments.len()];
        // There are far fewer rounds.
        (round < self.rounds).then(|| self.interval * round as u32 + moment)
    }

    /// The next line that is due by `now`: its time, user and number.
    fn next_until(&mut self, now: Duration) -> Option<(Duration, usize, usize)> {
        let at = self.peek().filter(|at| *at <= now)?;
        let (_, user) = self.moments[self.next % self.moments.len()];
        let number = self.next / self.moments.len();
        self.next += 1;
        Some((at, user, number))
    }
}

fn stamp(line: &mut String, user: usize, number: usize, at: Duration, length: usize) {
    use std::fmt::Write as _;
    line.clear();
    // Writing to a text cannot fail.
    let _ = write!(line, "|{user:04} {number:08} {:016x}|", at.as_nanos() as u64);
    line.extend((b'a'..=b'z').map(char::from).cycle().take(length.saturating_sub(line.len())));
}

/// Finds the stamps in what arrives, and counts.
#[derive(Debug)]
struct Ears {
    dialect: Dialect,
    /// The beginning of a stamp that is not all there, for each user.
    carried: Vec<Vec<u8>>,
    /// The number that comes next from each user at each.
    next: Vec<Vec<usize>>,
    times: Histogram<u64>,
    heard: u64,
}

impl Ears {
    fn new(dialect: Dialect, users: usize) -> anyhow::Result<Self> {
        Ok(Self {
            dialect,
            carried: vec![Vec::new(); users],
            next: vec![vec![0; users]; users],
            times: Histogram::new(3)?,
            heard: 0,
        })
    }

    fn hear(&mut self, user: usize, mut bytes: &[u8], start: Instant) -> anyhow::Result<()> {
        let now = start.elapsed();
        let mut carried = std::mem::take(&mut self.carried[user]);
        if !carried.is_empty() {
            let missing = (STAMP - carried.len()).min(bytes.len());
            carried.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if carried.len() < STAMP {
                self.carried[user] = carried;
                return Ok(());
            }
            self.note(user, &carried, now)?;
            carried.clear();
        }
        while let Some(at) = memchr::memchr(b'|', bytes) {
            bytes = &bytes[at..];
            let Some((stamp, rest)) = bytes.split_at_checked(STAMP) else {
                carried.extend_from_slice(bytes);
                break;
            };
            self.note(user, stamp, now)?;
            bytes = rest;
        }
        self.carried[user] = carried;
        Ok(())
    }

    fn note(&mut self, user: usize, stamp: &[u8], now: Duration) -> anyhow::Result<()> {
        let Some((from, number, at)) = read(stamp) else {
            bail!("user {user} heard a line that was not sent: `{}`", stamp.escape_ascii());
        };
        let next = self.next[user].get_mut(from).context("a line of nobody")?;
        ensure!(
            *next == number,
            "user {user} heard line {number} of user {from} when {next} was to come"
        );
        *next += 1;
        if from == user {
            ensure!(self.dialect.echoes(), "user {user} heard itself");
            return Ok(());
        }
        ensure!(
            self.dialect.has_room() || partner(from) == user,
            "user {user} heard what was for another"
        );
        let time = now.saturating_sub(at);
        // Within the range of a histogram that grows by itself.
        self.times.record(time.as_nanos() as u64)?;
        self.heard += 1;
        Ok(())
    }
}

fn read(stamp: &[u8]) -> Option<(usize, usize, Duration)> {
    let text = std::str::from_utf8(stamp).ok()?;
    let mut words = text.strip_prefix('|')?.strip_suffix('|')?.split(' ');
    let from = words.next()?.parse().ok()?;
    let number = words.next()?.parse().ok()?;
    let at = Duration::from_nanos(u64::from_str_radix(words.next()?, 16).ok()?);
    Some((from, number, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_write_in_their_turn_as_often_as_asked() {
        let mut schedule = Schedule::new(3, 10.0, Duration::from_secs(2));
        assert_eq!(schedule.next_until(Duration::ZERO).unwrap(), (Duration::ZERO, 0, 0));
        assert_eq!(schedule.next_until(Duration::ZERO), None);
        let mut counts = [1, 0, 0];
        let mut last = Duration::ZERO;
        while let Some((at, user, number)) = schedule.next_until(Duration::MAX) {
            assert!(at >= last && number == counts[user]);
            counts[user] += 1;
            last = at;
        }
        assert_eq!(counts, [20; 3]);
        assert!(last < Duration::from_secs(2));
    }

    #[test]
    fn stamps_are_found_in_whatever_pieces() {
        let mut stream = String::new();
        for number in 0..3 {
            let mut line = String::new();
            stamp(&mut line, 1, number, Duration::from_nanos(77), 60);
            stream += &format!("\n[10.0.0.1:5] {line}\n");
        }
        for step in 1..stream.len() {
            let mut ears = Ears::new(Dialect::Room, 2).unwrap();
            for piece in stream.as_bytes().chunks(step) {
                ears.hear(0, piece, Instant::now()).unwrap();
            }
            assert_eq!(ears.heard, 3, "{step}");
        }
    }

    #[test]
    fn a_lost_line_is_noticed() {
        let mut ears = Ears::new(Dialect::Bare, 2).unwrap();
        let mut line = String::new();
        stamp(&mut line, 1, 1, Duration::ZERO, 60);
        let error = ears.hear(0, line.as_bytes(), Instant::now()).unwrap_err();
        assert_eq!(error.to_string(), "user 0 heard line 1 of user 1 when 0 was to come");
    }
}

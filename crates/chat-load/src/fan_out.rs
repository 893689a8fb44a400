//! One sender as fast as the server takes it; everybody else must hear every line,
//! in order, unchanged.

use crate::circle::Circle;
use crate::crowd::Crowd;
use crate::usage::{self, Usage};
use crate::{Dialect, join};
use anyhow::{Context as _, bail, ensure};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How much is written at once.
const CHUNK: usize = 64 * 1024;
/// How long a turn waits at most, so that what other threads say is noticed.
const TURN: Duration = Duration::from_millis(20);
/// When nothing arrives for so long, it never will.
const SILENCE: Duration = Duration::from_secs(10);

/// What to do to a server.
#[derive(Debug, Clone, Copy)]
pub struct FanOut {
    /// Where it is.
    pub server: SocketAddr,
    /// What it speaks. There must be a room.
    pub dialect: Dialect,
    /// How many hear what one says.
    pub receivers: usize,
    /// Bytes of a line as it is written, with its line end, at least 8.
    pub length: usize,
    /// How long is sent.
    pub time: Duration,
    /// Lines that may be on their way to the slowest receiver; `None`: as the server takes them.
    pub window: Option<u64>,
    /// Threads that receive.
    pub threads: usize,
    /// Only count what arrives, without copying it out of the kernel.
    pub count_only: bool,
    /// The server's process, to say what it needed.
    pub process: Option<u32>,
}

/// What came of it. Every line was delivered.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Lines that were sent.
    pub sent: u64,
    /// Lines that arrived, of all receivers.
    pub delivered: u64,
    /// From the first byte sent to the last byte received.
    pub time: Duration,
    /// Processor time of the server meanwhile.
    pub processor: Option<Duration>,
}

impl Outcome {
    /// Lines delivered in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.delivered as f64 / self.time.as_secs_f64()
    }

    /// How much of one core the server was using.
    #[must_use]
    pub fn busy(&self) -> Option<f64> {
        self.processor.map(|processor| processor.as_secs_f64() / self.time.as_secs_f64())
    }
}

/// What the threads tell each other.
struct Shared {
    /// Lines that all will have been sent; `u64::MAX` until it is known.
    total: AtomicU64,
    /// Somebody failed.
    failed: AtomicBool,
}

/// Runs it.
///
/// # Errors
/// When the server drops somebody, or somebody does not get exactly what was sent.
pub fn run(load: &FanOut) -> anyhow::Result<Outcome> {
    let FanOut { dialect, receivers, threads, .. } = *load;
    ensure!(dialect.has_room(), "there is nothing to hear for others than one partner");
    ensure!(receivers >= 1 && threads >= 1, "at least one receiver and one thread");
    ensure!(threads == 1 || load.window.is_none(), "a window needs one thread");
    let mut crowd = Crowd::new()?;
    join::enter(&mut crowd, dialect, load.server, receivers + 1)?;
    let before = join::gather(&mut crowd, dialect).context("before the first line")?;
    let (sent_before, after) = dialect.envelope();
    let length = load.length.checked_sub(1).filter(|length| *length >= 7);
    let length = length.context("a line has at least 8 bytes")?;
    let sent = Circle::new(&sent_before, length, &after);
    let heard = Circle::new(&before, length, &after);

    // The sender and its echo stay with the first thread.
    let members = crowd.into_members();
    let mut shares: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
    for (number, member) in members.iter().enumerate() {
        shares[number % threads].push(member.clone());
    }
    let shared = Shared { total: AtomicU64::new(u64::MAX), failed: AtomicBool::new(false) };
    let before = load.process.map(Usage::of).transpose()?;
    let start = Instant::now();
    let delivered = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for (number, members) in shares.into_iter().enumerate() {
            let (heard, echo, shared) = (&heard, &sent, &shared);
            threads.push(scope.spawn(move || {
                let delivered = Team::new(number, members, heard, echo, load, shared)
                    .and_then(|mut team| team.run());
                if delivered.is_err() {
                    shared.failed.store(true, Ordering::Relaxed);
                }
                delivered
            }));
        }
        let results: Vec<_> =
            threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        results.into_iter().try_fold(0, |sum, result| match result {
            Ok(delivered) => Ok(sum + delivered?),
            Err(_) => bail!("a thread panicked"),
        })
    })?;
    let time = start.elapsed();
    let after = load.process.map(Usage::of).transpose()?;
    // A thread that is done must not close what it has before the others are.
    drop(members);
    Ok(Outcome {
        sent: shared.total.load(Ordering::Relaxed),
        delivered,
        time,
        processor: usage::between(before, after),
    })
}

/// The connections of one thread. Number 0 of team 0 is the sender.
struct Team<'a> {
    number: usize,
    crowd: Crowd,
    /// Bytes that each member got.
    arrived: Vec<u64>,
    heard: &'a Circle,
    /// What the sender gets back.
    echo: &'a Circle,
    load: &'a FanOut,
    shared: &'a Shared,
}

impl<'a> Team<'a> {
    fn new(
        number: usize,
        members: Vec<Arc<TcpStream>>,
        heard: &'a Circle,
        echo: &'a Circle,
        load: &'a FanOut,
        shared: &'a Shared,
    ) -> anyhow::Result<Self> {
        let mut crowd = Crowd::of(members)?;
        if load.count_only {
            crowd.discard();
        }
        let arrived = vec![0; crowd.len()];
        Ok(Self { number, crowd, arrived, heard, echo, load, shared })
    }

    /// The sender's place, if it is here.
    fn sender(&self) -> Option<usize> {
        (self.number == 0).then_some(0)
    }

    /// Sends (the first team) and hears until all have got everything; returns the lines delivered here.
    fn run(&mut self) -> anyhow::Result<u64> {
        let end = Instant::now() + self.load.time;
        let mut sending = self.sender().map(|number| Sending::new(number, self.echo));
        let mut last = (0, Instant::now());
        loop {
            let mut wait = TURN;
            if let Some(sending) = &mut sending {
                if sending.is_on {
                    let open = match self.load.window {
                        Some(window) => self.slowest() + window,
                        None => u64::MAX,
                    };
                    if sending.send(&self.crowd, Instant::now() >= end, open)? {
                        wait = Duration::ZERO;
                    }
                }
                if !sending.is_on {
                    let lines = sending.at / self.echo.line();
                    self.shared.total.store(lines, Ordering::Relaxed);
                }
            }
            self.hear(wait)?;
            let total = self.shared.total.load(Ordering::Relaxed);
            if total != u64::MAX && self.is_complete(total)? {
                return Ok(total * (self.crowd.len() - self.sender().iter().len()) as u64);
            }
            ensure!(!self.shared.failed.load(Ordering::Relaxed), "another thread failed");
            let sum = self.arrived.iter().sum::<u64>();
            if sum != last.0 {
                last = (sum, Instant::now());
            }
            ensure!(
                last.1.elapsed() < SILENCE,
                "nothing comes any more; the slowest receiver got {} lines of {}",
                self.slowest(),
                if total == u64::MAX { "many".to_owned() } else { total.to_string() }
            );
        }
    }

    fn hear(&mut self, wait: Duration) -> anyhow::Result<()> {
        let (sender, count_only) = (self.sender(), self.load.count_only);
        let (heard, echo) = (self.heard, self.echo);
        let Self { crowd, arrived, .. } = self;
        crowd.turn(Some(wait), |number, bytes| {
            let at = &mut arrived[number];
            if !count_only {
                let circle = if Some(number) == sender { echo } else { heard };
                if let Err(why) = circle.verify(*at, bytes) {
                    bail!("connection {number}: {why}");
                }
            }
            *at += bytes.len() as u64;
            Ok(())
        })
    }

    /// Lines that all receivers of this team have got.
    fn slowest(&self) -> u64 {
        let receivers = &self.arrived[self.sender().iter().len()..];
        receivers.iter().min().map_or(u64::MAX, |bytes| bytes / self.heard.line())
    }

    /// True if all have got all of `total` lines.
    fn is_complete(&self, total: u64) -> anyhow::Result<bool> {
        let mut complete = true;
        for (number, &arrived) in self.arrived.iter().enumerate() {
            let expected = match self.sender() {
                Some(sender) if number == sender && self.load.dialect.echoes() => {
                    total * self.echo.line()
                }
                Some(sender) if number == sender => 0,
                _ => total * self.heard.line(),
            };
            ensure!(arrived <= expected, "connection {number} got more than was sent");
            complete &= arrived == expected;
        }
        Ok(complete)
    }
}

/// The sender's side.
struct Sending<'a> {
    number: usize,
    circle: &'a Circle,
    /// Bytes sent.
    at: u64,
    is_on: bool,
    /// The socket was full; epoll tells when it is not.
    is_blocked: bool,
}

impl<'a> Sending<'a> {
    fn new(number: usize, circle: &'a Circle) -> Self {
        Self { number, circle, at: 0, is_on: true, is_blocked: false }
    }

    /// Writes once, up to line `open`; when it is time to stop, to the end of a line. True if more
    /// could be written at once.
    fn send(&mut self, crowd: &Crowd, stop: bool, open: u64) -> anyhow::Result<bool> {
        let line = self.circle.line();
        let whole = self.at.is_multiple_of(line);
        if stop && whole {
            self.is_on = false;
            self.watch(crowd, false)?;
            return Ok(false);
        }
        let most = if stop { line - self.at % line } else { CHUNK as u64 };
        let most = most.min(open.saturating_mul(line).saturating_sub(self.at));
        if most == 0 {
            return Ok(false);
        }
        let bytes = self.circle.from(self.at);
        let count = bytes.len().min(usize::try_from(most)?);
        let written = crowd.write(self.number, &bytes[..count])?;
        self.at += written.unwrap_or(0) as u64;
        self.watch(crowd, written.is_none())?;
        Ok(written.is_some())
    }

    fn watch(&mut self, crowd: &Crowd, blocked: bool) -> anyhow::Result<()> {
        if self.is_blocked != blocked {
            self.is_blocked = blocked;
            crowd.watch_writable(self.number, blocked)?;
        }
        Ok(())
    }
}

//! The measurements, a table each.

use crate::irc::Irc;
use crate::server::{Kind, run_on};
use crate::table::{Summary, print};
use anyhow::{Context as _, ensure};
use chat_load::Dialect;
use chat_load::fan_out::{self, FanOut};
use chat_load::latency::{self, Latency};
use std::time::Duration;

/// Bytes of a line with its line end.
const LENGTH: usize = 100;
/// Lines that may be on their way, for servers that lose people when there are more.
const WINDOWS: [u64; 3] = [50, 200, 1000];
/// Connections that say nothing.
const IDLE: usize = 10_000;
const ROOM: Kind = Kind::Ours(Dialect::Room, 1);
const DIRECT: Kind = Kind::Ours(Dialect::Direct, 1);

/// What was asked for on the command line.
pub(crate) struct Bench {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    /// Tables to make; none: all.
    pub(crate) only: Vec<String>,
}

impl Bench {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let cores = std::thread::available_parallelism()?.get();
        ensure!(cores >= 2, "two cores are needed, one for the server and one for the load");
        println!(
            "medians (least–most) of {} rounds, {} s each; load average {}",
            self.rounds,
            self.seconds,
            load_average()
        );
        type Table = fn(&Bench) -> anyhow::Result<()>;
        let tables: [(&str, Table); 4] = [
            ("fan-out", Self::fan_out),
            ("latency", Self::latency),
            ("idle", Self::idle),
            ("threads", Self::threads),
        ];
        let mut failed = Vec::new();
        for (name, make) in tables {
            if self.only.is_empty() || self.only.iter().any(|only| only == name) {
                run_on(&[1])?;
                if let Err(error) = make(self) {
                    println!("\nFAILED: {name}: {error:#}");
                    failed.push(name);
                }
            }
        }
        println!("\nload average at the end {}", load_average());
        ensure!(failed.is_empty(), "no table of {}", failed.join(", "));
        Ok(())
    }

    /// One sender as fast as the server takes it.
    fn fan_out(&self) -> anyhow::Result<()> {
        let mut rows = vec![head(&[
            "receivers",
            "server",
            "million lines/s",
            "of the bare loop",
            "server busy",
            "million lines per its processor second",
            "of the bare loop",
        ])];
        for receivers in [100, 1000] {
            let mut kinds = vec![(Kind::Bare, None), (ROOM, None)];
            for irc in [Irc::InspIrcd, Irc::NgIrcd] {
                if irc.is_installed() {
                    kinds.push((Kind::Irc(irc), Some(self.best_window(irc, receivers)?)));
                } else {
                    println!(
                        "\nSKIPPED: {0} is not installed (apt-get install {0})",
                        irc.program()
                    );
                }
            }
            let mut rounds = Vec::new();
            for _ in 0..self.rounds {
                let round = kinds
                    .iter()
                    .map(|(kind, window)| self.deliver(kind, receivers, *window))
                    .collect::<anyhow::Result<Vec<_>>>()?;
                rounds.push(round);
            }
            for (at, (kind, window)) in kinds.iter().enumerate() {
                let rate = |of: usize| rounds.iter().map(move |round| round[of].rate() / 1e6);
                let cheap = |of: usize| {
                    rounds.iter().map(move |round| round[of].rate() / 1e6 / busy(&round[of]))
                };
                let ratio = Summary::of(rate(at).zip(rate(0)).map(|(a, b)| a / b));
                let ratio_cheap = Summary::of(cheap(at).zip(cheap(0)).map(|(a, b)| a / b));
                let mut name = kind.name();
                if let Some(window) = window {
                    name += &format!(", window {window}");
                }
                rows.push(vec![
                    receivers.to_string(),
                    name,
                    Summary::of(rate(at)).show(2),
                    ratio.show(2),
                    format!(
                        "{:.2}",
                        Summary::of(rounds.iter().map(|round| busy(&round[at]))).median
                    ),
                    Summary::of(cheap(at)).show(2),
                    ratio_cheap.show(2),
                ]);
            }
        }
        print(
            "Fan-out: one sender, lines of 100 bytes, every byte compared, nobody dropped",
            &rows,
        );
        Ok(())
    }

    fn deliver(
        &self,
        kind: &Kind,
        receivers: usize,
        window: Option<u64>,
    ) -> anyhow::Result<fan_out::Outcome> {
        let server = kind.start("0")?;
        let load = FanOut {
            server: server.address,
            dialect: kind.dialect(),
            receivers,
            length: LENGTH,
            time: Duration::from_secs_f64(self.seconds.max(0.1)),
            window,
            threads: 1,
            count_only: false,
            process: Some(server.process()),
        };
        fan_out::run(&load).with_context(|| format!("{}, {receivers} receivers", kind.name()))
    }

    fn best_window(&self, irc: Irc, receivers: usize) -> anyhow::Result<u64> {
        let mut best = (0.0, WINDOWS[0]);
        for window in WINDOWS {
            let outcome = self.deliver(&Kind::Irc(irc), receivers, Some(window))?;
            if outcome.rate() > best.0 {
                best = (outcome.rate(), window);
            }
        }
        Ok(best.1)
    }

    /// 100 users, 20 lines a second each.
    fn latency(&self) -> anyhow::Result<()> {
        let kinds = [Kind::Bare, ROOM];
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            let round = kinds
                .iter()
                .map(|kind| self.chat(kind, 0, 20.0))
                .collect::<anyhow::Result<Vec<_>>>()?;
            rounds.push(round);
        }
        let mut rows = vec![latency_head("server")];
        for (at, kind) in kinds.iter().enumerate() {
            rows.push(latency_row(kind.name(), &rounds, at));
        }
        print("Latency: 100 users, 20 lines a second each, in one room", &rows);
        Ok(())
    }

    fn chat(&self, kind: &Kind, idle: usize, pace: f64) -> anyhow::Result<latency::Outcome> {
        let server = kind.start("0")?;
        let load = Latency {
            server: server.address,
            dialect: kind.dialect(),
            users: 100,
            pace,
            length: LENGTH,
            time: Duration::from_secs_f64(self.seconds.max(0.1)),
            idle,
            process: Some(server.process()),
        };
        latency::run(&load).with_context(|| kind.name())
    }

    /// 10,000 connections that say nothing.
    fn idle(&self) -> anyhow::Result<()> {
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            rounds.push(vec![self.chat(&DIRECT, 0, 20.0)?, self.chat(&DIRECT, IDLE, 20.0)?]);
        }
        let mut rows = vec![latency_head("idle connections")];
        rows.push(latency_row("0".into(), &rounds, 0));
        rows.push(latency_row(IDLE.to_string(), &rounds, 1));
        print("Idle: 100 users of chat-server direct talk in pairs, 20 lines a second each", &rows);
        println!("\n  {} KiB of the server's memory for each", idle_memory(&rounds));

        let kinds = [Kind::Bare, ROOM];
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            rounds.push(
                kinds
                    .iter()
                    .map(|kind| self.chat(kind, IDLE, 0.05))
                    .collect::<anyhow::Result<Vec<_>>>()?,
            );
        }
        let mut rows = vec![latency_head("server")];
        for (at, kind) in kinds.iter().enumerate() {
            rows.push(latency_row(kind.name(), &rounds, at));
        }
        print(
            "Idle: 100 users write 0.05 lines a second each to a room where 10,000 more only listen",
            &rows,
        );
        println!("\n  {} KiB of the server's memory for each", idle_memory(&rounds));
        Ok(())
    }

    /// The same work with twice of everything.
    fn threads(&self) -> anyhow::Result<()> {
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            let mut round = Vec::new();
            for (threads, cores, list) in [(1, &[0][..], "0"), (2, &[0, 1], "0,1")] {
                run_on(cores)?;
                let kind = Kind::Ours(Dialect::Room, threads);
                let server = kind.start(list)?;
                let load = FanOut {
                    server: server.address,
                    dialect: Dialect::Room,
                    receivers: 1000,
                    length: LENGTH,
                    time: Duration::from_secs_f64(self.seconds.max(0.1)),
                    window: None,
                    threads,
                    count_only: false,
                    process: Some(server.process()),
                };
                round.push(fan_out::run(&load)?);
            }
            rounds.push(round);
        }
        let mut rows = vec![head(&[
            "threads and cores",
            "million lines/s",
            "of one",
            "million lines per the server's processor second",
        ])];
        for at in 0..2 {
            let rate = |of: usize| rounds.iter().map(move |round| round[of].rate() / 1e6);
            rows.push(vec![
                (at + 1).to_string(),
                Summary::of(rate(at)).show(2),
                Summary::of(rate(at).zip(rate(0)).map(|(a, b)| a / b)).show(2),
                Summary::of(rounds.iter().map(|round| round[at].rate() / 1e6 / busy(&round[at])))
                    .show(2),
            ]);
        }
        print(
            "Threads: server and load together on one core with a thread each, then on two with two each; 1,000 receivers",
            &rows,
        );
        Ok(())
    }
}

fn busy(outcome: &fan_out::Outcome) -> f64 {
    outcome.busy().unwrap_or(f64::NAN)
}

fn head(titles: &[&str]) -> Vec<String> {
    titles.iter().map(ToString::to_string).collect()
}

fn latency_head(first: &str) -> Vec<String> {
    head(&[
        first,
        "p50 µs",
        "of the first",
        "p99 µs",
        "of the first",
        "server busy",
        "generator late by at most, ms",
    ])
}

fn latency_row(name: String, rounds: &[Vec<latency::Outcome>], at: usize) -> Vec<String> {
    let time = |of: usize, percent: f64| {
        rounds.iter().map(move |round| round[of].percentile(percent).as_secs_f64() * 1e6)
    };
    let mut row = vec![name];
    for percent in [50.0, 99.0] {
        row.push(Summary::of(time(at, percent)).show(0));
        let ratios = time(at, percent).zip(time(0, percent)).map(|(a, b)| a / b);
        row.push(Summary::of(ratios).show(2));
    }
    let busy = rounds.iter().filter_map(|round| round[at].busy);
    row.push(format!("{:.2}", Summary::of(busy).median));
    let late = rounds.iter().map(|round| round[at].late.as_secs_f64() * 1e3);
    row.push(format!("{:.1}", Summary::of(late).most));
    row
}

/// Of the last server of each round.
fn idle_memory(rounds: &[Vec<latency::Outcome>]) -> String {
    let last = rounds.iter().filter_map(|round| round.last()?.idle_memory);
    Summary::of(last.map(|bytes| bytes / 1024.0)).show(2)
}

/// Of the last minute.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

//! The loop that decides what runs when.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::event::{DispatchEvent, ReportError, Reporter, Run, RunIndex, RunOutcome, Summary};
use super::interrupt::Interrupts;
use super::ledger::{Ledger, Orders, never_started};
use super::stage::{Stage, StageEnd, Word};
use super::{DispatchError, Job, Options};
use crate::event::{Record, Verdict};

/// Messages that may wait for the loop. Few: each may be a long line.
const QUEUE: usize = 64;

/// Time between two calls of [`Reporter::tick`].
const TICK: Duration = Duration::from_millis(100);

/// What comes to the loop.
enum Message {
    Word(RunIndex, Word),
    Interrupt,
}

/// All runs, and how far they are.
pub(super) struct Schedule<'a> {
    jobs: &'a [Job],
    options: Options<'a>,
    voice: Voice<'a>,
    inbox: Receiver<Message>,
    outbox: SyncSender<Message>,
    /// Held for its `Drop`.
    _interrupts: Interrupts,
    active: BTreeMap<RunIndex, Active>,
    /// The first job that was not looked at yet.
    next: usize,
    /// Runs to be made again, and which attempt that is; they come before new ones.
    again: VecDeque<(RunIndex, u32)>,
    /// Nothing more is started.
    closing: bool,
    summary: Summary,
    begun: Instant,
    next_tick: Instant,
}

/// A run whose stage lives.
struct Active {
    stage: Stage,
    attempt: u32,
    folder: Option<PathBuf>,
    ledger: Ledger,
    started: Instant,
    orders: Orders,
    /// When it is killed, unless it has been.
    deadline: Option<Instant>,
}

/// The reporter, and the first error it had.
struct Voice<'a> {
    reporter: &'a mut dyn Reporter,
    error: Option<ReportError>,
}

impl Voice<'_> {
    fn say(&mut self, event: &DispatchEvent<'_>) {
        if let Err(error) = self.reporter.report(event) {
            self.error.get_or_insert(error);
        }
    }
}

impl<'a> Schedule<'a> {
    pub(super) fn new(
        jobs: &'a [Job],
        options: Options<'a>,
        reporter: &'a mut dyn Reporter,
    ) -> Result<Self, DispatchError> {
        let (outbox, inbox) = sync_channel(QUEUE);
        let interrupts = Interrupts::listen({
            let outbox = outbox.clone();
            move || outbox.send(Message::Interrupt).is_ok()
        })
        .map_err(DispatchError::Signals)?;
        let begun = Instant::now();
        Ok(Self {
            jobs,
            options,
            voice: Voice { reporter, error: None },
            inbox,
            outbox,
            _interrupts: interrupts,
            active: BTreeMap::new(),
            next: 0,
            again: VecDeque::new(),
            closing: false,
            summary: Summary { total: jobs.len(), ..Summary::default() },
            begun,
            next_tick: begun + TICK,
        })
    }

    /// Does what a signal does.
    #[cfg(test)]
    pub(super) fn interrupter(&self) -> impl Fn() + 'static {
        let outbox = self.outbox.clone();
        move || outbox.send(Message::Interrupt).expect("the schedule is there")
    }

    pub(super) fn play(mut self) -> Result<Summary, DispatchError> {
        self.voice.say(&DispatchEvent::SuiteStarted { jobs: self.jobs });
        loop {
            if self.voice.error.is_some() {
                self.end_all();
            }
            self.start_what_may();
            if self.active.is_empty() {
                break;
            }
            self.wait();
        }
        self.summary.not_run += self.jobs.len() - self.next + self.again.len();
        self.summary.elapsed = self.begun.elapsed();
        self.voice.say(&DispatchEvent::SuiteFinished { summary: &self.summary });
        match self.voice.error {
            None => Ok(self.summary),
            Some(error) => Err(error.into()),
        }
    }

    fn start_what_may(&mut self) {
        while !self.closing && self.active.len() < self.options.jobs.max(1) {
            if let Some((index, attempt)) = self.again.pop_front() {
                self.start(index, attempt);
                continue;
            }
            let Some(job) = self.jobs.get(self.next) else { return };
            let index = RunIndex(self.next);
            self.next += 1;
            if job.missing.is_empty() {
                self.start(index, 1);
            } else {
                self.skip(index, job);
            }
        }
    }

    fn skip(&mut self, index: RunIndex, job: &Job) {
        let missing: Vec<_> = job.missing.iter().map(|missing| &*missing.what).collect();
        let help: Vec<_> = job.missing.iter().map(|missing| &*missing.help).collect();
        let outcome = never_started(
            &job.plan,
            Verdict::Skipped,
            format!("this machine lacks {}", missing.join(", ")),
            None,
            Some(help.join("; ")),
        );
        self.end(Run { index, plan: &job.plan, attempt: 1, folder: None }, &outcome);
    }

    fn start(&mut self, index: RunIndex, attempt: u32) {
        let plan = &self.jobs[index.0].plan;
        let folder = match self.options.folder.as_mut().map(|make| make(plan)).transpose() {
            Ok(folder) => folder,
            Err(error) => {
                // A run that nobody is told of was not made.
                self.summary.not_run += 1;
                self.voice.error.get_or_insert(error);
                self.end_all();
                return;
            }
        };
        let run = Run { index, plan, attempt, folder: folder.as_deref() };
        self.voice.say(&DispatchEvent::RunStarted { run });
        let outbox = self.outbox.clone();
        let stage = serde_json::to_vec(plan).map_err(Into::into).and_then(|text| {
            Stage::start(&self.options.stage, run.folder, text, move |word| {
                outbox.send(Message::Word(index, word)).is_ok()
            })
        });
        match stage {
            Ok(stage) => {
                let started = Instant::now();
                let active = Active {
                    stage,
                    attempt,
                    folder,
                    ledger: Ledger::default(),
                    started,
                    orders: Orders::None,
                    deadline: started
                        .checked_add(plan.timeout.saturating_add(self.options.overrun)),
                };
                self.active.insert(index, active);
            }
            Err(error) => {
                let outcome = never_started(
                    plan,
                    Verdict::Invalid,
                    format!("the stage could not be started: {error}"),
                    None,
                    None,
                );
                self.end(run, &outcome);
            }
        }
    }

    /// Takes the next message, or notices that a deadline or a tick has come.
    fn wait(&mut self) {
        let ticking = self.voice.reporter.wants_ticks();
        let wake = self
            .active
            .values()
            .filter_map(|active| active.deadline)
            .chain(ticking.then_some(self.next_tick))
            .min();
        let message = match wake {
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => self.inbox.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match message {
            Ok(Message::Word(index, Word::Record(line, record))) => {
                self.hear(index, &line, &record);
            }
            Ok(Message::Word(index, Word::Ended(end))) => self.bury(index, end),
            Ok(Message::Interrupt) => self.interrupt(),
            // The loop holds a sender itself: it cannot be disconnected.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        let now = Instant::now();
        self.kill_overdue(now);
        if ticking && now >= self.next_tick {
            self.next_tick = now + TICK;
            self.voice.reporter.tick();
        }
    }

    fn hear(&mut self, index: RunIndex, line: &[u8], record: &Record) {
        let Some(active) = self.active.get_mut(&index) else { return };
        let plan = &self.jobs[index.0].plan;
        active.ledger.note(plan, record);
        let run = Run { index, plan, attempt: active.attempt, folder: active.folder.as_deref() };
        self.voice.say(&DispatchEvent::RunRecord { run, record, line });
    }

    fn bury(&mut self, index: RunIndex, end: StageEnd) {
        let Some(active) = self.active.remove(&index) else { return };
        let plan = &self.jobs[index.0].plan;
        let outcome = active.ledger.close(plan, active.orders, end, active.started.elapsed());
        let attempt = active.attempt;
        let run = Run { index, plan, attempt, folder: active.folder.as_deref() };
        let again = outcome.verdict == Verdict::Invalid
            && !outcome.lacking
            && !self.closing
            && attempt <= self.options.retry_invalid;
        if again {
            self.summary.repeated += 1;
            self.again.push_back((index, attempt + 1));
            self.voice.say(&DispatchEvent::RunAgain { run, outcome: &outcome });
        } else {
            self.end(run, &outcome);
        }
    }

    fn end(&mut self, run: Run<'_>, outcome: &RunOutcome) {
        self.summary.add(outcome);
        if self.options.fail_fast && outcome.verdict == Verdict::Fail {
            self.closing = true;
        }
        self.voice.say(&DispatchEvent::RunEnded { run, outcome });
    }

    fn interrupt(&mut self) {
        if self.summary.interrupted {
            for active in self.active.values() {
                active.stage.kill();
            }
        }
        self.summary.interrupted = true;
        self.end_all();
    }

    /// Starts nothing more and asks what runs to end, by and by.
    fn end_all(&mut self) {
        self.closing = true;
        let latest = Instant::now() + self.options.grace;
        for active in self.active.values_mut().filter(|active| active.orders == Orders::None) {
            active.stage.ask_to_end();
            active.orders = Orders::End;
            active.deadline = active.deadline.map(|deadline| deadline.min(latest));
        }
    }

    fn kill_overdue(&mut self, now: Instant) {
        for active in self.active.values_mut() {
            if active.deadline.is_some_and(|deadline| deadline <= now) {
                active.deadline = None;
                active.stage.kill();
                if active.orders == Orders::None {
                    active.orders = Orders::Overdue(self.options.overrun);
                }
            }
        }
    }
}

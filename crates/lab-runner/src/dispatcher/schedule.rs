//! The loop that decides what runs when.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use lab_scenario::plan::Plan;

use super::event::{DispatchEvent, ReportError, Reporter, Run, RunIndex, RunOutcome, Summary};
use super::interrupt::Interrupts;
use super::ledger::{Ledger, Orders, never_started};
use super::stage::{Stage, StageEnd, Word};
use super::stages::{Active, Doing, Playing, StageId, Stages, share_network};
use super::{DispatchError, Job, Options};
use crate::assignment::Assignment;
use crate::event::{Event, Record, Verdict};

/// Messages that may wait for the loop. Few: each may be a long line.
const QUEUE: usize = 64;

/// Time between two calls of [`Reporter::tick`].
const TICK: Duration = Duration::from_millis(100);

/// What comes to the loop.
enum Message {
    Word(StageId, Word),
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
    stages: Stages,
    /// The first job that was not looked at yet.
    next: usize,
    /// Runs to be made again, and which attempt that is; they come before new ones.
    again: VecDeque<(RunIndex, u32)>,
    /// Networks that no other run could have, and why. Told to whoever builds one of
    /// them anew.
    spent: Vec<(RunIndex, String)>,
    /// Nothing more is started.
    closing: bool,
    summary: Summary,
    begun: Instant,
    next_tick: Instant,
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
            stages: Stages::default(),
            next: 0,
            again: VecDeque::new(),
            spent: Vec::new(),
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
            self.retire_idle();
            if self.stages.is_empty() {
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
        while !self.closing && self.stages.busy() < self.options.jobs.max(1) {
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
        let started = Instant::now();
        let assigned = folder.as_deref().map(std::path::absolute).transpose().and_then(|run_dir| {
            let hold = self.options.hold.clone();
            let keep = self.is_wanted(plan) && !hold.is_wanted();
            let assignment = Assignment { plan, run_dir, not_shared: None, keep, hold };
            Ok((self.cast(index, attempt, assignment)?, keep))
        });
        match assigned {
            Ok((id, keep)) => {
                if let Some(active) = self.stages.get_mut(id)
                    && self.options.hold.is_wanted()
                {
                    let control = active.stage.control();
                    self.voice.say(&DispatchEvent::RunOpen { run, control });
                }
                let limit = plan.timeout.saturating_add(self.options.overrun);
                let ledger = Ledger::default();
                let playing = Playing { index, attempt, folder, ledger, started, keep };
                if let Some(active) = self.stages.get_mut(id) {
                    active.doing = Doing::Playing(Box::new(playing));
                    // One that is held in any case has no limit.
                    let is_held = self.options.hold.at_end;
                    active.deadline = started.checked_add(limit).filter(|_| !is_held);
                }
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

    /// Finds a stage for a run: one that has its network and waits, or else a new one.
    /// What was invalid gets a new one.
    fn cast(
        &mut self,
        index: RunIndex,
        attempt: u32,
        mut assignment: Assignment<&Plan>,
    ) -> std::io::Result<StageId> {
        let jobs = self.jobs;
        let mut idle = self.stages.idle().filter(|_| attempt == 1);
        let fitting =
            idle.find(|(_, active)| share_network(&jobs[active.network.0].plan, assignment.plan));
        if let Some((id, active)) = fitting {
            active.stage.assign(&assignment)?;
            return Ok(id);
        }
        drop(idle);
        let wanted = |(network, _): &(RunIndex, String)| {
            share_network(&jobs[network.0].plan, assignment.plan)
        };
        if let Some(at) = self.spent.iter().position(wanted) {
            assignment.not_shared = Some(self.spent.swap_remove(at).1);
        }
        let id = self.stages.next_id();
        let outbox = self.outbox.clone();
        let stage = Stage::start(&self.options.stage, move |word| {
            outbox.send(Message::Word(id, word)).is_ok()
        })?;
        let doing = Doing::Idle;
        let active = Active { stage, network: index, doing, orders: Orders::None, deadline: None };
        let assigned = active.stage.assign(&assignment);
        self.stages.insert(id, active);
        assigned.map(|()| id)
    }

    /// Whether a run that is not started yet could use the network of this plan.
    fn is_wanted(&self, plan: &Plan) -> bool {
        let later = self.jobs.get(self.next..).unwrap_or_default();
        !self.closing
            && later.iter().any(|job| job.missing.is_empty() && share_network(plan, &job.plan))
    }

    /// Lets stages go whose networks nobody will want any more, and the oldest if more
    /// wait than may run.
    fn retire_idle(&mut self) {
        let jobs = self.jobs;
        let wanted: Vec<StageId> = self
            .stages
            .idle()
            .map(|(id, active)| (id, active.network))
            .collect::<Vec<_>>()
            .into_iter()
            .filter(|(_, network)| self.is_wanted(&jobs[network.0].plan))
            .map(|(id, _)| id)
            .collect();
        let kept = &wanted[wanted.len().saturating_sub(self.options.jobs.max(1))..];
        let grace = self.options.grace;
        for (id, active) in self.stages.idle() {
            if !kept.contains(&id) {
                active.stage.ask_to_end();
                active.doing = Doing::Leaving;
                active.deadline = Instant::now().checked_add(grace);
            }
        }
    }

    /// Takes the next message, or notices that a deadline or a tick has come.
    fn wait(&mut self) {
        let ticking = self.voice.reporter.wants_ticks();
        let wake = self
            .stages
            .iter()
            .filter_map(|active| active.deadline)
            .chain(ticking.then_some(self.next_tick))
            .min();
        let message = match wake {
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => self.inbox.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match message {
            Ok(Message::Word(id, Word::Record(line, record))) => self.hear(id, &line, &record),
            Ok(Message::Word(id, Word::Ended(end))) => self.bury(id, end),
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

    fn hear(&mut self, id: StageId, line: &[u8], record: &Record) {
        let Some(active) = self.stages.get_mut(id) else { return };
        match &mut active.doing {
            // After a run that is invalid: nobody expects more of it.
            Doing::Playing(_) if matches!(record.event, Event::StageSpent { .. }) => {}
            Doing::Playing(playing) => {
                let plan = &self.jobs[playing.index.0].plan;
                playing.ledger.note(plan, record);
                match record.event {
                    Event::Held { .. } if active.orders == Orders::None => active.deadline = None,
                    Event::Continued {} => {
                        let limit = plan.timeout.saturating_add(self.options.overrun);
                        active.deadline = Instant::now().checked_add(limit);
                    }
                    _ => {}
                }
                let Playing { index, attempt, folder, .. } = &**playing;
                let folder = folder.as_deref();
                let run = Run { index: *index, plan, attempt: *attempt, folder };
                self.voice.say(&DispatchEvent::RunRecord { run, record, line });
                if playing.keep && may_be_followed(&record.event) {
                    self.go_on(id);
                }
            }
            Doing::Renewing(index) => match &record.event {
                Event::StageReady => {
                    active.doing = Doing::Idle;
                    active.deadline = None;
                }
                Event::StageSpent { why } => {
                    let (index, plan) = (*index, &self.jobs[index.0].plan);
                    self.spent.push((index, why.clone()));
                    self.voice.say(&DispatchEvent::NetworkSpent { index, plan, why });
                }
                _ => {}
            },
            Doing::Idle | Doing::Leaving => {}
        }
    }

    /// The run is over, and its stage prepares for another one.
    fn go_on(&mut self, id: StageId) {
        let Some(active) = self.stages.get_mut(id) else { return };
        active.deadline = Instant::now().checked_add(self.options.overrun);
        if let Doing::Playing(playing) = std::mem::replace(&mut active.doing, Doing::Leaving) {
            active.doing = Doing::Renewing(playing.index);
            let orders = active.orders;
            self.close(*playing, orders, StageEnd::of_a_run());
        }
    }

    fn bury(&mut self, id: StageId, end: StageEnd) {
        let Some(active) = self.stages.remove(id) else { return };
        // Others were between two runs: who loses them makes a new one.
        if let Doing::Playing(playing) = active.doing {
            self.close(*playing, active.orders, end);
        }
    }

    fn close(&mut self, playing: Playing, orders: Orders, end: StageEnd) {
        let Playing { index, attempt, folder, ledger, started, .. } = playing;
        let plan = &self.jobs[index.0].plan;
        let outcome = ledger.close(plan, orders, end, started.elapsed());
        let run = Run { index, plan, attempt, folder: folder.as_deref() };
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
            for active in self.stages.iter() {
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
        for active in self.stages.iter_mut().filter(|active| active.orders == Orders::None) {
            active.stage.ask_to_end();
            active.orders = Orders::End;
            active.deadline = Some(active.deadline.map_or(latest, |at| at.min(latest)));
        }
    }

    fn kill_overdue(&mut self, now: Instant) {
        for active in self.stages.iter_mut() {
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

/// Whether a stage may play another run after what it said. One that is invalid is its
/// last, and how the stage ends is part of it.
fn may_be_followed(event: &Event) -> bool {
    matches!(event, Event::RunFinished { verdict, .. } if *verdict != Verdict::Invalid)
}

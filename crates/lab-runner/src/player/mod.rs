//! Plays a plan, without doing anything itself.
//!
//! The player is told what happened and when (a program said something, it
//! ended, a port was opened, time went by) and answers with [`Order`]s: what to
//! do and what to tell the world. It has no clock, no processes and no network of
//! its own, so that all of its rules can be tested in no time.
//!
//! A run goes through three phases: the steps, one after the other or in several
//! lines at the same time; stopping,
//! in which every program still running is asked to end; and over. The first
//! thing that goes wrong decides; the run then goes on to stopping. Where people wanted to
//! look around, it is held before that ([`hold`]).

mod actor;
mod ask;
mod failure;
mod hold;
mod open;
mod ready;
mod step;
mod strand;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::{BTreeSet, VecDeque};

use lab_scenario::plan::{CaptureId, ExitStatus, Mutation, Plan, Process, ProcessId, Signal};
use lab_scenario::template::Reference;

use crate::assignment::Hold;
use crate::bytes::Bytes;
use crate::event::{CheckOutcome, Event, Failure, HeldBecause, Stream, Verdict};
use crate::script::{Saved, Script};
use crate::scroll::Nanos;
use crate::traffic::{Gap, Traffic};
use actor::{Actor, Life};
use failure::Chronicle;
use hold::Pause;
use step::{ExecResult, Progress, StepState};
use strand::Strand;

/// How long a program that was killed may take to be gone.
const DEATH: Nanos = 2_000_000_000;

/// What the player wants done.
#[derive(Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "most are events, and few wait at a time")]
pub(crate) enum Order {
    /// Tell the world.
    Emit(Event),
    /// Start this process; answer with [`Player::spawned`].
    Spawn(ProcessId),
    /// Watch for this port in the namespace of this process; answer with
    /// [`Player::port_open`].
    WatchPort(ProcessId, Port),
    /// Stop watching for ports of this process.
    UnwatchPorts(ProcessId),
    /// Write this to the process; answer with [`Player::typed`] when it has
    /// gone in.
    Type(ProcessId, Vec<u8>),
    /// Close the standard input of the process after what was typed; answer
    /// likewise.
    CloseInput(ProcessId),
    /// Send this signal to the process's group.
    Signal(ProcessId, Signal),
    /// Run the command of this `exec` step; answer with [`Player::exec_finished`].
    Exec(usize),
    /// Kill the command of this `exec` step.
    KillExec(usize),
    /// Cut the link between these nodes.
    Cut(Box<[String; 2]>),
    /// Take all packets that have passed by captures so far; answer with
    /// [`Player::captures_read`].
    ReadCaptures,
    /// Do to the network what this step says; answer with
    /// [`Player::fault_applied`].
    Apply(usize),
}

/// A port that somebody may listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Port {
    /// A TCP socket that listens.
    Tcp(u16),
    /// A UDP socket that is bound.
    Udp(u16),
}

/// Why the run does not pass.
#[derive(Debug)]
struct Blame {
    verdict: Verdict,
    failure: Box<Failure>,
}

#[derive(Debug)]
enum Phase {
    /// The steps are being played.
    Steps(Strand),
    /// They are over, and people look around. Steps that they have added are played.
    Held(Vec<Strand>),
    /// Programs are asked to end; those in `kill_at` are killed then.
    Stopping { kill_at: Vec<(ProcessId, Nanos)>, give_up_at: Nanos },
    /// Nothing more will happen.
    Over,
}

/// How far the checks on what was said are.
#[derive(Debug)]
enum Judgement {
    /// More may be said.
    Open,
    /// All is said, but not all packets are looked at.
    Awaited,
    /// They are made.
    Made,
}

/// The state of a run.
#[derive(Debug)]
pub(crate) struct Player<'p> {
    plan: &'p Plan,
    script: Script,
    actors: Vec<Actor>,
    phase: Phase,
    blame: Option<Blame>,
    /// What steps have saved.
    saved: Saved,
    /// Moments that steps have named.
    labels: Vec<(String, Nanos)>,
    /// Hosts whose processes are stopped where they are.
    paused: BTreeSet<String>,
    /// Who said what came last, if nothing was typed or named since.
    speaker: Option<(ProcessId, Stream)>,
    /// The link that is still to be cut on purpose.
    uncut: Option<&'p [String; 2]>,
    /// Steps that came to their end so far, in all lines and turns.
    moves: u64,
    /// When something may change though nothing happens.
    wake: Nanos,
    /// Of the checks, as far as they were made.
    outcomes: Vec<Option<CheckOutcome>>,
    /// The packets of each capture.
    traffic: Vec<Traffic>,
    orders: VecDeque<Order>,
    chronicle: Chronicle,
    /// When the whole run must be over.
    deadline: Nanos,
    /// When to wait for people.
    hold: Hold,
    /// The time that the run spent, or spends, at a label where it waits for people.
    pause: Pause,
    /// Whether the checks on what was said are made.
    judgement: Judgement,
}

impl<'p> Player<'p> {
    /// Begins to play at `now`, the network being up.
    pub(crate) fn new(plan: &'p Plan, script: Script, hold: Hold, now: Nanos) -> Self {
        let mut player = Self {
            plan,
            script,
            actors: plan.processes.iter().map(Actor::new).collect(),
            phase: Phase::Over,
            blame: None,
            saved: Saved::new(),
            labels: Vec::new(),
            speaker: None,
            paused: BTreeSet::new(),
            uncut: match &plan.mutation {
                Some(Mutation::Cut(ends)) => Some(ends),
                _ => None,
            },
            moves: 0,
            wake: now,
            outcomes: vec![None; plan.checks.len()],
            traffic: plan.captures.iter().map(|_| Traffic::default()).collect(),
            orders: VecDeque::new(),
            chronicle: Chronicle::default(),
            deadline: match hold.at_end {
                true => Nanos::MAX,
                false => now.saturating_add(nanos(plan.timeout)),
            },
            hold,
            pause: Pause::default(),
            judgement: Judgement::Open,
        };
        let steps = player.begin(0..plan.steps.len(), true, now);
        player.phase = Phase::Steps(steps);
        player.advance(now);
        player
    }

    /// The next thing to do, oldest first.
    pub(crate) fn next_order(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// Whether the run is over; [`Event::RunFinished`] is then among the orders.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// What was saved under a name, for texts that are filled in while the run
    /// goes on.
    pub(crate) fn lookup(&self, reference: &Reference) -> Option<String> {
        match reference {
            Reference::Saved(name) => self.saved.get(name).cloned(),
            _ => None,
        }
    }

    /// When [`Player::tick`] must be called at the latest.
    pub(crate) fn wake_at(&self) -> Option<Nanos> {
        match &self.phase {
            Phase::Over => None,
            Phase::Stopping { kill_at, give_up_at } => {
                Some(kill_at.iter().map(|&(_, at)| at).fold(*give_up_at, Nanos::min))
            }
            Phase::Steps(_) if self.pause.is_on() => None,
            Phase::Steps(_) | Phase::Held(_) => Some(self.pause.outside(self.wake)),
        }
    }

    /// A process was started, or could not be.
    pub(crate) fn spawned(
        &mut self,
        process: ProcessId,
        result: Result<(u32, Vec<String>), SpawnFailure>,
        now: Nanos,
    ) {
        let now = self.pause.inside(now);
        if self.is_over() {
            return;
        }
        match result {
            Ok((pid, argv)) => {
                self.actors[process.0].start();
                self.chronicle.note(now, format!("{} started", self.name(process)));
                self.emit(Event::ProcessStarted { process, pid, argv });
            }
            Err(failure) => {
                let name = self.name(process).to_owned();
                let place = self.process(process).place;
                let mut blame = self.blame(
                    Verdict::Fail,
                    now,
                    format!("cannot start {name}: {}", failure.cause),
                    Some(process),
                );
                blame.failure.place = Some(place);
                blame.failure.help = failure.help;
                if let Err(blame) = self.drop_added(process, blame) {
                    self.fail(blame, now);
                }
            }
        }
        self.advance(now);
    }

    /// The time for checks of what is said or typed now: not before a moment that a step
    /// has named already.
    fn moment(&self, now: Nanos) -> Nanos {
        self.labels.last().map_or(now, |&(_, named)| named.max(now))
    }

    /// A process said something.
    pub(crate) fn output(&mut self, process: ProcessId, stream: Stream, bytes: &[u8], now: Nanos) {
        let now = self.pause.inside(now);
        let at = self.moment(now);
        let goes_on = self.speaker.replace((process, stream)) == Some((process, stream));
        if let Some(scroll) = self.actors[process.0].scroll_mut(stream) {
            let was_cut = scroll.is_cut();
            if !goes_on {
                scroll.divide();
            }
            scroll.push(bytes, at);
            if scroll.is_cut() && !was_cut {
                self.warn(format!(
                    "{} has said more than {} MiB: the rest is looked at but not recorded",
                    self.name(process),
                    crate::scroll::MAX_KEPT >> 20
                ));
            }
        }
        self.chronicle.said(now, &self.plan.processes[process.0].name, bytes);
        let actor = &mut self.actors[process.0];
        if actor.recorded < crate::scroll::MAX_KEPT {
            actor.recorded += bytes.len();
            self.emit(Event::Output { process, stream, bytes: Bytes::from(bytes) });
        }
        self.advance(now);
    }

    /// No more will come from a stream of a process.
    pub(crate) fn output_ended(&mut self, process: ProcessId, stream: Stream, now: Nanos) {
        let now = self.pause.inside(now);
        if let Some(scroll) = self.actors[process.0].scroll_mut(stream) {
            scroll.close(now);
        }
        self.advance(now);
    }

    /// A process ended.
    pub(crate) fn exited(&mut self, process: ProcessId, status: ExitStatus, now: Nanos) {
        let now = self.pause.inside(now);
        self.actors[process.0].life = Life::Ended(status, now);
        self.chronicle.note(now, format!("{} {status}", self.name(process)));
        self.emit(Event::ProcessExited { process, status });
        // One that was faster than its killer was not broken.
        if self.plan.mutation == Some(Mutation::Kill(process))
            && status == ExitStatus::Signal(Signal::KILL)
        {
            self.emit(Event::Mutated {});
        }
        self.advance(now);
    }

    /// A packet passed by a capture; its bytes with the Ethernet header.
    pub(crate) fn packet(&mut self, capture: CaptureId, bytes: &[u8], passed: Nanos) {
        let is_over = matches!(self.judgement, Judgement::Made);
        if let Some(traffic) = self.traffic.get_mut(capture.0).filter(|_| !is_over) {
            traffic.push(bytes, self.pause.inside(passed));
        }
    }

    /// All packets so far were told of, but for what is missing of each capture.
    pub(crate) fn captures_read(&mut self, gaps: &[Gap], now: Nanos) {
        for (traffic, gap) in self.traffic.iter_mut().zip(gaps) {
            traffic.missing(*gap);
        }
        if matches!(self.judgement, Judgement::Awaited) {
            self.judgement = Judgement::Made;
            self.make_checks(false);
        }
        self.advance(self.pause.inside(now));
    }

    /// What was to be typed into a process has gone in, or never will.
    pub(crate) fn typed(&mut self, process: ProcessId, result: &Result<(), String>, now: Nanos) {
        let now = self.pause.inside(now);
        self.each_state(&mut |_, state| {
            if let StepState::Typing { to, done } = state
                && *to == process
            {
                done.get_or_insert_with(|| result.clone());
            }
            if let StepState::Asking(asking) = state
                && asking.of == process
            {
                asking.typed(result);
            }
        });
        self.advance(now);
    }

    /// The port that was watched for is open.
    pub(crate) fn port_open(&mut self, process: ProcessId, port: Port, now: Nanos) {
        let now = self.pause.inside(now);
        self.each_state(&mut |_, state| {
            if let StepState::Starting(start) = state
                && start.of == process
            {
                start.open_ports.insert(port);
            }
        });
        self.advance(now);
    }

    /// The command of an `exec` step has ended, or could not be started.
    pub(crate) fn exec_finished(&mut self, step: usize, result: ExecResult, now: Nanos) {
        let now = self.pause.inside(now);
        let mut result = Some(result);
        let mut event = None;
        self.each_state(&mut |index, state| {
            if let StepState::Executing { result: slot } = state
                && index == step
                && let Some(result) = result.take()
            {
                if let Ok((status, output)) = &result {
                    let (status, output) = (*status, Bytes(output.clone()));
                    event = Some(Event::ExecFinished { step, output, status });
                }
                *slot = Some(result);
            }
        });
        self.orders.extend(event.map(Order::Emit));
        self.advance(now);
    }

    /// The network was changed as a step says, or could not be.
    pub(crate) fn fault_applied(&mut self, step: usize, result: Result<(), String>, now: Nanos) {
        let now = self.pause.inside(now);
        let mut result = Some(result);
        self.each_state(&mut |index, state| {
            if let StepState::Applying { result: slot } = state
                && index == step
            {
                *slot = result.take();
            }
        });
        self.advance(now);
    }

    fn each_state(&mut self, look: &mut impl FnMut(usize, &mut StepState)) {
        match &mut self.phase {
            Phase::Steps(strand) => strand.each_state(look),
            Phase::Held(strands) => strands.iter_mut().for_each(|strand| strand.each_state(look)),
            Phase::Stopping { .. } | Phase::Over => {}
        }
    }

    /// Time went by.
    pub(crate) fn tick(&mut self, now: Nanos) {
        let now = self.pause.inside(now);
        self.advance(now);
    }

    /// The harness itself cannot go on.
    pub(crate) fn abort(&mut self, summary: String, now: Nanos) {
        let now = self.pause.inside(now);
        // Nobody is there any more to look at it.
        self.hold = Hold::default();
        let blame = self.blame(Verdict::Invalid, now, summary, None);
        self.fail(blame, now);
        self.advance(now);
    }

    /// Goes on as far as it can.
    fn advance(&mut self, now: Nanos) {
        loop {
            match &self.phase {
                Phase::Over => return,
                Phase::Stopping { .. } => {
                    if !self.stop_further(now) {
                        return;
                    }
                }
                Phase::Steps(_) if self.pause.is_on() => return,
                Phase::Steps(_) => {
                    if !self.play_further(now) {
                        return;
                    }
                }
                Phase::Held(_) => return self.play_what_was_added(now),
            }
        }
    }

    /// Whether the steps are over, one way or the other.
    fn play_further(&mut self, now: Nanos) -> bool {
        // They are taken out while they are played, for their states move.
        let Phase::Steps(mut strand) = std::mem::replace(&mut self.phase, Phase::Over) else {
            return false;
        };
        let progress = self.play(&mut strand, now);
        self.phase = Phase::Steps(strand);
        match progress {
            Progress::Done => {
                let dead = self.surprises().next().map(|(process, _)| process);
                match dead.map(|process| self.surprise(process, now)) {
                    Some(blame) => self.fail(blame, now),
                    None if self.hold.at_end => self.be_held(HeldBecause::Done, now),
                    None => self.begin_stopping(now),
                }
                true
            }
            Progress::Failed(blame) => {
                self.fail(blame, now);
                true
            }
            Progress::WaitUntil(at) => {
                let dead = self.surprises().find(|&(_, at)| at <= now);
                let dead = dead.map(|(process, _)| self.surprise(process, now));
                if let Some(blame) = dead.or_else(|| self.too_late(now)) {
                    self.fail(blame, now);
                    return true;
                }
                let deaths = self.surprises().map(|(_, at)| at);
                self.wake = deaths.fold(at.min(self.deadline), Nanos::min);
                false
            }
        }
    }

    /// Something went wrong: the first blame is kept, the programs are stopped.
    fn fail(&mut self, blame: Blame, now: Nanos) {
        let strands = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Steps(strand) => vec![strand],
            Phase::Held(strands) => strands,
            // It has failed, or not, before.
            phase @ (Phase::Stopping { .. } | Phase::Over) => {
                self.phase = phase;
                return;
            }
        };
        for mut strand in strands {
            self.cancel(&mut strand);
        }
        let blame = self.blame.get_or_insert(blame);
        if self.hold.on_failure && blame.verdict == Verdict::Fail {
            let because = HeldBecause::Failed(blame.failure.clone());
            self.be_held(because, now);
        } else {
            self.begin_stopping(now);
        }
    }

    fn begin_stopping(&mut self, now: Nanos) {
        // What is said from now on is recorded but not judged.
        self.judge_once();
        let running: Vec<_> = self.ids().filter(|id| self.actors[id.0].is_running()).collect();
        let mut kill_at = Vec::with_capacity(running.len());
        for process in running {
            let Process { stop, grace, .. } = self.process(process);
            self.ask_to_end(process, *stop);
            kill_at.push((process, now.saturating_add(nanos(*grace))));
        }
        let last = kill_at.iter().map(|&(_, at)| at).max().unwrap_or(now);
        self.phase = Phase::Stopping { kill_at, give_up_at: last.saturating_add(DEATH) };
    }

    /// Sends a process the signal that it is to end by. One that stands still hears nothing
    /// else than to go on.
    fn ask_to_end(&mut self, process: ProcessId, signal: Signal) {
        self.actors[process.0].excused = true;
        self.orders.push_back(Order::Signal(process, signal));
        if self.paused.contains(&self.process(process).host) {
            self.orders.push_back(Order::Signal(process, Signal::CONT));
        }
    }

    /// Whether anything changed.
    fn stop_further(&mut self, now: Nanos) -> bool {
        let Phase::Stopping { kill_at, give_up_at } = &mut self.phase else { return false };
        let late: Vec<_> =
            kill_at.iter().filter(|&&(_, at)| at <= now).map(|&(id, _)| id).collect();
        kill_at.retain(|&(_, at)| at > now);
        let give_up = *give_up_at <= now;
        for process in late {
            if self.actors[process.0].is_running() {
                let Process { name, stop, grace, .. } = self.process(process);
                let grace = failure::words(*grace);
                self.warn(format!("{name} ignored {stop} for {grace} and was killed"));
                self.orders.push_back(Order::Signal(process, Signal::KILL));
            }
        }
        let gone = self.actors.iter().all(|actor| !actor.is_running());
        if (gone || give_up) && matches!(self.judgement, Judgement::Made) {
            self.finish(now);
            return true;
        }
        false
    }

    fn emit(&mut self, event: Event) {
        self.orders.push_back(Order::Emit(event));
    }

    fn warn(&mut self, message: String) {
        self.emit(Event::Warning { message });
    }

    fn ids(&self) -> impl Iterator<Item = ProcessId> + use<> {
        (0..self.actors.len()).map(ProcessId)
    }

    fn process(&self, id: ProcessId) -> &'p Process {
        &self.plan.processes[id.0]
    }

    fn name(&self, id: ProcessId) -> &'p str {
        &self.plan.processes[id.0].name
    }
}

/// Why a program could not be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpawnFailure {
    /// Such as `there is no program chat-server`.
    pub(crate) cause: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

pub(crate) fn nanos(duration: std::time::Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

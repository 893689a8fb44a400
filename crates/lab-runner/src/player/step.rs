//! What each kind of step waits for, and what it fails on.

use lab_scenario::plan::{Action, ExitStatus, ProcessId, Ready, Signal};

use super::actor::{Life, Scans, Sight};
use super::{Blame, DEATH, Order, Phase, Player, SpawnFailure, failure, nanos};
use crate::event::Verdict;
use crate::scroll::Nanos;

/// How the command of an `exec` step ended and what it said, or why it never ran.
pub(crate) type ExecResult = Result<(ExitStatus, Vec<u8>), SpawnFailure>;

/// What the present step waits for.
#[derive(Debug)]
pub(super) enum StepState {
    Starting {
        of: ProcessId,
        scans: Scans,
        port_open: bool,
    },
    Stopping {
        kill_at: Nanos,
        killed: bool,
    },
    Typing {
        to: ProcessId,
        /// Set when all is in, or never will be.
        done: Option<Result<(), String>>,
    },
    Expecting {
        scans: Scans,
    },
    Listening {
        scans: Scans,
    },
    Executing {
        result: Option<ExecResult>,
    },
    Linking {
        result: Option<Result<(), String>>,
    },
    /// For time, or for what can be seen in the actors.
    Watching,
    /// It cannot be done at all.
    Impossible {
        why: String,
    },
}

/// How far the present step is.
pub(super) enum Progress {
    Done,
    /// Nothing new until then, unless something happens.
    WaitUntil(Nanos),
    Failed(Blame),
}

impl Player<'_> {
    /// How far the present step is.
    pub(super) fn progress(&mut self, now: Nanos) -> Progress {
        // The state is taken out while it is looked at, for the scans in it move.
        let placeholder = Phase::Over;
        let Phase::Steps { index, began, mut state } =
            std::mem::replace(&mut self.phase, placeholder)
        else {
            return Progress::Done;
        };
        let progress = self.look(index, began, &mut state, now);
        self.phase = Phase::Steps { index, began, state };
        match progress {
            Ok(progress) => progress,
            Err(blame) => Progress::Failed(blame),
        }
    }

    fn look(
        &mut self,
        index: usize,
        began: Nanos,
        state: &mut StepState,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let step = &self.plan.steps[index];
        let deadline = began.saturating_add(nanos(step.within));
        match (&step.action, state) {
            (_, StepState::Impossible { why }) => {
                Err(self.blame_step(index, began, now, why.clone(), None))
            }
            (Action::Start(of), StepState::Starting { scans, port_open, .. }) => {
                self.look_start(index, began, *of, scans, *port_open, now)
            }
            (Action::Stop(of), StepState::Stopping { kill_at, killed }) => {
                Ok(self.look_stop(*of, kill_at, killed, now))
            }
            (Action::Send { to, .. }, StepState::Typing { done, .. }) => {
                match done {
                    Some(Ok(())) => return Ok(Progress::Done),
                    Some(Err(cause)) => {
                        let summary = format!("cannot type into {}: {cause}", self.name(*to));
                        return Err(self.blame_step(index, began, now, summary, Some(*to)));
                    }
                    None => {}
                }
                if let Err(why) = self.running(*to) {
                    let summary = format!("cannot type: {why}");
                    return Err(self.blame_step(index, began, now, summary, Some(*to)));
                }
                self.wait_until(deadline, now).ok_or_else(|| {
                    let name = self.name(*to);
                    let limit = failure::words(step.within);
                    let summary = format!("{name} did not read what was typed within {limit}");
                    self.blame_step(index, began, now, summary, Some(*to))
                })
            }
            (Action::Expect { from, .. }, StepState::Expecting { scans }) => {
                self.look_expect(index, began, *from, scans, deadline, now)
            }
            (Action::Silence { from, lasting, .. }, StepState::Listening { scans }) => {
                let end = began.saturating_add(nanos(*lasting));
                self.look_silence(index, began, *from, scans, end, now)
            }
            (Action::Exec { exit, .. }, StepState::Executing { result }) => {
                self.look_exec(index, began, *exit, result.as_ref(), deadline, now)
            }
            (Action::Exit { of, status }, _) => {
                self.look_exit(index, began, *of, *status, deadline, now)
            }
            (Action::Link { .. }, StepState::Linking { result }) => match result {
                Some(Ok(())) => Ok(Progress::Done),
                Some(Err(cause)) => {
                    let mut blame = self.blame_step(index, began, now, cause.clone(), None);
                    blame.verdict = Verdict::Invalid;
                    Err(blame)
                }
                None => Ok(Progress::WaitUntil(Nanos::MAX)),
            },
            (Action::Wait(lasting), _) => {
                let end = began.saturating_add(nanos(*lasting));
                Ok(self.wait_until(end, now).unwrap_or(Progress::Done))
            }
            // A signal is done when it is sent. Other pairs do not come about:
            // `open` makes the state that goes with the action.
            _ => Ok(Progress::Done),
        }
    }

    fn wait_until(&self, at: Nanos, now: Nanos) -> Option<Progress> {
        (now < at).then_some(Progress::WaitUntil(at))
    }

    fn look_start(
        &self,
        index: usize,
        began: Nanos,
        of: ProcessId,
        scans: &mut Scans,
        port_open: bool,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let process = self.process(of);
        let actor = &self.actors[of.0];
        let deadline = began.saturating_add(nanos(process.ready_within));
        let mut wait = deadline;
        let (is_ready, wanted) = match &process.ready {
            None => (actor.life != Life::Absent, "start".to_owned()),
            Some(Ready::Tcp(port)) => (port_open, format!("listen on TCP port {port}")),
            Some(Ready::Udp(port)) => (port_open, format!("bind UDP port {port}")),
            Some(Ready::Exit(code)) => {
                (actor.status() == Some(ExitStatus::Code(*code)), format!("end with code {code}"))
            }
            Some(Ready::Output(pattern)) => {
                let sight = match &self.script.ready[of.0] {
                    Some(matcher) => actor.look(scans, matcher, now),
                    None => Sight::Not,
                };
                if let Sight::PerhapsAt(at) = sight {
                    wait = wait.min(at.max(now + 1));
                }
                (matches!(sight, Sight::Here(..)), format!("say `{pattern}`"))
            }
        };
        if is_ready {
            return Ok(Progress::Done);
        }
        let name = &process.name;
        if let (Some(status), Some(drained)) = (actor.status(), actor.drained_at()) {
            if now >= drained {
                let summary = format!("{name} was to {wanted}, but it {status}");
                return Err(self.blame_step(index, began, now, summary, Some(of)));
            }
            wait = wait.min(drained);
        }
        self.wait_until(deadline, now).map(|_| Progress::WaitUntil(wait)).ok_or_else(|| {
            let limit = failure::words(process.ready_within);
            let summary = format!("{name} did not {wanted} within {limit}");
            self.blame_step(index, began, now, summary, Some(of))
        })
    }

    fn look_stop(
        &mut self,
        of: ProcessId,
        kill_at: &mut Nanos,
        killed: &mut bool,
        now: Nanos,
    ) -> Progress {
        if !self.actors[of.0].is_running() {
            return Progress::Done;
        }
        if now < *kill_at {
            return Progress::WaitUntil(*kill_at);
        }
        if *killed {
            return Progress::Done;
        }
        let process = self.process(of);
        let (name, stop, grace) = (&process.name, process.stop, failure::words(process.grace));
        self.warn(format!("{name} ignored {stop} for {grace} and was killed"));
        self.orders.push_back(Order::Signal(of, Signal::KILL));
        *killed = true;
        *kill_at = now.saturating_add(DEATH);
        Progress::WaitUntil(*kill_at)
    }

    fn look_expect(
        &mut self,
        index: usize,
        began: Nanos,
        from: ProcessId,
        scans: &mut Scans,
        deadline: Nanos,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let Some(matcher) = &self.script.looks_for[index] else { return Ok(Progress::Done) };
        let actor = &self.actors[from.0];
        let mut wait = deadline;
        match actor.look(scans, matcher, now) {
            Sight::Here(stream, range) => {
                self.actors[from.0].scrolls[stream].consume(&range);
                return Ok(Progress::Done);
            }
            Sight::PerhapsAt(at) => wait = wait.min(at.max(now + 1)),
            Sight::Not => {}
        }
        if let Some((why, at)) = actor.silenced() {
            if now >= at {
                return Err(self.blame_expect(index, began, from, now, Some(&why)));
            }
            wait = wait.min(at);
        }
        if actor.life == Life::Absent || now >= deadline {
            return Err(self.blame_expect(index, began, from, now, None));
        }
        Ok(Progress::WaitUntil(wait))
    }

    fn look_silence(
        &self,
        index: usize,
        began: Nanos,
        from: ProcessId,
        scans: &mut Scans,
        end: Nanos,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let actor = &self.actors[from.0];
        let name = self.name(from);
        let mut wait = end;
        let heard = match &self.script.looks_for[index] {
            None => {
                actor.scrolls.iter().zip(scans).any(|(scroll, scan)| scroll.end() > scan.from())
            }
            Some(matcher) => match actor.look(scans, matcher, now) {
                Sight::Here(..) => true,
                Sight::PerhapsAt(at) => {
                    wait = wait.min(at.max(now + 1));
                    // What is there when the time is up counts.
                    now >= end
                }
                Sight::Not => false,
            },
        };
        if heard {
            let what = match &self.plan.steps[index].action {
                Action::Silence { output: Some(pattern), .. } => format!("`{pattern}`"),
                _ => "something".to_owned(),
            };
            let summary = format!("{name} was to be silent but said {what}");
            return Err(self.blame_step(index, began, now, summary, Some(from)));
        }
        Ok(self.wait_until(end, now).map_or(Progress::Done, |_| Progress::WaitUntil(wait)))
    }

    fn look_exec(
        &self,
        index: usize,
        began: Nanos,
        exit: i32,
        result: Option<&ExecResult>,
        deadline: Nanos,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let step = &self.plan.steps[index];
        let blame = |summary: String, output: Option<&[u8]>| {
            let mut blame = self.blame_step(index, began, now, summary, None);
            blame.failure.detail = output.map(failure::last_line).filter(|line| !line.is_empty());
            blame
        };
        match result {
            None => self.wait_until(deadline, now).ok_or_else(|| {
                let limit = failure::words(step.within);
                blame(format!("the command did not end within {limit}"), None)
            }),
            Some(Err(cause)) => {
                let mut blame = blame(format!("cannot run the command: {}", cause.cause), None);
                blame.failure.help.clone_from(&cause.help);
                Err(blame)
            }
            Some(Ok((status, output))) => {
                if *status != ExitStatus::Code(exit) {
                    let summary =
                        format!("the command was to end with code {exit}, but it {status}");
                    return Err(blame(summary, Some(output)));
                }
                let Some(matcher) = &self.script.looks_for[index] else {
                    return Ok(Progress::Done);
                };
                if matcher.all(output).next().is_some() {
                    return Ok(Progress::Done);
                }
                let Action::Exec { output: Some(pattern), .. } = &step.action else {
                    return Ok(Progress::Done);
                };
                Err(blame(format!("the command did not say `{pattern}`"), Some(output)))
            }
        }
    }

    fn look_exit(
        &self,
        index: usize,
        began: Nanos,
        of: ProcessId,
        wanted: Option<ExitStatus>,
        deadline: Nanos,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let name = self.name(of);
        match self.actors[of.0].status() {
            Some(status) if wanted.is_none_or(|wanted| wanted == status) => Ok(Progress::Done),
            Some(status) => {
                let how = match wanted {
                    Some(ExitStatus::Code(code)) => format!("end with code {code}"),
                    Some(ExitStatus::Signal(signal)) => format!("be killed by {signal}"),
                    None => "end".to_owned(),
                };
                let summary = format!("{name} was to {how}, but it {status}");
                Err(self.blame_step(index, began, now, summary, Some(of)))
            }
            None => self.wait_until(deadline, now).ok_or_else(|| {
                let limit = failure::words(self.plan.steps[index].within);
                let summary = format!("{name} did not end within {limit}");
                self.blame_step(index, began, now, summary, Some(of))
            }),
        }
    }
}

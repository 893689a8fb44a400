//! What each kind of step waits for, and what it fails on.

use lab_scenario::plan::{Action, ExitStatus, ProcessId, Signal};
use lab_scenario::quantity::Comparison;

use super::actor::{Life, Scans, Sight};
use super::ask::Asking;
use super::ready::Start;
use super::strand::{Strand, Trial};
use super::{Blame, Order, Player, SpawnFailure, failure, nanos};
use crate::event::{Event, Verdict};
use crate::matcher::Matcher;
use crate::scroll::{Nanos, Scroll};

/// How the command of an `exec` step ended and what it said, or why it never ran.
pub(crate) type ExecResult = Result<(ExitStatus, Vec<u8>), SpawnFailure>;

/// What a step waits for.
#[derive(Debug)]
pub(super) enum StepState {
    Starting(Start),
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
    /// For an answer.
    Asking(Box<Asking>),
    Executing {
        result: Option<ExecResult>,
    },
    Applying {
        result: Option<Result<(), String>>,
    },
    /// For several lines of steps.
    Branching {
        strands: Vec<Strand>,
    },
    /// For steps that are tried again.
    Trying(Box<Trial>),
    /// For time, or for what can be seen in the actors.
    Watching,
    /// It cannot be done at all.
    Impossible {
        why: String,
    },
}

/// How far a step is.
pub(super) enum Progress {
    Done,
    /// Nothing new until then, unless something happens.
    WaitUntil(Nanos),
    Failed(Blame),
}

impl Player<'_> {
    /// How far a step is that began then.
    pub(super) fn look(
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
            (Action::Start(_), StepState::Starting(start)) => {
                self.look_start(index, began, start, now)
            }
            (Action::Await(of), _) => {
                let ready = self.actors[of.0].ready;
                Ok(if ready { Progress::Done } else { Progress::WaitUntil(Nanos::MAX) })
            }
            (Action::Stop(of) | Action::Kill(of), StepState::Stopping { kill_at, killed }) => {
                self.look_end(index, began, *of, (kill_at, killed), now)
            }
            (Action::Send { to, .. }, StepState::Typing { done, .. }) => {
                self.look_send(index, began, *to, done.as_ref(), now)
            }
            (Action::Expect { from, .. }, StepState::Expecting { scans }) => {
                self.look_expect(index, began, *from, scans, now)
            }
            (Action::Ask { .. }, StepState::Asking(asking)) => {
                self.look_ask(index, began, asking, now)
            }
            (Action::Silence { from, lasting, .. }, StepState::Listening { scans }) => {
                let end = began.saturating_add(nanos(*lasting));
                self.look_silence(index, began, *from, scans, end, now)
            }
            (Action::Exec { exit, .. }, StepState::Executing { result }) => {
                self.look_exec(index, began, *exit, result.as_ref(), now)
            }
            (Action::Exit { of, status }, _) => {
                self.look_exit(index, began, *of, *status, deadline, now)
            }
            (Action::Fault(fault), StepState::Applying { result }) => match result {
                Some(Ok(())) => Ok(Progress::Done),
                Some(Err(cause)) => {
                    let mut blame = self.blame_step(index, began, now, cause.clone(), None);
                    blame.verdict = Verdict::Invalid;
                    Err(blame)
                }
                None => self.wait_until(deadline, now).ok_or_else(|| {
                    let limit = failure::words(step.within);
                    let summary = format!("{fault}: that did not come about within {limit}");
                    let mut blame = self.blame_step(index, began, now, summary, None);
                    blame.verdict = Verdict::Invalid;
                    blame
                }),
            },
            (Action::Assert { comparison, .. }, _) => {
                self.look_assert(index, began, *comparison, now)
            }
            (Action::Parallel { .. }, StepState::Branching { strands }) => {
                self.look_parallel(index, began, strands, now)
            }
            (Action::Retry { .. }, StepState::Trying(trial)) => {
                self.look_retry(index, began, trial, now)
            }
            (Action::Wait(lasting), _) => {
                let end = began.saturating_add(nanos(*lasting));
                Ok(self.wait_until(end, now).unwrap_or(Progress::Done))
            }
            // A signal is done when it is sent, a label when it is read. Other pairs
            // do not come about: `open` makes the state that goes with the action.
            _ => Ok(Progress::Done),
        }
    }

    fn wait_until(&self, at: Nanos, now: Nanos) -> Option<Progress> {
        (now < at).then_some(Progress::WaitUntil(at))
    }

    fn look_end(
        &mut self,
        index: usize,
        began: Nanos,
        of: ProcessId,
        (kill_at, killed): (&mut Nanos, &mut bool),
        now: Nanos,
    ) -> Result<Progress, Blame> {
        if !self.actors[of.0].is_running() {
            return Ok(Progress::Done);
        }
        let within = self.plan.steps[index].within;
        let deadline = began.saturating_add(nanos(within));
        if !*killed && now >= *kill_at {
            let process = self.process(of);
            let (name, stop, grace) = (&process.name, process.stop, failure::words(process.grace));
            self.warn(format!("{name} ignored {stop} for {grace} and was killed"));
            self.orders.push_back(Order::Signal(of, Signal::KILL));
            *killed = true;
        }
        let wait = if *killed { deadline } else { deadline.min(*kill_at) };
        self.wait_until(deadline, now).map(|_| Progress::WaitUntil(wait)).ok_or_else(|| {
            let limit = failure::words(within);
            let summary = format!("{} did not end within {limit}", self.name(of));
            self.blame_step(index, began, now, summary, Some(of))
        })
    }

    fn look_send(
        &self,
        index: usize,
        began: Nanos,
        to: ProcessId,
        done: Option<&Result<(), String>>,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let step = &self.plan.steps[index];
        match done {
            Some(Ok(())) => return Ok(Progress::Done),
            Some(Err(cause)) => {
                let summary = format!("cannot type into {}: {cause}", self.name(to));
                return Err(self.blame_step(index, began, now, summary, Some(to)));
            }
            None => {}
        }
        if let Err(why) = self.running(to) {
            let summary = format!("cannot type: {why}");
            return Err(self.blame_step(index, began, now, summary, Some(to)));
        }
        let deadline = began.saturating_add(nanos(step.within));
        self.wait_until(deadline, now).ok_or_else(|| {
            let name = self.name(to);
            let limit = failure::words(step.within);
            let summary = format!("{name} did not read what was typed within {limit}");
            self.blame_step(index, began, now, summary, Some(to))
        })
    }

    fn look_expect(
        &mut self,
        index: usize,
        began: Nanos,
        from: ProcessId,
        scans: &mut Scans,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let deadline = began.saturating_add(nanos(self.plan.steps[index].within));
        let lines = &self.script.steps[index];
        let Some(matcher) = lines.looks_for.as_ref().and_then(|sought| sought.matcher()) else {
            return Ok(Progress::Done);
        };
        let actor = &self.actors[from.0];
        let mut wait = deadline;
        match actor.look(scans, matcher, now) {
            Sight::Here(stream, range) => {
                if let Some(forbidden) = self.forbidden(index, from, stream, range.start) {
                    return Err(self.blame_forbidden(index, began, from, &forbidden, now));
                }
                let found = actor.scrolls[stream].captures(matcher, range.start);
                self.actors[from.0].scrolls[stream].consume(&range);
                self.save(index, found);
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

    /// What came before a match of a stream, and after the match before it, though it may
    /// not. Of the other stream of a process with pipes the times tell what came between.
    fn forbidden(
        &self,
        index: usize,
        from: ProcessId,
        stream: usize,
        start: usize,
    ) -> Option<String> {
        let Action::Expect { without, .. } = &self.plan.steps[index].action else { return None };
        let lines = &self.script.steps[index];
        let actor = &self.actors[from.0];
        let matched = |scroll: &Scroll| Some(scroll.time_of(scroll.cursor().checked_sub(1)?));
        let since = actor.scrolls.iter().filter_map(matched).max();
        let until = actor.scrolls[stream].time_of(start);
        let came = |matcher: &Matcher| {
            actor.scrolls.iter().enumerate().any(|(number, scroll)| {
                if number == stream {
                    let found = scroll.find_from(matcher, scroll.cursor());
                    return found.is_some_and(|found| found.start < start);
                }
                let from = since.map_or(0, |since| scroll.first_after(since)).max(scroll.cursor());
                let found = scroll.find_from(matcher, from);
                found.is_some_and(|found| scroll.time_of(found.start) <= until)
            })
        };
        let found = lines.without.iter().position(|sought| sought.matcher().is_some_and(came))?;
        without.get(found).map(ToString::to_string)
    }

    fn blame_forbidden(
        &self,
        index: usize,
        began: Nanos,
        from: ProcessId,
        forbidden: &str,
        now: Nanos,
    ) -> Blame {
        let wanted = match &self.plan.steps[index].action {
            Action::Expect { output, .. } => output.to_string(),
            _ => String::new(),
        };
        let name = self.name(from);
        let summary = format!("{name} said `{forbidden}` before `{wanted}`");
        self.blame_step(index, began, now, summary, Some(from))
    }

    /// Keeps what a step has found under the names that it gives.
    fn save(&mut self, index: usize, found: Vec<Vec<u8>>) {
        /// Characters of a value that are kept.
        const LONGEST: usize = 64 << 10;
        let (Action::Expect { save, .. } | Action::Exec { save, .. }) =
            &self.plan.steps[index].action
        else {
            return;
        };
        for (name, value) in save.iter().zip(found) {
            let value: String = String::from_utf8_lossy(&value).chars().take(LONGEST).collect();
            self.saved.insert(name.clone(), value.clone());
            self.emit(Event::Saved { step: index, name: name.clone(), value });
        }
    }

    fn look_assert(
        &self,
        index: usize,
        began: Nanos,
        comparison: Comparison,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let compared = self.script.steps[index].sides(&self.saved).and_then(|[left, right]| {
            comparison.of(&left, &right).map(|holds| (holds, left, right))
        });
        match compared {
            Ok((true, ..)) => Ok(Progress::Done),
            Ok((false, left, right)) => {
                let summary = format!("{left} {comparison} {right} does not hold");
                Err(self.blame_step(index, began, now, summary, None))
            }
            Err(why) => Err(self.blame_step(index, began, now, why, None)),
        }
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
        let sought = self.script.steps[index].looks_for.as_ref();
        let heard = match sought.and_then(|sought| sought.matcher()) {
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
        &mut self,
        index: usize,
        began: Nanos,
        exit: i32,
        result: Option<&ExecResult>,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let step = &self.plan.steps[index];
        let deadline = began.saturating_add(nanos(step.within));
        let blame = |summary: String, output: Option<&[u8]>| {
            let mut blame = self.blame_step(index, began, now, summary, None);
            blame.failure.detail = output.map(failure::last_line).filter(|line| !line.is_empty());
            blame
        };
        let (status, output) = match result {
            None => {
                return self.wait_until(deadline, now).ok_or_else(|| {
                    let limit = failure::words(step.within);
                    blame(format!("the command did not end within {limit}"), None)
                });
            }
            Some(Err(cause)) => {
                let mut blame = blame(format!("cannot run the command: {}", cause.cause), None);
                blame.failure.help.clone_from(&cause.help);
                return Err(blame);
            }
            Some(Ok((status, output))) => (*status, output),
        };
        if status != ExitStatus::Code(exit) {
            let summary = format!("the command was to end with code {exit}, but it {status}");
            return Err(blame(summary, Some(output)));
        }
        let sought = self.script.steps[index].looks_for.as_ref();
        let found = match sought.and_then(|sought| sought.matcher()) {
            None => vec![output.trim_ascii().to_vec()],
            Some(matcher) => match matcher.find_from(output, 0) {
                Some(range) => matcher.captures(output, range.start),
                None => {
                    let Action::Exec { output: Some(pattern), .. } = &step.action else {
                        return Ok(Progress::Done);
                    };
                    return Err(blame(
                        format!("the command did not say `{pattern}`"),
                        Some(output),
                    ));
                }
            },
        };
        self.save(index, found);
        Ok(Progress::Done)
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

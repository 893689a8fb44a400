//! `ask`: a line is typed, and typed again after a pause that grows, until what
//! comes back is as it should be.
//!
//! ```text
//! typing ─▶ waiting for an answer ─▶ it is as it should be: done
//!    ▲                     └─▶ it is not: pausing ─┐
//!    └────────────────────────────────────────────┘
//! ```
//! The answer is the next whole line after the typing that is a JSON object; other
//! lines are none, for programs say things unasked. Where a pattern is waited
//! for instead, nothing tells an answer from other output: it is asked again when
//! the pause is over.

use lab_scenario::answer::{Claim, differences};
use lab_scenario::plan::{Action, Answer, ProcessId};
use serde_json::Value;

use super::actor::{Life, Scans, Sight};
use super::step::{Progress, StepState};
use super::{Blame, Player, failure, nanos};
use crate::scroll::{Nanos, Scroll};

/// The first pause, in nanoseconds, and the longest.
const FIRST_PAUSE: Nanos = 1_000_000;
const LONGEST_PAUSE: Nanos = 50_000_000;

/// How far an `ask` is.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) of: ProcessId,
    /// What is typed, with its Enter.
    line: Vec<u8>,
    wants: Wants,
    phase: Phase,
    /// The next pause.
    pause: Nanos,
    asked: u32,
    /// In what the last answer differed.
    last: Option<Vec<String>>,
}

#[derive(Debug)]
enum Wants {
    Json(Vec<Claim<String>>),
    /// What the script looks for.
    Output,
}

#[derive(Debug)]
enum Phase {
    /// Until the line has gone in, if it is typed at all.
    Typing {
        done: Option<Result<(), String>>,
        heard: Heard,
    },
    Waiting(Heard),
    Pausing(Nanos),
}

/// What came since the line was typed.
#[derive(Debug)]
struct Heard {
    at: Nanos,
    /// For each stream, where the first line begins that was not looked at.
    lines: Vec<usize>,
    /// For a pattern.
    scans: Scans,
}

impl Asking {
    /// What was typed has gone in, or never will.
    pub(super) fn typed(&mut self, result: &Result<(), String>) {
        if let Phase::Typing { done, .. } = &mut self.phase {
            done.get_or_insert_with(|| result.clone());
        }
    }
}

impl Player<'_> {
    pub(super) fn open_ask(
        &mut self,
        index: usize,
        of: ProcessId,
        answer: &Answer,
        every: Option<std::time::Duration>,
        now: Nanos,
    ) -> StepState {
        let script = &self.script.steps[index];
        let texts = script.types(&self.saved).and_then(|line| {
            let wants = match answer {
                Answer::Json(_) => Wants::Json(script.claims(&self.saved)?),
                Answer::Output(_) => Wants::Output,
            };
            Ok((line, wants))
        });
        let (line, wants) = match texts {
            Ok(texts) => texts,
            Err(why) => return StepState::Impossible { why },
        };
        let pause = every.map_or(FIRST_PAUSE, nanos);
        let phase = Phase::Pausing(now);
        let line = [line.as_slice(), b"\n"].concat();
        StepState::Asking(Box::new(Asking { of, line, wants, phase, pause, asked: 0, last: None }))
    }

    pub(super) fn look_ask(
        &mut self,
        index: usize,
        began: Nanos,
        asking: &mut Asking,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let deadline = began.saturating_add(nanos(self.plan.steps[index].within));
        loop {
            let wait = match &mut asking.phase {
                Phase::Pausing(until) if now < *until => *until,
                Phase::Pausing(_) => {
                    self.ask(index, began, asking, now)?;
                    continue;
                }
                Phase::Typing { done: None, .. } => deadline,
                Phase::Typing { done: Some(Ok(())), heard } => {
                    let heard = Heard {
                        at: now,
                        lines: std::mem::take(&mut heard.lines),
                        scans: std::mem::take(&mut heard.scans),
                    };
                    asking.phase = Phase::Waiting(heard);
                    continue;
                }
                Phase::Typing { done: Some(Err(cause)), .. } => {
                    let summary = format!("cannot type into {}: {cause}", self.name(asking.of));
                    return Err(self.blame_step(index, began, now, summary, Some(asking.of)));
                }
                Phase::Waiting(_) => match self.hear(index, asking, now) {
                    Hearing::AsWanted => return Ok(Progress::Done),
                    Hearing::Again => {
                        self.pause(index, asking, now);
                        continue;
                    }
                    Hearing::Wait(until) => until,
                },
            };
            let actor = &self.actors[asking.of.0];
            let mut wait = wait.min(deadline);
            if let Some((why, at)) = actor.silenced() {
                if now >= at {
                    return Err(self.blame_ask(index, began, asking, Some(&why), now));
                }
                wait = wait.min(at);
            }
            if now >= deadline || actor.life == Life::Absent {
                return Err(self.blame_ask(index, began, asking, None, now));
            }
            return Ok(Progress::WaitUntil(wait));
        }
    }

    /// Types the line.
    fn ask(
        &mut self,
        index: usize,
        began: Nanos,
        asking: &mut Asking,
        now: Nanos,
    ) -> Result<(), Blame> {
        let of = asking.of;
        let actor = &self.actors[of.0];
        let heard = Heard {
            at: now,
            lines: actor.scrolls.iter().map(Scroll::end).collect(),
            scans: actor.scans_at_end(),
        };
        if let Err(why) =
            self.running(of).and_then(|()| self.type_into(of, asking.line.clone(), now))
        {
            let summary = format!("cannot ask: {why}");
            return Err(self.blame_step(index, began, now, summary, Some(of)));
        }
        asking.asked += 1;
        asking.phase = Phase::Typing { done: None, heard };
        Ok(())
    }

    /// Pauses; longer each time, unless the scenario says how long.
    fn pause(&self, index: usize, asking: &mut Asking, now: Nanos) {
        let pause = match asking.wants {
            Wants::Json(_) => asking.pause.max(1),
            // It went by while the pattern was waited for.
            Wants::Output => 0,
        };
        asking.phase = Phase::Pausing(now.saturating_add(pause));
        if let Action::Ask { every: None, .. } = self.plan.steps[index].action {
            asking.pause = (asking.pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Looks for the answer in what came since the line was typed.
    fn hear(&mut self, index: usize, asking: &mut Asking, now: Nanos) -> Hearing {
        let Phase::Waiting(heard) = &mut asking.phase else { return Hearing::Again };
        let actor = &mut self.actors[asking.of.0];
        match &asking.wants {
            Wants::Json(claims) => {
                for (scroll, from) in actor.scrolls.iter_mut().zip(&mut heard.lines) {
                    while let Some(line) = scroll.line_at(*from) {
                        *from = line.end;
                        let Some(answer) = object(scroll.between(&line)) else { continue };
                        let found = differences(claims, &answer);
                        if found.is_empty() {
                            scroll.consume(&line);
                            return Hearing::AsWanted;
                        }
                        asking.last = Some(found);
                        return Hearing::Again;
                    }
                }
                Hearing::Wait(Nanos::MAX)
            }
            Wants::Output => {
                let sought = self.script.steps[index].looks_for.as_ref();
                let Some(matcher) = sought.and_then(|sought| sought.matcher()) else {
                    return Hearing::AsWanted;
                };
                let again = heard.at.saturating_add(asking.pause.max(1));
                match actor.look(&mut heard.scans, matcher, now) {
                    Sight::Here(stream, range) => {
                        actor.scrolls[stream].consume(&range);
                        Hearing::AsWanted
                    }
                    // What may be the answer is waited for before it is asked again.
                    Sight::PerhapsAt(at) => Hearing::Wait(at.max(now + 1)),
                    Sight::Not if now >= again => Hearing::Again,
                    Sight::Not => Hearing::Wait(again),
                }
            }
        }
    }

    fn blame_ask(
        &self,
        index: usize,
        began: Nanos,
        asking: &Asking,
        why_hopeless: Option<&str>,
        now: Nanos,
    ) -> Blame {
        let step = &self.plan.steps[index];
        let name = self.name(asking.of);
        let line = failure::last_line(&asking.line);
        let times = match asking.asked {
            1 => "once".to_owned(),
            many => format!("{many} times"),
        };
        let limit = failure::words(step.within);
        let answer = match (&asking.wants, &step.action) {
            (Wants::Output, Action::Ask { answer: Answer::Output(output), .. }) => {
                format!(" by `{output}`")
            }
            _ if asking.last.is_some() => " as it should".to_owned(),
            _ => " by a line of JSON".to_owned(),
        };
        let summary = match why_hopeless {
            Some(why) => format!("{name} {why} before it answered `{line}`{answer}"),
            None => {
                format!("{name} did not answer `{line}`{answer} within {limit} (asked {times})")
            }
        };
        let mut blame = self.blame_step(index, began, now, summary, Some(asking.of));
        blame.failure.detail = match &asking.last {
            Some(found) => Some(found.join("; ")),
            None => Some(self.since_last_match(asking.of)),
        };
        blame
    }
}

/// What listening came to.
enum Hearing {
    AsWanted,
    /// It must be asked again.
    Again,
    /// Nothing new until then, unless something happens.
    Wait(Nanos),
}

/// A line as a JSON object.
fn object(line: &[u8]) -> Option<Value> {
    let line = line.trim_ascii();
    if !line.starts_with(b"{") {
        return None;
    }
    serde_json::from_slice(line).ok().filter(Value::is_object)
}

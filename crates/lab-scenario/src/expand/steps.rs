//! Steps, filled in and laid out: those inside of others follow them, and what is
//! to be repeated is written out.

use std::convert::Infallible;
use std::time::Duration;

use super::fill::Filler;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::interpolate::Draft;
use crate::model::{self, AnswerDraft};
use crate::plan::{
    Action, Answer, ExitStatus, Fault, Input, LinkChange, LinkState, ProcessId, Stdio, Step,
};
use crate::template::Template;
use crate::topology::Shape;
use crate::values::{Bandwidth, Percent};

/// What a terminal takes of one line: `N_TTY_BUF_SIZE` less one, with its end
/// (termios(3), canonical mode).
const MAX_TERMINAL_LINE: usize = 4095;
/// The most steps of a plan, those of each turn of a `repeat` counted.
const MAX_STEPS: usize = 100_000;
/// What a process that was killed may take to be gone.
const DEATH: Duration = Duration::from_secs(2);

impl<'a> Filler<'a> {
    /// All steps in the order in which a plan has them.
    pub(super) fn steps(&mut self, steps: &'a [model::Step]) -> Option<Vec<Step>> {
        let mut all = Vec::with_capacity(steps.len());
        self.sequence(steps, &mut all)?;
        Some(all)
    }

    /// Adds steps to those of a plan.
    pub(super) fn sequence(&mut self, steps: &'a [model::Step], all: &mut Vec<Step>) -> Option<()> {
        for step in steps {
            if all.len() > MAX_STEPS {
                let message = format!("more than {MAX_STEPS} steps when it is written out");
                self.sink.report(Diagnostic::new(Code::ExpansionTooLarge, step.span, message));
                return None;
            }
            self.with_member(step.member, |filler| filler.step(step, all))?;
        }
        Some(())
    }

    fn step(&mut self, step: &'a model::Step, all: &mut Vec<Step>) -> Option<()> {
        match &step.action {
            model::Action::Repeat { times, name, body } => {
                for turn in 1..=self.setting(times)?.0 {
                    if let Some(name) = name {
                        self.numbers.push((name, turn.to_string()));
                    }
                    let result = self.sequence(body, all);
                    if name.is_some() {
                        self.numbers.pop();
                    }
                    result?;
                }
                Some(())
            }
            model::Action::Parallel(drafts) => {
                let at = self.outer(step, all)?;
                let mut branches = Vec::with_capacity(drafts.len());
                for branch in drafts {
                    let start = all.len();
                    self.sequence(branch, all)?;
                    branches.push(start..all.len());
                }
                all[at].action = Action::Parallel { branches };
                Some(())
            }
            model::Action::Retry { body, every } => {
                let every = self.setting(every)?;
                let at = self.outer(step, all)?;
                self.sequence(body, all)?;
                all[at].action = Action::Retry { body: at + 1..all.len(), every };
                Some(())
            }
            action => {
                let filled = self.action(action)?;
                let within = match &step.within {
                    model::Within::Given(within) => self.setting(within)?,
                    model::Within::Own => self.own_time(&filled)?,
                };
                let (optional, place, text) = (step.optional, step.place, step.text.clone());
                all.push(Step { action: filled, within, optional, place, text });
                Some(())
            }
        }
    }

    /// A step that holds others, before they are known; its number.
    fn outer(&mut self, step: &'a model::Step, all: &mut Vec<Step>) -> Option<usize> {
        let within = match &step.within {
            model::Within::Given(within) => self.setting(within)?,
            // Each step inside has its own time; the whole run bounds them all.
            model::Within::Own => crate::values::MAX_DURATION,
        };
        let action = Action::Parallel { branches: Vec::new() };
        let (optional, place, text) = (step.optional, step.place, step.text.clone());
        all.push(Step { action, within, optional, place, text });
        Some(all.len() - 1)
    }

    /// How long a step takes that says so itself.
    fn own_time(&mut self, action: &Action) -> Option<Duration> {
        Some(match action {
            Action::Start(id) => self.setting(&self.model_process(*id)?.ready_within)?,
            // It ends by force after its grace.
            Action::Stop(id) => self.setting(&self.model_process(*id)?.grace)? + DEATH,
            Action::Kill(_) => DEATH,
            Action::Silence { lasting, .. } | Action::Wait(lasting) => *lasting,
            Action::Await(_) => crate::values::MAX_DURATION,
            _ => Duration::ZERO,
        })
    }

    fn model_process(&self, id: ProcessId) -> Option<&'a model::Process> {
        self.all.model.processes.get(id.0)
    }

    fn action(&mut self, action: &model::Action) -> Option<Action> {
        use model::Action as Draft;
        Some(match action {
            Draft::Start(id) => Action::Start(*id),
            Draft::Await(id) => Action::Await(*id),
            Draft::Stop(id) => Action::Stop(*id),
            Draft::Kill(id) => Action::Kill(*id),
            Draft::Line { to, text } => {
                Action::Send { to: *to, input: Input::Line(self.typed(*to, text)) }
            }
            Draft::Text { to, text } => {
                Action::Send { to: *to, input: Input::Text(self.typed(*to, text)) }
            }
            Draft::Key { to, key } => Action::Send { to: *to, input: Input::Key(*key) },
            Draft::Eof { to } => Action::Send { to: *to, input: Input::Eof },
            Draft::Expect { from, output, without, save } => Action::Expect {
                from: *from,
                output: self.pattern(output),
                without: without.iter().map(|pattern| self.pattern(pattern)).collect(),
                save: save.clone(),
            },
            Draft::Ask { of, line, answer, every } => Action::Ask {
                of: *of,
                line: self.typed(*of, line),
                answer: self.answer(answer),
                every: self.optional(every.as_ref())?,
            },
            Draft::Silence { from, output, lasting } => Action::Silence {
                from: *from,
                output: output.as_ref().map(|output| self.pattern(output)),
                lasting: self.setting(lasting)?,
            },
            Draft::Exec(exec) => Action::Exec {
                host: exec.host.clone(),
                command: self.command(&exec.command)?,
                exit: self.exit_code(&exec.exit)?,
                output: exec.output.as_ref().map(|output| self.pattern(output)),
                save: exec.save.clone(),
            },
            Draft::Signal { to, signal } => Action::Signal { to: *to, signal: *signal },
            Draft::Exit { of, status } => Action::Exit {
                of: *of,
                status: match status {
                    Some(status) => Some(self.status(status)?),
                    None => None,
                },
            },
            Draft::Wait(lasting) => Action::Wait(self.setting(lasting)?),
            Draft::Assert { left, comparison, right } => Action::Assert {
                left: self.text(left),
                comparison: *comparison,
                right: self.text(right),
            },
            Draft::Label(name) => Action::Label(name.clone()),
            Draft::Fault(fault) => Action::Fault(self.fault(fault)?),
            // Those that hold others are laid out by `step`.
            Draft::Parallel(_) | Draft::Repeat { .. } | Draft::Retry { .. } => return None,
        })
    }

    fn answer(&mut self, draft: &AnswerDraft) -> Answer {
        let claims = match draft {
            AnswerDraft::Json(claims) => claims,
            AnswerDraft::Output(output) => return Answer::Output(self.pattern(output)),
        };
        let mut text = |draft: &Draft| Ok::<_, Infallible>(self.text(draft));
        let filled = claims.iter().map(|claim| match claim.map(&mut text) {
            Ok(claim) => claim,
            Err(never) => match never {},
        });
        Answer::Json(filled.collect())
    }

    fn fault(&mut self, fault: &model::Fault) -> Option<Fault> {
        Some(match fault {
            model::Fault::Link { between, state } => {
                Fault::Link { between: between.clone(), change: LinkChange::State(*state) }
            }
            model::Fault::Reshape { between, shape } => {
                let change = LinkChange::Shape(self.shape(shape)?);
                Fault::Link { between: between.clone(), change }
            }
            model::Fault::Partition(groups) => Fault::Partition(groups.clone()),
            model::Fault::Heal => Fault::Heal,
            model::Fault::Pause(host) => Fault::Pause(host.clone()),
            model::Fault::Resume(host) => Fault::Resume(host.clone()),
            model::Fault::Host { host, neighbours, state } => {
                let (host, neighbours) = (host.clone(), neighbours.clone());
                match state {
                    LinkState::Down => Fault::HostDown { host, neighbours },
                    LinkState::Up => Fault::HostUp { host, neighbours },
                }
            }
        })
    }

    fn shape(&mut self, draft: &model::ShapeDraft) -> Option<Shape> {
        let queue = self.optional(draft.max_queue_size.as_ref())?;
        Some(Shape {
            bw: self.optional(draft.bw.as_ref())?.map(|Bandwidth(mbits)| mbits),
            delay: self.optional(draft.delay.as_ref())?,
            jitter: self.optional(draft.jitter.as_ref())?,
            loss: self.optional(draft.loss.as_ref())?.map(|Percent(percent)| percent),
            max_queue_size: queue.and_then(|packets| u32::try_from(packets.0).ok()),
        })
    }

    pub(super) fn status(&mut self, status: &model::Status) -> Option<ExitStatus> {
        Some(match status {
            model::Status::Code(code) => ExitStatus::Code(self.exit_code(code)?),
            model::Status::Signal(signal) => ExitStatus::Signal(*signal),
        })
    }

    /// What is typed; a terminal cuts long lines without a word.
    fn typed(&mut self, to: ProcessId, draft: &Draft) -> Template {
        let template = self.text(draft);
        let Some(process) = self.model_process(to) else { return template };
        let longest = template
            .known()
            .and_then(|text| text.split('\n').map(str::len).max())
            .filter(|longest| *longest > MAX_TERMINAL_LINE);
        if let (Stdio::Pty, Some(longest)) = (process.stdio, longest) {
            let message = format!(
                "a line of {longest} bytes: a terminal takes {MAX_TERMINAL_LINE} and drops the rest"
            );
            self.sink.report(Diagnostic::new(Code::LineTooLong, draft.span, message).help(
                format!("give `{}` pipes in place of a terminal: `stdio: pipe`", process.name),
            ));
        }
        template
    }
}

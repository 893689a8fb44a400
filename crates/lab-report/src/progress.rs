//! What is going on right now, on a terminal: a line for each run under way and
//! one for all of them, redrawn in place.

use std::collections::BTreeMap;
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use lab_runner::dispatcher::{Run, RunIndex};
use lab_runner::event::{Event, Verdict};

use crate::clean::clean_line;
use crate::human::WORTH_SHOWING;
use crate::words;

/// The live part of the terminal.
pub(crate) struct Progress {
    multi: MultiProgress,
    footer: Option<ProgressBar>,
    runs: BTreeMap<RunIndex, Live>,
    begun: Instant,
    total: usize,
    done: usize,
    failed: usize,
}

/// A run under way.
struct Live {
    label: String,
    doing: String,
    begun: Instant,
    /// Made when the run has taken long enough to be looked at.
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            multi: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            footer: None,
            runs: BTreeMap::new(),
            begun: Instant::now(),
            total: 0,
            done: 0,
            failed: 0,
        }
    }

    pub(crate) fn begin(&mut self, total: usize) {
        self.total = total;
    }

    pub(crate) fn start(&mut self, run: Run<'_>) {
        let live = Live {
            label: clean_line(&run.plan.identity.label()),
            doing: "building the network".to_owned(),
            begun: Instant::now(),
            bar: None,
        };
        self.runs.insert(run.index, live);
    }

    pub(crate) fn note(&mut self, run: Run<'_>, event: &Event) {
        let Some(live) = self.runs.get_mut(&run.index) else { return };
        match event {
            Event::NetworkUp { .. } => live.doing = "the network is up".to_owned(),
            Event::StepStarted { step } => {
                let steps = &run.plan.steps;
                let text = steps.get(*step).map(|step| clean_line(&step.text)).unwrap_or_default();
                live.doing = format!("{}/{}  {text}", step + 1, steps.len());
            }
            Event::CheckFinished { check, .. } => live.doing = format!("check {}", check + 1),
            Event::RunFinished { .. } => live.doing = "cleaning up".to_owned(),
            _ => {}
        }
    }

    pub(crate) fn end(&mut self, run: RunIndex, verdict: Verdict) {
        self.done += 1;
        self.failed += usize::from(verdict == Verdict::Fail);
        self.again(run);
    }

    /// An attempt is over, and there will be another.
    pub(crate) fn again(&mut self, run: RunIndex) {
        if let Some(bar) = self.runs.remove(&run).and_then(|live| live.bar) {
            bar.finish_and_clear();
            self.multi.remove(&bar);
        }
    }

    /// Draws everything anew.
    pub(crate) fn draw(&mut self) {
        for live in self.runs.values_mut() {
            let elapsed = live.begun.elapsed();
            if elapsed < WORTH_SHOWING {
                continue;
            }
            let bar = live.bar.get_or_insert_with(|| {
                let bar = ProgressBar::new_spinner().with_style(style("{spinner} {wide_msg}"));
                match &self.footer {
                    Some(footer) => self.multi.insert_before(footer, bar),
                    None => self.multi.add(bar),
                }
            });
            let time = words::duration(elapsed);
            bar.set_message(format!("{}  {time:>7}  {}", live.label, live.doing));
            bar.tick();
        }
        if self.total > 1 && self.begun.elapsed() >= WORTH_SHOWING {
            self.draw_footer();
        }
    }

    fn draw_footer(&mut self) {
        let footer = self.footer.get_or_insert_with(|| {
            self.multi.add(ProgressBar::new_spinner().with_style(style("  {wide_msg}")))
        });
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        footer.set_message(format!(
            "{}/{} done, {} running{failed}  {}",
            self.done,
            self.total,
            self.runs.len(),
            words::duration(self.begun.elapsed()),
        ));
        footer.tick();
    }

    /// Does something to the terminal while nothing of this is on it.
    pub(crate) fn aside<T>(&self, what: impl FnOnce() -> T) -> T {
        self.multi.suspend(what)
    }

    pub(crate) fn clear(self) {
        // Nothing can be done for a terminal that is gone.
        let _ = self.multi.clear();
    }
}

/// Templates are written here, so a mistake in one is caught by the test below;
/// should it come through all the same, the default will do.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_right() {
        for template in ["{spinner} {wide_msg}", "  {wide_msg}"] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}

//! Keeps what runs say, and shows how far they are.

use indicatif::{ProgressBar, ProgressStyle};
use lab_runner::dispatcher::{DispatchEvent, ReportError, Reporter, Run, RunOutcome};
use lab_runner::event::{Event, Record};

/// What was seen of a run.
#[derive(Debug, Default)]
pub struct Seen {
    /// All it said, if that was asked for.
    pub records: Vec<Record>,
    /// Whether something was broken in it.
    pub mutated: bool,
    /// What came of it, if it ended.
    pub outcome: Option<RunOutcome>,
}

/// A reporter that keeps what it is told. Of a run that is made again, the last
/// attempt counts.
pub struct Witness {
    runs: Vec<Seen>,
    keeps_records: bool,
    /// What is being done, where a terminal shows it.
    doing: Option<&'static str>,
    bar: Option<ProgressBar>,
}

impl Witness {
    /// One that keeps records or not, and shows on standard error what is being
    /// done, if anything is to be shown.
    #[must_use]
    pub fn new(keeps_records: bool, doing: Option<&'static str>) -> Self {
        Self { runs: Vec::new(), keeps_records, doing, bar: None }
    }

    /// What was seen, in the order of the jobs.
    #[must_use]
    pub fn into_runs(self) -> Vec<Seen> {
        self.runs
    }

    fn seen(&mut self, run: Run<'_>) -> Option<&mut Seen> {
        self.runs.get_mut(run.index.0)
    }
}

impl Reporter for Witness {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        match *event {
            DispatchEvent::SuiteStarted { jobs } => {
                self.runs.resize_with(jobs.len(), Seen::default);
                self.bar = self.doing.map(|doing| {
                    let style = ProgressStyle::with_template(
                        "{msg} {pos} of {len}  {elapsed}, {eta} to go",
                    );
                    ProgressBar::new(jobs.len() as u64)
                        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
                        .with_message(doing)
                });
            }
            DispatchEvent::RunStarted { run } => {
                if let Some(seen) = self.seen(run) {
                    *seen = Seen::default();
                }
            }
            DispatchEvent::RunRecord { run, record, .. } => {
                let keeps = self.keeps_records;
                if let Some(seen) = self.seen(run) {
                    seen.mutated |= matches!(record.event, Event::Mutated { .. });
                    if keeps {
                        seen.records.push(record.clone());
                    }
                }
            }
            DispatchEvent::RunEnded { run, outcome } => {
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
                if let Some(seen) = self.seen(run) {
                    seen.outcome = Some(outcome.clone());
                }
            }
            DispatchEvent::SuiteFinished { .. } => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn wants_ticks(&self) -> bool {
        self.bar.is_some()
    }

    fn tick(&mut self) {
        if let Some(bar) = &self.bar {
            bar.tick();
        }
    }
}

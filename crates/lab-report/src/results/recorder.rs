//! Writes the folders of runs while they go on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lab_runner::dispatcher::{DispatchEvent, ReportError, Reporter, Run, RunIndex, RunOutcome};
use lab_runner::event::{AddedProcess, Event, Record};
use lab_runner::request::{Size, TerminalId};
use lab_scenario::plan::{Plan, Process, ProcessId};

use super::account::Account;
use super::captures::Captures;
use super::cast::{Cast, Markers};
use super::file::{Growing, cannot, relink, write_whole};
use super::transcript::Transcript;
use super::{names, statistics};
use crate::failure::FailureReport;
use crate::statistics::Tallies;

/// Processes of a run up to which their files are kept open.
const FEW_PROCESSES: usize = 8;

/// Writes what runs do into their folders. Runs without a folder are ignored.
#[derive(Debug, Default)]
pub struct ResultsWriter {
    runs: BTreeMap<RunIndex, Recording>,
    tallies: Tallies,
}

impl ResultsWriter {
    /// A writer for the runs of one dispatch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn end(&mut self, run: Run<'_>, outcome: &RunOutcome) -> Result<(), ReportError> {
        match self.runs.remove(&run.index) {
            Some(recording) => recording.end(run, outcome),
            None => Ok(()),
        }
    }
}

impl Reporter for ResultsWriter {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        match *event {
            DispatchEvent::RunStarted { run: Run { index, plan, folder: Some(folder), .. } } => {
                self.runs.insert(index, Recording::begin(plan, folder)?);
            }
            DispatchEvent::RunRecord { run, record, line } => {
                if let Some(recording) = self.runs.get_mut(&run.index) {
                    recording.note(run.plan, record, line)?;
                }
            }
            DispatchEvent::RunAgain { run, outcome } => self.end(run, outcome)?,
            DispatchEvent::RunEnded { run, outcome } => {
                self.end(run, outcome)?;
                self.tallies.add(run, outcome);
            }
            DispatchEvent::SuiteFinished { .. } => {
                statistics::write(&std::mem::take(&mut self.tallies))?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The folder of a run under way.
#[derive(Debug)]
struct Recording {
    folder: PathBuf,
    events: Growing,
    transcript: Transcript,
    captures: Captures,
    account: Account,
    /// What is to be known of each process: those of the plan, and those that were added.
    cast: Vec<AddedProcess>,
    /// The texts of the steps that were added.
    added_steps: Vec<String>,
    /// Names of the files of each process, without their endings.
    files: Vec<String>,
    processes: BTreeMap<ProcessId, ProcessFiles>,
    terminals: BTreeMap<TerminalId, Cast>,
    markers: Markers,
}

/// The files of a process that was started.
#[derive(Debug)]
struct ProcessFiles {
    log: Growing,
    cast: Cast,
}

impl Recording {
    fn begin(plan: &Plan, folder: &Path) -> Result<Self, ReportError> {
        let transcripts = folder.join("transcripts");
        fs::create_dir(&transcripts).map_err(cannot("make the folder", &transcripts))?;
        // A scenario that was moved away since it was read is still run.
        let _ = fs::copy(&plan.identity.file, folder.join("scenario.yaml"));
        let known = |process: &Process| AddedProcess {
            name: process.name.clone(),
            host: process.host.clone(),
        };
        Ok(Self {
            cast: plan.processes.iter().map(known).collect(),
            added_steps: Vec::new(),
            terminals: BTreeMap::new(),
            markers: Markers::default(),
            events: Growing::create(folder.join("events.jsonl"), true, u64::MAX)?,
            transcript: Transcript::create(folder.join("transcript.txt"), plan)?,
            captures: Captures::create(folder, plan)?,
            account: Account::new(plan),
            files: names::distinct(plan.processes.iter().map(|process| &*process.name)),
            processes: BTreeMap::new(),
            folder: folder.to_owned(),
        })
    }

    fn note(&mut self, plan: &Plan, record: &Record, line: &[u8]) -> Result<(), ReportError> {
        if !matches!(record.event, Event::TerminalOutput { fleeting: true, .. }) {
            self.events.append(line, "")?;
        }
        self.account.note(record);
        self.transcript.note(plan, record)?;
        self.captures.note(record)?;
        match &record.event {
            Event::Extended { processes, steps } => {
                self.added_steps.extend(steps.iter().cloned());
                self.cast.extend(processes.iter().cloned());
                self.files = names::distinct(self.cast.iter().map(|process| &*process.name));
            }
            Event::ProcessStarted { process, .. } => {
                self.make_files(*process)?;
            }
            Event::TerminalOpened { terminal, host, argv, size, .. } => {
                self.open(*terminal, host, argv, *size)?;
            }
            Event::TerminalOutput { terminal, bytes, fleeting: false, .. } => {
                if let Some(cast) = self.terminals.get_mut(terminal) {
                    cast.output(record.at, bytes, &self.markers)?;
                }
            }
            Event::TerminalInput { terminal, bytes } => {
                if let Some(cast) = self.terminals.get_mut(terminal) {
                    cast.input(record.at, bytes, &self.markers)?;
                }
            }
            Event::TerminalResized { terminal, size } => {
                if let Some(cast) = self.terminals.get_mut(terminal) {
                    cast.resize(record.at, *size, &self.markers)?;
                }
            }
            Event::TerminalClosed { terminal, .. } => {
                if let Some(mut cast) = self.terminals.remove(terminal) {
                    cast.finish(&self.markers)?;
                }
            }
            Event::Output { process, bytes, .. } => {
                self.make_files(*process)?;
                if let Some(files) = self.processes.get_mut(process) {
                    files.log.append(bytes, "")?;
                    files.cast.output(record.at, bytes, &self.markers)?;
                }
            }
            Event::Input { process, bytes } => {
                self.make_files(*process)?;
                if let Some(files) = self.processes.get_mut(process) {
                    files.cast.input(record.at, bytes, &self.markers)?;
                }
            }
            Event::StepStarted { step } => {
                let own = plan.steps.get(*step).map(|step| &step.text);
                let added = || self.added_steps.get(step.checked_sub(plan.steps.len())?);
                let text = own.or_else(added).map_or("", |text| text);
                self.markers.add(record.at, &format!("step {}: {text}", step + 1));
            }
            Event::FaultApplied { fault, .. } => self.markers.add(record.at, &fault.to_string()),
            _ => {}
        }
        Ok(())
    }

    /// Makes the files of a process when it is first heard of.
    fn make_files(&mut self, id: ProcessId) -> Result<(), ReportError> {
        let (Some(process), Some(name)) = (self.cast.get(id.0), self.files.get(id.0)) else {
            return Ok(());
        };
        if !self.processes.contains_key(&id) {
            let folder = self.folder.join("transcripts");
            let keep_open = self.files.len() <= FEW_PROCESSES;
            let title = format!("{} on {}", process.name, process.host);
            let log = Growing::create(folder.join(format!("{name}.log")), keep_open, u64::MAX)?;
            let path = folder.join(format!("{name}.cast"));
            let cast = Cast::of_process(path, keep_open, &title)?;
            self.processes.insert(id, ProcessFiles { log, cast });
        }
        Ok(())
    }

    /// Begins the file of a terminal that a person has opened: `terminals/3-h1.cast`.
    fn open(
        &mut self,
        terminal: TerminalId,
        host: &str,
        argv: &[String],
        size: Option<Size>,
    ) -> Result<(), ReportError> {
        let folder = self.folder.join("terminals");
        fs::create_dir_all(&folder).map_err(cannot("make the folder", &folder))?;
        let title = format!("{host}: {}", argv.join(" "));
        let path = folder.join(format!("{terminal}-{}.cast", names::safe(host)));
        let cast = Cast::of_terminal(path, &title, size)?;
        self.terminals.insert(terminal, cast);
        Ok(())
    }

    fn end(mut self, run: Run<'_>, outcome: &RunOutcome) -> Result<(), ReportError> {
        let processes = self.processes.values_mut().map(|files| &mut files.cast);
        for cast in processes.chain(self.terminals.values_mut()) {
            cast.finish(&self.markers)?;
        }
        if outcome.failure.is_some() {
            let text = FailureReport::plain(run.plan, outcome).render();
            write_whole(&self.folder, "failure.txt", text.as_bytes())?;
        }
        if !outcome.diagnostics.is_empty() {
            write_whole(&self.folder, "stage.log", &outcome.diagnostics)?;
        }
        let document = self
            .account
            .close(run, outcome, &self.files)
            .map_err(|error| cannot("write", &self.folder.join("run.json"))(error.into()))?;
        write_whole(&self.folder, "run.json", &document)?;
        match (self.folder.file_name().and_then(|name| name.to_str()), self.folder.parent()) {
            (Some(name), Some(parent)) => relink(name, &parent.join("latest")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

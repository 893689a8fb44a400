//! Runs that wait for people: `labrun run --pause-on-failure`, `--pause-at LABEL`.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use lab_report::clean::clean_line;
use lab_runner::assignment::Hold;
use lab_runner::dispatcher::Job;
use lab_runner::event::HeldBecause;
use lab_scenario::plan::Action;
use lab_scenario::suggest;
use lab_session::client;
use lab_session::keeper::{Announcement, Doors, Keeper};
use lab_session::protocol::Ask;

use crate::exit::Complaint;

/// When runs wait.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Pause {
    /// Keep the network of a run that fails, and its programs, for people to look at
    #[arg(long)]
    pause_on_failure: bool,

    /// Wait for people where a step names this moment by `label`
    #[arg(long, value_name = "LABEL")]
    pause_at: Option<String>,
}

impl Pause {
    /// What a dispatcher is told.
    pub(super) fn hold(&self) -> Hold {
        Hold { at_end: false, on_failure: self.pause_on_failure, at_label: self.pause_at.clone() }
    }

    /// A label that no run comes to is a mistake.
    pub(super) fn check(&self, jobs: &[Job]) -> anyhow::Result<()> {
        let Some(wanted) = &self.pause_at else { return Ok(()) };
        let steps = jobs.iter().flat_map(|job| &job.plan.steps);
        let labels: Vec<&str> = steps
            .filter_map(|step| match &step.action {
                Action::Label(label) => Some(label.as_str()),
                _ => None,
            })
            .collect();
        if labels.contains(&wanted.as_str()) {
            return Ok(());
        }
        let complaint = Complaint::usage(format!("no step is called `{wanted}` by a `label`"));
        Err(match suggest::help(wanted, labels, "labels") {
            Some(help) => complaint.help(help).into(),
            None => complaint.into(),
        })
    }

    /// Lets people into runs that wait, and says how.
    pub(super) fn keeper(&self) -> Option<Keeper<'static>> {
        if !self.hold().is_wanted() {
            return None;
        }
        let waiting = Arc::new(Mutex::new(VecDeque::new()));
        let by_key = io::stdin().is_terminal() && listen(Arc::clone(&waiting));
        Some(Keeper::new(Doors::WhenHeld, move |announcement| {
            if let Announcement::Held { session, .. } = announcement {
                let session = (*session).to_owned();
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                // One that went on by other means since it waited last is not twice in line.
                waiting.retain(|other| *other != session);
                waiting.push_back(session);
                // If standard error is gone, `labrun sessions` tells.
                let _ = anstream::stderr().write_all(words(announcement, by_key).as_bytes());
            }
        }))
    }
}

/// What is said of a run that waits.
fn words(announcement: &Announcement<'_>, by_key: bool) -> String {
    let Announcement::Held { session, run, because } = announcement else { return String::new() };
    let label = run.plan.identity.label();
    let why = match because {
        HeldBecause::Done => "is done and waits".to_owned(),
        HeldBecause::Failed(failure) => format!("has failed and waits: {}", failure.summary),
        HeldBecause::Label(label) => format!("waits at the label {label}"),
    };
    let go_on = match by_key {
        true => format!("press Enter, or `labrun continue {session}`"),
        false => format!("`labrun continue {session}`"),
    };
    format!(
        "{}\n  to look around: `labrun shell {session} HOST`, `labrun exec {session} HOST -- …`\n  \
         to go on:       {go_on}\n",
        clean_line(&format!("{label} {why}"))
    )
}

/// Lets the run go on that has waited longest, whenever Enter is pressed.
fn listen(waiting: Arc<Mutex<VecDeque<String>>>) -> bool {
    let thread = thread::Builder::new().name("keys".to_owned()).spawn(move || {
        for line in io::stdin().lock().lines() {
            if line.is_err() {
                return;
            }
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            if let Some(session) = next {
                // It may have gone on by other means.
                let _ = client::ask(&session, &Ask::Continue);
            }
        }
    });
    thread.is_ok()
}

//! `labrun up`: a network, held for people.

mod detach;
mod front;
mod scene;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use lab_report::results::{ResultsRoot, ResultsWriter};
use lab_runner::assignment::Hold;
use lab_runner::dispatcher::{
    DispatchEvent, Job, Options, ReportError, Reporter, Reporters, RunOutcome, StageCommand,
    dispatch,
};
use lab_runner::event::{Failure, HeldBecause};
use lab_scenario::plan::BackendKind;
use lab_scenario::{Live, PlanOptions};
use lab_session::keeper::{Announcement, Extension, Keeper, Opening};
use lab_session::protocol::Addition;

use super::check;
use super::run::{Backend, pair};
use crate::build;
use crate::exit::{Complaint, Exit};
use crate::machine::{Host, THIS_PROGRAM};
use crate::requirements::Requirements;

/// Bring up a network and hold it, for people to try things by hand
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A scenario, whose programs are started; a topology file; or a network as for
    /// `mn --topo`: `single,4`, `linear,3`, `tree,2,3`
    #[arg(value_name = "PATH|TOPOLOGY", required_unless_present = "topo")]
    what: Option<String>,

    /// A network as for `mn --topo`
    #[arg(long, value_name = "NAME,ARGUMENTS", conflicts_with = "what")]
    topo: Option<String>,

    /// The file with the topology, as for `mn --custom`; Mininet builds it
    #[arg(long, value_name = "FILE", requires = "topo")]
    custom: Option<PathBuf>,

    /// Who builds the network; `auto`: what the scenario asks for, else netns
    #[arg(long, value_enum, value_name = "BACKEND", default_value_t)]
    backend: Backend,

    /// Start no programs
    #[arg(long)]
    bare: bool,

    /// What the session is called [default: what it is of]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Leave the session to itself until `labrun down`
    #[arg(short, long)]
    detach: bool,

    #[command(flatten)]
    windows: front::Windows,

    /// The folder for what is recorded
    #[arg(long, value_name = "DIR", default_value = "results", env = "LABRUN_RESULTS")]
    results: PathBuf,

    /// Play a role of the lab, such as `server`, by another program
    #[arg(long = "program", value_name = "ROLE=COMMAND", value_parser = pair)]
    programs: Vec<(String, String)>,

    /// Give a variable, or a key of the matrix, a value
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    vars: Vec<(String, String)>,

    /// Leave out the lab's build command
    #[arg(long)]
    no_build: bool,

    /// Be the process that keeps a detached session
    #[arg(long, hide = true)]
    keep: bool,
}

/// Reads, builds, holds.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    if args.keep {
        detach::leave_terminal()?;
    }
    let live = scene::read(args, &args.plan_options())?;
    check::show(live.warnings());
    if live.combinations() > 1 {
        let values =
            live.plan().identity.variant.iter().map(|(key, value)| format!("{key}={value}"));
        let values: Vec<_> = values.collect();
        say(&format!("of {} combinations: {}", live.combinations(), values.join(" ")));
    }
    let host = Host::default();
    let job = job(&live, &host)?;
    let results = ResultsRoot::open(&args.results).map_err(|error| {
        Complaint::usage(error.to_string()).help("choose another folder with --results DIR")
    })?;
    if !args.no_build && !args.keep {
        build::build_lab(live.lab())?;
    }
    if args.detach && !args.keep {
        return detach::start();
    }
    hold(args, live, job, &results, &host)
}

fn job(live: &Live, host: &Host) -> anyhow::Result<Job> {
    let plan = live.plan().clone();
    let mut words = live.requires();
    if plan.backend == BackendKind::Mininet && !words.contains(&"mininet") {
        words.push("mininet");
    }
    let missing = Requirements::new(host).missing(&words, &plan.path);
    if let Some(first) = missing.first() {
        let message = format!("this machine lacks {}", first.what);
        return Err(Complaint::lacking(message).help(&*first.help).into());
    }
    Ok(Job { plan, missing })
}

fn hold(
    args: &Args,
    live: Live,
    job: Job,
    results: &ResultsRoot,
    host: &Host,
) -> anyhow::Result<Exit> {
    let name = args.name.clone().unwrap_or_else(|| match live.plan().identity.scenario.as_str() {
        "" => live.plan().identity.lab.clone(),
        scenario => scenario.to_owned(),
    });
    let exactly = args.name.is_some();
    let live = Arc::new(Mutex::new(live));
    let grow = Box::new(move |addition: &Addition| add(&live, addition));
    let (news, front) = channel();
    let keeper = Keeper::new(Opening::AtOnce { name, exactly, grow }, |announcement| {
        tell(&news, announcement);
    });
    let mut last = Last::default();
    let reporters: Vec<Box<dyn Reporter>> =
        vec![Box::new(ResultsWriter::new()), Box::new(keeper), Box::new(&mut last)];
    let options = Options {
        hold: Hold { at_end: true, on_failure: true, at_label: None },
        folder: Some(Box::new(|plan| results.make_folder(plan))),
        ..Options::new(StageCommand {
            program: THIS_PROGRAM.into(),
            arguments: vec!["stage".into()],
            environment: host.known(),
        })
    };
    let front = front::Front::new(args, front);
    let terminal = front.terminal();
    thread::Builder::new().name("front".to_owned()).spawn(move || front.run())?;
    let summary = dispatch(&[job], options, &mut Reporters(reporters));
    // The front may still be reading from the terminal.
    terminal.restore();
    let summary = summary.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        Complaint {
            exit: Exit::Unsure,
            message: format!("{error}{}", cause.unwrap_or_default()),
            help: None,
        }
    })?;
    last.verdict(summary.interrupted)
}

/// Adds to the plan what somebody has typed.
fn add(live: &Mutex<Live>, addition: &Addition) -> Result<Extension, String> {
    let text = match addition {
        Addition::Step(text) => text.clone(),
        Addition::Process { name, yaml } => {
            // A JSON string is a YAML string.
            let name = serde_json::to_string(name).map_err(|error| error.to_string())?;
            format!("processes: {{{name}: {yaml}}}")
        }
    };
    let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
    match live.add(&text).map(|added| added.steps.clone()) {
        Ok(steps) => Ok(Extension { plan: live.plan().clone(), steps }),
        Err(errors) => Err(errors.render(false)),
    }
}

/// What the front is told.
enum News {
    /// People may come in.
    Open { session: String },
    /// Everything that starts by itself runs, or something of it failed.
    Held { failure: Option<Box<Failure>> },
}

/// Nobody hears it if the front has ended, which ends everything.
fn tell(news: &Sender<News>, announcement: &Announcement<'_>) {
    let _ = news.send(match announcement {
        Announcement::Open { session } => News::Open { session: (*session).to_owned() },
        Announcement::Held { because, .. } => News::Held {
            failure: match because {
                HeldBecause::Failed(failure) => Some(failure.clone()),
                HeldBecause::Done | HeldBecause::Label(_) => None,
            },
        },
    });
}

/// Remembers how the run ended.
#[derive(Default)]
struct Last {
    outcome: Option<RunOutcome>,
    folder: Option<PathBuf>,
    held: bool,
}

impl Reporter for &mut Last {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        match event {
            DispatchEvent::RunRecord { record, .. } => {
                self.held |= matches!(record.event, lab_runner::event::Event::Held { .. });
            }
            DispatchEvent::RunEnded { run, outcome } => {
                self.outcome = Some((*outcome).clone());
                self.folder = run.folder.map(Into::into);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Last {
    /// A session that was held has done its duty, whatever people did in it.
    fn verdict(self, interrupted: bool) -> anyhow::Result<Exit> {
        if self.held || interrupted {
            if let Some(folder) = &self.folder {
                say(&format!("recorded in {}", folder.display()));
            }
            return Ok(if interrupted { Exit::Interrupted } else { Exit::Pass });
        }
        let Some(RunOutcome { failure, lacking, .. }) = self.outcome else { return Ok(Exit::Pass) };
        let exit = if lacking { Exit::Lacking } else { Exit::Unsure };
        let Some(failure) = failure else { return Ok(exit) };
        let message = match &failure.detail {
            Some(detail) => format!("{}: {detail}", failure.summary),
            None => failure.summary.clone(),
        };
        Err(Complaint { exit, message, help: failure.help }.into())
    }
}

impl Args {
    fn plan_options(&self) -> PlanOptions {
        PlanOptions {
            backend: self.backend.choice(),
            vars: self.vars.iter().cloned().collect(),
            programs: self.programs.iter().cloned().collect(),
            ..PlanOptions::default()
        }
    }
}

/// Tells a person something that is no result.
fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

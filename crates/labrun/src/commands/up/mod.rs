//! `labrun up`: a network, held for people.

mod detach;
mod front;
mod scene;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use lab_report::results::{ResultsRoot, ResultsWriter};
use lab_runner::assignment::Hold;
use lab_runner::dispatcher::{
    DispatchEvent, Job, Options, ReportError, Reporter, Reporters, RunOutcome, dispatch,
};
use lab_runner::event::{Failure, HeldBecause};
use lab_scenario::topology::words_in_the_language;
use lab_scenario::{Live, PlanOptions};
use lab_session::keeper::{Announcement, Doors, Extension, Keeper};
use lab_session::tty::Modes;

use super::check;
use super::run::{Backend, pair, unrecorded};
use crate::build;
use crate::discover::folder_of;
use crate::exit::{Complaint, Exit};
use crate::machine::{Host, stage};
use crate::requirements::Requirements;

/// How long the terminal may take to be given back when the session has ended.
const FAREWELL: Duration = Duration::from_secs(3);

/// Bring up a network and hold it, for people to try things by hand
#[derive(Debug, clap::Args)]
pub(crate) struct UpArgs {
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
pub(crate) fn main(args: &UpArgs) -> anyhow::Result<Exit> {
    if args.keep {
        detach::leave_terminal()?;
    }
    let scene = prepare(args)?;
    if args.detach && !args.keep {
        return detach::start();
    }
    Ok(hold(args, scene)?.exit)
}

/// A network that can be brought up.
pub(super) struct Scene {
    live: Live,
    job: Job,
    results: ResultsRoot,
    host: Host,
}

/// A session that has ended.
pub(super) struct Held {
    pub(super) exit: Exit,
    /// The folder of its record.
    pub(super) folder: Option<PathBuf>,
    /// What was played, with all that was added.
    pub(super) live: Arc<Mutex<Live>>,
}

/// Reads and builds.
pub(super) fn prepare(args: &UpArgs) -> anyhow::Result<Scene> {
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
    Ok(Scene { live, job, results, host })
}

fn job(live: &Live, host: &Host) -> anyhow::Result<Job> {
    let plan = live.plan().clone();
    let missing = Requirements::new(host).missing_for(&plan, live.requires());
    match missing.first() {
        Some(first) => Err(Complaint::lacking(format!("this machine lacks {}", first.what))
            .help(&*first.help)
            .into()),
        None => Ok(Job { plan, missing }),
    }
}

/// Brings it up, until the last has left.
pub(super) fn hold(args: &UpArgs, scene: Scene) -> anyhow::Result<Held> {
    let Scene { live, job, results, host } = scene;
    let name = args.name.clone().unwrap_or_else(|| match live.plan().identity.scenario.as_str() {
        "" => live.plan().identity.lab.clone(),
        scenario => scenario.to_owned(),
    });
    let exactly = args.name.is_some();
    let live = Arc::new(Mutex::new(live));
    let grow = Box::new({
        let live = Arc::clone(&live);
        move |text: &str| add(&live, text)
    });
    let (news, front) = channel();
    let keeper = Keeper::new(Doors::AtOnce { name, exactly, grow }, |announcement| {
        tell(&news, announcement);
    });
    let mut last = Last::default();
    let reporters: Vec<Box<dyn Reporter>> =
        vec![Box::new(ResultsWriter::new()), Box::new(keeper), Box::new(&mut last)];
    let options = Options {
        hold: Hold { at_end: true, on_failure: true, at_label: None },
        folder: Some(Box::new(|plan| results.make_folder(plan))),
        ..Options::new(stage(host.known()))
    };
    let terminal = Modes::now();
    let (leaves, left) = channel();
    let front = front::Front::new(args, front);
    thread::Builder::new().name("front".to_owned()).spawn(move || {
        // Nobody waits any more if it comes too late.
        let _ = leaves.send(front.run());
    })?;
    let summary = dispatch(&[job], options, &mut Reporters(reporters));
    // The front hears the end as well: tmux has to give the terminal back. Who is reading from
    // it is not waited for.
    let went_well = left.recv_timeout(FAREWELL).unwrap_or(true);
    terminal.restore();
    let summary = summary.map_err(unrecorded)?;
    let folder = last.folder.clone();
    let exit = match last.verdict(summary.interrupted)? {
        Exit::Pass if !went_well => Exit::Fail,
        exit => exit,
    };
    Ok(Held { exit, folder, live })
}

/// Adds to the plan what somebody has typed.
fn add(live: &Mutex<Live>, text: &str) -> Result<Extension, String> {
    let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
    match live.add(text).map(|added| added.steps.clone()) {
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

impl UpArgs {
    /// Whether the scenario's own programs are left out.
    pub(super) fn is_bare(&self) -> bool {
        self.bare
    }

    /// The folder that a scenario of the same lab would be in.
    pub(super) fn folder(&self) -> PathBuf {
        match self.what.as_deref().map(Path::new).filter(|path| path.exists()) {
            Some(path) => folder_of(path),
            None => PathBuf::from("."),
        }
    }

    /// The topology in the scenario language, for a scenario in that folder, if what was brought
    /// up is no scenario.
    pub(super) fn topology_text(&self, folder: &Path) -> anyhow::Result<String> {
        let words = match (&self.what, &self.custom, &self.topo) {
            (_, Some(file), Some(topo)) => {
                let (file, topo) = (quoted(&within(file, folder)?), quoted(topo));
                return Ok(format!("topology: {{mininet: {file}, topo: {topo}}}\n"));
            }
            (Some(what), ..) if Path::new(what).exists() => {
                let file = quoted(&within(Path::new(what), folder)?);
                return Ok(format!("topology: {file}\n"));
            }
            (Some(words), ..) | (None, _, Some(words)) => words,
            (None, _, None) => return Ok(String::new()),
        };
        Ok(format!("topology: {}\n", words_in_the_language(words)?))
    }

    fn plan_options(&self) -> PlanOptions {
        PlanOptions {
            backend: self.backend.choice(),
            vars: self.vars.iter().cloned().collect(),
            programs: self.programs.iter().cloned().collect(),
            ..PlanOptions::default()
        }
    }
}

/// A path as seen from a folder, or else the whole of it.
fn within(file: &Path, folder: &Path) -> anyhow::Result<String> {
    let (file, folder) = (file.canonicalize()?, folder.canonicalize()?);
    let path = file.strip_prefix(&folder).map_or(file.clone(), Path::to_path_buf);
    Ok(path.to_string_lossy().into_owned())
}

/// A JSON string, which is a YAML string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Tells a person something that is no result.
pub(super) fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

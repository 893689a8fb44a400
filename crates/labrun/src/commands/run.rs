//! `labrun run`: the main job.

use std::ffi::OsString;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use lab_report::results::{ResultsRoot, ResultsWriter};
use lab_report::{Human, HumanOptions, JUnit, Json};
use lab_runner::dispatcher::{DispatchError, Job, Options, Reporter, Reporters, Summary, dispatch};
use lab_scenario::PlanOptions;
use lab_scenario::plan::BackendKind;

use super::check;
use super::pause::Pause;
use crate::catalog::Catalog;
use crate::discover::discover;
use crate::exit::{Complaint, Exit};
use crate::machine::{Host, stage};
use crate::requirements::Requirements;
use crate::{again, build, exit, terminal};

/// Repetitions that are made until one fails, unless it is said how many.
const MANY: u32 = 1000;

/// Run scenarios
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(crate) struct Args {
    /// Scenario files, folders of labs, folders of such folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Who builds the networks; `auto`: what the scenario asks for, else netns
    #[arg(long, value_enum, value_name = "BACKEND", default_value_t)]
    backend: Backend,

    /// Runs at a time [default: one for each core]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Run everything so often, and tell how often it passes
    #[arg(long, value_name = "N")]
    repeat: Option<NonZeroU32>,

    /// Repeat until the first failure, but at most 1000 times, or as often as
    /// --repeat says
    #[arg(long)]
    until_fail: bool,

    /// Make a run that is invalid again, so often at most
    #[arg(long, value_name = "N", default_value = "0")]
    retry_invalid: u32,

    /// What `${seed}` stands for, and what the seeds of repetitions are made
    /// from [default: another each time]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// How long a run may take, whatever its scenario says: `500ms`, `20s`, `2m`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,

    /// The folder for results
    #[arg(long, value_name = "DIR", default_value = "results", env = "LABRUN_RESULTS")]
    results: PathBuf,

    /// Play a role of the lab, such as `server`, by another program
    #[arg(long = "program", value_name = "ROLE=COMMAND", value_parser = pair)]
    programs: Vec<(String, String)>,

    /// Give a variable, or a key of the matrix, a value
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    vars: Vec<(String, String)>,

    /// Start nothing more after the first run that fails
    #[arg(long, overrides_with = "keep_going")]
    fail_fast: bool,

    /// Run everything, whatever fails [default]
    #[arg(long, overrides_with = "fail_fast")]
    keep_going: bool,

    #[command(flatten)]
    pause: Pause,

    /// Leave out the labs' build commands
    #[arg(long)]
    no_build: bool,

    /// End with exit code 4 if anything had to be skipped
    #[arg(long)]
    no_skip: bool,

    /// What standard output gets; with `json` and `junit` the report for people
    /// goes to standard error
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Backend {
    #[default]
    Auto,
    Netns,
    Mininet,
}

impl Backend {
    /// Whom it names, if it names one.
    pub(super) fn choice(self) -> Option<BackendKind> {
        match self {
            Self::Auto => None,
            Self::Netns => Some(BackendKind::Netns),
            Self::Mininet => Some(BackendKind::Mininet),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Human,
    /// One JSON object per line, as things happen
    Json,
    /// JUnit XML, at the end
    Junit,
}

/// Reads, checks, builds, runs.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let mut catalog = Catalog::read(&discover(&args.paths)?)?;
    let options = args.plan_options();
    let host = Host::default();
    let mut jobs = plan(&mut catalog, &options, &host)?;
    if args.until_fail {
        // Each once, each twice, …: which of them fails first is not known.
        jobs.sort_by_key(|job| job.plan.identity.repetition.0);
    }
    refuse_missing_backend(args, &jobs)?;
    args.pause.check(&jobs)?;
    let results = ResultsRoot::open(&args.results).map_err(|error| {
        Complaint::usage(chain(&error)).help("choose another folder with --results DIR")
    })?;
    if !args.no_build {
        build::build_labs(&catalog.scenarios, &jobs)?;
    }
    let summary = run(args, &jobs, &results, host.known())?;
    Ok(Exit::of(&summary, args.no_skip))
}

/// All runs of all scenarios; an error if anything is wrong with any.
pub(super) fn plan(
    catalog: &mut Catalog,
    options: &PlanOptions,
    host: &Host,
) -> anyhow::Result<Vec<Job>> {
    let mut jobs = Vec::new();
    let mut requirements = Requirements::new(host);
    for scenario in &catalog.scenarios {
        check::show(scenario.warnings());
        match scenario.plans(options) {
            Ok(plans) => jobs.extend(plans.into_iter().map(|plan| Job {
                missing: requirements.missing_for(&plan, scenario.requires()),
                plan,
            })),
            Err(errors) => catalog.errors.push(errors),
        }
    }
    if !catalog.errors.is_empty() {
        return Err(check::refuse(catalog));
    }
    if jobs.is_empty() {
        return Err(Complaint::usage("there is no scenario to run")
            .help("a lab's scenarios are the YAML files beside its lab.yaml")
            .into());
    }
    Ok(jobs)
}

/// What was asked for on the command line is not skipped but refused.
fn refuse_missing_backend(args: &Args, jobs: &[Job]) -> anyhow::Result<()> {
    if args.backend != Backend::Mininet {
        return Ok(());
    }
    let mut missing = jobs.iter().flat_map(|job| &job.missing);
    match missing.find(|missing| missing.what == "mininet") {
        Some(missing) => {
            Err(Complaint::lacking("this machine lacks Mininet").help(&*missing.help).into())
        }
        None => Ok(()),
    }
}

fn run(
    args: &Args,
    jobs: &[Job],
    results: &ResultsRoot,
    environment: Vec<(OsString, OsString)>,
) -> anyhow::Result<Summary> {
    let options = Options {
        jobs: args.jobs.map_or_else(cores, NonZeroUsize::get),
        fail_fast: args.fail_fast || args.until_fail,
        retry_invalid: args.retry_invalid,
        hold: args.pause.hold(),
        folder: Some(Box::new(|plan| results.make_folder(plan))),
        ..Options::new(stage(environment))
    };
    dispatch(jobs, options, &mut reporters(args)).map_err(unrecorded)
}

/// What runs say could not be written down: the runs may be well, but nobody knows.
pub(super) fn unrecorded(error: DispatchError) -> anyhow::Error {
    match error {
        DispatchError::Report(error) => {
            Complaint { exit: Exit::Unsure, message: chain(&error), help: None }.into()
        }
        error => error.into(),
    }
}

/// Who is told what happens. The results folder comes first: what the others
/// say refers to it.
fn reporters(args: &Args) -> Reporters<'static> {
    let mut list: Vec<Box<dyn Reporter>> = vec![Box::new(ResultsWriter::new())];
    if let Some(keeper) = args.pause.keeper() {
        list.push(Box::new(keeper));
    }
    match args.format {
        Format::Human => {
            let options = human_options(args, terminal::is_coloured(&io::stdout()));
            list.push(Box::new(Human::new(io::stdout(), options)));
            return Reporters(list);
        }
        Format::Json => list.push(Box::new(Json::new(io::stdout()))),
        Format::Junit => list.push(Box::new(JUnit::new(io::stdout()))),
    }
    let options = human_options(args, terminal::is_coloured(&io::stderr()));
    list.push(Box::new(Human::new(io::stderr(), options)));
    Reporters(list)
}

fn human_options(args: &Args, coloured: bool) -> HumanOptions<'static> {
    let options = args.options_again();
    HumanOptions {
        coloured,
        width: terminal::width(),
        // What is said of runs that wait would be drawn over.
        live: terminal::is_live(args.format != Format::Human) && !args.pause.hold().is_wanted(),
        until_fail: args.until_fail,
        again: Box::new(move |plan| again::command(plan, &options)),
    }
}

impl Args {
    fn plan_options(&self) -> PlanOptions {
        PlanOptions {
            backend: self.backend.choice(),
            repeat: self.repeat.map_or(if self.until_fail { MANY } else { 1 }, NonZeroU32::get),
            seed: self.seed.unwrap_or_else(short_random_number),
            timeout: self.timeout,
            vars: self.vars.iter().cloned().collect(),
            programs: self.programs.iter().cloned().collect(),
        }
    }

    /// The options that make a run what it is, as words.
    fn options_again(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
        match self.backend {
            Backend::Auto => {}
            Backend::Netns => add("--backend", "netns".into()),
            Backend::Mininet => add("--backend", "mininet".into()),
        }
        if let Some(timeout) = self.timeout {
            add("--timeout", format!("{}ms", timeout.as_millis()));
        }
        for (role, command) in &self.programs {
            add("--program", format!("{role}={command}"));
        }
        for (name, value) in &self.vars {
            add("--var", format!("{name}={value}"));
        }
        words
    }
}

/// Short, because people type it again.
fn short_random_number() -> u64 {
    RandomState::new().hash_one("seed") % 1_000_000
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// An error and what caused it, as one line.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

/// As scenarios write them, but not zero: no run can be done in no time.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match lab_scenario::duration(text)? {
        Duration::ZERO => Err("a run takes more than no time".to_owned()),
        duration => Ok(duration),
    }
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write a name, `=` and a value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_options() {
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "20", "-1s", "0s", "s", "PT5S", "1m 30s", "1 sec"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(pair("=b").is_err() && pair("a").is_err());
    }
}

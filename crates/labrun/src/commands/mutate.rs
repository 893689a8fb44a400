//! `labrun mutate`: does a scenario notice when something is broken?

use std::cell::Cell;
use std::ffi::OsString;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use lab_report::mutation::{self, Fate, Seen, Trial, Witness};
use lab_report::theme::Theme;
use lab_report::words;
use lab_runner::dispatcher::{Job, Options, ReportError, Summary, dispatch};
use lab_runner::event::Verdict;
use lab_runner::mutation::{LeftOut, Listing, Mutant, broken, idle, list, patient, sample};
use lab_scenario::PlanOptions;
use lab_scenario::plan::{MutationKind, Plan};

use super::run::{self, Backend};
use crate::catalog::Catalog;
use crate::discover::discover;
use crate::exit::{Complaint, Exit};
use crate::machine::{Host, stage};
use crate::{build, terminal};

/// How often a run that is invalid is made again: the machine is busy.
const RETRIES: u32 = 5;

/// How often runs that tell nothing are made again: steps came too late by chance.
const ROUNDS: usize = 2;

/// Prove that scenarios can fail: break one thing at a time, and see whether they
/// notice
///
/// Each scenario is run as it is, and then once for each mutant: a process made mute, or
/// killed when it is ready, a link cut, a line of a process's output dropped, doubled,
/// delayed, swapped with the next or altered in a letter. A run that still passes has
/// not noticed.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Scenario files, folders of labs, folders of such folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Try at most so many mutants of each kind and scenario, chosen by the seed
    #[arg(long, value_name = "N")]
    sample: Option<NonZeroUsize>,

    /// Try at most so many mutants of each kind and lab, chosen by the seed from as many of
    /// its scenarios as there are
    #[arg(long, value_name = "N")]
    sample_of_lab: Option<NonZeroUsize>,

    /// How many percent of the broken lines of each lab must be noticed, at least;
    /// of the broken processes and links all must be
    #[arg(long, value_name = "PERCENT", default_value = "90", value_parser = percent)]
    at_least: f64,

    /// The shortest time that a step may take, if its scenario gives it as much; steps
    /// that took longer in the unbroken run may take three times as long as there
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = run::duration)]
    patience: Duration,

    /// Who builds the networks; `auto`: what the scenario asks for, else netns
    #[arg(long, value_enum, value_name = "BACKEND", default_value_t)]
    backend: Backend,

    /// Runs at a time [default: one for each core]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Chooses samples and altered letters, and is what `${seed}` stands for
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

    /// Play a role of the lab, such as `server`, by another program
    #[arg(long = "program", value_name = "ROLE=COMMAND", value_parser = run::pair)]
    programs: Vec<(String, String)>,

    /// Give a variable, or a key of the matrix, a value
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = run::pair)]
    vars: Vec<(String, String)>,

    /// Leave out the labs' build commands
    #[arg(long)]
    no_build: bool,

    /// What standard output gets
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const HELP: &str = "\
Exit codes:
  0    enough was noticed in every lab
  1    not enough was, or a scenario does not pass as it is
  2    bad usage, a bad scenario, or a lab that does not build
  3    nothing could be tried, or only with more --patience
  4    this machine lacks something that a scenario requires
  130  interrupted";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Human,
    /// One JSON object per line, at the end
    Json,
}

/// Reads, checks, builds, runs everything unbroken, breaks it, reports.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let mut catalog = Catalog::read(&discover(&args.paths)?)?;
    let host = Host::default();
    let jobs = run::plan(&mut catalog, &args.plan_options(), &host)?;
    if let Some(missing) = jobs.iter().flat_map(|job| &job.missing).next() {
        return Err(Complaint::lacking(format!("this machine lacks {}", missing.what))
            .help(&*missing.help)
            .into());
    }
    if !args.no_build {
        build::build_labs(&catalog.scenarios, &jobs)?;
    }
    let stages = Stages::new(args, host.known())?;
    let plans: Vec<Plan> = jobs.into_iter().map(|job| job.plan).collect();

    let unbroken = plans.iter().flat_map(|plan| [plan.clone(), idle(plan)]).collect();
    let (seen, summary) = stages.play(unbroken, true, "unbroken runs")?;
    if summary.interrupted {
        return Ok(Exit::Interrupted);
    }
    let mut subjects: Vec<Subject<'_>> = plans
        .iter()
        .zip(seen.chunks_exact(2))
        .map(|(plan, seen)| args.subject(plan, seen))
        .collect::<Result<_, _>>()?;
    drop(seen);
    args.draw_lots(&mut subjects);

    let begun = Instant::now();
    let broken: Vec<Plan> = subjects.iter().flat_map(Subject::plans).collect();
    let (mut seen, mut summary) = stages.play(broken.clone(), false, "mutants")?;
    let mut runs = summary.total;
    for _ in 0..ROUNDS {
        let again: Vec<usize> =
            (0..broken.len()).filter(|&at| !tells(&broken[at], &seen[at])).collect();
        if again.is_empty() || summary.interrupted {
            break;
        }
        let plans = again.iter().map(|&at| broken[at].clone()).collect();
        let news;
        (news, summary) = stages.play(plans, false, "once more")?;
        runs += summary.total;
        for (at, new) in again.into_iter().zip(news) {
            seen[at] = new;
        }
    }
    if summary.interrupted {
        return Ok(Exit::Interrupted);
    }
    let mut seen = seen.into_iter();
    let trials: Vec<Trial<'_>> =
        subjects.into_iter().map(|subject| subject.tried(&mut seen)).collect::<Result<_, _>>()?;
    match args.format {
        Format::Human => {
            let theme = Theme::new(terminal::is_coloured(&io::stdout()));
            terminal::print(&mutation::draw(&trials, theme, terminal::width()))?;
            let runs = words::count(runs, "run");
            terminal::print(&format!("{runs} in {}\n", words::duration(begun.elapsed())))?;
        }
        Format::Json => terminal::print(&mutation::lines(&trials)?)?,
    }
    Ok(args.verdict(&trials))
}

/// Whether a run tells anything: of a mutant, whether it is noticed; of one in which
/// nothing is broken, that it passes.
fn tells(plan: &Plan, seen: &Seen) -> bool {
    match plan.mutation {
        Some(_) => !matches!(Fate::of(seen), Fate::Void(_)),
        None => seen.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Pass),
    }
}

/// A scenario that passes, and what of it will be broken.
struct Subject<'a> {
    plan: &'a Plan,
    /// The same with shorter waits.
    patient: Plan,
    mutants: Vec<Mutant>,
    left_out: LeftOut,
}

impl<'a> Subject<'a> {
    /// One run with shorter waits and nothing broken, then the mutants; nothing if there
    /// are none.
    fn plans(&self) -> impl Iterator<Item = Plan> + '_ {
        let control = (!self.mutants.is_empty()).then(|| self.patient.clone());
        let mutants = self.mutants.iter().map(|mutant| broken(&self.patient, &mutant.mutation));
        control.into_iter().chain(mutants)
    }

    /// What came of it. The run in which nothing was broken tells whether the
    /// shorter waits are long enough.
    fn tried(self, seen: &mut impl Iterator<Item = Seen>) -> anyhow::Result<Trial<'a>> {
        let control = if self.mutants.is_empty() { None } else { seen.next() };
        let control = control.and_then(|seen| seen.outcome);
        if let Some(outcome) = control.filter(|outcome| outcome.verdict != Verdict::Pass) {
            let label = self.plan.identity.label();
            let why = outcome.failure.map_or_else(String::new, |failure| failure.summary);
            let message = format!(
                "{label} passes as it is, but not with shorter waits and nothing broken: {why}"
            );
            return Err(Complaint {
                exit: Exit::Unsure,
                message,
                help: Some("give steps more time with --patience, or use fewer --jobs".to_owned()),
            }
            .into());
        }
        let fates = seen.map(|seen| Fate::of(&seen));
        let mutants = self.mutants.into_iter().zip(fates).collect();
        Ok(Trial { plan: self.plan, mutants, left_out: self.left_out })
    }
}

impl Args {
    fn plan_options(&self) -> PlanOptions {
        PlanOptions {
            backend: self.backend.choice(),
            repeat: 1,
            seed: self.seed,
            timeout: None,
            vars: self.vars.iter().cloned().collect(),
            programs: self.programs.iter().cloned().collect(),
        }
    }

    /// What to break of a scenario, from its run as it is and its idle run.
    fn subject<'a>(&self, plan: &'a Plan, seen: &[Seen]) -> anyhow::Result<Subject<'a>> {
        let [base, idle] = seen else { anyhow::bail!("a run was not made") };
        let passed = base.outcome.as_ref().is_some_and(|o| o.verdict == Verdict::Pass);
        if !passed {
            let failure = base.outcome.as_ref().and_then(|outcome| outcome.failure.as_ref());
            let why = failure.map_or_else(String::new, |failure| format!(": {}", failure.summary));
            let file = plan.identity.file.display();
            return Err(Complaint {
                exit: Exit::Fail,
                message: format!("{} does not pass as it is{why}", plan.identity.label()),
                help: Some(format!("make it pass first: labrun run {file}")),
            }
            .into());
        }
        let patient = patient(plan, &base.records, self.patience);
        let Listing { mutants, left_out } = list(&patient, &base.records, &idle.records);
        Ok(Subject { plan, patient, mutants, left_out })
    }

    /// Leaves as many mutants as were asked for.
    fn draw_lots(&self, subjects: &mut [Subject<'_>]) {
        if let Some(most) = self.sample {
            for Subject { plan, mutants, .. } in &mut *subjects {
                sample(&mut [(plan, mutants)], most.get(), self.seed);
            }
        }
        let Some(most) = self.sample_of_lab else { return };
        for of_lab in subjects.chunk_by_mut(|a, b| a.plan.identity.lab == b.plan.identity.lab) {
            let lists = of_lab.iter_mut().map(|subject| (subject.plan, &mut subject.mutants));
            sample(&mut lists.collect::<Vec<_>>(), most.get(), self.seed);
        }
    }

    fn verdict(&self, trials: &[Trial<'_>]) -> Exit {
        if mutation::score(trials, |_| true).of == 0 {
            return Exit::Unsure;
        }
        let is_enough = |trials: &[Trial<'_>]| {
            let whole = mutation::score(trials, |kind| !kind.is_of_line());
            let lines = mutation::score(trials, MutationKind::is_of_line);
            whole.killed == whole.of && lines.percent() >= self.at_least
        };
        let all = mutation::labs(trials).into_iter().all(|(_, trials)| is_enough(trials));
        if all { Exit::Pass } else { Exit::Fail }
    }
}

/// How runs are made: in folders that are thrown away.
struct Stages {
    jobs: usize,
    environment: Vec<(OsString, OsString)>,
    folder: tempfile::TempDir,
    folders: Cell<usize>,
}

impl Stages {
    fn new(args: &Args, environment: Vec<(OsString, OsString)>) -> anyhow::Result<Self> {
        Ok(Self {
            jobs: args.jobs.map_or_else(run::cores, NonZeroUsize::get),
            environment,
            folder: tempfile::tempdir()?,
            folders: Cell::new(0),
        })
    }

    fn play(
        &self,
        plans: Vec<Plan>,
        keeps_records: bool,
        doing: &'static str,
    ) -> anyhow::Result<(Vec<Seen>, Summary)> {
        let jobs: Vec<Job> =
            plans.into_iter().map(|plan| Job { plan, missing: Vec::new() }).collect();
        let make_folder = |_: &Plan| {
            self.folders.set(self.folders.get() + 1);
            let folder = self.folder.path().join(self.folders.get().to_string());
            match std::fs::create_dir(&folder) {
                Ok(()) => Ok(folder),
                Err(error) => Err(ReportError::new("make a folder for a run", error)),
            }
        };
        let options = Options {
            jobs: self.jobs,
            retry_invalid: RETRIES,
            folder: Some(Box::new(make_folder)),
            ..Options::new(stage(self.environment.clone()))
        };
        let mut witness = Witness::new(keeps_records, terminal::is_live(true).then_some(doing));
        let summary = dispatch(&jobs, options, &mut witness)?;
        Ok((witness.into_runs(), summary))
    }
}

fn percent(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').trim_end().parse() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("write a number from 0 to 100".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages() {
        assert_eq!(percent("90"), Ok(90.0));
        assert_eq!(percent("99.5 %"), Ok(99.5));
        for bad in ["", "-1", "101", "NaN", "many"] {
            assert!(percent(bad).is_err(), "{bad}");
        }
    }
}

//! `labrun mutate`: does a scenario notice when something is broken?

mod stages;
mod subject;

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use lab_report::mutation::{self, Seen, Trial};
use lab_report::theme::Theme;
use lab_report::words;
use lab_runner::event::Verdict;
use lab_runner::mutation::{Listing, idle, list, patient, sample};
use lab_scenario::PlanOptions;
use lab_scenario::plan::{MutationKind, Plan};

use self::stages::{Played, Stages};
use self::subject::Subject;
use super::run::{self, Backend};
use crate::catalog::Catalog;
use crate::discover::discover;
use crate::exit::{Complaint, Exit};
use crate::machine::Host;
use crate::{build, terminal};

/// Runs at a time for each core: most of them wait for something that does not come.
const JOBS_PER_CORE: usize = 4;

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

    /// Break only this, such as `mute,kill,cut`
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_parser = kinds())]
    only: Vec<MutationKind>,

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

    /// Runs at a time, of which most wait in vain [default: four for each core]
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
    let stages = Stages::new(host.known())?;
    let plans: Vec<Plan> = jobs.into_iter().map(|job| job.plan).collect();

    let unbroken = plans.iter().flat_map(|plan| [plan.clone(), idle(plan)]).collect();
    let played = stages.play_unbroken(unbroken)?;
    if played.interrupted {
        return Ok(Exit::Interrupted);
    }
    let mut subjects: Vec<Subject<'_>> = plans
        .iter()
        .zip(played.seen.chunks_exact(2))
        .map(|(plan, seen)| args.subject(plan, seen))
        .collect::<Result<_, _>>()?;
    drop(played);
    args.draw_lots(&mut subjects);

    let begun = Instant::now();
    let broken: Vec<Plan> = subjects.iter().flat_map(Subject::plans).collect();
    let Played { seen, slips, runs, interrupted } =
        stages.play_broken(&broken, args.runs_at_a_time())?;
    let mut seen = seen.into_iter().zip(slips);
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
    if interrupted {
        return Ok(Exit::Interrupted);
    }
    Ok(args.verdict(&trials))
}

impl Args {
    fn runs_at_a_time(&self) -> usize {
        self.jobs.map_or_else(|| run::cores() * JOBS_PER_CORE, NonZeroUsize::get)
    }

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
        let Listing { mut mutants, left_out } = list(&patient, &base.records, &idle.records);
        if !self.only.is_empty() {
            mutants.retain(|mutant| self.only.contains(&mutant.mutation.kind()));
        }
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

fn kinds() -> impl TypedValueParser<Value = MutationKind> {
    PossibleValuesParser::new(MutationKind::ALL.map(MutationKind::name)).try_map(|name| {
        let mut all = MutationKind::ALL.into_iter();
        all.find(|kind| kind.name() == name).ok_or("no such kind")
    })
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

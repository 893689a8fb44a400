//! Starts cases and counts what became of them.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use lab_network::isolation::{Sandbox, isolate};
use lab_network::probe;

use crate::{captures, cases, outside};

/// This program. As a path it works for users who cannot look into its folder.
pub(crate) const SELF: &str = "/proc/self/exe";

/// What a case ends with that cannot be run here.
const SKIPPED: i32 = 77;

/// What a network is built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setup {
    Netns,
    Mininet,
    /// Mininet, with Open vSwitch.
    Ovs,
}

impl Setup {
    pub(crate) const ALL: &[Self] = &[Self::Netns, Self::Mininet, Self::Ovs];
    pub(crate) const BRIDGES: &[Self] = &[Self::Netns, Self::Mininet];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Netns => "netns",
            Self::Mininet => "mininet",
            Self::Ovs => "ovs",
        }
    }
}

/// A case inside a sandbox.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) setups: &'static [Setup],
    pub(crate) run: fn(Setup, &Sandbox),
}

/// Ends the case: this machine cannot run it.
pub(crate) fn skip(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(SKIPPED);
}

fn all_cases() -> impl Iterator<Item = &'static Case> {
    cases::ALL.iter().chain(captures::ALL)
}

/// The child's side.
pub(crate) fn run_case(name: &str, setup: &str) -> ExitCode {
    // Before anything else, while there is one thread.
    let sandbox = match isolate(None) {
        Ok(sandbox) => sandbox,
        Err(error) => {
            eprintln!("no sandbox: {error}; {}", error.help().unwrap_or("no help"));
            return ExitCode::from(SKIPPED as u8);
        }
    };
    let case = all_cases().find(|case| case.name == name).expect("a case of that name");
    let setups = Setup::ALL.iter().find(|each| each.name() == setup);
    (case.run)(*setups.expect("a setup of that name"), &sandbox);
    ExitCode::SUCCESS
}

/// The user that a case runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    /// Whoever started this.
    Oneself,
    /// One without rights.
    Nobody,
}

/// A case as a process.
pub(crate) fn command(name: &str, setup: Setup, user: User) -> Command {
    let mut command = Command::new(SELF);
    command.args(["--case", name, setup.name()]);
    // Found once, so that not every case has to.
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    if let Some(python) = PYTHON.get_or_init(probe::mininet_python) {
        command.env("LABRUN_PYTHON", python);
    }
    if user == User::Nobody {
        command.uid(65534).gid(65534).current_dir("/");
    }
    command
}

enum Job {
    Inside(&'static Case, Setup, User),
    Outside(&'static outside::Test),
}

impl Job {
    fn label(&self) -> String {
        match self {
            Self::Inside(case, setup, User::Oneself) => format!("{}::{}", setup.name(), case.name),
            Self::Inside(case, setup, User::Nobody) => {
                format!("{}::{}::rootless", setup.name(), case.name)
            }
            Self::Outside(test) => format!("outside::{}", test.name),
        }
    }
}

enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

/// The parent's side. `words` are those of `cargo test -- WORDS`: only cases
/// whose name holds one of them are run.
pub(crate) fn run_all(words: &[String]) -> ExitCode {
    let filters: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let wanted = |job: &Job| {
        filters.is_empty() || filters.iter().any(|filter| job.label().contains(filter.as_str()))
    };
    let mut jobs: Vec<Job> = all_jobs().into_iter().filter(wanted).collect();
    if words.iter().any(|word| word == "--list") {
        jobs.iter().for_each(|job| println!("{}: test", job.label()));
        return ExitCode::SUCCESS;
    }
    let total = jobs.len();
    jobs.reverse();
    let jobs = Mutex::new(jobs);
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(job) = jobs.lock().unwrap().pop() else { break };
                    let began = Instant::now();
                    let outcome = run(&job);
                    report(&job, &outcome, began);
                    outcomes.lock().unwrap().push(outcome);
                }
            });
        }
    });
    conclude(total, &outcomes.into_inner().unwrap())
}

fn all_jobs() -> Vec<Job> {
    let users: &[User] = if rustix::process::geteuid().is_root() {
        &[User::Oneself, User::Nobody]
    } else {
        &[User::Oneself]
    };
    let mut jobs = Vec::new();
    for case in all_cases() {
        for setup in case.setups {
            jobs.extend(users.iter().map(|user| Job::Inside(case, *setup, *user)));
        }
    }
    jobs.extend(outside::ALL.iter().map(Job::Outside));
    jobs
}

fn run(job: &Job) -> Outcome {
    match job {
        Job::Inside(case, setup, user) => {
            let output = command(case.name, *setup, *user)
                .stdin(Stdio::null())
                .output()
                .expect("this program starts");
            judge(&output)
        }
        Job::Outside(test) => match std::panic::catch_unwind(test.run) {
            Ok(()) => Outcome::Passed,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or(panic.downcast_ref::<&str>().map(ToString::to_string));
                Outcome::Failed(text.unwrap_or_default())
            }
        },
    }
}

fn judge(output: &Output) -> Outcome {
    let text = || {
        let both = [&output.stdout[..], &output.stderr[..]].concat();
        String::from_utf8_lossy(&both).trim().to_owned()
    };
    match output.status.code() {
        Some(0) => Outcome::Passed,
        Some(SKIPPED) if std::env::var("LABRUN_CI").is_ok_and(|value| value == "1") => {
            Outcome::Failed(format!("skipped, which CI must not: {}", text()))
        }
        Some(SKIPPED) => Outcome::Skipped(text()),
        _ => Outcome::Failed(format!("{}\n{}", output.status, text())),
    }
}

fn report(job: &Job, outcome: &Outcome, began: Instant) {
    let label = job.label();
    let took = began.elapsed().as_millis();
    match outcome {
        Outcome::Passed => println!("test {label} ... ok ({took} ms)"),
        Outcome::Skipped(why) => println!("test {label} ... SKIPPED: {why}"),
        Outcome::Failed(why) => println!("test {label} ... FAILED ({took} ms)\n{why}\n"),
    }
}

fn conclude(total: usize, outcomes: &[Outcome]) -> ExitCode {
    let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    println!(
        "\n{total} cases: {} passed, {failed} failed, {skipped} SKIPPED",
        total - failed - skipped
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

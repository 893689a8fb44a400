//! Dispatching fake stages: shell scripts that say canned records.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab_scenario::plan::{
    Assertion, BackendKind, Check, ExitStatus, Identity, PLAN_VERSION, Plan, ProcessId,
};
use lab_scenario::source::Place;
use rustix::process::{Pid, test_kill_process};

use super::schedule::Schedule;
use super::*;
use crate::event::{Event, Verdict};

const PASS: &str = r#"echo '{"at":9,"event":{"run_finished":{"verdict":"pass","failure":null}}}'"#;
const FAIL: &str = r#"echo '{"at":9,"event":{"run_finished":{"verdict":"fail","failure":null}}}'"#;
const WARN: &str = r#"echo '{"at":1,"event":{"warning":{"message":"'"$$"'"}}}'"#;

fn plan(title: &str) -> Plan {
    Plan {
        version: PLAN_VERSION,
        identity: Identity {
            lab: "lab".into(),
            scenario: "scenario".into(),
            title: title.into(),
            file: "scenario.yaml".into(),
            variant: vec![],
            repetition: (1, 1),
            seed: 7,
        },
        backend: BackendKind::Netns,
        topology: serde_json::from_str(r#"{"Described":{"nodes":[],"links":[]}}"#).unwrap(),
        share_topology: false,
        timeout: Duration::from_secs(20),
        directory: PathBuf::from("."),
        path: vec![],
        env: vec![],
        processes: vec![],
        captures: vec![],
        steps: vec![],
        checks: vec![],
        mutation: None,
    }
}

fn jobs(count: usize) -> Vec<Job> {
    (0..count).map(|n| Job { plan: plan(&n.to_string()), missing: vec![] }).collect()
}

/// A stage that reads its plan, then does what a shell script says.
fn options<'a>(script: &str) -> Options<'a> {
    let script = format!("read -r plan || exit 9; {script}");
    Options::new(StageCommand {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into(), "stage".into()],
        environment: vec![("LAB".into(), "x".into())],
    })
}

/// Keeps what it hears as words, and does something at each.
struct Notes<F> {
    heard: Vec<String>,
    outcomes: Vec<RunOutcome>,
    react: F,
}

impl<F: FnMut(&DispatchEvent<'_>) -> Result<(), ReportError>> Reporter for Notes<F> {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        self.heard.push(match event {
            DispatchEvent::SuiteStarted { jobs } => format!("suite of {}", jobs.len()),
            DispatchEvent::RunStarted { run } => format!("{} started", run.index.0),
            DispatchEvent::RunOpen { run, .. } => format!("{} open", run.index.0),
            DispatchEvent::RunRecord { run, .. } => format!("{} said", run.index.0),
            DispatchEvent::RunAgain { run, .. } => {
                format!("{} again after attempt {}", run.index.0, run.attempt)
            }
            DispatchEvent::RunEnded { run, outcome } => {
                self.outcomes.push((*outcome).clone());
                format!("{} {}", run.index.0, outcome.verdict.name())
            }
            DispatchEvent::NetworkSpent { index, why, .. } => format!("{} spent: {why}", index.0),
            DispatchEvent::SuiteFinished { .. } => "done".into(),
        });
        (self.react)(event)
    }
}

fn notes() -> Notes<impl FnMut(&DispatchEvent<'_>) -> Result<(), ReportError>> {
    reacting(|_| Ok(()))
}

fn reacting<F: FnMut(&DispatchEvent<'_>) -> Result<(), ReportError>>(react: F) -> Notes<F> {
    Notes { heard: vec![], outcomes: vec![], react }
}

/// One run's outcome.
fn outcome_of(options: Options<'_>) -> RunOutcome {
    let mut notes = notes();
    dispatch(&jobs(1), options, &mut notes).unwrap();
    notes.outcomes.remove(0)
}

fn summary_of(outcome: &RunOutcome) -> &str {
    outcome.failure.as_ref().map_or("", |failure| &failure.summary)
}

const INVALID: &str =
    r#"echo '{"at":9,"event":{"run_finished":{"verdict":"invalid","failure":null}}}'"#;

/// A stage that is invalid as often as `times` says, then does something else.
fn invalid_at_first(folder: &Path, times: usize, then: &str) -> String {
    let log = folder.join("attempts");
    let log = log.display();
    format!("echo x >> {log}; if [ $(wc -l < {log}) -gt {times} ]; then {then}; else {INVALID}; fi")
}

#[test]
fn an_invalid_run_is_made_again() {
    let table = [
        // How often it is invalid, what it is then, how often it may be repeated.
        (0, PASS, 2, vec!["0 pass"]),
        (1, PASS, 0, vec!["0 invalid"]),
        (1, PASS, 2, vec!["0 again after attempt 1", "0 pass"]),
        (2, FAIL, 2, vec!["0 again after attempt 1", "0 again after attempt 2", "0 fail"]),
        (9, PASS, 1, vec!["0 again after attempt 1", "0 invalid"]),
    ];
    for (times, then, retry_invalid, expected) in table {
        let folder = tempfile::tempdir().unwrap();
        let script = invalid_at_first(folder.path(), times, then);
        let mut notes = notes();
        let options = Options { retry_invalid, ..options(&script) };
        let summary = dispatch(&jobs(1), options, &mut notes).unwrap();
        let ends = ["pass", "fail", "invalid", "again"];
        notes.heard.retain(|line| ends.iter().any(|end| line.contains(end)));
        assert_eq!(notes.heard, expected);
        let ended = summary.passed + summary.failed + summary.invalid;
        assert_eq!((summary.repeated + 1, ended), (expected.len(), 1));
    }
}

#[test]
fn what_this_machine_lacks_is_not_tried_again() {
    let mut notes = notes();
    let options = Options { retry_invalid: 3, ..options(&format!("{INVALID}; exit 4")) };
    let summary = dispatch(&jobs(1), options, &mut notes).unwrap();
    assert_eq!((summary.repeated, summary.lacking), (0, 1));
}

#[test]
fn tells_everything_in_order() {
    let mut notes = notes();
    let summary = dispatch(&jobs(2), options(&format!("{WARN}; {PASS}")), &mut notes).unwrap();
    assert_eq!(
        notes.heard,
        [
            "suite of 2",
            "0 started",
            "0 said",
            "0 said",
            "0 pass",
            "1 started",
            "1 said",
            "1 said",
            "1 pass",
            "done"
        ]
    );
    assert_eq!((summary.total, summary.passed, summary.not_run), (2, 2, 0));
    assert!(!summary.interrupted);
}

#[test]
fn a_stage_gets_its_plan_and_folder() {
    // The plan comes back inside a warning, its quotes made harmless.
    let script = format!(
        r#"text=$(printf %s "$plan$1$LAB" | tr '"' "'" | tr -d '\\')
        echo '{{"at":1,"event":{{"warning":{{"message":"'"$text"'"}}}}}}'; {PASS}"#
    );
    let mut seen = String::new();
    let mut notes = reacting(|event| {
        if let DispatchEvent::RunRecord { record, line, run } = event {
            assert_eq!(line.last(), Some(&b'\n'));
            assert_eq!(run.folder, Some(Path::new("/tmp/x")));
            if let Event::Warning { message } = &record.event {
                seen.clone_from(message);
            }
        }
        Ok(())
    });
    let folder: MakeFolder<'_> = Box::new(|_| Ok("/tmp/x".into()));
    let options = Options { folder: Some(folder), ..options(&script) };
    dispatch(&jobs(1), options, &mut notes).unwrap();
    assert!(seen.starts_with("{'plan':{'version':2,"), "{seen}");
    assert!(seen.ends_with("},'run_dir':'/tmp/x','keep':false}--parentx"), "{seen}");
}

#[test]
fn as_many_at_a_time_as_allowed() {
    // Each waits until it is asked to end; nothing else lets it go.
    for allowed in [1, 3] {
        let mut living = 0;
        let mut most = 0;
        let mut notes = reacting(|event| {
            match event {
                DispatchEvent::RunStarted { .. } => living += 1,
                DispatchEvent::RunEnded { .. } => living -= 1,
                _ => {}
            }
            most = most.max(living);
            Ok(())
        });
        let options = Options { jobs: allowed, ..options(PASS) };
        assert_eq!(dispatch(&jobs(5), options, &mut notes).unwrap().passed, 5);
        assert_eq!(most, allowed);
    }
}

#[test]
fn what_stages_do_wrong() {
    let long = "head -c 5000000 /dev/zero | tr '\\0' x";
    let table = [
        ("exit 3", "the stage ended without a verdict: it exited with code 3"),
        ("echo oops >&2; kill -9 $$", "the stage ended without a verdict: it was ended by SIGKILL"),
        ("echo hello", "the stage said something that is no record"),
        ("printf '*** Error'", "the stage said something that is no record"),
        (r#"echo '{"at":1}'"#, "the stage said something that is no record"),
        (long, "the stage said a line without end"),
        // Cut off by a crash: the crash is what matters.
        (
            r#"printf '{"at":1,'; exit 4"#,
            "the stage ended without a verdict: it exited with code 4",
        ),
    ];
    for (script, summary) in table {
        let outcome = outcome_of(options(script));
        assert_eq!(outcome.verdict, Verdict::Invalid, "{script}");
        assert_eq!(summary_of(&outcome), summary, "{script}");
    }
}

#[test]
fn a_crash_shows_its_last_words() {
    let outcome = outcome_of(options("echo one >&2; echo thread panicked >&2; exit 101"));
    assert_eq!(outcome.diagnostics, b"one\nthread panicked\n");
    assert_eq!(outcome.failure.unwrap().detail.as_deref(), Some("thread panicked"));
}

#[test]
fn a_machine_that_lacks_something() {
    let invalid = PASS.replace("pass", "invalid");
    let mut notes = notes();
    let options = options(&format!("{invalid}; exit {EXIT_LACKING}"));
    let summary = dispatch(&jobs(1), options, &mut notes).unwrap();
    assert_eq!((summary.invalid, summary.lacking), (1, 1));
    assert!(!outcome_of(self::options(&format!("{PASS}; exit {EXIT_LACKING}"))).lacking);
}

#[test]
fn nonsense_spoils_a_verdict_and_a_bad_exit_does_not() {
    let outcome = outcome_of(options(&format!("{PASS}; echo; exec sleep 1000")));
    assert_eq!(outcome.verdict, Verdict::Invalid);
    assert_eq!(outcome_of(options(&format!("{PASS}; exit 1"))).verdict, Verdict::Pass);
}

#[test]
fn a_stage_that_cannot_be_started() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("labrun");
    let command = StageCommand { program, arguments: vec![], environment: vec![] };
    let outcome = outcome_of(Options::new(command));
    assert_eq!(outcome.verdict, Verdict::Invalid);
    let summary = summary_of(&outcome);
    assert!(summary.starts_with("the stage could not be started: No such file"), "{summary}");
}

#[test]
fn a_stage_that_hangs_is_killed() {
    let mut jobs = jobs(1);
    jobs[0].plan.timeout = Duration::from_millis(10);
    let mut notes = notes();
    // It also closes its output, which is not the same as ending.
    let options =
        Options { overrun: Duration::from_millis(10), ..options("exec sleep 1000 >&- 2>&-") };
    dispatch(&jobs, options, &mut notes).unwrap();
    assert_eq!(notes.heard[2], "0 invalid");
    assert!(summary_of(&notes.outcomes[0]).starts_with("the stage was killed"));
}

#[test]
fn an_output_held_open_by_others_is_not_waited_for() {
    let begun = Instant::now();
    let outcome = outcome_of(options(&format!("sleep 20 & {PASS}")));
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn the_first_failure_stops_the_rest_if_asked() {
    for (fail_fast, not_run) in [(true, 2), (false, 0)] {
        let options = Options { fail_fast, ..options(FAIL) };
        let summary = dispatch(&jobs(3), options, &mut notes()).unwrap();
        assert_eq!((summary.failed, summary.not_run), (3 - not_run, not_run));
    }
}

#[test]
fn what_is_missing_is_skipped() {
    let mut jobs = jobs(2);
    let missing = |what: &str, help: &str| Missing { what: what.into(), help: help.into() };
    jobs[0].missing = vec![missing("netem", "load sch_netem"), missing("socat", "install socat")];
    let mut notes = notes();
    let summary = dispatch(&jobs, options(PASS), &mut notes).unwrap();
    assert_eq!(notes.heard, ["suite of 2", "0 skipped", "1 started", "1 said", "1 pass", "done"]);
    assert_eq!((summary.skipped, summary.passed), (1, 1));
    let failure = notes.outcomes[0].failure.as_ref().unwrap();
    assert_eq!(failure.summary, "this machine lacks netem, socat");
    assert_eq!(failure.help.as_deref(), Some("load sch_netem; install socat"));
}

#[test]
fn points_are_counted() {
    let check = |points| Check {
        name: "c".into(),
        points,
        hint: None,
        hidden: false,
        assertion: Assertion::Exit { of: ProcessId(0), status: ExitStatus::Code(0) },
        window: lab_scenario::plan::Window::default(),
        place: Place::default(),
    };
    let mut jobs = jobs(2);
    jobs[0].plan.checks = vec![check(2), check(3)];
    let say = |index, verdict| {
        format!(
            r#"echo '{{"at":1,"event":{{"check_finished":{{"check":{index},"outcome":{{"verdict":"{verdict}","found":""}}}}}}}}'"#
        )
    };
    let script = format!("{}; {}; {FAIL}", say(0, "pass"), say(1, "fail"));
    let mut notes = notes();
    let summary = dispatch(&jobs, options(&script), &mut notes).unwrap();
    assert_eq!(notes.outcomes[0].points, Some(Points { earned: 2, of: 5 }));
    assert_eq!(notes.outcomes[1].points, None);
    assert_eq!(summary.points, Some(Points { earned: 2, of: 5 }));
}

/// Jobs of which all may share a network.
fn sharing(count: usize) -> Vec<Job> {
    let mut jobs = jobs(count);
    for job in &mut jobs {
        job.plan.share_topology = true;
        job.plan.backend = BackendKind::Mininet;
    }
    jobs
}

const READY: &str = r#"echo '{"at":1,"event":"stage_ready"}'"#;

/// A stage that tells its number before each verdict and, while it is asked to keep its
/// network, is ready for more.
fn lasting(verdict: &str) -> String {
    format!(
        r#"while :; do {WARN}; {verdict}
        case "$plan" in *'"keep":true}}') {READY}; read -r plan || exit 0 ;; *) exit 0 ;; esac
        done"#
    )
}

/// In which stages, by number, the runs were played.
fn stages_of(jobs: &[Job], options: Options<'_>) -> (Summary, Vec<String>) {
    let mut stages = Vec::new();
    let mut notes = reacting(|event| {
        if let DispatchEvent::RunRecord { record, run, .. } = event
            && let Event::Warning { message } = &record.event
        {
            assert_eq!(run.index.0, stages.len(), "one run after the other");
            stages.push(message.clone());
        }
        Ok(())
    });
    let summary = dispatch(jobs, options, &mut notes).unwrap();
    (summary, stages)
}

#[test]
fn a_stage_plays_all_that_share_its_network() {
    let (summary, stages) = stages_of(&sharing(3), options(&lasting(PASS)));
    assert_eq!(summary.passed, 3);
    assert!(stages.iter().all(|stage| *stage == stages[0]), "{stages:?}");
    let gone = Pid::from_raw(stages[0].parse().unwrap()).unwrap();
    assert!(test_kill_process(gone).is_err(), "the stage is still there");
    // One that failed has left no more behind than one that passed.
    let (summary, stages) = stages_of(&sharing(2), options(&lasting(FAIL)));
    assert_eq!((summary.failed, stages[0] == stages[1]), (2, true));
}

#[test]
fn each_has_its_own_stage_unless_all_is_equal() {
    let mut others = sharing(4);
    others[0].plan.share_topology = false;
    // It costs more to share labrun's own networks than to build them.
    others[1].plan.backend = BackendKind::Netns;
    others[2].plan.directory = PathBuf::from("/elsewhere");
    let network = lab_scenario::topology::single(1, lab_scenario::topology::SwitchKind::Bridge);
    others[3].plan.topology = lab_scenario::topology::Topology::Described(network.unwrap());
    others.extend(sharing(1));
    let (summary, stages) = stages_of(&others, options(&lasting(PASS)));
    let different: std::collections::BTreeSet<_> = stages.iter().collect();
    assert_eq!((summary.passed, different.len()), (5, 5), "{stages:?}");
}

#[test]
fn a_stage_in_doubt_plays_no_more() {
    // It ends instead of being ready.
    for verdict in [PASS, FAIL, INVALID] {
        let (_, stages) = stages_of(&sharing(2), options(&format!("{WARN}; {verdict}")));
        assert_eq!((stages.len(), stages[0] == stages[1]), (2, false), "{verdict}");
    }
    // Whatever it says after an invalid run, it is waited for to end.
    let script = format!("{WARN}; {INVALID}; {READY}; exit 4");
    let (summary, stages) = stages_of(&sharing(2), options(&script));
    assert_eq!((summary.lacking, stages[0] == stages[1]), (2, false));
}

#[test]
fn why_a_network_is_not_shared() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("assignments").display().to_string();
    let spent = r#"echo '{"at":1,"event":{"stage_spent":{"why":"the routes changed"}}}'"#;
    let script = |verdict| format!(r#"echo "$plan" >> {log}; {verdict}; {spent}"#);
    let mut notes = notes();
    dispatch(&sharing(2), options(&script(PASS)), &mut notes).unwrap();
    let spent = "0 spent: the routes changed";
    // The second is nobody's predecessor: it is not asked to keep its network.
    assert_eq!(notes.heard.iter().filter(|line| line.contains("spent")).count(), 1);
    let at = |line: &str| notes.heard.iter().position(|heard| heard == line).unwrap();
    assert!(at("0 pass") < at(spent) && at(spent) < at("1 pass"), "{:?}", notes.heard);
    let assignments = std::fs::read_to_string(&log).unwrap();
    let reasons: Vec<bool> = assignments
        .lines()
        .map(|line| line.contains(r#""not_shared":"the routes changed""#))
        .collect();
    assert_eq!(reasons, [false, true], "{assignments}");
    // Of a run that was invalid everybody knows.
    let mut notes = self::notes();
    dispatch(&sharing(2), options(&script(INVALID)), &mut notes).unwrap();
    assert!(!notes.heard.iter().any(|line| line.contains("spent")), "{:?}", notes.heard);
}

#[test]
fn interrupts() {
    // The first asks: the control pipe closes.
    let ends_well = format!("{WARN}; read -r more; {PASS}");
    let (summary, outcomes, _) = interrupted(&ends_well, 1);
    assert_eq!(outcomes[0].verdict, Verdict::Pass);
    assert_eq!((summary.not_run, summary.interrupted), (1, true));

    // A stage that says nothing more was interrupted.
    let (_, outcomes, _) = interrupted(&format!("{WARN}; read -r more"), 1);
    assert_eq!(outcomes[0].verdict, Verdict::Invalid);
    assert_eq!(summary_of(&outcomes[0]), "the run was interrupted");

    // One that does not listen is killed in the end,
    let (_, outcomes, pid) = interrupted(&format!("{WARN}; exec sleep 1000"), 1);
    assert_eq!(summary_of(&outcomes[0]), "the run was interrupted");
    assert!(test_kill_process(pid).is_err(), "the stage is still there");

    // and at once if asked twice: with a grace of a day this would hang.
    let (_, outcomes, _) = interrupted(&format!("{WARN}; exec sleep 1000"), 2);
    assert_eq!(outcomes[0].verdict, Verdict::Invalid);
}

/// Interrupts a suite of two, so many times, when the first run says who it is.
fn interrupted(script: &str, times: u32) -> (Summary, Vec<RunOutcome>, Pid) {
    let mut pid = None;
    // Not real signals: every dispatch of this process would hear them.
    let interrupt: OnceCell<Box<dyn Fn()>> = OnceCell::new();
    let mut notes = reacting(|event| {
        if let DispatchEvent::RunRecord { record, .. } = event
            && let Event::Warning { message } = &record.event
        {
            pid = Pid::from_raw(message.parse().unwrap());
            (0..times).for_each(|_| interrupt.get().unwrap()());
        }
        Ok(())
    });
    let grace = if times == 1 { Duration::from_millis(300) } else { Duration::from_secs(86_400) };
    let jobs = jobs(2);
    let schedule = Schedule::new(&jobs, Options { grace, ..options(script) }, &mut notes).unwrap();
    assert!(interrupt.set(Box::new(schedule.interrupter())).is_ok());
    let summary = schedule.play().unwrap();
    let outcomes = notes.outcomes;
    (summary, outcomes, pid.unwrap())
}

#[test]
fn a_reporter_that_cannot_write_ends_everything() {
    let mut notes = reacting(|event| match event {
        DispatchEvent::RunRecord { .. } => {
            Err(ReportError::new("write `x`", std::io::Error::other("disk full")))
        }
        _ => Ok(()),
    });
    let error = dispatch(&jobs(3), options(&format!("{WARN}; read -r more")), &mut notes);
    assert_eq!(error.unwrap_err().to_string(), "cannot write `x`");
    assert_eq!(notes.heard, ["suite of 3", "0 started", "0 said", "0 invalid", "done"]);
}

#[test]
fn folders_that_cannot_be_made_end_everything() {
    let folder: MakeFolder<'_> =
        Box::new(|_| Err(ReportError::new("make `x`", std::io::Error::other("read-only"))));
    let options = Options { folder: Some(folder), ..options(PASS) };
    let mut notes = notes();
    assert!(dispatch(&jobs(2), options, &mut notes).is_err());
    assert_eq!(notes.heard, ["suite of 2", "done"]);
}

#[test]
fn a_flood_passes_through() {
    // 20 MB in 2000 records, faster than they can be taken.
    let script = format!(
        r#"text=$(head -c 10000 /dev/zero | tr '\0' x)
        i=0; while [ $i -lt 2000 ]; do
            echo '{{"at":1,"event":{{"warning":{{"message":"'"$text"'"}}}}}}'; i=$((i+1))
        done; {PASS}"#
    );
    let mut bytes = 0;
    let mut notes = reacting(|event| {
        if let DispatchEvent::RunRecord { line, .. } = event {
            bytes += line.len();
        }
        Ok(())
    });
    assert_eq!(dispatch(&jobs(1), options(&script), &mut notes).unwrap().passed, 1);
    assert!(bytes > 20_000_000);
}

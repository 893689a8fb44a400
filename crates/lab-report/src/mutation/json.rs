//! Mutants, for programs: JSON, one object per line.
//!
//! Each has a `type`:
//!
//! * `mutant`: its `kind`, whom it breaks (`process` or `link`, `line`), its `fate`
//!   (`killed`, `survived`, `void`) with `why`, and the step or check `near` it;
//! * `lab_score`: how many mutants of the lab of each kind were `killed`, `of` how many, and
//!   how many of the `controls`, the runs among them with nothing broken, `passed`.
//!
//! New types and members may come; readers ignore those they do not know.

use std::path::Path;

use lab_scenario::plan::{LineChange, Mutation, MutationKind};
use serde::Serialize;

use super::{Controls, Fate, Score, Trial, controls, labs, score};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Mutant {
        lab: &'a str,
        scenario: &'a str,
        variant: &'a [(String, String)],
        file: &'a Path,
        kind: MutationKind,
        process: Option<&'a str>,
        link: Option<&'a [String; 2]>,
        line: Option<&'a str>,
        becomes: Option<&'a str>,
        fate: &'static str,
        why: Option<&'a str>,
        near: Option<Near<'a>>,
    },
    LabScore {
        lab: &'a str,
        processes_and_links: Share,
        lines: Share,
        kinds: Vec<KindScore>,
        controls: Controls,
    },
}

#[derive(Serialize)]
struct Near<'a> {
    line: usize,
    column: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct Share {
    killed: usize,
    of: usize,
    percent: f64,
}

impl From<Score> for Share {
    fn from(score: Score) -> Self {
        Self { killed: score.killed, of: score.of, percent: score.percent() }
    }
}

#[derive(Serialize)]
struct KindScore {
    kind: MutationKind,
    #[serde(flatten)]
    share: Share,
}

/// All of it, each object on a line of its own.
///
/// # Errors
/// None that could come about: everything in it can be written as JSON.
pub fn lines(trials: &[Trial<'_>]) -> serde_json::Result<String> {
    let mut text = String::new();
    let mut add = |line: &Line<'_>| -> serde_json::Result<()> {
        text.push_str(&serde_json::to_string(line)?);
        text.push('\n');
        Ok(())
    };
    for trial in trials {
        for (mutant, fate) in &trial.mutants {
            add(&line(trial, &mutant.mutation, mutant.near.as_ref(), fate))?;
        }
    }
    for (lab, trials) in labs(trials) {
        let of_kind = |kind| KindScore { kind, share: score(trials, |other| other == kind).into() };
        add(&Line::LabScore {
            lab,
            processes_and_links: score(trials, |kind| !kind.is_of_line()).into(),
            lines: score(trials, MutationKind::is_of_line).into(),
            kinds: MutationKind::ALL.into_iter().map(of_kind).collect(),
            controls: controls(trials),
        })?;
    }
    Ok(text)
}

fn line<'a>(
    trial: &Trial<'a>,
    mutation: &'a Mutation,
    near: Option<&'a lab_runner::mutation::Near>,
    fate: &'a Fate,
) -> Line<'a> {
    let identity = &trial.plan.identity;
    let process = mutation.process().and_then(|of| trial.plan.processes.get(of.0));
    let (said, becomes) = match mutation {
        Mutation::Line { text, change: LineChange::Alter(other), .. } => {
            (Some(text.as_str()), Some(other.as_str()))
        }
        Mutation::Line { text, .. } => (Some(text.as_str()), None),
        _ => (None, None),
    };
    let (fate, why) = match fate {
        Fate::Killed(why) => ("killed", Some(why.as_str())),
        Fate::Survived => ("survived", None),
        Fate::Void(why) => ("void", Some(why.as_str())),
    };
    Line::Mutant {
        lab: &identity.lab,
        scenario: &identity.scenario,
        variant: &identity.variant,
        file: &identity.file,
        kind: mutation.kind(),
        process: process.map(|process| process.name.as_str()),
        link: match mutation {
            Mutation::Cut(ends) => Some(ends),
            _ => None,
        },
        line: said,
        becomes,
        fate,
        why,
        near: near.map(|near| Near {
            line: near.place.line,
            column: near.place.column,
            text: &near.text,
        }),
    }
}

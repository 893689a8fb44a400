//! Mutants, for people.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use lab_runner::mutation::LeftOut;
use lab_scenario::plan::MutationKind;

use super::{Controls, Fate, Score, Trial, controls, labs, score, subject};
use crate::clean::clean_line;
use crate::theme::Theme;
use crate::words::{count, fit, pad};

/// Columns of a kind.
const COLUMN: usize = 8;

/// Survivors that are shown of each scenario.
const SHOWN: usize = 40;

/// Draws what came of all trials.
///
/// ```text
///                            mute    kill     cut    drop  double   delay    swap   alter
/// direct-chat/three-users     4/4     4/4     4/4     9/9     8/9     9/9       –     9/9
///
/// survived in direct-chat/three-users (labs/direct-chat/three-users.yaml):
///   double  bob: hello From alice
///           line 27: bob< hello From alice
///
/// direct-chat: noticed 12 of 12 broken processes and links (100 %), 44 of 45 broken lines (97 %)
///   4 runs with nothing broken, all passed
/// ```
#[must_use]
pub fn draw(trials: &[Trial<'_>], theme: Theme, width: usize) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, trials, theme, width);
    text
}

fn write(text: &mut String, trials: &[Trial<'_>], theme: Theme, width: usize) -> fmt::Result {
    let (strong, faint, warning) = (theme.strong, theme.faint, theme.warning);
    let label = |trial: &Trial<'_>| clean_line(&trial.plan.identity.label());
    let columns = trials.iter().map(|trial| label(trial).chars().count()).max().unwrap_or(0);
    let columns = columns.min(width.saturating_sub(COLUMN * MutationKind::ALL.len()).max(24));
    write!(text, "{:columns$}", "")?;
    for kind in MutationKind::ALL {
        write!(text, "{faint}{kind:>COLUMN$}{faint:#}")?;
    }
    text.push('\n');
    for trial in trials {
        write!(text, "{}", pad(&fit(&label(trial), columns), columns))?;
        for kind in MutationKind::ALL {
            write_cell(text, trial.score(|other| other == kind), theme)?;
        }
        text.push('\n');
    }
    for trial in trials {
        write_survivors(text, trial, theme, width)?;
        write_void(text, trial, theme, width)?;
    }
    write_advice(text, trials, theme)?;
    text.push('\n');
    for (lab, trials) in labs(trials) {
        writeln!(text, "{strong}{}{strong:#}: {}", clean_line(lab), noticed(trials))?;
        let Controls { passed, of } = controls(trials);
        let unbroken = count(of, "run");
        if passed == of {
            writeln!(text, "{faint}  {unbroken} with nothing broken, all passed{faint:#}")?;
        } else {
            let failed = of - passed;
            let advice = "what was noticed may be chance: use fewer --jobs or more --patience";
            writeln!(
                text,
                "{warning}  of {unbroken} with nothing broken {failed} failed; {advice}{warning:#}"
            )?;
        }
        if let Some(words) = left_out(trials) {
            writeln!(text, "{faint}  not broken, since nobody could notice: {words}{faint:#}")?;
        }
    }
    Ok(())
}

fn write_cell(text: &mut String, score: Score, theme: Theme) -> fmt::Result {
    let Score { killed, of } = score;
    let cell = if of == 0 { "–".to_owned() } else { format!("{killed}/{of}") };
    let style = if killed == of { theme.faint } else { theme.bad };
    write!(text, "{style}{cell:>COLUMN$}{style:#}")
}

/// `noticed 12 of 12 broken processes and links (100 %), 44 of 45 broken lines (97 %)`.
fn noticed(trials: &[Trial<'_>]) -> String {
    let parts = [
        (score(trials, |kind| !kind.is_of_line()), "broken processes and links"),
        (score(trials, MutationKind::is_of_line), "broken lines"),
    ];
    let words: Vec<String> = parts
        .into_iter()
        .filter(|(score, _)| score.of > 0)
        .map(|(score, what)| format!("{} of {} {what}{}", score.killed, score.of, percent(score)))
        .collect();
    if words.is_empty() {
        "nothing was broken".to_owned()
    } else {
        format!("noticed {}", words.join(", "))
    }
}

fn percent(score: Score) -> String {
    // Never 100 if one is missing.
    format!(" ({} %)", score.percent().floor())
}

fn write_survivors(
    text: &mut String,
    trial: &Trial<'_>,
    theme: Theme,
    width: usize,
) -> fmt::Result {
    let survivors: Vec<_> = trial
        .mutants
        .iter()
        .filter(|(_, fate)| *fate == Fate::Survived)
        .map(|(mutant, _)| mutant)
        .collect();
    if survivors.is_empty() {
        return Ok(());
    }
    let (strong, faint, bad) = (theme.strong, theme.faint, theme.bad);
    let identity = &trial.plan.identity;
    let (label, file) = (clean_line(&identity.label()), identity.file.display().to_string());
    let file = clean_line(&file);
    writeln!(text, "\n{strong}survived in {label}{strong:#} {faint}({file}){faint:#}:")?;
    for mutant in survivors.iter().take(SHOWN) {
        let what = clean_line(&subject(trial.plan, mutant));
        let what = fit(&what, width.saturating_sub(10));
        writeln!(text, "  {bad}{:6}{bad:#}  {what}", mutant.mutation.kind())?;
        if let Some(near) = &mutant.near {
            let near = format!("line {}: {}", near.place.line, clean_line(&near.text));
            let near = fit(&near, width.saturating_sub(10)).into_owned();
            writeln!(text, "          {faint}{near}{faint:#}")?;
        }
    }
    match survivors.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => writeln!(text, "  … and {more} more"),
        _ => Ok(()),
    }
}

fn write_void(text: &mut String, trial: &Trial<'_>, theme: Theme, width: usize) -> fmt::Result {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for (_, fate) in &trial.mutants {
        let Fate::Void(why) = fate else { continue };
        match reasons.iter_mut().find(|(known, _)| known == why) {
            Some((_, times)) => *times += 1,
            None => reasons.push((why, 1)),
        }
    }
    let warning = theme.warning;
    for (why, times) in reasons {
        let label = clean_line(&trial.plan.identity.label());
        let line = format!("{label}: {} not counted: {}", count(times, "mutant"), clean_line(why));
        writeln!(text, "\n{warning}{}{warning:#}", fit(&line, width))?;
    }
    Ok(())
}

/// What helps against the kinds that survived.
fn write_advice(text: &mut String, trials: &[Trial<'_>], theme: Theme) -> fmt::Result {
    let kinds: BTreeSet<MutationKind> = trials
        .iter()
        .flat_map(|trial| &trial.mutants)
        .filter(|(_, fate)| *fate == Fate::Survived)
        .map(|(mutant, _)| mutant.mutation.kind())
        .collect();
    if kinds.is_empty() {
        return Ok(());
    }
    text.push_str("\nto tighten:\n");
    let faint = theme.faint;
    for kind in kinds {
        writeln!(text, "  {kind:6}  {faint}{}{faint:#}", advice(kind))?;
    }
    Ok(())
}

fn advice(kind: MutationKind) -> &'static str {
    match kind {
        MutationKind::Mute | MutationKind::Kill => "expect something that only this process can do",
        MutationKind::Cut => "let something come across the link, even where nothing else may",
        MutationKind::Drop | MutationKind::Delay => "expect the line, or `contains` or `count` it",
        MutationKind::Double => "say how often: `count`, `delivered`, or a dialogue with `!<`",
        MutationKind::Swap => "expect both lines, or check their `order`",
        MutationKind::Alter => "look for the whole line and not for a part: `/^…$/`",
    }
}

fn left_out(trials: &[Trial<'_>]) -> Option<String> {
    let sum = |part: fn(&LeftOut) -> usize| trials.iter().map(|t| part(&t.left_out)).sum::<usize>();
    let parts = [
        (sum(|left| left.startup), "said at the start"),
        (sum(|left| left.log), "with a time of day"),
        (sum(|left| left.prompt), "that are only a prompt"),
        (sum(|left| left.unheard), "of processes that no step or check listens to"),
        (sum(|left| left.asked), "that `ask` asks for again"),
        (sum(|left| left.pieces), "in pieces"),
        (sum(|left| left.after), "after the last step"),
    ];
    let words: Vec<String> = parts
        .into_iter()
        .filter(|(lines, _)| *lines > 0)
        .map(|(lines, what)| format!("{} {what}", count(lines, "line")))
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

//! What repetitions came to, for people: how often a scenario passes, and each
//! way in which it does not.

use std::fmt::Write as _;

use lab_runner::event::Verdict;

use crate::clean::clean_line;
use crate::statistics::{Group, Tally};
use crate::theme::Theme;
use crate::words::{self, fit};

/// Letters of the usual word.
const PASS: usize = 4;

/// Ways that are shown.
const SHOWN: usize = 10;

/// Repetitions that are named of each way.
const NAMED: usize = 10;

/// Draws the tally of one scenario, its label filled up to `columns`.
///
/// ```text
/// FLAKY  demo/flaky  33 of 50 passed: 66 %, 95 % interval 52 to 78 %
///   12 failed  client did not say `hello` within 1 s  (flaky.yaml:12)
///              instead: `lost`
///              #3 #7 #12 …
///              results of #3: results/demo/flaky/2026-11-21T10-04-33Z-5f3a
/// ```
pub(crate) fn draw(tally: &Tally, columns: usize, theme: Theme, width: usize) -> String {
    let mut text = headline(tally, columns, theme);
    text.push('\n');
    let groups = tally.by_weight();
    let counts = groups.iter().map(|group| group.count.to_string().len()).max().unwrap_or(0);
    for group in groups.iter().take(SHOWN) {
        // Writing to a string cannot fail.
        let _ = write_group(&mut text, tally, group, counts, theme, width);
    }
    let hidden = groups.iter().skip(SHOWN).map(|group| group.count).sum::<usize>() + tally.others;
    if hidden > 0 {
        let _ = writeln!(text, "  … and {hidden} in other ways");
    }
    text
}

/// `FLAKY  demo/flaky  33 of 50 passed: 66 %, 95 % interval 52 to 78 %`
pub(crate) fn headline(tally: &Tally, columns: usize, theme: Theme) -> String {
    let (word, style) = word(tally, theme);
    // A long word takes some of the room of the label.
    let label = words::pad(&tally.label, (columns + PASS).saturating_sub(word.len()));
    let strong = theme.strong;
    let trials = tally.trials();
    let beside = [
        (tally.inconclusive, "inconclusive"),
        (tally.invalid, "invalid"),
        (tally.skipped, "skipped"),
        (tally.cut_short, "cut short"),
    ];
    let beside: Vec<_> = beside
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let beside = beside.join(", ");
    let head = format!("{style}{word}{style:#}  {label}");
    let Some((rate, interval)) = tally.rate() else { return format!("{head}  {beside}") };
    let percent = |share| words::percent(share, trials);
    let uncounted =
        if beside.is_empty() { String::new() } else { format!("; not counted: {beside}") };
    format!(
        "{head}  {strong}{} of {trials} passed{strong:#}: {} %, 95 % interval {} to {} %{uncounted}",
        tally.passed,
        percent(rate),
        percent(interval.low),
        percent(interval.high),
    )
}

fn word(tally: &Tally, theme: Theme) -> (&'static str, anstyle::Style) {
    if tally.is_flaky() {
        ("FLAKY", theme.bad)
    } else if tally.failed > 0 {
        ("FAIL", theme.bad)
    } else if tally.invalid > 0 {
        ("INVALID", theme.warning)
    } else if tally.inconclusive > 0 {
        ("INCONCLUSIVE", theme.warning)
    } else if tally.passed > 0 {
        ("PASS", theme.good)
    } else if tally.skipped > 0 {
        ("SKIP", theme.warning)
    } else {
        ("STOPPED", theme.warning)
    }
}

fn write_group(
    text: &mut String,
    tally: &Tally,
    group: &Group,
    counts: usize,
    theme: Theme,
    width: usize,
) -> std::fmt::Result {
    let signature = &group.signature;
    let what = match signature.verdict {
        Verdict::Fail => "failed",
        verdict => verdict.name(),
    };
    let style = theme.verdict(signature.verdict);
    let count = group.count;
    let margin = " ".repeat(2 + counts + 1 + what.len() + 2);
    let room = width.saturating_sub(margin.len());
    let place = match (signature.place, tally.file.file_name()) {
        (Some(place), Some(name)) => {
            format!("  ({}:{})", clean_line(&name.to_string_lossy()), place.line)
        }
        _ => String::new(),
    };
    let summary = fit(&signature.summary, room.saturating_sub(place.len()));
    let faint = theme.faint;
    writeln!(text, "  {style}{count:>counts$} {what}{style:#}  {summary}{faint}{place}{faint:#}")?;
    if let Some(came) = &signature.came {
        let label = if signature.place.is_some() { "instead: " } else { "" };
        writeln!(text, "{margin}{label}{}", fit(came, room.saturating_sub(label.len())))?;
    }
    let mut numbers = group.repetitions.clone();
    numbers.sort_unstable();
    let named: Vec<_> = numbers.iter().take(NAMED).map(|number| format!("#{number}")).collect();
    let more = if group.count > NAMED { " …" } else { "" };
    writeln!(text, "{margin}{faint}{}{more}{faint:#}", named.join(" "))?;
    if let Some(folder) = &group.folder {
        let (first, folder) = (group.first, folder.display());
        writeln!(text, "{margin}{faint}results of #{first}: {folder}{faint:#}")?;
    }
    Ok(())
}

//! What may become of a line.

use std::time::Duration;

use lab_scenario::plan::{Action, LineChange, Plan, ProcessId};

use super::sample::mix;
use super::story::{Line, Played, Story};

/// How much later than anybody waits a delayed line comes.
const TOO_LATE: Duration = Duration::from_millis(100);

/// So many times as early as in the unbroken run a line may come before somebody waits for it.
const EARLY: u32 = 3;

/// What may become of a line; the next is one that somebody may notice.
pub(super) fn changes(
    plan: &Plan,
    story: &Story,
    of: ProcessId,
    line: &Line,
    next: Option<&Line>,
) -> Vec<LineChange> {
    let delayed = delay(plan, story, of, line);
    let swapped = next.filter(|next| next.text != line.text);
    let swapped = swapped.map(|next| LineChange::Swap(next.text.clone()));
    let altered = alter(&line.text, plan.identity.seed).map(LineChange::Alter);
    [Some(LineChange::Drop), Some(LineChange::Double), Some(delayed), swapped, altered]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn delay(plan: &Plan, story: &Story, of: ProcessId, line: &Line) -> LineChange {
    let early = earliness(plan, story, of, line).saturating_mul(EARLY);
    LineChange::Delay(patience(plan, of).saturating_add(early).saturating_add(TOO_LATE))
}

/// How long a line was there before the step began that may have waited for it.
fn earliness(plan: &Plan, story: &Story, of: ProcessId, line: &Line) -> Duration {
    let waits = |played: &&Played| {
        let action = plan.steps.get(played.step).map(|step| &step.action);
        played.to >= line.ended
            && matches!(action, Some(Action::Expect { from: by, .. } | Action::Ask { of: by, .. })
                if *by == of)
    };
    let first = story.played.iter().filter(waits).min_by_key(|played| played.to);
    first
        .map_or(Duration::ZERO, |first| Duration::from_nanos(first.from.saturating_sub(line.ended)))
}

/// How long steps wait for output: of this process, or else of any.
fn patience(plan: &Plan, of: ProcessId) -> Duration {
    let longest = |only: Option<ProcessId>| {
        let steps = plan.steps.iter().filter(|step| match step.action {
            Action::Expect { from: of, .. } | Action::Ask { of, .. } => {
                only.is_none_or(|only| only == of)
            }
            _ => false,
        });
        steps.map(|step| step.within).max()
    };
    longest(Some(of)).or_else(|| longest(None)).unwrap_or(Duration::from_secs(1))
}

/// The line with another letter, or digit, in one place.
fn alter(text: &str, seed: u64) -> Option<String> {
    let of_kind = |is: fn(char) -> bool| -> Vec<usize> {
        text.char_indices().filter(|(_, letter)| is(*letter)).map(|(at, _)| at).collect()
    };
    let mut places = of_kind(char::is_alphabetic);
    if places.is_empty() {
        places = of_kind(|letter| letter.is_ascii_digit());
    }
    let lot = text.bytes().fold(mix(seed), |lot, byte| mix(lot ^ u64::from(byte)));
    let lot = usize::try_from(lot % u64::try_from(places.len()).ok()?.max(1)).ok()?;
    let at = *places.get(lot)?;
    let letter = text[at..].chars().next()?;
    let other = match letter {
        'z' => 'a',
        'Z' => 'A',
        '9' => '0',
        'a'..='y' | 'A'..='Y' | '0'..='8' => char::from(letter as u8 + 1),
        _ => 'x',
    };
    Some(format!("{}{other}{}", &text[..at], &text[at + letter.len_utf8()..]))
}

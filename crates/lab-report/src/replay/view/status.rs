//! The two lines at the bottom: how far we are, and what the run was doing.

use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::super::Nanos;
use super::super::player::Player;
use super::super::recording::MarkerKind;
use super::{Canvas, columns};
use crate::words;

/// What is said of keys, where there is room.
const HINTS: [&str; 3] = [
    "space pause  ←→ seek  [ ] marker  -+ speed  Tab next  z zoom  ? keys  q quit",
    "space pause  ←→ seek  ? keys  q quit",
    "? keys",
];

/// Shortest description of a marker that is not cut for the sake of hints.
const MIN_TEXT: usize = 30;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, player: &Player) {
    if area.height >= 2 {
        clock(canvas, Rect { height: 1, ..area }, player);
    }
    if area.height >= 1 {
        doing(canvas, Rect { y: area.bottom() - 1, height: 1, ..area }, player);
    }
}

/// `▶ 1×  0.132 / 4.000 s  ━━━━┿━━──◆──`
fn clock(canvas: &mut Canvas<'_>, area: Rect, player: &Player) {
    let end = player.recording().end;
    let sign = match player.is_paused() {
        false => '▶',
        true if player.is_at_end() => '■',
        true => '‖',
    };
    let text = format!(" {sign} {:<6}  {}  ", speed(player.speed()), time(player.now(), end));
    let x = canvas.text(area.x, area.y, area.right(), &text, canvas.strong());
    bar(canvas, Rect { x, width: area.right().saturating_sub(x + 1), ..area }, player);
}

fn bar(canvas: &mut Canvas<'_>, area: Rect, player: &Player) {
    let width = usize::from(area.width);
    if width == 0 {
        return;
    }
    let mut kinds = vec![None; width];
    for marker in &player.recording().markers {
        let column = (player.progress(marker.at) * width as f64) as usize;
        let kind = &mut kinds[column.min(width - 1)];
        *kind = (*kind).max(Some(marker.kind));
    }
    let done = (player.progress(player.now()) * width as f64).round() as usize;
    for (index, kind) in kinds.into_iter().enumerate() {
        let is_done = index < done;
        let line = if is_done { canvas.colour(Color::Cyan) } else { canvas.faint() };
        let (sign, style) = match kind {
            None => (if is_done { '━' } else { '─' }, line),
            Some(MarkerKind::Step) => (if is_done { '┿' } else { '┼' }, line),
            Some(MarkerKind::Label) => ('▲', canvas.strong()),
            Some(MarkerKind::Pause) => ('‖', canvas.strong()),
            Some(MarkerKind::Change) => ('◆', canvas.colour(Color::Yellow)),
            Some(MarkerKind::End) => ('✓', canvas.colour(Color::Green)),
            Some(MarkerKind::Trouble) => ('✗', canvas.colour(Color::Red)),
        };
        canvas.character(area.x + index as u16, area.y, sign, style);
    }
}

/// The marker that was passed last, and hints.
fn doing(canvas: &mut Canvas<'_>, area: Rect, player: &Player) {
    let (text, style) = match player.marker() {
        None => (player.recording().title.clone(), canvas.faint()),
        Some(marker) => {
            let style = match marker.kind {
                MarkerKind::Step => Style::new(),
                MarkerKind::Label | MarkerKind::Pause => canvas.strong(),
                MarkerKind::Change => canvas.colour(Color::Yellow),
                MarkerKind::End => canvas.colour(Color::Green),
                MarkerKind::Trouble => canvas.colour(Color::Red),
            };
            (marker.text.clone(), style)
        }
    };
    let (page, pages) = player.page();
    let page = if pages > 1 { format!("{page}/{pages}  ") } else { String::new() };
    let width = usize::from(area.width);
    let room = width.saturating_sub(columns(&text).clamp(MIN_TEXT, width.max(MIN_TEXT)) + 4);
    let hints = HINTS.into_iter().find(|hint| columns(hint) + columns(&page) <= room);
    let right = format!("{page}{}", hints.unwrap_or_default());
    let text_width = width.saturating_sub(columns(&right) + 3);
    canvas.text(area.x + 1, area.y, area.right(), &words::fit(&text, text_width), style);
    let start = area.right().saturating_sub(columns(&right) as u16 + 1).max(area.x);
    let faint = Style::new().add_modifier(Modifier::DIM);
    canvas.text(start, area.y, area.right(), &right, faint);
}

/// `2×`, `1/64×`, `1.5×`.
fn speed(speed: f64) -> String {
    let inverse = 1.0 / speed;
    if speed < 1.0 && inverse.fract() == 0.0 {
        format!("1/{inverse}×")
    } else {
        format!("{}×", (speed * 1000.0).round() / 1000.0)
    }
}

/// `0.132 / 4.000 s`, `1:02.3 / 12:40.0`.
fn time(now: Nanos, end: Nanos) -> String {
    const SECOND: Nanos = 1_000_000_000;
    if end < 60 * SECOND {
        let of = |time: Nanos| format!("{}.{:03}", time / SECOND, time % SECOND / 1_000_000);
        return format!("{:>6} / {} s", of(now), of(end));
    }
    let of = |time: Nanos| {
        let (tenths, seconds) = (time % SECOND / 100_000_000, time / SECOND);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match end >= 3600 * SECOND {
            true => format!("{hours}:{minutes:02}:{seconds:02}.{tenths}"),
            false => format!("{minutes}:{seconds:02}.{tenths}"),
        }
    };
    let end = of(end);
    format!("{:>1$} / {end}", of(now), end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds() {
        let table = [(1.0, "1×"), (8.0, "8×"), (1.0 / 64.0, "1/64×"), (1.5, "1.5×"), (0.3, "0.3×")];
        for (number, text) in table {
            assert_eq!(speed(number), text);
        }
    }

    #[test]
    fn times() {
        let second = 1_000_000_000;
        assert_eq!(time(132_000_000, 4 * second), " 0.132 / 4.000 s");
        assert_eq!(time(62_300_000_000, 760 * second), " 1:02.3 / 12:40.0");
        assert_eq!(time(0, 7200 * second), "0:00:00.0 / 2:00:00.0");
    }
}

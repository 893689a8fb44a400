//! One terminal of many.
//!
//! A pane is often smaller than the terminal that was recorded. Lines that are too long are
//! then folded, as they would have been in a narrower terminal, and the last rows are
//! shown. Only programs that fill the screen, on the terminal's alternate
//! screen, are cut.

use avt::{Cell, Pen, ScreenKind, Terminal};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::super::Nanos;
use super::super::recording::{State, Track};
use super::super::screen::Screen;
use super::{Canvas, columns};
use crate::words;

/// Draws a terminal and, above it, its title.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    place: Rect,
    track: &Track,
    screen: &Screen,
    now: Nanos,
    focused: bool,
) {
    let state = track.state(now);
    title(canvas, place, track, state, focused);
    let inner = Rect { y: place.y + 1, height: place.height.saturating_sub(1), ..place };
    if let Some(terminal) = screen.terminal().filter(|_| inner.width > 0 && inner.height > 0) {
        let has_cursor = !matches!(state, None | Some(State::Ended(_)));
        content(canvas, inner, terminal, has_cursor);
    }
}

/// Draws what parts a terminal from the one to its right.
pub(super) fn draw_edge(canvas: &mut Canvas<'_>, place: Rect) {
    for y in place.top()..place.bottom() {
        let line = if y == place.top() { '─' } else { '│' };
        canvas.character(place.right(), y, line, canvas.faint());
    }
}

fn title(
    canvas: &mut Canvas<'_>,
    place: Rect,
    track: &Track,
    state: Option<&State>,
    focused: bool,
) {
    if place.height == 0 {
        return;
    }
    let (line, style) = if focused {
        ("━", canvas.strong().patch(canvas.colour(Color::Cyan)))
    } else {
        ("─", canvas.faint())
    };
    let (y, end) = (place.y, place.right());
    canvas.text(place.x, y, end, &line.repeat(place.width.into()), style);
    let name = match &*track.host {
        "" => format!(" {} ", track.name),
        host => format!(" {} on {host} ", track.name),
    };
    let name = words::fit(&name, usize::from(place.width.saturating_sub(2)));
    let next = canvas.text(
        place.x + 1,
        y,
        end,
        &name,
        canvas.strong().patch(style.remove_modifier(Modifier::DIM)),
    );
    let (said, style) = match state {
        None => (" not started ".to_owned(), canvas.faint()),
        Some(State::Running(_)) => return,
        Some(State::Ended(how)) if how.ends_with(" 0") => (format!(" {how} "), canvas.faint()),
        Some(State::Ended(how)) => (format!(" {how} "), canvas.colour(Color::Red)),
    };
    let length = columns(&said) as u16;
    if let Some(start) = end.checked_sub(length + 1).filter(|start| *start > next) {
        canvas.text(start, y, end, &said, style);
    }
}

fn content(canvas: &mut Canvas<'_>, inner: Rect, terminal: &Terminal, has_cursor: bool) {
    let rows = match terminal.active_screen_kind() {
        ScreenKind::Primary => folded(terminal, inner.width.into()),
        ScreenKind::Alternate => cut(terminal, inner.width.into(), inner.height.into()),
    };
    let first = rows.len().saturating_sub(inner.height.into());
    let cursor = terminal.cursor();
    for (y, row) in (inner.y..inner.bottom()).zip(&rows[first..]) {
        for (index, cell) in row.cells.iter().enumerate().filter(|(_, cell)| cell.width() > 0) {
            let x = inner.x + index as u16;
            canvas.character(x, y, cell.char(), style(cell.pen(), canvas.coloured));
        }
        if row.line == cursor.row && cursor.visible && has_cursor {
            let column = cursor.col.checked_sub(row.start);
            let is_last = row.is_last;
            if let Some(column) = column.filter(|column| *column < inner.width.into())
                && (is_last || column < row.cells.len())
                && let Some(cell) = canvas.buffer.cell_mut((inner.x + column as u16, y))
            {
                cell.modifier.toggle(Modifier::REVERSED);
            }
        }
    }
}

/// A row of a pane.
struct Row<'a> {
    cells: &'a [Cell],
    /// The line of the terminal that it is a part of, and the column where it begins.
    line: usize,
    start: usize,
    /// Whether it is the end of that line.
    is_last: bool,
}

/// All lines down to the last that holds anything, folded to a width.
fn folded(terminal: &Terminal, width: usize) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut used = 0;
    for (line, content) in terminal.screen().visible_lines().enumerate() {
        let cells = content.cells();
        let length = cells.iter().rposition(|cell| !is_blank(cell)).map_or(0, |last| last + 1);
        let mut start = 0;
        loop {
            let mut end = length.min(start + width);
            // A wide character is not torn.
            if end < length && cells[end].width() == 0 && end > start + 1 {
                end -= 1;
            }
            let is_last = end >= length;
            rows.push(Row { cells: &cells[start..end], line, start, is_last });
            if is_last {
                break;
            }
            start = end;
        }
        if length > 0 || line == terminal.cursor().row {
            used = rows.len();
        }
    }
    rows.truncate(used);
    rows
}

/// As many lines as fit, those around the cursor.
fn cut(terminal: &Terminal, width: usize, height: usize) -> Vec<Row<'_>> {
    let first = (terminal.cursor().row + 1).saturating_sub(height);
    let lines = terminal.screen().visible_lines().enumerate().skip(first).take(height);
    lines
        .map(|(line, content)| {
            let cells = content.cells();
            Row { cells: &cells[..cells.len().min(width)], line, start: 0, is_last: true }
        })
        .collect()
}

fn is_blank(cell: &Cell) -> bool {
    cell.char() == ' ' && *cell.pen() == Pen::default()
}

fn style(pen: &Pen, coloured: bool) -> Style {
    let colour = |colour: avt::Color| match colour {
        avt::Color::Indexed(index) => Color::Indexed(index),
        avt::Color::RGB(rgb) => Color::Rgb(rgb.r, rgb.g, rgb.b),
    };
    let modifiers = [
        (pen.is_bold(), Modifier::BOLD),
        (pen.is_faint(), Modifier::DIM),
        (pen.is_italic(), Modifier::ITALIC),
        (pen.is_underline(), Modifier::UNDERLINED),
        (pen.is_strikethrough(), Modifier::CROSSED_OUT),
        (pen.is_blink(), Modifier::SLOW_BLINK),
        (pen.is_inverse(), Modifier::REVERSED),
    ];
    let set = modifiers.into_iter().filter(|(is_set, _)| *is_set).map(|(_, modifier)| modifier);
    let style = Style::new().add_modifier(set.collect());
    if !coloured {
        return style;
    }
    Style { fg: pen.foreground().map(colour), bg: pen.background().map(colour), ..style }
}

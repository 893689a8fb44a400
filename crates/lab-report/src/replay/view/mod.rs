//! What the window shows: the terminals, each below its title, and two lines with the
//! time, what the run was doing, and keys.

mod pane;
mod status;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthChar as _;

use super::player::Player;
use crate::words;

/// Lines at the bottom.
const STATUS: u16 = 2;

/// All keys, for the help.
const KEYS: [(&str, &str); 12] = [
    ("space", "pause, go on"),
    ("← →", "5 s back, ahead"),
    ("[ ]", "to the marker before, the next one"),
    (", .", "to the event before, the next one"),
    ("- +", "slower, faster"),
    ("Home End", "to the beginning, the end"),
    ("Tab", "to the next terminal"),
    ("PgDn PgUp", "to the next page, the one before"),
    ("z Enter", "only this terminal, or all again"),
    ("? h", "this help"),
    ("q Esc", "quit"),
    ("┼ ▲ ◆ ‖ ✗", "step, label, change, hold, trouble"),
];

/// Draws what is to be seen of a recording into a window that the player was
/// [fitted](Player::fit) to. Without colours the programs' own are left out, too.
pub fn draw(player: &Player, coloured: bool, window: Rect, buffer: &mut Buffer) {
    let window = window.intersection(buffer.area);
    let mut canvas = Canvas { buffer, window, coloured };
    let terminals = terminals(window);
    for (place, track, screen, focused) in player.panes() {
        pane::draw(&mut canvas, place, track, screen, player.now(), focused);
        if place.right() < terminals.right() {
            pane::draw_edge(&mut canvas, place);
        }
    }
    if player.recording().tracks.is_empty() {
        let text = "nothing was said in this run";
        canvas.text(terminals.x, terminals.y, terminals.right(), text, canvas.faint());
    }
    let status = Rect {
        y: terminals.bottom(),
        height: window.bottom().saturating_sub(terminals.bottom()),
        ..window
    };
    status::draw(&mut canvas, status, player);
    if player.has_help() {
        help(&mut canvas, terminals);
    }
}

/// The part of a window that shows terminals.
pub(super) fn terminals(window: Rect) -> Rect {
    Rect { height: window.height.saturating_sub(STATUS), ..window }
}

fn help(canvas: &mut Canvas<'_>, area: Rect) {
    let [keys, what] = [|row: &(&str, &str)| columns(row.0), |row: &(&str, &str)| columns(row.1)]
        .map(|length| KEYS.iter().map(length).max().unwrap_or(0));
    let width = u16::try_from(keys + what + 6).unwrap_or(u16::MAX).min(area.width);
    let height = u16::try_from(KEYS.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let left = area.x + (area.width - width) / 2;
    let top = area.y + (area.height - height) / 2;
    let inner = usize::from(width.saturating_sub(2));
    for row in 0..height {
        let line = match usize::from(row).checked_sub(1) {
            None => format!("┌{}┐", "─".repeat(inner)),
            Some(_) if row + 1 == height => format!("└{}┘", "─".repeat(inner)),
            Some(index) => {
                let (key, meaning) = KEYS.get(index).copied().unwrap_or_default();
                let line = format!(" {}  {meaning}", words::pad(key, keys));
                format!("│{}│", words::pad(&words::fit(&line, inner), inner))
            }
        };
        canvas.text(left, top + row, left + width, &line, Style::new());
    }
}

fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// What is drawn on: nothing goes beyond its window.
struct Canvas<'a> {
    buffer: &'a mut Buffer,
    window: Rect,
    coloured: bool,
}

impl Canvas<'_> {
    /// Writes a line from a column on, as much as fits before the column `end`, and says
    /// which column comes next.
    fn text(&mut self, x: u16, y: u16, end: u16, text: &str, style: Style) -> u16 {
        let mut x = x;
        for character in text.chars() {
            let width = character.width().unwrap_or(0) as u16;
            if x.saturating_add(width) > end {
                break;
            }
            self.character(x, y, character, style);
            x += width;
        }
        x
    }

    /// Puts a character into a cell. What takes no column of its own, or would be obeyed
    /// instead of shown, becomes a mark.
    fn character(&mut self, x: u16, y: u16, character: char, style: Style) {
        let width = match character.width() {
            Some(width @ 1..) if !crate::clean::is_deceptive(character) => width as u16,
            _ => return self.character(x, y, char::REPLACEMENT_CHARACTER, style),
        };
        if y >= self.window.bottom() || x.saturating_add(width) > self.window.right() {
            return;
        }
        for tail in 1..width {
            if let Some(cell) = self.buffer.cell_mut((x + tail, y)) {
                cell.reset();
            }
        }
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.reset();
            cell.set_char(character).set_style(style);
        }
    }

    fn colour(&self, colour: Color) -> Style {
        if self.coloured { Style::new().fg(colour) } else { Style::new() }
    }

    fn faint(&self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}

#[cfg(test)]
mod tests;

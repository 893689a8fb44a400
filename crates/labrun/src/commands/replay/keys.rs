//! Which key means what.

use lab_report::replay::Command;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Something of the player.
    Player(Command),
    /// To stop watching.
    Quit,
    /// The same, in a hurry.
    Interrupt,
}

/// What a key means, if anything.
pub(super) fn wish(key: KeyEvent) -> Option<Wish> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Wish::Interrupt);
    }
    Some(Wish::Player(match key.code {
        KeyCode::Char('q') | KeyCode::Esc => return Some(Wish::Quit),
        KeyCode::Char(' ' | 'p') => Command::PauseOrGoOn,
        KeyCode::Left => Command::Back,
        KeyCode::Right => Command::Forward,
        KeyCode::Char('[') => Command::PreviousMarker,
        KeyCode::Char(']') => Command::NextMarker,
        KeyCode::Char(',') => Command::PreviousEvent,
        KeyCode::Char('.') => Command::NextEvent,
        KeyCode::Home | KeyCode::Char('g') => Command::Start,
        KeyCode::End | KeyCode::Char('G') => Command::End,
        KeyCode::Char('-' | '<') => Command::Slower,
        KeyCode::Char('+' | '=' | '>') => Command::Faster,
        KeyCode::Tab => Command::NextPane,
        KeyCode::BackTab => Command::PreviousPane,
        KeyCode::PageDown => Command::NextPage,
        KeyCode::PageUp => Command::PreviousPage,
        KeyCode::Enter | KeyCode::Char('z') => Command::Zoom,
        KeyCode::Char('?' | 'h') => Command::Help,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let key = |code, modifiers| wish(KeyEvent::new(code, modifiers));
        let plain = |code| key(code, KeyModifiers::NONE);
        assert_eq!(plain(KeyCode::Char(' ')), Some(Wish::Player(Command::PauseOrGoOn)));
        // Terminals tell of Shift with some characters and not with others.
        let shifted = key(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(shifted, Some(Wish::Player(Command::End)));
        assert_eq!(plain(KeyCode::Esc), Some(Wish::Quit));
        let control = |c| key(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert_eq!([control('c'), control('q')], [Some(Wish::Interrupt), None]);
        assert_eq!(plain(KeyCode::F(1)), None);
    }
}

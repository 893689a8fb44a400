//! The prompt of a session, for whoever knows Mininet's.
//!
//! What a line means ([`command`]), what can follow it ([`complete`]) and what is said of what
//! there is ([`show`], [`draw`], [`help`]) is pure. Around it are the edges: a terminal with line
//! editing or a script (`lines`), and the session, by its protocol alone.

mod board;
mod capture;
pub mod command;
pub mod complete;
pub mod draw;
pub mod help;
mod keyboard;
mod lines;
mod perform;
mod reach;
pub mod show;
mod table;
#[cfg(test)]
mod tests;
mod visit;
mod yaml;

use std::io::{self, IsTerminal as _};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crate::client::{self, SessionError};
use crate::protocol::{Answer, Ask};
use board::Board;
use keyboard::Keyboard;
use lines::{Line, Script, Shared, Typist, commands};
use perform::{Done, Performer, print};

/// Reads commands and does them, until the person leaves or the session ends. Says whether
/// everything went well, which a script wants to know.
///
/// # Errors
/// There is no such session, or it cannot be spoken to.
pub fn run(session: &str) -> Result<bool, SessionError> {
    let performer = Performer::new(session);
    performer.look()?;
    let result = match io::stdin().is_terminal() {
        true => converse(&performer),
        false => follow(&performer),
    };
    performer.end_captures();
    match result {
        // Somebody else has ended it.
        Err(SessionError::Ended { .. } | SessionError::Unknown { .. }) => Ok(true),
        result => result,
    }
}

/// The lines of a script, one after the other.
fn follow(performer: &Performer<'_>) -> Result<bool, SessionError> {
    let mut well = true;
    for line in Script::new() {
        match performer.perform(&line, None)? {
            Done::Well => {}
            Done::Badly => well = false,
            Done::Left => break,
        }
    }
    Ok(well)
}

/// What happens while nothing is done.
enum News {
    Line(Line),
    /// The session has ended.
    Ended,
}

/// With somebody at a terminal, who is told what happens.
fn converse(performer: &Performer<'_>) -> Result<bool, SessionError> {
    let mut keyboard = Keyboard::take()?;
    let (told, news) = channel();
    let (typist, printer) = Typist::start(Shared::clone(&performer.shared), told.clone())?;
    let board = Board::new(printer);
    watch(performer.session, board.clone(), told)?;
    let mut beginning = String::new();
    loop {
        typist.ask(std::mem::take(&mut beginning));
        let text = match news.recv() {
            Ok(News::Line(Line::Text(text))) => text,
            Ok(News::Line(Line::Interrupted { was_empty })) => {
                if was_empty {
                    print("`exit` or Ctrl-D leaves, and ends the session of `labrun up`\n");
                }
                continue;
            }
            Ok(News::Line(Line::Ended)) => {
                board.hold();
                print("exit\n");
                return Ok(true);
            }
            Ok(News::Ended) | Err(_) => {
                print("\r\nthe session has ended\r\n");
                return Ok(true);
            }
        };
        let mut waiting = commands(&text);
        let mut is_typed = true;
        while let Some(line) = waiting.pop_front() {
            if !is_typed {
                print(&format!("{}{line}\n", lines::PROMPT));
            }
            board.hold();
            let done = performer.perform(&line, Some(&mut keyboard))?;
            if done == Done::Left {
                return Ok(true);
            }
            board.release();
            let (lines, rest) = keyboard.typed_ahead();
            waiting.extend(lines);
            beginning.push_str(&rest);
            is_typed = false;
        }
        // It may have ended while the terminal was somebody else's.
        if performer.look().is_err() {
            print("the session has ended\n");
            return Ok(true);
        }
    }
}

/// Puts on the board what happens in the session.
fn watch(session: &str, board: Board, told: Sender<News>) -> Result<(), SessionError> {
    let (asker, mut hearer) = client::enter(session)?;
    asker.ask(&Ask::Watch);
    let listening = thread::Builder::new().name("notices".to_owned()).spawn(move || {
        // The connection lasts as long as somebody could ask by it.
        let _asker = asker;
        while let Ok(answer) = hearer.hear() {
            if let Answer::Notice { text } = answer {
                board.put(&text);
            }
        }
        let _ = told.send(News::Ended);
    });
    listening.map(drop).map_err(SessionError::from)
}

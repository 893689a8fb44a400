//! The terminal that a recording is watched in.
//!
//! Two threads wait, one for keys and one for signals; the main one waits for both of
//! them until something is to be shown. Whatever ends it, the terminal is given
//! back first: an error, a panic (ratatui's hook sees to that), or a signal, by which the
//! program then dies, as whoever sent it expects.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use lab_report::replay::{Player, draw};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::keys::{self, Wish};
use crate::exit::Exit;

/// Bytes of output that are caught up with before the time is looked at again: few may
/// mean a lot of work.
const SLICE: usize = 512;

/// How long a window shows what is no longer so, at most, while catching up.
const PATIENCE: Duration = Duration::from_millis(30);

/// Something from outside.
enum Message {
    Event(Event),
    Signal(i32),
    /// There will be no more keys.
    Gone(io::Error),
}

/// Shows a recording until somebody has seen enough.
pub(super) fn show(mut player: Player, coloured: bool) -> io::Result<Exit> {
    let (sender, messages) = mpsc::channel();
    let signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let mut terminal = ratatui::try_init().inspect_err(|_| ratatui::restore())?;
    forward(signals, sender);
    let ended = watch(&mut terminal, &mut player, coloured, &messages);
    // Shows the cursor again.
    drop(terminal);
    let restored = ratatui::try_restore();
    match ended? {
        Ended::Quit(exit) => restored.map(|()| exit),
        Ended::Signal(signal) => {
            signal_hook::low_level::emulate_default_handler(signal)?;
            Ok(Exit::Interrupted)
        }
    }
}

/// Why it is over.
enum Ended {
    Quit(Exit),
    Signal(i32),
}

fn forward(mut signals: Signals, sender: Sender<Message>) {
    let keys = sender.clone();
    thread::spawn(move || {
        let gone = loop {
            match event::read() {
                Ok(event) => {
                    if keys.send(Message::Event(event)).is_err() {
                        return;
                    }
                }
                Err(error) => break error,
            }
        };
        // If nobody listens any more, all is over anyway.
        let _ = keys.send(Message::Gone(gone));
    });
    thread::spawn(move || {
        for signal in signals.forever() {
            if sender.send(Message::Signal(signal)).is_err() {
                return;
            }
        }
    });
}

fn watch(
    terminal: &mut DefaultTerminal,
    player: &mut Player,
    coloured: bool,
    messages: &Receiver<Message>,
) -> io::Result<Ended> {
    let mut last = Instant::now();
    loop {
        let is_there = show_now(terminal, player, coloured)?;
        let wait = if is_there { player.wait() } else { Some(Duration::ZERO) };
        let mut message = receive(messages, wait);
        let now = Instant::now();
        player.pass(now - last);
        last = now;
        while let Some(next) = message {
            match next {
                Message::Event(Event::Key(key)) => match keys::wish(key) {
                    Some(Wish::Player(command)) => player.command(command),
                    Some(Wish::Quit) => return Ok(Ended::Quit(Exit::Pass)),
                    Some(Wish::Interrupt) => return Ok(Ended::Quit(Exit::Interrupted)),
                    None => {}
                },
                // The next frame looks how large the window is.
                Message::Event(_) => {}
                Message::Signal(signal) => return Ok(Ended::Signal(signal)),
                Message::Gone(error) => return Err(error),
            }
            message = messages.try_recv().ok();
        }
    }
}

/// Brings the window up to the moment, or nearer to it; says whether it is there.
fn show_now(
    terminal: &mut DefaultTerminal,
    player: &mut Player,
    coloured: bool,
) -> io::Result<bool> {
    terminal.autoresize()?;
    player.fit(terminal.get_frame().area());
    let begun = Instant::now();
    let mut is_there = player.catch_up(SLICE);
    while !is_there && begun.elapsed() < PATIENCE {
        is_there = player.catch_up(SLICE);
    }
    terminal.draw(|frame| {
        let window = frame.area();
        draw(player, coloured, window, frame.buffer_mut());
    })?;
    Ok(is_there)
}

/// The next message, if one comes in time.
fn receive(messages: &Receiver<Message>, wait: Option<Duration>) -> Option<Message> {
    let gone = || Message::Gone(io::Error::from(io::ErrorKind::UnexpectedEof));
    match wait {
        None => Some(messages.recv().unwrap_or_else(|_| gone())),
        Some(wait) => match messages.recv_timeout(wait) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(gone()),
        },
    }
}

//! Any bytes as the record of a run, and any as what a program of it put out: all of it
//! can be printed, and watched in any window.
#![no_main]

use std::time::Duration;

use lab_report::replay::{Command, Player, Recording, draw, print};
use lab_report::theme::Theme;
use libfuzzer_sys::fuzz_target;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const COMMANDS: [Command; 8] = [
    Command::NextEvent,
    Command::NextMarker,
    Command::Zoom,
    Command::End,
    Command::Back,
    Command::PreviousEvent,
    Command::NextPane,
    Command::Help,
];

fn watch(recording: Recording, width: u16, height: u16) {
    print(&recording, 0, Theme::new(true), &mut Vec::new()).expect("memory takes everything");
    let mut player = Player::new(recording, Some(Duration::from_secs(1)), None);
    let window = Rect::new(0, 0, width, height);
    for command in COMMANDS {
        player.command(command);
        player.pass(Duration::from_millis(100));
        player.fit(window);
        // Not everything: a few bytes may mean a lot of work.
        player.catch_up(512);
        draw(&player, true, window, &mut Buffer::empty(window));
    }
}

/// A record in which a program puts these bytes out, in two pieces.
fn record(said: &[u8]) -> String {
    let (head, tail) = said.split_at(said.len() / 2);
    [head, tail].map(event).concat()
}

fn event(bytes: &[u8]) -> String {
    // As characters of Latin-1, so that every byte can stand in a string.
    let text: String = bytes.iter().map(|byte| format!("\\u{byte:04x}")).collect();
    let output = format!(r#"{{"process":0,"stream":"terminal","bytes":"{text}"}}"#);
    format!("{{\"at\":1,\"event\":{{\"output\":{output}}}}}\n")
}

fuzz_target!(|data: &[u8]| {
    let [width, height, rest @ ..] = data else { return };
    for events in [rest.to_vec(), record(rest).into_bytes()] {
        if let Ok(recording) = Recording::parse(Some(rest), &events[..]) {
            watch(recording, (*width).into(), (*height).into());
        }
    }
});

use std::time::Duration;

use proptest::prelude::*;

use super::super::player::Command;
use super::super::testing::{EVENTS, RUN, recording};
use super::super::{Player, Recording};
use super::*;

fn shown(player: &mut Player, width: u16, height: u16) -> Buffer {
    let window = Rect::new(0, 0, width, height);
    player.fit(window);
    assert!(player.catch_up(usize::MAX));
    let mut buffer = Buffer::empty(window);
    draw(player, true, window, &mut buffer);
    buffer
}

fn lines(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width.max(1));
    let rows = buffer.content().chunks(width);
    let row =
        |row: &[ratatui::buffer::Cell]| row.iter().map(ratatui::buffer::Cell::symbol).collect();
    let rows: Vec<String> = rows.map(row).collect();
    rows.iter().map(|row| format!("{}\n", row.trim_end())).collect()
}

fn at(millis: u64) -> Player {
    let mut player = Player::new(recording(), None, Some(1.0));
    player.seek(Duration::from_millis(millis));
    player
}

#[test]
fn side_by_side() {
    insta::assert_snapshot!(lines(&shown(&mut at(1150), 100, 14)), @r"
    ━ server on h4 ━━━━━━━━━━━━━━━━━── alice on h1 ───────────────────── bob on h2 ─────────────────────
    listening on 0.0.0.0:12345      │To bob:hello                     │hello From
                                    │                                 │
                                    │                                 │
                                    │                                 │
                                    │                                 │
                                    │                                 │
                                    │                                 │
                                    │                                 │
                                    │                                 │
                                    │                                 │
                                    │                                 │
     ▶ 1×       1.150 / 4.000 s  ━━━━━━━━━━━━━━━━━┿━━─┼─────────────◆─────────────────────────────────✗
     step 1: alice> To bob:hello                                   space pause  ←→ seek  ? keys  q quit
    ");
}

#[test]
fn the_end() {
    insta::assert_snapshot!(lines(&shown(&mut at(9000), 70, 12)), @r"
    ━ server on h4 ━━━━━━━━━━━━━━━━━━━── alice on h1 ─ ended with code 1 ─
    listening on 0.0.0.0:12345        │To bob:hello
                                      │
                                      │
                                      │
    ─ bob on h2 ──────────────────────────────────────────────────────────
    hello From alice



     ■ 1×       4.000 / 4.000 s  ━━━━━━━━━━┿━┿━━━━━━━◆━━━━━━━━━━━━━━━━━━✗
     fail: bob did not say `lost?`   space pause  ←→ seek  ? keys  q quit
    ");
}

#[test]
fn help_covers_the_terminals() {
    let mut player = at(0);
    player.command(Command::Help);
    insta::assert_snapshot!(lines(&shown(&mut player, 60, 18)), @r"
    ━ server on h4 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ not started ━
         ┌───────────────────────────────────────────────┐
         │ space      pause, go on                       │
         │ ← →        5 s back, ahead                    │
         │ [ ]        to the marker before, the next one │
    ─ ali│ , .        to the event before, the next one  │rted ─
         │ - +        slower, faster                     │
         │ Home End   to the beginning, the end          │
         │ Tab        to the next terminal               │
         │ PgDn PgUp  to the next page, the one before   │
    ─ bob│ z Enter    only this terminal, or all again   │rted ─
         │ ? h        this help                          │
         │ q Esc      quit                               │
         │ ┼ ▲ ◆ ‖ ✗  step, label, change, hold, trouble │
         └───────────────────────────────────────────────┘

     ▶ 1×       0.000 / 4.000 s  ───────┼─┼─────◆─────────────✗
     direct-chat/two-users                               ? keys
    ");
}

/// What one process said, in a pane of some size.
fn said(bytes: &str, width: u16, height: u16) -> String {
    let started = r#"{"at":0,"event":{"process_started":{"process":0,"pid":2,"argv":["x"]}}}"#;
    let bytes = serde_json::to_string(bytes).unwrap();
    let output = format!(
        r#"{{"at":1,"event":{{"output":{{"process":0,"stream":"terminal","bytes":{bytes}}}}}}}"#
    );
    let events = format!("{started}\n{output}\n");
    let recording = Recording::parse(None, events.as_bytes()).unwrap();
    let mut player = Player::new(recording, None, None);
    player.command(Command::End);
    let buffer = shown(&mut player, width, height + 3);
    let all = lines(&buffer);
    all.lines().skip(1).take(height.into()).collect::<Vec<_>>().join("\n")
}

#[test]
fn long_lines_are_folded_and_the_last_are_shown() {
    assert_eq!(said("first\nlong long line\nlast\n", 10, 4), "long long\nline\nlast\n");
    assert_eq!(said("12345日本語", 6, 2), "12345\n日 本 語");
    assert_eq!(said("top\x1b[24;1Hbottom", 20, 2), "\nbottom");
}

#[test]
fn full_screens_are_cut() {
    assert_eq!(said("\x1b[?1049h\x1b[Hlong long line\n2\n3\x1b[H", 10, 2), "long long\n2");
}

#[test]
fn nothing_is_obeyed() {
    let text = said("a\u{202e}b\x1b]0;title\x07c\u{9b}31md\u{200b}e", 40, 1);
    assert!(text.chars().all(|c| !c.is_control() && !crate::clean::is_deceptive(c)), "{text:?}");
    assert!(!text.contains("title"), "{text:?}");
}

#[test]
fn colours_can_be_left_out() {
    let mut player = at(1150);
    shown(&mut player, 100, 14);
    let window = Rect::new(0, 0, 100, 14);
    let mut buffer = Buffer::empty(window);
    draw(&player, false, window, &mut buffer);
    let plain = |cell: &ratatui::buffer::Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
    assert!(buffer.content().iter().all(plain));
}

proptest! {
    #[test]
    fn any_window_will_do(width in 0u16..200, height in 0u16..60, zoomed: bool, help: bool) {
        let mut player = at(2000);
        if zoomed {
            player.command(Command::Zoom);
        }
        if help {
            player.command(Command::Help);
        }
        shown(&mut player, width, height);
    }

    #[test]
    fn any_record_will_do(noise in prop::collection::vec((0usize..3000, any::<u8>()), 0..30)) {
        let mut events = EVENTS.as_bytes().to_vec();
        for (index, byte) in noise {
            if let Some(place) = events.get_mut(index) {
                *place = byte;
            }
        }
        let recording = Recording::parse(Some(RUN.as_bytes()), &events[..]).unwrap();
        let mut player = Player::new(recording, Some(Duration::from_secs(1)), None);
        for command in [Command::NextMarker, Command::NextEvent, Command::Forward, Command::End] {
            player.command(command);
            shown(&mut player, 80, 24);
        }
    }
}

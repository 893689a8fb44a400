use super::super::testing::recording;
use super::*;

fn player() -> Player {
    let mut player = Player::new(recording(), None, Some(1.0));
    player.fit(Rect::new(0, 0, 100, 40));
    player
}

fn pass(player: &mut Player, millis: u64) -> Nanos {
    player.pass(Duration::from_millis(millis));
    player.now() / 1_000_000
}

#[test]
fn time_goes_by() {
    let mut player = player();
    assert_eq!(pass(&mut player, 500), 500);
    player.command(Command::Faster);
    assert_eq!(pass(&mut player, 500), 1500);
    player.command(Command::PauseOrGoOn);
    assert_eq!(pass(&mut player, 500), 1500);
    assert_eq!(player.wait(), None);
    player.command(Command::PauseOrGoOn);
    assert_eq!(pass(&mut player, 60_000), 4000, "not beyond the end");
    assert!(player.is_paused() && player.is_at_end());
    player.command(Command::PauseOrGoOn);
    assert_eq!((pass(&mut player, 0), player.is_paused()), (0, false), "from the beginning");
}

#[test]
fn waits_for_what_comes_next() {
    let mut player = player();
    player.seek(Duration::from_millis(500));
    assert_eq!(player.wait(), Some(REFRESH), "the clock is shown");
    player.seek(Duration::from_millis(1150));
    assert_eq!(player.wait(), Some(Duration::from_millis(50)));
    player.seek(Duration::from_millis(1199));
    assert_eq!(player.wait(), Some(FRAME));
    (0..5).for_each(|_| player.command(Command::Slower));
    assert_eq!(player.wait(), Some(Duration::from_millis(32)), "slow motion");
}

#[test]
fn seeks() {
    let mut player = player();
    player.command(Command::NextMarker);
    assert_eq!(pass(&mut player, 0), 1000);
    player.command(Command::NextMarker);
    assert_eq!(player.marker().unwrap().text, "step 2: bob< hello From alice");
    player.command(Command::PreviousMarker);
    assert_eq!(pass(&mut player, 0), 0, "those of the last second do not count while playing");
    player.command(Command::PauseOrGoOn);
    player.command(Command::NextMarker);
    player.command(Command::NextMarker);
    player.command(Command::PreviousMarker);
    assert_eq!(pass(&mut player, 0), 1000);
    player.command(Command::Forward);
    assert_eq!(pass(&mut player, 0), 4000);
    player.command(Command::Back);
    assert_eq!(pass(&mut player, 0), 0);
    player.command(Command::End);
    player.command(Command::NextMarker);
    assert!(player.is_at_end());
    player.command(Command::Start);
    assert_eq!(pass(&mut player, 0), 0);
}

#[test]
fn steps_from_event_to_event() {
    let mut player = player();
    let mut times = Vec::new();
    for _ in 0..10 {
        player.command(Command::NextEvent);
        times.push(pass(&mut player, 1));
    }
    assert_eq!(times, [100, 200, 300, 1000, 1100, 1200, 2000, 3500, 4000, 4000]);
    times.clear();
    for _ in 0..10 {
        player.command(Command::PreviousEvent);
        times.push(pass(&mut player, 1));
    }
    assert_eq!(times, [3500, 2000, 1200, 1100, 1000, 300, 200, 100, 0, 0]);
}

#[test]
fn short_runs_are_slowed_down() {
    let slow = |end| {
        let recording = Recording { end, ..Recording::default() };
        Player::new(recording, None, None).speed()
    };
    assert_eq!(slow(140_000_000), 1.0 / 64.0);
    assert_eq!(slow(20_000_000_000), 1.0);
    assert_eq!(slow(0), 1.0);
    let given = |speed| Player::new(recording(), None, Some(speed)).speed();
    assert_eq!([given(3.0), given(1e9), given(f64::NAN)], [3.0, 1024.0, 1.0]);
}

#[test]
fn silence_can_be_shortened() {
    let mut player = Player::new(recording(), Some(Duration::from_millis(300)), Some(1.0));
    // Every 0.1 s, but for 0.7 s, 0.8 s, 1.5 s and 0.5 s.
    player.command(Command::End);
    assert_eq!(player.position as Nanos / 1_000_000, 1700);
    assert_eq!(player.now(), 4_000_000_000);
    player.seek(Duration::from_secs(3));
    assert_eq!(player.now(), 3_000_000_000);
    assert_eq!(player.position as Nanos / 1_000_000, 1300);
}

#[test]
fn pages_and_focus() {
    let mut player = player();
    let shown = |player: &Player| -> Vec<String> {
        let name = |(_, track, _, focused): (Rect, &Track, &Screen, bool)| {
            format!("{}{}", track.name, if focused { "*" } else { "" })
        };
        player.panes().map(name).collect()
    };
    assert_eq!(shown(&player), ["server*", "alice", "bob"]);
    player.command(Command::PreviousPane);
    assert_eq!(shown(&player), ["server", "alice", "bob*"]);
    player.command(Command::NextPane);
    player.command(Command::NextPane);
    player.command(Command::Zoom);
    assert_eq!((shown(&player), player.page()), (vec!["alice*".to_owned()], (2, 3)));
    player.command(Command::Zoom);
    // A window for one terminal.
    player.fit(Rect::new(0, 0, 40, 8));
    assert_eq!((shown(&player), player.page()), (vec!["alice*".to_owned()], (2, 3)));
    player.command(Command::NextPage);
    player.command(Command::NextPage);
    assert_eq!(shown(&player), ["server*"]);
    player.command(Command::PreviousPage);
    assert_eq!(shown(&player), ["bob*"]);
}

#[test]
fn nothing_at_all_can_be_played() {
    let mut player = Player::new(Recording::default(), None, None);
    for command in [Command::NextPane, Command::PreviousPane, Command::NextPage, Command::Zoom] {
        player.command(command);
        player.command(Command::NextEvent);
        assert!(player.catch_up(100));
        assert_eq!(player.panes().count(), 0);
    }
}

#[test]
fn only_what_is_seen_is_kept() {
    let mut player = player();
    player.command(Command::End);
    assert!(!player.catch_up(1), "too little to get there at once");
    assert!(player.catch_up(1 << 20));
    player.command(Command::Zoom);
    assert!(player.catch_up(0));
    let kept: Vec<bool> = player.screens.iter().map(|screen| screen.terminal().is_some()).collect();
    assert_eq!(kept, [true, false, false]);
}

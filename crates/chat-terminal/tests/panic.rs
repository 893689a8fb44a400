//! A program that panics gives the terminal back.

use chat_terminal::{Mode, Terminal};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::process::{Command, Stdio};

/// Set for the copy of this test that is to panic.
const PANIC: &str = "CHAT_TERMINAL_TEST_PANIC";

#[test]
fn a_panic_gives_the_terminal_back() {
    let echo = LocalModes::ECHO | LocalModes::ICANON;
    if std::env::var_os(PANIC).is_some() {
        let terminal = Terminal::open().unwrap();
        terminal.screen().set_prompt("> ");
        assert_eq!(terminal.screen().mode(), Mode::Editor);
        assert!(!tcgetattr(std::io::stdin()).unwrap().local_modes.intersects(echo));
        panic!("on purpose");
    }
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let slave = ioctl_tiocgptpeer(&master, flags).unwrap();
    let before = tcgetattr(&slave).unwrap();
    assert!(before.local_modes.contains(echo));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "a_panic_gives_the_terminal_back"])
        .env(PANIC, "1")
        .env("TERM", "xterm")
        .stdin(Stdio::from(slave.try_clone().unwrap()))
        .stdout(Stdio::from(slave.try_clone().unwrap()))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert!(!child.wait().unwrap().success() && said.contains("on purpose"), "{said}");
    let after = tcgetattr(&slave).unwrap();
    assert_eq!(after.local_modes, before.local_modes);
    assert_eq!(after.input_modes, before.input_modes);
}

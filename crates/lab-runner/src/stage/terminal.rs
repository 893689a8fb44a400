//! Pseudoterminals: those of programs under test, set up so that their output can be
//! matched (no echo of what is typed, no carriage returns added, 80 columns by 24 lines), and
//! those that people sit at, which are as everywhere else.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{
    LocalModes, OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize,
};

use crate::request::Size;

/// A terminal for a program under test: our side, which does not block, and the
/// program's side.
pub(super) fn open() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = open_for_people(Size::default())?;
    let mut modes = tcgetattr(&theirs)?;
    modes.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
    modes.output_modes.remove(OutputModes::ONLCR);
    tcsetattr(&theirs, OptionalActions::Now, &modes)?;
    Ok((ours, theirs))
}

/// Our side, which does not block, and the program's side.
///
/// Both are closed on exec, so that no other program inherits them: the end of
/// the output comes when the last copy of the program's side is closed.
pub(super) fn open_for_people(size: Size) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let theirs = side_of_program(&ours)?;
    resize(&ours, size)?;
    set_nonblocking(&ours)?;
    Ok((ours, theirs))
}

/// Opens the program's side of the terminal whose other side is `ours`.
pub(super) fn side_of_program(ours: &OwnedFd) -> io::Result<OwnedFd> {
    // Through our side, not by name: the name may mean another terminal, or
    // none, in the mount namespace of a stage.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    Ok(ioctl_tiocgptpeer(ours, flags)?)
}

/// Gives a terminal another size; its program hears of it by SIGWINCH.
pub(super) fn resize(terminal: &OwnedFd, size: Size) -> io::Result<()> {
    let Size { rows, columns } = size;
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(tcsetwinsize(terminal, size)?)
}

/// Reads and writes return at once.
pub(super) fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    let flags = fcntl_getfl(fd)?;
    fcntl_setfl(fd, flags | OFlags::NONBLOCK)?;
    Ok(())
}

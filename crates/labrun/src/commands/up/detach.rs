//! A session that is left to itself.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use rustix::stdio::{dup2_stderr, dup2_stdout};

use super::say;
use crate::exit::{Complaint, Exit};
use crate::machine::THIS_PROGRAM;

/// Starts the process that keeps the session, and waits until people may come in.
pub(super) fn start() -> anyhow::Result<Exit> {
    let mut child = Command::new(THIS_PROGRAM)
        .args(std::env::args_os().skip(1))
        .arg("--keep")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start the process that keeps the session")?;
    let (mut name, mut text) = (String::new(), String::new());
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut name)?;
    }
    if let Some(mut stderr) = child.stderr.take() {
        // It ends when the name is out, or the process has ended.
        let _ = stderr.read_to_string(&mut text);
    }
    let text = text.trim_end();
    if let Some(name) = name.strip_suffix('\n') {
        say(text);
        writeln!(anstream::stdout(), "{name}")?;
        return Ok(Exit::Pass);
    }
    let status = child.wait().context("cannot wait for the process that keeps the session")?;
    let exit = match status.code() {
        Some(2) => Exit::Usage,
        Some(4) => Exit::Lacking,
        Some(130) => Exit::Interrupted,
        _ => Exit::Unsure,
    };
    let message = text.strip_prefix("error: ").unwrap_or(text).to_owned();
    Err(Complaint { exit, message, help: None }.into())
}

/// From here on the terminal that it was started from is nothing to the process that keeps the
/// session: called first of all.
pub(super) fn leave_terminal() -> std::io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// Tells who has started this that people may come in, and what the session is called.
pub(super) fn is_open(session: &str) -> std::io::Result<()> {
    println!("{session}");
    std::io::stdout().flush()?;
    let nothing = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    dup2_stdout(&nothing)?;
    dup2_stderr(&nothing)?;
    Ok(())
}

//! A terminal for each host: tmux panes or windows, or xterms. In each runs `labrun shell`, so
//! they end with the session, and the session hears when one is closed.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tty;

/// Lines of the prompt below the panes.
const PROMPT_ROWS: &str = "12";

/// Why there are no windows.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// No X server is known.
    #[error("there is no display for xterm: DISPLAY is not set")]
    NoDisplay,
    /// The program is not installed.
    #[error("`{0}` is not installed")]
    NotInstalled(&'static str),
    /// It ended with an error.
    #[error("`{command}` failed: {why}")]
    Failed {
        /// What was run.
        command: String,
        /// What it said.
        why: String,
    },
}

impl WindowError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoDisplay => Some("over ssh, come with `ssh -X`; without a display, use tmux"),
            Self::NotInstalled("xterm") => Some("install it, or use tmux"),
            Self::NotInstalled(_) => Some("install it, or use `labrun shell` in other terminals"),
            Self::Failed { .. } => None,
        }
    }
}

/// How tmux shows hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// All in one window, the prompt below.
    Panes,
    /// A window each.
    Windows,
}

/// Whose the prompt in tmux is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// That of the person whose session it is: it ends with that.
    EndsTheSession,
    /// One beside another: only tmux ends with it.
    EndsTmux,
}

/// The name of a program, and the session that it goes to.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// `labrun`.
    pub program: PathBuf,
    /// The session.
    pub session: String,
}

impl Visitor {
    fn words<'a>(&'a self, command: &'a str, host: Option<&'a str>) -> Vec<&'a OsStr> {
        let words = [self.program.as_os_str(), command.as_ref(), self.session.as_ref()];
        words.into_iter().chain(host.map(OsStr::new)).collect()
    }

    /// The prompt, for the tmux session of that name.
    fn prompt(&self, leaving: Leaving, tmux: &str) -> Vec<OsString> {
        let prompt = self.words("prompt", None).into_iter().map(OsStr::to_owned);
        match leaving {
            Leaving::EndsTheSession => prompt.chain(["--owner".into()]).collect(),
            Leaving::EndsTmux => {
                let script = r#"tmux=$0; "$@"; exec tmux kill-session -t "=$tmux""#;
                let shell = ["sh", "-c", script, tmux].map(OsString::from);
                shell.into_iter().chain(prompt).collect()
            }
        }
    }
}

/// Opens an xterm for each host, titled with its name.
///
/// # Errors
/// [`WindowError::NoDisplay`], or xterm is not there. That it cannot reach the display is
/// what it says itself, on standard error.
pub fn xterms(visitor: &Visitor, hosts: &[String]) -> Result<(), WindowError> {
    if std::env::var_os("DISPLAY").is_none_or(|display| display.is_empty()) {
        return Err(WindowError::NoDisplay);
    }
    for host in hosts {
        let mut xterm = Command::new("xterm");
        xterm.args(["-T", host, "-n", host, "-e"]).args(visitor.words("shell", Some(host)));
        let mut child =
            xterm.stdin(Stdio::null()).spawn().map_err(|error| missing("xterm", &error))?;
        // Somebody has to reap it.
        let reaped =
            std::thread::Builder::new().name("xterm".to_owned()).spawn(move || child.wait());
        reaped.map_err(|error| failed("xterm", error.to_string()))?;
    }
    Ok(())
}

/// A tmux session for a session of ours.
#[derive(Debug)]
pub struct Tmux {
    name: String,
}

impl Tmux {
    /// Opens one with a terminal for each host, and one with the prompt; or finds the one that
    /// was opened before.
    ///
    /// # Errors
    /// tmux is not there, or refuses.
    pub fn open(
        visitor: &Visitor,
        hosts: &[String],
        layout: Layout,
        leaving: Leaving,
    ) -> Result<Self, WindowError> {
        // tmux reads dots and colons in names as its own.
        let name = format!("labrun-{}", visitor.session.replace(['.', ':'], "-"));
        let tmux = Self { name };
        if tmux.is_open() {
            return Ok(tmux);
        }
        let prompt = visitor.prompt(leaving, &tmux.name);
        let prompt: Vec<&OsStr> = prompt.iter().map(OsString::as_os_str).collect();
        let size = tty::size().unwrap_or_default();
        let (columns, rows) = (size.columns.to_string(), size.rows.to_string());
        let mut hosts = hosts.iter();
        let mut words: Vec<&OsStr> =
            ["new-session", "-d", "-s", &tmux.name, "-x", &columns, "-y", &rows]
                .map(OsStr::new)
                .to_vec();
        let first = hosts.next();
        let title = first.map_or("prompt", String::as_str);
        words.extend(["-n", title].map(OsStr::new));
        match first {
            Some(host) => words.extend(visitor.words("shell", Some(host))),
            None => words.extend(&prompt),
        }
        run(&words)?;
        if let Err(error) = tmux.furnish(visitor, &prompt, first, hosts, layout) {
            tmux.close();
            return Err(error);
        }
        Ok(tmux)
    }

    fn furnish<'a>(
        &self,
        visitor: &Visitor,
        prompt: &[&OsStr],
        first: Option<&String>,
        others: impl Iterator<Item = &'a String>,
        layout: Layout,
    ) -> Result<(), WindowError> {
        let Some(first) = first else { return Ok(()) };
        let target = self.target();
        let set = |option: &str, value: &str| {
            run_words(&["set-option", "-w", "-t", &target, option, value])
        };
        if layout == Layout::Panes {
            set("pane-border-status", "top")?;
            set("pane-border-format", " #{pane_title} ")?;
            run_words(&["select-pane", "-t", &target, "-T", first])?;
        }
        let mut full = layout == Layout::Windows;
        for host in others {
            let shell = visitor.words("shell", Some(host));
            if !full {
                // Panes that have become too small are no use: the rest get windows.
                full = self.split(&["-h"], host, &shell).is_err();
            }
            if full {
                let words = ["new-window", "-d", "-t", &target, "-n", host].map(OsStr::new);
                run(&[&words, &*shell].concat())?;
            } else {
                run_words(&["select-layout", "-t", &target, "tiled"])?;
            }
        }
        if layout == Layout::Panes
            && self.split(&["-f", "-v", "-l", PROMPT_ROWS], "prompt", prompt).is_ok()
        {
            return Ok(());
        }
        let words = ["new-window", "-t", &target, "-n", "prompt"].map(OsStr::new);
        run(&[&words, prompt].concat())
    }

    /// A further pane.
    fn split(&self, how: &[&str], title: &str, program: &[&OsStr]) -> Result<(), WindowError> {
        let target = self.target();
        let words = [&["split-window", "-t", &target], how].concat();
        let words: Vec<&OsStr> = words.into_iter().map(OsStr::new).collect();
        run(&[&words, program].concat())?;
        run_words(&["select-pane", "-t", &target, "-T", title])
    }

    /// Shows it in this terminal until the person leaves it, or all has ended. In a tmux
    /// already, the terminal goes over to it at once.
    ///
    /// # Errors
    /// tmux refuses.
    pub fn show(&self) -> Result<(), WindowError> {
        let inside = std::env::var_os("TMUX").is_some_and(|server| !server.is_empty());
        let verb = if inside { "switch-client" } else { "attach-session" };
        let status = Command::new("tmux").args([verb, "-t", &self.name]).status();
        match status.map_err(|error| missing("tmux", &error))? {
            status if status.success() => Ok(()),
            status => Err(failed(format_args!("tmux {verb}"), status.to_string())),
        }
    }

    /// Whether it is still there.
    #[must_use]
    pub fn is_open(&self) -> bool {
        run_words(&["has-session", "-t", &self.exactly()]).is_ok()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn close(&self) {
        let _ = run_words(&["kill-session", "-t", &self.exactly()]);
    }

    fn exactly(&self) -> String {
        format!("={}", self.name)
    }

    fn target(&self) -> String {
        format!("={}:", self.name)
    }
}

/// Whether tmux can be run here.
#[must_use]
pub fn has_tmux() -> bool {
    has("tmux")
}

/// Whether xterms can be opened here.
#[must_use]
pub fn has_xterm() -> bool {
    std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty()) && has("xterm")
}

fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_program(&folder.join(program)))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

fn run_words(words: &[&str]) -> Result<(), WindowError> {
    let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
    run(&words)
}

fn run(words: &[&OsStr]) -> Result<(), WindowError> {
    let output = Command::new("tmux")
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| missing("tmux", &error))?;
    if output.status.success() {
        return Ok(());
    }
    let command = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
    Err(failed(
        format_args!("tmux {command}"),
        String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    ))
}

fn missing(program: &'static str, error: &io::Error) -> WindowError {
    match error.kind() {
        io::ErrorKind::NotFound => WindowError::NotInstalled(program),
        _ => failed(program, error.to_string()),
    }
}

fn failed(command: impl fmt::Display, why: String) -> WindowError {
    WindowError::Failed { command: command.to_string(), why }
}

//! Starting and ending the servers that are measured.

use crate::irc::Irc;
use anyhow::{Context as _, bail};
use chat_load::Dialect;
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Bare,
    /// Our server, with so many threads.
    Ours(Dialect, usize),
    Irc(Irc),
}

impl Kind {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Bare => "bare loop".into(),
            Self::Ours(Dialect::Direct, _) => "direct".into(),
            Self::Ours(..) => "room".into(),
            Self::Irc(irc) => irc.program().into(),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Bare => Dialect::Bare,
            Self::Ours(dialect, _) => *dialect,
            Self::Irc(_) => Dialect::Irc,
        }
    }

    /// Starts it on the cores `cores`, as taskset(1) writes them.
    pub(crate) fn start(&self, cores: &str) -> anyhow::Result<Server> {
        let mut command = Command::new("taskset");
        command.args(["-c", cores]).stdin(Stdio::null()).stdout(Stdio::null());
        let irc = match self {
            Self::Bare => {
                command.arg(env!("CARGO_BIN_EXE_chat-load")).arg("bare");
                None
            }
            Self::Ours(dialect, threads) => {
                let dialect = if *dialect == Dialect::Direct { "direct" } else { "room" };
                command.arg(chat_server()?).arg(dialect);
                command.args(["--listen", "127.0.0.1:0", "--max-connections", "15000"]);
                command.args(["--threads", &threads.to_string()]);
                None
            }
            Self::Irc(irc) => Some(irc.prepare(&mut command)?),
        };
        Server::start(command, irc).with_context(|| format!("cannot start {}", self.name()))
    }
}

/// The program that was built beside this one.
fn chat_server() -> anyhow::Result<PathBuf> {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_chat-load")).with_file_name("chat-server");
    if !path.exists() {
        bail!("{} is missing: cargo build --release -p chat-server", path.display());
    }
    Ok(path)
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Its configuration, while it runs.
    _directory: Option<tempfile::TempDir>,
}

impl Server {
    fn start(
        mut command: Command,
        irc: Option<(SocketAddr, tempfile::TempDir)>,
    ) -> anyhow::Result<Self> {
        let is_ours = irc.is_none();
        command.stderr(if is_ours { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn().context("taskset (util-linux) is needed")?;
        let (address, directory) = match irc {
            Some((address, directory)) => (wait_for(address).map(|()| address), Some(directory)),
            None => (listening(&mut child), None),
        };
        match address {
            Ok(address) => Ok(Self { child, address, _directory: directory }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // Thousands of farewells would only take time.
    if let Ok(Some(_)) = child.try_wait() {
        return;
    }
    if let Some(id) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(id, Signal::KILL);
    }
    let _ = child.wait();
}

/// What one of ours says on standard error.
fn listening(child: &mut Child) -> anyhow::Result<SocketAddr> {
    let mut lines = BufReader::new(child.stderr.take().context("no standard error")?);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let address = line
        .split_once("listening on ")
        .and_then(|(_, address)| address.trim().parse().ok())
        .with_context(|| format!("it said `{}`", line.trim()))?;
    // What else it says must not fill the pipe; that somebody was dropped is worth knowing.
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            if line.contains(" WARN dropped") || line.contains(" ERROR ") {
                eprintln!("{line}");
            }
        }
    });
    Ok(address)
}

fn wait_for(address: SocketAddr) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        if Instant::now() > until {
            bail!("nothing listens on {address}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Lets the threads that this one starts run on `cores` only.
pub(crate) fn run_on(cores: &[usize]) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(*core));
    sched_setaffinity(None, &set).context("cannot choose a core")
}

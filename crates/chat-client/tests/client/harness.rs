//! A client process, on pipes or on a terminal, and the server's side of its connection.

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server made by hand, for clients of one dialect.
pub(crate) struct Server {
    dialect: &'static str,
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn listen(dialect: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        Self { dialect, listener, address }
    }

    pub(crate) fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Peer { stream }
    }
}

pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
}

impl Peer {
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next bytes must be these.
    pub(crate) fn expect(&mut self, bytes: &[u8]) {
        let mut found = vec![0; bytes.len()];
        self.stream.read_exact(&mut found).unwrap();
        assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(bytes));
    }

    /// All bytes until the client ends its side.
    pub(crate) fn everything(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        self.stream.read_to_end(&mut all).unwrap();
        all
    }
}

fn command(server: &Server, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-client"));
    command.arg(server.dialect).arg(server.address.to_string()).args(args);
    command
}

pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Client {
    pub(crate) fn start(server: &Server, args: &[&str], stdin: Stdio) -> Self {
        let mut command = command(server, args);
        let mut child =
            command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        Self { child, stdin }
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        self.type_bytes(text.as_bytes());
    }

    pub(crate) fn type_bytes(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    pub(crate) fn take_input(&mut self) -> ChildStdin {
        self.stdin.take().unwrap()
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn close_output(&mut self) {
        self.child.stdout = None;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Exit code, standard output, standard error.
    pub(crate) fn finish(&mut self) -> (i32, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_end(&mut out).unwrap();
        }
        self.child.stderr.take().unwrap().read_to_end(&mut err).unwrap();
        let code = self.child.wait().unwrap().code().expect("not killed");
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client on a pseudo-terminal.
pub(crate) struct Terminal {
    child: Child,
    master: File,
    /// Kept open so that the settings can be looked at after the end.
    slave: OwnedFd,
    pieces: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    /// Where the next `wait_for` begins.
    from: usize,
    _reader: JoinHandle<()>,
}

impl Terminal {
    pub(crate) fn start(server: &Server, args: &[&str], term: &str, echo: bool) -> Self {
        Self::start_by(&[], server, args, term, echo)
    }

    /// Started by a shell that was started by another one, and by nobody else.
    pub(crate) fn start_in_shell(server: &Server) -> Self {
        // A shell may become the last command it runs, so that is another one.
        let shell = ["sh", "-c", "sh -c '\"$@\"; exit 1' sh \"$@\"; exit 77", "sh"];
        Self::start_by(&shell, server, &[], "xterm", true)
    }

    fn start_by(shell: &[&str], server: &Server, args: &[&str], term: &str, echo: bool) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ioctl_tiocgptpeer(
            &master,
            OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC,
        )
        .unwrap();
        let mut settings = tcgetattr(&slave).unwrap();
        settings.output_modes -= OutputModes::ONLCR;
        settings.local_modes.set(LocalModes::ECHO, echo);
        tcsetattr(&slave, OptionalActions::Now, &settings).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        // `setsid -c` makes it the controlling terminal, so that Ctrl-C makes a signal.
        let mut command = Command::new("setsid");
        command.args(["-c", "-w"]).args(shell);
        command.args([env!("CARGO_BIN_EXE_chat-client"), server.dialect]);
        command.arg(server.address.to_string()).args(args).env("TERM", term);
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let master = File::from(master);
        let mut reader = master.try_clone().unwrap();
        let (sender, pieces) = channel();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, master, slave, pieces, seen: Vec::new(), from: 0, _reader: reader }
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until `text` is on the terminal, behind what was waited for before.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.seen[self.from..]
                .windows(text.len())
                .position(|window| window == text.as_bytes());
            if let Some(found) = found {
                self.from += found + text.len();
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => self.seen.extend(piece),
                Err(_) => {
                    panic!("no {text:?} in {:?}", String::from_utf8_lossy(&self.seen[self.from..]))
                }
            }
        }
    }

    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ICANON)
    }

    /// Sent to the client itself.
    pub(crate) fn signal(&self, signal: Signal) {
        let family = self.family();
        kill_process(family[family.len() - 1], signal).unwrap();
    }

    /// Kills the shell that started the client.
    pub(crate) fn kill_shell(&self) {
        let family = self.family();
        kill_process(family[family.len() - 2], Signal::KILL).unwrap();
    }

    /// Our child, its child, and so on; the client comes last. (`setsid` becomes its
    /// command if it need not fork.)
    fn family(&self) -> Vec<Pid> {
        let mut family = vec![Pid::from_child(&self.child)];
        while let Some(pid) = family.last().copied() {
            let children = format!("/proc/{0}/task/{0}/children", pid.as_raw_nonzero());
            let children = std::fs::read_to_string(children).unwrap();
            let Some(child) = children.split_whitespace().next() else { break };
            family.extend(Pid::from_raw(child.parse().unwrap()));
        }
        family
    }

    pub(crate) fn wait(&mut self) -> i32 {
        self.child.wait().unwrap().code().expect("not killed")
    }

    /// Everything that was written to the terminal so far.
    pub(crate) fn output(&mut self) -> String {
        self.seen.extend(self.pieces.try_iter().flatten());
        String::from_utf8(self.seen.clone()).unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

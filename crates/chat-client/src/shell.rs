//! What all clients share: the terminal on one side, one connection on the other.
//!
//! An app keeps a [`Shell`] beside its state machine, passes it what the reactor says
//! ([`Shell::sort`]) and what was typed ([`Shell::taken`]), and does through it
//! what the state machine wants done.

use crate::args::ConnectArgs;
use anyhow::Context as _;
use chat_net::{App, Bytes, Closed, ConnId, Event, Io, Pool};
use chat_terminal::{Credits, Input, Mode, Screen, Terminal};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Timers.
const CONNECTING: u64 = 0;
const DEADLINE: u64 = 1;

/// What the reactor said, as far as it concerns a state machine.
pub(crate) enum News<'a> {
    /// The connection stands.
    Connected,
    /// Bytes arrived from the server.
    Received(&'a [u8]),
    /// The server closed, or the connection was lost.
    Closed,
    /// The deadline that was set has come.
    Deadline,
}

/// The terminal, the connection, and how it will end.
pub(crate) struct Shell {
    screen: Screen,
    credits: Credits,
    /// As shown in messages.
    server: String,
    /// Those not tried yet.
    addresses: std::vec::IntoIter<SocketAddr>,
    connect_timeout: Duration,
    conn: Option<ConnId>,
    /// Where lines go, if not to the server: reading waits until it has drained.
    outlet: Option<ConnId>,
    /// Lines taken for which no credit was given back yet.
    taken: usize,
    /// What broke the connection.
    lost: Option<std::io::Error>,
    /// Set once the end is decided.
    exit: Option<ExitCode>,
}

/// Runs a client until it ends: `make` builds its app around the shell, `exit_code` asks the
/// app for what [`Shell::exit_code`] says at the end.
pub(crate) fn run<A: App<Message = Input>>(
    args: &ConnectArgs,
    default_port: u16,
    max_line: usize,
    make: impl FnOnce(Shell) -> A,
    exit_code: impl FnOnce(&A) -> ExitCode,
) -> anyhow::Result<ExitCode> {
    let prepare = |_: &mut Pool<Input>, _: &[SocketAddr]| Ok(());
    run_with(args, default_port, max_line, prepare, |shell, ()| make(shell), exit_code)
}

/// The same for a client that has to prepare something in the pool, such as a listener:
/// `prepare` gets the pool and the server's addresses, and `make` what it made.
pub(crate) fn run_with<A: App<Message = Input>, T>(
    args: &ConnectArgs,
    default_port: u16,
    max_line: usize,
    prepare: impl FnOnce(&mut Pool<Input>, &[SocketAddr]) -> anyhow::Result<T>,
    make: impl FnOnce(Shell, T) -> A,
    exit_code: impl FnOnce(&A) -> ExitCode,
) -> anyhow::Result<ExitCode> {
    let (addresses, server) = args.resolve(default_port)?;
    // Signals first: from then on nothing ends the program without restoring the terminal.
    let mut pool = Pool::new(args.config()).context("cannot start")?;
    let prepared = prepare(&mut pool, &addresses)?;
    let terminal = Terminal::open().context("cannot set up the terminal")?;
    let remote = pool.remote(0);
    terminal.read_to(max_line, move |input| remote.post(input)).context("cannot start")?;
    let shell = Shell {
        screen: terminal.screen(),
        credits: terminal.credits(),
        server,
        addresses: addresses.into_iter(),
        connect_timeout: args.connect_timeout,
        conn: None,
        outlet: None,
        taken: 0,
        lost: None,
        exit: None,
    };
    let app = pool.run_alone(make(shell, prepared))?;
    drop(terminal);
    Ok(exit_code(&app))
}

impl Shell {
    /// True once the end is decided; nothing matters any more.
    pub(crate) fn is_over(&self) -> bool {
        self.exit.is_some()
    }

    /// How it ended; left, or stopped by a signal, if nobody said.
    pub(crate) fn exit_code(&self) -> ExitCode {
        self.exit.unwrap_or(ExitCode::SUCCESS)
    }

    /// How the program talks to its user.
    pub(crate) fn mode(&self) -> Mode {
        self.screen.mode()
    }

    /// Sets what stands before the line being typed.
    pub(crate) fn set_prompt(&self, prompt: &str) {
        self.screen.set_prompt(prompt);
    }

    /// Sets the question that the next line answers.
    pub(crate) fn ask(&self, question: &str) {
        self.screen.ask(question);
    }

    /// Sets the question that the next line answers, which nobody may see.
    pub(crate) fn ask_secret(&self, question: &str) {
        self.screen.ask_secret(question);
    }

    /// So many lines were dealt with, and nothing of them waits in the connection.
    pub(crate) fn grant(&self, lines: usize) {
        self.credits.grant(lines);
    }

    /// Does what every client does with an event, and gives what only this one can judge.
    pub(crate) fn sort<'a>(
        &mut self,
        event: Event<'a, Input>,
        io: &mut Io<Input>,
    ) -> Option<News<'a>> {
        match event {
            Event::Opened { .. } => {
                io.set_timer(CONNECTING, None);
                self.return_credits(io);
                return Some(News::Connected);
            }
            Event::Received { bytes, .. } => return Some(News::Received(bytes)),
            Event::Drained { .. } => self.credits.grant(std::mem::take(&mut self.taken)),
            Event::Ended { conn } => {
                io.close(conn);
                return Some(News::Closed);
            }
            Event::Closed { why: Closed::Failed(error), .. } => self.dial(Some(error), io),
            Event::Closed { why: Closed::Lost(error), .. } => {
                self.lost = Some(error);
                return Some(News::Closed);
            }
            Event::Timer { id: CONNECTING } => {
                if let Some(conn) = self.conn.take() {
                    io.close(conn);
                }
                self.dial(Some(ErrorKind::TimedOut.into()), io);
            }
            Event::Timer { id: DEADLINE } => return Some(News::Deadline),
            Event::Stopping => self.exit = Some(ExitCode::SUCCESS),
            _ => {}
        }
        None
    }

    /// Connects to the server; nothing can be sent before [`News::Connected`].
    pub(crate) fn connect(&mut self, io: &mut Io<Input>) {
        self.dial(None, io);
    }

    /// Tries the next address; `failure` is what came of the one before.
    fn dial(&mut self, mut failure: Option<std::io::Error>, io: &mut Io<Input>) {
        for address in self.addresses.by_ref() {
            match io.connect(address) {
                Ok(conn) => {
                    self.conn = Some(conn);
                    return io.set_timer(CONNECTING, io.now().checked_add(self.connect_timeout));
                }
                Err(error) => failure = Some(error),
            }
        }
        let Some(error) = failure else { return };
        let advice = advice(&error);
        self.complain(&format!("cannot connect to {}: {error}\nhelp: {advice}", self.server));
        self.end(1, io);
    }

    /// One line was dealt with. More may come once what was taken is on its way.
    pub(crate) fn taken(&mut self, io: &mut Io<Input>) {
        self.taken += 1;
        self.return_credits(io);
    }

    fn return_credits(&self, io: &mut Io<Input>) {
        match self.outlet.or(self.conn) {
            Some(conn) if self.taken > 0 => io.notify_drained(conn),
            _ => {}
        }
    }

    /// Lines go to `outlet` from now on; none: to the server.
    pub(crate) fn set_outlet(&mut self, outlet: Option<ConnId>, io: &mut Io<Input>) {
        self.outlet = outlet;
        self.return_credits(io);
    }

    /// True for the connection to the server.
    pub(crate) fn is_server(&self, conn: ConnId) -> bool {
        self.conn == Some(conn)
    }

    pub(crate) fn send(&self, bytes: Bytes, io: &mut Io<Input>) {
        if let Some(conn) = self.conn {
            io.send(conn, bytes);
        }
    }

    /// Closes the sending side once everything is sent.
    pub(crate) fn finish(&self, io: &mut Io<Input>) {
        if let Some(conn) = self.conn {
            io.finish(conn);
        }
    }

    /// Asks for [`News::Deadline`].
    pub(crate) fn set_deadline(&self, at: Instant, io: &mut Io<Input>) {
        io.set_timer(DEADLINE, Some(at));
    }

    /// Shows what arrived.
    pub(crate) fn show(&mut self, text: &str, io: &Io<Input>) {
        let result = self.screen.show(text);
        self.shown(result, io);
    }

    /// Shows a line of the user's own, unless it stands there already.
    pub(crate) fn confirm(&mut self, line: &str, io: &Io<Input>) {
        let result = self.screen.confirm(line);
        self.shown(result, io);
    }

    fn shown(&mut self, result: std::io::Result<()>, io: &Io<Input>) {
        let Err(error) = result else { return };
        if self.is_over() {
            return;
        }
        if error.kind() == ErrorKind::BrokenPipe {
            // Whoever read our output has seen enough.
            return self.end(0, io);
        }
        self.complain(&format!("cannot write to standard output: {error}"));
        self.end(1, io);
    }

    /// Tells the user something about the program itself.
    pub(crate) fn complain(&self, why: &str) {
        self.screen.complain(&format!("chat-client: {why}"));
    }

    /// Passes on why a line cannot be used.
    pub(crate) fn reject(&self, why: &str) {
        self.screen.complain(why);
    }

    /// Says how the server went, where the connection itself knows more than that.
    pub(crate) fn lost(&self) -> Option<String> {
        let error = self.lost.as_ref()?;
        Some(format!("the connection to {} was lost: {error}", self.server))
    }

    /// The server, as shown in messages.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Decides the end, unless it is decided.
    pub(crate) fn end(&mut self, code: u8, io: &Io<Input>) {
        if !self.is_over() {
            self.exit = Some(ExitCode::from(code));
            io.stop();
        }
    }
}

/// What to look at when a connection does not come about.
pub(crate) fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            "nothing listens there; is the server running, and on this port?"
        }
        ErrorKind::TimedOut => "nothing answered; is the address right, and the network up?",
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => {
            "there is no way there; see `ip route`"
        }
        _ => "check the address",
    }
}

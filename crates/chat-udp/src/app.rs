//! Typed lines become datagrams, datagrams become shown lines.

use crate::args::Args;
use crate::socket::{self, Destination};
use anyhow::Context as _;
use bytes::Bytes;
use chat_net::{App, Config, DatagramId, Event, Io, Pool};
use chat_proto::datagram::{self, Datagram, MAX_DATAGRAM};
use chat_terminal::{Credits, Input, Mode, PROMPT, Screen, Terminal};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tracing::debug;
use uuid::Uuid;

const LEAVING: u64 = 0;

/// Runs until the user leaves.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let uuid = Uuid::new_v4().to_string();
    let (mut destination, interface) = Destination::find(&args)?;
    let socket = socket::open(&args, interface.as_ref())?;
    let listening = socket.local_addr()?;
    // Signals first: from then on nothing ends the program without restoring the terminal.
    let mut pool = Pool::new(Config { threads: 1, ..Config::default() }).context("cannot start")?;
    let terminal = Terminal::open().context("cannot set up the terminal")?;
    let screen = terminal.screen();
    log_to(screen.clone(), &args);
    let socket = pool.add_datagram(socket)?;
    if let Some(note) = destination.note.take() {
        screen.complain(&format!("chat-udp: {note}"));
    }
    screen.complain(&format!(
        "listening on {listening}, sending to {} as {uuid}",
        destination.address
    ));
    if screen.mode() == Mode::Editor {
        screen.set_prompt(PROMPT);
    }
    let remote = pool.remote(0);
    terminal.read_to(MAX_DATAGRAM, move |input| remote.post(input)).context("cannot start")?;
    let app = Udp {
        args,
        uuid,
        socket,
        destination,
        screen,
        credits: terminal.credits(),
        waiting: VecDeque::new(),
        leaving: false,
        exit: None,
    };
    let app = pool.run_alone(app)?;
    drop(terminal);
    Ok(app.exit.unwrap_or(ExitCode::SUCCESS))
}

/// Log lines appear like all others above the line being typed.
fn log_to(screen: Screen, args: &Args) {
    let screen = Arc::new(screen);
    tracing_subscriber::fmt()
        .with_writer(move || LogLine(screen.clone()))
        .with_max_level(args.log_level)
        .with_ansi(false)
        .with_target(false)
        .init();
}

struct LogLine(Arc<Screen>);

impl io::Write for LogLine {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.complain(String::from_utf8_lossy(line).trim_end());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Udp {
    args: Args,
    uuid: String,
    socket: DatagramId,
    destination: Destination,
    screen: Screen,
    credits: Credits,
    /// What the socket did not take yet.
    waiting: VecDeque<Bytes>,
    /// The input has ended.
    leaving: bool,
    exit: Option<ExitCode>,
}

impl App for Udp {
    type Message = Input;

    fn handle(&mut self, event: Event<'_, Input>, io: &mut Io<Input>) {
        if self.exit.is_some() {
            return;
        }
        match event {
            Event::Message(input) => self.input(input, io),
            Event::Datagram { from, bytes, .. } => self.datagram(bytes, from, io),
            Event::Writable { .. } => self.send(io),
            Event::Timer { id: LEAVING } => self.end(0, io),
            _ => {}
        }
    }
}

impl Udp {
    fn input(&mut self, input: Input, io: &mut Io<Input>) {
        match input {
            _ if self.leaving => {}
            Input::Line(line) if line.trim() == "exit" => self.leave(io),
            Input::Ended => self.leave(io),
            Input::Unusable(why) => {
                self.screen.complain(&format!("chat-udp: {why}"));
                self.credits.grant(1);
            }
            Input::Line(line) => {
                match datagram::encode(&self.uuid, &line) {
                    Some(datagram) => self.waiting.push_back(datagram),
                    None => {
                        let length = line.len();
                        self.screen.complain(&format!(
                            "chat-udp: not sent: {length} bytes do not fit into one datagram"
                        ));
                        self.credits.grant(1);
                    }
                }
                self.send(io);
            }
        }
    }

    /// Sends what waits, as far as the socket takes it.
    fn send(&mut self, io: &mut Io<Input>) {
        while let Some(datagram) = self.waiting.front() {
            self.destination.refresh(&self.args);
            if let Some(note) = self.destination.note.take() {
                self.screen.complain(&format!("chat-udp: {note}"));
            }
            match io.send_datagram(self.socket, datagram, self.destination.address.into()) {
                // We are called again when there is room.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => self.complain_of(&error),
                Ok(()) => {}
            }
            self.waiting.pop_front();
            self.credits.grant(1);
        }
        if self.leaving {
            io.set_timer(LEAVING, io.now().checked_add(self.args.linger));
        }
    }

    /// One line for each datagram that was not sent; the network may come back.
    fn complain_of(&self, error: &io::Error) {
        let advice = match error.kind() {
            ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown | ErrorKind::HostUnreachable => {
                "; is the network up?"
            }
            ErrorKind::PermissionDenied => "; is that a broadcast address, and not filtered?",
            _ => "",
        };
        self.screen.complain(&format!(
            "chat-udp: not sent to {}: {error}{advice}",
            self.destination.address
        ));
    }

    fn leave(&mut self, io: &mut Io<Input>) {
        self.leaving = true;
        self.send(io);
    }

    fn datagram(&mut self, bytes: &[u8], from: SocketAddr, io: &Io<Input>) {
        let Datagram { sender, text } = match Datagram::decode(bytes) {
            Ok(datagram) => datagram,
            Err(error) => return debug!(%from, length = bytes.len(), %error, "datagram ignored"),
        };
        if sender.eq_ignore_ascii_case(&self.uuid) {
            return;
        }
        let shown = if self.args.show_sender {
            self.screen.show(&format!("{}: {text}", from.ip()))
        } else {
            self.screen.show(text)
        };
        match shown {
            Ok(()) => {}
            // Whoever read our output has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.end(0, io),
            Err(error) => {
                self.screen
                    .complain(&format!("chat-udp: cannot write to standard output: {error}"));
                self.end(1, io);
            }
        }
    }

    fn end(&mut self, code: u8, io: &Io<Input>) {
        self.exit = Some(ExitCode::from(code));
        io.stop();
    }
}

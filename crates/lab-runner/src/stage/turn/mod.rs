//! The poll loop: one thread that waits for everything at once.

mod control;
mod people;
mod start;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use lab_network::Network;
use lab_scenario::plan::{Action, CaptureId, ExitStatus, LinkState, Plan, ProcessId, Signal};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::assignment::Hold;
use crate::event::{Disturbance, DisturbanceKind, Event, Failure, Stream, Verdict};
use crate::mutation::Tamper;
use crate::player::{Order, Player};
use crate::request::TerminalId;
use crate::script::Script;
use crate::scroll::Nanos;
use crate::stage::captures::Captures;
use crate::stage::child::{Child, Read, Streams};
use crate::stage::faults::Faults;
use crate::stage::hosts::Hosts;
use crate::stage::input::Written;
use crate::stage::port::PortWatch;
use crate::stage::reaper::Reaper;
use crate::stage::record::Recorder;
use crate::stage::spawn::signal_group;
use crate::stage::terminals::Terminals;
use crate::stage::watch::Watch;
use crate::stage::{StageError, doubt, readings, search_path};
use control::Control;
use typed_arena::Arena;

/// Bytes of an `exec` command's output that are kept.
const MAX_EXEC_OUTPUT: usize = 1 << 20;

/// Events taken from the kernel at once; more wait for the next turn.
const MAX_EVENTS: usize = 256;

/// Packets taken from a capture at once; more wait for the next turn.
const MAX_PACKETS: usize = 256;

/// What a file descriptor is to the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// Standard input: closes when nobody wants the run any more.
    Control,
    Reaper,
    Output(ProcessId, Stream),
    Input(ProcessId),
    /// The command of the `exec` step of that number.
    Exec(usize),
    /// What a program says that a person has started, and what is typed into it.
    Shown(TerminalId, Stream),
    Typed(TerminalId),
    Capture(CaptureId),
}

impl Token {
    fn to_u64(self) -> u64 {
        let (kind, number) = match self {
            Self::Control => (0, 0),
            Self::Reaper => (1, 0),
            Self::Exec(step) => (2, step),
            Self::Input(process) => (3, process.0),
            Self::Output(process, Stream::Terminal) => (4, process.0),
            Self::Output(process, Stream::Stdout) => (5, process.0),
            Self::Output(process, Stream::Stderr) => (6, process.0),
            Self::Shown(terminal, Stream::Terminal) => return terminal.0 << 8 | 7,
            Self::Shown(terminal, Stream::Stdout) => return terminal.0 << 8 | 8,
            Self::Shown(terminal, Stream::Stderr) => return terminal.0 << 8 | 9,
            Self::Typed(terminal) => return terminal.0 << 8 | 10,
            Self::Capture(capture) => (11, capture.0),
        };
        (number as u64) << 8 | kind
    }

    fn from_u64(data: u64) -> Option<Self> {
        let process = ProcessId(usize::try_from(data >> 8).ok()?);
        let terminal = TerminalId(data >> 8);
        Some(match data & 0xff {
            0 => Self::Control,
            1 => Self::Reaper,
            2 => Self::Exec(process.0),
            3 => Self::Input(process),
            4 => Self::Output(process, Stream::Terminal),
            5 => Self::Output(process, Stream::Stdout),
            6 => Self::Output(process, Stream::Stderr),
            7 => Self::Shown(terminal, Stream::Terminal),
            8 => Self::Shown(terminal, Stream::Stdout),
            9 => Self::Shown(terminal, Stream::Stderr),
            10 => Self::Typed(terminal),
            11 => Self::Capture(CaptureId(process.0)),
            _ => return None,
        })
    }
}

/// The command of an `exec` step.
struct Exec {
    step: usize,
    child: Child,
    output: Vec<u8>,
}

/// Plays a plan on a network that is up. Says whether the run can be trusted and
/// nobody wanted it to end: another one may follow.
pub(super) fn play(
    plan: &Plan,
    hold: &Hold,
    script: Script,
    network: &mut dyn Network,
    hosts: &Hosts,
    captures: Captures,
    recorder: Recorder,
) -> Result<bool, StageError> {
    let longer_plans = Arena::new();
    let scene = Scene { plan, hold, longer_plans: &longer_plans, hosts };
    let mut table =
        Turntable::new(scene, script, network, captures, recorder).map_err(StageError::Loop)?;
    if hold.is_wanted() {
        table.describe();
    }
    loop {
        table.obey();
        table.rested = table.recorder.now();
        table.recorder.flush().map_err(StageError::Record)?;
        if table.player.is_over() {
            return Ok(table.undisturbed);
        }
        table.turn().map_err(StageError::Loop)?;
    }
}

/// What a run is played from.
#[derive(Clone, Copy)]
struct Scene<'p> {
    plan: &'p Plan,
    hold: &'p Hold,
    /// Plans that people have made longer live as long as the one before.
    longer_plans: &'p Arena<Plan>,
    hosts: &'p Hosts,
}

struct Turntable<'p> {
    plan: &'p Plan,
    longer_plans: &'p Arena<Plan>,
    control: Control,
    terminals: Terminals,
    player: Player<'p>,
    network: &'p mut dyn Network,
    faults: Faults,
    hosts: &'p Hosts,
    recorder: Recorder,
    /// Folders in which programs are looked for.
    search: Vec<PathBuf>,
    epoll: OwnedFd,
    reaper: Reaper,
    children: Vec<Option<Child>>,
    execs: Vec<Exec>,
    watches: Vec<PortWatch>,
    captures: Captures,
    tamper: Option<Tamper<'p>>,
    /// The stream that has ended while its last lines are held back on purpose.
    ended_late: Option<Stream>,
    self_watch: Watch,
    /// When the last order was obeyed: all that comes after is not to take long.
    rested: Nanos,
    /// Whether something could not be started.
    refused: bool,
    /// Whether it came to a verdict that nothing casts doubt on.
    undisturbed: bool,
    buffer: Vec<u8>,
}

impl<'p> Turntable<'p> {
    fn new(
        scene: Scene<'p>,
        script: Script,
        network: &'p mut dyn Network,
        captures: Captures,
        recorder: Recorder,
    ) -> io::Result<Self> {
        let Scene { plan, hold, longer_plans, hosts } = scene;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let reaper = Reaper::new()?;
        let now = recorder.now();
        let table = Self {
            plan,
            longer_plans,
            control: Control::new(hold.is_wanted()),
            terminals: Terminals::default(),
            player: Player::new(plan, script, hold.clone(), now),
            network,
            faults: Faults::new(plan, hold),
            hosts,
            recorder,
            search: search_path(plan),
            epoll,
            reaper,
            children: plan.processes.iter().map(|_| None).collect(),
            execs: Vec::new(),
            watches: Vec::new(),
            captures,
            tamper: plan.mutation.as_ref().and_then(Tamper::new),
            ended_late: None,
            self_watch: Watch::new(now, readings::clocks(), readings::pressure()),
            rested: now,
            refused: false,
            undisturbed: false,
            buffer: Vec::new(),
        };
        table.register(&io::stdin(), Token::Control, epoll::EventFlags::IN)?;
        table.register(&table.reaper, Token::Reaper, epoll::EventFlags::IN)?;
        for (id, socket) in table.captures.sockets() {
            table.register(socket, Token::Capture(id), epoll::EventFlags::IN)?;
        }
        Ok(table)
    }

    fn register(&self, fd: &impl AsFd, token: Token, flags: epoll::EventFlags) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token.to_u64());
        Ok(epoll::add(&self.epoll, fd, data, flags)?)
    }

    /// Waits until something happens and tells the player.
    fn turn(&mut self) -> io::Result<()> {
        let now = self.recorder.now();
        let wake = self.player.wake_at();
        let look = self.watches.iter().map(|watch| watch.next);
        let due = self.tamper.as_ref().and_then(Tamper::due);
        let until = self.self_watch.ask(self.rested, wake.into_iter().chain(look).chain(due).min());
        let timeout = timespec(until.saturating_sub(now));
        let mut events = Vec::with_capacity(MAX_EVENTS);
        match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut someone_ended = false;
        for event in events {
            let (flags, data) = (event.flags, event.data);
            match Token::from_u64(data.u64()) {
                Some(Token::Control) => self.hear_control(),
                // After the output that is there: a program's last words come first.
                Some(Token::Reaper) => someone_ended = true,
                Some(Token::Output(process, stream)) => {
                    if flags.contains(epoll::EventFlags::OUT) {
                        self.write(process, Streams::flush);
                    }
                    self.hear(process, stream);
                }
                Some(Token::Input(process)) => self.write(process, Streams::flush),
                Some(Token::Exec(step)) => self.hear_exec(step),
                Some(Token::Shown(terminal, stream)) => {
                    if flags.contains(epoll::EventFlags::OUT) {
                        self.type_further(terminal);
                    }
                    self.terminals.hear(terminal, stream, &mut self.buffer, &mut self.recorder);
                }
                Some(Token::Typed(terminal)) => self.type_further(terminal),
                Some(Token::Capture(id)) => self.read_capture(id, MAX_PACKETS),
                None => {}
            }
        }
        if someone_ended {
            self.reap();
        }
        let now = self.recorder.now();
        self.self_watch.turned(now, readings::clocks());
        self.look_for_ports(now);
        self.release(now);
        self.player.tick(now);
        Ok(())
    }

    fn hear(&mut self, process: ProcessId, stream: Stream) {
        let Some(child) = self.children.get_mut(process.0).and_then(Option::as_mut) else { return };
        let now = self.recorder.now();
        let player = &mut self.player;
        let mut tamper = self.tamper.as_mut().filter(|tamper| tamper.concerns(process, stream));
        let read = child.streams.read(stream, &mut self.buffer, |bytes| match &mut tamper {
            None => player.output(process, stream, bytes, now),
            Some(tamper) => {
                let passed = tamper.hear(bytes, now);
                if tamper.has_struck() {
                    self.recorder.emit(Event::Mutated {});
                }
                if !passed.is_empty() {
                    player.output(process, stream, &passed, now);
                }
            }
        });
        if read == Read::Ended {
            if tamper.as_ref().is_some_and(|tamper| tamper.is_delaying()) {
                // The end comes after what is held back.
                self.ended_late = Some(stream);
                return;
            }
            let held = tamper.map(Tamper::end).unwrap_or_default();
            if !held.is_empty() {
                player.output(process, stream, &held, now);
            }
            self.player.output_ended(process, stream, now);
        }
        // A program that says something may have opened its port just before.
        for watch in self.watches.iter_mut().filter(|watch| watch.process == process) {
            watch.next = now;
        }
    }

    /// Lets through what was held back on purpose, when it is time.
    fn release(&mut self, now: Nanos) {
        let Some(tamper) = &mut self.tamper else { return };
        let held = tamper.release(now);
        if !held.is_empty() {
            let process = tamper.process();
            let is_terminal =
                self.children[process.0].as_ref().is_none_or(|child| child.streams.is_terminal());
            let stream = if is_terminal { Stream::Terminal } else { Stream::Stdout };
            self.player.output(process, stream, &held, now);
            if let Some(stream) = self.ended_late.take() {
                self.player.output_ended(process, stream, now);
            }
        }
    }

    fn hear_exec(&mut self, step: usize) {
        let exec = self.execs.iter_mut().find(|exec| exec.step == step);
        let Some(exec) = exec else { return };
        let output = &mut exec.output;
        exec.child.streams.read(Stream::Stdout, &mut self.buffer, |bytes| {
            let room = MAX_EXEC_OUTPUT.saturating_sub(output.len());
            output.extend_from_slice(&bytes[..bytes.len().min(room)]);
        });
    }

    fn read_capture(&mut self, id: CaptureId, most: usize) {
        let read = self.captures.read(id, most, &mut self.recorder, &mut self.player);
        if let Err(summary) = read {
            self.player.abort(summary, self.recorder.now());
        }
    }

    /// Takes all packets that have passed by so far.
    fn read_captures(&mut self) {
        for at in 0..self.plan.captures.len() {
            self.read_capture(CaptureId(at), usize::MAX);
        }
    }

    fn reap(&mut self) {
        for (pid, status) in self.reaper.reap() {
            let ended = |child: &Child| child.running && child.pid == pid;
            let process = self.children.iter().position(|c| c.as_ref().is_some_and(ended));
            if let Some(index) = process {
                self.end(ProcessId(index), status);
            } else if let Some(at) = self.execs.iter().position(|exec| exec.child.pid == pid) {
                // All it wrote is in the pipe; who else holds that open is not
                // waited for.
                self.hear_exec(self.execs[at].step);
                let Exec { step, output, .. } = self.execs.swap_remove(at);
                self.player.exec_finished(step, Ok((status, output)), self.recorder.now());
            } else if let Some(id) = self.terminals.of_process(pid) {
                self.terminals.end(id, status, &mut self.buffer, &mut self.recorder);
            }
        }
    }

    fn end(&mut self, process: ProcessId, status: ExitStatus) {
        let mut streams = Vec::new();
        if let Some(child) = &mut self.children[process.0] {
            child.running = false;
            child.streams.program_ended();
            streams.extend(child.streams.outputs().map(|(stream, _)| stream));
        }
        for stream in streams {
            self.hear(process, stream);
        }
        self.player.exited(process, status, self.recorder.now());
    }

    fn look_for_ports(&mut self, now: Nanos) {
        let mut at = 0;
        while let Some(watch) = self.watches.get_mut(at) {
            let child = self.children[watch.process.0].as_ref();
            let due = watch.next <= now;
            if due && child.is_some_and(|child| watch.look(child.pid, now)) {
                let PortWatch { process, port, .. } = self.watches.swap_remove(at);
                self.player.port_open(process, port, now);
            } else {
                at += 1;
            }
        }
    }

    /// Does what the player wants done.
    fn obey(&mut self) {
        while let Some(order) = self.player.next_order() {
            match order {
                Order::Emit(Event::RunFinished { verdict, failure }) => {
                    self.finish(verdict, failure);
                }
                Order::Emit(event) => self.recorder.emit(event),
                Order::Spawn(process) => {
                    let result = self.start(process);
                    self.refused |= result.is_err();
                    self.player.spawned(process, result, self.recorder.now());
                }
                Order::WatchPort(process, port) => {
                    self.watches.push(PortWatch::new(process, port, self.recorder.now()));
                }
                Order::UnwatchPorts(process) => {
                    self.watches.retain(|watch| watch.process != process);
                }
                Order::Type(process, bytes) => {
                    self.write(process, |streams| streams.type_in(&bytes));
                }
                Order::CloseInput(process) => self.write(process, Streams::close_input),
                Order::Signal(process, signal) => self.signal(process, signal),
                Order::Exec(step) => {
                    if let Err(failure) = self.start_exec(step) {
                        self.refused = true;
                        self.player.exec_finished(step, Err(failure), self.recorder.now());
                    }
                }
                Order::KillExec(step) => {
                    if let Some(at) = self.execs.iter().position(|exec| exec.step == step) {
                        signal_group(self.execs.swap_remove(at).child.pid, Signal::KILL);
                    }
                }
                Order::Cut(ends) => {
                    let [a, b] = *ends;
                    if let Err(error) = self.network.set_link(&a, &b, LinkState::Down) {
                        let summary = format!("the link {a}–{b} cannot be cut: {error}");
                        self.player.abort(summary, self.recorder.now());
                    }
                }
                Order::ReadCaptures => {
                    self.read_captures();
                    self.player.captures_read(&self.captures.gaps(), self.recorder.now());
                }
                Order::Apply(step) => {
                    let result = match &self.plan.steps[step].action {
                        Action::Fault(fault) => self.faults.apply(fault, self.network, self.hosts),
                        _ => Ok(()),
                    };
                    self.player.fault_applied(step, result, self.recorder.now());
                }
            }
        }
    }

    /// Tells what came of the run, and what disturbed it.
    fn finish(&mut self, verdict: Verdict, mut failure: Option<Failure>) {
        let now = self.recorder.now();
        let until = failure.as_ref().map_or(now, |failure| failure.at);
        let mut disturbances = self.self_watch.disturbances(until, now, readings::pressure());
        if verdict == Verdict::Fail {
            let strays = self.network.strays().into_iter();
            let kind = DisturbanceKind::Network;
            disturbances.extend(strays.map(|message| Disturbance { kind, message }));
        }
        let verdict = doubt::judge(verdict, &mut failure, &disturbances, self.refused);
        self.undisturbed = verdict != Verdict::Invalid && disturbances.is_empty();
        self.read_captures();
        self.captures.end(&mut self.recorder);
        for disturbance in disturbances {
            self.recorder.emit(Event::Disturbed { disturbance });
        }
        self.recorder.emit(Event::RunFinished { verdict, failure });
    }

    /// Writes to a program, and tells the player when all is in.
    fn write(
        &mut self,
        process: ProcessId,
        write: impl FnOnce(&mut Streams) -> io::Result<Written>,
    ) {
        let Some(child) = self.children.get_mut(process.0).and_then(Option::as_mut) else { return };
        let result = write(&mut child.streams);
        let blocked = matches!(result, Ok(Written::Blocked));
        self.await_writable(process, blocked);
        if !blocked {
            let result = result.map(|_| ()).map_err(|error| match error.raw_os_error() {
                Some(libc::EPIPE | libc::EIO) => "it has closed its input".to_owned(),
                _ => error.to_string(),
            });
            self.player.typed(process, &result, self.recorder.now());
        }
    }

    /// Asks to be woken when a program's input takes more, or no longer.
    fn await_writable(&self, process: ProcessId, wanted: bool) {
        let Some(child) = &self.children[process.0] else { return };
        let Some(fd) = child.streams.input() else { return };
        // A terminal is one descriptor both ways, and known to the loop by its
        // output: whatever wakes it, both are looked at.
        if child.streams.is_terminal() {
            let data = epoll::EventData::new_u64(Token::Output(process, Stream::Terminal).to_u64());
            let mut flags = epoll::EventFlags::IN;
            flags.set(epoll::EventFlags::OUT, wanted);
            let _ = epoll::modify(&self.epoll, fd, data, flags);
        } else if wanted {
            let _ = self.register(fd, Token::Input(process), epoll::EventFlags::OUT);
        } else {
            let _ = epoll::delete(&self.epoll, fd);
        }
    }

    fn signal(&self, process: ProcessId, signal: Signal) {
        if let Some(child) = &self.children[process.0]
            && child.running
        {
            signal_group(child.pid, signal);
        }
    }
}

/// As a timeout of the poll; an hour at most, since some kernels refuse more, and
/// to wake once too often does no harm.
fn timespec(nanos: Nanos) -> Timespec {
    const SECOND: u64 = 1_000_000_000;
    let nanos = nanos.min(3600 * SECOND);
    Timespec { tv_sec: (nanos / SECOND).cast_signed(), tv_nsec: (nanos % SECOND).cast_signed() }
}

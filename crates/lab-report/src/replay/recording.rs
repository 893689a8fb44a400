//! What a run left behind, as something to be played.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use lab_runner::bytes::Bytes;
use lab_runner::event::{AddedProcess, Event, Record, Verdict};
use lab_runner::request::{Size, TerminalId};
use lab_scenario::plan::ProcessId;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Nanos;
use crate::clean::clean_line;
use crate::words;

/// Bytes of `events.jsonl` that are read; what comes after is left out.
pub const MAX_RECORD: u64 = 256 << 20;

/// Bytes of a line: more than a stage may say at once.
const MAX_LINE: u64 = 8 << 20;

/// Bytes of `run.json`.
const MAX_RUN: u64 = 64 << 20;

/// Characters of a name or text that are kept. Nothing shows more.
const MAX_TEXT: usize = 300;

/// A run to be played.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// Which run it is: `direct-chat/three-users`.
    pub title: String,
    /// What was on each terminal: the processes in the order of the plan, then the
    /// terminals that people opened.
    pub tracks: Vec<Track>,
    /// What happened beside, in order.
    pub markers: Vec<Marker>,
    /// When the last of all this happened.
    pub end: Nanos,
    /// What is wrong with the record, in sentences.
    pub doubts: Vec<String>,
}

/// What was on one terminal.
#[derive(Debug, Clone)]
pub struct Track {
    /// The process, or what a person called the terminal.
    pub name: String,
    /// Where it ran.
    pub host: String,
    /// How large the terminal was at first.
    pub size: Size,
    /// Whether the terminal was one of ours, which shows neither what is typed nor
    /// puts returns before newlines: a player has to.
    pub is_bare: bool,
    /// What came and went, in order.
    pub pieces: Vec<Piece>,
    /// When the program began and ended, in order.
    pub life: Vec<Moment>,
}

/// Something on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// When.
    pub at: Nanos,
    /// What.
    pub what: What,
}

/// What may happen on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The program said something.
    Output(Bytes),
    /// Something was typed.
    Input(Bytes),
    /// Its window has another size.
    Resized(Size),
}

/// From when on a program was in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Nanos,
    /// Which.
    pub state: State,
}

/// What became of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It was started, by this command.
    Running(String),
    /// It ended, and how: `ended with code 1`.
    Ended(String),
}

/// A moment that one may want to go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// When.
    pub at: Nanos,
    /// Of what kind.
    pub kind: MarkerKind,
    /// One line: `step 3: bob< hello`, `link h2–s1 down`.
    pub text: String,
}

/// Kinds of [`Marker`], in the order in which they matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkerKind {
    /// A step began.
    Step,
    /// The scenario named the moment.
    Label,
    /// The network or a host was changed.
    Change,
    /// The run was held for people, or went on.
    Pause,
    /// The run ended well.
    End,
    /// Something is not as it should be.
    Trouble,
}

impl Recording {
    /// Reads the folder of a run. Of a run that did not end there is no `run.json`,
    /// so its processes are called after their commands.
    ///
    /// # Errors
    /// There is no `events.jsonl` that can be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let events = BufReader::new(File::open(folder.join("events.jsonl"))?);
        let run = File::open(folder.join("run.json")).and_then(|file| {
            let mut text = Vec::new();
            file.take(MAX_RUN).read_to_end(&mut text).map(|_| text)
        });
        Self::parse(run.ok().as_deref(), events)
    }

    /// The same of what stands in the two files.
    ///
    /// # Errors
    /// The events cannot be read; that they make no sense is no error.
    pub fn parse(run: Option<&[u8]>, events: impl BufRead) -> io::Result<Self> {
        let run = run.and_then(|text| serde_json::from_slice(text).ok());
        let mut draft = Draft { run, ..Draft::default() };
        let mut events = events.take(MAX_RECORD);
        let mut damaged = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            events.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                break;
            }
            match serde_json::from_slice(&line) {
                Ok(record) => draft.take(record),
                // Events of later versions are passed over.
                Err(_) if serde_json::from_slice::<IgnoredAny>(&line).is_ok() => {}
                Err(_) => damaged += 1,
            }
        }
        if damaged > 0 {
            let lines = words::count(damaged, "line");
            draft.doubts.push(format!("{lines} of the record cannot be read"));
        }
        if events.limit() == 0 {
            draft.doubts.push(format!("the record is cut after {} MiB", MAX_RECORD >> 20));
        }
        Ok(draft.finish())
    }

    /// Keeps the tracks that have one of these names, or are on a host of this name.
    ///
    /// # Errors
    /// The first name that nothing has.
    pub fn keep_only<'a>(&mut self, names: &'a [String]) -> Result<(), &'a str> {
        let has = |track: &Track, name: &String| track.name == *name || track.host == *name;
        for name in names {
            if !self.tracks.iter().any(|track| has(track, name)) {
                return Err(name);
            }
        }
        self.tracks.retain(|track| names.iter().any(|name| has(track, name)));
        Ok(())
    }

    /// When anything happens, in no order.
    pub(super) fn times(&self) -> Vec<Nanos> {
        let tracks = self.tracks.iter().flat_map(|track| {
            let pieces = track.pieces.iter().map(|piece| piece.at);
            pieces.chain(track.life.iter().map(|moment| moment.at))
        });
        tracks.chain(self.markers.iter().map(|marker| marker.at)).collect()
    }
}

impl Track {
    /// That of a process of which nothing was heard.
    fn new(name: &str, host: &str) -> Self {
        Self {
            name: text(name),
            host: text(host),
            size: Size::default(),
            is_bare: true,
            pieces: Vec::new(),
            life: Vec::new(),
        }
    }

    /// What the program is doing at a time; nothing if it was not started.
    #[must_use]
    pub fn state(&self, at: Nanos) -> Option<&State> {
        let before = self.life.partition_point(|moment| moment.at <= at);
        self.life[..before].last().map(|moment| &moment.state)
    }

    /// How many of its pieces there are at a time.
    #[must_use]
    pub fn pieces_until(&self, at: Nanos) -> usize {
        self.pieces.partition_point(|piece| piece.at <= at)
    }

    /// When something happens next after a time.
    pub(super) fn next(&self, at: Nanos) -> Option<Nanos> {
        let piece = first_after(&self.pieces, at, |piece| piece.at);
        piece.into_iter().chain(first_after(&self.life, at, |moment| moment.at)).min()
    }

    /// When something happened last before a time.
    pub(super) fn previous(&self, at: Nanos) -> Option<Nanos> {
        let piece = last_before(&self.pieces, at, |piece| piece.at);
        piece.max(last_before(&self.life, at, |moment| moment.at))
    }
}

/// The time of the first of things in order that comes after a time.
pub(super) fn first_after<T>(all: &[T], at: Nanos, time: impl Fn(&T) -> Nanos) -> Option<Nanos> {
    all.get(all.partition_point(|one| time(one) <= at)).map(time)
}

/// The time of the last of things in order that comes before a time.
pub(super) fn last_before<T>(all: &[T], at: Nanos, time: impl Fn(&T) -> Nanos) -> Option<Nanos> {
    all[..all.partition_point(|one| time(one) < at)].last().map(time)
}

/// What `run.json` tells of names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Run {
    label: String,
    processes: Vec<AddedProcess>,
    steps: Vec<Step>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Step {
    text: String,
}

/// A recording in the making.
#[derive(Debug, Default)]
struct Draft {
    /// Nothing, if the run has not ended.
    run: Option<Run>,
    processes: BTreeMap<ProcessId, Track>,
    terminals: BTreeMap<TerminalId, Track>,
    markers: Vec<Marker>,
    end: Nanos,
    doubts: Vec<String>,
}

impl Draft {
    fn take(&mut self, Record { at, event }: Record) {
        self.end = self.end.max(at);
        match event {
            Event::ProcessStarted { process, argv, .. } => {
                let command = text(&argv.join(" "));
                let track = self.process(process);
                if track.name.is_empty() {
                    let program = argv.first().map_or("", |program| program);
                    let name = program.rsplit('/').next().unwrap_or(program);
                    track.name = text(&format!("{name} #{}", process.0.saturating_add(1)));
                }
                track.life.push(Moment { at, state: State::Running(command) });
            }
            Event::ProcessExited { process, status } => {
                let state = State::Ended(status.to_string());
                self.process(process).life.push(Moment { at, state });
            }
            Event::Output { process, bytes, .. } => {
                self.process(process).pieces.push(Piece { at, what: What::Output(bytes) });
            }
            Event::Input { process, bytes } => {
                self.process(process).pieces.push(Piece { at, what: What::Input(bytes) });
            }
            Event::TerminalOpened { terminal, host, argv, size, .. } => {
                let command = text(&argv.join(" "));
                let mut track = Track::new(&format!("terminal {terminal}"), &host);
                track.is_bare = size.is_none();
                track.size = size.unwrap_or_default();
                track.life.push(Moment { at, state: State::Running(command) });
                self.terminals.entry(terminal).or_insert(track);
            }
            Event::TerminalInput { terminal, bytes } => {
                self.on_terminal(terminal, at, What::Input(bytes));
            }
            Event::TerminalOutput { terminal, bytes, .. } => {
                self.on_terminal(terminal, at, What::Output(bytes));
            }
            Event::TerminalResized { terminal, size } => {
                self.on_terminal(terminal, at, What::Resized(size));
            }
            Event::TerminalClosed { terminal, status } => {
                if let Some(track) = self.terminals.get_mut(&terminal) {
                    track.life.push(Moment { at, state: State::Ended(status.to_string()) });
                }
            }
            Event::Extended { processes, steps } => {
                // Of a run that has not ended it is not known how many there were before.
                if let Some(run) = &mut self.run {
                    run.processes.extend(processes);
                    run.steps.extend(steps.into_iter().map(|text| Step { text }));
                }
            }
            Event::Held { because } => {
                self.mark(at, MarkerKind::Pause, &format!("the run is held: {because}"));
            }
            Event::Continued {} => self.mark(at, MarkerKind::Pause, "the run goes on"),
            Event::StepStarted { step } => {
                let known = self.run.as_ref().and_then(|run| run.steps.get(step));
                let said = known.map_or("", |step| &step.text);
                let said = format!("step {}: {said}", step.saturating_add(1));
                self.mark(at, MarkerKind::Step, said.trim_end_matches(": "));
            }
            Event::StepFailed { step, failure } => {
                let said = format!("step {} failed: {}", step.saturating_add(1), failure.summary);
                self.mark(at, MarkerKind::Trouble, &said);
            }
            Event::StepMissed { why, .. } => {
                self.mark(at, MarkerKind::Step, &format!("not met, but optional: {why}"));
            }
            Event::Labelled { label, .. } => {
                self.mark(at, MarkerKind::Label, &format!("label: {label}"));
            }
            Event::FaultApplied { fault, .. } => {
                self.mark(at, MarkerKind::Change, &fault.to_string());
            }
            Event::Disturbed { disturbance } => {
                self.mark(at, MarkerKind::Trouble, &disturbance.message);
            }
            Event::RunFinished { verdict, failure } => {
                let kind = match verdict {
                    Verdict::Pass => MarkerKind::End,
                    _ => MarkerKind::Trouble,
                };
                let why = failure.map_or(String::new(), |failure| format!(": {}", failure.summary));
                self.mark(at, kind, &format!("{}{why}", verdict.name()));
            }
            _ => {}
        }
    }

    fn mark(&mut self, at: Nanos, kind: MarkerKind, said: &str) {
        self.markers.push(Marker { at, kind, text: text(said) });
    }

    fn process(&mut self, id: ProcessId) -> &mut Track {
        let Self { run, processes, .. } = self;
        processes.entry(id).or_insert_with(|| {
            let known = run.as_ref().and_then(|run| run.processes.get(id.0));
            known.map_or_else(|| Track::new("", ""), |known| Track::new(&known.name, &known.host))
        })
    }

    fn on_terminal(&mut self, id: TerminalId, at: Nanos, what: What) {
        if let Some(track) = self.terminals.get_mut(&id) {
            track.pieces.push(Piece { at, what });
        }
    }

    fn finish(self) -> Recording {
        let mut tracks: Vec<Track> =
            self.processes.into_values().chain(self.terminals.into_values()).collect();
        for track in &mut tracks {
            // A stage never goes back in time; a file that somebody wrote may.
            track.pieces.sort_by_key(|piece| piece.at);
            track.life.sort_by_key(|moment| moment.at);
        }
        let mut markers = self.markers;
        markers.sort_by_key(|marker| marker.at);
        Recording {
            title: self.run.map_or(String::new(), |run| text(&run.label)),
            tracks,
            markers,
            end: self.end,
            doubts: self.doubts,
        }
    }
}

/// A text that is safe to show on one line.
fn text(text: &str) -> String {
    let start: String = text.chars().take(MAX_TEXT).collect();
    clean_line(&start)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{RUN, recording};
    use super::*;

    #[test]
    fn names_tracks_and_markers() {
        let recording = recording();
        assert_eq!(recording.title, "direct-chat/two-users");
        let tracks: Vec<_> =
            recording.tracks.iter().map(|track| (&*track.name, &*track.host)).collect();
        assert_eq!(tracks, [("server", "h4"), ("alice", "h1"), ("bob", "h2")]);
        let markers: Vec<_> =
            recording.markers.iter().map(|marker| (marker.kind, &*marker.text)).collect();
        assert_eq!(
            markers,
            [
                (MarkerKind::Step, "step 1: alice> To bob:hello"),
                (MarkerKind::Step, "step 2: bob< hello From alice"),
                (MarkerKind::Change, "link h2–s1 down"),
                (MarkerKind::Trouble, "fail: bob did not say `lost?`"),
            ]
        );
        assert_eq!(recording.end, 4_000_000_000);
        let alice = &recording.tracks[1];
        assert_eq!(alice.state(0), None);
        assert_eq!(alice.state(1_000_000_000), Some(&State::Running("chat-client direct".into())));
        assert_eq!(alice.state(u64::MAX), Some(&State::Ended("ended with code 1".into())));
        assert_eq!(recording.doubts, [""; 0]);
    }

    #[test]
    fn a_run_that_was_killed_has_no_names() {
        let events = br#"{"at":7,"event":{"process_started":{"process":3,"pid":9,"argv":["/usr/bin/ca\u001bt","-u"]}}}
{"at":8,"event":{"step_started":{"step":18446744073709551615}}}
{"at":9,"event":{"output":{"process":3,"stre"#;
        let recording = Recording::parse(None, &events[..]).unwrap();
        assert_eq!(recording.tracks[0].name, "ca #4");
        assert_eq!(recording.markers[0].text, "step 18446744073709551615");
        assert_eq!(recording.doubts, ["1 line of the record cannot be read"]);
    }

    #[test]
    fn order_is_that_of_time_and_unknown_events_are_passed_over() {
        let events = br#"{"at":9,"event":{"output":{"process":0,"stream":"terminal","bytes":"b"}}}
{"at":2,"event":{"output":{"process":0,"stream":"terminal","bytes":"a"}}}
{"at":3,"event":{"sung":{"process":0,"notes":["a"]}}}
"#;
        let recording = Recording::parse(Some(RUN.as_bytes()), &events[..]).unwrap();
        let times: Vec<_> = recording.tracks[0].pieces.iter().map(|piece| piece.at).collect();
        assert_eq!(times, [2, 9]);
        assert!(recording.doubts.is_empty());
    }

    #[test]
    fn terminals_of_people() {
        let events = br#"{"at":1,"event":{"held":{"because":"done"}}}
{"at":2,"event":{"terminal_opened":{"terminal":7,"host":"h1","argv":["bash"],"pid":9,"size":{"rows":50,"columns":132}}}}
{"at":3,"event":{"terminal_output":{"terminal":7,"stream":"terminal","bytes":"h1:~$ "}}}
{"at":4,"event":{"terminal_input":{"terminal":7,"bytes":"l"}}}
{"at":5,"event":{"terminal_resized":{"terminal":7,"size":{"rows":10,"columns":40}}}}
{"at":6,"event":{"extended":{"processes":[{"name":"late","host":"h2"}],"steps":["start: late"]}}}
{"at":6,"event":{"step_started":{"step":3}}}
{"at":7,"event":{"process_started":{"process":3,"pid":10,"argv":["cat"]}}}
{"at":8,"event":{"terminal_closed":{"terminal":7,"status":{"code":0}}}}
{"at":9,"event":{"terminal_output":{"terminal":8,"stream":"terminal","bytes":"never opened"}}}
"#;
        let recording = Recording::parse(Some(RUN.as_bytes()), &events[..]).unwrap();
        let [late, terminal] = &recording.tracks[..] else { panic!("{:?}", recording.tracks) };
        assert_eq!((&*late.name, &*late.host, late.is_bare), ("late", "h2", true));
        assert_eq!((&*terminal.name, &*terminal.host), ("terminal 7", "h1"));
        assert_eq!((terminal.size, terminal.is_bare), (Size { rows: 50, columns: 132 }, false));
        assert_eq!(terminal.pieces.len(), 3);
        assert_eq!(terminal.state(8), Some(&State::Ended("ended with code 0".into())));
        let markers: Vec<_> =
            recording.markers.iter().map(|marker| (marker.kind, &*marker.text)).collect();
        assert_eq!(
            markers,
            [
                (MarkerKind::Pause, "the run is held: its steps are done"),
                (MarkerKind::Step, "step 4: start: late"),
            ]
        );
    }

    #[test]
    fn some_tracks_only() {
        let keep = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let mut recording = recording();
            match recording.keep_only(&names) {
                Ok(()) => recording.tracks.into_iter().map(|track| track.name).collect(),
                Err(unknown) => vec![format!("no {unknown}")],
            }
        };
        assert_eq!(keep(&["bob", "server"]), ["server", "bob"]);
        assert_eq!(keep(&["h1"]), ["alice"]);
        assert_eq!(keep(&["bob", "carol"]), ["no carol"]);
    }
}

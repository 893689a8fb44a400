//! What matters of a record to mutations: who said which lines when, and when each
//! step was played.

use std::collections::HashMap;

use bstr::ByteSlice as _;
use lab_scenario::plan::{Plan, ProcessId};

use super::shape::shape;
use crate::event::{Event, Record, Stream};
use crate::scroll::Nanos;

/// Longest line that is a mutant, in bytes.
const LONGEST: usize = 4096;

/// A line that a process said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Without its end.
    pub(super) text: String,
    /// What came of it at once.
    pub(super) head: Vec<u8>,
    /// Which of this process's lines of this [`shape`], counted from 0.
    pub(super) occurrence: u32,
    /// Which of its lines since it was started, counted from 0.
    pub(super) number: usize,
    /// When its first byte came.
    pub(super) began: Nanos,
    /// When its end came.
    pub(super) ended: Nanos,
    /// When its process was started.
    pub(super) started: Nanos,
}

/// When a step was played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Played {
    pub(super) step: usize,
    /// Not so if it was optional, or is to be tried again.
    pub(super) passed: bool,
    pub(super) from: Nanos,
    pub(super) to: Nanos,
}

/// A record, retold.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// Of each process of the plan, those of its terminal or standard output.
    pub(super) lines: Vec<Vec<Line>>,
    /// Of each process, how many lines it began when it was started first.
    pub(super) begun: Vec<usize>,
    /// Of each process, the line that it had begun and not ended at the end.
    pub(super) standing: Vec<Vec<u8>>,
    pub(super) played: Vec<Played>,
    /// When something was typed into any process.
    pub(super) typed: Vec<Nanos>,
    /// When the last step was over.
    pub(super) over: Nanos,
}

#[derive(Default)]
struct Speaker {
    partial: Vec<u8>,
    /// How much of it came at once, in bytes.
    head: usize,
    began: Nanos,
    started: Nanos,
    starts: usize,
    number: usize,
    seen: HashMap<Vec<u8>, u32>,
}

/// A record until its last step was over.
pub(super) fn until_over(records: &[Record]) -> &[Record] {
    let ends = |record: &Record| {
        matches!(record.event, Event::StepPassed { .. } | Event::StepMissed { .. })
    };
    let last = records.iter().rposition(ends);
    last.map_or(records, |last| &records[..=last])
}

impl Story {
    pub(super) fn of(plan: &Plan, records: &[Record]) -> Self {
        let mut story = Self {
            lines: vec![Vec::new(); plan.processes.len()],
            begun: vec![0; plan.processes.len()],
            ..Self::default()
        };
        let mut speakers: Vec<Speaker> =
            plan.processes.iter().map(|_| Speaker::default()).collect();
        let mut open = HashMap::new();
        for Record { at, event } in records {
            match event {
                Event::ProcessStarted { process, .. } => {
                    if let Some(speaker) = speakers.get_mut(process.0) {
                        speaker.partial.clear();
                        (speaker.started, speaker.number) = (*at, 0);
                        speaker.starts += 1;
                    }
                }
                Event::Input { .. } => story.typed.push(*at),
                Event::Output { process, stream: Stream::Terminal | Stream::Stdout, bytes } => {
                    if let Some(speaker) = speakers.get_mut(process.0) {
                        story.said(*process, speaker, bytes, *at);
                    }
                }
                Event::StepStarted { step } => _ = open.insert(*step, *at),
                Event::StepPassed { step } | Event::StepMissed { step, .. } => {
                    let from = open.remove(step).unwrap_or(*at);
                    let passed = matches!(event, Event::StepPassed { .. });
                    story.played.push(Played { step: *step, passed, from, to: *at });
                    story.over = *at;
                }
                _ => {}
            }
        }
        story.standing = speakers.into_iter().map(|speaker| speaker.partial).collect();
        story
    }

    fn said(&mut self, process: ProcessId, speaker: &mut Speaker, bytes: &[u8], at: Nanos) {
        for piece in bytes.lines_with_terminator() {
            if speaker.partial.is_empty() {
                (speaker.began, speaker.head) = (at, piece.len());
                if speaker.starts == 1 {
                    self.begun[process.0] += 1;
                }
            }
            if speaker.partial.len() <= LONGEST {
                speaker.partial.extend_from_slice(piece);
            }
            if piece.last() != Some(&b'\n') {
                continue;
            }
            let number = speaker.number;
            speaker.number += 1;
            let line = std::mem::take(&mut speaker.partial);
            let head = line[..speaker.head.min(line.len())].to_vec();
            let Ok(text) = String::from_utf8(line) else { continue };
            let Some(text) = text.strip_suffix('\n') else { continue };
            let text = text.strip_suffix('\r').unwrap_or(text);
            let seen = speaker.seen.entry(shape(text.as_bytes())).or_default();
            let occurrence = *seen;
            *seen += 1;
            self.lines[process.0].push(Line {
                text: text.to_owned(),
                head,
                occurrence,
                number,
                began: speaker.began,
                ended: at,
                started: speaker.started,
            });
        }
    }
}

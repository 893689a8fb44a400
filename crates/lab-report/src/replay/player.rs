//! Where in a recording we are, and what is to be seen of it.

use std::time::Duration;

use lab_runner::request::Size;
use ratatui::layout::Rect;

use super::Nanos;
use super::layout::Grid;
use super::recording::{Marker, Recording, Track, first_after, last_before};
use super::screen::Screen;
use super::timeline::Timeline;
use super::view;

/// What an arrow key jumps over, watched at a speed of 1.
const JUMP: Nanos = 5_000_000_000;

/// While playing, the marker passed within the last second is not "the one before".
const GRACE: f64 = 1e9;

/// Speeds that can be chosen.
const SPEEDS: (f64, f64) = (1.0 / 1024.0, 1024.0);

/// A recording that is shorter is slowed down until it takes as long.
const SHORT: f64 = 8e9;

/// How often the clock is shown anew.
const REFRESH: Duration = Duration::from_millis(100);

/// How often anything is shown anew.
const FRAME: Duration = Duration::from_millis(16);

/// What a person may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Stop, or go on; at the end, begin again.
    PauseOrGoOn,
    /// Jump back.
    Back,
    /// Jump ahead.
    Forward,
    /// To the last marker before.
    PreviousMarker,
    /// To the first marker after.
    NextMarker,
    /// To the last thing that happened before, and stop.
    PreviousEvent,
    /// To the next thing that happens, and stop.
    NextEvent,
    /// To the beginning.
    Start,
    /// To the end.
    End,
    /// Half the speed.
    Slower,
    /// Twice the speed.
    Faster,
    /// The next terminal gets the focus.
    NextPane,
    /// The one before gets it.
    PreviousPane,
    /// The first terminal of the next page gets it.
    NextPage,
    /// The first of the page before.
    PreviousPage,
    /// Show only the terminal with the focus, or all again.
    Zoom,
    /// Show what keys there are, or no more.
    Help,
}

/// Plays a recording: takes time and commands, knows what is to be shown.
pub struct Player {
    recording: Recording,
    timeline: Timeline,
    screens: Vec<Screen>,
    /// In played time, with the parts of a nanosecond that slow motion needs.
    position: f64,
    speed: f64,
    paused: bool,
    focus: usize,
    zoomed: bool,
    help: bool,
    /// Where terminals are shown.
    area: Rect,
}

impl Player {
    /// A player at the start, which plays. A recording of less than eight seconds is slowed
    /// down until it takes as long, unless a speed is given.
    #[must_use]
    pub fn new(recording: Recording, idle_limit: Option<Duration>, speed: Option<f64>) -> Self {
        let limit = idle_limit.map(nanos);
        let times = if limit.is_some() { recording.times() } else { Vec::new() };
        let timeline = Timeline::new(recording.end, times, limit);
        let mut speed = speed.unwrap_or_else(|| slowed(recording.end));
        if !speed.is_finite() {
            speed = 1.0;
        }
        Self {
            screens: recording.tracks.iter().map(|_| Screen::default()).collect(),
            recording,
            timeline,
            position: 0.0,
            speed: speed.clamp(SPEEDS.0, SPEEDS.1),
            paused: false,
            focus: 0,
            zoomed: false,
            help: false,
            area: Rect::ZERO,
        }
    }

    /// Time goes by.
    pub fn pass(&mut self, elapsed: Duration) {
        if !self.paused {
            self.go(self.position + elapsed.as_nanos() as f64 * self.speed);
        }
    }

    /// How long what is shown stays as it is; for ever while paused.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        if self.paused {
            return None;
        }
        let next = self.next_event().map_or(f64::INFINITY, |at| {
            (self.timeline.played(at) as f64 - self.position) / self.speed
        });
        let next = Duration::try_from_secs_f64(next / 1e9).unwrap_or(REFRESH);
        Some(next.clamp(FRAME, REFRESH))
    }

    /// Goes to a time of the run.
    pub fn seek(&mut self, at: Duration) {
        self.go(self.timeline.played(nanos(at)) as f64);
    }

    /// Does what a person wants.
    pub fn command(&mut self, command: Command) {
        let jump = JUMP as f64 * self.speed.min(1.0);
        match command {
            Command::PauseOrGoOn if self.is_at_end() => {
                self.position = 0.0;
                self.paused = false;
            }
            Command::PauseOrGoOn => self.paused = !self.paused,
            Command::Back => self.go(self.position - jump),
            Command::Forward => self.go(self.position + jump),
            Command::PreviousMarker => {
                let grace = if self.paused { 0.0 } else { GRACE * self.speed };
                self.go(self.marker_before(self.position - grace).unwrap_or(0.0));
            }
            Command::NextMarker => {
                self.go(self.marker_after(self.position).unwrap_or(f64::INFINITY));
            }
            Command::PreviousEvent => self.step(self.previous_event().unwrap_or(0)),
            Command::NextEvent => self.step(self.next_event().unwrap_or(self.recording.end)),
            Command::Start => self.go(0.0),
            Command::End => self.go(f64::INFINITY),
            Command::Slower => self.speed = (self.speed / 2.0).max(SPEEDS.0),
            Command::Faster => self.speed = (self.speed * 2.0).min(SPEEDS.1),
            Command::NextPane => self.focus_on(self.focus + 1),
            Command::PreviousPane => self.focus_on(self.focus + self.screens.len().max(1) - 1),
            Command::NextPage => self.turn_page(1),
            Command::PreviousPage => self.turn_page(-1),
            Command::Zoom => self.zoomed = !self.zoomed,
            Command::Help => self.help = !self.help,
        }
    }

    /// Says how large the window is, before anything is shown in it.
    pub fn fit(&mut self, window: Rect) {
        self.area = view::terminals(window);
    }

    /// Brings what is to be seen up to the position, or nearer to it by about `budget`
    /// bytes; says whether it is there. To be called again at once if not.
    pub fn catch_up(&mut self, mut budget: usize) -> bool {
        let now = self.now();
        let shown = self.shown();
        let mut is_there = true;
        for (index, screen) in self.screens.iter_mut().enumerate() {
            if shown.contains(&index) {
                let track = &self.recording.tracks[index];
                is_there &= screen.advance(track, track.pieces_until(now), &mut budget);
            } else {
                screen.rest();
            }
        }
        is_there
    }

    /// What is played.
    #[must_use]
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The time of the run that is shown.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.timeline.recorded(self.position as Nanos)
    }

    /// Where that is in the whole of the recording as it is played, 0 to 1.
    pub(super) fn progress(&self, at: Nanos) -> f64 {
        let length = self.timeline.length().max(1);
        self.timeline.played(at) as f64 / length as f64
    }

    /// Whether time stands still.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.position >= self.timeline.length() as f64
    }

    /// How many times faster than it was.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed
    }

    pub(super) fn has_help(&self) -> bool {
        self.help
    }

    /// The marker that was passed last.
    #[must_use]
    pub fn marker(&self) -> Option<&Marker> {
        let now = self.now();
        let markers = &self.recording.markers;
        markers[..markers.partition_point(|marker| marker.at <= now)].last()
    }

    /// The terminals that are shown, each with its place and whether it has the focus.
    pub(super) fn panes(&self) -> impl Iterator<Item = (Rect, &Track, &Screen, bool)> {
        let shown = self.shown();
        let (first, count) = (shown.start, shown.len());
        let (grid, zoomed) = (self.grid(), self.zoomed);
        shown.map(move |index| {
            let place = if zoomed { self.area } else { grid.pane(index - first, count) };
            let track = &self.recording.tracks[index];
            (place, track, &self.screens[index], index == self.focus)
        })
    }

    /// Which page is shown, and of how many, counted from 1.
    pub(super) fn page(&self) -> (usize, usize) {
        let capacity = if self.zoomed { 1 } else { self.grid().capacity() };
        (self.focus / capacity + 1, self.screens.len().div_ceil(capacity).max(1))
    }

    /// Indices of the terminals that are shown.
    fn shown(&self) -> std::ops::Range<usize> {
        let count = self.screens.len();
        if self.zoomed {
            return self.focus.min(count)..(self.focus + 1).min(count);
        }
        let capacity = self.grid().capacity();
        let first = self.focus / capacity * capacity;
        first.min(count)..(first + capacity).min(count)
    }

    fn grid(&self) -> Grid {
        let sizes = self.recording.tracks.iter().map(|track| track.size);
        let largest = sizes
            .reduce(|a, b| Size { columns: a.columns.max(b.columns), rows: a.rows.max(b.rows) });
        let size = largest.unwrap_or_default();
        Grid::new(self.screens.len(), size, self.area)
    }

    fn focus_on(&mut self, index: usize) {
        self.focus = index % self.screens.len().max(1);
    }

    fn turn_page(&mut self, by: isize) {
        let capacity = if self.zoomed { 1 } else { self.grid().capacity() };
        let (page, pages) = self.page();
        let next = (page - 1 + pages).saturating_add_signed(by) % pages;
        self.focus_on(next * capacity);
    }

    /// The played times of all markers.
    fn marker_times(&self) -> impl DoubleEndedIterator<Item = f64> {
        self.recording.markers.iter().map(|marker| self.timeline.played(marker.at) as f64)
    }

    fn marker_before(&self, position: f64) -> Option<f64> {
        self.marker_times().rfind(|at| *at < position)
    }

    fn marker_after(&self, position: f64) -> Option<f64> {
        self.marker_times().find(|at| *at > position)
    }

    /// The recorded time of what happens next on the terminals that are shown.
    fn next_event(&self) -> Option<Nanos> {
        let now = self.now();
        let tracks = self.recording.tracks[self.shown()].iter();
        let marker = first_after(&self.recording.markers, now, |marker| marker.at);
        tracks.filter_map(|track| track.next(now)).chain(marker).min()
    }

    /// The recorded time of what happened before now, but not just now.
    fn previous_event(&self) -> Option<Nanos> {
        let now = self.now();
        let tracks = self.recording.tracks[self.shown()].iter();
        let marker = last_before(&self.recording.markers, now, |marker| marker.at);
        tracks.filter_map(|track| track.previous(now)).chain(marker).max()
    }

    /// Goes to an event, to look at it.
    fn step(&mut self, at: Nanos) {
        self.paused = true;
        self.go(self.timeline.played(at) as f64);
    }

    /// Goes to a played time, or as near as there is; the end stops.
    fn go(&mut self, position: f64) {
        self.position = position.clamp(0.0, self.timeline.length() as f64);
        self.paused |= self.is_at_end();
    }
}

/// The speed at which a short recording can be followed.
fn slowed(length: Nanos) -> f64 {
    let mut speed = 1.0;
    while length > 0 && length as f64 / speed < SHORT && speed > SPEEDS.0 {
        speed /= 2.0;
    }
    speed
}

fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

#[cfg(test)]
mod tests;

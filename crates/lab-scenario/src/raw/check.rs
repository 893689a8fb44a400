//! Checks: statements about the whole record of a run.

use super::RawExit;
use crate::decode::record;
use crate::text::Text;

record! {
    /// One check: exactly one of its assertions is given.
    struct RawCheck as "a check" {
        /// What people call it.
        name: Text = "name",
        /// What it is worth.
        points: Text = "points",
        /// So many times.
        count: RawCount = "count",
        /// At least once.
        contains: RawContains = "contains",
        /// Every line.
        matches: RawMatches = "matches",
        /// How a process ended.
        exit: RawExit = "exit",
    }

    /// `count`.
    struct RawCount as "a `count`" {
        /// The process.
        process: Text = required "in",
        /// What is counted.
        output: Text = required "output",
        /// Exactly so many.
        is: Text = "is",
        /// Not fewer.
        at_least: Text = "at_least",
        /// Not more.
        at_most: Text = "at_most",
    }

    /// `contains`.
    struct RawContains as "a `contains`" {
        /// The process.
        process: Text = required "in",
        /// What must be there.
        output: Text = required "output",
    }

    /// `matches`.
    struct RawMatches as "a `matches`" {
        /// The process.
        process: Text = required "in",
        /// What every line must hold.
        line: Text = required "line",
    }
}

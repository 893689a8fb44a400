//! Checks: statements about the whole record of a run.

use std::time::Duration;

use super::RawExit;
use crate::decode::{OneOrMany, record};
use crate::text::Text;
use crate::typed::{Fixed, Open};
use crate::values::{Count, Points};

record! {
    /// One check: exactly one of its assertions is given.
    struct RawCheck as "a check" {
        /// What people call it.
        name: Text = "name",
        /// What it is worth.
        points: Fixed<Points> = "points",
        /// What to tell whoever fails it.
        hint: Text = "hint",
        /// Whether people are not told what it looks for.
        hidden: Fixed<bool> = "hidden",
        /// It came out.
        contains: RawContains = "contains",
        /// It never came out.
        absent: RawContains = "absent",
        /// It came out so many times.
        count: RawCount = "count",
        /// Every line of the output is like this.
        matches: RawMatches = "matches",
        /// These came out in this order.
        order: RawOrder = "order",
        /// Several processes saw such lines in the same order.
        same_order: RawContains = "same_order",
        /// What was typed into one process came out of others.
        delivered: RawDelivered = "delivered",
        /// How long it took from one process to others.
        latency: RawLatency = "latency",
        /// How a process ended.
        exit: RawExit = "exit",
        /// Compares two values: `"${rtt} < 50 ms"`.
        assert: Text = "assert",
    }

    /// `contains`, `absent` and `same_order`.
    struct RawContains as "this check" {
        /// The processes; for each of them it must hold.
        processes: OneOrMany<Text> = required "in",
        /// What is looked for.
        output: Text = required "output",
        /// Only from one label to another.
        between: Vec<Text> = "between",
        /// Only from this label on.
        after: Text = "after",
        /// Only up to this label.
        before: Text = "before",
        /// Only for so long after the label.
        within: Open<Duration> = "within",
    }

    /// `count`.
    struct RawCount as "a `count`" {
        /// The processes; for each of them it must hold.
        processes: OneOrMany<Text> = required "in",
        /// What is counted.
        output: Text = required "output",
        /// Exactly so many.
        is: Open<Count> = "is",
        /// Not fewer.
        at_least: Open<Count> = "at_least",
        /// Not more.
        at_most: Open<Count> = "at_most",
        /// Only from one label to another.
        between: Vec<Text> = "between",
        /// Only from this label on.
        after: Text = "after",
        /// Only up to this label.
        before: Text = "before",
        /// Only for so long after the label.
        within: Open<Duration> = "within",
    }

    /// `matches`.
    struct RawMatches as "a `matches`" {
        /// The processes; for each of them it must hold.
        processes: OneOrMany<Text> = required "in",
        /// What every line must hold.
        line: Text = required "line",
    }

    /// `order`.
    struct RawOrder as "an `order`" {
        /// The process, if all are of one.
        process: Text = "in",
        /// What came out of it, first to last.
        outputs: Vec<Text> = "outputs",
        /// What came out of several processes, first to last.
        lines: Vec<RawOrderLine> = "lines",
        /// Only from one label to another.
        between: Vec<Text> = "between",
        /// Only from this label on.
        after: Text = "after",
        /// Only up to this label.
        before: Text = "before",
        /// Only for so long after the label.
        within: Open<Duration> = "within",
    }

    /// One of the `lines` of an `order`.
    struct RawOrderLine as "a line of an `order`" {
        /// The process.
        process: Text = required "in",
        /// What came out of it.
        output: Text = required "output",
    }

    /// `delivered`.
    struct RawDelivered as "a `delivered`" {
        /// The process into which it was typed.
        from: Text = required "from",
        /// What was typed: an expression whose first group, or else all of it, is
        /// what must arrive.
        sent: Text = required "sent",
        /// Where each must come out.
        to: OneOrMany<Text> = "to",
        /// How often in each: exactly; once if nothing is said.
        exactly: Open<Count> = "exactly",
        /// Not fewer times.
        at_least: Open<Count> = "at_least",
        /// Not more times.
        at_most: Open<Count> = "at_most",
        /// Where none of them may come out.
        never: OneOrMany<Text> = "never",
        /// Only what was typed from one label to another.
        between: Vec<Text> = "between",
        /// Only what was typed from this label on.
        after: Text = "after",
        /// Only what was typed up to this label.
        before: Text = "before",
        /// Only what was typed for so long after the label.
        within: Open<Duration> = "within",
    }

    /// `latency`.
    struct RawLatency as "a `latency`" {
        /// The process into which it was typed.
        from: Text = required "from",
        /// What was typed: an expression whose first group, or else all of it, is
        /// what must arrive.
        sent: Text = required "sent",
        /// Where it comes out.
        to: OneOrMany<Text> = required "to",
        /// No message took longer.
        max: Open<Duration> = "max",
        /// Half of them took no longer.
        median: Open<Duration> = "median",
        /// 99 of 100 took no longer.
        p99: Open<Duration> = "p99",
        /// Only what was typed from one label to another.
        between: Vec<Text> = "between",
        /// Only what was typed from this label on.
        after: Text = "after",
        /// Only what was typed up to this label.
        before: Text = "before",
        /// Only what was typed for so long after the label.
        within: Open<Duration> = "within",
    }
}

//! Checks: statements about the whole record of a run.

use std::time::Duration;

use super::RawExit;
use crate::decode::{OneOrMany, Placed, record};
use crate::text::Text;
use crate::typed::{Fixed, Open};
use crate::values::{Count, Points};

record! {
    /// A statement about the whole record of a run: one of `contains`, `absent`, `count`,
    /// `matches`, `order`, `same_order`, `delivered`, `latency`, `exit` and `assert`.
    struct RawCheck as "a check" {
        /// What people call it.
        name: Text = "name",
        /// What it is worth.
        points: Fixed<Points> = "points" or 0_u32,
        /// What to tell whoever fails it.
        hint: Text = "hint",
        /// Whether people are told only that it failed, and not what it looks for.
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
        same_order: RawSameOrder = "same_order",
        /// What was typed into one process came out of others.
        delivered: RawDelivered = "delivered",
        /// How long it took from one process to others.
        latency: RawLatency = "latency",
        /// How a process ended.
        exit: RawExit = "exit",
        /// Compares two values: `"${rtt} < 50 ms"`.
        assert: Text = "assert",
    }

    /// Every line of the output is like this.
    struct RawMatches as "a `matches`" {
        /// The processes; for each of them it must hold.
        processes: OneOrMany<Text> = required "in",
        /// What every line must hold: a text or a `/regular expression/`.
        line: Text = required "line",
    }

    /// Something that came out of one of several processes.
    struct RawOrderLine as "a line of an `order`" {
        /// The process.
        process: Text = required "in",
        /// What came out of it.
        output: Text = required "output",
    }
}

/// A check that may look at a part of the run only: a [`record!`] with four keys more.
macro_rules! windowed {
    ($(
        $(#[doc = $doc:literal])*
        struct $name:ident as $what:literal { $($fields:tt)* }
    )*) => {$(
        record! {
            $(#[doc = $doc])*
            struct $name as $what {
                $($fields)*
                /// Only what came out, or was typed, between these two labels.
                between: Placed<Vec<Text>> = "between",
                /// Only from this label on.
                after: Text = "after",
                /// Only up to this label.
                before: Text = "before",
                /// Only for so long after that label.
                within: Open<Duration> = "within",
            }
        }

        impl Windowed for $name {
            fn edges(&self) -> Edges<'_> {
                Edges {
                    between: self.between.as_ref(),
                    after: self.after.as_ref(),
                    before: self.before.as_ref(),
                    within: self.within.as_ref(),
                }
            }
        }
    )*};
}

/// A check that may look at a part of the run only.
trait Windowed {
    fn edges(&self) -> Edges<'_>;
}

/// What a check says of the part that it looks at, as it is written.
#[derive(Default)]
pub(crate) struct Edges<'r> {
    pub(crate) between: Option<&'r Placed<Vec<Text>>>,
    pub(crate) after: Option<&'r Text>,
    pub(crate) before: Option<&'r Text>,
    pub(crate) within: Option<&'r Open<Duration>>,
}

impl RawCheck {
    /// The part that it looks at, whichever assertion it has.
    pub(crate) fn edges(&self) -> Edges<'_> {
        fn of<T: Windowed>(assertion: Option<&T>) -> Option<Edges<'_>> {
            assertion.map(Windowed::edges)
        }
        of(self.contains.as_ref())
            .or_else(|| of(self.absent.as_ref()))
            .or_else(|| of(self.count.as_ref()))
            .or_else(|| of(self.order.as_ref()))
            .or_else(|| of(self.same_order.as_ref()))
            .or_else(|| of(self.delivered.as_ref()))
            .or_else(|| of(self.latency.as_ref()))
            .unwrap_or_default()
    }
}

windowed! {
    /// Where to look, and for what.
    struct RawContains as "a `contains` or `absent`" {
        /// The processes; for each of them it must hold.
        processes: OneOrMany<Text> = "in",
        /// The capture, in place of processes: the packets that hold it count.
        capture: Text = "capture",
        /// Only packets that this host sent.
        from: Text = "from",
        /// Only packets for this host.
        to: Text = "to",
        /// What is looked for: a text or a `/regular expression/`.
        output: Text = required "output",
    }

    /// How often something came out.
    struct RawCount as "a `count`" {
        /// The processes; for each of them it must hold.
        processes: OneOrMany<Text> = "in",
        /// The capture, in place of processes: the packets that hold it count.
        capture: Text = "capture",
        /// Only packets that this host sent.
        from: Text = "from",
        /// Only packets for this host.
        to: Text = "to",
        /// What is counted: a text or a `/regular expression/`.
        output: Text = required "output",
        /// Exactly so many.
        is: Open<Count> = "is",
        /// Not fewer.
        at_least: Open<Count> = "at_least",
        /// Not more.
        at_most: Open<Count> = "at_most",
        /// Whether what comes out of all of the processes is counted together, in place of each
        /// one's by itself.
        together: Fixed<bool> = "together",
    }

    /// What came out in this order: `in` and `outputs`, or `lines`.
    struct RawOrder as "an `order`" {
        /// The process, if all are of one.
        process: Text = "in",
        /// What came out of it, first to last.
        outputs: Vec<Text> = "outputs",
        /// What came out of several processes, first to last.
        lines: Vec<RawOrderLine> = "lines",
    }

    /// Whose lines, and which.
    struct RawSameOrder as "a `same_order`" {
        /// The processes whose output is compared.
        processes: OneOrMany<Text> = required "in",
        /// What is compared: a text or a `/regular expression/`.
        output: Text = required "output",
        /// Whether each may have missed some of it: then there must be one order that agrees
        /// with what each saw. What one of them saw twice is left out.
        partial: Fixed<bool> = "partial",
    }

    /// What was typed into one process came out of others. What must come out are the words
    /// of its first group, or of all of it.
    struct RawDelivered as "a `delivered`" {
        /// The process into which it was typed.
        from: Text = required "from",
        /// What was typed: a text or a `/regular expression/`, with a group `(…)` around
        /// what must come out.
        sent: Text = required "sent",
        /// Where each must come out.
        to: OneOrMany<Text> = "to",
        /// How often in each; once if nothing is said.
        exactly: Open<Count> = "exactly",
        /// Not fewer times.
        at_least: Open<Count> = "at_least",
        /// Not more times.
        at_most: Open<Count> = "at_most",
        /// Where none of them may come out.
        never: OneOrMany<Text> = "never",
    }

    /// How long it took from being typed to coming out.
    struct RawLatency as "a `latency`" {
        /// The process into which it was typed.
        from: Text = required "from",
        /// What was typed: a text or a `/regular expression/`, with a group `(…)` around
        /// what must come out.
        sent: Text = required "sent",
        /// Where it comes out.
        to: OneOrMany<Text> = required "to",
        /// No message took longer.
        max: Open<Duration> = "max",
        /// Half of them took no longer.
        median: Open<Duration> = "median",
        /// 99 of 100 took no longer.
        p99: Open<Duration> = "p99",
    }
}

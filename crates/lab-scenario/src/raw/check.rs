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

    /// `matches`.
    struct RawMatches as "a `matches`" {
        /// The processes; for each of them it must hold.
        processes: OneOrMany<Text> = required "in",
        /// What every line must hold.
        line: Text = required "line",
    }

    /// One of the `lines` of an `order`.
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
                /// Only from one label to another. Of what is sent: what was typed then.
                between: Vec<Text> = "between",
                /// Only from this label on.
                after: Text = "after",
                /// Only up to this label.
                before: Text = "before",
                /// Only for so long after the label.
                within: Open<Duration> = "within",
            }
        }

        impl Windowed for $name {
            fn edges(&self) -> Edges<'_> {
                Edges {
                    between: self.between.as_deref(),
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
    pub(crate) between: Option<&'r [Text]>,
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
    /// `contains`, `absent` and `same_order`.
    struct RawContains as "this check" {
        /// The processes; for each of them it must hold.
        processes: OneOrMany<Text> = required "in",
        /// What is looked for.
        output: Text = required "output",
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
    }

    /// `order`.
    struct RawOrder as "an `order`" {
        /// The process, if all are of one.
        process: Text = "in",
        /// What came out of it, first to last.
        outputs: Vec<Text> = "outputs",
        /// What came out of several processes, first to last.
        lines: Vec<RawOrderLine> = "lines",
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
    }
}

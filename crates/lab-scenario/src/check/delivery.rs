//! Checks of what was typed into one process and comes out of others.

use super::Checker;
use super::assertions::ONCE;
use crate::codes::Code;
use crate::decode::Record;
use crate::diagnostic::Diagnostic;
use crate::model::{Assertion, Bounds};
use crate::plan::ProcessId;
use crate::raw::{RawDelivered, RawLatency};
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn delivered(
        &mut self,
        raw: &RawDelivered,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Assertion> {
        let from = self.somebody(raw.from.as_ref(), subjects);
        let sent = self.pattern(raw.sent.as_ref());
        let to = match &raw.to {
            Some(_) => self.everybody(raw.to.as_ref(), subjects)?,
            None => Vec::new(),
        };
        let never = match &raw.never {
            Some(_) => self.everybody(raw.never.as_ref(), subjects)?,
            None => Vec::new(),
        };
        let given = [raw.exactly.as_ref(), raw.at_least.as_ref(), raw.at_most.as_ref()];
        let mut times = self.bounds(given)?;
        if times.at_least.is_none() && times.at_most.is_none() {
            times = Bounds { at_least: Some(ONCE), at_most: Some(ONCE) };
        }
        if to.is_empty() && never.is_empty() && raw.is_whole() {
            self.sink.report(
                Diagnostic::new(
                    Code::MissingKey,
                    raw.head(),
                    "this `delivered` does not say where",
                )
                .help("add `to: bob`, or `never: carol`"),
            );
            return None;
        }
        Some(Assertion::Delivered { from: from?, sent: sent?, to, times, never })
    }

    pub(super) fn latency(
        &mut self,
        raw: &RawLatency,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Assertion> {
        let from = self.somebody(raw.from.as_ref(), subjects);
        let sent = self.pattern(raw.sent.as_ref());
        let to = self.everybody(raw.to.as_ref(), subjects);
        let max = self.setting(raw.max.as_ref());
        let median = self.setting(raw.median.as_ref());
        let p99 = self.setting(raw.p99.as_ref());
        if max.is_none() && median.is_none() && p99.is_none() {
            if raw.is_whole() {
                let message = "this `latency` has no bound";
                self.sink.report(
                    Diagnostic::new(Code::MissingKey, raw.head(), message)
                        .help("add `max: 50ms`, `median` or `p99`"),
                );
            }
            return None;
        }
        Some(Assertion::Latency { from: from?, sent: sent?, to: to?, max, median, p99 })
    }
}

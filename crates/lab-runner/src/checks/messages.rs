//! Messages: what was typed into a process and matches, and where it came out.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use lab_scenario::plan::Times;

use super::attribution::{Came, attribute};
use super::record::{Part, Witness};
use crate::matcher::Matcher;
use crate::scroll::{Nanos, Scroll};

/// All that was typed and matches, in the whole run: also what a check does not ask for comes
/// out, and must not be taken for what it asks for.
pub(super) struct Messages {
    /// By text, in the order in which they were first typed.
    messages: Vec<Message>,
    finder: AhoCorasick,
}

/// A text that was typed, perhaps several times.
#[derive(Default)]
struct Message {
    text: Vec<u8>,
    /// When, each time, in order.
    sends: Vec<Nanos>,
    /// Which of them are asked for.
    asked: Vec<bool>,
}

/// What came of one that was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivery<'a> {
    pub(super) text: &'a [u8],
    pub(super) sent: Nanos,
    pub(super) came: Came,
}

impl Messages {
    /// What was typed into a process and matches: the first group of the expression, or
    /// else all of it. What is empty cannot be looked for. Only what was typed in these parts
    /// is asked for.
    ///
    /// # Errors
    /// In words, why they show nothing.
    pub(super) fn typed(
        witness: Witness<'_>,
        matcher: &Matcher,
        parts: &[Part],
    ) -> Result<Self, String> {
        let mut messages: Vec<Message> = Vec::new();
        let mut numbers: HashMap<Vec<u8>, usize> = HashMap::new();
        for (at, typed) in witness.typed {
            let is_asked = parts.iter().any(|part| part.holds(*at));
            for range in matcher.all(typed) {
                let text = match matcher.captures(typed, range.start) {
                    groups if groups.is_empty() => typed[range].to_vec(),
                    mut groups => groups.swap_remove(0),
                };
                if text.is_empty() {
                    continue;
                }
                let number = *numbers.entry(text).or_insert_with_key(|text| {
                    messages.push(Message { text: text.clone(), ..Message::default() });
                    messages.len() - 1
                });
                messages[number].sends.push(*at);
                messages[number].asked.push(is_asked);
            }
        }
        if !messages.iter().any(|message| message.asked.contains(&true)) {
            return Err("nothing like it was sent".to_owned());
        }
        // The kind that grows no faster than the texts.
        let finder = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(messages.iter().map(|message| &message.text))
            .map_err(|error| format!("so much was sent that nobody can look for it: {error}"))?;
        Ok(Self { messages, finder })
    }

    /// How many are asked for.
    pub(super) fn len(&self) -> usize {
        let asked = self.messages.iter().flat_map(|message| &message.asked);
        asked.filter(|is_asked| **is_asked).count()
    }

    /// When the first was typed.
    pub(super) fn begin(&self) -> Nanos {
        let firsts = self.messages.iter().filter_map(|message| message.sends.first());
        firsts.copied().min().unwrap_or(0)
    }

    /// What came of each that is asked for at one process, if each is to come so often.
    pub(super) fn deliveries(&self, witness: &Witness<'_>, times: Times) -> Vec<Delivery<'_>> {
        let mut deliveries = Vec::new();
        for (message, arrivals) in self.messages.iter().zip(self.arrivals(witness.scrolls)) {
            let Message { text, sends, asked } = message;
            let came = attribute(sends, &arrivals, times);
            let all = sends.iter().zip(came).zip(asked).filter(|(_, is_asked)| **is_asked);
            deliveries.extend(all.map(|((sent, came), _)| Delivery { text, sent: *sent, came }));
        }
        deliveries
    }

    /// When each text came out, in order.
    fn arrivals(&self, scrolls: &[Scroll]) -> Vec<Vec<Nanos>> {
        let mut arrivals = vec![Vec::new(); self.messages.len()];
        for scroll in scrolls {
            let bytes = scroll.bytes();
            let lost = scroll.end() - bytes.len();
            let time = |range: &Range<usize>| scroll.time_of(lost + range.end - 1);
            let found = self
                .finder
                .find_overlapping_iter(bytes)
                .map(|found| (found.pattern().as_usize(), found.range()))
                .filter(|(_, range)| are_words(bytes, range))
                // Nothing came before it was typed: that was something else.
                .filter(|(number, range)| self.messages[*number].sends[0] <= time(range));
            for (number, range) in apart(found.collect(), bytes.len()) {
                arrivals[number].push(time(&range));
            }
        }
        arrivals.iter_mut().for_each(|times| times.sort_unstable());
        arrivals
    }
}

/// Whether these are words of their own, so that `message 1` is not found in `message 10`.
fn are_words(bytes: &[u8], range: &Range<usize>) -> bool {
    let is_word = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii())
    };
    let (before, last) = (range.start.checked_sub(1), range.end.checked_sub(1));
    let begins = !(is_word(before) && is_word(Some(range.start)));
    begins && !(is_word(last) && is_word(Some(range.end)))
}

/// Leaves out what overlaps: the longest stay, and of those the first.
fn apart(mut found: Vec<(usize, Range<usize>)>, length: usize) -> Vec<(usize, Range<usize>)> {
    found.sort_by_key(|(_, range)| (Reverse(range.len()), range.start));
    let mut taken = vec![false; length];
    found.retain(|(_, range)| {
        // Whatever is there already is no shorter, so it cannot lie between the two ends.
        let is_free = !taken[range.start] && !taken[range.end - 1];
        if is_free {
            taken[range.clone()].fill(true);
        }
        is_free
    });
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// As if each text was looked for by itself, the longest first.
        #[test]
        fn the_longest_texts_come_first(
            texts in proptest::collection::btree_set("[ab ]{1,5}", 1..6),
            output in "[ab ]{0,40}",
        ) {
            let (texts, output) = (Vec::from_iter(texts), output.as_bytes());
            let messages = texts.iter().map(|text| Message {
                text: text.clone().into_bytes(),
                sends: vec![0],
                asked: vec![true],
            });
            let finder = AhoCorasick::new(&texts).unwrap();
            let messages = Messages { messages: messages.collect(), finder };
            let mut scroll = Scroll::default();
            scroll.push(output, 1);
            let found = messages.arrivals(&[scroll]);

            let mut longest: Vec<_> = (0..texts.len()).collect();
            longest.sort_by_key(|number| Reverse(texts[*number].len()));
            // Of the same length, the first in the output.
            let lengths = longest.chunk_by(|a, b| texts[*a].len() == texts[*b].len());
            let mut rest = output.to_vec();
            let mut expected = vec![Vec::new(); texts.len()];
            for same in lengths {
                for start in 0..output.len() {
                    for number in same {
                        let text = texts[*number].as_bytes();
                        let range = start..start + text.len();
                        if rest.get(range.clone()) == Some(text) && are_words(output, &range) {
                            rest[range].fill(b'-');
                            expected[*number].push(1);
                        }
                    }
                }
            }
            prop_assert_eq!(found, expected);
        }
    }
}

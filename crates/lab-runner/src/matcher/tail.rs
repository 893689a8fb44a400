//! Whether output that is still to come could change a match.
//!
//! `/from (.*):/` has matched in `from bob: h`, but the rest of the line may be `i: x`, and then
//! it matches more. An automaton of the same expression knows: it has read the output to
//! its end, and what it could still do there is what more output could still change.

use std::cell::{OnceCell, RefCell};
use std::ops::Range;

use lab_scenario::pattern::parse_regex;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::{Input, MatchKind};

/// Bytes of states that one expression may have in memory. If it needs more nothing is known.
const MOST: usize = 1 << 20;

/// The automaton of an expression, made when it is needed first.
#[derive(Debug, Default)]
pub(crate) struct Tail(OnceCell<Option<Box<Automaton>>>);

#[derive(Debug)]
struct Automaton {
    dfa: DFA,
    cache: RefCell<Cache>,
}

impl Tail {
    /// Whether the leftmost match of an expression from `start` on, which is `found`,
    /// could be another one if more bytes came behind the output. If in doubt, it could.
    pub(super) fn may_change(
        &self,
        expression: &str,
        output: &[u8],
        start: usize,
        found: &Range<usize>,
    ) -> bool {
        let automaton = self.0.get_or_init(|| Automaton::new(expression));
        automaton.as_ref().is_none_or(|automaton| automaton.may_change(output, start, found))
    }
}

impl Automaton {
    /// None if the expression is too large for it.
    fn new(expression: &str) -> Option<Box<Self>> {
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).nfa_size_limit(Some(MOST)))
            .build_from_hir(&parse_regex(expression)?)
            .ok()?;
        let dfa = DFA::builder()
            .configure(
                DFA::config()
                    .match_kind(MatchKind::LeftmostFirst)
                    .unicode_word_boundary(true)
                    .cache_capacity(MOST)
                    .skip_cache_capacity_check(true)
                    .minimum_cache_clear_count(Some(0)),
            )
            .build_from_nfa(nfa)
            .ok()?;
        let cache = RefCell::new(dfa.create_cache());
        Some(Box::new(Self { dfa, cache }))
    }

    fn may_change(&self, output: &[u8], start: usize, found: &Range<usize>) -> bool {
        let mut cache = self.cache.borrow_mut();
        let end = self.read(&mut cache, output, start);
        let changes = end.and_then(|end| self.has_more(&mut cache, end, found.end == output.len()));
        changes.unwrap_or_else(|| {
            self.dfa.reset_cache(&mut cache);
            true
        })
    }

    /// Where it stands after the output.
    fn read(&self, cache: &mut Cache, output: &[u8], start: usize) -> Option<LazyStateID> {
        let input = Input::new(output).range(start..);
        let mut state = self.dfa.start_state_forward(cache, &input).ok()?;
        for &byte in output.get(start..)? {
            state = self.dfa.next_state(cache, state, byte).ok()?;
            if state.is_dead() {
                break;
            }
            if state.is_quit() {
                return None;
            }
        }
        Some(state)
    }

    /// Whether some bytes that could follow make it another match. It says of a match only one
    /// byte later that it is one: of one that ends with the output, each byte must do so.
    fn has_more(&self, cache: &mut Cache, state: LazyStateID, at_end: bool) -> Option<bool> {
        if state.is_dead() {
            return Some(false);
        }
        let mut confirmed = Vec::new();
        for byte in self.bytes() {
            let next = self.dfa.next_state(cache, state, byte).ok()?;
            let is_same = if at_end { next.is_match() } else { next.is_dead() };
            if !is_same {
                return Some(true);
            }
            if at_end && !confirmed.contains(&next) {
                confirmed.push(next);
            }
        }
        for state in confirmed {
            for byte in self.bytes() {
                if !self.dfa.next_state(cache, state, byte).ok()?.is_dead() {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// One byte of each kind that the expression tells apart.
    fn bytes(&self) -> impl Iterator<Item = u8> {
        let units = self.dfa.byte_classes().representatives(0..=255);
        units.filter_map(regex_automata::util::alphabet::Unit::as_u8)
    }
}

#[cfg(test)]
mod tests {
    use lab_scenario::pattern::compile_regex;

    use super::*;

    #[test]
    fn what_could_change_and_what_could_not() {
        let table: [(&str, &[u8], bool); 21] = [
            ("hello", b"hello", false),
            ("hello", b"hello w", false),
            (r"port \d+", b"port 12", true),
            (r"port \d+", b"port 12 ", false),
            (r"port \d{2}", b"port 12", false),
            ("^hello$", b"hello", true),
            ("hello\n", b"hello\n", false),
            (r"hello\b", b"hello", true),
            // Of a boundary of words in any script the automaton knows only that of ASCII.
            (r"hello\b", b"hello ", true),
            (r"hello(?-u:\b)", b"hello ", false),
            ("from (.*):", b"from bob: h", true),
            ("from (.*):", b"from bob: h\n", false),
            ("from (.*?):", b"from bob: h", false),
            ("name (.*)", b"name Zo\xc3", true),
            // The beginning of a match that would be further left.
            ("a.*z|b", b"a b", true),
            ("a[^ ]*z|b", b"a b", false),
            // Alternatives are tried in order.
            ("ab|abc", b"ab", false),
            ("abc|ab", b"ab", true),
            (r"a\s+b", b"a b", false),
            (r"a\s+", b"a ", true),
            (r"(?-u)\xfe.", b"\xfeh", false),
        ];
        for (expression, output, changes) in table {
            let regex = compile_regex(expression).unwrap();
            let found = regex.find(output).unwrap().range();
            let said = Tail::default().may_change(expression, output, 0, &found);
            assert_eq!(said, changes, "/{expression}/ in {:?}", output.escape_ascii().to_string());
        }
    }

    #[test]
    fn what_is_too_large_may_change() {
        let regex = compile_regex(r"x|\w{80}y").unwrap();
        let found = regex.find(b"x").unwrap().range();
        let tail = Tail::default();
        for _ in 0..3 {
            assert!(tail.may_change(r"x|\w{80}y", "äx".as_bytes(), 0, &(2..3)));
        }
        assert_eq!(found, 0..1);
    }
}

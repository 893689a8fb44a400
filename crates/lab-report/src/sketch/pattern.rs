//! What a line that was seen once looks like in general.

use std::sync::LazyLock;

use regex::Regex;

/// What is something else in each run, and what stands for it. The first that fits counts.
const VOLATILE: [(&str, &str); 8] = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", r"[0-9a-f-]{36}"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", r"\S+"),
    (r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b", r"[\d:.,]+"),
    (
        r"\b\d+(?:[.,]\d+)?(?: ?(?:ns|us|\x{b5}s|ms|s|sec|seconds?|[KMG]?(?:bits|Bytes)(?:/sec)?|[KMG]bit/s))\b",
        r"[\d.,]+ ?\S+",
    ),
    (r"0x[0-9a-fA-F]{4,}", r"0x[0-9a-fA-F]+"),
    // Ports that the kernel chooses (ip_local_port_range).
    (r":(?:32[7-9]\d\d|3[3-9]\d{3}|[45]\d{4}|6[0-5]\d{3})\b", r":\d+"),
    (r"(?i)\b(?:pid|process)[ =:]*\d+", r"(?i:pid|process)[ =:]*\d+"),
    (r"\b\d+\.\d{3,}\b", r"[\d.]+"),
];

static FINDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let all: Vec<String> = VOLATILE.iter().map(|(find, _)| format!("({find})")).collect();
    Regex::new(&all.join("|")).ok()
});

/// An address of the network, and what scenarios call it.
pub(super) type Address = (String, String);

/// The text of an expectation for a line that was seen: as it is, or a regular
/// expression where something of it will be something else. Addresses become names.
pub(super) fn of_line(line: &str, addresses: &[Address]) -> String {
    let Some(finds) = &*FINDS else { return literal(line, addresses) };
    let mut regex = String::new();
    let mut at = 0;
    for found in finds.captures_iter(line) {
        let (Some(whole), Some(which)) =
            (found.get(0), (1..=VOLATILE.len()).find(|group| found.get(*group).is_some()))
        else {
            continue;
        };
        regex += &named(&regex::escape(&line[at..whole.start()]), addresses, regex::escape);
        regex += VOLATILE[which - 1].1;
        at = whole.end();
    }
    if at == 0 && !needs_regex(line) {
        return literal(line, addresses);
    }
    regex += &named(&regex::escape(&line[at..]), addresses, regex::escape);
    format!("/^{regex}/").replace("  ", " {2}")
}

/// What a dialogue would read otherwise than as the text itself.
fn needs_regex(line: &str) -> bool {
    line.starts_with('/')
        || line.contains("  # ")
        || line.starts_with('#')
        || line.starts_with('^') && line.len() == 2
}

fn literal(line: &str, addresses: &[Address]) -> String {
    named(&escape(line), addresses, str::to_owned)
}

/// A text for a place where `${` begins a name.
pub(super) fn escape(text: &str) -> String {
    text.replace("${", "$${")
}

/// Puts names for addresses, longest first: `10.0.0.1` is in `10.0.0.12`.
pub(super) fn named(text: &str, addresses: &[Address], quote: impl Fn(&str) -> String) -> String {
    let mut named = String::new();
    let mut rest = text;
    'text: while !rest.is_empty() {
        let after_digit = named.ends_with(|c: char| c.is_ascii_digit() || c == '.');
        for (address, name) in addresses {
            if let Some(after) = rest.strip_prefix(&*quote(address))
                && !after_digit
                && !after.starts_with(|c: char| c.is_ascii_digit())
            {
                named += name;
                rest = after;
                continue 'text;
            }
        }
        let mut characters = rest.chars();
        named.extend(characters.next());
        rest = characters.as_str();
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_becomes_a_pattern() {
        let addresses = [
            ("10.0.0.1".to_owned(), "${h1.ip}".to_owned()),
            ("10.0.0.12".into(), "${h12.ip}".into()),
        ];
        let table = [
            ("hello From alice", "hello From alice"),
            ("costs ${x}", "costs $${x}"),
            ("from 10.0.0.1 to 10.0.0.12.", "from ${h1.ip} to ${h12.ip}."),
            ("alice at 10.0.0.1:49152 (new)", r"/^alice at ${h1.ip}:\d+ \(new\)/"),
            ("peer 10.0.0.1:32975", r"/^peer ${h1.ip}:\d+/"),
            ("listening on 0.0.0.0:12345", "listening on 0.0.0.0:12345"),
            ("rtt 0.065 ms, pid 17", r"/^rtt [\d.,]+ ?\S+, (?i:pid|process)[ =:]*\d+/"),
            ("2026-11-21T10:50:33Z up", r"/^\S+ up/"),
            ("/path/", r"/^/path//"),
            ("3 users", "3 users"),
        ];
        for (line, pattern) in table {
            assert_eq!(of_line(line, &addresses), pattern);
        }
    }

    #[test]
    fn a_pattern_fits_the_line_it_was_made_of() {
        for line in ["a  b 12:34:56.789 [x]", "0xdeadbeef (1.25 s)", "#5", "^C", "9.123456 x  # y"]
        {
            let pattern = of_line(line, &[]);
            let regex = pattern.trim_start_matches('/').trim_end_matches('/');
            assert!(Regex::new(regex).unwrap().is_match(line), "{line}: {pattern}");
        }
    }
}

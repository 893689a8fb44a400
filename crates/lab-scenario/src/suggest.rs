//! "Did you mean": the known word nearest to a mistyped one.

/// The nearest of `known` to `word`, if it is near enough to be meant:
/// differing by case only, or by about a third of its letters (a swap of two
/// neighbours counts once).
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Edit distance is quadratic: no name that somebody mistyped is this long.
    const LONGEST: usize = 100;
    const MOST: usize = 2000;
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .take(MOST)
        .filter(|candidate| *candidate != word && candidate.len() <= LONGEST)
        .map(|candidate| {
            if candidate.eq_ignore_ascii_case(word) {
                return (0, candidate);
            }
            if candidate.len().abs_diff(word.len()) > 4 * limit {
                return (usize::MAX, candidate);
            }
            (strsim::osa_distance(word, candidate), candidate)
        })
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The help line for a word that is not known: what was probably meant, else
/// all there is, if that is not too much; `kind` names them, in the plural.
pub fn help<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
    kind: &str,
) -> Option<String> {
    const MOST: usize = 16;
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(meant) = nearest(word, known.iter().copied()) {
        return Some(format!("did you mean `{meant}`?"));
    }
    match known.len() {
        0 => Some(format!("there are no {kind}")),
        1 => Some(format!("there is only `{}`", known[0])),
        2..=MOST => Some(format!("the {kind} are {}", list(&known))),
        _ => None,
    }
}

/// `` `a`, `b` and `c` ``.
pub(crate) fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(|word| format!("`{word}`")).collect();
            format!("{} and `{last}`", most.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["output", "within", "from"];
        let table = [
            ("ouput", Some("output")),
            ("outptu", Some("output")),
            ("Output", Some("output")),
            ("form", Some("from")),
            ("wihtin", Some("within")),
            ("colour", None),
            ("x", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
        assert_eq!(nearest("h9", ["h1", "h2"]), Some("h1"));
    }

    #[test]
    fn a_short_list_is_shown_whole() {
        assert_eq!(
            help("zzz", ["a1", "b"], "hosts").as_deref(),
            Some("the hosts are `a1` and `b`")
        );
        assert_eq!(help("zzz", [], "hosts").as_deref(), Some("there are no hosts"));
        assert_eq!(help("aa1", ["a1"], "hosts").as_deref(), Some("did you mean `a1`?"));
    }
}

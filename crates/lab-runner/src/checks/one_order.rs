//! Whether there is one order that agrees with what each of several saw, though none of them need
//! have seen everything.
//!
//! Each one's lines, one after the other, say what came before what. There is such an order
//! unless that goes round in a circle. What somebody saw twice says nothing: who came late may have
//! seen the second one only.

use std::collections::{HashMap, HashSet, VecDeque};

/// What one of them saw: `earlier` before `later`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sight<'a> {
    /// Which of the views it is in.
    pub(super) viewer: usize,
    pub(super) earlier: &'a [u8],
    pub(super) later: &'a [u8],
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Agreement<'a> {
    /// One order of so many agrees with all.
    One(usize),
    /// These do not go together.
    Circle(Vec<Sight<'a>>),
    /// No two of them saw two things that are the same.
    NothingShared,
}

/// A line after another one, and who saw that.
#[derive(Debug, Clone, Copy)]
struct Edge {
    from: usize,
    viewer: usize,
}

/// Looks for an order that agrees with all views.
pub(super) fn agree<'a>(views: &'a [Vec<Vec<u8>>]) -> Agreement<'a> {
    let mut repeated: HashSet<&[u8]> = HashSet::new();
    for view in views {
        let mut seen = HashSet::new();
        repeated.extend(view.iter().map(Vec::as_slice).filter(|text| !seen.insert(*text)));
    }
    let mut texts: Vec<&'a [u8]> = Vec::new();
    let mut numbers: HashMap<&'a [u8], usize> = HashMap::new();
    let mut numbered = |text: &'a Vec<u8>| {
        *numbers.entry(text).or_insert_with(|| {
            texts.push(text);
            texts.len() - 1
        })
    };
    let views: Vec<Vec<usize>> = views
        .iter()
        .map(|view| view.iter().filter(|text| !repeated.contains(text.as_slice())))
        .map(|view| view.map(&mut numbered).collect())
        .collect();
    // What comes right before each.
    let mut before: Vec<Vec<Edge>> = vec![Vec::new(); texts.len()];
    for (viewer, view) in views.iter().enumerate() {
        for pair in view.windows(2) {
            let known = &mut before[pair[1]];
            if known.iter().all(|edge| edge.from != pair[0]) {
                known.push(Edge { from: pair[0], viewer });
            }
        }
    }
    match circle(&before) {
        None if !do_share(&views, texts.len()) => Agreement::NothingShared,
        None => Agreement::One(texts.len()),
        Some(circle) => Agreement::Circle(sights(&circle, &texts)),
    }
}

/// Whether any two of them saw two things that are the same.
fn do_share(views: &[Vec<usize>], texts: usize) -> bool {
    let mut viewers: Vec<Vec<usize>> = vec![Vec::new(); texts];
    for (viewer, view) in views.iter().enumerate() {
        view.iter().for_each(|text| viewers[*text].push(viewer));
    }
    let mut pairs = HashSet::new();
    viewers.iter().any(|viewers| {
        let mut rest = viewers.as_slice();
        while let Some((one, others)) = rest.split_first() {
            if others.iter().any(|other| !pairs.insert((*one, *other))) {
                return true;
            }
            rest = others;
        }
        false
    })
}

/// A way round in a circle, if there is one: each step with the one it leads to, backwards.
fn circle(before: &[Vec<Edge>]) -> Option<Vec<(Edge, usize)>> {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); before.len()];
    for (to, edges) in before.iter().enumerate() {
        edges.iter().for_each(|edge| after[edge.from].push(to));
    }
    // Those with nothing before them go first, then those with nothing else before them, …
    let mut waits: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut free: VecDeque<usize> = (0..before.len()).filter(|text| waits[*text] == 0).collect();
    while let Some(text) = free.pop_front() {
        for next in &after[text] {
            waits[*next] -= 1;
            if waits[*next] == 0 {
                free.push_back(*next);
            }
        }
    }
    // Whoever still waits, waits for somebody who does.
    let start = waits.iter().position(|count| *count > 0)?;
    let mut way: Vec<(Edge, usize)> = Vec::new();
    let mut at = start;
    loop {
        if let Some(first) = way.iter().position(|(_, to)| *to == at) {
            return Some(way.split_off(first));
        }
        let edge = before[at].iter().find(|edge| waits[edge.from] > 0)?;
        way.push((*edge, at));
        at = edge.from;
    }
}

/// The circle in the order of its lines; what one of them saw in a row is one sight.
fn sights<'a>(circle: &[(Edge, usize)], texts: &[&'a [u8]]) -> Vec<Sight<'a>> {
    let mut sights: Vec<Sight<'a>> = Vec::new();
    for (Edge { from, viewer }, to) in circle.iter().rev() {
        match sights.last_mut() {
            Some(last) if last.viewer == *viewer => last.later = texts[*to],
            _ => {
                let (viewer, earlier, later) = (*viewer, texts[*from], texts[*to]);
                sights.push(Sight { viewer, earlier, later });
            }
        }
    }
    sights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn views(views: &[&str]) -> Vec<Vec<Vec<u8>>> {
        views.iter().map(|view| view.bytes().map(|byte| vec![byte]).collect()).collect()
    }

    fn sight<'a>(viewer: usize, earlier: &'a str, later: &'a str) -> Sight<'a> {
        Sight { viewer, earlier: earlier.as_bytes(), later: later.as_bytes() }
    }

    #[test]
    fn whoever_misses_some_still_agrees() {
        assert_eq!(agree(&views(&["abcdef", "bdf", "cde", "f", ""])), Agreement::One(6));
    }

    #[test]
    fn two_that_saw_the_same_the_other_way_round() {
        let views = views(&["abcd", "bdc"]);
        let Agreement::Circle(circle) = agree(&views) else { panic!("they do not agree") };
        assert_eq!(circle, [sight(0, "c", "d"), sight(1, "d", "c")]);
    }

    #[test]
    fn a_circle_of_three_of_whom_no_two_disagree() {
        let views = views(&["axb", "bc", "ca"]);
        let Agreement::Circle(circle) = agree(&views) else { panic!("they do not agree") };
        let mut viewers: Vec<_> = circle.iter().map(|sight| sight.viewer).collect();
        viewers.sort_unstable();
        assert_eq!(viewers, [0, 1, 2], "{circle:?}");
        // Closed: each begins where the one before ended.
        let ends = circle.iter().map(|sight| sight.later);
        assert!(ends.eq(circle.iter().cycle().skip(1).take(3).map(|sight| sight.earlier)));
    }

    #[test]
    fn what_somebody_saw_twice_says_nothing() {
        // The second one only saw the second `a`.
        assert_eq!(agree(&views(&["abca", "bca"])), Agreement::One(2));
    }

    #[test]
    fn nothing_to_compare() {
        for nothing in [&["", ""][..], &["ab", "cd"], &["ab", "bc", "cd"], &["aa", "aa"]] {
            assert_eq!(agree(&views(nothing)), Agreement::NothingShared, "{nothing:?}");
        }
    }

    proptest::proptest! {
        /// Parts of one order agree; with two of them changed round in one view, they do not
        /// if somebody else saw both.
        #[test]
        fn parts_of_one_order_agree(
            mut masks in proptest::collection::vec(0_u32.., 2..8),
            a in 0_u8..32,
            further in 1_u8..32,
        ) {
            let b = (a + further) % 32;
            // Two of them saw both.
            masks[..2].iter_mut().for_each(|mask| *mask |= 1 << a | 1 << b);
            let part = |mask: &u32| -> Vec<Vec<u8>> {
                (0..32).filter(|bit| mask >> bit & 1 == 1).map(|bit| vec![bit]).collect()
            };
            let mut views: Vec<_> = masks.iter().map(part).collect();
            proptest::prop_assert!(matches!(agree(&views), Agreement::One(_)));
            let place = |text: u8, view: &[Vec<u8>]| view.iter().position(|seen| *seen == [text]);
            if let (Some(one), Some(other)) = (place(a, &views[0]), place(b, &views[0])) {
                views[0].swap(one, other);
            }
            proptest::prop_assert!(matches!(agree(&views), Agreement::Circle(_)));
        }
    }
}

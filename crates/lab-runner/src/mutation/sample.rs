//! Some of the mutants, chosen by the seed.

use std::collections::{BTreeSet, HashMap};

use lab_scenario::plan::{Mutation, MutationKind, Plan};

use super::Mutant;
use super::shape::shape;

/// Leaves so many mutants of each kind in all of these lists together, chosen by the seed
/// and from as many lists as there are.
///
/// What is broken decides, and not its place in a list: another run of the same
/// scenarios, in which lines came in another order, has the same sample.
pub fn sample(lists: &mut [(&Plan, &mut Vec<Mutant>)], of_each: usize, seed: u64) {
    let mut drawn: HashMap<MutationKind, Vec<Drawn>> = HashMap::new();
    for (list, (plan, mutants)) in lists.iter().enumerate() {
        let mut lots: HashMap<MutationKind, Vec<(u64, usize)>> = HashMap::new();
        for (index, Mutant { mutation, .. }) in mutants.iter().enumerate() {
            lots.entry(mutation.kind()).or_default().push((lot(plan, mutation, seed), index));
        }
        for (kind, mut lots) in lots {
            lots.sort_unstable();
            let ranked = lots.into_iter().enumerate();
            let ranked = ranked.map(|(rank, (lot, index))| Drawn { rank, lot, list, index });
            drawn.entry(kind).or_default().extend(ranked);
        }
    }
    let mut kept: BTreeSet<(usize, usize)> = BTreeSet::new();
    for mut drawn in drawn.into_values() {
        drawn.sort_unstable();
        kept.extend(drawn.into_iter().take(of_each).map(|drawn| (drawn.list, drawn.index)));
    }
    for (list, (_, mutants)) in lists.iter_mut().enumerate() {
        let mut index = 0..;
        mutants.retain(|_| index.next().is_some_and(|index| kept.contains(&(list, index))));
    }
}

/// A mutant and what it drew. The first in this order are taken: the best of each list,
/// then the second of each.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Drawn {
    rank: usize,
    lot: u64,
    list: usize,
    index: usize,
}

/// What a mutant draws: the lowest are the first.
fn lot(plan: &Plan, mutation: &Mutation, seed: u64) -> u64 {
    let (kind, label) = (mutation.kind().name(), plan.identity.label());
    let process = mutation.process().and_then(|of| plan.processes.get(of.0));
    let process = process.map_or("", |process| &process.name);
    let mut lot = mix(seed);
    let mut add = |bytes: &[u8]| {
        for byte in bytes.iter().chain(b"\n") {
            lot = mix(lot ^ u64::from(*byte));
        }
    };
    add(format!("{kind}\n{label}\n{process}").as_bytes());
    match mutation {
        Mutation::Mute(_) | Mutation::Kill(_) => {}
        Mutation::Cut([a, b]) => add(format!("{a}\n{b}").as_bytes()),
        Mutation::Line { text, occurrence, .. } => {
            add(&shape(text.as_bytes()));
            add(&occurrence.to_le_bytes());
        }
    }
    lot
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
pub(super) fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

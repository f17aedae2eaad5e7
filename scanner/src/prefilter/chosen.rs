//! Where the literals of the built-in rules are looked for: by which four of their bytes, and in which set of the vector search. What is best was
//! found by trial on much text (`testkit/examples/share_out.rs`), which takes too long for a start. What is found does not depend on it: a literal
//! that is not listed finds its place when the tables are made.

mod anchors;
mod words;

pub(crate) use anchors::ANCHORS;
pub(crate) use words::WORDS;

/// A literal, and where it is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chosen {
    bytes: &'static [u8],
    /// Whether letters match in either case.
    fold: bool,
    /// Where in it the quadruple stands.
    pub(crate) at: u8,
    pub(crate) set: u8,
}

const fn chosen(bytes: &'static [u8], fold: bool, at: u8, set: u8) -> Chosen {
    Chosen { bytes, fold, at, set }
}

/// A literal in a list that is in order.
pub(crate) fn find(list: &[Chosen], bytes: &[u8], fold: bool) -> Option<Chosen> {
    let at = list.binary_search_by(|chosen| (chosen.bytes, chosen.fold).cmp(&(bytes, fold))).ok()?;
    list.get(at).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stanch_rules::RuleSet;

    use super::*;
    use crate::engine::Engine;
    use crate::prefilter::sets::SETS;

    /// Whoever adds rules need not choose anew, but after some time it pays.
    #[test]
    fn most_literals_of_the_built_in_rules_are_listed() {
        let engine = Engine::new(RuleSet::builtin());
        for (name, all) in engine.searched() {
            let list = if name == "anchors" { ANCHORS } else { WORDS };
            assert!(list.is_sorted_by(|a, b| (a.bytes, a.fold) < (b.bytes, b.fold)), "{name}");
            assert!(list.iter().all(|chosen| usize::from(chosen.set) < SETS), "{name}");
            let new: BTreeSet<_> = all.iter().filter(|one| find(list, &one.bytes, one.fold).is_none()).collect();
            assert!(
                new.len() * 20 <= all.len(),
                "run testkit's example `share_out`, as {name} has many that are new: {new:?}"
            );
            let known =
                |chosen: &&Chosen| all.iter().any(|one| (&one.bytes[..], one.fold) == (chosen.bytes, chosen.fold));
            assert!(
                list.iter().filter(known).count() * 10 >= list.len() * 9,
                "{name} lists many that nobody looks for"
            );
        }
    }
}

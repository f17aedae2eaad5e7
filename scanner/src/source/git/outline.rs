//! The outline of a tree: where its entries start, and those of them that matter.
//!
//! A tree that is a delta upon another one has most of its entries from there. Where the copied bytes start with an entry of the base, all
//! entries that were copied whole are those of the base, so that only what was inserted, and what lies across a seam, is parsed.

use std::ops::Range;

use crate::hits::Run;
use crate::source::git::tree::TreeEntry;

/// The outline of a tree of less than 4 GiB, with what is kept of the entries that matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outline<K> {
    /// Where each entry starts; then where the last one ends, or where one is damaged.
    starts: Vec<u32>,
    /// What is kept, each with where its entry starts, in order.
    pub(crate) kept: Vec<(u32, K)>,
}

impl<K> Default for Outline<K> {
    fn default() -> Self {
        Self { starts: Vec::new(), kept: Vec::new() }
    }
}

impl<K: Copy> Outline<K> {
    /// How many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        std::mem::size_of_val(self.starts.as_slice()) + std::mem::size_of_val(self.kept.as_slice())
    }

    /// Makes it the outline of a tree, whose ids have `hash` bytes, up to an entry that is damaged. Entries that are not copied whole from
    /// the base, whose `runs` tell what came from there, are shown to `keep`. Whether all are well.
    pub(crate) fn read(
        &mut self,
        tree: &[u8],
        hash: usize,
        base: Option<(&Self, &[Run])>,
        mut keep: impl FnMut(&TreeEntry<'_>) -> Option<K>,
    ) -> bool {
        self.starts.clear();
        self.kept.clear();
        let mut runs = base.map(|(_, runs)| runs).unwrap_or_default();
        let mut at = 0;
        while at < tree.len() {
            while runs.first().is_some_and(|run| run.at.end <= at) {
                runs = runs.get(1..).unwrap_or_default();
            }
            if let Some((base, from)) = base.and_then(|(base, _)| Some((base, copied(runs.first()?, at)?))) {
                let end = self.carry(base, from, at);
                if end > at {
                    at = end;
                    continue;
                }
            }
            let entry = TreeEntry::parse(tree, at, hash);
            self.starts.push(at as u32);
            let Some(entry) = entry else { return false };
            if let Some(kept) = keep(&entry) {
                self.kept.push((at as u32, kept));
            }
            at = entry.end;
        }
        self.starts.push(at as u32);
        true
    }

    /// Carries the entries of a stretch of the base, if one starts where it does, to a place of the tree; where in the tree the last one
    /// that lies in the stretch ends.
    fn carry(&mut self, base: &Self, stretch: Range<usize>, to: usize) -> usize {
        let Ok(first) = base.starts.binary_search(&(stretch.start as u32)) else { return to };
        let after = base.starts.partition_point(|start| *start as usize <= stretch.end);
        let Some((end, starts)) = base.starts.get(first..after).and_then(<[u32]>::split_last) else { return to };
        // Places are below 4 GiB, so what wraps around here comes back.
        let shift = (to as u32).wrapping_sub(stretch.start as u32);
        self.starts.extend(starts.iter().map(|start| start.wrapping_add(shift)));
        let first = base.kept.partition_point(|(start, _)| (*start as usize) < stretch.start);
        let kept = base.kept.get(first..).unwrap_or_default().iter().take_while(|(start, _)| start < end);
        self.kept.extend(kept.map(|(start, kept)| (start.wrapping_add(shift), *kept)));
        end.wrapping_add(shift) as usize
    }
}

/// Where in the base the rest of a run was copied from.
fn copied(run: &Run, at: usize) -> Option<Range<usize>> {
    let from = run.copied_from? + at.checked_sub(run.at.start)?;
    Some(from..from + run.at.end.checked_sub(at)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::source::git::tree::EntryKind;

    /// What is kept of an entry in these tests: all there is.
    type All = (EntryKind, usize, u8);

    fn all(entry: &TreeEntry<'_>) -> Option<All> {
        let first = entry.id.as_bytes().first().copied().unwrap_or_default();
        (first % 2 == 0).then_some((entry.kind, entry.name.len(), first))
    }

    fn outline(tree: &[u8], base: Option<(&Outline<All>, &[Run])>) -> (Outline<All>, bool) {
        let mut outline = Outline::default();
        let well = outline.read(tree, 20, base, all);
        (outline, well)
    }

    fn entry(kind: bool, name: u8, id: u8) -> Vec<u8> {
        let mode = if kind { "100644" } else { "40000" };
        let mut bytes = format!("{mode} {}\0", "n".repeat(usize::from(name) % 5)).into_bytes();
        bytes.extend([id; 20]);
        bytes
    }

    /// A tree of well-formed entries.
    fn tree() -> impl Strategy<Value = Vec<u8>> {
        let entries = prop::collection::vec((any::<bool>(), any::<u8>(), any::<u8>()), 0..12);
        entries.prop_map(|entries| entries.into_iter().flat_map(|(kind, name, id)| entry(kind, name, id)).collect())
    }

    /// Bytes of which some look like entries.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(0), Just(b' '), Just(b'1'), Just(b'0'), Just(b'4'), any::<u8>()];
        let piece = prop_oneof![tree(), prop::collection::vec(byte, 0..40)];
        prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
    }

    /// A stretch of the base, or what is inserted in its place.
    type Piece = (Index, Index, Option<Vec<u8>>);

    /// Something made of pieces of a base and of insertions, and its runs.
    fn made(base: &[u8], pieces: &[Piece]) -> (Vec<u8>, Vec<Run>) {
        let (mut bytes, mut runs) = (Vec::new(), Vec::new());
        for (a, b, inserted) in pieces {
            let (a, b) = (a.index(base.len() + 1), b.index(base.len() + 1));
            let (start, copied) = (a.min(b), base.get(a.min(b)..a.max(b)).unwrap_or_default());
            let piece = inserted.as_deref().unwrap_or(copied);
            if !piece.is_empty() {
                let copied_from = inserted.is_none().then_some(start);
                runs.push(Run { at: bytes.len()..bytes.len() + piece.len(), copied_from });
                bytes.extend_from_slice(piece);
            }
        }
        (bytes, runs)
    }

    /// A chain of three, each made of the one before: carried and parsed whole are the same.
    fn holds(base: &[u8], steps: &[Vec<Piece>]) -> Result<(), TestCaseError> {
        let mut bytes = base.to_vec();
        let (mut before, _) = outline(base, None);
        for step in steps {
            let (next, runs) = made(&bytes, step);
            let carried = outline(&next, Some((&before, &runs)));
            prop_assert_eq!(&carried, &outline(&next, None));
            (bytes, before) = (next, carried.0);
        }
        Ok(())
    }

    fn steps(inserted: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<Vec<Piece>>> {
        let piece = (any::<Index>(), any::<Index>(), prop::option::of(inserted));
        prop::collection::vec(prop::collection::vec(piece, 0..6), 3)
    }

    proptest! {
        #[test]
        fn carried_is_parsed(base in tree(), steps in steps(tree())) {
            holds(&base, &steps)?;
        }

        #[test]
        fn carried_is_parsed_where_anything_stands(base in hostile(), steps in steps(hostile())) {
            holds(&base, &steps)?;
        }
    }

    #[test]
    fn only_what_is_new_is_parsed() {
        let entries: Vec<Vec<u8>> = (0..100).map(|n| entry(n % 3 > 0, n, n)).collect();
        let base = entries.concat();
        let (before, _) = outline(&base, None);
        let place = |n: usize| entries.iter().take(n).map(Vec::len).sum::<usize>();
        // The id of the fiftieth changed, as git says it.
        let (id, next) = (place(51) - 20, place(51));
        let mut tree = base.clone();
        tree.get_mut(id..next).unwrap_or_default().fill(200);
        let run = |at: Range<usize>, copied: bool| Run { copied_from: copied.then_some(at.start), at };
        let runs = [run(0..id, true), run(id..next, false), run(next..base.len(), true)];
        let (mut now, mut shown) = (Outline::default(), Vec::new());
        let well = now.read(&tree, 20, Some((&before, &runs)), |entry| {
            shown.push(entry.end);
            all(entry)
        });
        assert_eq!((well, shown), (true, vec![next]));
        assert_eq!((now, true), outline(&tree, None));
    }
}

//! What is known of objects that were scanned. An object never changes, so what is true of it stays true; what depends on other objects, refs
//! and paths is found anew each time.
//!
//! Objects have *places*: positions in the list of all ids, which are in order. Whatever names an object does so by its place; an object
//! that is not in the list has a place behind its end, among those that are only named.

use std::cmp::Ordering;

use stanch_model::Fingerprint;

use crate::source::git::contents::Sighting;
use crate::source::git::state::bytes::{In, Out, Stored};
use crate::source::git::state::stamps::Stamps;

/// The place of an object.
pub(super) type PlaceOf = u32;

/// No object.
pub(super) const NOTHING: PlaceOf = u32::MAX;

/// What is known.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Memory {
    /// The ids of all objects that were looked at wholly, one after the other, in order.
    pub(super) ids: Vec<u8>,
    /// How long an id is.
    pub(super) hash: usize,
    /// The size of each; of those that are larger than this can tell, the size stands in `large`.
    pub(super) sizes: Vec<u32>,
    pub(super) large: Vec<(PlaceOf, u64)>,
    /// The places of the trees, in order.
    pub(super) trees: Vec<PlaceOf>,
    /// The ids of objects that are only named, one after the other.
    pub(super) named: Vec<u8>,
    /// What the files were like in which the objects were read.
    pub(super) stamps: Stamps,
    /// Objects that could not be looked at, ids one after the other.
    pub(super) failed: Vec<u8>,
    pub(super) commits: Vec<CommitLinks>,
    pub(super) tags: Vec<(PlaceOf, PlaceOf)>,
    /// The blobs in which something was seen.
    pub(super) sightings: Vec<(PlaceOf, Vec<Sighting>)>,
    /// What the trees lead to, unless some of them could not be looked at.
    pub(super) ways: Option<Ways>,
}

/// What a commit names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommitLinks {
    pub(super) commit: PlaceOf,
    pub(super) tree: PlaceOf,
    pub(super) parents: Vec<PlaceOf>,
    pub(super) time: i64,
}

/// The sieved trees.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Ways {
    pub(super) names: Vec<Box<[u8]>>,
    /// Of each sieved tree the entries: a name, whether it is a folder, and the number of its sieved tree or the place of a blob. The
    /// first one is empty; folders stand before what they are in.
    pub(super) made: Vec<Vec<(u32, bool, u32)>>,
    /// The trees that lead to something, with the number of their sieved tree.
    pub(super) of: Vec<(PlaceOf, u32)>,
    /// The ids of objects that trees name and that are not here, one after the other.
    pub(super) missing: Vec<u8>,
}

impl Memory {
    /// How many objects are known.
    pub(super) fn len(&self) -> usize {
        self.sizes.len()
    }

    /// The ids of the known objects, in order.
    pub(super) fn each_id(&self) -> std::slice::ChunksExact<'_, u8> {
        self.ids.chunks_exact(self.hash.max(1))
    }

    /// The place of a known object.
    pub(super) fn place(&self, id: &[u8]) -> Option<usize> {
        let at = |place: usize| self.ids.get(place * self.hash..(place + 1) * self.hash).unwrap_or_default();
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match at(middle).cmp(id) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The size of a known object.
    pub(super) fn size(&self, place: PlaceOf) -> u64 {
        let size = u64::from(self.sizes.get(place as usize).copied().unwrap_or_default());
        if self.large.is_empty() {
            return size;
        }
        let large = |(_, size): &(PlaceOf, u64)| *size;
        let found = self.large.binary_search_by_key(&place, |(place, _)| *place);
        found.ok().and_then(|at| self.large.get(at)).map_or(size, large)
    }

    /// The id at a place, of a known object or one that is only named.
    pub(super) fn id(&self, place: PlaceOf) -> Option<&[u8]> {
        let (ids, at) = match (place as usize).checked_sub(self.len()) {
            None => (&self.ids, place as usize),
            Some(at) => (&self.named, at),
        };
        ids.get(at.checked_mul(self.hash)?..(at + 1).checked_mul(self.hash)?)
    }

    /// All of it as bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Out(Vec::with_capacity(self.ids.len() + self.sizes.len() * 8 + self.commits.len() * 32));
        (self.hash as u64).write(&mut out);
        out.bytes(&self.ids);
        out.numbers(self.sizes.iter().copied());
        self.large.write(&mut out);
        out.numbers(self.trees.iter().copied());
        out.bytes(&self.named);
        out.bytes(&self.failed);
        self.stamps.write(&mut out);
        self.commits.write(&mut out);
        self.tags.write(&mut out);
        self.sightings.write(&mut out);
        self.ways.write(&mut out);
        out.0
    }

    /// What [`Memory::write`] wrote; none if it is anything else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut from = In(bytes);
        let memory = Self {
            hash: usize::try_from(u64::read(&mut from)?).ok()?,
            ids: from.bytes()?.to_vec(),
            sizes: from.numbers()?,
            large: Stored::read(&mut from)?,
            trees: from.numbers()?,
            named: from.bytes()?.to_vec(),
            failed: from.bytes()?.to_vec(),
            stamps: Stored::read(&mut from)?,
            commits: Stored::read(&mut from)?,
            tags: Stored::read(&mut from)?,
            sightings: Stored::read(&mut from)?,
            ways: Stored::read(&mut from)?,
        };
        (from.is_empty() && memory.holds()).then_some(memory)
    }

    /// Whether it is as it is always written.
    fn holds(&self) -> bool {
        let whole = |ids: &[u8]| self.hash > 0 && ids.len().is_multiple_of(self.hash);
        let in_order = self.each_id().zip(self.each_id().skip(1)).all(|(id, next)| id < next);
        whole(&self.ids)
            && whole(&self.named)
            && whole(&self.failed)
            && self.ids.len() / self.hash == self.len()
            && in_order
            && self.trees.windows(2).all(|pair| pair.first() < pair.last())
            && self.ways.as_ref().is_none_or(|ways| whole(&ways.missing) && ways.hold())
    }
}

impl Ways {
    /// Whether each name and each folder is there, and folders stand before what they are in.
    fn hold(&self) -> bool {
        let known = |at: usize, (name, folder, target): &(u32, bool, u32)| {
            (*name as usize) < self.names.len() && (!folder || (*target as usize) < at)
        };
        let made = self.made.iter().enumerate().all(|(at, entries)| entries.iter().all(|entry| known(at, entry)));
        made && self.of.iter().all(|(_, sieved)| (*sieved as usize) < self.made.len())
    }
}

impl Stored for CommitLinks {
    fn write(&self, out: &mut Out) {
        self.commit.write(out);
        self.tree.write(out);
        self.time.write(out);
        (self.parents.len() as u32).write(out);
        self.parents.iter().for_each(|parent| parent.write(out));
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        let (commit, tree, time) = (Stored::read(from)?, Stored::read(from)?, Stored::read(from)?);
        let count = u32::read(from)?;
        let parents = (0..count).map(|_| Stored::read(from)).collect::<Option<_>>()?;
        Some(Self { commit, tree, parents, time })
    }
}

impl Stored for Sighting {
    fn write(&self, out: &mut Out) {
        self.fingerprint.write(out);
        self.rule.write(out);
        self.score.write(out);
        self.allowed.write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some(Self {
            fingerprint: Fingerprint::read(from)?,
            rule: Stored::read(from)?,
            score: Stored::read(from)?,
            allowed: Stored::read(from)?,
        })
    }
}

impl Stored for (u32, bool, u32) {
    fn write(&self, out: &mut Out) {
        self.0.write(out);
        self.1.write(out);
        self.2.write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some((Stored::read(from)?, Stored::read(from)?, Stored::read(from)?))
    }
}

impl Stored for Ways {
    fn write(&self, out: &mut Out) {
        self.names.write(out);
        self.made.write(out);
        self.of.write(out);
        out.bytes(&self.missing);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some(Self {
            names: Stored::read(from)?,
            made: Stored::read(from)?,
            of: Stored::read(from)?,
            missing: from.bytes()?.to_vec(),
        })
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "what is cut and changed in tests is there")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sighting() -> impl Strategy<Value = Sighting> {
        let made = (any::<[u8; 16]>(), any::<u32>(), any::<i16>(), any::<bool>());
        made.prop_map(|(print, rule, score, allowed)| {
            let fingerprint = Fingerprint::from_bytes(print);
            Sighting { fingerprint, rule, score, allowed }
        })
    }

    fn links() -> impl Strategy<Value = CommitLinks> {
        let made = (any::<u32>(), any::<u32>(), prop::collection::vec(any::<u32>(), 0..3), any::<i64>());
        made.prop_map(|(commit, tree, parents, time)| CommitLinks { commit, tree, parents, time })
    }

    prop_compose! {
        fn ways()(
            names in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 1..4),
            blobs in prop::collection::vec(any::<u32>(), 0..4),
            of in prop::collection::vec(any::<u32>(), 0..4),
            missing in any::<[u8; 20]>(),
        ) -> Ways {
            let folder = vec![(0, true, 0)];
            let made = vec![Vec::new(), blobs.into_iter().map(|blob| (0, false, blob)).collect(), folder];
            let of = of.into_iter().map(|tree| (tree, tree % 3)).collect();
            Ways { names: names.into_iter().map(Into::into).collect(), made, of, missing: missing.to_vec() }
        }
    }

    prop_compose! {
        fn memory()(
            ids in prop::collection::btree_map(any::<[u8; 20]>(), any::<u32>(), 0..20),
            trees in prop::collection::btree_set(any::<u32>(), 0..5),
            large in prop::collection::vec(any::<(u32, u64)>(), 0..2),
            named in any::<[u8; 20]>(),
            commits in prop::collection::vec(links(), 0..4),
            tags in prop::collection::vec(any::<(u32, u32)>(), 0..3),
            sightings in prop::collection::vec((any::<u32>(), prop::collection::vec(sighting(), 0..3)), 0..3),
            ways in prop::option::of(ways()),
        ) -> Memory {
            Memory {
                hash: 20,
                sizes: ids.values().copied().collect(),
                ids: ids.into_keys().flatten().collect(),
                large,
                trees: trees.into_iter().collect(),
                named: named.to_vec(),
                failed: Vec::new(),
                stamps: Stamps::default(),
                commits,
                tags,
                sightings,
                ways,
            }
        }
    }

    proptest! {
        #[test]
        fn written_and_read(memory in memory()) {
            let bytes = memory.write();
            let read = Memory::read(&bytes);
            prop_assert_eq!(read.as_ref(), Some(&memory));
            for (place, id) in memory.each_id().enumerate() {
                prop_assert_eq!((memory.place(id), memory.id(place as u32)), (Some(place), Some(id)));
            }
            let end = memory.len() as u32;
            prop_assert_eq!((memory.id(end), memory.id(end + 1)), (Some(memory.named.as_slice()), None));
            for length in 0..bytes.len() {
                prop_assert_eq!(Memory::read(&bytes[..length]), None);
            }
            prop_assert_eq!(Memory::read(&[bytes, vec![0]].concat()), None);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), memory in memory(), at in any::<prop::sample::Index>()) {
            Memory::read(&bytes);
            let mut bytes_of_one = memory.write();
            let at = at.index(bytes_of_one.len());
            bytes_of_one[at] = bytes_of_one[at].wrapping_add(1);
            if let Some(other) = Memory::read(&bytes_of_one) {
                prop_assert_eq!(other.write(), bytes_of_one);
            }
        }
    }

    #[test]
    fn what_nobody_writes_is_refused() {
        let good = || Memory {
            hash: 2,
            ids: vec![1, 2, 1, 3],
            sizes: vec![5, 6],
            ways: Some(Ways {
                names: vec![Box::default()],
                made: vec![Vec::new(), vec![(0, true, 0)]],
                ..Ways::default()
            }),
            ..Memory::default()
        };
        let reads = |memory: &Memory| Memory::read(&memory.write()).is_some();
        assert!(reads(&good()));
        assert!(!reads(&Memory { hash: 0, ..good() }), "ids without length");
        assert!(!reads(&Memory { ids: vec![1, 3, 1, 2], ..good() }), "not in order");
        assert!(!reads(&Memory { ids: vec![1, 2, 1, 2], ..good() }), "twice");
        assert!(!reads(&Memory { sizes: vec![5], ..good() }), "a size too few");
        assert!(!reads(&Memory { trees: vec![1, 0], ..good() }), "trees in no order");
        assert!(!reads(&Memory { named: vec![1], ..good() }), "half an id");
        let ways = |change: fn(&mut Ways)| {
            let mut ways = good().ways.unwrap_or_default();
            change(&mut ways);
            Memory { ways: Some(ways), ..good() }
        };
        assert!(!reads(&ways(|ways| ways.made.push(vec![(0, true, 2)]))), "a folder in itself");
        assert!(!reads(&ways(|ways| ways.made.push(vec![(1, false, 0)]))), "a name that is not there");
        assert!(!reads(&ways(|ways| ways.of.push((0, 2)))), "a tree that is not there");
        assert!(!reads(&ways(|ways| ways.missing.push(1))), "half an id");
    }
}

//! Which entry of a pack is a delta upon which: trees, whose roots are whole objects.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::resume_unwind;

use gix::ObjectId;

use crate::source::file::Closed;
use crate::source::git::buckets::Buckets;
use crate::source::git::entry::{Content, Kind};
use crate::source::git::lists::Lists;
use crate::source::git::pack::Pack;
use crate::source::git::store::{Buffers, Store, damaged, no_base};

/// The number of an entry, in order of offset.
pub(crate) type EntryNumber = u32;

/// A base outside of the pack is no larger: it is decoded to learn what it is.
const MOST_BASE: u64 = 256 << 20;

/// It does not pay to start a thread for fewer headers.
const LEAST_SHARE: usize = 1 << 14;

/// No entry.
const NONE: EntryNumber = u32::MAX;

/// The deltas of a pack.
#[derive(Default)]
pub(crate) struct Forest {
    /// Where each entry starts, in order; then where the last one ends.
    offsets: Vec<u64>,
    /// The position of each entry in the index.
    positions: Vec<u32>,
    /// What each entry is; nothing if it cannot be decoded.
    kinds: Vec<Option<Kind>>,
    /// The entry that each is a delta upon.
    bases: Vec<EntryNumber>,
    /// Bases that are not in the pack.
    outside: HashMap<EntryNumber, ObjectId>,
    /// The deltas upon each entry, those with the fewest deltas upon themselves first.
    children: Lists,
    /// Entries that are no deltas, or whose base is outside. The largest families come first, the others in order of offset.
    pub(crate) roots: Vec<EntryNumber>,
    /// Entries that cannot be decoded, and why.
    pub(crate) broken: Vec<(EntryNumber, Closed)>,
}

impl Forest {
    /// Reads the headers of all entries of a pack, with so many threads.
    pub(crate) fn new(store: &Store, pack: &Pack, jobs: usize) -> Self {
        let mut forest = Self::default();
        forest.list(pack);
        let odd = forest.find_bases(pack, jobs);
        forest.find_odd_bases(store, pack, odd);
        forest.find_children();
        forest.find_kinds();
        forest
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> u32 {
        self.positions.len() as u32
    }

    /// The position of an entry in the index.
    pub(crate) fn position(&self, entry: EntryNumber) -> u32 {
        self.positions.get(entry as usize).copied().unwrap_or(NONE)
    }

    /// Where an entry lies in the pack.
    pub(crate) fn range(&self, entry: EntryNumber) -> Range<u64> {
        let at = |n: usize| self.offsets.get(n).copied().unwrap_or_default();
        at(entry as usize)..at(entry as usize + 1)
    }

    /// What an entry is.
    pub(crate) fn kind(&self, entry: EntryNumber) -> Option<Kind> {
        self.kinds.get(entry as usize).copied().flatten()
    }

    /// The entry that this one is a delta upon.
    pub(crate) fn base(&self, entry: EntryNumber) -> Option<EntryNumber> {
        self.bases.get(entry as usize).copied().filter(|base| *base != NONE)
    }

    /// The object outside of the pack that an entry is a delta upon.
    pub(crate) fn outside_base(&self, entry: EntryNumber) -> Option<&ObjectId> {
        self.outside.get(&entry)
    }

    /// The deltas upon an entry, those of the smallest families first.
    pub(crate) fn children(&self, entry: EntryNumber) -> &[EntryNumber] {
        self.children.of(entry)
    }

    /// Puts the entries in order of offset.
    fn list(&mut self, pack: &Pack) {
        let offset = |position: &u32| pack.offset(*position).unwrap_or_default();
        self.positions = pack.positions_by_offset().unwrap_or_else(|| {
            let mut entries: Vec<(u64, u32)> = (0..pack.len()).map(|position| (offset(&position), position)).collect();
            entries.sort_unstable();
            entries.into_iter().map(|(_, position)| position).collect()
        });
        self.offsets = self.positions.iter().map(offset).collect();
        self.offsets.push(pack.end());
        self.kinds = vec![None; self.positions.len()];
        self.bases = vec![NONE; self.positions.len()];
    }

    /// Reads each header: sets the kinds of whole objects, and bases that stand before their deltas. The others come back.
    fn find_bases(&mut self, pack: &Pack, jobs: usize) -> Vec<EntryNumber> {
        let offsets = self.offsets.get(..self.positions.len()).unwrap_or_default();
        let buckets = Buckets::new(offsets.iter().copied(), offsets.last().copied().unwrap_or_default());
        let headers = Headers { pack, offsets, buckets };
        let share = offsets.len().div_ceil(jobs.max(1)).max(LEAST_SHARE);
        let shares = self.kinds.chunks_mut(share).zip(self.bases.chunks_mut(share)).enumerate();
        let mut shares = shares.map(|(n, (kinds, bases))| Share { first: n * share, kinds, bases });
        std::thread::scope(|scope| {
            let (own, headers) = (shares.next(), &headers);
            let others: Vec<_> = shares.map(|share| scope.spawn(move || headers.read(share))).collect();
            let mut odd = own.map(|share| headers.read(share)).unwrap_or_default();
            for other in others {
                odd.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            odd
        })
    }

    /// Finds the bases of entries that are no deltas upon one before them, and what is broken.
    fn find_odd_bases(&mut self, store: &Store, pack: &Pack, odd: Vec<EntryNumber>) {
        let mut by_position = Vec::new();
        let mut buffers = Buffers::default();
        for entry in odd {
            match content(pack, self.range(entry).start) {
                Some(Content::ObjectDelta(base)) => {
                    if by_position.is_empty() {
                        by_position = self.by_position();
                    }
                    match pack.position(&base).and_then(|position| by_position.get(position as usize)) {
                        Some(base) if *base != entry => self.set_base(entry, *base),
                        Some(_) => {
                            self.set_broken(store, pack, entry, damaged("a delta upon itself"), &mut buffers);
                        }
                        None => self.set_outside(store, entry, base, &mut buffers),
                    }
                }
                Some(_) => self.set_broken(store, pack, entry, no_base(), &mut buffers),
                None => self.set_broken(store, pack, entry, damaged("no entry of a pack"), &mut buffers),
            }
        }
    }

    fn by_position(&self) -> Vec<EntryNumber> {
        let mut entries = vec![NONE; self.positions.len()];
        for (entry, position) in self.positions.iter().enumerate() {
            if let Some(slot) = entries.get_mut(*position as usize) {
                *slot = entry as u32;
            }
        }
        entries
    }

    fn set_kind(&mut self, entry: EntryNumber, kind: Kind) {
        if let Some(slot) = self.kinds.get_mut(entry as usize) {
            *slot = Some(kind);
        }
    }

    fn set_base(&mut self, entry: EntryNumber, base: EntryNumber) {
        if let Some(slot) = self.bases.get_mut(entry as usize) {
            *slot = base;
        }
    }

    /// An object that is damaged here and whole elsewhere is a root, since deltas upon it can be decoded all the same.
    fn set_broken(&mut self, store: &Store, pack: &Pack, entry: EntryNumber, gap: Closed, buffers: &mut Buffers) {
        let id = pack.id(self.position(entry)).map(ToOwned::to_owned);
        match id.map(|id| store.read_beside(pack, &id, MOST_BASE, buffers, &mut Vec::new())) {
            Some(Ok(kind)) => self.set_kind(entry, kind),
            _ => self.broken.push((entry, gap)),
        }
    }

    /// A pack on disk has all bases in itself, but a thin one that somebody put there has not.
    fn set_outside(&mut self, store: &Store, entry: EntryNumber, base: ObjectId, buffers: &mut Buffers) {
        match store.read(&base, MOST_BASE, buffers, &mut Vec::new()) {
            Ok(kind) => {
                self.set_kind(entry, kind);
                self.outside.insert(entry, base);
            }
            Err((_, detail)) if detail.is_empty() => self.broken.push((entry, no_base())),
            Err(gap) => self.broken.push((entry, gap)),
        }
    }

    /// Turns the bases around.
    fn find_children(&mut self) {
        let bases = self.bases.iter().enumerate().map(|(entry, base)| (*base, entry as EntryNumber));
        self.children = Lists::new(self.positions.len(), bases);
    }

    /// Carries kinds from the roots to their families, and puts small families first. What no root leads to is a delta upon itself in the end.
    fn find_kinds(&mut self) {
        let whole = |entry: &u32| self.kind(*entry).is_some();
        let mut order: Vec<EntryNumber> = (0..self.len()).filter(whole).collect();
        self.roots.clone_from(&order);
        let mut at = 0;
        while let Some(&entry) = order.get(at) {
            at += 1;
            let kind = self.kind(entry);
            let children = self.children.of(entry);
            order.extend_from_slice(children);
            for child in children {
                if let Some(slot) = self.kinds.get_mut(*child as usize) {
                    *slot = kind;
                }
            }
        }
        if order.len() < self.positions.len() {
            self.note_unreached();
        }
        self.sort_families(&order);
    }

    /// Leaves out what leads to no object that counts, by its position in the index.
    pub(crate) fn prune(&mut self, counts: impl Fn(u32) -> bool) {
        let mut needed = vec![false; self.positions.len()];
        for entry in (0..self.len()).filter(|entry| counts(self.position(*entry))) {
            let mut next = Some(entry);
            while let Some(seen) = next.and_then(|entry| needed.get_mut(entry as usize)).filter(|seen| !**seen) {
                *seen = true;
                next = next.and_then(|entry| self.base(entry));
            }
        }
        let is_needed = |entry: &EntryNumber| needed.get(*entry as usize).copied().unwrap_or_default();
        self.roots.retain(is_needed);
        let mut pairs = Vec::new();
        for entry in (0..self.len()).filter(is_needed) {
            pairs.extend(self.children(entry).iter().filter(|child| is_needed(child)).map(|child| (entry, *child)));
        }
        self.children = Lists::new(self.positions.len(), pairs.into_iter());
    }

    fn note_unreached(&mut self) {
        let mut known: Vec<EntryNumber> = self.broken.iter().map(|(entry, _)| *entry).collect();
        known.sort_unstable();
        let lost = (0..self.len()).filter(|entry| self.kind(*entry).is_none() && known.binary_search(entry).is_err());
        let lost: Vec<_> = lost.map(|entry| (entry, damaged("no whole object is at the end of its deltas"))).collect();
        self.broken.extend(lost);
    }

    /// `order` has each entry after its base.
    fn sort_families(&mut self, order: &[EntryNumber]) {
        let mut sizes = vec![1_u32; self.positions.len()];
        for entry in order.iter().rev() {
            let size = sizes.get(*entry as usize).copied().unwrap_or_default();
            if let Some(sum) = self.base(*entry).and_then(|base| sizes.get_mut(base as usize)) {
                *sum += size;
            }
        }
        let size = |entry: &EntryNumber| sizes.get(*entry as usize).copied().unwrap_or_default();
        for entry in 0..self.positions.len() as u32 {
            self.children.of_mut(entry).sort_by_key(size);
        }
        // A large family that comes last would keep one thread at work while the others wait.
        let large = (self.positions.len() / 256).max(64) as u32;
        self.roots.sort_by_key(|root| size(root).checked_sub(large).map_or(0, |more| -i64::from(more) - 1));
    }
}

/// The headers of a pack, by where they start.
struct Headers<'a> {
    pack: &'a Pack,
    offsets: &'a [u64],
    buckets: Buckets,
}

/// The entries whose headers one thread reads: the number of the first, and what is to be known of each.
struct Share<'a> {
    first: usize,
    kinds: &'a mut [Option<Kind>],
    bases: &'a mut [EntryNumber],
}

impl Headers<'_> {
    /// Sets what the headers tell by themselves. The entries for which more is needed come back.
    fn read(&self, share: Share<'_>) -> Vec<EntryNumber> {
        let mut odd = Vec::new();
        let offsets = self.offsets.get(share.first..).unwrap_or_default();
        for ((at, offset), (kind, base)) in offsets.iter().enumerate().zip(share.kinds.iter_mut().zip(share.bases)) {
            match content(self.pack, *offset) {
                Some(Content::Whole(whole)) => *kind = Some(whole),
                Some(Content::OffsetDelta(distance)) => match self.base(*offset, distance) {
                    Some(found) => *base = found,
                    None => odd.push((share.first + at) as EntryNumber),
                },
                _ => odd.push((share.first + at) as EntryNumber),
            }
        }
        odd
    }

    /// The entry so far before an offset.
    fn base(&self, offset: u64, distance: u64) -> Option<EntryNumber> {
        let offset = offset.checked_sub(distance).filter(|_| distance > 0)?;
        let range = self.buckets.of(offset);
        let at = self.offsets.get(range.start as usize..range.end as usize)?.binary_search(&offset).ok()?;
        Some(range.start + at as EntryNumber)
    }
}

/// What the entry at an offset is.
fn content(pack: &Pack, start: u64) -> Option<Content> {
    // Where it ends does not matter here, and a damaged index may say that it ends too early.
    pack.entry(start, pack.end()).map(|(entry, _)| entry.content)
}

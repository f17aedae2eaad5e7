//! A pack with its index. gix maps and checks the files; entries are read by us.

use std::cmp::Ordering;
use std::path::Path;
use std::sync::OnceLock;

use gix::hash::oid;
use gix::odb::pack::{MMap, data, index};

use crate::scan::Gap;
use crate::source::file::Closed;
use crate::source::git::buckets::Buckets;
use crate::source::git::entry::Entry;
use crate::source::git::store::Number;

/// A pack and its index, both mapped.
pub(crate) struct Pack {
    index: index::File<MMap>,
    data: data::File<MMap>,
    hash: usize,
    /// The number of its first object; the others follow in order of id.
    pub(crate) first: Number,
    /// The offsets in order with the positions, which only a damaged pack asks for.
    by_offset: OnceLock<Vec<(u64, u32)>>,
    /// The positions by how ids start.
    by_start: OnceLock<Buckets>,
}

/// The first bytes of an id as a number, which is in the order of ids.
fn start_of(id: &oid) -> u64 {
    id.as_bytes().first_chunk().map_or(0, |start| u64::from_be_bytes(*start))
}

impl Pack {
    /// Opens a pack by the path of its index.
    pub(crate) fn open(path: &Path, hash: gix::hash::Kind, first: Number) -> Result<Self, Closed> {
        let broken = |error: gix::Error| (Gap::Corrupt, error.to_string());
        let index = index::File::at(path, hash).map_err(broken)?;
        let data = data::File::at(path.with_extension("pack"), hash).map_err(broken)?;
        Ok(Self {
            index,
            data,
            hash: hash.len_in_bytes(),
            first,
            by_offset: OnceLock::new(),
            by_start: OnceLock::new(),
        })
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        self.data.path()
    }

    /// The file of its index.
    pub(crate) fn index_path(&self) -> &Path {
        self.index.path()
    }

    /// How many objects it has.
    pub(crate) fn len(&self) -> u32 {
        self.index.num_objects()
    }

    /// The id of the object at a position in the index.
    pub(crate) fn id(&self, position: u32) -> Option<&oid> {
        (position < self.len()).then(|| self.index.oid_at_index(position))
    }

    /// Whether the object at a position of the index has another one beside it.
    pub(crate) fn has_twice(&self, position: u32) -> bool {
        let id = |at: Option<u32>| at.and_then(|at| self.id(at)).map(|id| (start_of(id), id));
        let here = id(Some(position));
        // Their first bytes tell most apart.
        let same = |other| here.map(|(start, _)| start) == id(other).map(|(start, _)| start) && here == id(other);
        same(position.checked_sub(1)) || same(position.checked_add(1))
    }

    /// Where in the pack the object at a position of the index starts.
    pub(crate) fn offset(&self, position: u32) -> Option<u64> {
        (position < self.len()).then(|| self.index.pack_offset_at_index(position))
    }

    /// The position of an id in the index.
    pub(crate) fn position(&self, id: &oid) -> Option<u32> {
        let Some(by_start) = self.by_start.get() else { return self.index.lookup(id) };
        let range = by_start.of(start_of(id));
        let (mut from, mut to) = (range.start, range.end);
        while from < to {
            let middle = from + (to - from) / 2;
            match self.index.oid_at_index(middle).cmp(id) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => to = middle,
            }
        }
        None
    }

    /// Makes [`Pack::position`] fast, for who asks for millions.
    pub(crate) fn prepare_positions(&self) {
        self.by_start.get_or_init(|| {
            let ids = 0..self.len() as usize;
            Buckets::new(ids.map(|at| start_of(self.index.oid_at_index(at as u32))), u64::MAX)
        });
    }

    /// The id of the object whose entry starts at an offset.
    pub(crate) fn id_at(&self, offset: u64) -> Option<&oid> {
        let by_offset = self.by_offset.get_or_init(|| {
            let offsets = (0..self.len()).filter_map(|position| Some((self.offset(position)?, position)));
            let mut all: Vec<(u64, u32)> = offsets.collect();
            all.sort_unstable();
            all
        });
        let at = by_offset.binary_search_by_key(&offset, |(offset, _)| *offset).ok()?;
        self.id(by_offset.get(at)?.1)
    }

    /// The positions in order of offset, as the pack's reverse index tells
    /// (<https://git-scm.com/docs/gitformat-pack#_pack_rev_files_have_the_format>), if there is one and it is right.
    pub(crate) fn positions_by_offset(&self) -> Option<Vec<u32>> {
        /// The signature, a version and the kind of hash.
        const HEADER: usize = 12;
        let path = self.data.path().with_extension("rev");
        let count = self.len() as usize;
        // Whatever is there in place of it is not read for ever.
        let length = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?.len();
        if length != (HEADER + 4 * count + 2 * self.hash) as u64 {
            return None;
        }
        let bytes = std::fs::read(&path).ok()?;
        let words = bytes.strip_prefix(b"RIDX\0\0\0\x01")?.get(4..)?.get(..4 * count)?.as_chunks().0;
        let positions: Vec<u32> = words.iter().map(|word| u32::from_be_bytes(*word)).collect();
        // What goes up all the way has each position once.
        let mut before = None;
        let right = positions.iter().all(|position| {
            let offset = self.offset(*position);
            offset.is_some() && std::mem::replace(&mut before, offset) < offset
        });
        right.then_some(positions)
    }

    /// Where the entries end.
    pub(crate) fn end(&self) -> u64 {
        self.data.pack_end() as u64
    }

    /// The entry at an offset, which ends before another one, and its stream.
    pub(crate) fn entry(&self, start: u64, end: u64) -> Option<(Entry, &[u8])> {
        if start >= end || end > self.end() {
            return None;
        }
        let bytes = self.data.entry_slice(start..end)?;
        let entry = Entry::parse(bytes, self.hash)?;
        Some((entry, bytes.get(entry.header..)?))
    }
}

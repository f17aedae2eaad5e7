//! A pack with its index. gix maps and checks the files; entries are read by us.

use std::path::Path;
use std::sync::OnceLock;

use gix::hash::oid;
use gix::odb::pack::{MMap, data, index};

use crate::scan::Gap;
use crate::source::file::Closed;
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
}

impl Pack {
    /// Opens a pack by the path of its index.
    pub(crate) fn open(path: &Path, hash: gix::hash::Kind, first: Number) -> Result<Self, Closed> {
        let broken = |error: gix::Error| (Gap::Corrupt, error.to_string());
        let index = index::File::at(path, hash).map_err(broken)?;
        let data = data::File::at(path.with_extension("pack"), hash).map_err(broken)?;
        Ok(Self { index, data, hash: hash.len_in_bytes(), first, by_offset: OnceLock::new() })
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

    /// Where in the pack the object at a position of the index starts.
    pub(crate) fn offset(&self, position: u32) -> Option<u64> {
        (position < self.len()).then(|| self.index.pack_offset_at_index(position))
    }

    /// The position of an id in the index.
    pub(crate) fn position(&self, id: &oid) -> Option<u32> {
        self.index.lookup(id)
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

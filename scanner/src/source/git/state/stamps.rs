//! By which a file is known to be as it was: its length, time of change and inode.
//!
//! What is known of an object is true whatever becomes of the file in which it was read, but a file that was damaged since must be told of. git
//! never changes a file of objects, though it renews the time of one that has what was to be written. So a file that was touched is
//! looked at: whether it still has the checksum that git gave it.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

use gix::ObjectId;
use gix::hash::hasher;

use crate::source::git::entry::Kind;
use crate::source::git::pack::Pack;
use crate::source::git::state::bytes::{In, Out, Stored};
use crate::source::git::state::circumstances::changed;
use crate::source::git::store::{Number, Store};

/// The name of a file, which tells nothing of its path.
type Name = [u8; 16];

/// The stamp of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    length: u64,
    changed: i64,
    inode: u64,
}

/// The stamps of all files of objects.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Stamps(Vec<(Name, Stamp)>);

impl Stamp {
    /// The stamp of a file; none if the system does not tell.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        Some(Self { length: metadata.len(), changed: changed(metadata)?, inode: inode(metadata) })
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> u64 {
    0
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is as it was, or was not there.
    Trusted,
    /// It was touched, or cannot be looked at.
    Touched,
}

impl Stamps {
    /// The stamps of a store's files. They are taken before anything is read.
    pub(crate) fn of(store: &Store) -> Self {
        let packs = store.packs.iter().flat_map(|pack| [pack.path(), pack.index_path()]).filter_map(stamped);
        let loose = store.loose_numbers().filter_map(|number| stamped(&store.loose_path(number)?));
        let mut all: Vec<(Name, Stamp)> = packs.chain(loose).collect();
        all.sort_unstable();
        Self(all)
    }

    fn get(&self, name: &Name) -> Option<&Stamp> {
        let at = self.0.binary_search_by_key(name, |(name, _)| *name).ok()?;
        self.0.get(at).map(|(_, stamp)| stamp)
    }

    /// What became of a file since these stamps were taken, by those of now.
    fn fate(&self, now: &Self, path: &Path) -> Fate {
        let name = name(path);
        match (self.get(&name), now.get(&name)) {
            (_, None) => Fate::Touched,
            (Some(before), Some(now)) if before != now => Fate::Touched,
            _ => Fate::Trusted,
        }
    }

    /// Whether a pack still is what it was, or is new.
    pub(super) fn trusts_pack(&self, now: &Self, pack: &Pack, hash: gix::hash::Kind) -> bool {
        self.fate(now, pack.index_path()) == Fate::Trusted
            && (self.fate(now, pack.path()) == Fate::Trusted || is_whole(pack.path(), hash) == Some(true))
    }

    /// The same of a loose object.
    pub(super) fn trusts_loose(&self, now: &Self, store: &Store, number: Number) -> bool {
        let Some(path) = store.loose_path(number) else { return false };
        self.fate(now, &path) == Fate::Trusted || is_object(store, number) == Some(true)
    }
}

fn stamped(path: &Path) -> Option<(Name, Stamp)> {
    Some((name(path), Stamp::of(&std::fs::metadata(path).ok()?)?))
}

fn name(path: &Path) -> Name {
    let hash = blake3::hash(path.as_os_str().as_encoded_bytes());
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// Whether a file ends with the checksum of all before.
fn is_whole(path: &Path, kind: gix::hash::Kind) -> Option<bool> {
    let mut file = File::open(path).ok()?;
    let mut left = file.metadata().ok()?.len().checked_sub(kind.len_in_bytes() as u64)?;
    let (mut hasher, mut buffer) = (hasher(kind), vec![0; 1 << 18]);
    while left > 0 {
        let part = buffer.get_mut(..usize::try_from(left).map_or(1 << 18, |left| left.min(1 << 18)))?;
        file.read_exact(part).ok()?;
        hasher.update(part);
        left -= part.len() as u64;
    }
    let mut checksum = Vec::new();
    file.read_to_end(&mut checksum).ok()?;
    Some(hasher.try_finalize().ok()?.as_bytes() == checksum)
}

/// Whether a loose object is the one that its name says.
fn is_object(store: &Store, number: Number) -> Option<bool> {
    /// What is larger is scanned anew.
    const MOST: u64 = 64 << 20;
    let loose = store.open_loose(number).ok()?;
    let word = match loose.kind {
        Kind::Blob => "blob",
        Kind::Tree => "tree",
        Kind::Commit => "commit",
        Kind::Tag => "tag",
    };
    let mut hasher = hasher(store.hash);
    hasher.update(format!("{word} {}\0", loose.size).as_bytes());
    let mut bytes = Vec::new();
    if loose.size > MOST {
        return None;
    }
    loose.read(&mut bytes).ok()?;
    hasher.update(&bytes);
    let id: ObjectId = hasher.try_finalize().ok()?;
    Some(id == store.id(number))
}

impl Stored for Stamps {
    fn write(&self, out: &mut Out) {
        self.0.write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        let stamps = Self(Stored::read(from)?);
        stamps.0.is_sorted().then_some(stamps)
    }
}

impl Stored for Stamp {
    fn write(&self, out: &mut Out) {
        self.length.write(out);
        self.changed.write(out);
        self.inode.write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some(Self { length: Stored::read(from)?, changed: Stored::read(from)?, inode: Stored::read(from)? })
    }
}

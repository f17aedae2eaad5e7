//! All objects of a repository, wherever they lie: packs, loose files, and the folders of alternates.
//!
//! Each object has a number: first come the packs' objects, each in order of id, then the loose ones. An object that lies in several
//! places has several numbers; [`Store::number`] gives the first, and only that one is [`Store::counts`].

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::hash::oid;

use crate::hits::Run;
use crate::scan::Gap;
use crate::source::file::{Closed, closed};
use crate::source::git::alternates;
use crate::source::git::delta::Delta;
use crate::source::git::entry::{Content, Kind};
use crate::source::git::inflate::{InflateReader, Inflater};
use crate::source::git::loose::{self, Loose};
use crate::source::git::pack::Pack;

/// The number of an object in its store.
pub(crate) type Number = u32;

/// No chain of deltas is longer: git itself stops at 4,095 (<https://git-scm.com/docs/git-pack-objects#Documentation/git-pack-objects.txt---depthn>).
const MOST_CHAIN: usize = 1 << 16;

/// Commits and tags are no larger.
pub(crate) const MOST_HEADER: u64 = 64 << 20;

/// The objects of a repository.
pub(crate) struct Store {
    pub(crate) hash: gix::hash::Kind,
    pub(crate) packs: Vec<Pack>,
    /// The object folders: the repository's own first.
    folders: Vec<PathBuf>,
    /// The loose objects with the folder of each, in order of id.
    loose: Vec<(ObjectId, u16)>,
    first_loose: Number,
    /// A bit for each number that is a second copy, or known.
    copies: Vec<u64>,
    /// What could not be opened.
    pub(crate) gaps: Vec<(PathBuf, Closed)>,
}

/// Buffers that reading objects uses again.
#[derive(Default)]
pub(crate) struct Buffers {
    inflater: Inflater,
    delta: Vec<u8>,
    other: Vec<u8>,
    runs: Vec<Run>,
    /// Entries of packs whose deltas never end.
    endless: HashSet<(Number, u64)>,
    /// Whether what is damaged is being read from another place.
    looks_elsewhere: bool,
}

impl Store {
    /// Opens what lies below an object folder and its alternates. What cannot be opened is in `gaps`.
    pub(crate) fn open(objects: &Path, hash: gix::hash::Kind) -> Self {
        let mut store = Self::open_to_read(objects, hash);
        store.mark_copies();
        store
    }

    /// The same to read some objects only: none of its numbers counts.
    pub(crate) fn open_to_read(objects: &Path, hash: gix::hash::Kind) -> Self {
        let mut store = Self {
            hash,
            packs: Vec::new(),
            folders: Vec::new(),
            loose: Vec::new(),
            first_loose: 0,
            copies: Vec::new(),
            gaps: Vec::new(),
        };
        store.folders = alternates::resolve(objects, &mut store.gaps);
        for folder in store.folders.clone() {
            store.open_packs(&folder.join("pack"));
        }
        store.first_loose = store.packs.last().map_or(0, |pack| pack.first + pack.len());
        for (n, folder) in store.folders.iter().enumerate().take(usize::from(u16::MAX)) {
            let ids = loose::list(folder, hash, &mut store.gaps);
            store.loose.extend(ids.into_iter().map(|id| (id, n as u16)));
        }
        store.loose.sort_unstable();
        store
    }

    fn open_packs(&mut self, folder: &Path) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.gaps.push((folder.to_path_buf(), closed(&error))),
        };
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        files.sort();
        let is = |path: &Path, ending: &str| path.extension().is_some_and(|extension| extension == ending);
        let indexes: Vec<PathBuf> = files.iter().filter(|path| is(path, "idx")).cloned().collect();
        for pack in files.into_iter().filter(|path| is(path, "pack")) {
            if indexes.binary_search(&pack.with_extension("idx")).is_err() {
                self.gaps.push((pack, (Gap::Corrupt, "a pack without an index".to_owned())));
            }
        }
        for path in indexes {
            let first = self.packs.last().map_or(0, |pack| pack.first + pack.len());
            match Pack::open(&path, self.hash, first) {
                // Numbers have 32 bits, of which the largest mean something else.
                Ok(pack) if u32::MAX - 16 - first < pack.len() => {
                    self.gaps.push((path, (Gap::TooLarge, "more objects than can be numbered".to_owned())));
                }
                Ok(pack) => self.packs.push(pack),
                Err(gap) => self.gaps.push((path, gap)),
            }
        }
    }

    /// Finds what lies in several places. Both sides are in order of id.
    fn mark_copies(&mut self) {
        self.packs.iter().for_each(Pack::prepare_positions);
        self.copies = vec![0; self.len() as usize / 64 + 1];
        let mut copies = Vec::new();
        for (n, pack) in self.packs.iter().enumerate() {
            let earlier = self.packs.get(..n).unwrap_or_default();
            let is_copy = |at: u32| {
                let Some(id) = pack.id(at) else { return false };
                // A pack may have an object twice; what counts is the one that the index leads to.
                earlier.iter().any(|pack| pack.position(id).is_some())
                    || (pack.has_twice(at) && pack.position(id) != Some(at))
            };
            copies.extend((0..pack.len()).filter(|at| is_copy(*at)).map(|at| pack.first + at));
        }
        let mut before = None;
        for (at, (id, _)) in self.loose.iter().enumerate() {
            if before == Some(id) || self.packs.iter().any(|pack| pack.position(id).is_some()) {
                copies.push(self.first_loose + at as u32);
            }
            before = Some(id);
        }
        self.leave_out(copies);
    }

    /// Lets some numbers count no more, as their objects are known.
    pub(crate) fn leave_out(&mut self, numbers: impl IntoIterator<Item = Number>) {
        for number in numbers {
            if let Some(word) = self.copies.get_mut(number as usize / 64) {
                *word |= 1 << (number % 64);
            }
        }
    }

    /// How many numbers there are.
    pub(crate) fn len(&self) -> Number {
        self.first_loose + self.loose.len() as u32
    }

    /// Whether the number is the first of its object, and that is not known.
    pub(crate) fn counts(&self, number: Number) -> bool {
        self.copies.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 0)
    }

    /// The numbers of the loose objects.
    pub(crate) fn loose_numbers(&self) -> std::ops::Range<Number> {
        self.first_loose..self.len()
    }

    /// The number of an object that is here.
    pub(crate) fn number(&self, id: &oid) -> Option<Number> {
        let packed = self.packs.iter().find_map(|pack| pack.position(id).map(|at| pack.first + at));
        packed.or_else(|| self.loose_number(id))
    }

    fn loose_number(&self, id: &oid) -> Option<Number> {
        let at = self.loose.partition_point(|(other, _)| other.as_ref() < id);
        self.loose.get(at).filter(|(other, _)| other.as_ref() == id).map(|_| self.first_loose + at as u32)
    }

    /// The id of an object.
    pub(crate) fn id(&self, number: Number) -> ObjectId {
        let packed = self.pack_of(number).and_then(|pack| pack.id(number - pack.first)).map(oid::to_owned);
        let loose = || self.loose.get((number - self.first_loose) as usize).map(|(id, _)| *id);
        packed.or_else(loose).unwrap_or_else(|| self.hash.null())
    }

    fn pack_of(&self, number: Number) -> Option<&Pack> {
        let after = self.packs.partition_point(|pack| pack.first <= number);
        let pack = self.packs.get(after.checked_sub(1)?)?;
        (number - pack.first < pack.len()).then_some(pack)
    }

    /// A loose object, open.
    pub(crate) fn open_loose(&self, number: Number) -> Result<Loose, Closed> {
        self.loose_path(number).map_or_else(|| Err((Gap::Missing, String::new())), |path| Loose::open(&path))
    }

    /// The file of a loose object.
    pub(crate) fn loose_path(&self, number: Number) -> Option<PathBuf> {
        let (id, folder) = self.loose.get(number.checked_sub(self.first_loose)? as usize)?;
        Some(loose::path(self.folders.get(usize::from(*folder))?, id))
    }

    /// Reads one object, which may have `most` bytes, from any place where it lies whole.
    pub(crate) fn read(&self, id: &oid, most: u64, buffers: &mut Buffers, out: &mut Vec<u8>) -> Result<Kind, Closed> {
        self.read_from(self.packs.iter(), id, most, buffers, out)
    }

    /// The same, without looking into one of the packs.
    pub(crate) fn read_beside(
        &self,
        pack: &Pack,
        id: &oid,
        most: u64,
        buffers: &mut Buffers,
        out: &mut Vec<u8>,
    ) -> Result<Kind, Closed> {
        self.read_from(self.packs.iter().filter(|other| other.first != pack.first), id, most, buffers, out)
    }

    fn read_from<'a>(
        &'a self,
        packs: impl Iterator<Item = &'a Pack>,
        id: &oid,
        most: u64,
        buffers: &mut Buffers,
        out: &mut Vec<u8>,
    ) -> Result<Kind, Closed> {
        let mut failed = None;
        for pack in packs {
            let Some(offset) = pack.position(id).and_then(|at| pack.offset(at)) else { continue };
            match self.read_packed(pack, offset, most, buffers, out) {
                Ok(kind) => return Ok(kind),
                Err(gap) => failed = Some(gap),
            }
        }
        self.read_loose(id, most, out).unwrap_or_else(|| Err(failed.unwrap_or((Gap::Missing, String::new()))))
    }

    /// Reads a loose object, if it is one.
    fn read_loose(&self, id: &oid, most: u64, out: &mut Vec<u8>) -> Option<Result<Kind, Closed>> {
        let mut failed = None;
        let first = self.loose_number(id)?;
        // It may be damaged in one folder and whole in an alternate.
        for number in (first..self.len()).take_while(|number| self.id(*number).as_ref() == id) {
            let read = self.open_loose(number).and_then(|loose| {
                within(loose.size, most)?;
                let kind = loose.kind;
                loose.read(out).map(|()| kind)
            });
            match read {
                Ok(kind) => return Some(Ok(kind)),
                Err(gap) => failed = Some(Err(gap)),
            }
        }
        failed
    }

    /// A reader of an object that is stored whole.
    pub(crate) fn stream(&self, id: &oid) -> Result<Box<dyn Read + '_>, Closed> {
        for pack in &self.packs {
            let offset = pack.position(id).and_then(|at| pack.offset(at));
            if let Some((entry, stream)) = offset.and_then(|offset| pack.entry(offset, pack.end()))
                && matches!(entry.content, Content::Whole(_))
            {
                return Ok(Box::new(InflateReader::new(stream, Some(entry.size))));
            }
        }
        let number = self.loose_number(id).ok_or((Gap::TooLarge, String::new()))?;
        Ok(Box::new(self.open_loose(number)?.into_reader()))
    }

    /// Reads the entry at an offset of a pack: down its chain of deltas to a whole object, and up again. What is damaged on the way may
    /// be whole elsewhere.
    pub(crate) fn read_packed(
        &self,
        pack: &Pack,
        offset: u64,
        most: u64,
        buffers: &mut Buffers,
        out: &mut Vec<u8>,
    ) -> Result<Kind, Closed> {
        let mut at = (pack, offset);
        let mut chain = Vec::new();
        let mut kind = loop {
            match self.step(at, most, buffers, out) {
                Ok(Step::Read(kind)) => break kind,
                Ok(Step::Delta(base)) => {
                    chain.push(at);
                    at = base;
                }
                Err(gap) => break self.instead_of(at, gap, most, buffers, out)?,
            }
            if chain.len() > MOST_CHAIN {
                buffers.endless.extend(chain.iter().map(|(pack, offset)| (pack.first, *offset)));
                return Err(endless());
            }
        };
        for at in chain.into_iter().rev() {
            let applied = buffers.apply(at, most, out);
            if let Err(gap) = applied {
                kind = self.instead_of(at, gap, most, buffers, out)?;
            }
        }
        Ok(kind)
    }

    /// Reads an entry if it is whole, or finds what it is a delta upon.
    fn step<'a>(
        &'a self,
        (pack, offset): Place<'a>,
        most: u64,
        buffers: &mut Buffers,
        out: &mut Vec<u8>,
    ) -> Result<Step<'a>, Closed> {
        if buffers.endless.contains(&(pack.first, offset)) {
            return Err(endless());
        }
        let (entry, stream) = pack.entry(offset, pack.end()).ok_or_else(|| damaged("no entry of a pack"))?;
        within(entry.size, most)?;
        match entry.content {
            Content::Whole(kind) => {
                buffers.inflater.inflate(stream, entry.size as usize, out).map_err(|e| damaged(&e.to_string()))?;
                out.truncate(entry.size as usize);
                Ok(Step::Read(kind))
            }
            Content::OffsetDelta(distance) => {
                let base = offset.checked_sub(distance).filter(|_| distance > 0).ok_or_else(no_base)?;
                Ok(Step::Delta((pack, base)))
            }
            Content::ObjectDelta(base) => {
                let place = |pack: &'a Pack| Some((pack, pack.offset(pack.position(&base)?)?));
                if let Some(base) = place(pack).or_else(|| self.packs.iter().find_map(place)) {
                    return Ok(Step::Delta(base));
                }
                // The object itself is made of it, so it is no step of its own.
                let kind = self.read_loose(&base, most, out).ok_or_else(no_base)??;
                buffers.apply((pack, offset), most, out)?;
                Ok(Step::Read(kind))
            }
        }
    }

    /// Reads an object that is damaged at a place from another one.
    fn instead_of(
        &self,
        (pack, offset): Place<'_>,
        gap: Closed,
        most: u64,
        buffers: &mut Buffers,
        out: &mut Vec<u8>,
    ) -> Result<Kind, Closed> {
        if gap.0 != Gap::Corrupt || buffers.looks_elsewhere {
            return Err(gap);
        }
        let Some(id) = pack.id_at(offset) else { return Err(gap) };
        // One after the other, or two packs that are damaged would lead to each other for ever.
        buffers.looks_elsewhere = true;
        let read = self.read_beside(pack, id, most, buffers, out);
        buffers.looks_elsewhere = false;
        read.map_err(|_| gap)
    }
}

/// Where an entry lies.
type Place<'a> = (&'a Pack, u64);

/// What an entry of a chain of deltas is.
enum Step<'a> {
    /// It was read.
    Read(Kind),
    /// A delta upon another one.
    Delta(Place<'a>),
}

impl Buffers {
    /// Replaces an object by what the delta of an entry makes of it.
    fn apply(&mut self, (pack, offset): Place<'_>, most: u64, object: &mut Vec<u8>) -> Result<(), Closed> {
        let (entry, stream) = pack.entry(offset, pack.end()).ok_or_else(|| damaged("no entry of a pack"))?;
        let size = entry.size;
        self.inflater.inflate(stream, size as usize, &mut self.delta).map_err(|e| damaged(&e.to_string()))?;
        let delta = Delta::parse(self.delta.get(..size as usize).unwrap_or_default());
        let delta = delta.map_err(|error| damaged(&error.to_string()))?;
        within(delta.size, most)?;
        delta
            .apply(object, &mut self.other, &mut self.runs, usize::MAX)
            .map_err(|error| damaged(&error.to_string()))?;
        self.other.truncate(delta.size as usize);
        std::mem::swap(object, &mut self.other);
        Ok(())
    }
}

/// An object that cannot be decoded.
pub(crate) fn damaged(detail: &str) -> Closed {
    (Gap::Corrupt, detail.to_owned())
}

fn endless() -> Closed {
    damaged("the chain of deltas is endless")
}

/// A delta whose base is nowhere.
pub(crate) fn no_base() -> Closed {
    damaged("the base of the delta is not here")
}

/// Whether a size is within the limit.
pub(crate) fn within(size: u64, most: u64) -> Result<(), Closed> {
    if size <= most { Ok(()) } else { Err((Gap::TooLarge, format!("{size} bytes"))) }
}

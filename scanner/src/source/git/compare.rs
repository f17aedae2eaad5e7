//! Every blob of a repository scanned both ways: by hits carried along the deltas, and whole. For tests and developers only.

use std::io::Read;
use std::path::Path;

use crate::engine::Scratch;
use crate::hits::check::both_ways;
use crate::hits::{Hits, Origin, SHORTEST_COPY};
use crate::scan::Control;
use crate::source::SourceError;
use crate::source::file::Closed;
use crate::source::git::entry::Kind;
use crate::source::git::repository::Repository;
use crate::source::git::store::{Number, Store};
use crate::source::git::walk::{Base, Object, Objects, Selection, Visit};

/// What comparing both ways gave.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// The blobs that were scanned both ways.
    pub blobs: u64,
    /// Those of them whose hits were carried from another one.
    pub carried: u64,
    /// The bytes of all of them.
    pub bytes: u64,
    /// The hits of all of them.
    pub hits: u64,
    /// Those of the hits that were known to come to nothing before they were looked at.
    pub dead: u64,
    /// Those of the hits that came to something, and whose verdict was known before they were looked at.
    pub inherited: u64,
    /// Those of the hits that had to be weighed.
    pub weighed: u64,
    /// The candidates of all of them, unresolved.
    pub candidates: u64,
    /// The blobs that could not be decoded, or are too large to be held.
    pub left_out: u64,
    /// The blobs where the two ways differ, and where each does first.
    pub differences: Vec<String>,
}

/// For the buffers of all threads.
const MEMORY: u64 = 1 << 30;

/// Scans every blob of the repository at `path` by carried hits and whole, and compares what is found.
///
/// # Errors
/// If there is no repository at the path, or it cannot be opened.
pub fn compare_history(control: &Control<'_>, path: &Path) -> Result<Compared, SourceError> {
    let repository = Repository::open(path, Some(&[]))?;
    let objects = Objects::new(Store::open(&repository.objects, repository.hash), MEMORY, control.jobs);
    let selection = Selection { kinds: |kind| kind == Kind::Blob, memory: MEMORY };
    let visitors = objects.walk(control, &selection, || Comparer {
        control,
        store: &objects.store,
        scratch: Scratch::default(),
        hits: Hits::default(),
        compared: Compared::default(),
    });
    let all = visitors.into_iter().fold(Compared::default(), |all, visitor| all.and(visitor.compared));
    Ok(all)
}

/// Compares for one thread.
struct Comparer<'a> {
    control: &'a Control<'a>,
    store: &'a Store,
    scratch: Scratch,
    hits: Hits,
    compared: Compared,
}

impl Visit for Comparer<'_> {
    type Carried = Hits;
    const SHORTEST_COPY: usize = SHORTEST_COPY;

    fn weight(_carried: &Hits) -> usize {
        // It is there to compare, not to be thrifty.
        0
    }

    fn object(&mut self, object: Object<'_>, base: Option<Base<'_, Hits>>) -> Option<Hits> {
        let engine = self.control.engine;
        let origin = base.map(|base| Origin { length: base.bytes.len(), hits: base.carried, runs: base.runs });
        self.compared.blobs += 1;
        self.compared.carried += u64::from(origin.is_some());
        self.compared.bytes += object.bytes.len() as u64;
        self.hits.has_heirs = object.has_heirs;
        self.hits.find(engine, object.bytes, origin);
        let (hits, dead) = self.hits.count();
        self.compared.hits += hits as u64;
        self.compared.dead += dead as u64;
        let compared = both_ways(engine, object.bytes, &mut self.hits, &mut self.scratch);
        self.compared.inherited += self.hits.inherited as u64;
        self.compared.weighed += self.hits.weighed as u64;
        match compared {
            Ok(candidates) => self.compared.candidates += candidates as u64,
            Err(difference) => {
                self.compared.differences.push(format!("{}: {difference}", self.store.id(object.number)));
            }
        }
        object.has_heirs.then(|| self.hits.clone())
    }

    fn stream(&mut self, _number: Number, _size: u64, _content: &mut dyn Read) -> Result<(), Closed> {
        self.compared.left_out += 1;
        Ok(())
    }

    fn failed(&mut self, _number: Number, _gap: Closed) {
        self.compared.left_out += 1;
    }
}

impl Compared {
    /// What two threads saw together.
    fn and(mut self, mut other: Self) -> Self {
        self.blobs += other.blobs;
        self.carried += other.carried;
        self.bytes += other.bytes;
        self.hits += other.hits;
        self.dead += other.dead;
        self.inherited += other.inherited;
        self.weighed += other.weighed;
        self.candidates += other.candidates;
        self.left_out += other.left_out;
        self.differences.append(&mut other.differences);
        self
    }
}

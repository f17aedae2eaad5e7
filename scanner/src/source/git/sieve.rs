//! Of all trees only what leads to findings: the *sieved* trees.
//!
//! Each tree is decoded once. Its folders are noted, and the entries that name a blob with findings; all else is dropped. From a commit's tree
//! on, what leads nowhere falls away, and sieved trees with the same content are one. So two commits that have the same findings at the
//! same paths have the same sieved tree, however much else differs, and what a commit brought is told without looking at the rest.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use gix::ObjectId;
use gix::hash::oid;

use crate::scan::{Control, Gap};
use crate::source::file::Closed;
use crate::source::git::bits::Bits;
use crate::source::git::outline::Outline;
use crate::source::git::store::{Number, Store};
use crate::source::git::tree::{EntryKind, TreeEntry};
use crate::source::git::walk::{Base, Object, Visit};

/// The number of a name.
pub(crate) type Name = u32;

/// What a tree has that matters: a name, and the number of a folder's tree or of a blob with findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    /// The name, with [`FOLDER`] set for a folder: there are millions of edges.
    name: Name,
    target: Number,
}

/// There are fewer names than this, as each has an entry in a tree of its own.
const FOLDER: Name = 1 << 31;

impl Edge {
    fn name(self) -> Name {
        self.name & !FOLDER
    }

    /// The number of a folder's tree.
    fn folder(self) -> Option<Number> {
        (self.name & FOLDER != 0).then_some(self.target)
    }
}

/// The names of folders and files, each once.
#[derive(Default)]
pub(crate) struct Names {
    known: Mutex<HashMap<Box<[u8]>, Name>>,
}

impl Names {
    /// The number of a name, which is noted if it is new.
    pub(crate) fn number(&self, name: &[u8]) -> Name {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let next = known.len() as Name;
        *known.entry(name.into()).or_insert(next)
    }

    fn into_list(self) -> Vec<Box<[u8]>> {
        let known = self.known.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<(Name, Box<[u8]>)> = known.into_iter().map(|(name, number)| (number, name)).collect();
        list.sort_unstable_by_key(|(number, _)| *number);
        list.into_iter().map(|(_, name)| name).collect()
    }
}

/// The blobs with findings, by id.
pub(crate) struct Wanted {
    /// A bit for each value of an id's first two bytes.
    starts: Vec<u64>,
    numbers: HashMap<ObjectId, Number>,
}

impl Wanted {
    pub(crate) fn new(store: &Store, blobs: impl Iterator<Item = Number>) -> Self {
        let mut wanted = Self { starts: vec![0; 1 << 10], numbers: HashMap::new() };
        for number in blobs {
            let id = store.id(number);
            let start = start(&id);
            if let Some(word) = wanted.starts.get_mut(start / 64) {
                *word |= 1 << (start % 64);
            }
            wanted.numbers.insert(id, number);
        }
        wanted
    }

    fn number(&self, id: &oid) -> Option<Number> {
        let start = start(id);
        let maybe = self.starts.get(start / 64).is_some_and(|word| word >> (start % 64) & 1 == 1);
        maybe.then(|| self.numbers.get(id).copied()).flatten()
    }
}

fn start(id: &oid) -> usize {
    id.as_bytes().first_chunk::<2>().map_or(0, |start| usize::from(u16::from_le_bytes(*start)))
}

/// The trees that one thread read.
#[derive(Default)]
pub(crate) struct Sieved {
    /// The trees with edges, with where these start; those of the next tree start where they end.
    trees: Vec<(Number, u32)>,
    edges: Vec<Edge>,
    pub(crate) failed: Vec<(Number, Closed)>,
    pub(crate) missing: HashSet<ObjectId>,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
}

impl Sieved {
    /// Adds a tree that is known: under which names it has which folders (by the numbers of their trees) and blobs with findings.
    pub(crate) fn add(&mut self, tree: Number, entries: impl Iterator<Item = (Name, bool, Number)>) {
        self.trees.push((tree, self.edges.len() as u32));
        let name = |name, folder| if folder { name | FOLDER } else { name };
        self.edges.extend(entries.map(|(known, folder, target)| Edge { name: name(known, folder), target }));
    }
}

/// Reads trees for one thread.
pub(crate) struct Sieve<'a> {
    control: &'a Control<'a>,
    outline: Outline<Edge>,
    reader: Reader<'a>,
    pub(crate) sieved: Sieved,
}

/// What is asked of the entries that are read.
struct Reader<'a> {
    store: &'a Store,
    wanted: &'a Wanted,
    names: &'a Names,
    known_names: HashMap<Box<[u8]>, Name>,
    /// Ids that were seen to be here: many entries are the same in tree after tree.
    seen: Vec<u64>,
    missing: HashSet<ObjectId>,
}

/// How many ids are remembered, a power of two.
const SEEN: usize = 1 << 15;

impl<'a> Sieve<'a> {
    pub(crate) fn new(control: &'a Control<'a>, store: &'a Store, wanted: &'a Wanted, names: &'a Names) -> Self {
        let (known_names, missing) = (HashMap::new(), HashSet::new());
        let reader = Reader { store, wanted, names, known_names, seen: vec![0; SEEN], missing };
        Self { control, outline: Outline::default(), reader, sieved: Sieved::default() }
    }

    /// What was read, in the end.
    pub(crate) fn finish(mut self) -> Sieved {
        self.sieved.missing = self.reader.missing;
        self.sieved
    }
}

impl Reader<'_> {
    /// What matters of an entry that the base has not.
    fn entry(&mut self, entry: &TreeEntry<'_>) -> Option<Edge> {
        match entry.kind {
            EntryKind::Commit => None,
            EntryKind::Tree => {
                let target = self.number(entry.id)?;
                Some(Edge { name: self.name(entry.name) | FOLDER, target })
            }
            EntryKind::Blob => {
                let wanted = self.wanted.number(entry.id);
                if wanted.is_none() {
                    self.look_for(entry.id);
                }
                wanted.map(|target| Edge { name: self.name(entry.name), target })
            }
        }
    }

    fn name(&mut self, name: &[u8]) -> Name {
        if let Some(known) = self.known_names.get(name) {
            return *known;
        }
        let number = self.names.number(name);
        self.known_names.insert(name.into(), number);
        number
    }

    /// The number of an object; if it is not here, that is noted.
    fn number(&mut self, id: &oid) -> Option<Number> {
        let number = self.store.number(id);
        if number.is_none() {
            self.missing.insert(id.to_owned());
        }
        number
    }

    /// Notes an object that is not here.
    fn look_for(&mut self, id: &oid) {
        let bytes = id.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
        let start = u64::from_le_bytes(bytes);
        let Some(slot) = self.seen.get_mut(start as usize % SEEN) else { return };
        if std::mem::replace(slot, start) != start {
            self.number(id);
        }
    }
}

impl Visit for Sieve<'_> {
    type Carried = Outline<Edge>;

    fn weight(carried: &Outline<Edge>) -> usize {
        carried.weight()
    }

    fn object(&mut self, object: Object<'_>, base: Option<Base<'_, Outline<Edge>>>) -> Option<Outline<Edge>> {
        let size = object.bytes.len();
        self.sieved.objects += 1;
        self.sieved.bytes += size as u64;
        self.control.events.scanned(1, size as u64);
        if u32::try_from(size).is_err() {
            self.failed(object.number, (Gap::TooLarge, format!("{size} bytes")));
            return None;
        }
        let hash = self.reader.store.hash.len_in_bytes();
        let base = base.map(|base| (base.carried, base.runs));
        if !self.outline.read(object.bytes, hash, base, |entry| self.reader.entry(entry)) {
            self.failed(object.number, (Gap::Corrupt, "an entry of the tree is damaged".to_owned()));
        }
        if !self.outline.kept.is_empty() {
            self.sieved.trees.push((object.number, self.sieved.edges.len() as u32));
            self.sieved.edges.extend(self.outline.kept.iter().map(|(_, edge)| *edge));
        }
        object.has_heirs.then(|| self.outline.clone())
    }

    fn stream(&mut self, _number: Number, size: u64, _content: &mut dyn Read) -> Result<(), Closed> {
        Err((Gap::TooLarge, format!("{size} bytes")))
    }

    fn failed(&mut self, number: Number, gap: Closed) {
        self.sieved.failed.push((number, gap));
    }
}

/// A sieved tree; 0 is the one with nothing in it.
pub(crate) type SievedTree = u32;

/// What a sieved tree has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kept {
    Folder(SievedTree),
    Blob(Number),
}

impl Kept {
    /// The sieved tree of a folder.
    pub(crate) fn folder(self) -> Option<SievedTree> {
        if let Self::Folder(tree) = self { Some(tree) } else { None }
    }

    /// The number of a blob.
    pub(crate) fn blob(self) -> Option<Number> {
        if let Self::Blob(number) = self { Some(number) } else { None }
    }
}

/// All sieved trees.
pub(crate) struct SievedTrees {
    names: Vec<Box<[u8]>>,
    /// The trees that lead to a finding.
    trees: Vec<Place>,
    /// For each object its place in `trees`, if it is one of them.
    places: Vec<u32>,
    edges: Vec<Vec<Edge>>,
    /// For each of `trees` its sieved tree.
    done: Vec<SievedTree>,
    made: Vec<Arc<[(Name, Kept)]>>,
    same: HashMap<Arc<[(Name, Kept)]>, SievedTree>,
    /// The entries of the tree that is being made.
    entries: Vec<(Name, Kept)>,
    /// Whether a tree contains itself.
    circular: bool,
}

/// A tree with edges: its number, the thread that read it, and where its edges are.
type Place = (Number, u16, u32, u32);

/// Not made yet.
const UNKNOWN: SievedTree = u32::MAX;
/// Being made: a tree that contains itself, which only a damaged repository has, ends here.
const OPEN: SievedTree = u32::MAX - 1;
/// No place.
const NONE: u32 = u32::MAX;

impl SievedTrees {
    /// Puts together what the threads read, of a store with so many objects.
    pub(crate) fn new(parts: Vec<Sieved>, names: Names, objects: Number) -> Self {
        let mut trees = Vec::new();
        let mut edges = Vec::new();
        for (thread, part) in parts.into_iter().enumerate() {
            let ends = part.trees.iter().skip(1).map(|(_, start)| *start).chain([part.edges.len() as u32]);
            trees.extend(part.trees.iter().zip(ends).map(|((tree, start), end)| (*tree, thread as u16, *start, end)));
            edges.push(part.edges);
        }
        forget_fruitless(&mut trees, &mut edges, objects);
        let mut places = vec![NONE; objects as usize];
        for (place, (tree, ..)) in trees.iter().enumerate() {
            if let Some(slot) = places.get_mut(*tree as usize).filter(|slot| **slot == NONE) {
                *slot = place as u32;
            }
        }
        let mut all = Self {
            names: names.into_list(),
            trees,
            places,
            edges,
            done: Vec::new(),
            made: Vec::new(),
            same: HashMap::new(),
            entries: Vec::new(),
            circular: false,
        };
        // In the order in which they were read: one tree has mostly the folders of the one before it.
        all.sieve_all(0..all.trees.len());
        if all.circular {
            // Where a circle is cut must not depend on what was read first.
            let mut order: Vec<usize> = (0..all.trees.len()).collect();
            order.sort_unstable_by_key(|place| all.trees.get(*place).map(|(tree, ..)| *tree));
            all.sieve_all(order);
        }
        all
    }

    fn sieve_all(&mut self, order: impl IntoIterator<Item = usize>) {
        let nothing: Arc<[(Name, Kept)]> = Arc::default();
        self.done = vec![UNKNOWN; self.trees.len()];
        self.made = vec![nothing.clone()];
        self.same = HashMap::from([(nothing, 0)]);
        for place in order {
            self.sieve_from(place);
        }
    }

    /// All trees that lead to findings, with their sieved trees.
    pub(crate) fn all(&mut self) -> Vec<(Number, SievedTree)> {
        let trees: Vec<Number> = self.trees.iter().map(|(tree, ..)| *tree).collect();
        let sieved = trees.into_iter().map(|tree| (tree, self.sieve(tree)));
        sieved.filter(|(_, sieved)| *sieved != 0).collect()
    }

    /// How many sieved trees there are.
    pub(crate) fn len(&self) -> usize {
        self.made.len()
    }

    /// All names, in order of number.
    pub(crate) fn names(&self) -> &[Box<[u8]>] {
        &self.names
    }

    /// The name with a number.
    pub(crate) fn name(&self, name: Name) -> &[u8] {
        self.names.get(name as usize).map_or(&[], |name| name)
    }

    /// What is in a sieved tree, in order of the tree.
    pub(crate) fn entries(&self, tree: SievedTree) -> &[(Name, Kept)] {
        self.made.get(tree as usize).map_or(&[], |entries| entries)
    }

    fn place(&self, tree: Number) -> Option<usize> {
        self.places.get(tree as usize).filter(|place| **place != NONE).map(|place| *place as usize)
    }

    fn edges(&self, place: usize) -> &[Edge] {
        self.trees.get(place).map(|tree| edges_of(&self.edges, *tree)).unwrap_or_default()
    }

    /// The sieved tree of a tree.
    pub(crate) fn sieve(&self, tree: Number) -> SievedTree {
        self.place(tree).and_then(|place| self.done.get(place).copied()).unwrap_or_default()
    }

    /// Sieves a tree, and first the folders that it has.
    fn sieve_from(&mut self, root: usize) {
        // A stack of our own: hostile trees are nested deeper than a thread's stack.
        let mut stack = vec![root];
        while let Some(&place) = stack.last() {
            match self.done.get_mut(place) {
                Some(done) if *done == UNKNOWN => {
                    *done = OPEN;
                    let mut circular = false;
                    let folders = self.edges(place).iter().filter_map(|edge| self.place(edge.folder()?));
                    stack.extend(folders.filter(|place| {
                        let done = self.done.get(*place);
                        circular |= done == Some(&OPEN);
                        done == Some(&UNKNOWN)
                    }));
                    self.circular |= circular;
                }
                Some(done) if *done == OPEN => {
                    stack.pop();
                    let made = self.make(place);
                    if let Some(done) = self.done.get_mut(place) {
                        *done = made;
                    }
                }
                _ => {
                    stack.pop();
                }
            }
        }
    }

    /// Makes the sieved tree of a tree whose folders are made.
    fn make(&mut self, place: usize) -> SievedTree {
        let mut entries = std::mem::take(&mut self.entries);
        entries.clear();
        entries.extend(self.edges(place).iter().filter_map(|edge| Some((edge.name(), self.kept(*edge)?))));
        let number = match self.same.get(entries.as_slice()) {
            Some(same) => *same,
            None => self.add(&entries),
        };
        self.entries = entries;
        number
    }

    /// What an edge leads to, if there is a finding.
    fn kept(&self, edge: Edge) -> Option<Kept> {
        let Some(folder) = edge.folder() else { return Some(Kept::Blob(edge.target)) };
        let folder = self.place(folder).and_then(|place| self.done.get(place).copied())?;
        (folder != 0 && folder < OPEN).then_some(Kept::Folder(folder))
    }

    fn add(&mut self, entries: &[(Name, Kept)]) -> SievedTree {
        let (number, entries) = (self.made.len() as SievedTree, Arc::<[_]>::from(entries));
        self.made.push(Arc::clone(&entries));
        self.same.insert(entries, number);
        number
    }
}

fn edges_of(edges: &[Vec<Edge>], (_, thread, start, end): Place) -> &[Edge] {
    edges.get(usize::from(thread)).and_then(|edges| edges.get(start as usize..end as usize)).unwrap_or_default()
}

/// Forgets the trees that lead to no finding, and the edges to them.
fn forget_fruitless(trees: &mut Vec<Place>, edges: &mut [Vec<Edge>], objects: Number) {
    let fruitful = fruitful(trees, edges, objects);
    trees.retain(|(tree, ..)| fruitful.has(*tree));
    for (_, thread, start, end) in trees {
        let edges = edges.get_mut(usize::from(*thread)).and_then(|all| all.get_mut(*start as usize..*end as usize));
        let (edges, mut kept) = (edges.unwrap_or_default(), 0);
        // What is kept of a tree starts where it did.
        for at in 0..edges.len() {
            if edges.get(at).is_some_and(|edge| edge.folder().is_none_or(|folder| fruitful.has(folder))) {
                edges.swap(kept, at);
                kept += 1;
            }
        }
        *end = *start + kept as u32;
    }
}

/// The trees that lead to findings: those that have one, and in each round those that contain one of the rounds before.
fn fruitful(trees: &[Place], edges: &[Vec<Edge>], objects: Number) -> Bits {
    /// Folders are seldom nested deeper. Where they are, what is not known to be fruitless counts as fruitful.
    const MOST_ROUNDS: usize = 32;
    let mut fruitful = Bits::new(objects);
    let mut left = trees.to_vec();
    for _ in 0..MOST_ROUNDS {
        let before = left.len();
        left.retain(|tree| {
            let leads = |edge: &Edge| edge.folder().is_none_or(|folder| fruitful.has(folder));
            let found = edges_of(edges, *tree).iter().any(leads);
            if found {
                fruitful.set(tree.0);
            }
            !found
        });
        if left.len() == before {
            return fruitful;
        }
    }
    for (tree, ..) in left {
        fruitful.set(tree);
    }
    fruitful
}

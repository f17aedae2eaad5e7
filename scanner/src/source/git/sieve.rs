//! Of all trees only what leads to findings: the *sieved* trees.
//!
//! Each tree is decoded once. Its folders are noted, and the entries that name a blob with findings; all else is dropped. From a commit's tree
//! on, what leads nowhere falls away, and sieved trees with the same content are one. So two commits that have the same findings at the
//! same paths have the same sieved tree, however much else differs, and what a commit brought is told without looking at the rest.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::hash::oid;

use crate::scan::{Control, Gap};
use crate::source::file::Closed;
use crate::source::git::store::{Number, Store};
use crate::source::git::tree::{Entries, EntryKind};
use crate::source::git::walk::{Base, Object, Visit};

/// The number of a name.
pub(crate) type Name = u32;

/// What a tree has that matters: a name, and the number of a folder's tree or of a blob with findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Edge {
    name: Name,
    target: Number,
    folder: bool,
}

/// The names of folders and files, each once.
#[derive(Default)]
pub(crate) struct Names {
    known: Mutex<HashMap<Box<[u8]>, Name>>,
}

impl Names {
    fn number(&self, name: &[u8]) -> Name {
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

/// Reads trees for one thread.
pub(crate) struct Sieve<'a> {
    control: &'a Control<'a>,
    store: &'a Store,
    wanted: &'a Wanted,
    names: &'a Names,
    known_names: HashMap<Box<[u8]>, Name>,
    /// Ids that were seen to be here: most entries are the same in tree after tree.
    seen: Vec<u64>,
    pub(crate) sieved: Sieved,
}

/// How many ids are remembered, a power of two.
const SEEN: usize = 1 << 15;

/// The folders of a tree, in order.
pub(crate) type Folders = Vec<(ObjectId, Number)>;

impl<'a> Sieve<'a> {
    pub(crate) fn new(control: &'a Control<'a>, store: &'a Store, wanted: &'a Wanted, names: &'a Names) -> Self {
        let (known_names, sieved) = (HashMap::new(), Sieved::default());
        Self { control, store, wanted, names, known_names, seen: vec![0; SEEN], sieved }
    }

    fn name(&mut self, name: &[u8]) -> Name {
        if let Some(known) = self.known_names.get(name) {
            return *known;
        }
        let number = self.names.number(name);
        self.known_names.insert(name.into(), number);
        number
    }

    fn edge(&mut self, name: &[u8], target: Number, folder: bool) {
        let name = self.name(name);
        self.sieved.edges.push(Edge { name, target, folder });
    }

    /// Notes an object that is not here.
    fn look_for(&mut self, id: &oid) {
        let bytes = id.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
        let start = u64::from_le_bytes(bytes);
        let Some(slot) = self.seen.get_mut(start as usize % SEEN) else { return };
        if *slot == start {
            return;
        }
        *slot = start;
        if self.store.number(id).is_none() {
            self.sieved.missing.insert(id.to_owned());
        }
    }

    fn folder(&mut self, id: &oid, previous: &mut &[(ObjectId, Number)]) -> Option<Number> {
        // Mostly the tree has the folders of the one before it, but for one.
        for skipped in 0..2 {
            if let Some((same, number)) = previous.get(skipped)
                && same.as_ref() == id
            {
                *previous = previous.get(skipped + 1..).unwrap_or_default();
                return Some(*number);
            }
        }
        *previous = previous.get(1..).unwrap_or_default();
        let number = self.store.number(id);
        if number.is_none() {
            self.sieved.missing.insert(id.to_owned());
        }
        number
    }
}

impl Visit for Sieve<'_> {
    type Carried = Folders;

    fn weight(carried: &Folders) -> usize {
        std::mem::size_of_val(carried.as_slice())
    }

    fn object(&mut self, object: Object<'_>, base: Option<Base<'_, Folders>>) -> Option<Folders> {
        self.sieved.objects += 1;
        self.sieved.bytes += object.bytes.len() as u64;
        self.control.events.scanned(1, object.bytes.len() as u64);
        let first = self.sieved.edges.len();
        let (mut previous, mut runs) = base.map(|base| (base.carried.as_slice(), base.runs)).unwrap_or_default();
        let mut folders = Folders::new();
        let mut entries = Entries::new(object.bytes, self.store.hash);
        let mut at = 0;
        for entry in entries.by_ref() {
            let start = std::mem::replace(&mut at, entry.end);
            match entry.kind {
                EntryKind::Commit => {}
                EntryKind::Tree => {
                    if let Some(number) = self.folder(entry.id, &mut previous) {
                        self.edge(entry.name, number, true);
                        if object.has_heirs {
                            folders.push((entry.id.to_owned(), number));
                        }
                    }
                }
                EntryKind::Blob => {
                    if let Some(number) = self.wanted.number(entry.id) {
                        self.edge(entry.name, number, false);
                    }
                    // What was copied was looked for in the base.
                    while runs.first().is_some_and(|run| run.at.end <= start) {
                        runs = runs.get(1..).unwrap_or_default();
                    }
                    let copied = runs.first().is_some_and(|run| run.copied_from.is_some() && run.at.end >= entry.end);
                    if !copied {
                        self.look_for(entry.id);
                    }
                }
            }
        }
        if entries.damaged {
            self.failed(object.number, (Gap::Corrupt, "an entry of the tree is damaged".to_owned()));
        }
        if self.sieved.edges.len() > first {
            self.sieved.trees.push((object.number, first as u32));
        }
        object.has_heirs.then_some(folders)
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

/// Sieved trees, made as they are asked for.
pub(crate) struct SievedTrees {
    names: Vec<Box<[u8]>>,
    /// Each tree with edges: its number, the thread that read it, and where its edges are.
    trees: Vec<(Number, u16, u32, u32)>,
    /// For each object its place in `trees`, if it is one of them.
    places: Vec<u32>,
    edges: Vec<Vec<Edge>>,
    /// For each of `trees` its sieved tree.
    done: Vec<SievedTree>,
    made: Vec<Box<[(Name, Kept)]>>,
    same: HashMap<Box<[(Name, Kept)]>, SievedTree>,
}

/// Not made yet.
const UNKNOWN: SievedTree = u32::MAX;
/// Being made: a tree that contains itself, which only a damaged repository has, ends here.
const OPEN: SievedTree = u32::MAX - 1;

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
        trees.sort_unstable();
        trees.dedup_by_key(|(tree, ..)| *tree);
        let mut places = vec![u32::MAX; objects as usize];
        for (place, (tree, ..)) in trees.iter().enumerate() {
            if let Some(slot) = places.get_mut(*tree as usize) {
                *slot = place as u32;
            }
        }
        let done = vec![UNKNOWN; trees.len()];
        let nothing: Box<[(Name, Kept)]> = Box::default();
        let same = HashMap::from([(nothing.clone(), 0)]);
        Self { names: names.into_list(), trees, places, edges, done, made: vec![nothing], same }
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
        self.places.get(tree as usize).filter(|place| **place != u32::MAX).map(|place| *place as usize)
    }

    fn edges(&self, place: usize) -> &[Edge] {
        let range = self.trees.get(place);
        let edges = range.and_then(|(_, thread, start, end)| {
            self.edges.get(usize::from(*thread))?.get(*start as usize..*end as usize)
        });
        edges.unwrap_or_default()
    }

    /// The sieved tree of a tree.
    pub(crate) fn sieve(&mut self, tree: Number) -> SievedTree {
        let Some(root) = self.place(tree) else { return 0 };
        // A stack of our own: hostile trees are nested deeper than a thread's stack.
        let mut stack = vec![root];
        while let Some(&place) = stack.last() {
            match self.done.get_mut(place) {
                Some(done) if *done == UNKNOWN => {
                    *done = OPEN;
                    let folders = self.edges(place).iter().filter(|edge| edge.folder);
                    let open: Vec<usize> = folders.filter_map(|edge| self.place(edge.target)).collect();
                    stack.extend(open.into_iter().filter(|place| self.done.get(*place) == Some(&UNKNOWN)));
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
        self.done.get(root).copied().unwrap_or_default()
    }

    /// Makes the sieved tree of a tree whose folders are made.
    fn make(&mut self, place: usize) -> SievedTree {
        let kept = |edge: &Edge| {
            if !edge.folder {
                return Some((edge.name, Kept::Blob(edge.target)));
            }
            let folder = self.place(edge.target).and_then(|place| self.done.get(place).copied())?;
            (folder != 0 && folder < OPEN).then_some((edge.name, Kept::Folder(folder)))
        };
        let entries: Box<[(Name, Kept)]> = self.edges(place).iter().filter_map(kept).collect();
        if let Some(same) = self.same.get(&entries) {
            return *same;
        }
        let number = self.made.len() as SievedTree;
        self.made.push(entries.clone());
        self.same.insert(entries, number);
        number
    }
}

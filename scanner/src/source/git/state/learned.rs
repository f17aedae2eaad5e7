//! What a scan makes of its objects, to be remembered.

use std::collections::{HashMap, HashSet};

use gix::ObjectId;

use crate::source::git::contents::Found;
use crate::source::git::sieve::{Kept, Sieved, SievedTrees};
use crate::source::git::state::memory::{CommitLinks, Memory, NOTHING, PlaceOf, Ways};
use crate::source::git::state::recalled::Recalled;
use crate::source::git::state::record::Seen;
use crate::source::git::state::stamps::Stamps;
use crate::source::git::store::{Number, Store};

/// Puts a memory together.
pub(crate) struct Learner<'a> {
    store: &'a Store,
    recalled: Option<&'a Recalled>,
    /// The place of each number.
    places: Vec<PlaceOf>,
    /// The places of objects that are only named.
    named: HashMap<ObjectId, PlaceOf>,
    memory: Memory,
}

impl<'a> Learner<'a> {
    /// Starts with the objects that were seen now and those that were known.
    pub(crate) fn new(store: &'a Store, mut seen: Vec<Seen>, recalled: Option<&'a Recalled>, stamps: Stamps) -> Self {
        seen.extend(recalled.into_iter().flat_map(Recalled::each));
        seen.sort_unstable();
        seen.dedup_by_key(|(number, ..)| *number);
        // Each pack's are in order already, which this sort makes use of.
        seen.sort_by_key(|(number, ..)| store.id(*number));
        let places = vec![NOTHING; store.len() as usize];
        let memory = Memory { hash: store.hash.len_in_bytes(), stamps, ..Memory::default() };
        let mut learner = Self { store, recalled, places, named: HashMap::new(), memory };
        for (place, (number, is_tree, size)) in seen.into_iter().enumerate() {
            learner.add(place as PlaceOf, number, is_tree, size);
        }
        learner
    }

    fn add(&mut self, place: PlaceOf, number: Number, is_tree: bool, size: u64) {
        self.memory.ids.extend_from_slice(self.store.id(number).as_bytes());
        self.memory.sizes.push(u32::try_from(size).unwrap_or_default());
        if u32::try_from(size).is_err() {
            self.memory.large.push((place, size));
        }
        if is_tree {
            self.memory.trees.push(place);
        }
        if let Some(slot) = self.places.get_mut(number as usize) {
            *slot = place;
        }
    }

    /// The place of an object, if it was looked at wholly.
    fn place(&self, number: Number) -> Option<PlaceOf> {
        self.places.get(number as usize).copied().filter(|place| *place != NOTHING)
    }

    /// The place of an object that is not here, or not remembered.
    fn name(&mut self, id: ObjectId) -> PlaceOf {
        let next = (self.memory.len() + self.named.len()) as PlaceOf;
        *self.named.entry(id).or_insert_with(|| {
            self.memory.named.extend_from_slice(id.as_bytes());
            next
        })
    }

    fn of_number(&mut self, number: Number) -> PlaceOf {
        self.place(number).unwrap_or_else(|| self.name(self.store.id(number)))
    }

    fn of_id(&mut self, id: ObjectId) -> PlaceOf {
        self.store.number(&id).and_then(|number| self.place(number)).unwrap_or_else(|| self.name(id))
    }

    /// Remembers what blobs, commits and tags hold.
    pub(crate) fn texts(&mut self, texts: &Found) {
        self.known_commits();
        let known: HashSet<PlaceOf> = self.memory.commits.iter().map(|links| links.commit).collect();
        for commit in &texts.commits {
            let Some((place, tree)) = self.place(commit.number).zip(commit.tree) else { continue };
            if !known.contains(&place) {
                let tree = self.of_number(tree);
                let parents = commit.parents.iter().map(|parent| self.of_number(*parent)).collect();
                self.memory.commits.push(CommitLinks { commit: place, tree, parents, time: commit.time });
            }
        }
        for (tag, target) in &texts.tags {
            if let Some(place) = self.place(*tag) {
                let target = self.of_id(*target);
                self.memory.tags.push((place, target));
            }
        }
        for (blob, sightings) in &texts.blobs {
            if let Some(place) = self.place(*blob) {
                self.memory.sightings.push((place, sightings.clone()));
            }
        }
        let failed: HashSet<Number> = texts.failed.iter().map(|(number, _)| *number).collect();
        for number in failed {
            self.memory.failed.extend_from_slice(self.store.id(number).as_bytes());
        }
    }

    /// Commits that were known name what they always named, be it here or not.
    fn known_commits(&mut self) {
        let Some(recalled) = self.recalled else { return };
        let before = recalled.memory();
        let id = |place: PlaceOf| before.id(place).and_then(|id| ObjectId::try_from(id).ok());
        for links in &before.commits {
            let here = recalled.here(links.commit).and_then(|number| self.place(number));
            let Some((commit, tree)) = here.zip(id(links.tree)) else { continue };
            let tree = self.of_id(tree);
            let parents = links.parents.iter().filter_map(|parent| id(*parent)).map(|id| self.of_id(id)).collect();
            self.memory.commits.push(CommitLinks { commit, tree, parents, time: links.time });
        }
    }

    /// Remembers what trees name and is not here. If one of them could not be read, nothing is remembered of where trees lead to.
    pub(crate) fn parts(&mut self, parts: &[Sieved]) {
        if parts.iter().all(|part| part.failed.is_empty()) {
            let missing: HashSet<ObjectId> = parts.iter().flat_map(|part| &part.missing).copied().collect();
            let missing = missing.iter().flat_map(|id| id.as_bytes()).copied().collect();
            self.memory.ways = Some(Ways { missing, ..Ways::default() });
        }
    }

    /// Remembers what trees lead to.
    pub(crate) fn trees(&mut self, trees: &mut SievedTrees) {
        let Some(mut ways) = self.memory.ways.take() else { return };
        for (tree, sieved) in trees.all() {
            // None that leads to something was not seen; if one was not, nothing can be said of those above it.
            let Some(place) = self.place(tree) else { return };
            ways.of.push((place, sieved));
        }
        ways.names = trees.names().to_vec();
        for sieved in 0..trees.len() {
            let entries = trees.entries(sieved as u32).iter().map(|(name, kept)| match kept {
                Kept::Folder(folder) => (*name, true, *folder),
                Kept::Blob(blob) => (*name, false, self.of_number(*blob)),
            });
            ways.made.push(entries.collect());
        }
        self.memory.ways = Some(ways);
    }

    /// All that was learned.
    pub(crate) fn finish(self) -> Memory {
        self.memory
    }
}

//! What is known, brought together with the objects that are here.

use std::collections::HashSet;

use gix::ObjectId;
use gix::hash::oid;

use crate::source::git::contents::Found;
use crate::source::git::graph::RawCommit;
use crate::source::git::sieve::{Names, Sieved};
use crate::source::git::state::memory::{Memory, PlaceOf};
use crate::source::git::state::record::Seen;
use crate::source::git::state::stamps::Stamps;
use crate::source::git::store::{Number, Store};

/// Not here.
const NONE: Number = Number::MAX;

/// A memory, and where its objects are now.
pub(crate) struct Recalled {
    memory: Memory,
    /// The number of each object; none if it is gone.
    numbers: Vec<Number>,
    /// Whether what trees lead to is still so. It is if nothing that they name went or came.
    trees_hold: bool,
}

impl Recalled {
    /// Finds the known objects in a store, where they count no more. None if the memory is of another kind of repository.
    pub(crate) fn new(memory: Memory, store: &mut Store, stamps: &Stamps) -> Option<Self> {
        if memory.hash != store.hash.len_in_bytes() {
            return None;
        }
        let mut numbers = numbers(&memory, store);
        distrust(&memory.stamps, stamps, store, &mut numbers);
        let here = |ids: &[u8]| ids.chunks_exact(memory.hash).map(|id| number(store, id).is_some()).collect::<Vec<_>>();
        let trees_hold = memory.ways.as_ref().is_some_and(|ways| {
            // A failed object that is gone is missing now.
            !numbers.contains(&NONE) && !here(&ways.missing).contains(&true) && !here(&memory.failed).contains(&false)
        });
        let recalled = Self { memory, numbers, trees_hold };
        store.leave_out(recalled.known().map(|(_, number)| number));
        Some(recalled)
    }

    /// The objects that need not be looked at: their places and numbers.
    pub(super) fn known(&self) -> impl Iterator<Item = (PlaceOf, Number)> + '_ {
        let mut trees = if self.trees_hold { &[] } else { self.memory.trees.as_slice() };
        self.numbers.iter().enumerate().filter_map(move |(place, number)| {
            let place = place as PlaceOf;
            if trees.first() == Some(&place) {
                trees = trees.get(1..).unwrap_or_default();
                return None;
            }
            (*number != NONE).then_some((place, *number))
        })
    }

    /// The same with what they are, to be remembered again.
    pub(super) fn each(&self) -> impl Iterator<Item = Seen> + '_ {
        let mut trees = self.memory.trees.iter().peekable();
        self.known().map(move |(place, number)| {
            while trees.next_if(|tree| **tree < place).is_some() {}
            (number, trees.peek() == Some(&&place), self.memory.size(place))
        })
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Whether all is known that is here, in the files where it was, but for objects that are looked at each time.
    pub(crate) fn is_all(&self, seen: &[Seen], stamps: &Stamps) -> bool {
        seen.is_empty() && self.trees_hold && self.memory.stamps == *stamps
    }

    /// The number of what stands at a place.
    fn number(&self, store: &Store, place: PlaceOf) -> Result<Number, ObjectId> {
        if let Some(number) = self.here(place) {
            return Ok(number);
        }
        let id = self.memory.id(place).and_then(|id| ObjectId::try_from(id).ok());
        let id = id.unwrap_or_else(|| store.hash.null());
        store.number(&id).ok_or(id)
    }

    /// Adds what is known of blobs, commits and tags to what was found in the others. False if what failed when the memory was made does no
    /// more: the trees that lead to it were sieved without it.
    pub(crate) fn add_texts(&self, store: &Store, texts: &mut Found) -> bool {
        let fails: HashSet<Number> = texts.failed.iter().map(|(number, _)| *number).collect();
        let mut failed = self.memory.failed.chunks_exact(self.memory.hash).filter_map(|id| number(store, id));
        if self.trees_hold && !failed.all(|number| fails.contains(&number)) {
            return false;
        }
        let mut missing = Vec::new();
        let mut here = |place: PlaceOf| self.number(store, place).map_err(|id| missing.push(id)).ok();
        for links in &self.memory.commits {
            let Some(number) = self.here(links.commit) else { continue };
            let (tree, time) = (here(links.tree), links.time);
            let parents = links.parents.iter().filter_map(|parent| here(*parent)).collect();
            texts.commits.push(RawCommit { number, tree, parents, time });
        }
        texts.missing.append(&mut missing);
        for (tag, target) in &self.memory.tags {
            let target = self.memory.id(*target).and_then(|id| ObjectId::try_from(id).ok());
            texts.tags.extend(self.here(*tag).zip(target));
        }
        for (blob, sightings) in &self.memory.sightings {
            if let Some(number) = self.here(*blob) {
                texts.blobs.push((number, sightings.clone()));
            }
        }
        let (objects, bytes) = self.sum(false);
        texts.objects += objects;
        texts.bytes += bytes;
        true
    }

    /// The number of a known object that is here.
    pub(super) fn here(&self, place: PlaceOf) -> Option<Number> {
        self.numbers.get(place as usize).copied().filter(|number| *number != NONE)
    }

    /// What the known trees lead to, as if they had been read.
    pub(crate) fn trees(&self, store: &Store, names: &Names) -> Sieved {
        let mut sieved = Sieved::default();
        let Some(ways) = self.memory.ways.as_ref().filter(|_| self.trees_hold) else { return sieved };
        (sieved.objects, sieved.bytes) = self.sum(true);
        let missing = ways.missing.chunks_exact(self.memory.hash);
        sieved.missing = missing.filter_map(|id| ObjectId::try_from(id).ok()).collect();
        let names: Vec<_> = ways.names.iter().map(|name| names.number(name)).collect();
        // Of the trees that lead to the same any one stands for all.
        let mut one_of = vec![NONE; ways.made.len()];
        for (tree, made) in &ways.of {
            if let (Some(slot), Some(number)) = (one_of.get_mut(*made as usize), self.here(*tree)) {
                *slot = number;
            }
        }
        for (tree, made) in &ways.of {
            let entries = ways.made.get(*made as usize).into_iter().flatten();
            let entries = entries.filter_map(|(name, folder, target)| {
                let number = if *folder {
                    one_of.get(*target as usize).copied().filter(|number| *number != NONE)?
                } else {
                    self.number(store, *target).ok()?
                };
                Some((*names.get(*name as usize)?, *folder, number))
            });
            if let Some(tree) = self.here(*tree) {
                sieved.add(tree, entries);
            }
        }
        sieved
    }

    /// How many known trees there are, or other objects, and how large they are.
    fn sum(&self, trees: bool) -> (u64, u64) {
        let mut sum = (0_u64, 0_u64);
        for (_, is_tree, size) in self.each() {
            if is_tree == trees {
                sum = (sum.0 + 1, sum.1.saturating_add(size));
            }
        }
        sum
    }
}

fn number(store: &Store, id: &[u8]) -> Option<Number> {
    store.number(oid::try_from_bytes(id).ok()?)
}

/// Forgets the numbers of objects whose files are not what they were.
fn distrust(before: &Stamps, now: &Stamps, store: &Store, numbers: &mut [Number]) {
    let hash = store.hash;
    let trusted: Vec<bool> = store.packs.iter().map(|pack| before.trusts_pack(now, pack, hash)).collect();
    let loose = store.loose_numbers();
    for number in numbers.iter_mut().filter(|number| **number != NONE) {
        let trusts = if loose.contains(number) {
            before.trusts_loose(now, store, *number)
        } else {
            let pack = store.packs.partition_point(|pack| pack.first <= *number);
            trusted.get(pack.wrapping_sub(1)).copied().unwrap_or_default()
        };
        if !trusts {
            *number = NONE;
        }
    }
}

/// The number of each known object. The index of a large pack is gone through beside the memory, as both are in order.
fn numbers(memory: &Memory, store: &Store) -> Vec<Number> {
    let mut numbers = vec![NONE; memory.len()];
    let mut set = |place: usize, number: Number| {
        if let Some(slot) = numbers.get_mut(place).filter(|slot| **slot == NONE) {
            *slot = number;
        }
    };
    for pack in &store.packs {
        let ids = (0..pack.len()).filter_map(|at| Some((pack.id(at)?.as_bytes(), pack.first + at)));
        if (pack.len() as usize) < memory.len() / 16 {
            for (id, number) in ids {
                if let Some(place) = memory.place(id) {
                    set(place, number);
                }
            }
            continue;
        }
        let mut known = memory.each_id().enumerate().peekable();
        for (id, number) in ids {
            while known.next_if(|(_, known)| *known < id).is_some() {}
            if let Some((place, _)) = known.next_if(|(_, known)| *known == id) {
                set(place, number);
            }
        }
    }
    for number in store.loose_numbers() {
        if let Some(place) = memory.place(store.id(number).as_bytes()) {
            set(place, number);
        }
    }
    // A pack that has an object twice has it where its index says.
    for (place, slot) in numbers.iter_mut().enumerate() {
        if *slot != NONE && !store.counts(*slot) {
            *slot = memory.id(place as PlaceOf).and_then(|id| number(store, id)).unwrap_or(NONE);
        }
    }
    numbers
}

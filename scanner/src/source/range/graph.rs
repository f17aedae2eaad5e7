//! The graph of commits as far as it is walked, and which of them a range has.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::ops::Range;

use gix::objs::Kind;
use gix::{ObjectId, Repository};

use crate::scan::{Control, Note};
use crate::source::described::Links;
use crate::source::repository::read;

/// Something that the range has reaches it.
const KEPT: u8 = 1;
/// Something that is left out reaches it.
const DROPPED: u8 = 2;
/// A commit that both reach has it among its ancestors.
const STALE: u8 = 4;
const LOADED: u8 = 8;
const QUEUED: u8 = 16;
/// It cannot be read.
const BROKEN: u8 = 32;
/// It has parents, and the clone is so shallow that they are not here.
const CUT: u8 = 64;

/// Clocks differ. So many commits, and all that are at most a day older than the oldest kept one, are looked at after the last one that
/// might be kept, to find ways around.
const MORE_COMMITS: usize = 1024;
const DAY: i64 = 24 * 60 * 60;

/// Commits by number, in the order in which the walk met them.
pub(super) struct Graph<'a> {
    repository: &'a Repository,
    /// Where a shallow clone ends.
    ends: HashSet<ObjectId>,
    numbers: HashMap<ObjectId, u32>,
    commits: Vec<Commit>,
    parents: Vec<u32>,
    /// Commits that could not be read.
    pub(super) notes: Vec<Note>,
}

struct Commit {
    id: ObjectId,
    date: i64,
    /// Of `parents`.
    parents: Range<u32>,
    marks: u8,
}

impl Commit {
    fn is_kept(&self) -> bool {
        self.marks & (KEPT | DROPPED) == KEPT
    }
}

/// Commits to be looked at, the youngest first.
#[derive(Default)]
struct Queue {
    heap: BinaryHeap<(i64, Reverse<u32>)>,
    /// How many in it may be kept.
    kept: usize,
}

impl<'a> Graph<'a> {
    pub(super) fn new(repository: &'a Repository, ends: HashSet<ObjectId>) -> Self {
        Self { repository, ends, numbers: HashMap::new(), commits: Vec::new(), parents: Vec::new(), notes: Vec::new() }
    }

    /// Walks from what the range has and what is left out, until it is known what is kept. It ends early if the scan is stopped.
    pub(super) fn walk(&mut self, control: &Control<'_>, kept: &[ObjectId], dropped: &[ObjectId]) {
        let mut queue = Queue::default();
        for (tips, mark) in [(kept, KEPT), (dropped, DROPPED)] {
            for tip in tips {
                let number = self.number(*tip);
                self.mark(number, mark, &mut queue);
            }
        }
        let (mut oldest, mut more) = (i64::MAX, MORE_COMMITS);
        while let Some((date, Reverse(number))) = queue.heap.pop() {
            let Some(commit) = self.commits.get_mut(number as usize) else { continue };
            commit.marks &= !QUEUED;
            if commit.is_kept() {
                queue.kept -= 1;
                oldest = oldest.min(date);
                more = MORE_COMMITS;
            } else if queue.kept == 0 {
                if more == 0 && date < oldest.saturating_sub(DAY) {
                    break;
                }
                more = more.saturating_sub(1);
            }
            if control.stopped() {
                break;
            }
            self.mark_parents(number, &mut queue);
        }
    }

    fn mark_parents(&mut self, number: u32, queue: &mut Queue) {
        let Some(commit) = self.commits.get(number as usize) else { return };
        let mut mark = commit.marks & (KEPT | DROPPED | STALE);
        if mark & KEPT != 0 && mark & DROPPED != 0 {
            mark |= STALE;
        }
        for link in commit.parents.clone() {
            if let Some(parent) = self.parents.get(link as usize) {
                self.mark(*parent, mark, queue);
            }
        }
    }

    /// Marks a commit; if that is news, it is looked at (again).
    fn mark(&mut self, number: u32, mark: u8, queue: &mut Queue) {
        self.load(number);
        let Some(commit) = self.commits.get_mut(number as usize) else { return };
        if commit.marks & mark == mark {
            return;
        }
        let (was_queued, was_kept) = (commit.marks & QUEUED != 0, commit.is_kept());
        commit.marks |= mark | QUEUED;
        queue.kept += usize::from(commit.is_kept());
        if was_queued {
            queue.kept -= usize::from(was_kept);
        } else {
            queue.heap.push((commit.date, Reverse(number)));
        }
    }

    /// The number of a commit, which may be new.
    fn number(&mut self, id: ObjectId) -> u32 {
        let next = self.commits.len() as u32;
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.commits.push(Commit { id, date: 0, parents: 0..0, marks: 0 });
        }
        number
    }

    /// Reads a commit, once.
    fn load(&mut self, number: u32) {
        let Some(commit) = self.commits.get_mut(number as usize).filter(|commit| commit.marks & LOADED == 0) else {
            return;
        };
        commit.marks |= LOADED;
        let id = commit.id;
        let mut links = match read(self.repository, &id, Kind::Commit) {
            Ok(raw) => Links::of(&raw),
            Err((gap, detail)) => {
                commit.marks |= BROKEN;
                return self.notes.push(Note { path: format!("commit/{id}"), gap, detail });
            }
        };
        commit.date = links.committed;
        if !links.parents.is_empty() && self.ends.contains(&id) {
            commit.marks |= CUT;
            links.parents.clear();
        }
        let start = self.parents.len() as u32;
        for parent in links.parents {
            let parent = self.number(parent);
            self.parents.push(parent);
        }
        let end = self.parents.len() as u32;
        if let Some(commit) = self.commits.get_mut(number as usize) {
            commit.parents = start..end;
        }
    }

    /// The youngest commit that both sides of the walk reach and no other such commit does, as `git merge-base` has it.
    pub(super) fn base(&self) -> Option<ObjectId> {
        let both = |commit: &&Commit| commit.marks & (KEPT | DROPPED | STALE | BROKEN) == KEPT | DROPPED;
        let bases = self.commits.iter().filter(both);
        bases.min_by_key(|commit| (Reverse(commit.date), commit.id)).map(|commit| commit.id)
    }

    /// A kept commit, not older than a date, whose parents are cut off.
    pub(super) fn cut(&self, since: i64) -> Option<ObjectId> {
        let cut = |commit: &&Commit| commit.is_kept() && commit.marks & CUT != 0 && commit.date >= since;
        self.commits.iter().find(cut).map(|commit| commit.id)
    }

    /// The kept commits that are not older than a date, parents first; of those that could come next the oldest, and then the one with
    /// the least id.
    pub(super) fn order(&self, since: i64) -> Vec<ObjectId> {
        let mut waits = vec![0_u32; self.commits.len()];
        let mut children: Vec<(u32, u32)> = Vec::new();
        for (number, commit) in self.kept() {
            let links = commit.parents.start as usize..commit.parents.end as usize;
            for parent in self.parents.get(links).unwrap_or_default() {
                if self.commits.get(*parent as usize).is_some_and(Commit::is_kept) {
                    children.push((*parent, number));
                    if let Some(waits) = waits.get_mut(number as usize) {
                        *waits += 1;
                    }
                }
            }
        }
        children.sort_unstable();
        let key = |number: u32, commit: &Commit| Reverse((commit.date, commit.id, number));
        let free = |number: u32| waits.get(number as usize) == Some(&0);
        let mut next: BinaryHeap<_> =
            self.kept().filter(|(number, _)| free(*number)).map(|(number, commit)| key(number, commit)).collect();
        let mut order = Vec::new();
        while let Some(Reverse((date, id, number))) = next.pop() {
            order.push((date, id));
            let start = children.partition_point(|(parent, _)| *parent < number);
            let of_it = children.get(start..).unwrap_or_default();
            for (_, child) in of_it.iter().take_while(|(parent, _)| *parent == number) {
                let (Some(waits), Some(commit)) = (waits.get_mut(*child as usize), self.commits.get(*child as usize))
                else {
                    continue;
                };
                *waits -= 1;
                if *waits == 0 {
                    next.push(key(*child, commit));
                }
            }
        }
        self.add_rings(&mut order);
        order.into_iter().filter(|(date, _)| *date >= since).map(|(_, id)| id).collect()
    }

    /// Ids are not checked when objects are read, so commits can be each other's ancestors in a forged repository. Then there is no order.
    fn add_rings(&self, order: &mut Vec<(i64, ObjectId)>) {
        if order.len() < self.kept().count() {
            let ordered: HashSet<ObjectId> = order.iter().map(|(_, id)| *id).collect();
            let rings = self.kept().filter(|(_, commit)| !ordered.contains(&commit.id));
            let mut rings: Vec<_> = rings.map(|(_, commit)| (commit.date, commit.id)).collect();
            rings.sort_unstable();
            order.append(&mut rings);
        }
    }

    /// The kept commits that could be read, with their numbers.
    fn kept(&self) -> impl Iterator<Item = (u32, &Commit)> {
        let commits = (0..).zip(&self.commits);
        commits.filter(|(_, commit)| commit.is_kept() && commit.marks & BROKEN == 0)
    }
}

//! The commits of a repository: who is whose parent, in which order, and what a ref reaches.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::source::git::buckets::Buckets;
use crate::source::git::lists::Lists;
use crate::source::git::store::{Number, Store};

/// The place of a commit in the graph.
pub(crate) type CommitIndex = u32;

/// A commit as it was read.
#[derive(Debug)]
pub(crate) struct RawCommit {
    pub(crate) number: Number,
    /// Its tree, if that is here.
    pub(crate) tree: Option<Number>,
    /// Those of its parents that are here.
    pub(crate) parents: Vec<Number>,
    pub(crate) time: i64,
}

/// All commits.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    commits: Vec<Commit>,
    parents: Vec<CommitIndex>,
}

#[derive(Debug)]
struct Commit {
    number: Number,
    tree: Option<Number>,
    time: i64,
    /// Where in the parents its own start; those of the next one start where they end.
    parents: u32,
}

impl Graph {
    /// The graph of some commits. Parents that are none of them are left out.
    pub(crate) fn new(mut raw: Vec<RawCommit>) -> Self {
        raw.sort_unstable_by_key(|commit| commit.number);
        let numbers: Vec<Number> = raw.iter().map(|commit| commit.number).collect();
        let most = numbers.last().copied().unwrap_or_default().into();
        let places = Buckets::new(numbers.iter().map(|number| u64::from(*number)), most);
        let index = |number: &Number| {
            let near = places.of(u64::from(*number));
            let at = numbers.get(near.start as usize..near.end as usize)?.binary_search(number).ok()?;
            Some(near.start + at as CommitIndex)
        };
        let mut graph = Self::default();
        for commit in &raw {
            let parents = graph.parents.len() as u32;
            graph.commits.push(Commit { number: commit.number, tree: commit.tree, time: commit.time, parents });
            graph.parents.extend(commit.parents.iter().filter_map(index));
        }
        graph
    }

    /// How many commits there are.
    pub(crate) fn len(&self) -> usize {
        self.commits.len()
    }

    /// The commit with a number.
    pub(crate) fn find(&self, number: Number) -> Option<CommitIndex> {
        self.commits.binary_search_by_key(&number, |commit| commit.number).ok().map(|at| at as u32)
    }

    /// The number of a commit.
    pub(crate) fn number(&self, commit: CommitIndex) -> Option<Number> {
        self.commits.get(commit as usize).map(|commit| commit.number)
    }

    /// The tree of a commit.
    pub(crate) fn tree(&self, commit: CommitIndex) -> Option<Number> {
        self.commits.get(commit as usize)?.tree
    }

    /// The parents of a commit.
    pub(crate) fn parents(&self, commit: CommitIndex) -> &[CommitIndex] {
        let at = commit as usize;
        let Some(start) = self.commits.get(at).map(|commit| commit.parents as usize) else { return &[] };
        let end = self.commits.get(at + 1).map_or(self.parents.len(), |next| next.parents as usize);
        self.parents.get(start..end).unwrap_or_default()
    }

    /// Which commits can be reached from some.
    pub(crate) fn reachable(&self, tips: impl IntoIterator<Item = CommitIndex>) -> Vec<bool> {
        let mut reached = vec![false; self.len()];
        let mut next: Vec<CommitIndex> = tips.into_iter().collect();
        while let Some(commit) = next.pop() {
            if let Some(seen) = reached.get_mut(commit as usize)
                && !std::mem::replace(seen, true)
            {
                next.extend(self.parents(commit));
            }
        }
        reached
    }

    /// All commits, each after its parents: those that `first` holds before the others, then by date, then by id. In what is left each
    /// is its own ancestor, which only a damaged repository has; it comes last.
    pub(crate) fn order(&self, store: &Store, first: &[bool]) -> Vec<CommitIndex> {
        let mut waits_for: Vec<u32> = (0..self.len()).map(|at| self.parents(at as u32).len() as u32).collect();
        let children = self.children();
        let next = |commit: CommitIndex| {
            let later = !first.get(commit as usize).copied().unwrap_or_default();
            let of_graph = self.commits.get(commit as usize);
            let (time, number) = of_graph.map_or((0, Number::MAX), |commit| (commit.time, commit.number));
            Reverse(Waiting { later, time, number, commit, store })
        };
        let ready = waits_for.iter().enumerate().filter(|(_, count)| **count == 0);
        let mut heap: BinaryHeap<Reverse<Waiting<'_>>> = ready.map(|(at, _)| next(at as u32)).collect();
        let mut order = Vec::with_capacity(self.len());
        while let Some(Reverse(Waiting { commit, .. })) = heap.pop() {
            order.push(commit);
            for child in children.of(commit) {
                if let Some(count) = waits_for.get_mut(*child as usize) {
                    *count -= 1;
                    if *count == 0 {
                        heap.push(next(*child));
                    }
                }
            }
        }
        let left = waits_for.iter().enumerate().filter(|(_, count)| **count > 0);
        order.extend(left.map(|(at, _)| at as u32));
        order
    }

    /// The parents turned around.
    fn children(&self) -> Lists {
        let commits = 0..self.len() as CommitIndex;
        let pairs = commits.flat_map(|commit| self.parents(commit).iter().map(move |parent| (*parent, commit)));
        Lists::new(self.len(), pairs)
    }

    /// For each of some commits and each of some tips, whether the tip reaches the commit: `of[tip]` has a bit for each commit.
    pub(crate) fn reached_by(
        &self,
        order: &[CommitIndex],
        commits: &[CommitIndex],
        tips: &[CommitIndex],
    ) -> Vec<Vec<u64>> {
        let words = commits.len().div_ceil(64);
        let mut bits = vec![0_u64; words * self.len()];
        for (n, commit) in commits.iter().enumerate() {
            if let Some(word) = bits.get_mut(*commit as usize * words + n / 64) {
                *word |= 1 << (n % 64);
            }
        }
        for commit in order {
            for parent in self.parents(*commit) {
                for word in 0..words {
                    let of_parent = bits.get(*parent as usize * words + word).copied().unwrap_or_default();
                    if let Some(own) = bits.get_mut(*commit as usize * words + word) {
                        *own |= of_parent;
                    }
                }
            }
        }
        let row = |tip: &CommitIndex| {
            let start = *tip as usize * words;
            bits.get(start..start + words).unwrap_or_default().to_vec()
        };
        tips.iter().map(row).collect()
    }
}

/// A commit whose parents are all in order.
struct Waiting<'a> {
    later: bool,
    time: i64,
    number: Number,
    commit: CommitIndex,
    store: &'a Store,
}

impl Ord for Waiting<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_date = (self.later, self.time).cmp(&(other.later, other.time));
        // Ids are looked up for the few that need it.
        let by_id = || self.store.id(self.number).cmp(&self.store.id(other.number));
        by_date.then_with(by_id).then(self.commit.cmp(&other.commit))
    }
}

impl PartialOrd for Waiting<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting<'_> {}

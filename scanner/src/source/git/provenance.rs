//! Which commit brought a credential to a path.
//!
//! A credential counts as brought to a path by a commit that has it there while none of its parents has. Of several such commits the first
//! counts, each commit coming after its parents: those that a ref reaches before others, then by date, then by id.

use std::collections::{HashMap, HashSet};

use gix::bstr::ByteSlice;
use stanch_model::Fingerprint;
use stanch_rules::Rule;

use crate::place::{PathClass, place};
use crate::scan::Control;
use crate::source::git::contents::Sighting;
use crate::source::git::graph::{CommitIndex, Graph};
use crate::source::git::sieve::{Kept, Name, SievedTree, SievedTrees};
use crate::source::git::store::Number;

/// So many paths are looked at over all commits.
const MOST_PATHS: usize = 1 << 28;

/// So many of them below folders that the same commit has elsewhere, too, over all commits and in one of them: a few nested trees can stand
/// for any number of paths.
const MOST_REPEATED: usize = 1 << 18;
const MOST_REPEATED_AT_ONCE: usize = 1 << 14;

/// A credential that came to a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Introduction {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) path: Box<[u8]>,
    pub(crate) blob: Number,
    /// The commit that brought it; none if a ref points to a tree without a commit.
    pub(crate) commit: Option<CommitIndex>,
    /// The refs that point to that tree.
    pub(crate) refs: Vec<String>,
}

/// The credentials of a commit's tree by path, and whether markers there allow them.
pub(crate) type Standing = HashMap<(Fingerprint, Box<[u8]>), bool>;

/// What the commits of a repository brought, and what is there now.
pub(crate) struct History<'a> {
    control: &'a Control<'a>,
    graph: &'a Graph,
    trees: SievedTrees,
    sightings: &'a HashMap<Number, Vec<Sighting>>,
    /// The sieved tree of each commit.
    roots: Vec<SievedTree>,
    /// Blobs that have a path.
    pub(crate) placed: HashSet<Number>,
    paths: usize,
    repeated: usize,
    cut: bool,
}

/// A blob at a path that a commit has and its parents have not.
struct NewPlace {
    path: Box<[u8]>,
    blob: Number,
    /// What the parents have at the path.
    before: Vec<Number>,
}

impl<'a> History<'a> {
    pub(crate) fn new(
        control: &'a Control<'a>,
        graph: &'a Graph,
        trees: SievedTrees,
        sightings: &'a HashMap<Number, Vec<Sighting>>,
    ) -> Self {
        let mut history = Self {
            control,
            graph,
            trees,
            sightings,
            roots: Vec::new(),
            placed: HashSet::new(),
            paths: 0,
            repeated: 0,
            cut: false,
        };
        let commits = 0..graph.len() as CommitIndex;
        history.roots = commits.map(|commit| graph.tree(commit).map_or(0, |tree| history.trees.sieve(tree))).collect();
        history
    }

    /// Whether there were too many paths to look at all of them.
    pub(crate) fn cut(&self) -> bool {
        self.cut
    }

    /// What the commits brought, in their order: each credential once a path, or each time anew if `every` is set.
    pub(crate) fn introductions(&mut self, order: &[CommitIndex], every: bool) -> Vec<Introduction> {
        let mut known = HashSet::new();
        let mut introductions = Vec::new();
        for commit in order {
            if self.control.stopped() {
                break;
            }
            let root = self.root(*commit);
            let before = self.graph.parents(*commit).iter().map(|parent| self.root(*parent));
            if root == 0 || before.clone().any(|before| before == root) {
                continue;
            }
            let before: Vec<SievedTree> = before.collect();
            for new in self.new_places(root, before) {
                for fingerprint in self.credentials(&new) {
                    if every || known.insert((fingerprint, new.path.clone())) {
                        let (path, blob) = (new.path.clone(), new.blob);
                        let commit = Some(*commit);
                        introductions.push(Introduction { fingerprint, path, blob, commit, refs: Vec::new() });
                    }
                }
            }
        }
        introductions
    }

    /// What stands in trees that refs point to, beside what commits brought to the same paths.
    pub(crate) fn of_trees(
        &mut self,
        trees: &[(Number, Vec<String>)],
        of_commits: &[Introduction],
    ) -> Vec<Introduction> {
        let mut roots: Vec<(SievedTree, &[String])> =
            trees.iter().map(|(tree, refs)| (self.trees.sieve(*tree), refs.as_slice())).collect();
        roots.retain(|(root, _)| *root != 0);
        if roots.is_empty() {
            return Vec::new();
        }
        let mut known: HashSet<_> = of_commits.iter().map(|new| (new.fingerprint, new.path.clone())).collect();
        let mut introductions = Vec::new();
        for (root, refs) in roots {
            for new in self.new_places(root, Vec::new()) {
                for fingerprint in self.credentials(&new) {
                    if known.insert((fingerprint, new.path.clone())) {
                        let (path, blob, refs) = (new.path.clone(), new.blob, refs.to_vec());
                        introductions.push(Introduction { fingerprint, path, blob, commit: None, refs });
                    }
                }
            }
        }
        introductions
    }

    /// The credentials of a commit's tree by path, and whether markers there allow them.
    pub(crate) fn of_commit(&mut self, commit: CommitIndex) -> Standing {
        let mut all = Standing::new();
        for new in self.new_places(self.root(commit), Vec::new()) {
            for sighting in self.sightings.get(&new.blob).into_iter().flatten() {
                let allowed = all.entry((sighting.fingerprint, new.path.clone())).or_insert(true);
                *allowed &= sighting.allowed;
            }
        }
        all
    }

    fn root(&self, commit: CommitIndex) -> SievedTree {
        self.roots.get(commit as usize).copied().unwrap_or_default()
    }

    /// The credentials that are new at a place, each once, as far as they can be believed there.
    fn credentials(&self, new: &NewPlace) -> Vec<Fingerprint> {
        let class = PathClass::of(&new.path.to_str_lossy());
        let rules: &[Rule] = self.control.engine.rules();
        let before = new.before.iter().filter_map(|blob| self.sightings.get(blob)).flatten();
        let mut known: HashSet<Fingerprint> = before.map(|sighting| sighting.fingerprint).collect();
        let mut found = Vec::new();
        for sighting in self.sightings.get(&new.blob).into_iter().flatten() {
            let rule = rules.get(sighting.rule as usize);
            let believed = rule.and_then(|rule| place(sighting.score, class, rule).0).is_some();
            if believed && known.insert(sighting.fingerprint) {
                found.push(sighting.fingerprint);
            }
        }
        found
    }

    /// The blobs with findings that a tree has, and none of those before it has at the same path.
    fn new_places(&mut self, root: SievedTree, before: Vec<SievedTree>) -> Vec<NewPlace> {
        let mut found = Vec::new();
        let (mut seen, mut repeated) = (HashSet::new(), 0);
        let mut folders = vec![(root, before, Vec::new())];
        while let Some((tree, before, prefix)) = folders.pop() {
            if tree == 0 || before.contains(&tree) {
                continue;
            }
            let entries = self.trees.entries(tree);
            self.paths += entries.len();
            let again = if seen.insert(tree) { 0 } else { entries.len() };
            self.repeated += again;
            repeated += again;
            let bomb = again > 0 && (repeated > MOST_REPEATED_AT_ONCE || self.repeated > MOST_REPEATED);
            if bomb || self.paths > MOST_PATHS {
                self.cut = true;
                continue;
            }
            let mut known: Vec<(Name, Kept)> =
                before.iter().flat_map(|tree| self.trees.entries(*tree)).copied().collect();
            known.sort_unstable_by_key(|(name, _)| *name);
            for (name, kept) in entries {
                let first = known.partition_point(|(other, _)| other < name);
                let there = known.get(first..).unwrap_or_default().iter();
                let there = there.take_while(|(other, _)| other == name).map(|(_, kept)| *kept);
                let mut path = prefix.clone();
                path.extend_from_slice(self.trees.name(*name));
                match *kept {
                    Kept::Folder(folder) => {
                        let before = there.filter_map(Kept::folder).collect();
                        path.push(b'/');
                        folders.push((folder, before, path));
                    }
                    Kept::Blob(blob) => {
                        let before: Vec<Number> = there.filter_map(Kept::blob).collect();
                        if !before.contains(&blob) {
                            found.push(NewPlace { path: path.into(), blob, before });
                        }
                    }
                }
            }
        }
        self.placed.extend(found.iter().map(|new| new.blob));
        found
    }
}

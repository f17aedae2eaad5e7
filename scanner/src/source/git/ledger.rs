//! What of a history could not be read, or was left out.

use std::collections::HashSet;

use gix::ObjectId;
use ignore::gitignore::Gitignore;
use stanch_model::Finding;

use crate::scan::{Gap, Note};
use crate::source::described::Links;
use crate::source::file::Closed;
use crate::source::git::contents::Found;
use crate::source::git::repository::Repository;
use crate::source::git::sieve::Sieved;
use crate::source::git::store::{Buffers, MOST_HEADER, Number};
use crate::source::git::tale::has_path;
use crate::source::git::walk::Objects;

/// What could not be read.
pub(super) struct Ledger<'a> {
    repository: &'a Repository,
    objects: &'a Objects,
    pub(super) notes: Vec<Note>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(repository: &'a Repository, objects: &'a Objects) -> Self {
        let mut ledger = Self { repository, objects, notes: repository.notes.clone() };
        for (path, gap) in &objects.store.gaps {
            ledger.note(path.to_string_lossy().into_owned(), gap.clone());
        }
        ledger
    }

    pub(super) fn note(&mut self, path: String, (gap, detail): Closed) {
        self.notes.push(Note { path, gap, detail });
    }

    pub(super) fn note_all(&mut self, texts: &Found, trees: &[Sieved]) {
        let store = &self.objects.store;
        let of_trees = trees.iter().flat_map(|part| &part.failed);
        let mut failed: Vec<(Number, Closed)> = texts.failed.iter().chain(of_trees).cloned().collect();
        failed.sort_unstable();
        failed.dedup();
        for (number, gap) in failed {
            self.note(format!("object/{}", store.id(number)), gap);
        }
        let mut missing: Vec<ObjectId> = texts.missing.clone();
        missing.extend(trees.iter().flat_map(|part| &part.missing));
        missing.extend(texts.tags.iter().map(|(_, target)| *target).filter(|id| store.number(id).is_none()));
        missing.extend(self.repository.tips.iter().map(|tip| tip.target).filter(|id| store.number(id).is_none()));
        missing.sort_unstable();
        missing.dedup();
        let cut = self.cut_parents();
        missing.retain(|id| !cut.contains(id) && !is_empty_tree(id));
        let gap = if self.repository.partial { Gap::Promised } else { Gap::Missing };
        for id in missing {
            self.note(format!("object/{id}"), (gap, String::new()));
        }
    }

    /// Whether objects are missing or damaged, so that what they name is not known.
    pub(super) fn lacks_objects(&self) -> bool {
        self.notes.iter().any(|note| matches!(note.gap, Gap::Corrupt | Gap::Missing | Gap::Promised | Gap::TooLarge))
    }

    /// Leaves out what the user's globs exclude.
    pub(super) fn leave_out(&mut self, findings: &mut Vec<Finding>, exclude: &Gitignore) {
        let mut left_out = HashSet::new();
        findings.retain(|finding| {
            let excluded = has_path(finding) && is_excluded(exclude, &finding.path);
            if excluded {
                left_out.insert(finding.path.clone());
            }
            !excluded
        });
        for path in left_out {
            self.note(path, (Gap::Excluded, String::new()));
        }
    }

    /// The parents that a shallow clone leaves at its remote, as everybody knows.
    fn cut_parents(&self) -> HashSet<ObjectId> {
        let mut parents = HashSet::new();
        let (mut buffers, mut bytes) = (Buffers::default(), Vec::new());
        for id in &self.repository.shallow {
            if self.objects.store.read(id, MOST_HEADER, &mut buffers, &mut bytes).is_ok() {
                parents.extend(Links::of(&bytes).parents);
            }
        }
        parents
    }
}

/// Git knows the empty tree without having it.
fn is_empty_tree(id: &ObjectId) -> bool {
    *id == ObjectId::empty_tree(id.kind())
}

/// Whether a path or a folder above it is excluded.
fn is_excluded(exclude: &Gitignore, path: &str) -> bool {
    let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
    exclude.matched(path, false).is_ignore() || folders.into_iter().any(|path| exclude.matched(path, true).is_ignore())
}

//! What one commit adds.

use std::collections::HashSet;

use gix::bstr::BString;
use gix::objs::Kind;
use gix::{ObjectId, Repository};
use stanch_model::Finding;

use crate::scan::{Control, Gap, Note, Outcome};
use crate::source::blobs::{Blobs, Purpose, note};
use crate::source::changes::{Changes, Folder, compare};
use crate::source::described::Links;
use crate::source::file::Closed;
use crate::source::known::only_new;
use crate::source::range::merge::own;
use crate::source::repository::read;

/// A commit's tree beside those of its parents.
pub(super) struct Step {
    tree: ObjectId,
    parents: Vec<ObjectId>,
    changes: Changes,
}

impl Step {
    /// Compares a commit with its parents. What cannot be read of them is noted; the commit is compared with the others then.
    pub(super) fn new(
        control: &Control<'_>,
        local: &Repository,
        links: &Links,
        notes: &mut Vec<Note>,
    ) -> Result<Self, Closed> {
        let tree = links.tree.ok_or_else(|| (Gap::Corrupt, "the commit has no tree".to_owned()))?;
        let mut parents = Vec::new();
        for parent in &links.parents {
            match tree_of(local, *parent) {
                // Parents with the same tree are as one.
                Ok(tree) if parents.contains(&tree) => {}
                Ok(tree) => parents.push(tree),
                Err((gap, detail)) => notes.push(Note { path: format!("commit/{parent}"), gap, detail }),
            }
        }
        let against = |old| compare(control, local, Some(Folder::Tree(tree)), old);
        let changes = match &*parents {
            [] => against(None),
            [parent] => against(Some(Folder::Tree(*parent))),
            parents => own(control, local, tree, parents),
        };
        Ok(Self { tree, parents, changes })
    }

    /// How many blobs there are to be scanned.
    pub(super) fn len(&self) -> usize {
        self.changes.new.len()
    }

    /// The paths of the blobs.
    pub(super) fn paths(&self) -> impl Iterator<Item = &BString> {
        self.changes.new.iter().map(|place| &place.path)
    }

    /// Scans what the commit adds.
    pub(super) fn scan(&self, blobs: &Blobs<'_>, local: &Repository) -> Outcome {
        let mut outcome = blobs.scan(local, &self.changes.new, Purpose::Report);
        outcome.coverage.notes.extend(notes(&self.changes));
        if outcome.findings.is_empty() {
            return outcome;
        }
        if let [_, _, ..] = &*self.parents {
            // A merge adds what it adds over each of its parents.
            for parent in &self.parents {
                let added = self.added_over(*parent, blobs, local, &mut outcome.coverage.notes);
                outcome.findings.retain(|finding| added.contains(&key(finding)));
            }
        } else {
            let known = blobs.scan(local, &self.changes.old, Purpose::Compare);
            outcome.coverage.notes.extend(known.coverage.notes);
            outcome.findings = only_new(outcome.findings, known.findings);
        }
        outcome
    }

    /// What stands in the tree and did not in one parent's.
    fn added_over(
        &self,
        parent: ObjectId,
        blobs: &Blobs<'_>,
        local: &Repository,
        ledger: &mut Vec<Note>,
    ) -> HashSet<Key> {
        let changes = compare(blobs.control, local, Some(Folder::Tree(self.tree)), Some(Folder::Tree(parent)));
        ledger.extend(notes(&changes));
        let new = blobs.scan(local, &changes.new, Purpose::Compare);
        let known = blobs.scan(local, &changes.old, Purpose::Compare);
        ledger.extend(new.coverage.notes.into_iter().chain(known.coverage.notes));
        only_new(new.findings, known.findings).iter().map(key).collect()
    }
}

/// What tells the findings of one tree apart.
type Key = (String, u64, u64, String);

fn key(finding: &Finding) -> Key {
    (finding.path.clone(), finding.locator.start, finding.locator.end, finding.rule.as_str().to_owned())
}

fn notes(changes: &Changes) -> impl Iterator<Item = Note> {
    changes.gaps.iter().map(|(path, gap)| note(path, gap.clone()))
}

/// The tree of a commit.
pub(super) fn tree_of(local: &Repository, commit: ObjectId) -> Result<ObjectId, Closed> {
    let links = Links::of(&read(local, &commit, Kind::Commit)?);
    links.tree.ok_or_else(|| (Gap::Corrupt, "the commit has no tree".to_owned()))
}

//! What a merge holds that none of its parents has.

use gix::bstr::BString;
use gix::{ObjectId, Repository};

use crate::scan::{Control, Gap};
use crate::source::changes::{Changes, Folder, MOST_CHANGES, Nodes, Place};

/// The blobs of a tree at paths where no parent has the same. Nothing is said of what was there before.
pub(super) fn own(control: &Control<'_>, repository: &Repository, tree: ObjectId, parents: &[ObjectId]) -> Changes {
    let mut changes = Changes::default();
    let mut folders = vec![Merged { prefix: BString::default(), tree, parents: parents.to_vec() }];
    while let Some(folder) = folders.pop() {
        if control.stopped() {
            break;
        }
        if changes.new.len() > MOST_CHANGES {
            changes.gaps.push((folder.prefix, (Gap::TooLarge, "too many changed paths".to_owned())));
            break;
        }
        if !folder.parents.contains(&folder.tree) {
            folder.compare(repository, &mut changes, &mut folders);
        }
    }
    changes.new.sort();
    changes
}

/// A folder of a merge, and what its parents have there.
struct Merged {
    /// The path, with a `/` at the end unless it is the top.
    prefix: BString,
    tree: ObjectId,
    parents: Vec<ObjectId>,
}

impl Merged {
    fn compare(&self, repository: &Repository, changes: &mut Changes, folders: &mut Vec<Self>) {
        let mut list = |tree| changes.list(repository, &self.prefix, Some(Folder::Tree(tree)));
        let new = list(self.tree);
        let olds: Vec<Nodes<'_>> = self.parents.iter().map(|tree| list(*tree)).collect();
        for (name, node) in new {
            let before = || olds.iter().filter_map(|nodes| nodes.get(&name));
            let mut path = self.prefix.clone();
            path.extend_from_slice(&name);
            for blob in node.blobs {
                if !before().any(|old| old.blobs.contains(&blob)) {
                    changes.new.push(Place { path: path.clone(), blob });
                }
            }
            path.push(b'/');
            let mut parents: Vec<ObjectId> = before().flat_map(|old| &old.folders).filter_map(Folder::tree).collect();
            parents.sort_unstable();
            parents.dedup();
            let below = node.folders.iter().filter_map(Folder::tree);
            folders.extend(below.map(|tree| Self { prefix: path.clone(), tree, parents: parents.clone() }));
        }
    }
}

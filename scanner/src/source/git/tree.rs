//! The entries of a tree: a mode, a name and an id each, without anything between them
//! (<https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_tree_objects>).

use gix::hash::oid;

/// What a tree has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A file or symbolic link.
    Blob,
    /// A folder.
    Tree,
    /// The commit of a submodule, which is an object of another repository.
    Commit,
}

/// An entry of a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TreeEntry<'a> {
    pub(crate) kind: EntryKind,
    pub(crate) name: &'a [u8],
    pub(crate) id: &'a oid,
    /// Where in the tree's bytes the entry ends.
    pub(crate) end: usize,
}

impl<'a> TreeEntry<'a> {
    /// The entry that starts at a place of a tree; `None` if it is damaged. It depends on no byte before its start or after its end. `hash` is
    /// the length of an object id.
    pub(crate) fn parse(tree: &'a [u8], at: usize, hash: usize) -> Option<Self> {
        let rest = tree.get(at..)?;
        let zero = memchr::memchr(0, rest)?;
        let head = rest.get(..zero)?;
        let (mode, name) = head.split_at_checked(head.iter().take(8).position(|&byte| byte == b' ')?)?;
        let kind = match mode {
            [b'4', b'0', ..] | [b'0', b'4', b'0', ..] => EntryKind::Tree,
            [b'1', b'6', ..] => EntryKind::Commit,
            [b'1', b'0' | b'2', ..] => EntryKind::Blob,
            _ => return None,
        };
        let id = rest.get(zero + 1..zero + 1 + hash)?;
        let id = oid::try_from_bytes(id).ok()?;
        Some(Self { kind, name: name.get(1..)?, id, end: at + zero + 1 + hash })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The entries of a tree, and whether one is damaged.
    fn entries(bytes: &[u8]) -> (Vec<(EntryKind, Vec<u8>)>, bool) {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let Some(entry) = TreeEntry::parse(bytes, at, 20) else { return (found, true) };
            found.push((entry.kind, entry.name.to_vec()));
            at = entry.end;
        }
        (found, false)
    }

    #[test]
    fn modes() {
        let mut tree = Vec::new();
        for (mode, name) in [("100644", "a b"), ("40000", "c"), ("120000", "d"), ("160000", "e"), ("100755", "f")] {
            tree.extend(format!("{mode} {name}\0").bytes());
            tree.extend([7; 20]);
        }
        let names = |kind, name: &str| (kind, name.as_bytes().to_vec());
        let all = vec![
            names(EntryKind::Blob, "a b"),
            names(EntryKind::Tree, "c"),
            names(EntryKind::Blob, "d"),
            names(EntryKind::Commit, "e"),
            names(EntryKind::Blob, "f"),
        ];
        assert_eq!(entries(&tree), (all.clone(), false));
        tree.pop();
        let but_one: Vec<_> = all.iter().take(4).cloned().collect();
        assert_eq!(entries(&tree), (but_one, true), "the last one is cut off");
        assert_eq!(entries(b""), (Vec::new(), false), "the empty tree");
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(prop_oneof![Just(0), Just(b' '), Just(b'4'), Just(b'1'), any::<u8>()], 0..200)) {
            let (found, damaged) = entries(&bytes);
            prop_assert!(damaged || found.len() * 24 <= bytes.len());
        }
    }
}

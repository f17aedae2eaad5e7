//! Which blobs stand in one state of a repository and not in another, path by path.
//!
//! A state is a tree, or the index. Folders whose trees are the same are not looked into; for the index its cache-tree extension says
//! which tree a folder would be written as.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::index::entry::{Flags, Mode, Stage};
use gix::index::extension::Tree as CacheTree;
use gix::index::{Entry, State};
use gix::objs::tree::EntryRef;

use crate::scan::{Control, Gap};
use crate::source::file::Closed;
use crate::source::repository::closed;

/// More changes than this are not collected: a few nested trees can stand for any number of paths.
pub(crate) const MOST_CHANGES: usize = 1 << 22;

/// What differs between two states.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The blobs of changed and added paths.
    pub(crate) new: Vec<Place>,
    /// The blobs of changed and deleted paths, as they were.
    pub(crate) old: Vec<Place>,
    /// Folders that could not be compared.
    pub(crate) gaps: Vec<(BString, Closed)>,
}

/// A blob at a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) path: BString,
    pub(crate) blob: ObjectId,
}

/// A folder of a state.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Folder<'a> {
    Tree(ObjectId),
    Index {
        state: &'a State,
        /// The entries below the folder.
        entries: &'a [Entry],
        cache: Option<&'a CacheTree>,
    },
}

impl<'a> Folder<'a> {
    /// The whole index.
    pub(crate) fn index(state: &'a State) -> Self {
        Self::Index { state, entries: state.entries(), cache: state.tree() }
    }

    /// The tree that the folder is, if that is known without looking into it.
    ///
    /// For the index this is git's own word: `git commit` writes this tree for the folder, whatever the entries say, and `git diff
    /// --cached` looks into no folder whose tree it finds here. So what counts as staged is what a commit would hold.
    pub(crate) fn tree(&self) -> Option<ObjectId> {
        match self {
            Self::Tree(id) => Some(*id),
            Self::Index { entries, cache, .. } => {
                // The extension is a cache: it counts only if it speaks of as many entries as there are.
                let count = cache.and_then(|cache| cache.num_entries)?;
                cache.map(|cache| cache.id).filter(|_| count as usize == entries.len())
            }
        }
    }
}

/// What has one name in a folder. In a conflict it may be several things.
#[derive(Debug, Default)]
pub(crate) struct Node<'a> {
    pub(crate) blobs: Vec<ObjectId>,
    pub(crate) folders: Vec<Folder<'a>>,
}

pub(crate) type Nodes<'a> = BTreeMap<BString, Node<'a>>;

/// A pair of folders at a path that is still to be compared.
struct Pair<'a> {
    /// The path, with a `/` at the end unless it is the top.
    prefix: BString,
    new: Option<Folder<'a>>,
    old: Option<Folder<'a>>,
}

/// Compares two states. It ends early, with what it found, if the scan is stopped.
pub(crate) fn compare<'a>(
    control: &Control<'_>,
    repository: &gix::Repository,
    new: Option<Folder<'a>>,
    old: Option<Folder<'a>>,
) -> Changes {
    let mut changes = Changes::default();
    // A stack of our own: hostile trees are nested deeper than a thread's stack.
    let mut pairs = vec![Pair { prefix: BString::default(), new, old }];
    while let Some(pair) = pairs.pop() {
        if control.stopped() {
            break;
        }
        if changes.new.len().max(changes.old.len()) > MOST_CHANGES {
            changes.gaps.push((pair.prefix, (Gap::TooLarge, "too many changed paths".to_owned())));
            break;
        }
        let trees = (pair.new.and_then(|folder| folder.tree()), pair.old.and_then(|folder| folder.tree()));
        if trees.0.is_none() || trees.0 != trees.1 {
            changes.compare_folders(repository, &pair, &mut pairs);
        }
    }
    changes.new.sort();
    changes.old.sort();
    changes
}

impl Changes {
    fn compare_folders<'a>(&mut self, repository: &gix::Repository, pair: &Pair<'a>, pairs: &mut Vec<Pair<'a>>) {
        let (new, mut old) = match (pair.new, pair.old) {
            (Some(Folder::Tree(new)), Some(Folder::Tree(old))) => self.list_trees(repository, &pair.prefix, new, old),
            (Some(Folder::Index { state, entries, cache }), Some(Folder::Tree(old))) => {
                let groups = Groups { state, rest: entries, cache, depth: pair.prefix.len() };
                self.list_index_and_tree(repository, &pair.prefix, groups, old)
            }
            (new, old) => (self.list(repository, &pair.prefix, new), self.list(repository, &pair.prefix, old)),
        };
        for (name, node) in new {
            let before = old.remove(&name).unwrap_or_default();
            self.compare_nodes(&pair.prefix, &name, node, before, pairs);
        }
        for (name, node) in old {
            self.compare_nodes(&pair.prefix, &name, Node::default(), node, pairs);
        }
    }

    fn compare_nodes<'a>(
        &mut self,
        prefix: &BString,
        name: &BString,
        new: Node<'a>,
        old: Node<'a>,
        pairs: &mut Vec<Pair<'a>>,
    ) {
        let mut path = prefix.clone();
        path.extend_from_slice(name);
        let place = |blob: &ObjectId| Place { path: path.clone(), blob: *blob };
        if new.blobs.is_empty() {
            self.old.extend(old.blobs.iter().map(place));
        }
        // Each side of a conflict is compared with what was there before it.
        for blob in new.blobs.iter().filter(|blob| !old.blobs.contains(blob)) {
            self.new.push(place(blob));
            self.old.extend(old.blobs.iter().map(place));
        }
        path.push(b'/');
        let mut before = old.folders.into_iter();
        for folder in new.folders {
            pairs.push(Pair { prefix: path.clone(), new: Some(folder), old: before.next() });
        }
        pairs.extend(before.map(|folder| Pair { prefix: path.clone(), new: None, old: Some(folder) }));
    }

    /// What is in two trees, but for the entries that they share: most of them, as a rule.
    fn list_trees<'a>(
        &mut self,
        repository: &gix::Repository,
        prefix: &BString,
        new: ObjectId,
        old: ObjectId,
    ) -> (Nodes<'a>, Nodes<'a>) {
        let trees = (repository.find_tree(new), repository.find_tree(old));
        let (new, old) = (
            self.entries(repository, prefix, new, trees.0.as_ref()),
            self.entries(repository, prefix, old, trees.1.as_ref()),
        );
        let (mut nodes, mut before) = (Nodes::new(), Nodes::new());
        side_by_side(new.into_iter(), old.into_iter(), EntryRef::cmp, |new, old| {
            if new != old {
                add(&mut nodes, new);
                add(&mut before, old);
            }
        });
        (nodes, before)
    }

    /// What is in a folder of the index and in a tree, but for what they share.
    fn list_index_and_tree<'a>(
        &mut self,
        repository: &gix::Repository,
        prefix: &BString,
        groups: Groups<'a>,
        old: ObjectId,
    ) -> (Nodes<'a>, Nodes<'a>) {
        let tree = repository.find_tree(old);
        let old = self.entries(repository, prefix, old, tree.as_ref());
        let (mut nodes, mut before) = (Nodes::new(), Nodes::new());
        side_by_side(groups, old.into_iter(), Group::order, |new, old| {
            if !new.as_ref().zip(old.as_ref()).is_some_and(|(new, old)| new.is(old)) {
                if let Some(group) = new {
                    group.add_to(&mut nodes);
                }
                add(&mut before, old);
            }
        });
        (nodes, before)
    }

    /// The entries of a tree; none, with a note, if it cannot be read.
    fn entries<'t>(
        &mut self,
        repository: &gix::Repository,
        prefix: &BString,
        id: ObjectId,
        tree: Result<&'t gix::Tree<'_>, &gix::Error>,
    ) -> Vec<EntryRef<'t>> {
        let mut unread = |error: &gix::Error| {
            self.gaps.push((prefix.clone(), closed(repository, &id, error)));
            Vec::new()
        };
        match tree {
            Ok(tree) => tree.decode().map_or_else(|error| unread(&error), |tree| tree.entries),
            Err(error) => unread(error),
        }
    }

    /// What is in a folder; nothing, with a note, if it cannot be read.
    pub(crate) fn list<'a>(
        &mut self,
        repository: &gix::Repository,
        prefix: &BString,
        folder: Option<Folder<'a>>,
    ) -> Nodes<'a> {
        match folder {
            None => Nodes::new(),
            Some(Folder::Index { state, entries, cache }) => {
                let mut nodes = Nodes::new();
                let groups = Groups { state, rest: entries, cache, depth: prefix.len() };
                groups.for_each(|group| group.add_to(&mut nodes));
                nodes
            }
            Some(Folder::Tree(id)) => list_tree(repository, id).unwrap_or_else(|error| {
                self.gaps.push((prefix.clone(), closed(repository, &id, &error)));
                Nodes::new()
            }),
        }
    }
}

fn list_tree(repository: &gix::Repository, id: ObjectId) -> gix::Result<Nodes<'static>> {
    let tree = repository.find_tree(id)?;
    let mut nodes = Nodes::new();
    tree.decode()?.entries.into_iter().for_each(|entry| add(&mut nodes, Some(entry)));
    Ok(nodes)
}

/// Adds an entry of a tree, unless it is a submodule.
fn add(nodes: &mut Nodes<'_>, entry: Option<EntryRef<'_>>) {
    let Some(entry) = entry.filter(|entry| !entry.mode.is_commit()) else { return };
    let node = nodes.entry(entry.filename.to_owned()).or_default();
    if entry.mode.is_tree() {
        node.folders.push(Folder::Tree(entry.oid.to_owned()));
    } else {
        node.blobs.push(entry.oid.to_owned());
    }
}

/// Shows two lists that are in the same order side by side: what stands at one place of that order together, the rest alone.
///
/// Hostile trees are in any order. Whatever it is, each item is shown once.
fn side_by_side<A, B>(
    new: impl Iterator<Item = A>,
    old: impl Iterator<Item = B>,
    order: impl Fn(&A, &B) -> Ordering,
    mut show: impl FnMut(Option<A>, Option<B>),
) {
    let (mut new, mut old) = (new.peekable(), old.peekable());
    loop {
        let order = match (new.peek(), old.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => order(one, other),
        };
        show(new.next_if(|_| order.is_le()), old.next_if(|_| order.is_ge()));
    }
}

/// The entries below a folder of the index, grouped by their next name.
#[derive(Debug)]
struct Groups<'a> {
    state: &'a State,
    rest: &'a [Entry],
    cache: Option<&'a CacheTree>,
    /// How many bytes of their paths are the folder's.
    depth: usize,
}

/// What has one name in a folder of the index.
#[derive(Debug)]
struct Group<'a> {
    name: &'a [u8],
    what: What<'a>,
}

#[derive(Debug)]
enum What<'a> {
    Folder(Folder<'a>),
    /// An entry, or the sides of a conflict.
    Entries(&'a [Entry]),
}

impl<'a> Iterator for Groups<'a> {
    type Item = Group<'a>;

    fn next(&mut self) -> Option<Group<'a>> {
        let &mut Self { state, rest, cache, depth } = self;
        let first = rest.first()?;
        let (name, is_folder) = name_below(state, first, depth);
        let below = |entry: &&Entry| {
            if !is_folder {
                return name_below(state, entry, depth) == (name, false);
            }
            // The commonest case by far: what `name_below` says, told without a search for the end of the name.
            let after = entry.path(state).get(depth..).and_then(|path| path.strip_prefix(name));
            let after = after.and_then(|after| after.strip_prefix(b"/"));
            after.is_some_and(|after| !after.is_empty() || entry.mode != Mode::DIR)
        };
        let count = rest.iter().take_while(below).count().max(1);
        let (entries, after) = rest.split_at(count);
        self.rest = after;
        let what = if is_folder {
            let child = |cache: &'a CacheTree| {
                let at = cache.children.binary_search_by(|child| child.name.as_slice().cmp(name));
                at.ok().and_then(|at| cache.children.get(at))
            };
            What::Folder(Folder::Index { state, entries, cache: cache.and_then(child) })
        } else {
            What::Entries(entries)
        };
        Some(Group { name, what })
    }
}

/// The next name of an entry's path below a folder, and whether it is that of a folder too.
fn name_below<'a>(state: &'a State, entry: &Entry, depth: usize) -> (&'a [u8], bool) {
    let path = entry.path(state).get(depth..).unwrap_or_default();
    match path.find_byte(b'/') {
        // A sparse index has folders as entries, with a `/` at the end.
        Some(slash) if slash + 1 < path.len() || entry.mode != Mode::DIR => {
            (path.get(..slash).unwrap_or_default(), true)
        }
        Some(slash) => (path.get(..slash).unwrap_or_default(), false),
        None => (path, false),
    }
}

impl Group<'_> {
    /// Where it stands beside an entry of a tree, in the order of trees: there a folder's name ends with a `/`.
    fn order(&self, entry: &EntryRef<'_>) -> Ordering {
        let is_folder = match self.what {
            What::Folder(_) => true,
            What::Entries(entries) => entries.first().is_some_and(|entry| entry.mode == Mode::DIR),
        };
        let end = |is_folder: bool| is_folder.then_some(&b'/');
        let own = self.name.iter().chain(end(is_folder));
        own.cmp(entry.filename.iter().chain(end(entry.mode.is_tree())))
    }

    /// Whether it is the same as an entry of a tree: nothing is to be compared then.
    fn is(&self, entry: &EntryRef<'_>) -> bool {
        let same = match self.what {
            What::Folder(folder) => entry.mode.is_tree() && folder.tree().is_some_and(|tree| tree == entry.oid),
            What::Entries([one]) => {
                let plain = one.stage() == Stage::Unconflicted && !one.flags.contains(Flags::INTENT_TO_ADD);
                plain && one.id == entry.oid && one.mode.to_tree_entry_mode() == Some(entry.mode)
            }
            What::Entries(_) => false,
        };
        same && self.name == entry.filename.as_bytes()
    }
}

impl<'a> Group<'a> {
    fn add_to(self, nodes: &mut Nodes<'a>) {
        let node = nodes.entry(self.name.into()).or_default();
        match self.what {
            What::Folder(folder) => node.folders.push(folder),
            What::Entries(entries) => entries.iter().for_each(|entry| node.add(entry)),
        }
    }
}

impl Node<'_> {
    fn add(&mut self, entry: &Entry) {
        if entry.mode == Mode::DIR {
            self.folders.push(Folder::Tree(entry.id));
        } else if entry.mode != Mode::COMMIT
            && !entry.flags.contains(Flags::INTENT_TO_ADD)
            && entry.stage() != Stage::Base
        {
            self.blobs.push(entry.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::process::Command;
    use std::sync::atomic::AtomicBool;

    use proptest::prelude::*;
    use stanch_model::FingerprintKey;
    use stanch_rules::RuleSet;

    use super::*;
    use crate::engine::Engine;

    type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

    fn git(folder: &Path, arguments: &[&str]) -> Fallible<String> {
        let mut command = Command::new("git");
        command
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(arguments);
        for variable in ["GIT_AUTHOR", "GIT_COMMITTER"] {
            command.env(format!("{variable}_NAME"), "A Tester").env(format!("{variable}_EMAIL"), "tester@example.com");
        }
        let output = command.output()?;
        let text = String::from_utf8(output.stdout)?;
        if output.status.success() { Ok(text) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
    }

    fn ours(folder: &Path) -> Fallible<(Vec<Place>, Vec<Place>)> {
        let repository = gix::open_opts(folder, gix::open::Options::isolated())?;
        let index = repository.open_index()?;
        let head = repository.head_tree_id()?.detach();
        let (key, stop) = (FingerprintKey::from_bytes([1; 32]), AtomicBool::new(false));
        let engine = Engine::new(RuleSet::new(Vec::new()));
        let control = Control { engine: &engine, key: &key, stop: &stop, events: &(), jobs: 1 };
        let changes = compare(&control, &repository, Some(Folder::index(&index)), Some(Folder::Tree(head)));
        assert!(changes.gaps.is_empty());
        let unaided = Folder::Index { state: &index, entries: index.entries(), cache: None };
        let slowly = compare(&control, &repository, Some(unaided), Some(Folder::Tree(head)));
        assert_eq!(
            (&slowly.new, &slowly.old),
            (&changes.new, &changes.old),
            "with and without what git remembers of trees"
        );
        let written = ObjectId::from_hex(git(folder, &["write-tree"])?.trim().as_bytes())?;
        let trees = compare(&control, &repository, Some(Folder::Tree(written)), Some(Folder::Tree(head)));
        assert_eq!(
            (&trees.new, &trees.old),
            (&changes.new, &changes.old),
            "the index and the tree that it is written as"
        );
        Ok((changes.new, changes.old))
    }

    /// The same by git.
    fn theirs(folder: &Path) -> Fallible<(Vec<Place>, Vec<Place>)> {
        let raw = git(
            folder,
            &[
                "diff-index",
                "-r",
                "--cached",
                "--ita-invisible-in-index",
                "--raw",
                "-z",
                "--no-renames",
                "--no-abbrev",
                "HEAD",
            ],
        )?;
        let (mut new, mut old) = (BTreeSet::new(), BTreeSet::new());
        let mut fields = raw.split('\0');
        while let (Some(change), Some(path)) = (fields.next(), fields.next()) {
            let parts: Vec<&str> = change.trim_start_matches(':').split(' ').collect();
            let [old_mode, new_mode, old_id, new_id, _status] = *parts else { return Err(change.into()) };
            let place = |id: &str| Fallible::Ok(Place { path: path.into(), blob: ObjectId::from_hex(id.as_bytes())? });
            let is_blob = |mode: &str| mode.starts_with("100") || mode.starts_with("120");
            if is_blob(new_mode) && old_id != new_id {
                new.insert(place(new_id)?);
            }
            if is_blob(old_mode) && old_id != new_id {
                old.insert(place(old_id)?);
            }
        }
        Ok((new.into_iter().collect(), old.into_iter().collect()))
    }

    /// Something done to a repository.
    #[derive(Debug, Clone)]
    enum Step {
        Write(String, u8),
        Remove(String),
        Move(String, String),
        Run(&'static [&'static str]),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let path = || "[ab](/[ab.-]c?(/[de])?)?".prop_map(|path| path.replace("/.", "/x."));
        let run = prop::sample::select(vec![
            &["add", "--all"] as &[_],
            &["add", "--update"],
            &["add", "--intent-to-add", "."],
            &["commit", "--quiet", "--message=x"],
            &["commit", "--quiet", "--all", "--message=x"],
            &["rm", "-r", "--cached", "--quiet", "--ignore-unmatch", "a"],
            &["reset", "--quiet"],
            &["update-index", "--index-version=4"],
            &["update-index", "--split-index"],
            &["read-tree", "HEAD"],
            &["write-tree"],
            &["update-index", "--untracked-cache"],
            &["update-index", "--add", "--cacheinfo", "160000,1234567890123456789012345678901234567890,sub"],
            &["update-index", "--add", "--cacheinfo", "120000,e69de29bb2d1d6434b8b29ae775ad8c2e48c5391,b-link"],
            &["add", "--chmod=+x", "--update"],
        ]);
        let step = prop_oneof![
            4 => (path(), 0_u8..5).prop_map(|(path, content)| Step::Write(path, content)),
            1 => path().prop_map(Step::Remove),
            1 => (path(), path()).prop_map(|(from, to)| Step::Move(from, to)),
            3 => run.prop_map(Step::Run),
        ];
        prop::collection::vec(step, 1..25)
    }

    fn take(folder: &Path, step: &Step) {
        // Many a step is impossible where it comes; the others suffice.
        match step {
            Step::Write(path, content) => {
                let path = folder.join(path);
                let _made = path.parent().map(std::fs::create_dir_all);
                let _written = std::fs::write(path, format!("content {content}\n"));
            }
            Step::Remove(path) => {
                let path = folder.join(path);
                let _gone = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
            }
            Step::Move(from, to) => {
                let to = folder.join(to);
                let _made = to.parent().map(std::fs::create_dir_all);
                let _moved = std::fs::rename(folder.join(from), to);
            }
            Step::Run(arguments) => {
                let _done = git(folder, arguments);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn the_index_differs_from_head_as_git_says(steps in steps()) {
            let folder = tempfile::tempdir()?;
            let run = || -> Fallible<()> {
                git(folder.path(), &["init", "--quiet"])?;
                git(folder.path(), &["hash-object", "-w", "/dev/null"])?;
                git(folder.path(), &["commit", "--quiet", "--allow-empty", "--message=first"])?;
                for step in &steps {
                    take(folder.path(), step);
                    assert_eq!(ours(folder.path())?, theirs(folder.path())?);
                }
                Ok(())
            };
            run().map_err(|error| TestCaseError::fail(error.to_string()))?;
        }
    }

    proptest! {
        #[test]
        fn side_by_side_everything_is_shown_once(new in prop::collection::vec(0_u8..20, 0..20), old in prop::collection::vec(0_u8..20, 0..20)) {
            let shown = |new: &[u8], old: &[u8]| {
                let mut pairs = Vec::new();
                side_by_side(new.iter().copied(), old.iter().copied(), u8::cmp, |new, old| pairs.push((new, old)));
                pairs
            };
            let pairs = shown(&new, &old);
            prop_assert_eq!(pairs.iter().filter_map(|(new, _)| *new).collect::<Vec<_>>(), new.clone());
            prop_assert_eq!(pairs.iter().filter_map(|(_, old)| *old).collect::<Vec<_>>(), old.clone());
            prop_assert!(pairs.iter().all(|(new, old)| new.is_none() || old.is_none() || new == old));
            let (new, old) = (BTreeSet::from_iter(new), BTreeSet::from_iter(old));
            let (ordered, other): (Vec<u8>, Vec<u8>) = (new.iter().copied().collect(), old.iter().copied().collect());
            let both = shown(&ordered, &other).into_iter().filter_map(|(new, old)| new.and(old));
            prop_assert_eq!(both.collect::<Vec<_>>(), new.intersection(&old).copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_sparse_index() -> Fallible<()> {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        git(folder, &["init", "--quiet"])?;
        for path in ["in/a", "out/b", "out/deep/c", "other/d"] {
            std::fs::create_dir_all(folder.join(path).parent().unwrap_or(folder))?;
            std::fs::write(folder.join(path), path)?;
        }
        git(folder, &["add", "--all"])?;
        git(folder, &["commit", "--quiet", "--message=first"])?;
        git(folder, &["sparse-checkout", "set", "--cone", "--sparse-index", "in"])?;
        std::fs::write(folder.join("in/a"), "changed")?;
        git(folder, &["add", "in/a"])?;
        let found = ours(folder)?;
        assert_eq!((found.0.len(), found.1.len()), (1, 1));
        assert_eq!(found, theirs(folder)?);
        let empty = git(folder, &["commit-tree", "-m", "empty", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"])?;
        git(folder, &["reset", "--soft", empty.trim()])?;
        let found = ours(folder)?;
        assert_eq!((found.0.len(), found.1.len()), (4, 0));
        assert_eq!(found, theirs(folder)?);
        Ok(())
    }
}

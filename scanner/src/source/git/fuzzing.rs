//! What the fuzz targets see of the parsers of untrusted bytes, in plain types.

use std::ops::Range;

use gix::ObjectId;
use gix::hash::Kind;
use gix::objs::CommitRef;
use stanch_model::GitPlace;

use crate::hits::Run;
use crate::source::described::{Links, describe, describe_tag, message_start, tag_target};
use crate::source::git::delta::Delta;
use crate::source::git::entry::{Content, Entry};
use crate::source::git::outline::Outline;
pub use crate::source::git::state::fuzzing::{answer, objects};
use crate::source::git::tree::{EntryKind, TreeEntry as Parsed};

/// The header of an entry of a pack: what is before the size of a whole object or the base of a delta, the size, and how long the header is.
pub fn entry(bytes: &[u8], long: bool) -> Option<(EntryBase, u64, usize)> {
    let entry = Entry::parse(bytes, kind(long).len_in_bytes())?;
    let base = match entry.content {
        Content::Whole(_) => EntryBase::None,
        Content::OffsetDelta(distance) => EntryBase::Distance(distance),
        Content::ObjectDelta(id) => EntryBase::Object(id.as_bytes().to_vec()),
    };
    Some((base, entry.size, entry.header))
}

/// What an entry is a delta upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryBase {
    /// It is a whole object.
    None,
    /// An entry so many bytes before.
    Distance(u64),
    /// The object with this id.
    Object(Vec<u8>),
}

/// The stretches of an object, each with where in the base it was copied from.
pub type Runs = Vec<(Range<usize>, Option<usize>)>;

/// What a delta makes of a base, and where it came from.
pub fn delta(delta: &[u8], base: &[u8]) -> Option<(Vec<u8>, Runs)> {
    let delta = Delta::parse(delta).ok()?;
    // What a buffer held before must not show.
    let (mut out, mut runs) = (vec![0xaa; 7], Vec::new());
    delta.apply(base, &mut out, &mut runs, 0).ok()?;
    out.truncate(usize::try_from(delta.size).ok()?);
    Some((out, runs.into_iter().map(|run| (run.at, run.copied_from)).collect()))
}

/// An entry of a tree: whether it is a folder, its name, its id, and where it ends.
pub type TreeEntry = (bool, Vec<u8>, Vec<u8>, usize);

/// The entries of a tree, and whether one is damaged.
pub fn tree(bytes: &[u8], long: bool) -> (Vec<TreeEntry>, bool) {
    let mut entries = Vec::new();
    let well = Outline::<()>::default().read(bytes, kind(long).len_in_bytes(), None, |entry| {
        let name = entry.name.to_vec();
        entries.push((entry.kind == EntryKind::Tree, name, entry.id.as_bytes().to_vec(), entry.end));
        None
    });
    (entries, !well)
}

/// Whether the outline of what a delta makes of a tree is the same carried from that tree and read whole.
pub fn tree_carried(base: &[u8], delta: &[u8], long: bool) -> Option<bool> {
    let (delta, mut tree, mut runs) = (Delta::parse(delta).ok()?, Vec::new(), Vec::new());
    delta.apply(base, &mut tree, &mut runs, 0).ok()?;
    tree.truncate(usize::try_from(delta.size).ok()?);
    let hash = kind(long).len_in_bytes();
    let read = |tree: &[u8], base: Option<(&Outline<usize>, &[Run])>| {
        let mut outline = Outline::default();
        let keep = |entry: &Parsed<'_>| (entry.name.len() % 2 == 0).then_some(entry.name.len());
        let well = outline.read(tree, hash, base, keep);
        (outline, well)
    };
    let (before, _) = read(base, None);
    Some(read(&tree, Some((&before, &runs))) == read(&tree, None))
}

/// What a commit or tag says of itself.
#[derive(Debug)]
pub struct Described {
    /// As a commit, and as a tag.
    pub places: [GitPlace; 2],
    /// Where the message starts.
    pub message: usize,
    /// The tree and the parents.
    pub links: (Option<ObjectId>, Vec<ObjectId>),
    /// What it is a tag of.
    pub target: Option<ObjectId>,
    /// The tree and the parents as gix reads them, if it takes this for a commit.
    pub by_gix: Option<(ObjectId, Vec<ObjectId>)>,
}

/// Reads the bytes as a commit and as a tag.
pub fn described(raw: &[u8]) -> Described {
    let id = ObjectId::null(Kind::Sha1);
    let links = Links::of(raw);
    let by_gix = CommitRef::from_bytes(raw, Kind::Sha1).ok();
    Described {
        places: [describe(&id, raw), describe_tag(&id, raw)],
        message: message_start(raw),
        links: (links.tree, links.parents),
        target: tag_target(raw),
        by_gix: by_gix.map(|commit| (commit.tree(), commit.parents().collect())),
    }
}

fn kind(long: bool) -> Kind {
    if long { Kind::Sha256 } else { Kind::Sha1 }
}

//! Which commits are scanned.

use std::collections::HashSet;

use gix::ObjectId;
use gix::objs::Kind;

use crate::scan::{Control, Gap, Note};
use crate::source::described::{Links, tag_target};
use crate::source::range::graph::Graph;
use crate::source::repository::{Opened, is_nothing, read};
use crate::source::{SourceError, SourceErrorKind};

/// How a range is scanned.
#[derive(Debug, Clone)]
pub struct RangeOptions {
    /// Which commits.
    pub commits: Commits,
}

/// Which commits are scanned. Revisions are written as for git.
#[derive(Debug, Clone)]
pub enum Commits {
    /// `A..B` or `A...B`: those that B reaches and A does not. A side that is left out is `HEAD`. If A has zeros only, as hooks and
    /// push events have it for a new branch, those that no other branch or tag reaches.
    Between(String),
    /// Those of a branch, or of all refs, since a commit or a date.
    Since {
        /// Since when.
        since: Since,
        /// Of which branch.
        branch: Option<String>,
    },
}

/// Since when.
#[derive(Debug, Clone)]
pub enum Since {
    /// What this revision does not reach.
    Revision(String),
    /// Committed at this time or later, in seconds since 1970.
    Time(i64),
}

/// The commits that were chosen.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Parents first.
    pub(super) commits: Vec<ObjectId>,
    /// The annotated tags by which the last commit was named.
    pub(super) tags: Vec<ObjectId>,
    /// Where the configuration is read from.
    pub(super) base: Option<ObjectId>,
    /// The last commit, of which it is told what it still has.
    pub(super) head: Option<ObjectId>,
    pub(super) notes: Vec<Note>,
}

/// A commit that was named, and the annotated tags on the way to it.
#[derive(Debug, Clone)]
struct Tip {
    commit: ObjectId,
    tags: Vec<ObjectId>,
}

/// What all refs name.
#[derive(Debug, Default)]
struct Tips {
    commits: Vec<ObjectId>,
    /// Refs that could not be read.
    notes: Vec<Note>,
    /// What `HEAD` names.
    head: Option<Tip>,
}

/// What a ref of this name names.
type Named = (String, Result<Tip, SourceError>);

/// Everything was committed since then.
const EVER: i64 = i64::MIN;

impl Selection {
    pub(super) fn new(control: &Control<'_>, opened: &Opened, commits: &Commits) -> Result<Self, SourceError> {
        let chooser = Chooser { control, opened };
        match commits {
            Commits::Between(range) => chooser.between(range),
            Commits::Since { since, branch } => chooser.since(since, branch.as_deref()),
        }
    }
}

struct Chooser<'a> {
    control: &'a Control<'a>,
    opened: &'a Opened,
}

impl<'a> Chooser<'a> {
    fn between(&self, range: &str) -> Result<Selection, SourceError> {
        let (from, to, symmetric) = split(range)?;
        if is_nothing(to) {
            // What is pushed to delete a branch adds nothing.
            return Ok(Selection::default());
        }
        let tip = self.opened.tip(to)?;
        if is_nothing(from) {
            let graph = self.walk(&[tip.commit], &self.opened.others(tip.commit)?)?;
            let base = graph.base();
            return self.select(graph, EVER, Some(tip), base);
        }
        let from = self.opened.tip(from)?.commit;
        let graph = self.walk(&[tip.commit], &[from])?;
        let base = if symmetric { graph.base() } else { Some(from) };
        self.select(graph, EVER, Some(tip), base)
    }

    fn since(&self, since: &Since, branch: Option<&str>) -> Result<Selection, SourceError> {
        let tip = branch.map(|name| self.opened.branch(name)).transpose()?;
        let Tips { commits, notes, head } = match tip {
            Some(tip) => Tips { commits: vec![tip.commit], notes: Vec::new(), head: Some(tip) },
            None => self.opened.tips()?,
        };
        let (dropped, start) = match since {
            Since::Revision(name) => (Some(self.opened.tip(name)?.commit), EVER),
            Since::Time(time) => (None, *time),
        };
        let mut graph = self.walk(&commits, dropped.as_slice())?;
        graph.notes.extend(notes);
        let base = dropped.or_else(|| self.opened.before(head.as_ref()?.commit, start));
        self.select(graph, start, head, base)
    }

    fn walk(&self, kept: &[ObjectId], dropped: &[ObjectId]) -> Result<Graph<'a>, SourceError> {
        let mut graph = Graph::new(&self.opened.local, self.opened.ends()?);
        graph.walk(self.control, kept, dropped);
        Ok(graph)
    }

    fn select(
        &self,
        graph: Graph<'_>,
        since: i64,
        tip: Option<Tip>,
        base: Option<ObjectId>,
    ) -> Result<Selection, SourceError> {
        // A scan that is stopped may not have come as far as to know.
        if let Some(commit) = graph.cut(since).filter(|_| !self.control.stopped()) {
            let message = format!(
                "the clone is shallow: it lacks the parents of commit {commit}, so what was added is not known"
            );
            return Err(SourceError::new(SourceErrorKind::Shallow, message).advise(DEEPEN));
        }
        let (head, tags) = tip.map_or((None, Vec::new()), |tip| (Some(tip.commit), tip.tags));
        Ok(Selection { commits: graph.order(since), tags, base, head, notes: graph.notes })
    }
}

const DEEPEN: &str = "the clone is shallow; get more of the history: `git fetch --deepen=100` or `git fetch --unshallow`; for actions/checkout, \
                      `fetch-depth: 0`";

/// The two sides of a range, and whether there are three dots between them.
fn split(range: &str) -> Result<(&str, &str, bool), SourceError> {
    let bad = |what: &str| {
        let message = format!("`{range}` {what}");
        SourceError::new(SourceErrorKind::BadRange, message).advise("write it as `A..B`: what B has and A has not")
    };
    let (from, to) = range.split_once("..").ok_or_else(|| bad("is no range of commits"))?;
    let (to, symmetric) = to.strip_prefix('.').map_or((to, false), |to| (to, true));
    if from.is_empty() && to.is_empty() {
        return Err(bad("names no commit"));
    }
    Ok((or_head(from), or_head(to), symmetric))
}

fn or_head(side: &str) -> &str {
    if side.is_empty() { "HEAD" } else { side }
}

impl Opened {
    /// The commit that a revision names.
    fn tip(&self, revision: &str) -> Result<Tip, SourceError> {
        let digits = self.local.object_hash().len_in_hex();
        let id = ObjectId::from_hex(revision.as_bytes()).ok().filter(|_| revision.len() == digits);
        match id {
            Some(id) if self.local.has_object(id) => self.peel(id, revision),
            Some(id) => Err(self.missing(id)),
            None => {
                self.need_refs()?;
                let id = self.local.rev_parse_single(revision).map_err(|error| {
                    SourceError::new(SourceErrorKind::BadRevision, format!("`{revision}` names no commit here"))
                        .because(error)
                        .advise(if self.is_shallow() { DEEPEN } else { "fetch it, or name another" })
                })?;
                self.peel(id.detach(), revision)
            }
        }
    }

    /// The commit of a branch. A tag of the same name is another thing.
    fn branch(&self, name: &str) -> Result<Tip, SourceError> {
        let full = format!("refs/heads/{name}");
        match self.local.try_find_reference(full.as_str()) {
            Ok(Some(_)) => self.tip(&full),
            _ => self.tip(name),
        }
    }

    /// Follows annotated tags to a commit.
    fn peel(&self, id: ObjectId, revision: &str) -> Result<Tip, SourceError> {
        const MOST_TAGS: usize = 64;
        let bad = |what: String| SourceError::new(SourceErrorKind::BadRevision, format!("`{revision}` {what}"));
        let unread = |(gap, detail): (Gap, String)| match gap {
            Gap::Missing | Gap::Promised => self.missing(id),
            _ => SourceError::new(SourceErrorKind::Corrupt, format!("cannot read commit `{revision}`: {detail}")),
        };
        let mut tip = Tip { commit: id, tags: Vec::new() };
        while tip.tags.len() < MOST_TAGS {
            let kind = self.local.find_header(tip.commit).map(|header| header.kind());
            match kind {
                Ok(Kind::Tag) => {
                    let raw = read(&self.local, &tip.commit, Kind::Tag).map_err(unread)?;
                    tip.tags.push(tip.commit);
                    tip.commit = tag_target(&raw).ok_or_else(|| bad("names a damaged tag".to_owned()))?;
                }
                Ok(Kind::Commit) | Err(_) => {
                    read(&self.local, &tip.commit, Kind::Commit).map_err(unread)?;
                    return Ok(tip);
                }
                Ok(kind) => return Err(bad(format!("names a {kind}, not a commit"))),
            }
        }
        Err(bad("names a tag of too many tags".to_owned()))
    }

    fn missing(&self, id: ObjectId) -> SourceError {
        let advice = if self.is_shallow() {
            format!(
                "get it with `git fetch origin {id}`; the clone is shallow, so more of the history is needed then: {DEEPEN}"
            )
        } else {
            format!(
                "get it with `git fetch origin {id}`; if a forced push has made it vanish there too, name a base that is left"
            )
        };
        SourceError::new(SourceErrorKind::MissingCommit, format!("commit {id} is not in this clone")).advise(advice)
    }

    /// What the branches and tags of the repository and its remotes name, but for those that name this commit.
    fn others(&self, commit: ObjectId) -> Result<Vec<ObjectId>, SourceError> {
        let tips = self.refs(&["refs/heads/", "refs/remotes/", "refs/tags/"])?;
        // One that cannot be read hides nothing: more is scanned then, not less.
        Ok(tips.into_iter().filter_map(|(_, tip)| Some(tip.ok()?.commit)).filter(|other| *other != commit).collect())
    }

    fn tips(&self) -> Result<Tips, SourceError> {
        let head = self.local.head_id().ok().and_then(|id| self.peel(id.detach(), "HEAD").ok());
        let mut commits: Vec<ObjectId> = head.iter().map(|tip| tip.commit).collect();
        let mut notes = Vec::new();
        for (name, tip) in self.refs(&["refs/"])? {
            match tip {
                Ok(tip) => commits.push(tip.commit),
                // Some refs name single files or folders.
                Err(error) if error.kind() == SourceErrorKind::BadRevision => {}
                Err(error) => notes.push(Note { path: name, gap: Gap::Unreadable, detail: error.to_string() }),
            }
        }
        Ok(Tips { commits, notes, head })
    }

    /// The refs below some folders that stand for themselves, and what they name.
    fn refs(&self, folders: &[&str]) -> Result<Vec<Named>, SourceError> {
        self.need_refs()?;
        let failed =
            |error: gix::Error| SourceError::new(SourceErrorKind::Corrupt, "cannot read the refs").because(error);
        let platform = self.local.references().map_err(failed)?;
        let mut refs = Vec::new();
        for reference in platform.all().map_err(failed)? {
            let reference = reference.map_err(failed)?;
            let name = reference.name().as_bstr().to_string();
            if let Some(id) = reference.try_id().filter(|_| folders.iter().any(|folder| name.starts_with(folder))) {
                let tip = self.peel(id.detach(), &name);
                refs.push((name, tip));
            }
        }
        Ok(refs)
    }

    /// Fails if the refs are stored in a way that we cannot read.
    fn need_refs(&self) -> Result<(), SourceError> {
        let storage = self.local.config_snapshot().string("extensions.refStorage");
        if storage.is_none_or(|storage| storage.as_slice().eq_ignore_ascii_case(b"files")) {
            return Ok(());
        }
        let message = "the refs of this repository are in a form that cannot be read here";
        Err(SourceError::new(SourceErrorKind::BadRevision, message)
            .advise("name commits by their whole ids, as `git rev-parse` gives them"))
    }

    /// The last commits of a shallow clone.
    fn ends(&self) -> Result<HashSet<ObjectId>, SourceError> {
        let ends = self.local.shallow_commits().map_err(|error| {
            SourceError::new(SourceErrorKind::Corrupt, "cannot read where the shallow clone ends").because(error)
        })?;
        Ok(ends.map(|ends| ends.iter().copied().collect()).unwrap_or_default())
    }

    fn is_shallow(&self) -> bool {
        self.ends().is_ok_and(|ends| !ends.is_empty())
    }

    /// The state of a branch before a time: the first commit that is older, always by the first parent.
    fn before(&self, mut commit: ObjectId, time: i64) -> Option<ObjectId> {
        // Forged commits can be their own ancestors.
        let mut seen = HashSet::new();
        while seen.insert(commit) {
            let links = Links::of(&read(&self.local, &commit, Kind::Commit).ok()?);
            if links.committed < time {
                return Some(commit);
            }
            commit = *links.parents.first()?;
        }
        None
    }
}

//! What git says of the credentials in a repository, to compare the scan with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stanch_model::{Finding, Fingerprint, ObjectKind, Source};
use stanch_rules::normalise;
use stanch_scanner::{Coverage, HistoryOptions, Outcome, scan_history};

use super::repo::{copy, fed, unpack_all};
use super::shelf::Shelf;
use crate::sources::{control, gaps, git, git_command, line};

/// The credential that `line` makes of a seed.
pub(crate) fn token(seed: u64) -> String {
    line(seed).split('"').nth(1).expect("it is quoted").to_owned()
}

fn fingerprint(token: &str) -> Fingerprint {
    control(1).key.fingerprint(&normalise(token.as_bytes()))
}

/// What is told of a finding, whether by git or by us.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) path: String,
    pub(crate) seed: u64,
    pub(crate) line: u64,
    pub(crate) column: u64,
    /// Of the credential, in the object.
    pub(crate) start: u64,
    pub(crate) kind: ObjectKind,
    pub(crate) object: String,
    pub(crate) commit: Option<String>,
    pub(crate) reachable: Option<bool>,
    pub(crate) refs: Vec<String>,
    pub(crate) in_head: Option<bool>,
}

/// The findings of a scan for credentials of seeds below a limit.
pub(crate) fn rows(outcome: &Outcome, seeds: u64) -> Vec<Row> {
    let known: HashMap<Fingerprint, u64> = (0..seeds).map(|seed| (fingerprint(&token(seed)), seed)).collect();
    let mut rows: Vec<Row> = outcome.findings.iter().map(|finding| row(finding, &known)).collect();
    rows.sort();
    rows
}

fn row(finding: &Finding, known: &HashMap<Fingerprint, u64>) -> Row {
    let git = finding.git.as_ref().expect("it is in history");
    let seed = *known.get(&finding.fingerprint).unwrap_or_else(|| panic!("nobody planted it: {finding:?}"));
    assert_eq!((finding.locator.source, finding.locator.blob.as_ref()), (Source::Object, Some(&git.blob)));
    assert_eq!(finding.locator.end - finding.locator.start, token(seed).len() as u64);
    assert_eq!(finding.location.end_line, finding.location.line);
    assert_eq!(finding.location.end_column - finding.location.column, token(seed).len() as u64);
    Row {
        path: finding.path.clone(),
        seed,
        line: finding.location.line,
        column: finding.location.column,
        start: finding.locator.start,
        kind: git.object,
        object: git.blob.clone(),
        commit: git.commit.clone(),
        reachable: git.reachable,
        refs: git.refs.clone(),
        in_head: finding.in_head,
    }
}

/// Seed and path, and for each commit that has it there the line and the column in bytes.
type Grepped = BTreeMap<(u64, Vec<u8>), BTreeMap<String, (u64, u64)>>;

/// A repository as git sees it.
pub(crate) struct Oracle<'a> {
    folder: &'a Path,
    seeds: u64,
    /// Each object with its kind.
    objects: Vec<(String, String)>,
    /// Each commit with its parents and its committer's date.
    commits: BTreeMap<String, (Vec<String>, i64)>,
    reachable: BTreeSet<String>,
    /// Tips that are no refs of git, by name.
    more_tips: Vec<(String, String)>,
    head: Option<String>,
}

fn lenient(folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = git_command(folder);
    command.args(arguments).env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_NO_LAZY_FETCH", "1");
    fed(&mut command, input).stdout
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).lines().map(ToOwned::to_owned).collect()
}

fn position(content: &[u8], token: &str) -> Option<usize> {
    content.windows(token.len()).position(|window| window == token.as_bytes())
}

/// Line, column and offset of a place, where lines are counted from another one.
fn place(content: &[u8], first: usize, at: usize) -> (u64, u64, u64) {
    let before = &content[first..at];
    let line = before.split(|byte| *byte == b'\n').count();
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    // A byte that is no UTF-8 counts as one, a code point as one.
    let columns: usize = before[start..].utf8_chunks().map(|c| c.valid().chars().count() + c.invalid().len()).sum();
    (line as u64, columns as u64 + 1, at as u64)
}

impl<'a> Oracle<'a> {
    pub(crate) fn of(folder: &'a Path, seeds: u64) -> Self {
        let batch = ["cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)"];
        let objects: Vec<(String, String)> = lines(&lenient(folder, &batch, b""))
            .iter()
            .map(|line| line.split_once(' ').map(|(id, kind)| (id.to_owned(), kind.to_owned())).expect("two words"))
            .collect();
        let ids: Vec<&str> = objects.iter().filter(|(_, kind)| kind == "commit").map(|(id, _)| id.as_str()).collect();
        let log =
            lenient(folder, &["log", "--no-walk=unsorted", "--stdin", "--format=%H|%P|%ct"], ids.join("\n").as_bytes());
        let log = if ids.is_empty() { Vec::new() } else { lines(&log) };
        let commits: BTreeMap<String, (Vec<String>, i64)> = log
            .iter()
            .map(|line| {
                let fields: Vec<&str> = line.split('|').collect();
                let parents = fields[1].split_whitespace().map(ToOwned::to_owned).collect();
                (fields[0].to_owned(), (parents, fields[2].parse().expect("a number")))
            })
            .collect();
        assert_eq!(commits.len(), ids.len());
        let head = lines(&lenient(folder, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], b"")).pop();
        let more_tips = more_tips(folder);
        let mut all = vec!["rev-list", "--all"];
        all.extend(more_tips.iter().map(|(_, id)| id.as_str()));
        let reachable = lines(&lenient(folder, &all, b"")).into_iter().collect();
        Self { folder, seeds, objects, commits, reachable, more_tips, head }
    }

    pub(crate) fn count(&self) -> u64 {
        self.objects.len() as u64
    }

    /// Every place where git finds a credential in a commit: seed, path and commit, with line and column in bytes.
    fn grep(&self) -> Grepped {
        let mut found = Grepped::new();
        if self.commits.is_empty() {
            return found;
        }
        let tokens: Vec<String> = (0..self.seeds).map(token).collect();
        let mut arguments = vec!["grep", "-a", "-z", "-n", "--column", "-o", "-F", "-f", "-"];
        arguments.extend(self.commits.keys().map(String::as_str));
        let seeds: HashMap<&str, u64> = tokens.iter().map(String::as_str).zip(0..).collect();
        let out = lenient(self.folder, &arguments, tokens.join("\n").as_bytes());
        let mut rest = out.as_slice();
        let mut field = |end: u8| {
            let at = rest.iter().position(|byte| *byte == end)?;
            let field = &rest[..at];
            rest = &rest[at + 1..];
            Some(field)
        };
        while let Some(place) = field(0) {
            let [row, column] = [0, 0].map(|end| String::from_utf8_lossy(field(end).expect("a number")).into_owned());
            let text = String::from_utf8_lossy(field(b'\n').expect("a token")).into_owned();
            let colon = place.iter().position(|byte| *byte == b':').expect("a commit");
            let commit = String::from_utf8_lossy(&place[..colon]).into_owned();
            let key = (seeds[text.as_str()], place[colon + 1..].to_vec());
            let at = (row.parse().expect("a line"), column.parse().expect("a column"));
            found.entry(key).or_default().entry(commit).or_insert(at);
        }
        found
    }

    /// What a scan must report.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = self.of_commits();
        rows.extend(self.of_messages());
        rows.extend(self.of_tree_tips(&rows));
        rows.extend(self.of_lost_blobs(&rows));
        rows.sort();
        rows
    }

    fn of_commits(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for ((seed, path), commits) in self.grep() {
            let new = |commit: &&String| self.commits[*commit].0.iter().all(|parent| !commits.contains_key(parent));
            let brought: Vec<&String> = commits.keys().filter(new).collect();
            // Those that have another one before them are later, whatever the clocks said.
            let first =
                |commit: &&&String| !brought.iter().any(|other| other != *commit && self.is_before(other, commit));
            let commit = brought
                .iter()
                .filter(first)
                .min_by_key(|commit| (!self.reachable.contains(**commit), self.commits[**commit].1, **commit))
                .expect("somebody brought it");
            let blob = self.blob_at(commit, &path);
            let content = lenient(self.folder, &["cat-file", "blob", &blob], b"");
            let at = position(&content, &token(seed)).expect("git saw it");
            let (line, column, start) = place(&content, 0, at);
            let bytes =
                start - content[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline as u64 + 1);
            assert_eq!((line, bytes + 1), commits[*commit], "what git says of {path:?}");
            rows.push(Row {
                path: String::from_utf8_lossy(&path).into_owned(),
                seed,
                line,
                column,
                start,
                kind: ObjectKind::Blob,
                object: blob,
                commit: Some((*commit).clone()),
                reachable: Some(self.reachable.contains(*commit)),
                refs: self.refs_of(commit),
                in_head: self.head.as_ref().map(|head| commits.contains_key(head)),
            });
        }
        rows
    }

    fn is_before(&self, one: &str, other: &str) -> bool {
        let mut command = git_command(self.folder);
        command.args(["merge-base", "--is-ancestor", one, other]).output().expect("git runs").status.success()
    }

    fn blob_at(&self, commit: &str, path: &[u8]) -> String {
        let listed = lenient(self.folder, &["ls-tree", "-r", "-z", "--full-tree", commit], b"");
        let entry = listed.split(|byte| *byte == 0).find(|entry| {
            let tab = entry.iter().position(|byte| *byte == b'\t');
            tab.is_some_and(|tab| &entry[tab + 1..] == path)
        });
        let entry = String::from_utf8_lossy(entry.expect("the path is there")).into_owned();
        entry.split_whitespace().nth(2).expect("an id").to_owned()
    }

    /// The refs that reach a commit, in the order of reports.
    fn refs_of(&self, commit: &str) -> Vec<String> {
        let contains = format!("--contains={commit}");
        let listed = lenient(self.folder, &["for-each-ref", &contains, "--format=%(refname) %(symref)"], b"");
        let mut refs: Vec<String> =
            lines(&listed).iter().filter_map(|line| line.strip_suffix(' ')).map(ToOwned::to_owned).collect();
        if self.head.as_ref().is_some_and(|head| self.is_before(commit, head)) {
            refs.push("HEAD".to_owned());
        }
        refs.extend(self.more_tips.iter().filter(|(_, tip)| self.is_before(commit, tip)).map(|(name, _)| name.clone()));
        in_order(refs)
    }

    fn of_messages(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (id, kind) in self.objects.iter().filter(|(_, kind)| kind == "commit" || kind == "tag") {
            let raw = lenient(self.folder, &["cat-file", kind, id], b"");
            let Some(first) = raw.windows(2).position(|window| window == b"\n\n").map(|at| at + 2) else { continue };
            for seed in 0..self.seeds {
                let Some(at) = position(&raw[first..], &token(seed)) else { continue };
                let (line, column, start) = place(&raw, first, first + at);
                let (commit, refs) =
                    if kind == "commit" { (Some(id.clone()), self.refs_of(id)) } else { (None, self.refs_to_tag(id)) };
                let reachable = Some(if kind == "commit" { self.reachable.contains(id) } else { !refs.is_empty() });
                rows.push(Row {
                    path: format!("{kind}/{id}"),
                    seed,
                    line,
                    column,
                    start,
                    kind: if kind == "commit" { ObjectKind::Commit } else { ObjectKind::Tag },
                    object: id.clone(),
                    commit,
                    reachable,
                    refs,
                    in_head: None,
                });
            }
        }
        rows
    }

    /// The refs that lead to a tag, over other tags or not.
    fn refs_to_tag(&self, tag: &str) -> Vec<String> {
        let refs = lines(&lenient(self.folder, &["for-each-ref", "--format=%(refname) %(objectname)"], b""));
        let leads = |line: &&String| {
            let mut id = line.split_once(' ').expect("two words").1.to_owned();
            loop {
                if id == tag {
                    return true;
                }
                let raw = lenient(self.folder, &["cat-file", "tag", &id], b"");
                match lines(&raw).first().and_then(|line| line.strip_prefix("object ")) {
                    Some(next) => next.clone_into(&mut id),
                    None => return false,
                }
            }
        };
        in_order(refs.iter().filter(leads).map(|line| line.split_once(' ').expect("two words").0.to_owned()).collect())
    }

    /// The refs that are of trees or blobs in the end, with these.
    fn tips_of(&self, kind: &str) -> Vec<(String, String)> {
        let refs = lines(&lenient(self.folder, &["for-each-ref", "--format=%(refname)"], b""));
        let peeled = |name: &String| {
            let id = lines(&lenient(self.folder, &["rev-parse", &format!("{name}^{{}}")], b"")).pop()?;
            let is = self.objects.iter().any(|(other, there)| *other == id && there == kind);
            is.then(|| (name.clone(), id))
        };
        refs.iter().filter_map(peeled).collect()
    }

    /// What stands in trees that refs name, as far as no commit has it at the same path.
    fn of_tree_tips(&self, known: &[Row]) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for (name, tree) in self.tips_of("tree") {
            let listed = lenient(self.folder, &["ls-tree", "-r", "-z", "--full-tree", &tree], b"");
            for entry in listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
                let entry = String::from_utf8_lossy(entry).into_owned();
                let (head, path) = entry.split_once('\t').expect("a path");
                let blob = head.split(' ').nth(2).expect("an id").to_owned();
                for row in self.of_blob(&blob, path) {
                    let same = |other: &&mut Row| (other.seed, &other.path) == (row.seed, &row.path);
                    if let Some(other) = rows.iter_mut().find(same) {
                        other.refs.push(name.clone());
                    } else if !known.iter().any(|other| (other.seed, &other.path) == (row.seed, &row.path)) {
                        let in_head = self.head.is_some().then_some(false);
                        rows.push(Row { reachable: Some(true), refs: vec![name.clone()], in_head, ..row });
                    }
                }
            }
        }
        rows
    }

    fn of_blob(&self, blob: &str, path: &str) -> Vec<Row> {
        let content = lenient(self.folder, &["cat-file", "blob", blob], b"");
        let row = |seed: u64| {
            let (line, column, start) = place(&content, 0, position(&content, &token(seed))?);
            Some(Row {
                path: path.to_owned(),
                seed,
                line,
                column,
                start,
                kind: ObjectKind::Blob,
                object: blob.to_owned(),
                commit: None,
                reachable: Some(false),
                refs: Vec::new(),
                in_head: None,
            })
        };
        (0..self.seeds).filter_map(row).collect()
    }

    /// Blobs that stand in no commit and in no tree that a ref names.
    fn of_lost_blobs(&self, known: &[Row]) -> Vec<Row> {
        let mut tips: Vec<String> = self.commits.keys().cloned().collect();
        tips.extend(self.tips_of("tree").into_iter().map(|(_, id)| id));
        let placed = lenient(
            self.folder,
            &["rev-list", "--objects", "--missing=allow-any", "--stdin"],
            tips.join("\n").as_bytes(),
        );
        let placed: BTreeSet<String> =
            lines(&placed).iter().map(|line| line.split(' ').next().unwrap_or("").to_owned()).collect();
        let named = self.tips_of("blob");
        let lost = self.objects.iter().filter(|(id, kind)| kind == "blob" && !placed.contains(id));
        let rows = lost.flat_map(|(id, _)| {
            let refs: Vec<String> = named.iter().filter(|(_, blob)| blob == id).map(|(name, _)| name.clone()).collect();
            let row = move |row: Row| Row { reachable: Some(!refs.is_empty()), refs: refs.clone(), ..row };
            self.of_blob(id, &format!("blob/{id}")).into_iter().map(row)
        });
        rows.filter(|row| !known.contains(row)).collect()
    }
}

fn in_order(mut refs: Vec<String>) -> Vec<String> {
    let rank = |name: &str| {
        let starts = ["refs/heads/", "HEAD", "refs/remotes/", "refs/tags/"];
        starts.iter().position(|start| name.starts_with(start)).unwrap_or(starts.len())
    };
    refs.sort_by(|a, b| (rank(a), a).cmp(&(rank(b), b)));
    refs.truncate(10);
    refs
}

/// The stashes but for the last, and what other working trees have checked out.
fn more_tips(folder: &Path) -> Vec<(String, String)> {
    let mut tips = Vec::new();
    for line in lines(&lenient(folder, &["stash", "list", "--format=%gd %H"], b"")).iter().skip(1) {
        let (name, id) = line.split_once(' ').expect("two words");
        tips.push((format!("refs/{name}"), id.to_owned()));
    }
    let own = lines(&lenient(folder, &["rev-parse", "--absolute-git-dir"], b"")).pop();
    let common = lines(&lenient(folder, &["rev-parse", "--path-format=absolute", "--git-common-dir"], b"")).pop();
    let (Some(own), Some(common)) = (own, common) else { return tips };
    let linked = std::fs::read_dir(Path::new(&common).join("worktrees")).into_iter().flatten().flatten();
    for entry in linked {
        let name = entry.file_name().to_string_lossy().into_owned();
        let head =
            lines(&lenient(folder, &["rev-parse", "--verify", "--quiet", &format!("worktrees/{name}/HEAD")], b""));
        tips.extend(head.into_iter().map(|id| (format!("worktrees/{name}/HEAD"), id)));
    }
    if own != common {
        let head = lines(&lenient(folder, &["rev-parse", "--verify", "--quiet", "main-worktree/HEAD"], b""));
        tips.extend(head.into_iter().map(|id| ("main-worktree/HEAD".to_owned(), id)));
    }
    tips
}

/// Scans with so many threads and so much memory.
pub(crate) fn scan_with(folder: &Path, jobs: usize, memory: u64) -> Outcome {
    let options = HistoryOptions { memory, ..HistoryOptions::default() };
    scan_history(&control(jobs), folder, &options).expect("the repository can be scanned")
}

/// Scans with one thread and with several, which tell the same, and soon: what is hostile can make a scan long.
pub(crate) fn scanned_soon(folder: &Path, seeds: u64) -> Outcome {
    const LONG: Duration = Duration::from_secs(90);
    let start = Instant::now();
    let one = scan_with(folder, 1, 64 << 20);
    let several = scan_with(folder, 3, 64 << 20);
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
    assert_eq!((rows(&one, seeds), gaps(&one)), (rows(&several, seeds), gaps(&several)));
    one
}

/// Compares with git: each credential where git has it and nothing else, and every object counted; the same with one thread and with
/// several, with much memory and with little. `gaps` are those that the ledger must tell, and no others.
pub(crate) fn agrees_but_for(folder: &Path, seeds: u64, gaps: &[(&str, &str)]) -> Vec<Row> {
    let oracle = Oracle::of(folder, seeds);
    let expected = oracle.rows();
    for (jobs, memory) in [(1, 1 << 30), (4, 1 << 30), (1, LITTLE), (4, LITTLE)] {
        let outcome = scan_with(folder, jobs, memory);
        assert_eq!(rows(&outcome, seeds), expected, "{jobs} jobs, {memory} bytes; left is the scan's");
        let Coverage { objects, commits, notes, interrupted, .. } = &outcome.coverage;
        assert_eq!((*objects, *commits, *interrupted), (oracle.count(), oracle.commits.len() as u64, false));
        let told: Vec<(&str, &str)> = notes.iter().map(|note| (note.path.as_str(), note.gap.as_str())).collect();
        assert_eq!(told, gaps, "{notes:?}");
    }
    remembers(folder, &HistoryOptions::default());
    remembers(folder, &HistoryOptions { memory: LITTLE, ..HistoryOptions::default() });
    expected
}

/// Whether scans with a state say the same: the first, one that knows the objects, and one that knows the answer.
pub(crate) fn remembers(folder: &Path, options: &HistoryOptions) {
    let shelf = Arc::new(Shelf::default());
    shelf.agrees(folder, options);
    shelf.agrees(folder, options);
}

/// Little memory, yet enough for the objects of the tests.
pub(crate) const LITTLE: u64 = 64 << 10;

pub(crate) fn agrees(folder: &Path, seeds: u64) -> Vec<Row> {
    agrees_but_for(folder, seeds, &[])
}

/// Compares with git: as it is, with everything in one pack, and with everything loose.
pub(crate) fn agrees_in_all_forms(folder: &Path, seeds: u64) -> Vec<Row> {
    let found = agrees(folder, seeds);
    let (shelf, options) = (Arc::new(Shelf::default()), HistoryOptions::default());
    shelf.agrees(folder, &options);
    let copies = tempfile::tempdir().expect("a temporary folder");
    let packed = copies.path().join("packed");
    copy(folder, &packed);
    git(&packed, &["repack", "-a", "-d", "-k", "-q", "-f", "--depth=50"]);
    git(&packed, &["prune-packed"]);
    assert_eq!(agrees(&packed, seeds), found, "packed");
    shelf.agrees(&packed, &options);
    unpack_all(&packed, Path::new(git(&packed, &["rev-parse", "--absolute-git-dir"]).trim()));
    assert_eq!(agrees(&packed, seeds), found, "loose");
    shelf.agrees(&packed, &options);
    found
}

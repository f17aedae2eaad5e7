//! A clone that may be shallow, made deeper until it holds what is asked for and no more.
//!
//! Nothing is written but objects and where the clone's history ends; no ref and no file of a tree is touched.

use std::collections::HashSet;
use std::fs;
use std::process::Output;

use super::event::{Base, Id, New, Otherwise};
use super::{Git, GitError, GitErrorKind};

/// A clone of the repository that an event is about. What it lacks is fetched from its remote `origin`.
#[derive(Debug)]
pub struct Checkout {
    git: Git,
    /// Whether a clone that has nothing yet begins shallow.
    begins: bool,
}

/// A range whose history is there, up to where it meets its base.
#[derive(Debug, PartialEq, Eq)]
pub struct Range {
    /// As `--range` takes it.
    pub text: String,
    /// The commit that the range goes out from.
    base: Id,
    /// What a person should know of how it was found.
    pub note: Option<String>,
}

/// What could be had.
#[derive(Debug, PartialEq, Eq)]
pub enum Had {
    /// What is new.
    Range(Range),
    /// Nothing to hold against was found, so everything counts as new.
    Everything {
        /// Why.
        why: String,
    },
}

/// A file as it was.
#[derive(Debug, PartialEq, Eq)]
pub enum Before {
    /// There was none.
    Absent,
    /// It had this content.
    Content(Vec<u8>),
}

/// The first step into the past, where the event does not tell how far.
const FIRST_STEP: u64 = 32;
/// Steps double up to this one; then everything is fetched.
const LAST_STEP: u64 = 1 << 14;

impl Checkout {
    /// The clone in whose folder git runs.
    ///
    /// # Errors
    /// If there is none.
    pub fn at(git: Git) -> Result<Self, GitError> {
        let checkout = Self { git, begins: false };
        let top = checkout.git(&["rev-parse", "--git-dir"])?;
        if top.status.success() {
            return Ok(checkout);
        }
        let dubious = String::from_utf8_lossy(&top.stderr).contains("dubious ownership");
        let kind = if dubious { GitErrorKind::DubiousOwner } else { GitErrorKind::NoRepository };
        Err(GitError::new(kind, format!("there is no repository to scan: {}", last_words(&top))))
    }

    /// A clone that has nothing yet, of which the first fetch brings no more history than it has to.
    #[must_use]
    pub fn beginning(self) -> Self {
        Self { begins: true, ..self }
    }

    /// Fetches all of the history of a commit.
    ///
    /// # Errors
    /// If git fails.
    pub fn history(&self, head: &Id) -> Result<(), GitError> {
        let options: &[&str] = if self.is_shallow()? { &["--unshallow"] } else { &[] };
        self.fetch(options, &[head.as_str()])
    }

    /// Remembers by a name of ours that a commit is there, so that the next fetch asks for what it lacks only.
    ///
    /// # Errors
    /// If git fails.
    pub fn remember(&self, name: &str, head: &Id) -> Result<(), GitError> {
        let done = self.git(&["update-ref", &format!("refs/stanch/{name}"), head.as_str()])?;
        if done.status.success() { Ok(()) } else { Err(not_fetched(&done)) }
    }

    /// Fetches all of the history that the clone's refs have.
    ///
    /// # Errors
    /// If git fails.
    pub fn complete(&self) -> Result<(), GitError> {
        if self.is_shallow()? { self.fetch(&["--unshallow"], &[]) } else { Ok(()) }
    }

    /// Fetches what a range takes.
    ///
    /// # Errors
    /// If it cannot be had.
    pub fn range(&self, new: &New) -> Result<Had, GitError> {
        let mut step = if new.commits > 0 { new.commits.saturating_add(2).min(LAST_STEP) } else { FIRST_STEP };
        self.bring(&new.head, new.head_ref.as_deref(), step)?;
        let mut note = None;
        let base = match &new.base {
            Base::Nothing { why } => return Ok(Had::Everything { why: why.clone() }),
            Base::Branch(branch) => {
                note = Some(format!("the branch is new, so what `{branch}` has not is scanned"));
                self.tip(branch, step)?
            }
            Base::Commit { id, branch, otherwise } => match (self.bring(id, branch.as_deref(), step), otherwise) {
                (Ok(()), _) => id.clone(),
                (Err(error), Otherwise::Fail) => return Err(error),
                (Err(_), Otherwise::Branch(branch)) => {
                    note = Some(format!(
                        "the commit {id} that was there before cannot be had any more, so what `{branch}` has not is scanned"
                    ));
                    self.tip(branch, step)?
                }
                (Err(_), Otherwise::Everything) => {
                    let why = format!("the commit {id} that was there before cannot be had any more");
                    return Ok(Had::Everything { why });
                }
            },
        };
        while self.is_shallow()? && !self.is_closed(&base, &new.head)? {
            if step > LAST_STEP {
                self.fetch(&["--unshallow"], &[base.as_str(), new.head.as_str()])?;
                break;
            }
            self.fetch(&[&format!("--deepen={step}")], &[base.as_str(), new.head.as_str()])?;
            step = step.saturating_mul(2);
        }
        // Three dots: what the head adds since it left the base, also where the base has gone on. Without a common commit all of it is new.
        let left = self.left(&base, &new.head)?;
        let dots = if left.is_some() { "..." } else { ".." };
        let text = format!("{}{dots}{}", base.as_str(), new.head.as_str());
        Ok(Had::Range(Range { text, base: left.unwrap_or(base), note }))
    }

    /// How many commits a range has.
    ///
    /// # Errors
    /// If git cannot be run.
    pub fn count(&self, range: &str) -> Result<u64, GitError> {
        let (base, head) = range.split_once("...").or_else(|| range.split_once("..")).unwrap_or_default();
        let counted = self.git(&["rev-list", "--count", head, &format!("^{base}"), "--"])?;
        Ok(String::from_utf8_lossy(&counted.stdout).trim().parse().unwrap_or(0))
    }

    /// Fetches a commit that is not there: by its id, or by a ref that has it.
    fn bring(&self, id: &Id, name: Option<&str>, step: u64) -> Result<(), GitError> {
        if self.has(id)? {
            return Ok(());
        }
        let depth = format!("--depth={step}");
        let options: &[&str] = if self.begins || self.is_shallow()? { &[&depth] } else { &[] };
        let by_id = self.fetch(options, &[id.as_str()]);
        if by_id.is_ok() && self.has(id)? {
            return Ok(());
        }
        if let Some(name) = name {
            self.fetch(options, &[name])?;
            if self.has(id)? {
                return Ok(());
            }
        }
        Err(match by_id {
            Err(error) => error,
            Ok(()) => GitError::new(GitErrorKind::NotFetched, format!("the commit {id} could not be fetched")),
        })
    }

    /// The commit that a branch of the remote is at.
    fn tip(&self, branch: &str, step: u64) -> Result<Id, GitError> {
        let listed = self.git(&["ls-remote", "--exit-code", REMOTE, branch])?;
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        let tip = text.lines().filter_map(|line| line.split_once('\t')).find(|(_, name)| *name == branch);
        let Some(id) = tip.and_then(|(id, _)| Id::of(id)) else {
            return Err(not_fetched(&listed));
        };
        self.bring(&id, Some(branch), step)?;
        Ok(id)
    }

    fn has(&self, id: &Id) -> Result<bool, GitError> {
        Ok(self.git(&["cat-file", "-e", &format!("{}^{{commit}}", id.as_str())])?.status.success())
    }

    fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(!self.ends()?.is_empty())
    }

    /// The commits whose parents are not there.
    fn ends(&self) -> Result<HashSet<String>, GitError> {
        let path = self.git(&["rev-parse", "--git-path", "shallow"])?;
        let path = String::from_utf8_lossy(&path.stdout).trim_end_matches(['\n', '\r']).to_owned();
        let text = fs::read_to_string(self.git.folder().join(path)).unwrap_or_default();
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Whether all that the head has and the base has not is there: no such commit is one whose parents are missing. Where the two have not met
    /// yet, the base's own past has to be there too, as the head's may be part of it.
    fn is_closed(&self, base: &Id, head: &Id) -> Result<bool, GitError> {
        let ends = self.ends()?;
        let touches = |arguments: &[&str]| -> Result<bool, GitError> {
            let listed = self.git(arguments)?;
            Ok(String::from_utf8_lossy(&listed.stdout).lines().any(|id| ends.contains(id)))
        };
        let not_base = format!("^{}", base.as_str());
        if touches(&["rev-list", head.as_str(), &not_base, "--"])? {
            return Ok(false);
        }
        Ok(self.left(base, head)?.is_some() || !touches(&["rev-list", base.as_str(), "--"])?)
    }

    /// The commit at which the head left the base, if they have one in common.
    fn left(&self, base: &Id, head: &Id) -> Result<Option<Id>, GitError> {
        let found = self.git(&["merge-base", base.as_str(), head.as_str()])?;
        Ok(String::from_utf8_lossy(&found.stdout).lines().next().and_then(Id::of))
    }

    /// A file of the checkout as it was before the range. `None` if it is no file of the repository's.
    ///
    /// # Errors
    /// If git cannot be run.
    pub fn before(&self, range: &Range, path: &str) -> Result<Option<Before>, GitError> {
        let listed = self.git(&["ls-files", "--full-name", "-z", "--error-unmatch", "--", path])?;
        let name = String::from_utf8_lossy(&listed.stdout).into_owned();
        let Some(name) = name.split('\0').next().filter(|name| listed.status.success() && !name.is_empty()) else {
            return Ok(None);
        };
        let shown = self.git(&["cat-file", "blob", &format!("{}:{name}", range.base.as_str())])?;
        Ok(Some(if shown.status.success() { Before::Content(shown.stdout) } else { Before::Absent }))
    }

    fn fetch(&self, options: &[&str], what: &[&str]) -> Result<(), GitError> {
        // No ref is written, and nothing runs afterwards.
        let fixed = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
        ];
        let fetched = self.git(&[&fixed[..], options, &[REMOTE], what].concat())?;
        if fetched.status.success() { Ok(()) } else { Err(not_fetched(&fetched)) }
    }

    fn git(&self, arguments: &[&str]) -> Result<Output, GitError> {
        self.git.run(arguments)
    }
}

/// The remote's name, as actions/checkout makes it and as we do.
const REMOTE: &str = "origin";

fn not_fetched(output: &Output) -> GitError {
    let message = format!("cannot fetch the history that is asked for: {}", last_words(output));
    GitError::new(GitErrorKind::NotFetched, message)
}

/// git's last words, on one line.
fn last_words(output: &Output) -> String {
    const KEPT: usize = 3;
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(KEPT)..).unwrap_or_default();
    if last.is_empty() { format!("git ended with {}", output.status) } else { last.join(" | ") }
}

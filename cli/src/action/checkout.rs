//! The checkout of the job: a clone that is most often shallow, made deeper until it holds what is asked for and no more.
//!
//! git is run as the job's checkout has set it up, with the credential it left in the configuration, if any. Nothing is written but objects and
//! where the clone's history ends; no ref and no file of the tree is touched.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::event::{Base, Id, New, Otherwise};
use crate::exit::CliError;

/// A clone of the repository that the event is about.
pub(super) struct Checkout<'a> {
    folder: &'a Path,
}

/// A range whose history is there, up to where it meets its base.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// As `--range` takes it.
    pub(super) text: String,
    /// The commit that the range goes out from.
    base: Id,
    /// What a person should know of how it was found.
    pub(super) note: Option<String>,
}

/// What could be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Had {
    Range(Range),
    /// Nothing to hold against was found, so everything counts as new.
    Everything {
        why: String,
    },
}

/// A file as it was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Before {
    Absent,
    Content(Vec<u8>),
}

/// The first step into the past, where the event does not tell how far.
const FIRST_STEP: u64 = 32;
/// Steps double up to this one; then everything is fetched.
const LAST_STEP: u64 = 1 << 14;

impl<'a> Checkout<'a> {
    /// The checkout in a folder.
    pub(super) fn at(folder: &'a Path) -> Result<Self, CliError> {
        let checkout = Self { folder };
        let top = checkout.git(&["rev-parse", "--git-dir"])?;
        if top.status.success() {
            return Ok(checkout);
        }
        let error = CliError::new(format!("there is no repository to scan: {}", last_words(&top)));
        Err(if String::from_utf8_lossy(&top.stderr).contains("dubious ownership") {
            error.hint("in a container the checkout may belong to another user: run `git config --global --add safe.directory \"$PWD\"` before")
        } else {
            error.hint("run actions/checkout before, and name its folder as `path`")
        })
    }

    /// Fetches all of the history that the clone's refs have.
    pub(super) fn complete(&self) -> Result<(), CliError> {
        if self.is_shallow()? { self.fetch(&["--unshallow"], &[]) } else { Ok(()) }
    }

    /// Fetches what a range takes.
    pub(super) fn range(&self, new: &New) -> Result<Had, CliError> {
        let mut step = if new.commits > 0 { new.commits.saturating_add(2).min(LAST_STEP) } else { FIRST_STEP };
        self.bring(&new.head, new.head_ref.as_deref(), step)?;
        let mut note = None;
        let base = match &new.base {
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
    pub(super) fn count(&self, range: &str) -> Result<u64, CliError> {
        let (base, head) = range.split_once("...").or_else(|| range.split_once("..")).unwrap_or_default();
        let counted = self.git(&["rev-list", "--count", head, &format!("^{base}"), "--"])?;
        Ok(String::from_utf8_lossy(&counted.stdout).trim().parse().unwrap_or(0))
    }

    /// Fetches a commit that is not there: by its id, or by a ref that has it.
    fn bring(&self, id: &Id, name: Option<&str>, step: u64) -> Result<(), CliError> {
        if self.has(id)? {
            return Ok(());
        }
        let depth = format!("--depth={step}");
        let options: &[&str] = if self.is_shallow()? { &[&depth] } else { &[] };
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
            Ok(()) => CliError::new(format!("the commit {id} could not be fetched")),
        })
    }

    /// The commit that a branch of the remote is at.
    fn tip(&self, branch: &str, step: u64) -> Result<Id, CliError> {
        let listed = self.git(&["ls-remote", "--exit-code", REMOTE, branch])?;
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        let tip = text.lines().filter_map(|line| line.split_once('\t')).find(|(_, name)| *name == branch);
        let Some(id) = tip.and_then(|(id, _)| Id::of(id)) else {
            return Err(not_fetched(&listed));
        };
        self.bring(&id, Some(branch), step)?;
        Ok(id)
    }

    fn has(&self, id: &Id) -> Result<bool, CliError> {
        Ok(self.git(&["cat-file", "-e", &format!("{}^{{commit}}", id.as_str())])?.status.success())
    }

    fn is_shallow(&self) -> Result<bool, CliError> {
        Ok(!self.ends()?.is_empty())
    }

    /// The commits whose parents are not there.
    fn ends(&self) -> Result<HashSet<String>, CliError> {
        let path = self.git(&["rev-parse", "--git-path", "shallow"])?;
        let path = String::from_utf8_lossy(&path.stdout).trim_end_matches(['\n', '\r']).to_owned();
        let text = fs::read_to_string(self.folder.join(path)).unwrap_or_default();
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Whether all that the head has and the base has not is there: no such commit is one whose parents are missing. Where the two have not met
    /// yet, the base's own past has to be there too, as the head's may be part of it.
    fn is_closed(&self, base: &Id, head: &Id) -> Result<bool, CliError> {
        let ends = self.ends()?;
        let touches = |arguments: &[&str]| -> Result<bool, CliError> {
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
    fn left(&self, base: &Id, head: &Id) -> Result<Option<Id>, CliError> {
        let found = self.git(&["merge-base", base.as_str(), head.as_str()])?;
        Ok(String::from_utf8_lossy(&found.stdout).lines().next().and_then(Id::of))
    }

    /// A file of the checkout as it was before the range. `None` if it is no file of the repository's.
    pub(super) fn before(&self, range: &Range, path: &str) -> Result<Option<Before>, CliError> {
        let listed = self.git(&["ls-files", "--full-name", "-z", "--error-unmatch", "--", path])?;
        let name = String::from_utf8_lossy(&listed.stdout).into_owned();
        let Some(name) = name.split('\0').next().filter(|name| listed.status.success() && !name.is_empty()) else {
            return Ok(None);
        };
        let shown = self.git(&["cat-file", "blob", &format!("{}:{name}", range.base.as_str())])?;
        Ok(Some(if shown.status.success() { Before::Content(shown.stdout) } else { Before::Absent }))
    }

    fn fetch(&self, options: &[&str], what: &[&str]) -> Result<(), CliError> {
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

    fn git(&self, arguments: &[&str]) -> Result<Output, CliError> {
        let mut git = Command::new("git");
        git.args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"]).args(arguments);
        git.current_dir(self.folder).stdin(Stdio::null()).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        git.output().map_err(|error| {
            CliError::new(format!("`git` cannot be run: {error}"))
                .hint("the runner needs git, as actions/checkout does")
        })
    }
}

/// The remote that actions/checkout makes.
const REMOTE: &str = "origin";

fn not_fetched(output: &Output) -> CliError {
    CliError::new(format!("cannot fetch the history that is asked for: {}", last_words(output)))
        .hint("let actions/checkout fetch it (`fetch-depth: 0`), or keep its credential (`persist-credentials: true`)")
}

/// git's last words, on one line.
fn last_words(output: &Output) -> String {
    const KEPT: usize = 3;
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(KEPT)..).unwrap_or_default();
    if last.is_empty() { format!("git ended with {}", output.status) } else { last.join(" | ") }
}

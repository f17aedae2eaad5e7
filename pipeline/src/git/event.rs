//! What an event of a code host asks for: which commits are new.
//!
//! Payloads: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>, and for the events of workflows
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows>. Every value in them may have been chosen by
//! a stranger, so ids are checked for their form and names of branches are used in full (`refs/heads/…`) only.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The id of a commit: 40 or 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl TryFrom<String> for Id {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::of(&text).ok_or_else(|| Malformed("no id of a commit".to_owned()))
    }
}

impl Id {
    /// The id that a text is.
    pub fn of(text: &str) -> Option<Self> {
        let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        (matches!(text.len(), 40 | 64) && hex).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for no commit: a branch that is new, or gone.
    pub fn is_none(&self) -> bool {
        self.0.bytes().all(|b| b == b'0')
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get(..12).unwrap_or(&self.0))
    }
}

/// What is to be scanned.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing came.
    Nothing {
        /// Why not.
        why: &'static str,
    },
    /// All of the history.
    Everything {
        /// Why.
        why: String,
    },
    /// What one commit has and another has not.
    New(New),
}

/// Commits that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct New {
    /// For people, as in `pull request 12`.
    pub of: String,
    /// What was there before.
    pub base: Base,
    /// The last of them.
    pub head: Id,
    /// The ref by which the head can be fetched where the server gives no commit by its id.
    pub head_ref: Option<String>,
    /// How many commits there are, as far as the event tells.
    pub commits: u64,
}

/// What was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// Nothing that anything could be held against.
    Nothing {
        /// Why.
        why: String,
    },
    /// A commit.
    Commit {
        /// Which.
        id: Id,
        /// The branch whose tip it was.
        branch: Option<String>,
        /// What is done if it cannot be had.
        otherwise: Otherwise,
    },
    /// The tip of a branch, in full: the first push of another.
    Branch(String),
}

/// What is done if nobody has a commit any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// It is an error: the event would not have come without it.
    Fail,
    /// The tip of a branch takes its place.
    Branch(String),
    /// All of the history counts as new.
    Everything,
}

/// Why a payload cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// What an event of GitHub asks for. A push of GitLab has the same fields but for the branch that is the default, which has to be put to where
/// GitHub has it.
///
/// # Errors
/// If the payload lacks what such an event has, or has something else there.
pub fn asked(name: &str, payload: &Value) -> Result<Asked, Malformed> {
    match name {
        "pull_request" | "pull_request_target" => pull_request(payload),
        "push" => push(payload),
        "merge_group" => merge_group(payload),
        name => Ok(Asked::Everything { why: format!("the event is {}", known_word(name)) }),
    }
}

/// The event's name, if it is a word.
fn known_word(name: &str) -> &str {
    if name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') { name } else { "another one" }
}

fn pull_request(payload: &Value) -> Result<Asked, Malformed> {
    let number = payload.pointer("/pull_request/number").and_then(Value::as_u64);
    let number = number.ok_or_else(|| Malformed("it has no /pull_request/number".to_owned()))?;
    let branch = branch(payload, "/pull_request/base/ref");
    Ok(Asked::New(New {
        of: format!("pull request {number}"),
        base: Base::Commit { id: id(payload, "/pull_request/base/sha")?, branch, otherwise: Otherwise::Fail },
        head: id(payload, "/pull_request/head/sha")?,
        // Has the head of a fork, too.
        head_ref: Some(format!("refs/pull/{number}/head")),
        commits: payload.pointer("/pull_request/commits").and_then(Value::as_u64).unwrap_or(0),
    }))
}

fn merge_group(payload: &Value) -> Result<Asked, Malformed> {
    Ok(Asked::New(New {
        of: "the merge group".to_owned(),
        base: Base::Commit {
            id: id(payload, "/merge_group/base_sha")?,
            branch: text(payload, "/merge_group/base_ref").and_then(full),
            otherwise: Otherwise::Fail,
        },
        head: id(payload, "/merge_group/head_sha")?,
        head_ref: text(payload, "/merge_group/head_ref").and_then(full),
        commits: 0,
    }))
}

fn push(payload: &Value) -> Result<Asked, Malformed> {
    let (before, after) = (id(payload, "/before")?, id(payload, "/after")?);
    if after.is_none() || payload.pointer("/deleted") == Some(&Value::Bool(true)) {
        return Ok(Asked::Nothing { why: "a branch or tag was deleted" });
    }
    let pushed = text(payload, "/ref").and_then(full);
    let default = branch(payload, "/repository/default_branch").filter(|default| Some(default) != pushed.as_ref());
    let commits = payload.pointer("/commits").and_then(Value::as_array).map_or(0, |commits| commits.len() as u64);
    let new = |base| New { of: "the push".to_owned(), base, head: after.clone(), head_ref: pushed.clone(), commits };
    Ok(match (before.is_none(), default) {
        (false, default) => {
            let otherwise = default.map_or(Otherwise::Everything, Otherwise::Branch);
            Asked::New(new(Base::Commit { id: before, branch: None, otherwise }))
        }
        (true, Some(default)) => Asked::New(new(Base::Branch(default))),
        (true, None) => Asked::New(new(Base::Nothing { why: "the default branch is new".to_owned() })),
    })
}

fn text<'p>(payload: &'p Value, pointer: &str) -> Option<&'p str> {
    payload.pointer(pointer).and_then(Value::as_str)
}

fn id(payload: &Value, pointer: &str) -> Result<Id, Malformed> {
    text(payload, pointer).and_then(Id::of).ok_or_else(|| Malformed(format!("it has no commit at {pointer}")))
}

/// A branch by its short name, in full.
fn branch(payload: &Value, pointer: &str) -> Option<String> {
    full(&format!("refs/heads/{}", text(payload, pointer)?))
}

/// A ref in full, if it can be one: <https://git-scm.com/docs/git-check-ref-format>.
fn full(name: &str) -> Option<String> {
    let odd = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let fits = name.starts_with("refs/") && !name.contains(odd) && !name.contains("..") && !name.contains("@{");
    (fits && !name.ends_with('/')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const NONE: &str = "0000000000000000000000000000000000000000";

    fn commit(id: &str) -> Id {
        Id::of(id).unwrap_or_else(|| panic!("{id}"))
    }

    #[test]
    fn a_pull_request_asks_for_what_its_head_adds() {
        let payload = json!({ "pull_request": { "number": 7, "commits": 3, "base": { "sha": A, "ref": "main" }, "head": { "sha": B } } });
        let new = New {
            of: "pull request 7".to_owned(),
            base: Base::Commit {
                id: commit(A),
                branch: Some("refs/heads/main".to_owned()),
                otherwise: Otherwise::Fail,
            },
            head: commit(B),
            head_ref: Some("refs/pull/7/head".to_owned()),
            commits: 3,
        };
        assert_eq!(asked("pull_request_target", &payload), Ok(Asked::New(new)));
    }

    #[test]
    fn a_push_is_held_against_what_was_there() {
        let push = |before: &str, after: &str, name: &str| {
            let repository = json!({ "default_branch": "main" });
            asked(
                "push",
                &json!({ "before": before, "after": after, "ref": name, "repository": repository, "commits": [{}] }),
            )
        };
        let base = |asked| match asked {
            Ok(Asked::New(new)) => Some(new.base),
            _ => None,
        };
        let main = || Some("refs/heads/main".to_owned());
        let known = |otherwise| Some(Base::Commit { id: commit(A), branch: None, otherwise });
        assert_eq!(base(push(A, B, "refs/heads/topic")), known(Otherwise::Branch("refs/heads/main".to_owned())));
        assert_eq!(base(push(A, B, "refs/heads/main")), known(Otherwise::Everything));
        assert_eq!(base(push(NONE, B, "refs/heads/topic")), main().map(Base::Branch));
        assert_eq!(base(push(NONE, B, "refs/tags/v1")), main().map(Base::Branch));
        assert!(matches!(base(push(NONE, B, "refs/heads/main")), Some(Base::Nothing { .. })));
        assert!(matches!(push(A, NONE, "refs/heads/topic"), Ok(Asked::Nothing { .. })));
    }

    #[test]
    fn other_events_ask_for_everything() {
        for name in ["schedule", "workflow_dispatch", "release"] {
            assert_eq!(asked(name, &json!({})), Ok(Asked::Everything { why: format!("the event is {name}") }));
        }
    }

    #[test]
    fn hostile_payloads_are_refused() {
        for (name, payload) in [
            ("pull_request", json!({})),
            (
                "pull_request",
                json!({ "pull_request": { "number": 1, "base": { "sha": "--upload-pack=id" }, "head": { "sha": B } } }),
            ),
            ("push", json!({ "before": A, "after": "HEAD" })),
            ("push", json!({ "before": A.to_uppercase(), "after": B })),
            ("merge_group", json!({ "merge_group": { "base_sha": A } })),
            ("push", json!([1])),
        ] {
            assert!(asked(name, &payload).is_err(), "{payload}");
        }
        for name in [
            "-x",
            "refs/heads/a:b",
            "refs/heads/a b",
            "refs/heads/../x",
            "refs/heads/a*",
            "refs/heads/\n",
            "refs/heads/",
        ] {
            assert_eq!(full(name), None, "{name}");
        }
        assert_eq!(full("refs/heads/é/-x").as_deref(), Some("refs/heads/é/-x"));
    }
}

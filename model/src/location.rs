//! Where a credential stands, and where it can be read again.

use serde::{Deserialize, Serialize};

/// A place in a text. Lines and columns count from 1, columns in Unicode code points (a byte that is no UTF-8
/// counts as one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The line of the first byte.
    pub line: u64,
    /// The column of the first byte.
    pub column: u64,
    /// The line of the last byte.
    pub end_line: u64,
    /// The column after the last byte.
    pub end_column: u64,
}

/// What kind of thing was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A file of a working tree or folder.
    File,
    /// Standard input.
    Stdin,
    /// The blob that git's index holds for a path.
    Index,
    /// An object of a git repository.
    Object,
}

/// Where the secret can be read again. It holds no part of the secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Locator {
    /// The kind of source.
    pub source: Source,
    /// The folder or repository that was the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// The object id, for git sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// The first byte of the secret in the file or blob.
    pub start: u64,
    /// The byte after the secret.
    pub end: u64,
    /// The decoding layers between the file and the secret, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decode: Vec<String>,
}

/// What kind of object of a repository holds a credential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// The content of a file.
    #[default]
    Blob,
    /// A commit, of which the message is meant.
    Commit,
    /// An annotated tag, of which the message is meant.
    Tag,
}

/// Where in history a credential stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GitPlace {
    /// The kind of the object that holds it.
    pub object: ObjectKind,
    /// The object's id: of the blob, or of the commit or tag in whose message it stands.
    pub blob: String,
    /// The introducing commit, where there is one; for a message the commit itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The author's name; for a tag the tagger's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The author's mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The author's date, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The committer's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committer: Option<String>,
    /// The committer's mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committer_email: Option<String>,
    /// The committer's date, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<String>,
    /// The first line of the commit's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whether a ref still reaches it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
    /// Refs that still reach it, in full (`refs/heads/main`): branches first, then those of remotes, tags, others. Some, if there are many.
    pub refs: Vec<String>,
    /// How many refs reach it beside those.
    pub more_refs: u64,
}

//! The file, which names itself: any byte that is altered is noticed.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Item;

/// The form, and its version.
pub const SCHEMA: &str = "stanch.plan/1";
/// For how long a plan may be applied: what it saw grows old.
pub const LASTS: SignedDuration = SignedDuration::from_hours(24);
/// What stands in the digest's place while it is taken.
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanFile {
    /// [`SCHEMA`].
    pub schema: String,
    /// The digest of all other bytes of the file.
    pub digest: String,
    /// When it was made.
    pub made: Timestamp,
    /// Until when it may be applied.
    pub expires: Timestamp,
    /// Where the secrets are read again.
    pub findings: Vec<PathBuf>,
    /// The folder that paths in the findings start at.
    pub root: PathBuf,
    /// Whether something of the findings could not be read.
    pub incomplete: bool,
    /// Sets of policies that come with stanch and decide beside `default`.
    pub shipped: Vec<String>,
    /// Files of policies that decide, too.
    pub policies: Vec<PathBuf>,
    /// The credentials.
    pub items: Vec<Item>,
}

/// What can no longer be applied, or never could.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is something else.
    #[error("it is no plan of stanch, or of another version ({0})")]
    Form(String),
    /// It is not what was written.
    #[error("it was altered after it was made: its digest does not fit")]
    Altered,
    /// It is too old.
    #[error("it expired at {0}")]
    Expired(Timestamp),
}

/// Where the credentials of a plan come from, and who decides about them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Open {
    /// The findings.
    pub findings: Vec<PathBuf>,
    /// The folder that paths in them start at.
    pub root: PathBuf,
    /// Whether something of them could not be read.
    pub incomplete: bool,
    /// Sets of policies that come with stanch.
    pub shipped: Vec<String>,
    /// Files of policies.
    pub policies: Vec<PathBuf>,
}

impl PlanFile {
    /// A plan made now.
    pub fn new(open: Open, items: Vec<Item>, now: Timestamp) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            digest: BLANK.to_owned(),
            made: now,
            expires: now.checked_add(LASTS).unwrap_or(now),
            findings: open.findings,
            root: open.root,
            incomplete: open.incomplete,
            shipped: open.shipped,
            policies: open.policies,
            items,
        }
    }

    /// The text, which `hide` is shown before it is sealed, so that what it takes out is out of what is sealed.
    pub fn text(&self, hide: impl FnOnce(&str) -> String) -> String {
        // Maps with text as keys have a form in JSON.
        let blank = Self { digest: BLANK.to_owned(), ..self.clone() };
        let mut text = hide(&serde_json::to_string_pretty(&blank).unwrap_or_default());
        text.push('\n');
        let digest = digest(text.as_bytes());
        text.replacen(BLANK, &digest, 1)
    }

    /// Reads a plan that may be applied at this time.
    ///
    /// # Errors
    /// If it is none, was altered, or expired.
    pub fn read(bytes: &[u8], now: Timestamp) -> Result<Self, ReadError> {
        let form = |error: &dyn std::fmt::Display| ReadError::Form(error.to_string());
        let text = std::str::from_utf8(bytes).map_err(|error| form(&error))?;
        let plan: Self = serde_json::from_str(text)
            .map_err(|error: serde_json::Error| form(&format!("line {}, column {}", error.line(), error.column())))?;
        if plan.schema != SCHEMA {
            return Err(form(&"`schema` is another"));
        }
        let blank = text.replacen(&plan.digest, BLANK, 1);
        if plan.digest.len() != BLANK.len() || digest(blank.as_bytes()) != plan.digest {
            return Err(ReadError::Altered);
        }
        if plan.expires <= now {
            return Err(ReadError::Expired(plan.expires));
        }
        Ok(plan)
    }
}

fn digest(bytes: &[u8]) -> String {
    blake3::Hash::from_bytes(blake3::derive_key("stanch plan file 1", bytes)).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    fn text() -> String {
        let open = Open { findings: vec!["findings.json".into()], root: "/src".into(), ..Open::default() };
        PlanFile::new(open, Vec::new(), at(0)).text(ToOwned::to_owned)
    }

    #[test]
    fn what_was_written_is_read_until_it_expires() {
        let text = text();
        let plan = PlanFile::read(text.as_bytes(), at(23));
        assert!(plan.is_ok_and(|plan| plan.root == Path::new("/src") && plan.made == at(0)));
        assert_eq!(PlanFile::read(text.as_bytes(), at(24)), Err(ReadError::Expired(at(24))));
    }

    #[test]
    fn any_altered_byte_is_noticed() {
        let text = text();
        for at_byte in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            if let Some(byte) = bytes.get_mut(at_byte) {
                *byte ^= 1;
            }
            assert!(PlanFile::read(&bytes, at(1)).is_err(), "byte {at_byte}");
        }
        let longer = format!("{text} ");
        assert_eq!(PlanFile::read(longer.as_bytes(), at(1)), Err(ReadError::Altered));
    }

    #[test]
    fn what_is_hidden_is_hidden_before_it_is_sealed() {
        let open = Open { findings: vec!["canary".into()], root: "/".into(), ..Open::default() };
        let text = PlanFile::new(open, Vec::new(), at(0)).text(|text| text.replace("canary", "c…"));
        assert!(!text.contains("canary") && PlanFile::read(text.as_bytes(), at(1)).is_ok());
    }
}

//! The chain: each line of the log carries the hash of the line before it and of itself.

/// A BLAKE3 hash.
pub type Hash = [u8; 32];

/// What the first line names as the one before it.
pub const START: Hash = [0; 32];

/// A line of the log, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place, from 1 without gaps.
    pub seq: u64,
    /// Its unique name.
    pub id: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who: a person, or a process of ours.
    pub actor: String,
    /// The incident that it is about, if it is about one.
    pub incident: Option<String>,
    /// What happened, in JSON.
    pub event: String,
    /// The hash of the line before it.
    pub prev: Hash,
    /// The hash of this line.
    pub hash: Hash,
}

impl Line {
    /// What the line's hash has to be.
    pub fn digest(&self) -> Hash {
        self.digest_at(self.seq)
    }

    /// What the line's hash would have to be at another place.
    fn digest_at(&self, seq: u64) -> Hash {
        let mut hasher = blake3::Hasher::new_derive_key("stanch 2026-11-21 line of the log");
        hasher.update(&self.prev).update(&seq.to_le_bytes()).update(&self.at.to_le_bytes());
        hasher.update(&[u8::from(self.incident.is_some())]);
        for text in [self.id.as_str(), &self.actor, self.incident.as_deref().unwrap_or_default(), &self.event] {
            // With its length before it no text can reach into the next.
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        hasher.finalize().into()
    }

    /// The line with its hash.
    pub(crate) fn hashed(mut self) -> Self {
        self.hash = self.digest();
        self
    }
}

/// What is wrong at a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// Its content is not what was hashed.
    Changed,
    /// Lines before it are gone.
    Deleted {
        /// How many.
        lines: u64,
    },
    /// It stood at another place.
    Moved {
        /// At which.
        from: u64,
    },
    /// It is whole, but follows another line than the one before it.
    Foreign,
}

/// The first line that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    /// The place of the line in the log.
    pub seq: u64,
    /// What is wrong.
    pub defect: Defect,
}

/// Follows the chain line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    seq: u64,
    hash: Hash,
    at: i64,
}

impl Default for Chain {
    fn default() -> Self {
        Self { seq: 0, hash: START, at: i64::MIN }
    }
}

impl Chain {
    /// The place of the last line, 0 before the first.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The hash of the last line.
    pub const fn hash(&self) -> &Hash {
        &self.hash
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// If it does not follow. `last` is the place of the last line of the log, as far as it is known: a line that was moved is looked for up to there.
    pub fn take(&mut self, line: &Line, last: u64) -> Result<(), Break> {
        let expected = self.seq + 1;
        let whole = line.digest() == line.hash;
        if line.seq != expected {
            let broken = |defect| Err(Break { seq: expected, defect });
            return match line.seq.checked_sub(expected) {
                Some(lines) => broken(Defect::Deleted { lines }),
                None => broken(Defect::Moved { from: line.seq }),
            };
        }
        if whole && line.prev == self.hash && line.at >= self.at {
            *self = Self { seq: line.seq, hash: line.hash, at: line.at };
            return Ok(());
        }
        let defect = if whole {
            Defect::Foreign
        } else {
            home(line, last).map_or(Defect::Changed, |from| Defect::Moved { from })
        };
        Err(Break { seq: expected, defect })
    }
}

/// The place at which a line would be whole.
fn home(line: &Line, last: u64) -> Option<u64> {
    /// Places that are tried: a second's work.
    const MOST: u64 = 1 << 20;
    let near = line.seq.saturating_sub(MOST / 2).max(1);
    (near..=last.min(near.saturating_add(MOST))).find(|seq| line.digest_at(*seq) == line.hash)
}

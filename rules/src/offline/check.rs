//! What an offline check is and what it answers; the types every check shares.

/// What an offline check says of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The checksum or the structure is right.
    Yes,
    /// It is wrong: the candidate is no live credential of this kind.
    No,
    /// This variant of the credential carries nothing to check, or too little is known of it.
    Unknown,
}

/// How much a [`Holds::Yes`] is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// A checksum over the candidate. Random text of the right shape passes once in 2 to the power of `bits`.
    Checksum {
        /// Size of the checksum in bits.
        bits: u8,
    },
    /// The candidate decodes to what it should be made of; nothing ties its random part.
    Structure,
}

/// Longest value of a fact, in bytes.
const FACT_MAX: usize = 128;

/// A fact read out of the candidate that is not itself secret: an account id, an issuer, an expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Kebab-case name, for example `account-id`.
    pub name: &'static str,
    /// Printable ASCII, at most 128 bytes.
    pub value: String,
}

impl Fact {
    /// Takes what is printable of `value`: candidates are hostile text and facts get printed.
    fn new(name: &'static str, value: &str) -> Option<Self> {
        let printable = |c: &char| c.is_ascii_graphic() || *c == ' ';
        let value: String = value.chars().filter(printable).take(FACT_MAX).collect();
        (!value.is_empty()).then_some(Self { name, value })
    }
}

/// The answer of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whether the checksum or structure holds.
    pub holds: Holds,
    /// Facts found on the way; empty unless `holds` is [`Holds::Yes`] or the facts do not depend on it.
    pub facts: Vec<Fact>,
}

impl Checked {
    /// An answer without facts.
    pub(super) fn of(holds: Holds) -> Self {
        Self { holds, facts: Vec::new() }
    }

    /// [`Holds::Yes`], no facts yet.
    pub(super) fn yes() -> Self {
        Self::of(Holds::Yes)
    }

    /// [`Holds::No`].
    pub(super) fn no() -> Self {
        Self::of(Holds::No)
    }

    /// [`Holds::Unknown`].
    pub(super) fn unknown() -> Self {
        Self::of(Holds::Unknown)
    }

    /// [`Holds::Yes`] or [`Holds::No`].
    pub(super) fn when(right: bool) -> Self {
        if right { Self::yes() } else { Self::no() }
    }

    /// Adds a fact, unless nothing of `value` is printable.
    pub(super) fn with(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.facts.extend(Fact::new(name, value.as_ref()));
        self
    }

    /// Adds a fact if there is one.
    pub(super) fn with_some(self, name: &'static str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// A check by parsing: `None` means the candidate is not made as it should be.
pub(super) fn parsed(answer: Option<Checked>) -> Checked {
    answer.unwrap_or_else(Checked::no)
}

/// A named pure function over the bytes of a candidate.
#[derive(Clone, Copy)]
pub struct Check {
    /// Kebab-case name by which rules call it, for example `github-crc32`.
    pub name: &'static str,
    /// What it looks at, in one line.
    pub about: &'static str,
    /// Link to where the format is documented.
    pub source: &'static str,
    /// How much a pass is worth.
    pub strength: Strength,
    /// Looks at the whole candidate (prefix included) and never panics.
    pub run: fn(&[u8]) -> Checked,
    /// Makes a fake candidate valid, for the token minter. A candidate it can do nothing with is left alone.
    ///
    /// A checksum of its own place is appended to what stands before it. Where the checksum is part of an
    /// encoded whole (base64 of Azure, base58, UUIDs), the candidate is given at full length and rewritten in
    /// place. Candidates that carry JSON are given as their prefix alone, and the rest is made up from it.
    pub seal: Option<fn(&mut Vec<u8>)>,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Check {
    /// A check with a checksum of `bits` bits; add a seal with [`Check::sealed`].
    pub(super) const fn checksum(name: &'static str, bits: u8, run: fn(&[u8]) -> Checked) -> Self {
        let strength = Strength::Checksum { bits };
        Self { name, about: "", source: "", strength, run, seal: None }
    }

    /// A check of structure.
    pub(super) const fn structure(name: &'static str, run: fn(&[u8]) -> Checked) -> Self {
        Self { name, about: "", source: "", strength: Strength::Structure, run, seal: None }
    }

    /// Says what the check looks at and where that is documented.
    pub(super) const fn about(self, about: &'static str, source: &'static str) -> Self {
        Self { about, source, ..self }
    }

    /// Adds the function that makes a candidate valid.
    pub(super) const fn sealed(self, seal: fn(&mut Vec<u8>)) -> Self {
        Self { seal: Some(seal), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_short_and_printable() {
        let long = "x".repeat(500);
        let checked = Checked::yes().with("a", "b\u{1b}[31m\n\u{202e}c").with("long", &long).with("none", "\u{7}");
        let values: Vec<_> = checked.facts.iter().map(|f| f.value.len()).collect();
        assert_eq!(checked.facts.first().map(|f| f.value.as_str()), Some("b[31mc"));
        assert_eq!(values, [6, 128]);
    }
}

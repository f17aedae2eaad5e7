//! Secrets that others found: another scanner, a provider, a code host. Which of our rules they belong to is found out by scanning them.

mod fit;
mod names;
mod recognise;

pub use fit::Misfit;
pub use names::rule as rule_of_name;
pub use recognise::Recogniser;

/// A secret that somebody else found.
pub struct Foreign<'a> {
    /// What they call its kind.
    pub kind: &'a str,
    /// The secret.
    pub secret: &'a str,
    /// The text that it stands in, where they tell.
    pub context: Option<&'a str>,
    /// What belongs to it, by a name.
    pub more: Vec<(&'a str, &'a str)>,
    /// Where it stands, as findings write paths.
    pub path: &'a str,
    /// The line there; 0 if nobody says.
    pub line: u64,
}

impl std::fmt::Debug for Foreign<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Foreign").field("kind", &self.kind).field("line", &self.line).finish_non_exhaustive()
    }
}

//! What is wrong with a rule, and where in its file.

use std::ops::Range;

/// One mistake in a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The rule's id, where it is known.
    pub rule: Option<String>,
    /// The bytes of the file that are wrong.
    pub span: Range<usize>,
    /// What is wrong, as a fragment in lower case.
    pub message: String,
    /// What to write in its place.
    pub help: Option<String>,
}

impl Defect {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { rule: None, span, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

//! The rules in use.

use std::ops::Deref;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::builtin::RULES;
use crate::check::{Checkable, check};
use crate::defect::Defect;
use crate::file;
use crate::rule::{List, Rule};

/// Rules, ordered by id.
#[derive(Debug, Clone)]
pub struct RuleSet(List<Rule>);

impl RuleSet {
    /// The built-in rules. Nothing is parsed or copied.
    pub fn builtin() -> Self {
        Self(List::Borrowed(RULES))
    }

    /// A set of one's own.
    pub fn new(rules: Vec<Rule>) -> Self {
        let mut rules = rules;
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        Self(List::Owned(rules))
    }

    /// This set and further rules.
    #[must_use]
    pub fn with(self, more: Vec<Rule>) -> Self {
        let mut rules = self.0.into_owned();
        rules.extend(more);
        Self::new(rules)
    }

    /// Only the rules that `keep` wants.
    #[must_use]
    pub fn filtered(self, keep: impl Fn(&Rule) -> bool) -> Self {
        if self.0.iter().all(&keep) {
            return self;
        }
        Self(List::Owned(self.0.iter().filter(|rule| keep(rule)).cloned().collect()))
    }

    /// The rule of an id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.0.binary_search_by(|rule| rule.id.as_ref().cmp(id)).ok().and_then(|at| self.0.get(at))
    }
}

impl Deref for RuleSet {
    type Target = [Rule];

    fn deref(&self) -> &[Rule] {
        &self.0
    }
}

/// A rule file that cannot be used, with everything that is wrong with it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{} in the rule file `{name}`", count(defects))]
pub struct LoadError {
    /// The file's name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// What is wrong.
    pub defects: Vec<Defect>,
}

fn count(defects: &[Defect]) -> String {
    match defects {
        [_] => "a mistake".to_owned(),
        more => format!("{} mistakes", more.len()),
    }
}

impl LoadError {
    /// Draws each mistake with a caret at its place. `colour` adds terminal colours.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let drawn = self.defects.iter().map(|defect| renderer.render(&[self.group(defect)]));
        drawn.collect::<Vec<_>>().join("\n\n")
    }

    fn group<'a>(&'a self, defect: &'a Defect) -> Group<'a> {
        let end = defect.span.end.min(self.text.len());
        let start = defect.span.start.min(end);
        // A mistake of the whole rule is shown at its first line.
        let end = self.text[start..end].find('\n').map_or(end, |line| start + line);
        let snippet = Snippet::source(&self.text)
            .path(&self.name)
            .annotation(AnnotationKind::Primary.span(start..end).label(defect.help.as_deref().unwrap_or_default()));
        Level::ERROR.primary_title(&defect.message).element(snippet)
    }
}

/// Reads a rule file and checks its rules, beside those already `known`. `name` is for messages.
///
/// # Errors
/// Gives all mistakes of the file.
pub fn load(name: &str, text: &str, known: &RuleSet) -> Result<Vec<Rule>, LoadError> {
    let (located, mut defects) = file::parse(text);
    let checkable: Vec<Checkable<'_>> =
        located.iter().map(|l| Checkable { rule: &l.rule, span: l.span.clone(), id_span: l.id_span.clone() }).collect();
    defects.extend(check(&checkable, known));
    if defects.is_empty() {
        return Ok(located.into_iter().map(|located| located.rule).collect());
    }
    defects.sort_by_key(|defect| defect.span.start);
    Err(LoadError { name: name.to_owned(), text: text.to_owned(), defects })
}

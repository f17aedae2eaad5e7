//! What a rule is.

use std::borrow::Cow;

use stanch_model::{Category, Confidence, Sensitivity, Severity};

use crate::class::ByteClass;
use crate::opening::Opening;
use crate::shape::{Part, Shape};

/// Text that is built in or read at run time.
pub type Str = Cow<'static, str>;
/// A list that is built in or read at run time.
pub type List<T> = Cow<'static, [T]>;

/// What one kind of credential looks like, how it is checked offline, and who verifies and revokes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// `<provider>.<kind>`.
    pub id: Str,
    /// What a person calls it.
    pub title: Str,
    /// Who issues it.
    pub provider: Str,
    /// The provider's field.
    pub category: Category,
    /// The damage that it can do.
    pub severity: Severity,
    /// Whether it is secret at all.
    pub sensitivity: Sensitivity,
    /// What the look alone is worth.
    pub confidence: Confidence,
    /// What it looks like.
    pub look: Look,
    /// The longest match, in bytes.
    pub bound: u32,
    /// How far around the match its evidence looks.
    pub extent: Extent,
    /// The floor of the secret's Shannon entropy, bits a byte.
    pub entropy: Option<f32>,
    /// The offline check.
    pub check: Option<Str>,
    /// Whether a failed check rejects.
    pub gate: bool,
    /// The words looked for around it.
    pub context: Option<Context>,
    /// The rule of what belongs to it.
    pub companion: Option<Companion>,
    /// Whether the match starts with an address, whose host and user are facts.
    pub address: bool,
    /// The facts that stand beside it.
    pub beside: List<Beside>,
    /// What a glued left side means.
    pub boundary: Boundary,
    /// The hits a MB its anchor may cost.
    pub budget: u32,
    /// The verifier's id.
    pub verify: Option<Str>,
    /// The revoker's id.
    pub revoke: Option<Str>,
    /// How a person revokes it.
    pub manual: Manual,
    /// Where its facts come from.
    pub references: List<Str>,
    /// Texts in which it is found.
    pub accept: List<Case>,
    /// Texts in which it is not.
    pub reject: List<Case>,
}

/// The three ways of looking, one for each anchor.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// Shapes with a literal each.
    Literal(List<Shape>),
    /// Shapes of long token-like values.
    Run(List<Shape>),
    /// A pattern that starts with one of the literals.
    Pattern(Pattern),
    /// A naming word, an operator, a value.
    Assignment(Assignment),
}

/// A bytes-mode regular expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The expression.
    pub regex: Str,
    /// The literals at which a match starts.
    pub literals: List<Str>,
    /// How its matches start, where a table can tell.
    pub opening: Option<Opening>,
}

impl Pattern {
    /// A pattern, with its opening.
    pub fn new(regex: Str, literals: List<Str>) -> Self {
        let opening = Opening::of(&regex);
        Self { regex, literals, opening }
    }
}

/// A value that people choose, known by its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The naming words, lower case.
    pub words: List<Str>,
    /// The shortest value.
    pub min: u32,
    /// The longest value.
    pub max: u32,
}

/// How far something looks beyond the match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// So many bytes on each side.
    Bytes(u32),
    /// The token run it stands in.
    Run,
    /// The lines it touches.
    Line,
    /// Up to a blank line.
    Block,
    /// Everything.
    Document,
}

impl Extent {
    /// The most bytes it can look at on one side; `None` is no limit.
    pub const fn reach(self) -> Option<u32> {
        match self {
            Self::Bytes(n) => Some(n),
            Self::Run => Some(256),
            Self::Line => Some(512),
            Self::Block => Some(4096),
            Self::Document => None,
        }
    }
}

/// Words around a match.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// The words, lower case.
    pub words: List<Str>,
    /// How far they may stand from it.
    pub reach: Extent,
    /// Whether one is needed.
    pub need: bool,
}

/// What belongs to a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// The other rule's id.
    pub rule: Str,
    /// How far off it may stand, in bytes.
    pub within: u32,
    /// Whether nothing is reported without it.
    pub need: bool,
}

/// A fact that stands beside a credential: not secret itself, and needed to ask about it or to revoke it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Its name, in kebab case.
    pub fact: Str,
    /// A bytes-mode regular expression; its one group is the fact.
    pub pattern: Str,
    /// How far from the match it may stand.
    pub reach: Extent,
}

/// What a letter or digit right before the match means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// It counts against the candidate.
    Evidence,
    /// It rejects the candidate.
    Strict,
}

/// How a person revokes a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manual {
    /// The console page, where it is the same for everybody.
    pub url: Option<Str>,
    /// The clicks, and what breaks.
    pub runbook: Str,
}

/// A text with recipes, and what must come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The text; recipes stand in double braces.
    pub text: Str,
    /// What is found, as a recipe or text; `None`: the first recipe of the text.
    pub finds: Option<Str>,
    /// The least confidence it is found with.
    pub confidence: Confidence,
    /// Why it is no finding (reject cases).
    pub why: Option<Str>,
    /// Facts that it is found with (accept cases), by name.
    pub facts: List<(Str, Str)>,
}

impl Rule {
    /// How specific the rule is: of two that claim the same bytes the higher one is reported. A provider's literals count for most, then
    /// a provider's context, then forms that no provider owns (URLs, headers); assignments, which only go by a name, come last.
    pub fn specificity(&self) -> u32 {
        let literal = |shape: &Shape| {
            let bytes: usize =
                shape.parts.iter().map(|part| if let Part::Literal(bytes) = part { bytes.len() } else { 0 }).sum();
            bytes as u32
        };
        let literals = match &self.look {
            Look::Literal(shapes) | Look::Run(shapes) => shapes.iter().map(literal).min().unwrap_or(0),
            Look::Pattern(pattern) => pattern.literals.iter().map(|l| l.len() as u32).min().unwrap_or(0),
            Look::Assignment(_) => return if self.category == Category::Generic { 0 } else { 500 },
        };
        let class = match (&self.look, self.category) {
            (_, Category::Generic) => 1000,
            (Look::Run(_), _) => 2000,
            _ => 3000,
        };
        let needs_context = self.context.as_ref().is_some_and(|context| context.need);
        class + 10 * literals.min(90) + u32::from(needs_context)
    }

    /// The public prefix that a preview of the secret may show: only of rules that go by a literal, and never of a pattern.
    pub fn public_prefix<'a>(&'a self, secret: &[u8]) -> &'a [u8] {
        let (Look::Literal(shapes) | Look::Run(shapes)) = &self.look else { return &[] };
        let whole = |shape: &&Shape| shape.secret.0 == 0;
        let prefixes = shapes.iter().filter(whole).map(Shape::prefix).filter(|prefix| secret.starts_with(prefix));
        prefixes.max_by_key(|prefix| prefix.len()).unwrap_or_default()
    }
}

/// The shortest run that a run-anchored rule can look for.
pub const MIN_RUN: u32 = 16;

/// The class of the bytes that a run is made of: `base64any`.
pub const fn run_class() -> ByteClass {
    const RUN: ByteClass = {
        let mut words = [0; 4];
        let mut byte = 0;
        while byte < 128_u8 {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-') {
                words[(byte >> 6) as usize] |= 1 << (byte & 63);
            }
            byte += 1;
        }
        ByteClass(words)
    };
    RUN
}

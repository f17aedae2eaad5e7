//! Weighing: from the bytes in the window to a content verdict.
//!
//! The verdict depends on the rule and the window alone. What depends on where the bytes stand (path class) is added later, see
//! [`crate::place`].

use stanch_model::{Checksum, Confidence, Fact, Reason};
use stanch_rules::offline::{Holds, Strength};
use stanch_rules::{Boundary, Look, Rule, Str};

use crate::compiled::CompiledRule;
use crate::confirm::Match;
use crate::evidence::{
    entropy::{is_below, shannon},
    name::Name,
    placeholder::placeholder,
    value::{self, Assigned},
};
use crate::window::Window;

/// What the bytes say of a candidate, wherever they stand.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentVerdict {
    /// The sum of the points of the reasons.
    pub score: i16,
    /// Why the candidate is out, whatever else is found; `None` while it is in.
    pub rejected: Option<&'static str>,
    /// Whether only its companion can let it in.
    pub needs_companion: bool,
    /// Shannon entropy of the secret, bits a byte.
    pub entropy: f32,
    /// The offline check's word.
    pub checksum: Option<Checksum>,
    /// Facts that the check read out of the secret, and those that stand beside it.
    pub facts: Vec<Fact>,
    /// The context words seen.
    pub context: Vec<Str>,
    /// The steps.
    pub reasons: Vec<Reason>,
}

/// The score that a confidence starts at.
pub const fn threshold(confidence: Confidence) -> i16 {
    match confidence {
        Confidence::Low => 20,
        Confidence::Medium => 40,
        Confidence::High => 60,
    }
}

/// The confidence of a score; `None` below low.
pub fn confidence(score: i16) -> Option<Confidence> {
    Confidence::ALL.iter().rev().copied().find(|confidence| score >= threshold(*confidence))
}

/// The points for a companion that stands near.
pub(crate) const COMPANION: i16 = 20;
/// What a rule's look is worth by itself lies this much over the threshold of its confidence.
const MARGIN: i16 = 5;
const CONTEXT: i16 = 20;
const CHECKSUM_HOLDS: i16 = 40;
const STRUCTURE_HOLDS: i16 = 15;
const CHECK_FAILS: i16 = -45;
const GLUED_LEFT: i16 = -10;
const GLUED_RIGHT: i16 = -30;
/// In programs and archives anything looks like a name and a value.
const BINARY: i16 = -30;

/// How far a match is weighed that is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// To the end: what is out is told of like what is in.
    Whole,
    /// Until it is out.
    UntilOut,
}

/// Weighs a match. `window` holds the rule's extent around it, `context` tells the words of its kind that stand within their reach.
pub(crate) fn weigh(
    rule: &Rule,
    compiled: &CompiledRule,
    found: &Match,
    window: &Window<'_>,
    context: impl FnOnce() -> Vec<Str>,
    care: Care,
) -> ContentVerdict {
    let mut scale = Scale::new(rule);
    let secret = window.secret();
    let prefix = rule.public_prefix(secret).len();
    scale.checksum(compiled, secret);
    if rule.gate && scale.verdict.checksum == Some(Checksum::Invalid) {
        scale.reject("the check fails");
    }
    let steps: [&dyn Fn(&mut Scale); 4] = [
        &|scale| scale.entropy(rule, secret),
        &|scale| {
            // Where a match is only weighed until it is out, that was looked at before: see `is_no_secret`.
            if care == Care::Whole || compiled.check.is_some() {
                scale.placeholder(secret, prefix);
            }
        },
        &|scale| scale.boundaries(rule, found, window),
        &|scale| scale.value(rule, window),
    ];
    for step in steps {
        if care == Care::UntilOut && scale.verdict.rejected.is_some() {
            return scale.verdict;
        }
        step(&mut scale);
    }
    scale.context(rule, context());
    scale.verdict
}

/// Whether a secret is none by its own bytes, as [`weigh`] says too. Where an offline check has a say, that is not asked here.
pub(crate) fn is_no_secret(rule: &Rule, compiled: &CompiledRule, secret: &[u8]) -> bool {
    let plain = compiled.check.is_none();
    let regular = |floor: f32| is_below(secret, floor);
    plain && (rule.entropy.is_some_and(regular) || placeholder(secret, rule.public_prefix(secret).len()).is_some())
}

struct Scale {
    verdict: ContentVerdict,
    /// A real checksum holds: chance is out, so looks count no more.
    checksum_proves: bool,
}

impl Scale {
    fn new(rule: &Rule) -> Self {
        let points = threshold(rule.confidence) + MARGIN;
        let text = match rule.look {
            Look::Literal(_) | Look::Pattern(_) => "it has the form of its kind",
            Look::Run(_) => "it has the length and alphabet of its kind",
            Look::Assignment(_) => "it is assigned to a name for secrets",
        };
        let verdict = ContentVerdict {
            score: points,
            rejected: None,
            needs_companion: rule.companion.as_ref().is_some_and(|companion| companion.need),
            entropy: 0.0,
            checksum: None,
            facts: Vec::new(),
            context: Vec::new(),
            reasons: vec![Reason { points, text: text.into() }],
        };
        Self { verdict, checksum_proves: false }
    }

    fn add(&mut self, points: i16, text: &'static str) {
        self.verdict.score += points;
        self.verdict.reasons.push(Reason { points, text: text.into() });
    }

    fn reject(&mut self, why: &'static str) {
        self.verdict.rejected.get_or_insert(why);
    }

    fn checksum(&mut self, compiled: &CompiledRule, secret: &[u8]) {
        let Some(check) = compiled.check else { return };
        let checked = (check.run)(secret);
        let facts = checked.facts.into_iter().map(|fact| Fact { name: fact.name.into(), value: fact.value });
        self.verdict.facts = facts.collect();
        self.verdict.checksum = Some(match checked.holds {
            Holds::Yes => Checksum::Valid,
            Holds::No => Checksum::Invalid,
            Holds::Unknown => Checksum::Absent,
        });
        match (checked.holds, check.strength) {
            (Holds::Yes, Strength::Checksum { .. }) => {
                self.checksum_proves = true;
                self.add(CHECKSUM_HOLDS, "its checksum is right");
            }
            (Holds::Yes, Strength::Structure) => self.add(STRUCTURE_HOLDS, "its inner structure is right"),
            (Holds::No, Strength::Checksum { .. }) => self.add(CHECK_FAILS, "its checksum is wrong"),
            (Holds::No, Strength::Structure) => self.add(CHECK_FAILS, "its inner structure is wrong"),
            (Holds::Unknown, _) => {}
        }
    }

    fn entropy(&mut self, rule: &Rule, secret: &[u8]) {
        if self.checksum_proves {
            return;
        }
        self.verdict.entropy = shannon(secret);
        if rule.entropy.is_some_and(|floor| self.verdict.entropy < floor) {
            self.reject("its characters are too regular");
        }
    }

    fn placeholder(&mut self, secret: &[u8], prefix: usize) {
        if !self.checksum_proves
            && let Some(reason) = placeholder(secret, prefix)
        {
            self.reject(reason);
        }
    }

    fn boundaries(&mut self, rule: &Rule, found: &Match, window: &Window<'_>) {
        if self.checksum_proves {
            return;
        }
        // Only what starts with a letter or digit itself can be the middle of a longer token.
        let starts_inside =
            window.matched().first().is_some_and(u8::is_ascii_alphanumeric) && glued_left(window.before());
        if starts_inside && !matches!(rule.look, Look::Assignment(_)) {
            if rule.boundary == Boundary::Strict {
                self.reject("a letter or digit stands right before it");
            }
            self.add(GLUED_LEFT, "a letter or digit stands right before it");
        }
        if found.glued_right {
            self.add(GLUED_RIGHT, "it goes on beyond the length of its kind");
        }
    }

    /// What stands in an assignment, and whether it stands in text at all.
    fn value(&mut self, rule: &Rule, window: &Window<'_>) {
        if let Look::Assignment(_) = rule.look {
            self.assigned(window);
        }
        if matches!(rule.look, Look::Assignment(_) | Look::Run(_)) && window.is_binary() {
            self.add(BINARY, "it stands among bytes of no text");
        }
    }

    fn assigned(&mut self, window: &Window<'_>) {
        let name = Name::around(window.before_secret(), window.before().len());
        let it = Assigned { head: window.head(), value: window.secret(), after: window.after_secret() };
        if let Some(reason) = value::no_secret(&name, &it) {
            self.reject(reason);
        }
        let (points, text) = value::strength(&name, &it);
        self.add(points, text);
    }

    fn context(&mut self, rule: &Rule, seen: Vec<Str>) {
        let Some(context) = &rule.context else { return };
        self.verdict.context = seen;
        if !self.verdict.context.is_empty() {
            self.add(CONTEXT, "words of its kind stand near");
        } else if context.need {
            if rule.companion.is_some() {
                self.verdict.needs_companion = true;
            } else {
                self.reject("no word of its kind stands near");
            }
        }
    }
}

/// Whether a letter or digit stands right before, unless it is the letter of an escape (`\nghp_…`, `%3Dghp_…`).
fn glued_left(before: &[u8]) -> bool {
    match before {
        [] | [.., b'\\', b'n' | b'r' | b't'] => false,
        [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => false,
        [.., last] => last.is_ascii_alphanumeric(),
    }
}

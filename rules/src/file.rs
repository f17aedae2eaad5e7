//! The TOML of a rule file, read into rules.
//!
//! A file's mistakes are collected, not the first one only: an author mends them in one go.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use serde::Deserialize;
use stanch_model::{Category, Confidence, Sensitivity, Severity};
use toml::Spanned;

use crate::beside::{assigned, is_name};
use crate::defect::Defect;
use crate::rule::{
    Assignment, Beside, Boundary, Case, Companion, Context, Extent, List, Look, MIN_RUN, Manual, Pattern, Rule, Str,
    run_class,
};
use crate::shape::{MAX_BOUND, Part, Shape};

/// The hits a MB that a rule may cost, unless it says otherwise.
const DEFAULT_BUDGET: u32 = 100;
/// The largest `bytes` extent.
const MAX_BYTES_EXTENT: u32 = 4096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    provider: Option<Spanned<String>>,
    category: Option<Spanned<String>>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    rule: Vec<Spanned<RawRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: Spanned<String>,
    title: String,
    provider: Option<Spanned<String>>,
    category: Option<Spanned<String>>,
    references: Option<Vec<String>>,
    severity: Spanned<String>,
    sensitivity: Option<Spanned<String>>,
    confidence: Option<Spanned<String>>,
    shape: Option<Spanned<OneOrMany>>,
    pattern: Option<Spanned<String>>,
    assignment: Option<Spanned<RawAssignment>>,
    anchor: Option<Spanned<String>>,
    literals: Option<Spanned<Vec<String>>>,
    bound: Option<Spanned<u32>>,
    extent: Option<Spanned<RawExtent>>,
    entropy: Option<Spanned<f32>>,
    check: Option<String>,
    #[serde(default)]
    gate: bool,
    context: Option<RawContext>,
    companion: Option<RawCompanion>,
    #[serde(default)]
    address: bool,
    #[serde(default)]
    beside: Vec<Spanned<RawBeside>>,
    boundary: Option<Spanned<String>>,
    budget: Option<u32>,
    verify: Option<String>,
    revoke: Option<String>,
    manual: Option<RawManual>,
    #[serde(default)]
    accept: Vec<RawCase>,
    #[serde(default)]
    reject: Vec<RawCase>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawExtent {
    Bytes(u32),
    Word(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAssignment {
    words: Vec<String>,
    min: u32,
    max: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawContext {
    words: Spanned<Vec<String>>,
    reach: Option<Spanned<RawExtent>>,
    #[serde(default)]
    need: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCompanion {
    rule: String,
    within: Spanned<u32>,
    #[serde(default)]
    need: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBeside {
    fact: String,
    names: Option<Vec<String>>,
    value: Option<String>,
    pattern: Option<String>,
    reach: Option<Spanned<RawExtent>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManual {
    url: Option<String>,
    runbook: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    text: String,
    finds: Option<String>,
    confidence: Option<Spanned<String>>,
    why: Option<String>,
    #[serde(default)]
    facts: BTreeMap<String, String>,
}

/// A rule and where in its file it stands.
#[derive(Debug)]
pub(crate) struct Located {
    /// The rule.
    pub(crate) rule: Rule,
    /// The bytes of its table.
    pub(crate) span: Range<usize>,
    /// The bytes of its id.
    pub(crate) id_span: Range<usize>,
}

/// Reads a rule file. What can be read is returned together with what is wrong with the rest.
pub(crate) fn parse(text: &str) -> (Vec<Located>, Vec<Defect>) {
    let file: RawFile = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let message = error.message().trim().to_lowercase_first();
            return (Vec::new(), vec![Defect::new(span, message)]);
        }
    };
    let mut rules = Vec::new();
    let mut defects = Vec::new();
    if file.rule.is_empty() {
        defects.push(Defect::new(0..text.len(), "there is no `[[rule]]` in the file"));
    }
    let defaults = Defaults { provider: file.provider, category: file.category, references: file.references };
    for raw in file.rule {
        let span = raw.span();
        let mut reader = Reader { text, span: span.clone(), defects: Vec::new() };
        let raw = raw.into_inner();
        let (id, id_span) = (raw.id.get_ref().clone(), raw.id.span());
        let rule = reader.rule(raw, &defaults);
        for defect in &mut reader.defects {
            defect.rule = Some(id.clone());
        }
        if let (Some(rule), true) = (rule, reader.defects.is_empty()) {
            rules.push(Located { rule, span, id_span });
        }
        defects.append(&mut reader.defects);
    }
    (rules, defects)
}

struct Defaults {
    provider: Option<Spanned<String>>,
    category: Option<Spanned<String>>,
    references: Vec<String>,
}

/// Reads one rule, and collects what is wrong with it.
struct Reader<'a> {
    text: &'a str,
    span: Range<usize>,
    defects: Vec<Defect>,
}

impl Reader<'_> {
    fn rule(&mut self, mut raw: RawRule, defaults: &Defaults) -> Option<Rule> {
        let provider = raw.provider.as_ref().or(defaults.provider.as_ref()).map(|p| p.get_ref().clone());
        let provider = provider.or_else(|| self.refuse("no `provider`, neither here nor at the head of the file"));
        let category = raw.category.as_ref().or(defaults.category.as_ref());
        let category = match category {
            Some(word) => self.word::<Category>(word),
            None => self.refuse("no `category`, neither here nor at the head of the file"),
        };
        let severity = self.word::<Severity>(&raw.severity);
        let sensitivity = raw.sensitivity.as_ref().map_or(Some(Sensitivity::Secret), |word| self.word(word));
        let (look, bound) = self.look(&mut raw).unzip();
        let confidence = match &raw.confidence {
            Some(word) => self.word(word),
            None => look.as_ref().map(default_confidence),
        };
        let extent = raw.extent.as_ref().map_or(Some(Extent::Line), |extent| self.extent(extent));
        let context = raw.context.take().map(|context| self.context(context));
        let companion = raw.companion.take().map(|companion| self.companion(companion));
        let beside: Option<Vec<Beside>> =
            raw.beside.iter().map(|beside| self.beside(beside)).collect::<Vec<_>>().into_iter().collect();
        let boundary = raw.boundary.as_ref().map_or(Some(Boundary::Evidence), |word| self.boundary(word));
        let entropy = raw.entropy.as_ref().map(|floor| self.entropy(floor));
        if let (Some(Look::Run(_)), None, None) = (&look, &context, &companion) {
            self.complain("a run-anchored rule needs `context` or `companion`: its values look like many others");
        }
        let accept = self.cases(raw.accept, "accept");
        let reject = self.cases(raw.reject, "reject");
        let manual = raw.manual.map(|m| Manual { url: m.url.map(Str::Owned), runbook: Str::Owned(m.runbook) });
        let manual = manual.or_else(|| self.refuse("no `manual`: say how a person revokes it"));
        let provider = provider?;
        self.id(&raw.id, &provider);
        Some(Rule {
            id: Str::Owned(raw.id.into_inner()),
            title: Str::Owned(raw.title),
            provider: Str::Owned(provider),
            category: category?,
            severity: severity?,
            sensitivity: sensitivity?,
            confidence: confidence?,
            look: look?,
            bound: bound?,
            extent: extent?,
            entropy: entropy.map_or(Some(None), |floor| floor.map(Some))?,
            check: raw.check.map(Str::Owned),
            gate: raw.gate,
            context: context.map_or(Some(None), |context| context.map(Some))?,
            companion: companion.map_or(Some(None), |companion| companion.map(Some))?,
            address: raw.address,
            beside: List::Owned(beside?),
            boundary: boundary?,
            budget: raw.budget.unwrap_or(DEFAULT_BUDGET),
            verify: raw.verify.map(Str::Owned),
            revoke: raw.revoke.map(Str::Owned),
            manual: manual?,
            references: strings(raw.references.unwrap_or_else(|| defaults.references.clone())),
            accept,
            reject,
        })
    }

    fn id(&mut self, id: &Spanned<String>, provider: &str) {
        let text = id.get_ref();
        let kebab = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        match text.split_once('.') {
            Some((head, tail)) if head == provider && kebab(head) && kebab(tail) => {}
            _ => self.defects.push(
                Defect::new(id.span(), format!("`{text}` is no id of provider `{provider}`"))
                    .help(format!("write `{provider}.<kind>` in lower-case kebab")),
            ),
        }
    }

    /// What the rule looks for, and its bound.
    fn look(&mut self, raw: &mut RawRule) -> Option<(Look, u32)> {
        let Some(anchor) = &raw.anchor else {
            return self.refuse("no `anchor`: `literal`, `run` or `assignment`");
        };
        let bound = match &raw.bound {
            Some(bound) if !(1..=MAX_BOUND).contains(bound.get_ref()) => {
                self.defects.push(Defect::new(bound.span(), format!("a bound is 1 to {MAX_BOUND} bytes")));
                return None;
            }
            bound => bound.as_ref().map(|b| *b.get_ref()),
        };
        match (anchor.get_ref().as_str(), raw.shape.take(), raw.pattern.take(), raw.assignment.take()) {
            ("literal", Some(shape), None, None) => self.literal_shapes(shape, bound),
            ("run", Some(shape), None, None) => self.run_shapes(shape, bound),
            ("literal", None, Some(pattern), None) => self.pattern(pattern, raw.literals.take(), bound),
            ("assignment", None, None, Some(assignment)) => Some(self.assignment(&assignment)),
            ("literal" | "run" | "assignment", ..) => self.refuse(
                "a `literal` anchor goes with one `shape` or `pattern`, a `run` with `shape`, an `assignment` with `assignment`",
            ),
            (other, ..) => {
                let message = format!("unknown anchor `{other}`; one of literal, run, assignment");
                self.defects.push(Defect::new(anchor.span(), message));
                None
            }
        }
    }

    fn literal_shapes(&mut self, raw: Spanned<OneOrMany>, bound: Option<u32>) -> Option<(Look, u32)> {
        let (shapes, longest) = self.shapes(raw, bound, |shape| {
            let missing = "no literal of three bytes at a fixed place, by which it could be found";
            shape.anchor().is_none().then_some(missing)
        })?;
        Some((Look::Literal(shapes), longest))
    }

    fn run_shapes(&mut self, raw: Spanned<OneOrMany>, bound: Option<u32>) -> Option<(Look, u32)> {
        let run = run_class();
        let in_run = |part: &Part| match part {
            Part::Literal(bytes) => bytes.iter().all(|&b| run.contains(b)),
            Part::Class { class, .. } => class.is_subset_of(run),
        };
        let (shapes, longest) = self.shapes(raw, bound, |shape| {
            // Padding may follow the run; whatever stands before it must be run bytes, at least sixteen.
            let leading: u32 = shape.parts.iter().take_while(|p| in_run(p)).map(|p| p.lengths().0).sum();
            (leading < MIN_RUN).then_some("a run is 16 and more bytes of `A-Za-z0-9+/_-` from its start on")
        })?;
        Some((Look::Run(shapes), longest))
    }

    /// Reads shapes, each held against `refusal`.
    fn shapes(
        &mut self,
        raw: Spanned<OneOrMany>,
        bound: Option<u32>,
        refusal: impl Fn(&Shape) -> Option<&'static str>,
    ) -> Option<(List<Shape>, u32)> {
        let span = raw.span();
        let texts = match raw.into_inner() {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        };
        let mut shapes = Vec::new();
        let mut from = span.start;
        for text in &texts {
            let place = self.place(text, from..span.end);
            from = place.end;
            match Shape::parse(text, bound) {
                Ok(shape) => {
                    if let Some(message) = refusal(&shape) {
                        self.defects.push(Defect::new(place, message));
                    } else if shape.lengths().1 > MAX_BOUND {
                        self.defects.push(Defect::new(place, format!("matches more than {MAX_BOUND} bytes")));
                    }
                    shapes.push(shape);
                }
                Err(error) if place.len() == text.len() => {
                    let at = place.start + error.at.min(text.len());
                    self.defects.push(Defect::new(at..at + 1, error.message));
                }
                Err(error) => self.defects.push(Defect::new(place, error.message)),
            }
        }
        let longest = shapes.iter().map(|shape| shape.lengths().1).max();
        if texts.is_empty() {
            return self.refuse("`shape` is an empty list");
        }
        Some((List::Owned(shapes), longest?))
    }

    /// Where in a part of the file a string's value stands: exactly, if it is written without escapes, else the whole part.
    fn place(&self, value: &str, part: Range<usize>) -> Range<usize> {
        let found = self.text.get(part.clone()).and_then(|text| text.find(value));
        found.map_or(part.clone(), |at| part.start + at..part.start + at + value.len())
    }

    fn pattern(
        &mut self,
        pattern: Spanned<String>,
        literals: Option<Spanned<Vec<String>>>,
        bound: Option<u32>,
    ) -> Option<(Look, u32)> {
        let Some(literals) = literals else {
            return self.refuse("a pattern needs `literals`: those that a match can start with");
        };
        if literals.get_ref().is_empty() || literals.get_ref().iter().any(|literal| literal.len() < 3) {
            self.defects.push(Defect::new(literals.span(), "literals have three bytes and more"));
        }
        let bound = bound.or_else(|| self.refuse("a pattern needs a `bound`: the longest match in bytes"))?;
        let literals = strings(literals.into_inner());
        Some((Look::Pattern(Pattern::new(Str::Owned(pattern.into_inner()), literals)), bound))
    }

    fn assignment(&mut self, assignment: &Spanned<RawAssignment>) -> (Look, u32) {
        let raw = assignment.get_ref();
        let lower = |word: &String| word.len() >= 3 && !word.bytes().any(|b| b.is_ascii_uppercase());
        if raw.words.is_empty() || !raw.words.iter().all(lower) {
            self.defects.push(Defect::new(assignment.span(), "words are lower case, three bytes and more"));
        }
        if raw.min == 0 || raw.max < raw.min || raw.max > 4096 {
            self.defects.push(Defect::new(assignment.span(), "`min` and `max` run from 1 to 4096"));
        }
        let words = strings(raw.words.clone());
        // The match is the word, what is left of its name, the operator and the value.
        let bound = raw.max.saturating_add(ASSIGNMENT_HEAD);
        (Look::Assignment(Assignment { words, min: raw.min, max: raw.max }), bound)
    }

    fn context(&mut self, raw: RawContext) -> Option<Context> {
        if raw.words.get_ref().is_empty() || raw.words.get_ref().iter().any(|w| w.len() < 2) {
            self.defects.push(Defect::new(raw.words.span(), "context words have two bytes and more"));
        }
        let reach = raw.reach.as_ref().map_or(Some(Extent::Line), |reach| self.extent(reach))?;
        let words = raw.words.into_inner().into_iter().map(|word| word.to_ascii_lowercase());
        Some(Context { words: strings(words), reach, need: raw.need })
    }

    fn companion(&mut self, raw: RawCompanion) -> Option<Companion> {
        if *raw.within.get_ref() == 0 || *raw.within.get_ref() > MAX_BOUND {
            self.defects.push(Defect::new(raw.within.span(), format!("`within` is 1 to {MAX_BOUND} bytes")));
            return None;
        }
        Some(Companion { rule: Str::Owned(raw.rule), within: raw.within.into_inner(), need: raw.need })
    }

    fn beside(&mut self, raw: &Spanned<RawBeside>) -> Option<Beside> {
        let (span, raw) = (raw.span(), raw.get_ref());
        let reach = raw.reach.as_ref().map_or(Some(Extent::Block), |reach| self.extent(reach))?;
        let mut refuse = |message: &str| {
            self.defects.push(Defect::new(span.clone(), message));
            None
        };
        if reach == Extent::Document {
            return refuse("what stands beside a credential is near it: `document` is no reach for it");
        }
        let pattern = match (&raw.names, &raw.value, &raw.pattern) {
            (Some(names), Some(value), None) if !names.is_empty() && names.iter().all(|name| is_name(name)) => {
                assigned(names, value)
            }
            (Some(_), Some(_), None) => return refuse("names are lower-case words with `_` between them"),
            (None, None, Some(pattern)) => pattern.clone(),
            _ => return refuse("a fact is found by `names` with a `value`, or by a `pattern`"),
        };
        Some(Beside { fact: Str::Owned(raw.fact.clone()), pattern: Str::Owned(pattern), reach })
    }

    fn extent(&mut self, raw: &Spanned<RawExtent>) -> Option<Extent> {
        match raw.get_ref() {
            RawExtent::Bytes(n) if *n <= MAX_BYTES_EXTENT => return Some(Extent::Bytes(*n)),
            RawExtent::Word(word) => match word.as_str() {
                "run" => return Some(Extent::Run),
                "line" => return Some(Extent::Line),
                "block" => return Some(Extent::Block),
                "document" => return Some(Extent::Document),
                _ => {}
            },
            RawExtent::Bytes(_) => {}
        }
        let message =
            format!("an extent is `run`, `line`, `block`, `document`, or a number of bytes up to {MAX_BYTES_EXTENT}");
        self.defects.push(Defect::new(raw.span(), message));
        None
    }

    fn boundary(&mut self, raw: &Spanned<String>) -> Option<Boundary> {
        match raw.get_ref().as_str() {
            "evidence" => Some(Boundary::Evidence),
            "strict" => Some(Boundary::Strict),
            _ => {
                self.defects.push(Defect::new(raw.span(), "a boundary is `evidence` or `strict`"));
                None
            }
        }
    }

    fn entropy(&mut self, raw: &Spanned<f32>) -> Option<f32> {
        let floor = *raw.get_ref();
        if (0.0..=8.0).contains(&floor) {
            return Some(floor);
        }
        self.defects.push(Defect::new(raw.span(), "entropy is 0 to 8 bits a byte"));
        None
    }

    fn cases(&mut self, raw: Vec<RawCase>, kind: &str) -> List<Case> {
        if raw.is_empty() {
            self.complain(&format!("no `{kind}` case"));
        }
        let mut cases = Vec::new();
        for case in raw {
            let confidence = case.confidence.as_ref().map_or(Some(Confidence::Medium), |word| self.word(word));
            if kind == "reject" && case.why.is_none() {
                self.complain("a reject case says `why`");
            }
            let (finds, why) = (case.finds.map(Str::Owned), case.why.map(Str::Owned));
            let confidence = confidence.unwrap_or(Confidence::Medium);
            let facts = case.facts.into_iter().map(|(name, value)| (Str::Owned(name), Str::Owned(value)));
            let facts = List::Owned(facts.collect());
            cases.push(Case { text: Str::Owned(case.text), finds, confidence, why, facts });
        }
        List::Owned(cases)
    }

    fn word<T: FromStr>(&mut self, word: &Spanned<String>) -> Option<T>
    where
        T::Err: ToString,
    {
        word.get_ref().parse().map_err(|e: T::Err| self.defects.push(Defect::new(word.span(), e.to_string()))).ok()
    }

    /// Notes what is missing from the rule as a whole.
    fn complain(&mut self, message: &str) {
        self.defects.push(Defect::new(self.span.clone(), message));
    }

    fn refuse<T>(&mut self, message: &str) -> Option<T> {
        self.complain(message);
        None
    }
}

/// The bytes that a naming word, the rest of its name and the operator may take before a value.
pub const ASSIGNMENT_HEAD: u32 = 320;

fn strings(texts: impl IntoIterator<Item = String>) -> List<Str> {
    List::Owned(texts.into_iter().map(Str::Owned).collect())
}

/// What a look is worth by itself.
fn default_confidence(look: &Look) -> Confidence {
    let tells = |shape: &Shape| shape.anchor().is_some_and(|anchor| anchor.bytes.len() >= 4);
    match look {
        Look::Literal(shapes) if shapes.iter().all(tells) => Confidence::High,
        _ => Confidence::Medium,
    }
}

trait LowercaseFirst {
    fn to_lowercase_first(&self) -> String;
}

impl LowercaseFirst for str {
    fn to_lowercase_first(&self) -> String {
        let mut chars = self.chars();
        chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
    }
}

//! Rules that hit everywhere: frequent words of code, of every anchor and extent, with bounds from 8 to 4096 bytes. They find
//! nothing of worth; they make differences between two ways of scanning show.

use stanch_model::{Category, Confidence, Sensitivity, Severity};
use stanch_rules::{
    Assignment, Beside, Boundary, Context, Extent, List, Look, Manual, Pattern, Rng, Rule, RuleSet, Shape, Str,
};

const WORDS: &[&str] = &[
    "the", "self", "let ", "pub", "use ", "fn ", "return", "import", "def ", "const", "class", "name", "test", "http",
    "com", "and", "for", "with", "this", "from", "string", "value", "error", "file", "path", "type", "data", "key",
    "id=", "to_", "get", "set", "new", "int", "str", "true", "null", "version", "config", "license", "that", "you",
    "not", "all", "();", ") {", "\": ", "   ", "---", "==", "//!", "#[", "://",
];
const CLASSES: &[&str] =
    &["{base62:%}", "{[ -~]:%}", "{word:%}", "{hex:%}", "{[a-z ]:%}", "{[\n-~]:%}", "{base64any:%}", "{lower:%}"];
const BOUNDS: &[u32] = &[8, 16, 31, 64, 100, 255, 512, 1000, 2048, 4096];

/// So many rules, the same for the same seed.
pub fn rules(count: usize, seed: u64) -> RuleSet {
    let mut rng = Rng::new(seed);
    RuleSet::new((0..count).map(|n| rule(n, &mut rng)).collect())
}

fn pick<'a, T: ?Sized>(rng: &mut Rng, from: &'a [&'a T]) -> &'a T {
    from[rng.below(from.len() as u64) as usize]
}

fn rule(number: usize, rng: &mut Rng) -> Rule {
    let bound = BOUNDS[rng.below(BOUNDS.len() as u64) as usize];
    let extent = |rng: &mut Rng| match rng.below(5) {
        0 => Extent::Bytes(rng.below(300) as u32),
        1 => Extent::Run,
        2 => Extent::Line,
        3 => Extent::Block,
        _ => Extent::Bytes(rng.below(4096) as u32),
    };
    let look = match number % 8 {
        0..5 => Look::Literal(List::Owned(vec![literal_shape(rng, bound), literal_shape(rng, bound)])),
        5 => Look::Run(List::Owned(vec![run_shape(rng), run_shape(rng)])),
        6 => pattern(rng),
        _ => assignment(rng),
    };
    let words = (0..3).map(|_| Str::Borrowed(pick(rng, WORDS))).collect();
    let address = rng.below(4) == 0;
    let beside = (0..rng.below(3)).map(|n| beside(n, rng, extent)).collect();
    Rule {
        id: Str::Owned(format!("chaff.rule-{number:04}")),
        title: Str::Borrowed("Chaff"),
        provider: Str::Borrowed("chaff"),
        category: Category::Generic,
        severity: Severity::Low,
        sensitivity: Sensitivity::Secret,
        confidence: Confidence::ALL[rng.below(3) as usize],
        look,
        bound: bound + 512,
        extent: extent(rng),
        entropy: (rng.below(2) == 0).then(|| rng.below(5) as f32),
        check: (rng.below(6) == 0).then_some(Str::Borrowed("jwt")),
        gate: false,
        context: (rng.below(2) == 0).then(|| Context {
            words: List::Owned(words),
            reach: extent(rng),
            need: rng.below(2) == 0,
        }),
        companion: None,
        address,
        beside: List::Owned(beside),
        boundary: if rng.below(2) == 0 { Boundary::Evidence } else { Boundary::Strict },
        budget: u32::MAX,
        verify: None,
        revoke: None,
        manual: Manual { url: None, runbook: Str::Borrowed("nothing") },
        references: List::Borrowed(&[]),
        accept: List::Borrowed(&[]),
        reject: List::Borrowed(&[]),
    }
}

/// A fact that is assigned to a word, or stands behind one.
fn beside(number: u64, rng: &mut Rng, extent: impl Fn(&mut Rng) -> Extent) -> Beside {
    let word = pick(rng, WORDS);
    let word: String =
        word.chars().flat_map(|c| if c.is_ascii_alphanumeric() { vec![c] } else { vec!['\\', c] }).collect();
    let pattern = format!(r"{word}[ =:]*([0-9A-Za-z]{{{},9}})", 1 + rng.below(3));
    Beside { fact: Str::Owned(format!("fact-{number}")), pattern: Str::Owned(pattern), reach: extent(rng) }
}

/// A shape of a word and a class, sometimes with the word in the middle.
fn literal_shape(rng: &mut Rng, bound: u32) -> Shape {
    let word: String =
        pick(rng, WORDS).chars().flat_map(|c| if "{}()\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
    let class = pick(rng, CLASSES);
    let word = if word.trim_start_matches('\\').len() < 3 { format!("{word} a") } else { word };
    let count = |text: &str| class.replace('%', text);
    let text = match rng.below(4) {
        0 => format!("{word}{}", count("4+")),
        1 => format!("{word}{}", count("8")),
        2 => format!("{}{word}{}", count("5"), count("3-20")),
        _ => format!("({}){word}", count("7")),
    };
    parse(&text, bound)
}

fn run_shape(rng: &mut Rng) -> Shape {
    let class = pick(rng, &["hex", "base62", "base64any", "base36-lower", "word"]);
    let count = pick(rng, &["16", "32", "40", "16-64", "20+"]);
    parse(&format!("{{{class}:{count}}}"), 200)
}

fn parse(text: &str, bound: u32) -> Shape {
    Shape::parse(text, Some(bound))
        .unwrap_or_else(|error| panic!("chaff makes valid shapes: {text}: {}", error.message))
}

fn pattern(rng: &mut Rng) -> Look {
    let (literal, regex) = [
        ("fn ", r"fn (?P<secret>[a-z_]{1,40})\("),
        ("let ", r"let (?:mut )?(?P<secret>\w+) ="),
        ("://", r"://[^/\s:@]{1,60}(?::(?P<secret>[^/\s@]{1,60})@)?"),
        ("use ", r"use [a-z_:]+(?:\{[^}]{0,400}\})?;"),
    ][rng.below(4) as usize];
    Look::Pattern(Pattern::new(Str::Borrowed(regex), List::Owned(vec![Str::Borrowed(literal)])))
}

fn assignment(rng: &mut Rng) -> Look {
    let words = [&["name", "names"][..], &["key"], &["value", "val"], &["path", "file", "type"], &["version"]];
    let words = words[rng.below(5) as usize].iter().map(|word| Str::Borrowed(*word)).collect();
    let max = [8, 64, 300][rng.below(3) as usize];
    Look::Assignment(Assignment { words: List::Owned(words), min: 1 + rng.below(4) as u32, max })
}

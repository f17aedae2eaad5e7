//! Hits that are carried from one document to the next give what each document gives by itself, however it was made of the one before.

use std::ops::Range;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use stanch_model::Confidence;
use stanch_rules::{Assignment, Context, Extent, List, Look, Pattern, Rule, RuleSet, Shape, Str, mint_case};
use stanch_scanner::oracle::{Chain, Checked};
use stanch_scanner::{Engine, Scratch};
use stanch_testkit::chaff;

static BUILTIN: LazyLock<Engine> = LazyLock::new(|| Engine::new(RuleSet::builtin()));

/// The cases of the built-in rules, with their companions and words near.
static CASES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut texts = Vec::new();
    for rule in RuleSet::builtin().iter() {
        for (number, case) in rule.accept.iter().chain(rule.reject.iter()).enumerate() {
            let minted = mint_case(&rule.id, number, case).unwrap_or_else(|error| panic!("{}: {error}", rule.id));
            texts.push(minted.text);
        }
    }
    texts
});

/// What the built-in rules look for near a match.
static WORDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let rules = RuleSet::builtin();
    let words = rules.iter().filter_map(|rule| rule.context.as_ref()).flat_map(|context| context.words.iter());
    words.map(|word| word.as_bytes().to_vec()).collect()
});

/// A place in a document, mostly near one that matters.
#[derive(Debug, Clone, Copy)]
struct Place {
    point: prop::sample::Index,
    shift: isize,
}

impl Place {
    fn of(self, points: &[usize], length: usize) -> usize {
        self.point.get(points).saturating_add_signed(self.shift).min(length)
    }
}

/// A change to a document.
#[derive(Debug, Clone)]
enum Edit {
    Insert(Place, Vec<u8>),
    Delete(Place, usize),
    Overwrite(Place, Vec<u8>),
    Move(Place, usize, Place),
    Repeat(Place, usize, Place),
    /// The same bytes, but not as a copy.
    Retype(Place, usize),
    /// The same bytes, as two copies.
    Split(Place),
    KeepFrom(Place),
    KeepTo(Place),
    Nothing,
}

/// A stretch, with where it was copied from.
#[derive(Debug, Clone)]
struct Part {
    from: Option<usize>,
    bytes: Vec<u8>,
}

/// The stretches of a document, each with where it was copied from.
type Runs = Vec<(Range<usize>, Option<usize>)>;

/// A document that is made of another one.
struct Rope(Vec<Part>);

impl Rope {
    fn len(&self) -> usize {
        self.0.iter().map(|part| part.bytes.len()).sum()
    }

    /// The number of the part that starts at a place; one is cut for it if need be.
    fn cut(&mut self, at: usize) -> usize {
        let mut start = 0;
        for n in 0..self.0.len() {
            let part = &mut self.0[n];
            let inside = at.saturating_sub(start);
            if at <= start {
                return n;
            }
            if inside < part.bytes.len() {
                let rest = Part { from: part.from.map(|from| from + inside), bytes: part.bytes.split_off(inside) };
                self.0.insert(n + 1, rest);
                return n + 1;
            }
            start += part.bytes.len();
        }
        self.0.len()
    }

    fn parts(&mut self, at: usize, length: usize) -> Range<usize> {
        let first = self.cut(at);
        first..self.cut(at.saturating_add(length).min(self.len())).max(first)
    }

    fn insert(&mut self, at: usize, parts: Vec<Part>) {
        let n = self.cut(at);
        self.0.splice(n..n, parts);
    }

    fn apply(&mut self, edit: &Edit, points: &[usize]) {
        let length = self.len();
        let place = |place: &Place| place.of(points, length);
        let typed = |bytes: &[u8]| vec![Part { from: None, bytes: bytes.to_vec() }];
        match edit {
            Edit::Insert(at, bytes) => self.insert(place(at), typed(bytes)),
            Edit::Delete(at, length) => {
                let parts = self.parts(place(at), *length);
                self.0.drain(parts);
            }
            Edit::Overwrite(at, bytes) => {
                let parts = self.parts(place(at), bytes.len());
                self.0.splice(parts, typed(bytes));
            }
            Edit::Move(at, length, to) => {
                let parts = self.parts(place(at), *length);
                let moved: Vec<Part> = self.0.drain(parts).collect();
                let to = place(to).min(self.len());
                self.insert(to, moved);
            }
            Edit::Repeat(at, length, to) => {
                let parts = self.parts(place(at), *length);
                let again = self.0[parts].to_vec();
                self.insert(place(to), again);
            }
            Edit::Retype(at, length) => {
                let parts = self.parts(place(at), *length);
                self.0[parts].iter_mut().for_each(|part| part.from = None);
            }
            Edit::Split(at) => {
                self.cut(place(at));
            }
            Edit::KeepFrom(at) => {
                let n = self.cut(place(at));
                self.0.drain(..n);
            }
            Edit::KeepTo(at) => {
                let n = self.cut(place(at));
                self.0.truncate(n);
            }
            Edit::Nothing => {}
        }
    }

    /// The document, and what of it came from where.
    fn finish(self) -> (Vec<u8>, Runs) {
        let (mut document, mut runs) = (Vec::new(), Vec::new());
        for part in self.0.into_iter().filter(|part| !part.bytes.is_empty()) {
            let start = document.len();
            document.extend(part.bytes);
            runs.push((start..document.len(), part.from));
        }
        (document, runs)
    }
}

/// What says that a digest or a commit's id follows.
const NAMES_OF_DIGESTS: [&str; 5] = ["sha256:", "checksum = \"", "md5-", "rev=", "@"];

/// Where edits matter most: the edges of matches and secrets, of the words near them, of names of digests, and of the document.
fn points(engine: &Engine, document: &[u8]) -> Vec<usize> {
    let mut points = vec![0, document.len()];
    for name in NAMES_OF_DIGESTS {
        let places = document.windows(name.len()).enumerate().filter(|(_, there)| *there == name.as_bytes());
        points.extend(places.flat_map(|(at, _)| [at, at + name.len()]));
    }
    for found in engine.trace(document, &mut Scratch::default()) {
        points.extend([found.span.start, found.span.end, found.secret.start, found.secret.end]);
        for word in &found.verdict.context {
            let lower = document.to_ascii_lowercase();
            points.extend(lower.windows(word.len().max(1)).position(|there| there == word.as_bytes()));
        }
    }
    points
}

/// Takes a document and what edits make of it, one after the other; the first difference, and how many dead hits were carried.
fn chain(engine: &Engine, document: &[u8], deltas: &[Vec<Edit>]) -> Result<usize, String> {
    let mut chain = Chain::new(engine);
    chain.next(document, &[])?;
    let mut carried = 0;
    for edits in deltas {
        let points = points(engine, chain.document());
        let mut rope = Rope(vec![Part { from: Some(0), bytes: chain.document().to_vec() }]);
        for edit in edits {
            rope.apply(edit, &points);
        }
        let (document, runs) = rope.finish();
        carried += chain.next(&document, &runs).map_err(|error| format!("{error}\nruns {runs:?}"))?.carried_dead;
    }
    Ok(carried)
}

/// Looks whether what is dead in a document is dead wherever the bytes that it depends on stand.
fn dead_everywhere(engine: &Engine, document: &[u8], others: &[(Vec<u8>, Vec<u8>)]) -> Result<usize, String> {
    let mut chain = Chain::new(engine);
    let checked = chain.next(document, &[])?;
    others.iter().try_for_each(|(before, after)| chain.same_elsewhere(before, after))?;
    Ok(checked.dead)
}

/// Rules that look at more bytes than can be noted of a dead hit, and at about as many: by their extent, by the reach of their words, and by
/// looking so far before they do not match.
fn far(seed: u64) -> RuleSet {
    const REACHES: [Extent; 6] = [
        Extent::Document,
        Extent::Bytes(65_400),
        Extent::Bytes(65_533),
        Extent::Bytes(65_535),
        Extent::Bytes(65_536),
        Extent::Bytes(70_000),
    ];
    let shape =
        |text: &str, bound| Shape::parse(text, Some(bound)).unwrap_or_else(|error| panic!("{text}: {}", error.message));
    let looks = [
        Look::Literal(List::Owned(vec![shape("the{lower:4+}END", 65_534), shape("the{lower:3}", 9)])),
        Look::Literal(List::Owned(vec![shape("name{[ -~\n]:4-9}", 9)])),
        Look::Run(List::Owned(vec![shape("{base62:20+}", 65_536)])),
        Look::Pattern(Pattern::new(
            Str::Borrowed(r"key(?P<secret>[^!]{3,40000})!"),
            List::Owned(vec![Str::Borrowed("key")]),
        )),
        Look::Assignment(Assignment { words: List::Owned(vec![Str::Borrowed("value")]), min: 3, max: 65_200 }),
    ];
    let chaff = chaff::rules(30, seed);
    let rules = chaff.iter().enumerate().map(|(n, rule)| {
        let reach = REACHES[(n + seed as usize) % REACHES.len()];
        let context = rule.context.clone().map(|context| Context { reach, need: true, ..context });
        let extent = if context.is_none() { reach } else { rule.extent };
        Rule { extent, context, look: looks[n % looks.len()].clone(), bound: 65_536, ..rule.clone() }
    });
    RuleSet::new(rules.collect())
}

/// Text with stretches of about as many bytes as can be noted.
fn far_piece() -> BoxedStrategy<Vec<u8>> {
    let words = ["the", "name", " key", "value = ", "END", "!", "version", "config", "self", "1"];
    let long = prop_oneof![Just(65_535_usize), 65_400_usize..65_600, 1_usize..70_000];
    let stretch = (long, prop::sample::select(vec!["x", " ", "7", "\n", "a "]))
        .prop_map(|(length, of)| of.bytes().cycle().take(length).collect::<Vec<u8>>());
    let words = prop::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec());
    prop_oneof![4 => words, 2 => filler(), 1 => stretch].boxed()
}

fn one_of(texts: &'static [Vec<u8>]) -> impl Strategy<Value = Vec<u8>> {
    any::<prop::sample::Index>().prop_map(|index| index.get(texts).clone())
}

/// What stands between tokens, and what is put into them.
fn filler() -> impl Strategy<Value = Vec<u8>> {
    let long = |text: &'static str| (1_usize..700).prop_map(move |n| text.repeat(n).into_bytes());
    prop_oneof![
        4 => prop_oneof!["\n", "\n\n", " ", "=", ": ", "\"", "'", ",", "/", "-", "_", "a", "Z", "0", "\\n"]
            .prop_map(String::into_bytes),
        2 => "[a-z ]{1,20}".prop_map(String::into_bytes),
        1 => "[a-z_]{1,40}".prop_map(String::into_bytes),
        1 => (prop::sample::select(NAMES_OF_DIGESTS.to_vec()), "[a-f0-9]{30,42}|[a-f0-9]{64}")
            .prop_map(|(name, digits)| format!("{name}{digits}").into_bytes()),
        2 => "[a-f0-9]{1,70}".prop_map(String::into_bytes),
        2 => "[A-Za-z0-9_/+-]{1,140}".prop_map(String::into_bytes),
        1 => "[ -~]{1,30}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 1..6),
        1 => prop_oneof![long("x"), long("7"), long("ab/"), long("a line of text\n"), long("\n \n"), long(" ")],
    ]
}

fn builtin_piece() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![3 => one_of(&CASES), 1 => one_of(&WORDS), 4 => filler()].boxed()
}

/// Text in which chaff hits densely.
fn dense_piece() -> BoxedStrategy<Vec<u8>> {
    let words = [
        "the name = \"",
        "let key: value = ",
        "http://com:self@",
        "version",
        "path",
        "int",
        "get",
        "id=",
        "();",
        "use a::b;",
        "fn ",
        "let ",
        "use ",
        "://",
        "(",
        ";",
        "@",
        " =",
        "{",
        "}",
        "fn f(",
        "config",
        "null",
    ];
    prop_oneof![2 => prop::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()), 3 => filler()]
        .boxed()
}

fn place() -> impl Strategy<Value = Place> {
    let shift = prop_oneof![6 => -3_isize..4, 3 => -70_isize..70, 2 => -700_isize..700, 1 => -4400_isize..4400, 1 => -66_000_isize..66_000];
    (any::<prop::sample::Index>(), shift).prop_map(|(point, shift)| Place { point, shift })
}

fn edit(piece: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Edit> {
    let length = || prop_oneof![3 => 1_usize..5, 3 => 1_usize..80, 2 => 1_usize..2000];
    prop_oneof![
        4 => (place(), piece.clone()).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        3 => (place(), length()).prop_map(|(at, length)| Edit::Delete(at, length)),
        3 => (place(), piece).prop_map(|(at, bytes)| Edit::Overwrite(at, bytes)),
        2 => (place(), length(), place()).prop_map(|(at, length, to)| Edit::Move(at, length, to)),
        2 => (place(), length(), place()).prop_map(|(at, length, to)| Edit::Repeat(at, length, to)),
        2 => (place(), length()).prop_map(|(at, length)| Edit::Retype(at, length)),
        2 => place().prop_map(Edit::Split),
        1 => place().prop_map(Edit::KeepFrom),
        1 => place().prop_map(Edit::KeepTo),
        1 => Just(Edit::Nothing),
    ]
}

fn text(piece: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

fn deltas(piece: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Vec<Vec<Edit>>> {
    vec(vec(edit(piece), 0..4), 10)
}

/// What may stand around bytes, the edge of the document among it.
fn surroundings(piece: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    let piece = prop_oneof![1 => Just(Vec::new()), 4 => piece].boxed();
    vec((piece.clone(), piece), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn chains_under_the_builtin_rules(text in text(builtin_piece()), deltas in deltas(builtin_piece())) {
        prop_assert_eq!(chain(&BUILTIN, &text, &deltas).err(), None);
    }

    #[test]
    fn chains_under_chaff(text in text(dense_piece()), deltas in deltas(dense_piece()), seed in 0_u64..1000) {
        let engine = Engine::new(chaff::rules(24, seed));
        prop_assert_eq!(chain(&engine, &text, &deltas).err(), None);
    }

    #[test]
    fn dead_wherever_it_stands(text in text(builtin_piece()), others in surroundings(builtin_piece())) {
        prop_assert_eq!(dead_everywhere(&BUILTIN, &text, &others).err(), None);
    }

    #[test]
    fn dead_wherever_it_stands_under_chaff(
        text in text(dense_piece()),
        others in surroundings(dense_piece()),
        seed in 0_u64..1000,
    ) {
        let engine = Engine::new(chaff::rules(24, seed));
        prop_assert_eq!(dead_everywhere(&engine, &text, &others).err(), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn chains_where_more_matters_than_can_be_noted(text in text(far_piece()), deltas in deltas(far_piece()), seed in 0_u64..1000) {
        let engine = Engine::new(far(seed));
        prop_assert_eq!(chain(&engine, &text, &deltas[..4]).err(), None);
    }

    #[test]
    fn dead_wherever_it_stands_where_much_matters(
        text in text(far_piece()),
        others in surroundings(far_piece()),
        seed in 0_u64..1000,
    ) {
        let engine = Engine::new(far(seed));
        prop_assert_eq!(dead_everywhere(&engine, &text, &others).err(), None);
    }
}

/// A rule that needs a word within some reach.
fn wants_a_word(reach: Extent) -> RuleSet {
    let shape = Shape::parse("token_{lower:6}", None).unwrap_or_else(|error| panic!("{}", error.message));
    let words = List::Owned(vec!["zebra".into()]);
    let rules = chaff::rules(1, 0);
    let rules = rules.iter().map(|rule| Rule {
        look: Look::Literal(List::Owned(vec![shape.clone()])),
        bound: 12,
        extent: Extent::Line,
        entropy: None,
        check: None,
        context: Some(Context { words: words.clone(), reach, need: true }),
        ..rule.clone()
    });
    RuleSet::new(rules.collect())
}

proptest! {
    #[test]
    fn a_word_at_the_edge_of_its_reach(
        bytes in prop::sample::select(vec![0, 60, 70, 3000, 65_400, 65_520, 65_534, 65_535, 65_536, 69_000, usize::MAX]),
        edge in any::<bool>(),
        shift in -12_isize..12,
        anywhere in 0_usize..69_900,
        before in any::<bool>(),
    ) {
        let reach = u32::try_from(bytes).map_or(Extent::Document, Extent::Bytes);
        let engine = Engine::new(wants_a_word(reach));
        let distance = if edge { bytes.min(69_900).saturating_add_signed(shift) } else { anywhere };
        let (filler, token) = (". ".repeat(35_000).into_bytes(), concat!("tok", "en_qwzxvk").as_bytes());
        let at = if before { filler.len() - distance } else { filler.len() + token.len() + distance };
        let document = [&filler[..], token, &filler[..]].concat();
        let mut chain = Chain::new(&engine);
        prop_assert_eq!(chain.next(&document, &[]).map(|checked| (checked.dead, checked.candidates)), Ok((1, 0)));
        let edited = [&document[..at], b" zebra ", &document[at..]].concat();
        let runs = [(0..at, Some(0)), (at..at + 7, None), (at + 7..edited.len(), Some(at))];
        let checked = chain.next(&edited, &runs);
        prop_assert!(checked.is_ok(), "{:?}", checked);
        // The word is near, or it is not; a space of it may be.
        let near = checked.map_or(0, |checked| checked.candidates) == 1;
        prop_assert!(near == (distance + 6 <= bytes) || distance.abs_diff(bytes) < 8, "{distance} {near}");
    }
}

/// Rules that look at hundreds of bytes before they know that they do not match, each with the start of such a text, what it goes on with, and
/// what makes it match wherever that stands.
fn looks_far() -> Vec<(Look, &'static str, &'static str, &'static str)> {
    let shape = |text: &str| Shape::parse(text, None).unwrap_or_else(|error| panic!("{text}: {}", error.message));
    let pattern =
        Pattern::new(Str::Borrowed("key(?P<secret>[a-z0-9]{3,200})!"), List::Owned(vec![Str::Borrowed("key")]));
    let words = List::Owned(vec![Str::Borrowed("password")]);
    let letters = "qw7zx2vk9jh4gf1ds";
    vec![
        (Look::Literal(List::Owned(vec![shape("the_{base36-lower:4-200}END")])), "the_", letters, "END"),
        (Look::Run(List::Owned(vec![shape("{base36-lower:20-200}")])), " ", letters, " "),
        (Look::Pattern(pattern), "key", letters, "!"),
        (Look::Assignment(Assignment { words, min: 3, max: 420 }), "password = \"", letters, "\"\n"),
    ]
}

proptest! {
    #[test]
    fn what_makes_a_match_far_from_its_start(at in 24_usize..190, which in 0_usize..4) {
        let (look, head, letters, end) = looks_far().swap_remove(which);
        let rules = chaff::rules(1, 0);
        let rules = rules.iter().map(|rule| Rule {
            look: look.clone(),
            bound: 700,
            entropy: None,
            check: None,
            context: None,
            confidence: Confidence::High,
            ..rule.clone()
        });
        let engine = Engine::new(RuleSet::new(rules.collect()));
        let document: Vec<u8> = ["\n\n", head].concat().bytes().chain(letters.bytes().cycle().take(400)).collect();
        let at = 2 + head.len() + at;
        let mut chain = Chain::new(&engine);
        let checked = chain.next(&document, &[]);
        prop_assert!(matches!(checked, Ok(Checked { dead: 1.., candidates: 0, .. })), "{:?}", checked);
        let edited = [&document[..at], end.as_bytes(), &document[at..]].concat();
        let rest = at + end.len();
        let runs = [(0..at, Some(0)), (at..rest, None), (rest..edited.len(), Some(at))];
        let checked = chain.next(&edited, &runs);
        prop_assert!(matches!(checked, Ok(Checked { candidates: 1.., .. })), "{which}: {:?}", checked);
    }
}

/// The properties would hold if nothing was ever carried; so this looks that much is.
#[test]
fn most_of_what_comes_to_nothing_is_not_looked_at_again() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scanner/src/engine.rs");
    let source = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    for (name, engine) in [("built-in", &*BUILTIN), ("chaff", &Engine::new(chaff::rules(200, 3)))] {
        let mut chain = Chain::new(engine);
        let first = chain.next(&source, &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let middle = source.len() / 2;
        let edited = [&source[..middle], b"\n// A line more.\n", &source[middle..]].concat();
        let rest = edited.len() - (source.len() - middle);
        let runs = [(0..middle, Some(0)), (middle..rest, None), (rest..edited.len(), Some(middle))];
        let second = chain.next(&edited, &runs).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(first.dead > 20 && second.carried_dead * 10 > first.dead * 5, "{name}: {first:?}, {second:?}");
        // Our own sources have no credentials, but chaff.
        assert_eq!(first.candidates > 20, name == "chaff", "{first:?}");
        assert!(first.inherited == 0 && second.inherited * 10 >= first.candidates * 5, "{name}: {first:?}, {second:?}");
    }
}

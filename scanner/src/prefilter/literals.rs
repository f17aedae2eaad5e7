//! Many literals at once. A vector search marks the positions at which one of them may stand, by four of its bytes; what is marked is compared with
//! eight bytes of those that start like it; what is left is compared in full.

use std::collections::HashMap;
use std::ops::Range;

use crate::prefilter::Classes;
use crate::prefilter::after::{After, LOOKED};
use crate::prefilter::chosen::{self, Chosen};
use crate::prefilter::entry::Entry;
use crate::prefilter::fours::Fours;
use crate::prefilter::grams::{EIGHT, Gram, Grams, eight};
use crate::prefilter::sets::{Choice, Choices, Quadruple, SETS, share_out};
use crate::prefilter::simd::{LISTED, Level, MARGIN, Places, Quadruples, WORD, each};

/// Who wants to know of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct User {
    /// The rule's index.
    pub(crate) rule: u32,
    /// Which of the rule's shapes.
    pub(crate) alternative: u16,
    /// How many bytes before the literal the match starts.
    pub(crate) offset: u16,
}

/// So many words are marked at once: enough to make the call worth it, few enough to stay in the first cache level.
const WORDS: usize = LISTED;
/// So many for what is short.
const FEW: usize = 4;
/// From so many on it pays to collect the marks before any of them is looked at: room for them has to be cleared, but that takes less than a few
/// branches that are guessed wrong.
const MANY: usize = 12;

/// The literals of all rules, ready to be looked for.
#[derive(Debug)]
pub(crate) struct Literals {
    level: Level,
    quadruples: Quadruples,
    fours: Fours,
    grams: Grams,
    known: Vec<Literal>,
    /// The same, as they are compared, with all of their users, and the classes of what may follow them.
    entries: Vec<Entry>,
    users: Vec<User>,
    classes: Classes,
    /// The furthest that a quadruple stands from the start of a literal, and a literal from that of a match.
    reach: usize,
    offset: usize,
    /// How many bytes from the start of a literal on it depends on whether it is found, at most.
    pub(crate) length: usize,
}

#[derive(Debug)]
struct Literal {
    bytes: Vec<u8>,
    /// Whether letters match in either case.
    fold: bool,
    /// What follows it, where that is known.
    after: Option<After>,
    users: Vec<User>,
}

/// Collects literals.
#[derive(Debug, Default)]
pub(crate) struct LiteralsBuilder {
    literals: Vec<Literal>,
    /// Their numbers: of those that are as they are, and of those whose letters match in either case.
    known: [HashMap<Vec<u8>, usize>; 2],
}

impl LiteralsBuilder {
    /// Room for so many literals.
    pub(crate) fn with_room(literals: usize) -> Self {
        let known = [HashMap::with_capacity(literals), HashMap::with_capacity(literals)];
        Self { literals: Vec::with_capacity(literals), known }
    }

    /// Adds a literal of three and more bytes. `after` is what follows it, where that is known; letters match in either case
    /// under `fold`.
    pub(crate) fn add(&mut self, bytes: &[u8], fold: bool, after: Option<After>, user: User) {
        let known = &mut self.known[usize::from(fold)];
        let index = known.get(bytes).copied().unwrap_or_else(|| {
            known.insert(bytes.to_vec(), self.literals.len());
            self.literals.push(Literal::new(bytes, fold, after));
            self.literals.len() - 1
        });
        let literal = &mut self.literals[index];
        literal.after = literal.after.zip(after).map(|(one, other)| one.or(other));
        if !literal.users.contains(&user) {
            literal.users.push(user);
        }
    }

    /// `chosen` says of literals that are known beforehand where they are looked for best, in order.
    pub(crate) fn build(self, chosen: &[Chosen]) -> Literals {
        let (mut reach, mut offset, mut length) = (0, 0, 0);
        let count = self.literals.len();
        let (mut grams, mut quadruples) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut entries, mut users, mut classes) = (Vec::with_capacity(count), Vec::new(), Classes::default());
        for literal in &self.literals {
            let of_literal = chosen::find(chosen, &literal.bytes, literal.fold);
            let fits =
                |chosen: &Chosen| usize::from(chosen.at) <= literal.last_quadruple() && usize::from(chosen.set) < SETS;
            let of_literal = of_literal.filter(fits);
            let gram = of_literal.map_or_else(|| literal.rarest(), |chosen| usize::from(chosen.at));
            quadruples.push(Quadruple { choices: literal.quadruple(gram), set: of_literal.map(|chosen| chosen.set) });
            grams.push((Gram::new(&literal.bytes[gram..], literal.fold), gram));
            let beyond = literal.looked() - literal.bytes.len();
            let follow = literal.after.map(|after| after.compiled(&mut classes, beyond));
            let first = users.len();
            users.extend_from_slice(&literal.users);
            entries.push(Entry::new(&literal.bytes, literal.fold, gram, follow, first..users.len()));
            reach = reach.max(gram);
            offset = literal.users.iter().map(|user| usize::from(user.offset)).fold(offset, usize::max);
            length = length.max(literal.looked());
        }
        Literals {
            level: Level::best(),
            quadruples: Quadruples::new(&share_out(&quadruples)),
            fours: Fours::new(quadruples.iter().map(|quadruple| quadruple.choices)),
            grams: Grams::new(&grams),
            known: self.literals,
            entries,
            users,
            classes,
            reach,
            offset,
            length,
        }
    }
}

impl Literals {
    /// For each of so many rules, whether a literal of it stands inside of its matches and not where they start.
    pub(crate) fn inner(&self, rules: usize) -> Vec<bool> {
        let mut inner = vec![false; rules];
        for user in self.known.iter().flat_map(|literal| &literal.users).filter(|user| user.offset > 0) {
            inner.get_mut(user.rule as usize).into_iter().for_each(|inner| *inner = true);
        }
        inner
    }

    /// How many bytes from the start of a match on it depends on whether it is a hit, at most.
    pub(crate) fn span(&self) -> usize {
        self.offset + self.length
    }

    /// Tells of every user whose match would start in `range`.
    pub(crate) fn find(&self, input: &[u8], range: &Range<usize>, mut hit: impl FnMut(User, usize)) {
        let of_literals = range.start..range.end.saturating_add(self.offset);
        self.find_literals(input, &of_literals, |user, at| {
            if let Some(start) = at.checked_sub(usize::from(user.offset))
                && range.contains(&start)
            {
                hit(user, start);
            }
        });
    }

    /// Tells of every user of every literal that starts in `range`, with where that is.
    pub(crate) fn find_literals(&self, input: &[u8], range: &Range<usize>, mut hit: impl FnMut(User, usize)) {
        let end = input.len().min(range.end.saturating_add(self.reach));
        let words = end.saturating_sub(range.start).div_ceil(WORD);
        if words <= FEW {
            self.find_each::<FEW>(input, range, end, &mut hit);
        } else if words < MANY {
            self.find_each::<WORDS>(input, range, end, &mut hit);
        } else {
            self.find_collected(input, range, end, &mut hit);
        }
    }

    /// Looks at each mark by itself.
    fn find_each<const WORDS: usize>(
        &self,
        input: &[u8],
        range: &Range<usize>,
        end: usize,
        hit: &mut impl FnMut(User, usize),
    ) {
        let mut marks = [0; WORDS];
        let mut at = range.start;
        while at < end {
            let marks = self.mark(input, at..end, &mut marks);
            for (word, marks) in marks.iter().enumerate() {
                each(*marks, |place| {
                    let marked = at + word * WORD + place;
                    if self.fours.may_be(eight(input, marked) as u32) {
                        self.confirm(input, range, marked, hit);
                    }
                });
            }
            at += marks.len() * WORD;
        }
    }

    /// Collects the marks of many words first.
    fn find_collected(&self, input: &[u8], range: &Range<usize>, end: usize, hit: &mut impl FnMut(User, usize)) {
        let mut marks = [0; WORDS];
        let mut places = Places::NONE;
        let mut at = range.start;
        while at < end {
            let marks = self.mark(input, at..end, &mut marks);
            for place in self.maybe(input.get(at..).unwrap_or_default(), places.of(self.level, marks)) {
                self.confirm(input, range, at + usize::from(*place), hit);
            }
            at += marks.len() * WORD;
        }
    }

    /// Of some places those at which four bytes, and then eight of a literal may stand, moved together at the front.
    #[inline]
    fn maybe<'p>(&self, input: &[u8], places: &'p mut [u16]) -> &'p [u16] {
        match input.first_chunk() {
            Some(block) => self.maybe_with(|place| eight_of(block, place), places),
            None => self.maybe_with(|place| eight(input, place), places),
        }
    }

    /// The same, given what tells of the eight bytes at a place.
    #[inline]
    fn maybe_with<'p>(&self, eight: impl Fn(usize) -> u64, places: &'p mut [u16]) -> &'p [u16] {
        let places = passing(places, |place| self.fours.may_be(eight(place) as u32));
        passing(places, |place| self.grams.group(eight(place)).is_some())
    }

    /// Marks the positions of the next words at which a literal may stand.
    fn mark<'m>(&self, input: &[u8], range: Range<usize>, marks: &'m mut [u64]) -> &'m [u64] {
        let bytes = input.get(range.start..).unwrap_or_default();
        let wanted = range.len().div_ceil(WORD).min(marks.len());
        let whole = (bytes.len().saturating_sub(MARGIN) / WORD).min(wanted);
        let marks = marks.get_mut(..whole.max(1)).unwrap_or_default();
        if whole > 0 {
            self.quadruples.find(self.level, bytes, marks);
        } else {
            // The last bytes are followed by zeros.
            let mut padded = [0; WORD + 2 * MARGIN];
            padded.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            self.quadruples.find(self.level, &padded, marks);
        }
        let surplus = (marks.len() * WORD).saturating_sub(range.len());
        if let Some(last) = marks.last_mut().filter(|_| surplus > 0) {
            *last &= u64::MAX >> surplus;
        }
        marks
    }

    #[inline(never)]
    fn confirm(&self, input: &[u8], range: &Range<usize>, at: usize, hit: &mut impl FnMut(User, usize)) {
        let eight = eight(input, at);
        let Some(group) = self.grams.group(eight) else { return };
        for member in self.grams.members(group, eight) {
            let Some(start) = at.checked_sub(member.at as usize) else { continue };
            let Some(entry) = self.entries.get(member.literal as usize) else { continue };
            if range.contains(&start)
                && entry.stands_at(&self.classes, input, start)
                && (!entry.is_long() || self.known[member.literal as usize].is_at(input, start))
            {
                for user in self.users.get(entry.users()).unwrap_or_default() {
                    hit(*user, start);
                }
            }
        }
    }
}

/// The places that pass, moved together at the front. Nobody can guess which of them do, so that a branch would cost more than the comparison.
#[inline]
fn passing(places: &mut [u16], passes: impl Fn(usize) -> bool) -> &mut [u16] {
    let mut passing = 0;
    for index in 0..places.len() {
        let Some(place) = places.get(index).copied() else { break };
        if let Some(next) = places.get_mut(passing) {
            *next = place;
        }
        passing += usize::from(passes(usize::from(place)));
    }
    places.get_mut(..passing).unwrap_or_default()
}

/// The bytes of as many words as are marked at once, and of those that are looked at after the last place.
type Block = [u8; WORDS * WORD + EIGHT];

/// Eight bytes from a place of a block on, the first one lowest. That they are there need not be asked, which is a third of what is done for a mark.
#[inline]
fn eight_of(block: &Block, place: usize) -> u64 {
    let rest = block.get(place % (WORDS * WORD)..).unwrap_or_default();
    rest.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight))
}

impl Literal {
    fn new(bytes: &[u8], fold: bool, after: Option<After>) -> Self {
        Self { bytes: bytes.to_vec(), fold, after, users: Vec::new() }
    }

    /// How many bytes from its start on it depends on whether it is found.
    fn looked(&self) -> usize {
        self.after.map_or(self.bytes.len(), |_| self.bytes.len().max(LOOKED))
    }

    /// Whether all of it stands at a place.
    fn is_at(&self, input: &[u8], at: usize) -> bool {
        let found = input.get(at..).and_then(|rest| rest.get(..self.bytes.len()));
        found.is_some_and(|found| if self.fold { found.eq_ignore_ascii_case(&self.bytes) } else { found == self.bytes })
    }

    /// What may stand at a place of it. The fourth byte of a literal of three is the one after it.
    fn choice(&self, at: usize) -> Choice {
        match self.bytes.get(at) {
            Some(letter) if self.fold && letter.is_ascii_alphabetic() => Choice::Letter(*letter),
            Some(byte) => Choice::Byte(*byte),
            None => self.after.and_then(After::first).map_or(Choice::Any, Choice::Class),
        }
    }

    /// What may stand at the four places from one on.
    fn quadruple(&self, at: usize) -> Choices {
        std::array::from_fn(|n| self.choice(at + n))
    }

    /// Where its last quadruple stands.
    fn last_quadruple(&self) -> usize {
        self.bytes.len().saturating_sub(4)
    }

    /// Where its rarest quadruple stands.
    fn rarest(&self) -> usize {
        let share = |at: &usize| self.quadruple(*at).iter().map(|choice| choice.share()).product::<f32>();
        (0..=self.last_quadruple()).min_by(|a, b| share(a).total_cmp(&share(b))).unwrap_or(0)
    }
}

/// A literal, and for each of its places the bytes that may stand there; four at least.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Searched {
    /// It.
    pub bytes: Vec<u8>,
    /// Whether letters match in either case.
    pub fold: bool,
    /// What may stand at its places.
    pub places: Vec<Vec<u8>>,
}

impl Literals {
    /// What is looked for, in order: for the developers' command that chooses where.
    pub(crate) fn searched(&self) -> Vec<Searched> {
        let places = |literal: &Literal| {
            let place = |at: usize| {
                let mut bytes = Vec::new();
                literal.choice(at).each(|byte| bytes.push(byte as u8));
                bytes
            };
            (0..literal.last_quadruple() + 4).map(place).collect()
        };
        let searched =
            |literal: &Literal| Searched { bytes: literal.bytes.clone(), fold: literal.fold, places: places(literal) };
        let mut all: Vec<Searched> = self.known.iter().map(searched).collect();
        all.sort_unstable();
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(rule: u32, offset: u16) -> User {
        User { rule, alternative: 0, offset }
    }

    fn build(literals: &[(&str, bool, u16)]) -> Literals {
        let mut builder = LiteralsBuilder::default();
        for (rule, (text, fold, offset)) in literals.iter().enumerate() {
            builder.add(text.as_bytes(), *fold, None, user(rule as u32, *offset));
        }
        builder.build(&[])
    }

    fn found(literals: &Literals, input: &[u8], range: Range<usize>) -> Vec<(u32, usize)> {
        let mut hits = Vec::new();
        literals.find(input, &range, |user, start| hits.push((user.rule, start)));
        hits.sort_unstable();
        hits
    }

    #[test]
    fn three_bytes_up_to_the_end_of_the_input() {
        let literals = build(&[("abc", false, 0), ("xyzw", true, 1)]);
        assert_eq!(found(&literals, b"abc", 0..3), [(0, 0)]);
        assert_eq!(found(&literals, b"-abcabc", 0..7), [(0, 1), (0, 4)]);
        assert_eq!(found(&literals, b"1XyZw", 0..5), [(1, 0)]);
        assert_eq!(found(&literals, b"XYZW", 0..4), [], "a match cannot start before the input");
        assert_eq!(found(&literals, b"", 0..0), []);
    }

    #[test]
    fn every_byte_of_a_literal_counts() {
        let texts = [
            "abc",
            "abcdefgh",
            "bcdefghij",
            "0123456789abcdef",
            "0123456789abcdefg",
            "the-prefix-of-a-very-long-token_",
        ];
        for (text, fold) in texts.iter().flat_map(|text| [(text, false), (text, true)]) {
            let literals = build(&[(text, fold, 0)]);
            let others = "- ".repeat(20);
            let found = |text: &str| found(&literals, format!("{others}{text}{others}").as_bytes(), 0..1000);
            assert_eq!(found(text), [(0, others.len())], "{text}");
            assert_eq!(found(&text.to_ascii_uppercase()).len(), usize::from(fold), "{text}");
            for at in 0..text.len() {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = b'!';
                assert_eq!(found(&String::from_utf8_lossy(&bytes)), [], "{text} without its byte {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn equals_a_search_at_every_position(input in "[abcABC_-]{0,80}", cut in 0_usize..80) {
            let texts = [("abc", false, 0), ("abca", false, 2), ("b_c-a", true, 0), ("cab", true, 1), ("aaaa", false, 0)];
            let literals = build(&texts);
            let input = input.as_bytes();
            let mut expected = Vec::new();
            for (rule, (text, fold, offset)) in texts.iter().enumerate() {
                for at in 0..input.len() {
                    let Some(window) = input[at..].get(..text.len()) else { continue };
                    let equal = if *fold { window.eq_ignore_ascii_case(text.as_bytes()) } else { window == text.as_bytes() };
                    if equal && at >= usize::from(*offset) {
                        expected.push((rule as u32, at - usize::from(*offset)));
                    }
                }
            }
            expected.sort_unstable();
            prop_assert_eq!(&found(&literals, input, 0..input.len()), &expected);
            let cut = cut.min(input.len());
            let mut parts = found(&literals, input, 0..cut);
            parts.extend(found(&literals, input, cut..input.len()));
            parts.sort_unstable();
            prop_assert_eq!(&parts, &expected);
        }

        #[test]
        fn much_is_searched_as_little_by_little(texts in prop::collection::vec("[abcABC_-]{0,9}[d-z ]{0,150}", 1..30), from in 0_usize..200) {
            let literals = build(&[("abc", false, 0), ("b_c-a", true, 3), ("cab", true, 1), ("aaaa", false, 0)]);
            let text = texts.concat();
            let input = text.repeat((MANY * WORD * 3 / 2) / text.len().max(1) + 1);
            let range = from..input.len();
            let parts = range.clone().step_by(200).flat_map(|at| found(&literals, input.as_bytes(), at..range.end.min(at + 200)));
            let mut expected: Vec<_> = parts.collect();
            expected.sort_unstable();
            prop_assert_eq!(found(&literals, input.as_bytes(), range), expected);
        }
    }
}

//! The words of all rules' contexts at once. Where matches stand close together they ask for the words of the same bytes; these are searched once,
//! for all words.

use std::ops::Range;

use stanch_rules::{Context, Extent, RuleSet, Str};

use crate::confirm::Match;
use crate::evidence::words::{holds_word, stands_alone};
use crate::prefilter::chosen::WORDS;
use crate::prefilter::{Literals, LiteralsBuilder, Searched, User};
use crate::window::around;

/// Words of fewer bytes are looked for one by one.
const SHORTEST: usize = 3;
/// What words have in common is looked for first if it has so many bytes.
const LONG: usize = 5;

/// The context words of all rules.
#[derive(Debug)]
pub(crate) struct ContextWords {
    literals: Literals,
    /// What all words have in common that a rule cannot do without, by the rule.
    commons: Literals,
    /// The words that each rule wants, with their numbers; short ones have none.
    rules: Vec<Wanted>,
}

/// The words that a rule wants.
#[derive(Debug, Default)]
struct Wanted {
    /// With their numbers; short ones have none.
    words: Vec<(Str, Option<u32>)>,
    /// Whether what all of them have in common is looked for first.
    common: bool,
}

/// The words that were found in a stretch of a document.
#[derive(Debug, Default)]
pub(crate) struct Near {
    /// Where they start.
    searched: Range<usize>,
    /// The places of each word, in order.
    places: Vec<Vec<usize>>,
    /// The words that have places.
    seen: Vec<u32>,
    commons: Commons,
}

/// What words have in common, in a stretch of a document. Matches that lack it stand in lines one after the other, which are short: it is looked
/// for in some that come next, too.
#[derive(Debug, Default)]
struct Commons {
    /// Where it starts.
    searched: Range<usize>,
    /// The rules whose words have it, by place.
    places: Vec<(usize, u32)>,
    /// How much is searched beyond what is asked for.
    ahead: usize,
}

/// Where words of a context may stand: around a match, but not in its secret.
#[derive(Debug, Clone)]
pub(crate) struct Around<'a> {
    input: &'a [u8],
    pub(crate) window: Range<usize>,
    secret: Range<usize>,
}

impl ContextWords {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        let mut builder = LiteralsBuilder::default();
        let mut known: Vec<&str> = rules.iter().filter_map(|rule| rule.context.as_ref()).flat_map(words).collect();
        known.retain(|word| word.len() >= SHORTEST);
        known.sort_unstable();
        known.dedup();
        for (number, word) in known.iter().enumerate() {
            builder.add(word.as_bytes(), true, None, User { rule: number as u32, alternative: 0, offset: 0 });
        }
        let numbered = |word: &Str| {
            let number = known.binary_search(&word.as_ref()).ok();
            (word.clone(), number.map(|number| number as u32))
        };
        let mut commons = LiteralsBuilder::default();
        let mut wanted = |(index, context): (usize, &Context)| {
            let common = Some(context).filter(|context| context.need).and_then(|context| common(words(context)));
            if let Some(common) = common {
                commons.add(common, true, None, User { rule: index as u32, alternative: 0, offset: 0 });
            }
            Wanted { words: context.words.iter().map(numbered).collect(), common: common.is_some() }
        };
        let contexts = rules.iter().map(|rule| rule.context.as_ref()).enumerate();
        let rules =
            contexts.map(|(index, context)| context.map(|context| wanted((index, context))).unwrap_or_default());
        let rules = rules.collect();
        Self { literals: builder.build(WORDS), commons: commons.build(&[]), rules }
    }

    /// What is looked for.
    pub(crate) fn searched(&self) -> Vec<Searched> {
        self.literals.searched()
    }

    /// Whether a word of the rule's context stands there.
    pub(crate) fn holds(&self, rule: usize, around: &Around<'_>, near: &mut Near) -> bool {
        // Most have nothing of the kind near, and a search for few things takes less than one for all words.
        let may = self.rules.get(rule).is_none_or(|wanted| !wanted.common)
            || near.commons.has(rule, &self.commons, around.input, &around.window);
        may && self.standing(rule, around, near).next().is_some()
    }

    /// The words of the rule's context that stand there.
    pub(crate) fn seen(&self, rule: usize, around: &Around<'_>, near: &mut Near) -> Vec<Str> {
        self.standing(rule, around, near).cloned().collect()
    }

    fn standing<'a>(
        &'a self,
        rule: usize,
        around: &'a Around<'_>,
        near: &'a mut Near,
    ) -> impl Iterator<Item = &'a Str> {
        near.search(&self.literals, around.input, around.window.clone());
        let near = &*near;
        let wanted = self.rules.get(rule).map(|wanted| wanted.words.as_slice()).unwrap_or_default();
        let stands = move |(word, number): &&(Str, Option<u32>)| match number {
            Some(number) => near.within(*number, &around.window).any(|start| around.holds_at(start, word.len())),
            None => around.holds_one(word),
        };
        wanted.iter().filter(stands).map(|(word, _)| word)
    }
}

impl<'a> Around<'a> {
    pub(crate) fn new(input: &'a [u8], reach: Extent, found: &Match) -> Self {
        Self { input, window: around(input, reach, &found.span), secret: found.secret.clone() }
    }

    fn sides(&self) -> [Range<usize>; 2] {
        [self.window.start..self.secret.start, self.secret.end..self.window.end]
    }

    /// Whether a word that is found somewhere stands on one side, and by itself if it is short.
    fn holds_at(&self, start: usize, length: usize) -> bool {
        let sides = self.sides();
        let side = sides.iter().find(|side| side.start <= start && start + length <= side.end);
        side.is_some_and(|side| {
            stands_alone(self.input.get(side.clone()).unwrap_or_default(), start - side.start, length)
        })
    }

    fn holds_one(&self, word: &str) -> bool {
        let sides = self.sides().map(|side| self.input.get(side).unwrap_or_default());
        sides.iter().any(|side| holds_word(side, word.as_bytes()))
    }
}

/// The words of a context that stand around a match, each looked for by itself: by this definition the fast way is tested.
pub(crate) fn words_around(context: &Context, around: &Around<'_>) -> Vec<Str> {
    context.words.iter().filter(|word| around.holds_one(word)).cloned().collect()
}

fn words(context: &Context) -> impl Iterator<Item = &str> {
    context.words.iter().map(AsRef::as_ref)
}

/// The longest that all words have in common, if it is long enough to be rare.
fn common<'w>(mut words: impl Iterator<Item = &'w str>) -> Option<&'w [u8]> {
    let first = words.next()?.as_bytes();
    let others: Vec<&str> = words.collect();
    let all_have = |part: &&[u8]| others.iter().all(|word| memchr::memmem::find(word.as_bytes(), part).is_some());
    (LONG..=first.len()).rev().flat_map(|length| first.windows(length)).find(all_have)
}

impl Near {
    /// Forgets everything: other bytes are looked at from now on.
    pub(crate) fn reset(&mut self) {
        self.forget(0);
        self.commons.forget(0);
    }

    /// Nothing is known any more, and what comes next starts at a place.
    fn forget(&mut self, start: usize) {
        self.searched = start..start;
        for word in self.seen.drain(..) {
            self.places.get_mut(word as usize).into_iter().for_each(Vec::clear);
        }
    }

    /// The places of a word in a stretch that was searched.
    fn within(&self, word: u32, stretch: &Range<usize>) -> impl Iterator<Item = usize> {
        let places = self.places.get(word as usize).map(Vec::as_slice).unwrap_or_default();
        let first = if places.is_empty() { 0 } else { places.partition_point(|start| *start < stretch.start) };
        let end = stretch.end;
        places.iter().skip(first).copied().take_while(move |start| *start < end)
    }

    /// Sees to it that the words that start in a stretch are known. Asked for stretches in order, it searches no byte twice.
    fn search(&mut self, literals: &Literals, input: &[u8], stretch: Range<usize>) {
        if stretch.start < self.searched.start || stretch.start > self.searched.end {
            self.forget(stretch.start);
        }
        if stretch.end <= self.searched.end {
            return;
        }
        let Self { searched, places, seen, .. } = self;
        literals.find(input, &(searched.end..stretch.end), |user, start| {
            let word = user.rule as usize;
            if word >= places.len() {
                places.resize_with(word + 1, Vec::new);
            }
            let Some(places) = places.get_mut(word) else { return };
            if places.is_empty() {
                seen.push(user.rule);
            }
            places.push(start);
        });
        searched.end = stretch.end;
    }
}

impl Commons {
    const MOST_AHEAD: usize = 2048;
    /// So near behind what was searched the next line begins.
    const NEXT: usize = 64;

    /// Nothing is known any more, and what comes next starts at a place.
    fn forget(&mut self, start: usize) {
        self.searched = start..start;
        self.places.clear();
        self.ahead = 0;
    }

    /// Whether what the words of a rule have in common starts in a stretch.
    fn has(&mut self, rule: usize, literals: &Literals, input: &[u8], stretch: &Range<usize>) -> bool {
        if stretch.start < self.searched.start || stretch.start > self.searched.end + Self::NEXT {
            self.forget(stretch.start);
        }
        if stretch.end > self.searched.end {
            let (known, end) = (self.places.len(), input.len().min(stretch.end + self.ahead));
            literals.find(input, &(self.searched.end..end), |user, start| self.places.push((start, user.rule)));
            self.places.get_mut(known..).unwrap_or_default().sort_unstable();
            self.searched.end = end;
            self.ahead = (2 * self.ahead + stretch.len()).min(Self::MOST_AHEAD);
        }
        let first = self.places.partition_point(|(start, _)| *start < stretch.start);
        let here = self.places.iter().skip(first).take_while(|(start, _)| *start < stretch.end);
        here.into_iter().any(|(_, of)| *of as usize == rule)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Text of words that rules have, of pieces of them, and of other things.
    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let rules = RuleSet::builtin();
        let all: Vec<String> =
            rules.iter().filter_map(|rule| rule.context.as_ref()).flat_map(words).map(str::to_owned).collect();
        let word = prop::sample::select(all);
        let piece = prop_oneof![
            3 => word.clone(),
            1 => word.clone().prop_map(|word| word.to_uppercase()),
            1 => word.prop_map(|word| word.chars().skip(1).collect()),
            2 => "[a-zA-Z0-9_=. \n]{0,9}",
            1 => Just("\n\n".to_owned()),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn equals_a_search_for_each_word(text in texts(), places in prop::collection::vec((any::<u16>(), 0_usize..30), 1..6)) {
            let rules = RuleSet::builtin();
            let all = ContextWords::new(&rules);
            let mut near = Near::default();
            for (start, length) in places {
                let start = usize::from(start) % (text.len() + 1);
                let secret = start..text.len().min(start + length);
                for (index, rule) in rules.iter().enumerate() {
                    let Some(context) = &rule.context else { continue };
                    let found = Match { span: secret.clone(), secret: secret.clone(), truncated: false, glued_right: false };
                    let around = Around::new(&text, context.reach, &found);
                    let expected = words_around(context, &around);
                    prop_assert_eq!(all.holds(index, &around, &mut near), !expected.is_empty(), "{}", rule.id);
                    prop_assert_eq!(&all.seen(index, &around, &mut near), &expected, "{}", rule.id);
                }
            }
        }
    }
}

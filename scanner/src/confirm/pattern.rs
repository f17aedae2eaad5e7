//! Patterns as they run: an automaton that says early that there is no match, and a search for what a match holds.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::meta::Regex;
use regex_automata::util::pool::Pool;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use stanch_rules::{ByteClass, Opening, Pattern, Str, compile_pattern};

/// So many groups are looked at; the secret of a pattern with more of them is its whole match.
const GROUPS: usize = 16;

/// How many bytes of states a thread remembers of a pattern. Hostile text meets many; beyond this they are forgotten and made again.
const STATES: usize = 128 << 10;

/// A pattern. Each part of it is made when it is first needed: few inputs have a hit of few patterns, and most hits come to nothing early. What does not
/// compile, which `check` refuses beforehand, matches nothing.
pub(crate) struct CompiledPattern {
    source: Str,
    opening: Option<Start>,
    /// Goes through the bytes until no match is possible any more. States are made as they are met.
    automaton: OnceLock<Option<(DFA, Caches)>>,
    regex: OnceLock<Option<SecretRegex>>,
}

/// The expression, and the group that is the secret.
struct SecretRegex(Regex, Option<usize>);

/// The states that were met, for each thread that is at it.
type Caches = Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync>>;

impl CompiledPattern {
    pub(crate) fn new(pattern: &Pattern) -> Self {
        Self {
            source: pattern.regex.clone(),
            opening: pattern.opening.as_ref().map(Start::new),
            automaton: OnceLock::new(),
            regex: OnceLock::new(),
        }
    }

    /// If nothing matches at the start of the bytes, how many of them it takes to know, with what ends them. `None` if something may.
    pub(crate) fn fails_at(&self, haystack: &[u8]) -> Option<usize> {
        if let Some(looked) = self.opening.as_ref().and_then(|opening| opening.fails_at(haystack)) {
            return Some(looked);
        }
        let (automaton, caches) = self.automaton.get_or_init(|| automaton(&self.source)).as_ref()?;
        let cache = &mut *caches.get();
        let input = Input::new(haystack).anchored(Anchored::Yes);
        let mut state = automaton.start_state_forward(cache, &input).ok()?;
        let mut at = 0;
        while let Some(byte) = haystack.get(at) {
            // Most steps lead to where they start. Several such steps do not wait for each other.
            if !state.is_tagged()
                && let Some(next) = haystack.get(at..).and_then(|rest| rest.first_chunk::<4>())
                && next.map(|byte| automaton.next_state_untagged(cache, state, byte)) == [state; 4]
            {
                at += 4;
                continue;
            }
            state = automaton.next_state(cache, state, *byte).ok()?;
            if state.is_tagged() {
                if state.is_dead() {
                    return Some(at + 1);
                }
                if state.is_match() || state.is_quit() {
                    return None;
                }
            }
            at += 1;
        }
        state = automaton.next_eoi_state(cache, state).ok()?;
        (!state.is_match() && !state.is_quit()).then_some(haystack.len() + 1)
    }

    /// The match at the start of the bytes, and what of it is the secret.
    pub(crate) fn search(&self, haystack: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
        let SecretRegex(regex, secret) = self.regex.get_or_init(|| SecretRegex::new(&self.source)).as_ref()?;
        let mut slots: [Option<NonMaxUsize>; 2 * GROUPS] = [None; 2 * GROUPS];
        regex.search_slots(&Input::new(haystack).anchored(Anchored::Yes), &mut slots)?;
        let group = |index: usize| {
            let [start, end] = [slots.get(2 * index)?, slots.get(2 * index + 1)?];
            Some((*start)?.get()..(*end)?.get())
        };
        let span = group(0)?;
        let secret = secret.and_then(group).unwrap_or(span.clone());
        Some((span, secret))
    }
}

fn automaton(source: &str) -> Option<(DFA, Caches)> {
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    let config = DFA::config().match_kind(MatchKind::All).cache_capacity(STATES).skip_cache_capacity_check(true);
    let automaton = DFA::builder().configure(config).syntax(syntax).build(source).ok()?;
    let of = automaton.clone();
    Some((automaton, Caches::new(Box::new(move || of.create_cache()))))
}

impl SecretRegex {
    fn new(source: &str) -> Option<Self> {
        let regex = compile_pattern(source).ok()?;
        let secret = regex.group_info().to_index(regex_automata::PatternID::ZERO, "secret");
        Some(Self(regex, secret.filter(|group| *group < GROUPS)))
    }
}

/// How all matches start, as a table.
struct Start {
    head: Vec<u8>,
    run: Box<[bool; 256]>,
    next: ByteClass,
}

impl Start {
    fn new(Opening { head, run, next }: &Opening) -> Self {
        let mut table = Box::new([false; 256]);
        run.bytes().for_each(|byte| table[usize::from(byte)] = true);
        Self { head: head.to_vec(), run: table, next: *next }
    }

    /// What [`CompiledPattern::fails_at`] tells, as far as the start does: there are many addresses, and next to none of them has a password.
    fn fails_at(&self, haystack: &[u8]) -> Option<usize> {
        let rest = haystack.strip_prefix(self.head.as_slice())?;
        let run = rest.iter().take_while(|byte| self.run[usize::from(**byte)]).count();
        let may_go_on = rest.get(run).is_some_and(|byte| self.next.contains(*byte));
        (!may_go_on).then_some(self.head.len() + run + 1)
    }
}

impl fmt::Debug for CompiledPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledPattern").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stanch_rules::List;

    use super::*;

    const PATTERNS: [&str; 3] = [
        "key(?P<secret>[a-z0-9]{3,6})!",
        "://[a-z]*:(?P<secret>[a-z!]{2,})@(?:[a-z]+|$)",
        "k(?:ey)?(?P<secret>[!k]+)$",
    ];

    proptest! {
        #[test]
        fn what_was_not_looked_at_makes_no_match(
            which in 0..PATTERNS.len(),
            text in "(key|://|k)[a-z0-9]{0,7}[!:@k]?[a-z!]{0,4}[@!]?[a-z]{0,3}",
            other in "[a-z0-9]{0,4}[!:@]?[a-z!]{0,4}[@!]?[a-z]{0,2}",
        ) {
            let pattern = CompiledPattern::new(&Pattern::new(Str::Borrowed(PATTERNS[which]), List::Borrowed(&[])));
            let text = text.as_bytes();
            let looked = pattern.fails_at(text);
            prop_assert!(looked.is_none() || pattern.search(text).is_none());
            if let Some(known) = looked.and_then(|looked| text.get(..looked)) {
                let elsewhere = [known, other.as_bytes()].concat();
                prop_assert_eq!(pattern.fails_at(&elsewhere), looked);
                prop_assert!(pattern.search(&elsewhere).is_none());
            }
        }
    }
}

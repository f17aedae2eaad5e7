//! The engine: bytes in, content verdicts out. It knows nothing of files or git.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use stanch_model::{Confidence, Secret};
use stanch_rules::{Context, Look, Rule, RuleSet, Str, published_sample};

use crate::compiled::{CompiledLook, CompiledRule, compile};
use crate::confirm::{Match, RunEnds, confirm};
use crate::digest;
use crate::evidence::beside;
use crate::evidence::near::{Around, ContextWords, Near, words_around};
use crate::prefilter::chosen::ANCHORS;
use crate::prefilter::{
    After, Classes, Gate, LOOKED, Level, Literals, LiteralsBuilder, MOST_RULES, Open, Searched, User, token_starts,
};
use crate::resolve::resolve;
use crate::weigh::{COMPANION, Care, ContentVerdict, is_no_secret, weigh};
use crate::window::Window;

/// Rules, compiled to be looked for together. It is made once and shared by all threads.
#[derive(Debug)]
pub struct Engine {
    rules: RuleSet,
    compiled: Vec<CompiledRule>,
    pub(crate) classes: Classes,
    pub(crate) literals: Literals,
    /// For each rule, whether a literal that it is found by does not start its match.
    pub(crate) inner: Vec<bool>,
    /// The run-anchored rules, each with the number of its shapes.
    pub(crate) runs: Vec<(u32, u16)>,
    pub(crate) gate: Gate,
    level: Level,
    /// Made when they are first asked for.
    context_words: OnceLock<ContextWords>,
    reach: Reach,
    /// The reach of each rule.
    reaches: Vec<Reach>,
}

/// How far around a place the engine looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The most bytes before the start of a match that its verdict depends on.
    pub before: usize,
    /// The most bytes after the start of a match that the match and its verdict depend on.
    pub after: usize,
    /// Whether some rule looks at the whole document, so that parts of one do not suffice.
    pub document: bool,
}

/// A place where a rule matched, with what the bytes say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The index of the rule in the engine's set.
    pub rule: usize,
    /// The bytes of the match.
    pub span: Range<usize>,
    /// The bytes of the secret.
    pub secret: Range<usize>,
    /// Whether the match reached its bound and could go on.
    pub truncated: bool,
    /// What the bytes say.
    pub verdict: Arc<ContentVerdict>,
    /// The companions found near, as rule index and secret.
    pub companions: Vec<(usize, Range<usize>)>,
}

/// Buffers that scans use again. One for each thread.
#[derive(Debug, Default)]
pub struct Scratch {
    hits: Vec<(usize, User)>,
    pub(crate) run_ends: RunEnds,
    pub(crate) near: Near,
    pub(crate) candidates: Vec<Candidate>,
}

/// Why a match is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Out {
    /// Its secret is none, wherever it stands.
    BySecret,
    /// No word of its kind stands in these bytes.
    NoWord(Range<usize>),
    /// All that its rule looks at may have a part in it.
    Around,
}

impl Engine {
    /// An engine for the rules.
    pub fn new(rules: RuleSet) -> Self {
        let (compiled, classes) = compile(&rules);
        let mut literals = LiteralsBuilder::with_room(2 * rules.len());
        let mut runs = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            add_anchors(index as u32, rule, &compiled[index], &mut literals, &mut runs);
        }
        let literals = literals.build(ANCHORS);
        let inner = literals.inner(compiled.len());
        let reaches: Vec<Reach> = rules.iter().map(Reach::of).collect();
        let reach = reaches.iter().copied().fold(Reach::LEAST, Reach::or);
        let gate = Gate::new(&runs, &compiled, &classes);
        Self {
            compiled,
            classes,
            literals,
            inner,
            runs,
            gate,
            level: Level::best(),
            context_words: OnceLock::new(),
            reach,
            reaches,
            rules,
        }
    }

    /// The rules it looks for.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// How far around a place it looks.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Scans a whole document: what stays after overlaps and companions are resolved, in order of place.
    pub fn scan<'s>(&self, document: &[u8], scratch: &'s mut Scratch) -> &'s [Candidate] {
        let mut candidates = std::mem::take(&mut scratch.candidates);
        candidates.clear();
        self.scan_part(document, 0..document.len(), scratch, |candidate| candidates.push(candidate));
        self.resolve(&mut candidates);
        scratch.candidates = candidates;
        &scratch.candidates
    }

    /// Finds the candidates whose match starts in `range`, unresolved. `bytes` holds the range with [`Engine::reach`] around
    /// it, as far as there is anything. Offsets are those of `bytes`.
    pub fn scan_part(
        &self,
        bytes: &[u8],
        range: Range<usize>,
        scratch: &mut Scratch,
        mut found: impl FnMut(Candidate),
    ) {
        let mut near = std::mem::take(&mut scratch.near);
        near.reset();
        self.each_match(bytes, range, scratch, |engine, rule, matched| {
            if let Ok(candidate) = engine.accepted(rule, matched, bytes, &mut near) {
                found(candidate);
            }
        });
        scratch.near = near;
    }

    /// Every match of every rule with its verdict, rejected ones too, in order of rule and start. This is what two ways of scanning are
    /// compared by.
    pub fn trace(&self, document: &[u8], scratch: &mut Scratch) -> Vec<Candidate> {
        self.trace_part(document, 0..document.len(), scratch)
    }

    /// What [`Engine::trace`] gives for the matches that start in a part, as [`Engine::scan_part`] sees it.
    pub fn trace_part(&self, bytes: &[u8], range: Range<usize>, scratch: &mut Scratch) -> Vec<Candidate> {
        let mut all = Vec::new();
        let mut near = std::mem::take(&mut scratch.near);
        near.reset();
        self.each_match(bytes, range, scratch, |engine, rule, matched| {
            all.push(engine.candidate(rule, matched, bytes, &mut near, Care::Whole));
        });
        scratch.near = near;
        all.sort_by_key(|c| (c.rule, c.span.start, c.span.end));
        all
    }

    /// How far around the start of its matches a rule looks.
    pub(crate) fn rule_reach(&self, rule: u32) -> Reach {
        self.reaches.get(rule as usize).copied().unwrap_or(self.reach)
    }

    /// The match of one rule at one start, by its definition alone: no hit finder, no cache. The oracle of [`Engine::trace`].
    pub fn try_at(&self, rule: usize, document: &[u8], start: usize) -> Option<Candidate> {
        let compiled = self.compiled.get(rule)?;
        let alternatives = match &compiled.look {
            CompiledLook::Shapes { shapes, .. } => shapes.len(),
            CompiledLook::Pattern(_) | CompiledLook::Assignment => 1,
        };
        let mut runs = RunEnds::default();
        runs.reset(&self.classes);
        let best = self.longest(document, rule as u32, 0..alternatives as u16, start, &mut runs)?;
        let seen =
            |context: &Context, found: &Match| words_around(context, &Around::new(document, context.reach, found));
        Some(self.weighed(rule, best, document, seen, Care::Whole))
    }

    /// Resolves overlaps and companions among the candidates of one document.
    pub fn resolve(&self, candidates: &mut Vec<Candidate>) {
        resolve(candidates, &self.rules, &self.compiled);
    }

    /// Tells of every match that starts in the range. Hits are looked for slice by slice, so that dense ones cost no memory; where a slice is
    /// cut makes no difference to them.
    fn each_match(
        &self,
        bytes: &[u8],
        range: Range<usize>,
        scratch: &mut Scratch,
        mut matched: impl FnMut(&Self, usize, Match),
    ) {
        const SLICE: usize = 16 << 10;
        scratch.run_ends.reset(&self.classes);
        let mut at = range.start;
        while at < range.end {
            let slice = at..range.end.min(at + SLICE);
            at = slice.end;
            self.literal_matches(bytes, &slice, scratch, &mut matched);
            if !self.runs.is_empty() {
                self.run_matches(bytes, &slice, &mut scratch.run_ends, &mut matched);
            }
        }
    }

    /// The matches of rules that are found by a literal or a naming word. Hits are put in order of start, which lets the ends of runs be found
    /// once, and then of rule: a start that several alternatives or words of a rule hit counts once.
    fn literal_matches(
        &self,
        bytes: &[u8],
        slice: &Range<usize>,
        scratch: &mut Scratch,
        matched: &mut impl FnMut(&Self, usize, Match),
    ) {
        let Scratch { hits, run_ends, .. } = scratch;
        hits.clear();
        self.literals.find(bytes, slice, |user, start| hits.push((start, user)));
        hits.sort_unstable_by_key(|(start, user)| (*start, user.rule, user.alternative));
        self.confirm_literals(bytes, hits, run_ends, matched);
    }

    /// The matches at hits that are in order of start and rule.
    fn confirm_literals(
        &self,
        bytes: &[u8],
        hits: &[(usize, User)],
        runs: &mut RunEnds,
        matched: &mut impl FnMut(&Self, usize, Match),
    ) {
        for group in hits.chunk_by(|(a, one), (b, other)| a == b && one.rule == other.rule) {
            let Some((start, user)) = group.first() else { continue };
            let alternatives = group.iter().map(|(_, user)| user.alternative);
            if let Some(best) = self.longest(bytes, user.rule, alternatives, *start, runs) {
                matched(self, user.rule as usize, best);
            }
        }
    }

    /// The matches of rules that look at long token-like values.
    fn run_matches(
        &self,
        bytes: &[u8],
        slice: &Range<usize>,
        runs: &mut RunEnds,
        matched: &mut impl FnMut(&Self, usize, Match),
    ) {
        self.token_hits(bytes, slice, |start, open| self.confirm_token(bytes, start, open, runs, matched));
    }

    /// Tells of every start of a token-like value that some rule may match at. Whether there is one depends on a name before it and on its run of
    /// token bytes with the byte that ends it.
    pub(crate) fn token_hits(&self, bytes: &[u8], range: &Range<usize>, mut hit: impl FnMut(usize, Open)) {
        token_starts(self.level, bytes, range, |start, spans| {
            let open = self.gate.open(bytes, start, spans);
            if self.runs.len() > MOST_RULES || !open.is_empty() {
                hit(start, open);
            }
        });
    }

    fn confirm_token(
        &self,
        bytes: &[u8],
        start: usize,
        open: Open,
        runs: &mut RunEnds,
        matched: &mut impl FnMut(&Self, usize, Match),
    ) {
        for (rule, shapes) in self.open_rules(open) {
            if let Some(best) = self.longest(bytes, rule, 0..shapes, start, runs) {
                matched(self, rule as usize, best);
            }
        }
    }

    /// The rules for token-like values that are open, with the number of their shapes, and those that the gate knows nothing of.
    pub(crate) fn open_rules(&self, open: Open) -> impl Iterator<Item = (u32, u16)> {
        let known = open.places().filter_map(|place| self.runs.get(place).copied());
        known.chain(self.runs.iter().skip(MOST_RULES).copied())
    }

    /// The longest match of a rule's alternatives at one start; the first of equals.
    pub(crate) fn longest(
        &self,
        bytes: &[u8],
        rule: u32,
        alternatives: impl Iterator<Item = u16>,
        start: usize,
        runs: &mut RunEnds,
    ) -> Option<Match> {
        let rules: &[Rule] = &self.rules;
        let (data, compiled) = (rules.get(rule as usize)?, self.compiled.get(rule as usize)?);
        let mut previous = None;
        let fresh = alternatives.filter(|alternative| previous.replace(*alternative) != Some(*alternative));
        let matches =
            fresh.filter_map(|alternative| confirm(data, compiled, &self.classes, alternative, bytes, start, runs));
        matches.reduce(|best, next| if next.span.end > best.span.end { next } else { best })
    }

    /// The candidate of a match, if it is in. Most matches of digests and the like lack a word of their kind near, or have a secret that is none,
    /// so that is looked at first.
    pub(crate) fn accepted(&self, index: usize, found: Match, bytes: &[u8], near: &mut Near) -> Result<Candidate, Out> {
        let rule = &self.rules[index];
        let needed = rule.context.as_ref().filter(|context| context.need && rule.companion.is_none());
        if let Some(context) = needed {
            let around = Around::new(bytes, context.reach, &found);
            if !self.context_words().holds(index, &around, near) {
                return Err(Out::NoWord(around.window));
            }
        }
        if is_no_secret(rule, &self.compiled[index], bytes.get(found.secret.clone()).unwrap_or_default()) {
            return Err(Out::BySecret);
        }
        Some(self.candidate(index, found, bytes, near, Care::UntilOut)).filter(Candidate::is_in).ok_or(Out::Around)
    }

    /// How far before the start of a match it is looked for whether a rule matches there.
    pub(crate) fn looks_before(&self, rule: u32) -> usize {
        match self.compiled.get(rule as usize).map(|compiled| &compiled.look) {
            Some(CompiledLook::Shapes { run: true, .. }) => digest::REACH,
            Some(CompiledLook::Shapes { .. } | CompiledLook::Pattern(_)) => 0,
            Some(CompiledLook::Assignment) | None => Reach::LEAST.before,
        }
    }

    fn candidate(&self, index: usize, found: Match, bytes: &[u8], near: &mut Near, care: Care) -> Candidate {
        let seen = |context: &Context, found: &Match| {
            self.context_words().seen(index, &Around::new(bytes, context.reach, found), near)
        };
        self.weighed(index, found, bytes, seen, care)
    }

    /// The literals that it looks for, by what for: for the developers' command that chooses how.
    #[doc(hidden)]
    pub fn searched(&self) -> [(&'static str, Vec<Searched>); 2] {
        [("anchors", self.literals.searched()), ("words", self.context_words().searched())]
    }

    fn context_words(&self) -> &ContextWords {
        self.context_words.get_or_init(|| ContextWords::new(&self.rules))
    }

    /// The candidate of a match, with the words of its rule's context that are seen near.
    fn weighed(
        &self,
        index: usize,
        found: Match,
        bytes: &[u8],
        seen: impl FnOnce(&Context, &Match) -> Vec<Str>,
        care: Care,
    ) -> Candidate {
        let rule = &self.rules[index];
        let window = Window::new(bytes, rule.extent, &found.span, &found.secret);
        let seen = || rule.context.as_ref().map(|context| seen(context, &found)).unwrap_or_default();
        let mut verdict = weigh(rule, &self.compiled[index], &found, &window, seen, care);
        if verdict.rejected.is_none() {
            verdict.rejected = published_sample(window.secret());
        }
        if verdict.rejected.is_none() {
            beside::add(&mut verdict.facts, rule, &self.compiled[index], bytes, &found, &window);
        }
        Candidate {
            rule: index,
            span: found.span,
            secret: found.secret,
            truncated: found.truncated,
            verdict: Arc::new(verdict),
            companions: Vec::new(),
        }
    }
}

impl Candidate {
    /// The secret, out of the document it was found in.
    pub fn secret(&self, document: &[u8]) -> Secret {
        Secret::new(document.get(self.secret.clone()).unwrap_or_default().to_vec())
    }

    /// Whether it may be reported on some path: the others are found, and come to nothing.
    pub(crate) fn is_in(&self) -> bool {
        self.verdict.rejected.is_none() && self.may_be_reported()
    }

    /// Whether it could reach low confidence on some path, with a companion.
    fn may_be_reported(&self) -> bool {
        let best = crate::place::MOST_POINTS + COMPANION;
        self.verdict.score + best >= crate::weigh::threshold(Confidence::Low)
    }
}

/// What of a literal makes a hit.
fn head(literal: &[u8]) -> &[u8] {
    literal.get(..LOOKED).unwrap_or(literal)
}

/// Tells the hit finders what a rule is found by.
fn add_anchors(
    index: u32,
    rule: &Rule,
    compiled: &CompiledRule,
    literals: &mut LiteralsBuilder,
    runs: &mut Vec<(u32, u16)>,
) {
    let user = |alternative: usize, offset: usize| User {
        rule: index,
        alternative: alternative as u16,
        offset: offset as u16,
    };
    match &rule.look {
        Look::Literal(shapes) => {
            for (alternative, shape) in shapes.iter().enumerate() {
                if let Some(anchor) = shape.anchor() {
                    let after = After::of_shape(shape, anchor);
                    literals.add(head(anchor.bytes), false, after, user(alternative, anchor.offset));
                }
            }
        }
        Look::Run(_) => {
            if let CompiledLook::Shapes { shapes, .. } = &compiled.look {
                runs.push((index, shapes.len() as u16));
            }
        }
        Look::Pattern(pattern) => {
            for literal in pattern.literals.iter().map(|literal| literal.as_bytes()) {
                let after = After::of_opening(pattern.opening.as_ref(), literal);
                literals.add(head(literal), false, after, user(0, 0));
            }
        }
        Look::Assignment(assignment) => {
            assignment.words.iter().for_each(|word| literals.add(head(word.as_bytes()), true, None, user(0, 0)));
        }
    }
}

impl Reach {
    /// What every rule looks at: the bytes at the edges of a match, and the name of a flag before a naming word.
    pub(crate) const LEAST: Self = Self { before: 64, after: 2, document: false };

    /// How far one rule looks.
    fn of(rule: &Rule) -> Self {
        let mut reach = Self::LEAST;
        let context = rule.context.as_ref().map(|context| context.reach);
        let beside = rule.beside.iter().map(|beside| beside.reach);
        for extent in [rule.extent].into_iter().chain(context).chain(beside) {
            let around = extent.reach().map(|bytes| bytes as usize);
            reach.document |= around.is_none();
            let around = around.unwrap_or(0).max(2);
            reach.before = reach.before.max(around);
            reach.after = reach.after.max(rule.bound as usize + around);
        }
        reach
    }

    /// What two look at together.
    fn or(self, other: Self) -> Self {
        Self {
            before: self.before.max(other.before),
            after: self.after.max(other.after),
            document: self.document || other.document,
        }
    }
}

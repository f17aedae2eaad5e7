//! Resolving what several rules claim, and joining what belongs together, once a document.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use stanch_model::{Checksum, Reason};
use stanch_rules::RuleSet;

use crate::compiled::CompiledRule;
use crate::engine::Candidate;
use crate::weigh::COMPANION;

/// Joins companions, drops what needs one and has none, and of candidates whose secrets overlap keeps the best. What stays is in
/// order of place.
pub(crate) fn resolve(candidates: &mut Vec<Candidate>, rules: &RuleSet, compiled: &[CompiledRule]) {
    candidates.sort_by_key(|c| (c.secret.start, c.secret.end, c.rule));
    join_companions(candidates, rules, compiled);
    candidates.retain(|candidate| !candidate.verdict.needs_companion || !candidate.companions.is_empty());
    keep_the_best(candidates, compiled);
}

fn join_companions(candidates: &mut [Candidate], rules: &RuleSet, compiled: &[CompiledRule]) {
    for index in 0..candidates.len() {
        let rule = candidates[index].rule;
        let (Some(companion), Some(wanted)) = (&rules[rule].companion, compiled[rule].companion) else { continue };
        let nearest = nearest(candidates, index, wanted as usize, companion.within as usize);
        let Some(nearest) = nearest else { continue };
        let found = (candidates[nearest].rule, candidates[nearest].secret.clone());
        let back = (rule, candidates[index].secret.clone());
        let candidate = &mut candidates[index];
        let verdict = Arc::make_mut(&mut candidate.verdict);
        verdict.score += COMPANION;
        verdict.reasons.push(Reason { points: COMPANION, text: "what belongs to it stands near".into() });
        // Rules that name each other join the same pair twice.
        if !candidate.companions.contains(&found) {
            candidate.companions.push(found);
        }
        if !candidates[nearest].companions.contains(&back) {
            candidates[nearest].companions.push(back);
        }
    }
}

/// The nearest candidate of a rule, at most `within` bytes away. Candidates are ordered by start, so the look ends early on both sides.
fn nearest(candidates: &[Candidate], index: usize, rule: usize, within: usize) -> Option<usize> {
    let own = &candidates[index].secret;
    let gap = |other: &Range<usize>| {
        if other.start >= own.end { other.start - own.end } else { own.start.saturating_sub(other.end) }
    };
    let after = (index + 1..candidates.len()).take_while(|at| gap(&candidates[*at].secret) <= within);
    let before =
        (0..index).rev().take_while(|at| own.start.saturating_sub(candidates[*at].secret.start) <= within + MAX_SECRET);
    // Only so many are looked at, or a file of a hundred thousand keys would cost the square of that.
    let near = after.take(NEIGHBOURS).chain(before.take(NEIGHBOURS));
    // What needs a companion itself proves nothing: two that look like anything would vouch for each other.
    let vouches = |at: &usize| candidates[*at].rule == rule && !candidates[*at].verdict.needs_companion;
    near.filter(|at| vouches(at) && gap(&candidates[*at].secret) <= within)
        .min_by_key(|at| (gap(&candidates[*at].secret), *at))
}

const NEIGHBOURS: usize = 64;
const MAX_SECRET: usize = stanch_rules::MAX_BOUND as usize;

/// Of a cluster of secrets that overlap in turn, the best is kept, then the best of those that do not overlap it, and so on.
fn keep_the_best(candidates: &mut Vec<Candidate>, compiled: &[CompiledRule]) {
    let all = std::mem::take(candidates);
    let mut cluster: Vec<Candidate> = Vec::new();
    let mut end = 0;
    for candidate in all {
        if candidate.secret.start >= end && !cluster.is_empty() {
            settle(&mut cluster, candidates, compiled);
        }
        end = end.max(candidate.secret.end);
        cluster.push(candidate);
    }
    settle(&mut cluster, candidates, compiled);
}

fn settle(cluster: &mut Vec<Candidate>, kept: &mut Vec<Candidate>, compiled: &[CompiledRule]) {
    if cluster.len() == 1 {
        kept.append(cluster);
        return;
    }
    cluster.sort_by_key(|candidate| {
        let proven = candidate.verdict.checksum == Some(Checksum::Valid);
        let specificity = compiled[candidate.rule].specificity;
        (
            Reverse(proven),
            Reverse(specificity),
            Reverse(candidate.verdict.score),
            candidate.secret.start,
            Reverse(candidate.secret.end),
            candidate.rule,
        )
    });
    let first = kept.len();
    let mut taken = Taken::default();
    for candidate in cluster.drain(..) {
        if taken.take(&candidate.secret) {
            kept.push(candidate);
        }
    }
    kept[first..].sort_by_key(|candidate| candidate.secret.start);
}

/// Disjoint ranges, by start.
#[derive(Default)]
struct Taken(std::collections::BTreeMap<usize, usize>);

impl Taken {
    /// Takes the range if none of it is taken yet.
    fn take(&mut self, range: &Range<usize>) -> bool {
        let overlaps = self.0.range(..range.end).next_back().is_some_and(|(_, end)| *end > range.start);
        if !overlaps {
            self.0.insert(range.start, range.end);
        }
        !overlaps
    }
}

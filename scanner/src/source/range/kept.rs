//! The findings of a range: one for each credential at a path.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use stanch_model::{Confidence, Finding, Fingerprint};

/// Which finding of a credential at a path stands for all: one that a person is shown before one of less confidence, then that of the
/// first commit, then the first in it. What a marker allows never stands for what none allows.
#[derive(Debug, Default)]
pub(super) struct Kept {
    findings: HashMap<(Fingerprint, String, bool), (Rank, Finding)>,
}

type Rank = (Reverse<Confidence>, usize, u64);

impl Kept {
    /// Adds what a commit brought. `order` is its place among the commits.
    pub(super) fn add(&mut self, order: usize, findings: Vec<Finding>) {
        for finding in findings {
            let rank = (Reverse(finding.confidence), order, finding.locator.start);
            match self.findings.entry((finding.fingerprint, finding.path.clone(), finding.suppression.is_some())) {
                Entry::Vacant(free) => {
                    free.insert((rank, finding));
                }
                Entry::Occupied(mut other) if rank < other.get().0 => {
                    other.insert((rank, finding));
                }
                Entry::Occupied(_) => {}
            }
        }
    }

    /// The findings in order of their commits.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut findings: Vec<(Rank, Finding)> = self.findings.into_values().collect();
        findings.sort_by(|(one, a), (other, b)| {
            let place = |rank: &Rank, finding: &Finding| (rank.1, finding.locator.start, finding.locator.end);
            let by_place = place(one, a).cmp(&place(other, b));
            by_place.then_with(|| (&a.path, &a.rule).cmp(&(&b.path, &b.rule)))
        });
        findings.into_iter().map(|(_, finding)| finding).collect()
    }
}

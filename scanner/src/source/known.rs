//! Credentials that stood there before a change.

use std::collections::HashMap;
use std::hash::Hash;

use stanch_model::Finding;

/// Leaves out as many occurrences of each credential as were known. Which ones: first those on the same line of the same file, then
/// those in the same file, then any. What a marker allowed before allows nothing without the marker.
pub(crate) fn only_new(new: Vec<Finding>, known: Vec<Finding>) -> Vec<Finding> {
    let (new, known) = cancel(new, known, |finding| {
        (finding.fingerprint, finding.suppression.is_some(), finding.path.clone(), finding.line_hash.clone())
    });
    let (new, known) =
        cancel(new, known, |finding| (finding.fingerprint, finding.suppression.is_some(), finding.path.clone()));
    let (new, _) = cancel(new, known, |finding| (finding.fingerprint, finding.suppression.is_some()));
    new
}

/// Takes pairs with the same key out of both.
fn cancel<K: Eq + Hash>(
    mut new: Vec<Finding>,
    mut known: Vec<Finding>,
    key: impl Fn(&Finding) -> K,
) -> (Vec<Finding>, Vec<Finding>) {
    let mut counts: HashMap<K, usize> = HashMap::new();
    for finding in &known {
        *counts.entry(key(finding)).or_default() += 1;
    }
    let mut paired: HashMap<K, usize> = HashMap::new();
    new.retain(|finding| {
        let key = key(finding);
        let left = counts.get_mut(&key).filter(|left| **left > 0);
        let pairs = left.map(|left| *left -= 1).is_some();
        if pairs {
            *paired.entry(key).or_default() += 1;
        }
        !pairs
    });
    known.retain(|finding| match paired.get_mut(&key(finding)) {
        Some(pairs) if *pairs > 0 => {
            *pairs -= 1;
            false
        }
        _ => true,
    });
    (new, known)
}

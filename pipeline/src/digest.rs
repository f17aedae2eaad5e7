//! The name of a plan, to which approvals are bound: what is approved of is exactly what is done.

use serde::Serialize;
use stanch_revokers::Step;
use stanch_revokers::act::{Ownership, Plan};

use crate::Means;

/// What a digest covers: everything that says what is done to what, and why it may be. What the provider says of the credential's last use is
/// different every minute and is not among it.
#[derive(Serialize)]
struct Covered<'a> {
    fingerprint: &'a str,
    kind: &'a str,
    ownership: &'a Ownership,
    bound: &'a std::collections::BTreeMap<String, String>,
    found_by: &'a str,
    steps: &'a [Step],
}

/// The digest of a plan: `plan_` and 32 hexadecimal digits.
pub fn of(plan: &Plan) -> String {
    let covered = Covered {
        fingerprint: &plan.fingerprint,
        kind: &plan.kind,
        ownership: &plan.ownership,
        bound: &plan.target.bound,
        found_by: &plan.target.found_by,
        steps: &plan.steps,
    };
    // Maps with text as keys have a form in JSON, in the order of their keys.
    let bytes = serde_json::to_vec(&covered).unwrap_or_default();
    let hash = blake3::derive_key("stanch plan 1", &bytes);
    named(&hash)
}

/// What an approval of a plan is bound to: so far and no further. An approval of switching a key off is none of its death, neither before it is
/// off nor after, and one of revoking it is none of replacing it.
pub fn asked(plan: &str, means: Option<Means>, is_off: bool) -> String {
    let context = match (means, is_off) {
        (None | Some(Means::Revoke), _) => return plan.to_owned(),
        (Some(Means::Rotate), _) => "stanch plan 1, by a successor",
        (Some(Means::Contain), false) => "stanch plan 1, no further than off",
        (Some(Means::Contain), true) => "stanch plan 1, what is left once it is off",
    };
    named(&blake3::derive_key(context, plan.as_bytes()))
}

fn named(hash: &[u8; 32]) -> String {
    let digits = hash.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("plan_{}", digits.collect::<String>())
}

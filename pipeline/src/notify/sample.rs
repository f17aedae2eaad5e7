//! Made-up incidents, with which templates are tried when they are loaded.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Occasion;
use super::view::{Place, Responsible, View};

/// One of which everything is known, and one of which nothing is.
pub(super) fn views(event: Occasion) -> [View; 2] {
    [full(event), bare(event)]
}

fn bare(event: Occasion) -> View {
    View {
        version: 1,
        event,
        at: Timestamp::UNIX_EPOCH,
        id: "inc_00000000000000000000".to_owned(),
        link: None,
        title: "Acme API key".to_owned(),
        kind: None,
        rule: "acme.api-key".to_owned(),
        provider: "acme".to_owned(),
        fingerprint: "fp_0".to_owned(),
        preview: "acme_…".to_owned(),
        severity: "high".to_owned(),
        confidence: "high".to_owned(),
        exposure: "local".to_owned(),
        state: "detected".to_owned(),
        liveness: None,
        identity: BTreeMap::new(),
        labels: BTreeMap::new(),
        owner: Responsible {
            technical: "security@example.com".to_owned(),
            business: None,
            found_by: "fallback".to_owned(),
        },
        places: Vec::new(),
        more_places: 0,
        steps: Vec::new(),
        digest: None,
        approvals: None,
        approvers: Vec::new(),
        reason: None,
        trouble: None,
        runbook: None,
        times: BTreeMap::new(),
        seconds_to_contained: None,
    }
}

fn full(event: Occasion) -> View {
    let some = |text: &str| Some(text.to_owned());
    View {
        link: some("https://stanch.example.com/incidents/inc_00000000000000000000"),
        kind: some("acme.api-key"),
        liveness: some("active"),
        identity: BTreeMap::from([("account".to_owned(), vec!["acct-1".to_owned(), "acct-2".to_owned()])]),
        labels: BTreeMap::from([("environment".to_owned(), "production".to_owned())]),
        owner: Responsible {
            technical: "ann@example.com".to_owned(),
            business: some("bob@example.com"),
            found_by: "ownership-file".to_owned(),
        },
        places: vec![Place {
            source: "github.com/acme/pay".to_owned(),
            place: "src/main.rs:1".to_owned(),
            commit: some("c0ffee"),
            url: some("https://github.com/acme/pay/blob/c0ffee/src/main.rs#L1"),
            agent: some("an-agent"),
        }],
        more_places: 1,
        steps: vec!["delete key_1".to_owned()],
        digest: some("d1"),
        approvals: Some(2),
        approvers: vec!["security".to_owned()],
        reason: some("production"),
        trouble: some("no responder"),
        runbook: some("Delete it in the console."),
        times: BTreeMap::from([("detected".to_owned(), Timestamp::UNIX_EPOCH)]),
        seconds_to_contained: Some(42),
        ..bare(event)
    }
}

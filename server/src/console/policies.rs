//! The policies that decide, each with what it says for itself, and the text of each file.

use std::collections::BTreeMap;

use axum::extract::State as Reach;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::page::{Trouble, Viewer, render};
use super::plan::anchor;
use super::words::{self, Badge, Tone};
use crate::App;

const PATH: &str = "/console/policies";

#[derive(Serialize)]
struct View {
    sets: Vec<Set>,
}

/// A policy, as far as it is known here: in the form in which the interface for programs shows it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Policy {
    /// Its name.
    pub(super) id: String,
    /// What it says for itself.
    pub(super) why: String,
    forbids: bool,
    actions: Vec<String>,
    terms: Terms,
    file: String,
    line: usize,
    text: String,
}

/// What a policy asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Terms {
    approvals: Option<usize>,
    approvers: Vec<String>,
    wait: Option<u64>,
    approval_lasts: Option<u64>,
}

/// All policies of a server.
pub(super) fn known(app: &App) -> Vec<Policy> {
    app.policies().iter().filter_map(|shown| Policy::deserialize(shown).ok()).collect()
}

/// The policies of a file.
#[derive(Serialize)]
struct Set {
    file: String,
    size: String,
    text: String,
    policies: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    anchor: String,
    why: String,
    effect: Badge,
    actions: String,
    terms: String,
}

/// The page of policies.
pub(super) async fn show(Reach(app): Reach<App>, viewer: Viewer) -> Result<Response, Trouble> {
    let mut files: BTreeMap<String, Vec<Policy>> = BTreeMap::new();
    for policy in known(&app) {
        files.entry(policy.file.clone()).or_default().push(policy);
    }
    let view = View { sets: files.into_iter().map(|(file, policies)| Set::of(file, policies)).collect() };
    let frame = viewer.frame(&app, PATH).await?;
    Ok(render("policies.html", &frame, view))
}

impl Set {
    fn of(file: String, mut policies: Vec<Policy>) -> Self {
        policies.sort_by_key(|policy| policy.line);
        let texts: Vec<&str> =
            policies.iter().map(|policy| policy.text.trim()).filter(|text| !text.is_empty()).collect();
        Self {
            file,
            size: if policies.len() == 1 { "1 policy".to_owned() } else { format!("{} policies", policies.len()) },
            text: texts.join("\n\n"),
            policies: policies.iter().map(Shown::of).collect(),
        }
    }
}

impl Shown {
    fn of(policy: &Policy) -> Self {
        let actions = if policy.actions.is_empty() { "everything".to_owned() } else { policy.actions.join(", ") };
        let effect = if policy.forbids { Badge::of("Forbids", Tone::Warn) } else { Badge::of("Permits", Tone::Quiet) };
        Self {
            id: policy.id.clone(),
            anchor: anchor(&policy.id),
            why: policy.why.clone(),
            effect,
            actions,
            terms: terms(&policy.terms),
        }
    }
}

/// What a policy asks for, in a few words.
fn terms(terms: &Terms) -> String {
    let all = [
        terms.approvals.map(|count| words::counted(count, "approval")),
        (!terms.approvers.is_empty()).then(|| format!("by {}", terms.approvers.join(" or "))),
        terms.wait.map(|wait| format!("a wait of {}", words::seconds(wait))),
        terms.approval_lasts.map(|lasts| format!("an approval counts for {}", words::seconds(lasts))),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    if all.is_empty() { "–".to_owned() } else { all.join(", ") }
}

//! The list of incidents.

use std::collections::BTreeMap;

use axum::extract::{Query, State as Reach};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stanch_pipeline::store::{Filter, Page};
use stanch_pipeline::{Incident, State};
use stanch_revokers::registry;

use super::page::{Trouble, Viewer, quoted, render};
use super::span::{self, When};
use super::words::{self, Badge};
use crate::App;

const PATH: &str = "/console/incidents";
/// How many rows a page has.
const ROWS: u32 = 50;

/// What is asked for. Every value may be empty, as forms send empty fields.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct Asked {
    /// `open`, or a state.
    #[serde(default)]
    state: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    text: String,
    #[serde(default, skip_serializing)]
    after: String,
}

impl Asked {
    fn filter(&self) -> Filter {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Filter {
            state: State::ALL.into_iter().find(|state| state.as_str() == self.state),
            provider: given(&self.provider),
            owner: given(&self.owner),
            text: given(&self.text),
            open_only: self.state == "open",
        }
    }

    /// The address of the page that answers this, from another incident on.
    fn path(&self, after: Option<&Incident>) -> String {
        let fields =
            [("state", &self.state), ("provider", &self.provider), ("owner", &self.owner), ("text", &self.text)];
        let given = fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", quoted(value)));
        let after = after.map(|incident| format!("after={}", incident.id));
        let query: Vec<String> = given.chain(after).collect();
        if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", query.join("&")) }
    }
}

#[derive(Serialize)]
struct View {
    open: u64,
    total: u64,
    tabs: Vec<Tab>,
    filter: Asked,
    filtered: bool,
    providers: Vec<Provider>,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
}

#[derive(Serialize)]
struct Tab {
    name: &'static str,
    path: String,
    here: bool,
    count: u64,
}

#[derive(Serialize)]
struct Provider {
    id: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Row {
    id: String,
    title: String,
    provider: String,
    preview: String,
    state: Badge,
    severity: Badge,
    exposure: Badge,
    owner: String,
    detected: When,
    alive: String,
    running: bool,
    /// Whether nothing further is done.
    over: bool,
}

/// The page of all incidents.
pub(super) async fn show(
    Reach(app): Reach<App>,
    viewer: Viewer,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let after = asked.after.parse().ok();
    let page = Page { after, limit: ROWS + 1 };
    let mut found = app.store.incidents(&asked.filter(), &page).await?;
    let more = found.len() > ROWS as usize;
    found.truncate(ROWS as usize);
    let counts = app.store.counts().await?;
    let frame = viewer.frame(&app, PATH).await?;
    let total = counts.values().sum();
    let view = View {
        open: total - counts.get(&State::Closed).copied().unwrap_or(0),
        total,
        tabs: tabs(&asked, &counts),
        filtered: asked.path(None) != PATH,
        providers: registry::files().map(|file| Provider { id: &file.provider, name: &file.name }).collect(),
        rows: found.iter().map(|incident| Row::of(incident, app.now())).collect(),
        newest: page.after.is_some().then(|| asked.path(None)),
        older: found.last().filter(|_| more).map(|last| asked.path(Some(last))),
        filter: asked,
    };
    Ok(render("incidents.html", &frame, view))
}

/// The states that have incidents, each as a filter that keeps the others.
fn tabs(asked: &Asked, counts: &BTreeMap<State, u64>) -> Vec<Tab> {
    let tab = |name, state: &str, count| {
        let path = Asked { state: state.to_owned(), ..asked.clone() }.path(None);
        Tab { name, path, here: asked.state == state, count }
    };
    let total: u64 = counts.values().sum();
    let open = total - counts.get(&State::Closed).copied().unwrap_or(0);
    let states = State::ALL.into_iter().filter_map(|state| {
        let count = counts.get(&state).copied().unwrap_or(0);
        (count > 0 || asked.state == state.as_str()).then(|| tab(words::state(state).word(), state.as_str(), count))
    });
    [tab("All", "", total), tab("Open", "open", open)].into_iter().chain(states).collect()
}

impl Row {
    fn of(incident: &Incident, now: Timestamp) -> Self {
        let (alive, running) = alive(incident, now);
        Self {
            id: incident.id.to_string(),
            title: incident.title.clone(),
            provider: incident.provider.clone(),
            preview: incident.preview.clone(),
            state: words::state(incident.state),
            severity: words::severity(incident.severity),
            exposure: words::exposure(incident.exposure),
            owner: incident.owner.name.clone(),
            detected: When::of(incident.times.detected.unwrap_or(now), now),
            alive,
            running,
            over: incident.state == State::Closed,
        }
    }
}

/// For how long it could be used by whoever found it, and whether it still can.
fn alive(incident: &Incident, now: Timestamp) -> (String, bool) {
    let times = &incident.times;
    let Some(from) = times.exposed.or(times.detected) else { return ("–".to_owned(), false) };
    match times.contained.or(times.dead) {
        Some(to) => (span::long(span::between(from, to)), false),
        None if incident.state == State::Closed => ("–".to_owned(), false),
        None => (span::long(span::between(from, now)), true),
    }
}

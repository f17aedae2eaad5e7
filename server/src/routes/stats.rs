//! How long credentials stayed alive, and how much there is to do.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use stanch_pipeline::State as Stage;
use stanch_pipeline::store::TimesRow;

use super::V1;
use crate::auth::Role;
use crate::extract::{Json, Query};
use crate::{Access, ApiError, App, Routes};

/// So far back the times go if nobody says how far.
const BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) fn routes() -> Routes {
    Routes::below(V1).get("/stats", Access::Token(Role::Viewer), stats)
}

/// Which incidents count for the times: those that were detected in a range.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Stats {
    /// All incidents, by state.
    incidents: BTreeMap<Stage, u64>,
    from: Timestamp,
    to: Timestamp,
    /// The times of all of the range.
    all: Spans,
    /// The same by provider.
    providers: BTreeMap<String, Spans>,
    queues: BTreeMap<String, Queue>,
}

#[derive(Debug, Serialize)]
struct Queue {
    waiting: u64,
    gave_up: u64,
    oldest: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize)]
struct Spans {
    exposed_to_detected: Span,
    detected_to_contained: Span,
    detected_to_dead: Span,
}

/// How some numbers of seconds are spread.
#[derive(Debug, Default, Serialize)]
struct Span {
    count: usize,
    median: Option<f64>,
    p90: Option<f64>,
    longest: Option<f64>,
}

impl Span {
    fn of(rows: &[&TimesRow], ends: impl Fn(&TimesRow) -> (Option<Timestamp>, Option<Timestamp>)) -> Self {
        let spans = rows.iter().filter_map(|row| match ends(row) {
            (Some(from), Some(to)) => Some(to.duration_since(from).as_secs_f64().max(0.0)),
            _ => None,
        });
        let mut spans: Vec<f64> = spans.collect();
        spans.sort_by(f64::total_cmp);
        // The nearest rank: the smallest number that so many of a hundred are not above.
        let rank = |percent: usize| spans.get((spans.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Self { count: spans.len(), median: rank(50), p90: rank(90), longest: spans.last().copied() }
    }
}

impl Spans {
    fn of(rows: &[&TimesRow]) -> Self {
        Self {
            exposed_to_detected: Span::of(rows, |row| (row.times.exposed, row.times.detected)),
            detected_to_contained: Span::of(rows, |row| (row.times.detected, row.times.contained)),
            detected_to_dead: Span::of(rows, |row| (row.times.detected, row.times.dead)),
        }
    }
}

async fn stats(State(app): State<App>, Query(wanted): Query<Wanted>) -> Result<Json<Stats>, ApiError> {
    let to = wanted.to.unwrap_or_else(|| app.now());
    let from = wanted.from.unwrap_or_else(|| to.checked_sub(BACK).unwrap_or(Timestamp::MIN));
    if from > to {
        return Err(ApiError::bad_request("`from` is after `to`"));
    }
    let rows = app.store.times(from..to).await?;
    let mut by_provider: BTreeMap<String, Vec<&TimesRow>> = BTreeMap::new();
    for row in &rows {
        by_provider.entry(row.provider.clone()).or_default().push(row);
    }
    let depths = app.store.depths().await?.into_iter();
    let queue = |depth: stanch_pipeline::store::Depth| Queue {
        waiting: depth.waiting,
        gave_up: depth.gave_up,
        oldest: depth.oldest,
    };
    Ok(Json(Stats {
        incidents: app.store.counts().await?,
        from,
        to,
        all: Spans::of(&rows.iter().collect::<Vec<_>>()),
        providers: by_provider.into_iter().map(|(provider, rows)| (provider, Spans::of(&rows))).collect(),
        queues: depths.map(|(name, depth)| (name, queue(depth))).collect(),
    }))
}

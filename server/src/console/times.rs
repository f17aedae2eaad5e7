//! How long it takes from exposure to dead, over time.

use axum::extract::{Query, State as Reach};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use stanch_pipeline::Times;
use stanch_pipeline::store::TimesRow;

use super::chart::{Histogram, Trend, quantile};
use super::page::{Trouble, Viewer, render};
use super::span;
use crate::App;

const PATH: &str = "/console/times";
/// How far back the page looks.
const WEEKS: usize = 12;

/// A way from one moment to another.
type Way = (&'static str, fn(&Times) -> Option<Timestamp>, fn(&Times) -> Option<Timestamp>);

/// All that are told of, in order.
const WAYS: [Way; 5] = [
    ("Exposed to detected", |times| times.exposed, |times| times.detected),
    ("Detected to decided", |times| times.detected, |times| times.decided),
    ("Detected to contained", |times| times.detected, |times| times.contained),
    ("Detected to dead", |times| times.detected, |times| times.dead),
    ("Exposed to dead", |times| times.exposed, |times| times.dead),
];

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// `exposed`, else from detection.
    #[serde(default)]
    from: String,
}

#[derive(Serialize)]
pub(super) struct View {
    count: usize,
    weeks: usize,
    tabs: Vec<Tab>,
    figures: Vec<Figure>,
    spread: Histogram,
    spread_said: String,
    trend: Trend,
    trend_said: String,
    clocks: Vec<Clock>,
}

#[derive(Serialize)]
struct Tab {
    name: &'static str,
    path: &'static str,
    here: bool,
}

#[derive(Serialize)]
struct Figure {
    name: &'static str,
    span: String,
}

#[derive(Serialize)]
struct Clock {
    name: &'static str,
    count: usize,
    median: String,
    tail: String,
    most: String,
}

/// The page of times.
pub(super) async fn show(
    Reach(app): Reach<App>,
    viewer: Viewer,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let now = app.now();
    let back = SignedDuration::from_hours(24 * 7 * i64::try_from(WEEKS).unwrap_or(12));
    let begin = now.checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH);
    let end = now.checked_add(SignedDuration::from_secs(1)).unwrap_or(now);
    let rows = app.store.times(begin..end).await?;
    let frame = viewer.frame(&app, PATH).await?;
    Ok(render("times.html", &frame, View::of(&rows, asked.from == "exposed", now)))
}

impl View {
    /// What is shown of some incidents.
    pub(super) fn of(rows: &[TimesRow], from_exposure: bool, now: Timestamp) -> Self {
        let way = if from_exposure { WAYS[4] } else { WAYS[3] };
        let spans: Vec<(Timestamp, i64)> =
            rows.iter().filter_map(|row| Some((row.times.detected?, passed(&row.times, way)?))).collect();
        let mut sorted: Vec<i64> = spans.iter().map(|(_, span)| *span).collect();
        sorted.sort_unstable();
        let figure = |name, percent| Figure { name, span: told(&sorted, percent) };
        let figures =
            vec![figure("half are faster", 50), figure("nine of ten are faster", 90), figure("the slowest", 100)];
        let begins = if from_exposure { "exposure" } else { "detection" };
        Self {
            count: sorted.len(),
            weeks: WEEKS,
            tabs: vec![
                Tab { name: "From detection", path: PATH, here: !from_exposure },
                Tab { name: "From exposure", path: "/console/times?from=exposed", here: from_exposure },
            ],
            spread_said: format!(
                "From {begins} to dead: {} credentials, half of them within {}, nine of ten within {}. The table below has every bar.",
                sorted.len(),
                told(&sorted, 50),
                told(&sorted, 90)
            ),
            trend_said: format!(
                "From {begins} to dead, week by week: half and nine of ten. The table below has every week."
            ),
            figures,
            spread: Histogram::of(&sorted),
            trend: Trend::of(&spans, WEEKS, now),
            clocks: WAYS.into_iter().map(|way| Clock::of(rows, way)).collect(),
        }
    }
}

/// How long it took on one way; `None` if an end of it was not reached.
fn passed(times: &Times, (_, from, to): Way) -> Option<i64> {
    Some(span::between(from(times)?, to(times)?).max(0))
}

fn told(sorted: &[i64], percent: usize) -> String {
    quantile(sorted, percent).map_or_else(|| "–".to_owned(), span::long)
}

impl Clock {
    fn of(rows: &[TimesRow], way: Way) -> Self {
        let mut spans: Vec<i64> = rows.iter().filter_map(|row| passed(&row.times, way)).collect();
        spans.sort_unstable();
        Self {
            name: way.0,
            count: spans.len(),
            median: told(&spans, 50),
            tail: told(&spans, 90),
            most: told(&spans, 100),
        }
    }
}

//! Charts, as numbers that a template draws. Every one has the same numbers as a table beside it.

use jiff::Timestamp;
use serde::Serialize;

use super::span;

/// The width of a chart, in its own units; the page scales it.
const WIDTH: i64 = 360;
/// The height of the part that holds marks.
const HEIGHT: i64 = 150;
/// What is left of the marks, for the scale.
const LEFT: i64 = 34;
/// What is above the marks.
const TOP: i64 = 16;

/// Where one bar of a histogram ends and the next begins, in seconds.
const EDGES: [(i64, &str); 10] = [
    (1, "1s"),
    (5, "5s"),
    (15, "15s"),
    (60, "1m"),
    (300, "5m"),
    (900, "15m"),
    (3_600, "1h"),
    (14_400, "4h"),
    (86_400, "1d"),
    (604_800, "7d"),
];

/// A mark on a scale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Tick {
    at: i64,
    text: String,
}

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Bar {
    x: i64,
    y: i64,
    width: i64,
    height: i64,
    middle: i64,
    /// What it counts: `5 s to 15 s`.
    range: String,
    count: usize,
}

/// How many took how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Histogram {
    bars: Vec<Bar>,
    ticks: Vec<Tick>,
    base: i64,
    total: usize,
}

impl Histogram {
    /// The histogram of some spans in milliseconds.
    pub(super) fn of(spans: &[i64]) -> Self {
        let slot = (WIDTH - 8) / (EDGES.len() as i64 + 1);
        let left = |at: usize| 4 + slot * at as i64;
        let mut counts = vec![0_usize; EDGES.len() + 1];
        for span in spans {
            let at = EDGES.iter().take_while(|(edge, _)| *span >= edge * 1000).count();
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
        let most = counts.iter().copied().max().unwrap_or(0).max(1) as i64;
        let bar = |(at, count): (usize, &usize)| {
            let height = if *count == 0 { 0 } else { (*count as i64 * (HEIGHT - TOP) / most).max(2) };
            let (x, y, width) = (left(at) + 2, HEIGHT - height, slot - 4);
            Bar { x, y, width, height, middle: left(at) + slot / 2, range: range(at), count: *count }
        };
        let ticks = EDGES.iter().enumerate().map(|(at, (_, text))| Tick { at: left(at + 1), text: (*text).to_owned() });
        Self {
            bars: counts.iter().enumerate().map(bar).collect(),
            ticks: ticks.collect(),
            base: HEIGHT,
            total: spans.len(),
        }
    }
}

/// What a bar counts.
fn range(at: usize) -> String {
    let edge = |at: usize| EDGES.get(at).map(|(seconds, _)| span::long(seconds * 1000));
    match (at.checked_sub(1).and_then(edge), edge(at)) {
        (None, Some(to)) => format!("under {to}"),
        (Some(from), Some(to)) => format!("{from} to {to}"),
        (from, None) => format!("over {}", from.unwrap_or_default()),
    }
}

/// A week in a trend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Week {
    x: i64,
    /// Its Monday.
    begins: String,
    count: usize,
    median: Option<Point>,
    tail: Option<Point>,
}

/// A value of a trend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Point {
    y: i64,
    text: String,
}

/// How long it took, week by week: the median, and what nine of ten stay below. The scale is logarithmic, from a second to a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Trend {
    weeks: Vec<Week>,
    median: String,
    tail: String,
    ticks: Vec<Tick>,
    names: Vec<Tick>,
    left: i64,
    right: i64,
    base: i64,
}

impl Trend {
    /// The trend of spans in milliseconds, each with when it began, over the weeks up to `now`.
    pub(super) fn of(spans: &[(Timestamp, i64)], weeks: usize, now: Timestamp) -> Self {
        const WEEK: i64 = 7 * 86_400;
        let this = monday(now.as_second());
        let first = this - WEEK * (weeks as i64 - 1);
        let (left, right) = (LEFT, WIDTH - 12);
        let x = |at: usize| left + 6 + (right - left - 12) * at as i64 / (weeks as i64 - 1).max(1);
        let week = |at: usize| {
            let begins = first + WEEK * at as i64;
            let of = |(when, _): &&(Timestamp, i64)| (begins..begins + WEEK).contains(&when.as_second());
            let mut inside: Vec<i64> = spans.iter().filter(of).map(|(_, span)| *span).collect();
            inside.sort_unstable();
            let point =
                |percent| quantile(&inside, percent).map(|span| Point { y: height(span), text: span::long(span) });
            Week { x: x(at), begins: date(begins), count: inside.len(), median: point(50), tail: point(90) }
        };
        let weeks: Vec<Week> = (0..weeks).map(week).collect();
        Self {
            median: line(&weeks, |week| week.median.as_ref()),
            tail: line(&weeks, |week| week.tail.as_ref()),
            names: names(&weeks),
            ticks: scale(),
            weeks,
            left,
            right,
            base: HEIGHT,
        }
    }
}

/// The value that so many percent do not exceed, of sorted values.
pub(super) fn quantile(sorted: &[i64], percent: usize) -> Option<i64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last * percent).div_ceil(100)).copied()
}

/// The first second of the week, which begins on Monday, in UTC.
fn monday(second: i64) -> i64 {
    // The first day of 1970 was a Thursday.
    const THURSDAY: i64 = 3;
    let day = second.div_euclid(86_400);
    (day - (day + THURSDAY).rem_euclid(7)) * 86_400
}

fn date(second: i64) -> String {
    let at = Timestamp::from_second(second).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

/// Where a span stands on the scale.
fn height(millis: i64) -> i64 {
    let (low, high) = (1_f64.ln(), 604_800_f64.ln());
    let at = ((millis as f64 / 1000.0).max(1.0).ln() - low) / (high - low);
    HEIGHT - (at.min(1.0) * (HEIGHT - TOP) as f64).round() as i64
}

fn scale() -> Vec<Tick> {
    let marks = [(1, "1s"), (60, "1m"), (3_600, "1h"), (86_400, "1d")];
    marks.map(|(seconds, text)| Tick { at: height(seconds * 1000), text: text.to_owned() }).to_vec()
}

/// As many names of weeks as fit beside each other, the last among them.
fn names(weeks: &[Week]) -> Vec<Tick> {
    let step = weeks.len().div_ceil(4).max(1);
    let last = weeks.len().saturating_sub(1);
    let named = weeks.iter().enumerate().filter(|(at, _)| (last - at).is_multiple_of(step));
    named.map(|(_, week)| Tick { at: week.x, text: week.begins.get(5..).unwrap_or_default().to_owned() }).collect()
}

/// The line through the weeks that have a value, as `polyline` takes it.
fn line(weeks: &[Week], of: impl Fn(&Week) -> Option<&Point>) -> String {
    let points = weeks.iter().filter_map(|week| of(week).map(|point| format!("{},{}", week.x, point.y)));
    points.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_is_in_one_bar() {
        let spans = [0, 999, 1_000, 14_999, 700_000_000];
        let chart = Histogram::of(&spans);
        let counts: Vec<usize> = chart.bars.iter().map(|bar| bar.count).collect();
        assert_eq!(counts, [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(chart.bars.iter().map(|bar| bar.range.as_str()).nth(2), Some("5 s to 15 s"));
        assert!(chart.bars.iter().all(|bar| bar.y >= TOP && bar.x + bar.width <= WIDTH), "{:?}", chart.bars);
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        assert_eq!(quantile(&[], 50), None);
        assert_eq!(quantile(&[7], 90), Some(7));
        let ten: Vec<i64> = (1..=10).collect();
        assert_eq!((quantile(&ten, 50), quantile(&ten, 90), quantile(&ten, 100)), (Some(6), Some(10), Some(10)));
    }

    #[test]
    fn weeks_begin_on_monday() {
        // 2026-11-21 is a Saturday.
        let now: Timestamp = "2026-11-21T16:40:00Z".parse().unwrap_or_default();
        assert_eq!(date(monday(now.as_second())), "2026-11-16");
        let early = "2026-11-16T00:00:00Z".parse().unwrap_or_default();
        let late = "2026-11-15T23:59:59Z".parse().unwrap_or_default();
        let trend = Trend::of(&[(early, 2_000), (late, 60_000)], 4, now);
        let told: Vec<(&str, usize)> = trend.weeks.iter().map(|week| (week.begins.as_str(), week.count)).collect();
        assert_eq!(told, [("2026-10-26", 0), ("2026-11-02", 0), ("2026-11-09", 1), ("2026-11-16", 1)]);
        assert_eq!(trend.median.split(' ').count(), 2);
    }

    #[test]
    fn the_scale_holds_whatever_is_measured() {
        assert_eq!(height(0), HEIGHT);
        assert_eq!(height(i64::MAX), TOP);
    }
}

//! Times and spans as a person reads them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

/// A moment, for people and for programs that read the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct When {
    /// `2026-11-21T16:40:05Z`.
    pub(super) iso: String,
    /// `2026-11-21 16:40:05 UTC`.
    pub(super) text: String,
    /// How long ago that was: `3 min`.
    pub(super) ago: String,
}

impl When {
    /// A moment, seen from now.
    pub(super) fn of(at: Timestamp, now: Timestamp) -> Self {
        let civil = at.to_zoned(TimeZone::UTC);
        Self {
            iso: civil.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            text: civil.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            ago: short(between(at, now).max(0)),
        }
    }
}

/// Milliseconds from one moment to another.
pub(super) fn between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millisecond().saturating_sub(from.as_millisecond())
}

/// A span in its largest two units: `4 min 10 s`.
pub(super) fn long(millis: i64) -> String {
    let millis = millis.max(0);
    let seconds = millis / 1000;
    let pair = |large: i64, l: &str, small: i64, s: &str| {
        if small == 0 { format!("{large} {l}") } else { format!("{large} {l} {small} {s}") }
    };
    match seconds {
        0 => format!("{millis} ms"),
        1..10 if millis % 1000 >= 100 => format!("{seconds}.{} s", millis % 1000 / 100),
        1..60 => format!("{seconds} s"),
        60..3_600 => pair(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// A span in its largest unit: `4 min`.
pub(super) fn short(millis: i64) -> String {
    let seconds = millis.max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_largest_units() {
        let told = [-5, 420, 4_260, 42_000, 60_000, 250_000, 11_100_000, 187_200_000].map(long);
        assert_eq!(told, ["0 ms", "420 ms", "4.2 s", "42 s", "1 min", "4 min 10 s", "3 h 5 min", "2 d 4 h"]);
        assert_eq!([0, 59_999, 250_000, 11_100_000, 187_200_000].map(short), ["0 s", "59 s", "4 min", "3 h", "2 d"]);
    }

    #[test]
    fn a_moment_of_the_future_is_not_ago() {
        let now = Timestamp::UNIX_EPOCH;
        let when = When::of(Timestamp::from_second(90).unwrap_or(now), now);
        assert_eq!((when.text.as_str(), when.ago.as_str()), ("1970-01-01 00:01:30 UTC", "0 s"));
    }
}

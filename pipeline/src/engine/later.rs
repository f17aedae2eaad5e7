//! When to try again.

use jiff::{SignedDuration, Timestamp};

/// The longest pause.
const LONGEST: i64 = 15 * 60;

/// The time of the next attempt: after what the provider asked for, else after pauses that double from half a second to a quarter of an hour,
/// each spread by up to half of itself, so that what failed at once does not come back at once.
pub(super) fn later(now: Timestamp, attempts: u32, asked: Option<u64>, spread: u64) -> Timestamp {
    let base = 500_i64.saturating_mul(1_i64 << attempts.min(20)).min(LONGEST * 1000);
    let extra = base / 2 * i64::try_from(spread % 1000).unwrap_or(0) / 1000;
    let asked = asked.map_or(0, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX)).clamp(0, 24 * 3600);
    let pause = (base + extra).max(asked.saturating_mul(1000));
    now.checked_add(SignedDuration::from_millis(pause)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_at_a_quarter_of_an_hour() {
        let now = Timestamp::UNIX_EPOCH;
        let pause = |attempts, asked, spread| later(now, attempts, asked, spread).as_millisecond();
        assert_eq!((pause(0, None, 0), pause(3, None, 0), pause(60, None, 0)), (500, 4000, 900_000));
        assert_eq!((pause(0, Some(30), 0), pause(0, Some(u64::MAX), 0)), (30_000, 86_400_000));
        assert!((500..750).contains(&pause(0, None, 999)));
    }
}

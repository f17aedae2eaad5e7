//! Quiet hours: when people are not disturbed. They delay what is told, never what is done.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::Deserialize;
use stanch_model::Severity;

/// When nobody is disturbed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// When it begins, as `22:00`.
    pub from: Time,
    /// When it ends. If that is not later than `from`, it is on the next day; the same time means that there are only quiet days.
    pub to: Time,
    /// The time zone, as `Europe/Berlin` (<https://www.iana.org/time-zones>).
    pub zone: String,
    /// Days that are quiet as a whole.
    #[serde(default)]
    pub days: Vec<Day>,
    /// The severity from which people are disturbed nevertheless.
    #[serde(default = "worst")]
    pub unless: Severity,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Day {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

const fn worst() -> Severity {
    Severity::Critical
}

impl Quiet {
    /// Whether the time zone is one.
    pub(super) fn check(&self) -> Result<(), String> {
        TimeZone::get(&self.zone).map(|_| ()).map_err(|_| format!("the time zone `{}` is not known", self.zone))
    }

    /// When the quiet of a moment ends; that moment itself if it is not quiet.
    pub(super) fn end(&self, now: Timestamp, severity: Severity) -> Timestamp {
        /// More turns than a week of quiet days and nights has.
        const MOST: usize = 16;
        let Ok(zone) = TimeZone::get(&self.zone) else { return now };
        if severity >= self.unless {
            return now;
        }
        let mut at = now.to_zoned(zone);
        for _ in 0..MOST {
            let Some(later) = self.step(&at) else { return at.timestamp() };
            at = later;
        }
        // Every day is quiet. Nobody would ever be told.
        now
    }

    /// The end of the quiet day or night that a moment is in.
    fn step(&self, at: &Zoned) -> Option<Zoned> {
        let tomorrow = || at.tomorrow().ok();
        let on = |day: Zoned, time: Time| day.date().to_datetime(time).to_zoned(at.time_zone().clone()).ok();
        if self.days.iter().any(|day| day.weekday() == at.weekday()) {
            return on(tomorrow()?, Time::midnight());
        }
        let (time, over_night) = (at.time(), self.to <= self.from);
        match (time >= self.from, time < self.to) {
            _ if self.to == self.from => None,
            (true, true) if !over_night => on(at.clone(), self.to),
            (true, _) if over_night => on(tomorrow()?, self.to),
            (_, true) if over_night => on(at.clone(), self.to),
            _ => None,
        }
    }
}

impl Day {
    const fn weekday(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Monday,
            Self::Tuesday => Weekday::Tuesday,
            Self::Wednesday => Weekday::Wednesday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
            Self::Saturday => Weekday::Saturday,
            Self::Sunday => Weekday::Sunday,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str, now: &str, severity: Severity) -> String {
        let quiet: Quiet = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(quiet.check(), Ok(()));
        quiet.end(now.parse().unwrap_or(Timestamp::UNIX_EPOCH), severity).to_string()
    }

    const NIGHT: &str = "from = '22:00'\nto = '07:00'\nzone = 'Europe/Berlin'";

    #[test]
    fn a_night_ends_in_the_morning_of_its_zone() {
        let end = |now| end(NIGHT, now, Severity::High);
        assert_eq!(end("2026-01-10T21:30:00Z"), "2026-01-11T06:00:00Z");
        assert_eq!(end("2026-01-11T05:59:59Z"), "2026-01-11T06:00:00Z");
        assert_eq!(end("2026-01-11T06:00:00Z"), "2026-01-11T06:00:00Z");
        assert_eq!(end("2026-01-10T20:59:59Z"), "2026-01-10T20:59:59Z");
        // In summer it is an hour earlier by the world's clock; in the night of the change it is, too.
        assert_eq!(end("2026-07-10T20:30:00Z"), "2026-07-11T05:00:00Z");
        assert_eq!(end("2026-03-28T23:30:00Z"), "2026-03-29T05:00:00Z");
    }

    #[test]
    fn what_is_worst_disturbs() {
        let now = "2026-01-10T23:00:00Z";
        assert_eq!(end(NIGHT, now, Severity::Critical), now);
        assert_ne!(end(&format!("{NIGHT}\nunless = 'high'"), now, Severity::Medium), now);
        assert_eq!(end(&format!("{NIGHT}\nunless = 'high'"), now, Severity::High), now);
    }

    #[test]
    fn quiet_days_join_quiet_nights() {
        let weekend = format!("{NIGHT}\ndays = ['saturday', 'sunday']");
        // From Friday's evening to Monday's morning.
        assert_eq!(end(&weekend, "2026-01-09T22:00:00Z", Severity::Low), "2026-01-12T06:00:00Z");
        let noon = "from = '12:00'\nto = '13:00'\nzone = 'UTC'";
        assert_eq!(end(noon, "2026-01-09T12:30:00Z", Severity::Low), "2026-01-09T13:00:00Z");
        let always = "from = '00:00'\nto = '00:00'\nzone = 'UTC'\ndays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']";
        assert_eq!(end(always, "2026-01-09T12:30:00Z", Severity::Low), "2026-01-09T12:30:00Z");
    }

    #[test]
    fn a_zone_that_is_none_is_told() {
        let quiet: Result<Quiet, _> = toml::from_str("from = '22:00'\nto = '07:00'\nzone = 'Europe/Atlantis'");
        assert!(quiet.is_ok_and(|quiet| quiet.check().is_err_and(|why| why.contains("Atlantis"))));
    }
}

//! `--range` and `--since`: what some commits add, in place of the working tree.

use std::path::{Path, PathBuf};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};
use stanch_scanner::{Commits, Control, Outcome, RangeOptions, Since, SourceError, file_at, scan_range};

use crate::args::TargetArgs;
use crate::exit::CliError;
use crate::session::{for_people, today};
use crate::suppress::{IGNORE_FILE, IgnoreFile};

/// Which commits are scanned, if not the target as it stands.
pub(crate) fn commits(args: &TargetArgs) -> Result<Option<Commits>, CliError> {
    let commits = match (&args.range, &args.since, &args.branch) {
        (Some(range), _, _) => Commits::Between(range.clone()),
        (None, Some(since), branch) => {
            let now = Timestamp::now().to_zoned(TimeZone::UTC);
            Commits::Since { since: parse_since(since, &now)?, branch: branch.clone() }
        }
        // All that a branch has is read with its whole history.
        (None, None, _) => return Ok(None),
    };
    let targets = args.targets();
    if targets.len() > 1 || targets.contains(&PathBuf::from("-")) {
        return Err(CliError::new("commits are those of one repository")
            .hint("name it alone, as in `stanch scan REPO --range A..B`"));
    }
    Ok(Some(commits))
}

/// The commit whose configuration counts where commits are scanned: what they add does not judge itself.
#[derive(Debug, Default)]
pub(crate) enum Base {
    /// No range of commits is scanned: the configuration is that of the working tree.
    #[default]
    Tree,
    /// That of a commit, or none at all.
    Commit(Option<String>),
}

/// Scans what commits add.
pub(crate) fn scan(control: &Control<'_>, target: &Path, commits: Commits) -> Result<(Outcome, Base), SourceError> {
    let range = scan_range(control, target, &RangeOptions { commits })?;
    Ok((range.outcome, Base::Commit(range.base)))
}

/// The ignore file of a commit.
pub(crate) fn ignore_file(target: &Path, commit: Option<&str>) -> Result<IgnoreFile, CliError> {
    let Some(commit) = commit else { return Ok(IgnoreFile::default()) };
    let bytes = file_at(target, commit, IGNORE_FILE).map_err(|error| for_people(&error))?;
    let path = format!("{commit}:{IGNORE_FILE}");
    bytes.map_or_else(|| Ok(IgnoreFile::default()), |bytes| IgnoreFile::from_bytes(&bytes, Path::new(&path), today()))
}

/// A date, a time ago, or else a revision. What has the form of a date is never a revision: whoever can push a tag could make it one.
fn parse_since(text: &str, now: &Zoned) -> Result<Since, CliError> {
    let no_date = || {
        CliError::new(format!("`{text}` is no date"))
            .hint("write 2026-01-31, 2026-01-31T12:00:00Z, or `2 weeks ago`; a ref of that name as refs/tags/…")
    };
    let time = if has_form_of_date(text) {
        Some(date(text).ok_or_else(no_date)?)
    } else if let Some(span) = ago(text) {
        Some(now.checked_sub(span).map_err(|_| no_date())?.timestamp())
    } else {
        None
    };
    Ok(time.map_or_else(|| Since::Revision(text.to_owned()), |time| Since::Time(time.as_second())))
}

/// Whether a text starts with four digits, two and two, with lines between.
fn has_form_of_date(text: &str) -> bool {
    let form = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() >= 10 && text.bytes().take(10).enumerate().all(form)
}

/// A day, or a time as RFC 3339 has it. Without a zone it is UTC, the same for everybody.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let time =
        if text.len() == 10 { text.parse::<Date>().ok()?.at(0, 0, 0, 0) } else { text.parse::<DateTime>().ok()? };
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// `2.weeks`, `3 days ago`, `yesterday`, as git has them.
fn ago(text: &str) -> Option<Span> {
    let words: Vec<&str> = text.split([' ', '.', '_']).filter(|word| !word.is_empty()).collect();
    let (number, unit) = match *words {
        ["yesterday"] => return Some(1.day()),
        [number, unit] | [number, unit, "ago"] => (number.parse::<u32>().ok()?, unit),
        _ => return None,
    };
    let span = Span::new();
    match unit.strip_suffix('s').unwrap_or(unit) {
        "second" => span.try_seconds(number),
        "minute" => span.try_minutes(number),
        "hour" => span.try_hours(number),
        "day" => span.try_days(number),
        "week" => span.try_weeks(number),
        "month" => span.try_months(number),
        "year" => span.try_years(number),
        _ => return None,
    }
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(text: &str) -> Result<Since, CliError> {
        let now: Timestamp = "2026-03-31T12:00:00Z".parse().unwrap_or_default();
        parse_since(text, &now.to_zoned(TimeZone::UTC))
    }

    fn time(text: &str) -> Option<String> {
        match since(text) {
            Ok(Since::Time(seconds)) => Timestamp::from_second(seconds).ok().map(|time| time.to_string()),
            _ => None,
        }
    }

    #[test]
    fn dates_and_times_ago() {
        for (text, expected) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T12:30:00Z", "2026-01-31T12:30:00Z"),
            ("2026-01-31T12:30:00+02:00", "2026-01-31T10:30:00Z"),
            ("2026-01-31 12:30:00", "2026-01-31T12:30:00Z"),
            ("2.weeks", "2026-03-17T12:00:00Z"),
            ("3 days ago", "2026-03-28T12:00:00Z"),
            ("1.month.ago", "2026-02-28T12:00:00Z"),
            ("90 minutes", "2026-03-31T10:30:00Z"),
            ("1 year", "2025-03-31T12:00:00Z"),
            ("yesterday", "2026-03-30T12:00:00Z"),
        ] {
            assert_eq!(time(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_a_revision_unless_it_looks_like_one() {
        for text in [
            "main",
            "v1.2",
            "HEAD~3",
            "release-2026-01-31",
            "refs/tags/2026-01-31",
            "12.parsecs",
            "20260131",
            "two days ago",
        ] {
            assert!(matches!(since(text), Ok(Since::Revision(name)) if name == text), "{text}");
        }
        for text in ["2026-02-30", "2026-01-31T99:00:00Z", "2026-01-31-rc", "4000000000 years"] {
            assert!(!matches!(since(text), Ok(Since::Time(_))), "{text}");
        }
        assert!(since("2026-02-30").is_err());
    }
}

//! For people: what leaks, where, why we think so, and how to make it dead; then what was read and what was not.
//!
//! One credential is one entry, however often it stands. The worst come first; of equals, the one whose first place comes first. Nothing
//! goes by a keyed value, so the order is the same on every machine.

mod entry;
mod group;
mod ledger;

use std::io::{self, Write};
use std::path::Path;

use stanch_model::{Severity, Source};
use stanch_scanner::Coverage;

use self::entry::write_entry;
use self::group::{Group, groups};
use self::ledger::{write_coverage, write_hidden};
use super::text::{BAD, BOLD, DIM, GOOD, PLAIN, Page, count, counted, size, time, whole, words};
use super::{Look, Report};
use crate::remote::is_remote;

pub(super) fn write(report: &Report<'_>, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, look);
    let groups = groups(report.findings);
    for group in &groups {
        write_entry(&mut page, report, group)?;
        page.gap()?;
    }
    if !groups.is_empty() {
        page.rule()?;
    }
    write_summary(&mut page, report, &groups)?;
    write_hidden(&mut page, report)?;
    write_coverage(&mut page, report)?;
    match groups.first() {
        Some(group) => write_next(&mut page, report, group),
        None => Ok(()),
    }
}

fn write_summary(page: &mut Page<'_>, report: &Report<'_>, groups: &[Group<'_>]) -> io::Result<()> {
    let places: usize = groups.iter().map(|group| group.places.len()).sum();
    let pieces = if groups.is_empty() {
        let complete = !report.coverage.interrupted && !report.coverage.notes.iter().any(|note| note.gap.failed());
        // An unread input is never clean.
        vec![if complete && report.findings.is_empty() {
            words(GOOD, "No credentials found")
        } else if complete {
            // Those that are known or allowed are told below.
            words(GOOD, "No further credentials found")
        } else {
            words(BAD, "No credentials found in what could be read")
        }]
    } else {
        let text = format!("{} in {}", counted(groups.len() as u64, "credential"), counted(places as u64, "place"));
        vec![words(BOLD, text), words(PLAIN, format!(": {}{}", by_severity(groups), of_the_past(groups)))]
    };
    page.paragraph(0, &pieces)?;
    let read = format!("{}, {} read in {}", read(report.coverage), size(report.coverage.bytes), time(report.elapsed));
    page.paragraph(0, &[words(DIM, read)])
}

/// `1 file`, `3 commits, 12 files`: how many there were of what was read. If there was nothing, that is said of files.
fn read(coverage: &Coverage) -> String {
    let kinds = [(coverage.objects, "object"), (coverage.commits, "commit"), (coverage.files, "file")];
    let some: Vec<String> =
        kinds.iter().filter(|(number, _)| *number > 0).map(|(number, noun)| counted(*number, noun)).collect();
    if some.is_empty() { counted(0, "file") } else { some.join(", ") }
}

/// `; 2 only in history`.
fn of_the_past(groups: &[Group<'_>]) -> String {
    match groups.iter().filter(|group| group.only_in_history()).count() as u64 {
        0 => String::new(),
        number => format!("; {} only in history", count(number)),
    }
}

/// `1 critical, 2 high`.
fn by_severity(groups: &[Group<'_>]) -> String {
    let of = |severity: &Severity| groups.iter().filter(|group| group.severity() == *severity).count() as u64;
    let counts = Severity::ALL.iter().rev().map(|severity| (of(severity), severity)).filter(|(number, _)| *number > 0);
    counts.map(|(number, severity)| format!("{} {severity}", count(number))).collect::<Vec<_>>().join(", ")
}

/// What a person can do now.
fn write_next(page: &mut Page<'_>, report: &Report<'_>, group: &Group<'_>) -> io::Result<()> {
    // What was a stream cannot be scanned again by itself, what has signs that are not shown cannot be typed, and what has another name each time
    // cannot be named.
    let is_odd = |target: &String| target.chars().any(char::is_control);
    let again = report.lasting && group.best.locator.source != Source::Stdin;
    if !again || report.targets.iter().any(is_odd) {
        return Ok(());
    }
    let given = format!("{}{}", group.short(), target(report, group));
    page.gap()?;
    page.paragraph(0, &[words(PLAIN, "Next")])?;
    write_hint(page, &format!("stanch explain {given}"), "why it is believed, step by step")?;
    // What stands elsewhere has no ignore file here.
    if report.targets.iter().any(|target| is_remote(Path::new(target))) {
        return Ok(());
    }
    write_hint(page, &format!("stanch ignore {given} --reason \"…\""), "if it is no danger")
}

/// A command to be copied, and what it does as the shell takes remarks.
fn write_hint(page: &mut Page<'_>, command: &str, what: &str) -> io::Result<()> {
    page.paragraph(2, &[whole(PLAIN, command), words(DIM, format!("  # {what}"))])
}

/// The target as it has to be given again; nothing for the current folder.
fn target(report: &Report<'_>, group: &Group<'_>) -> String {
    let names = report.targets.iter().filter(|name| name.as_str() != ".");
    let given = |name: &String| format!(" {}", quoted(&no_option(report.redactor.name(name).into())));
    let mut target = names.map(given).collect::<Vec<_>>().concat();
    if group.best.locator.source == Source::Index {
        target.push_str(" --staged");
    }
    target
}

/// A path that is taken for one, whatever it begins with.
fn no_option(name: String) -> String {
    if name.starts_with('-') { format!("./{name}") } else { name }
}

/// A name as a shell takes it.
pub(crate) fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_the_shell() {
        assert_eq!(quoted("src/main.rs"), "src/main.rs");
        assert_eq!(quoted("it's; here"), r"'it'\''s; here'");
        assert_eq!(no_option("-rf".to_owned()), "./-rf");
    }
}

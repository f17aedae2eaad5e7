//! What is told of times: quantiles, as a table and as a record.

use std::io::{self, Write};

use crate::csv::line;
use crate::machine::Machine;

/// Times of one stretch of the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What was done: a way to die, or a push.
    pub case: String,
    /// From where to where.
    pub stretch: String,
    /// How many were measured.
    pub count: usize,
    /// In milliseconds: half, nine of ten, ninety-nine of a hundred, all of them take no longer.
    pub quantiles: [f64; 4],
    /// What else is to be known.
    pub note: String,
}

impl Line {
    /// Of some times in milliseconds.
    pub(super) fn of(case: &str, stretch: &str, mut times: Vec<f64>, note: impl Into<String>) -> Self {
        times.sort_by(f64::total_cmp);
        let quantiles = [500, 900, 990, 1000].map(|mille| quantile(&times, mille));
        Self { case: case.to_owned(), stretch: stretch.to_owned(), count: times.len(), quantiles, note: note.into() }
    }
}

/// The least of sorted times that at least so many of a thousand do not exceed.
fn quantile(sorted: &[f64], mille: usize) -> f64 {
    let rank = (sorted.len() * mille).div_ceil(1000).clamp(1, sorted.len().max(1));
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

/// The table for people.
///
/// # Errors
/// If it cannot be written.
pub fn response_table(out: &mut impl Write, lines: &[Line]) -> io::Result<()> {
    let mut case = "";
    for line in lines {
        if line.case != case {
            case = &line.case;
            writeln!(out, "\n{case}, milliseconds\n{:<44} {:>9} {:>9} {:>9} {:>9}", "", "p50", "p90", "p99", "max")?;
        }
        let [half, most, nearly, all] = line.quantiles;
        writeln!(out, "{:<44} {half:>9.1} {most:>9.1} {nearly:>9.1} {all:>9.1}  {}", line.stretch, line.note)?;
    }
    Ok(())
}

/// The record: the machine stands in every line, so that files can be joined.
pub fn response_csv(date: &str, machine: &Machine, lines: &[Line]) -> String {
    let mut text = String::from("date,cpu,cores,rustc,commit,case,stretch,count,p50_ms,p90_ms,p99_ms,max_ms,note\n");
    for one in lines {
        let times = one.quantiles.map(|time| format!("{time:.1}"));
        let (cores, count) = (machine.cores.to_string(), one.count.to_string());
        let head = [date, &machine.cpu, &cores, &machine.rustc, &machine.commit, &one.case, &one.stretch, &count];
        text.push_str(&line(head.into_iter().chain(times.iter().map(String::as_str)).chain([one.note.as_str()])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_time_that_was_measured() {
        let told = |times: Vec<f64>| Line::of("a", "b", times, "").quantiles.map(|time| format!("{time:.1}"));
        assert_eq!(told((1..=1000).rev().map(f64::from).collect()), ["500.0", "900.0", "990.0", "1000.0"]);
        assert_eq!(told(vec![7.0]), ["7.0"; 4]);
    }
}

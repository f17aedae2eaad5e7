//! What becomes of the time when there is more to do: ten and a hundred times the history, ten times the rules.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use stanch_model::{Category, Confidence, Sensitivity, Severity};
use stanch_rules::{Boundary, Extent, List, Look, Manual, Rng, Rule, RuleSet, Shape, Str, corpus};
use stanch_scanner::{Engine, Scratch};
use stanch_testkit::chaff;

use crate::cases::Setup;
use crate::csv;
use crate::error::BenchError;
use crate::git::objects;
use crate::machine::Machine;
use crate::run::{LIMIT, Task, Watch};
use crate::statistics::Spread;
use crate::synthetic::repository;

/// How many commits the smallest history has.
const COMMITS: usize = 500;

/// A step of growth.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What grows, and how far.
    pub what: String,
    /// How many units of work there are.
    pub count: u64,
    /// What the units are.
    pub unit: &'static str,
    /// Seconds, the median.
    pub seconds: f64,
    /// Processor seconds, the median.
    pub cpu: Option<f64>,
    /// The most anonymous memory, in MB.
    pub anonymous: Option<f64>,
}

impl Step {
    /// Microseconds of processor time for a unit of work, or of wall time where the other is not known.
    pub fn each(&self) -> f64 {
        self.cpu.unwrap_or(self.seconds) * 1e6 / self.count.max(1) as f64
    }
}

/// Whole processes over made-up histories of 500, 5,000 and 50,000 commits.
///
/// # Errors
/// If a history cannot be made, or stanch fails.
pub fn histories(setup: &Setup, rounds: usize, mut tell: impl FnMut(&str)) -> Result<Vec<Step>, BenchError> {
    let mut steps = Vec::new();
    for times in [1, 10, 100] {
        let path = setup.inputs.work.join(format!("made-up-x{times}.git"));
        tell(&format!("growth: a history of {} commits", COMMITS * times));
        repository(&path, COMMITS * times)?;
        let task = scan(setup, &path);
        // The first run fills the page cache, and its memory is looked at.
        let first = task.run(&setup.inputs.work, LIMIT, Watch::Memory)?;
        let runs = (0..rounds).map(|_| task.run(&setup.inputs.work, LIMIT, Watch::Nothing));
        let runs = runs.collect::<Result<Vec<_>, _>>()?;
        let median = |values: Vec<f64>| Spread::of(values).map(|spread| spread.median);
        let cpu: Option<Vec<f64>> = runs.iter().map(|once| once.cpu.map(|cpu| cpu.as_secs_f64())).collect();
        steps.push(Step {
            what: format!("history x{times}"),
            count: objects(&path)?,
            unit: "objects",
            seconds: median(runs.iter().map(|once| once.wall.as_secs_f64()).collect()).unwrap_or_default(),
            cpu: cpu.and_then(median),
            anonymous: first.peak.map(|peak| peak.anonymous as f64 / 1e6),
        });
    }
    Ok(steps)
}

fn scan(setup: &Setup, path: &std::path::Path) -> Task {
    let arguments = ["scan".to_owned(), path.display().to_string(), "--history-only".to_owned()];
    Task {
        program: setup.stanch.clone(),
        arguments: arguments.into_iter().chain(["--format", "jsonl"].map(str::to_owned)).collect(),
        environment: vec![("STANCH_STATE_DIR", setup.inputs.work.join("home/stanch"))],
        fine: &[0, 1],
        output: Some::<PathBuf>(setup.inputs.work.join("out.growth")),
        ..Task::default()
    }
}

/// The engine over the reference corpus on one thread, under more and more rules: the first hundred, all of them, ten times as many; and
/// chaff, which hits everywhere, so that it is the hits that count.
pub fn rules(rounds: usize, mut tell: impl FnMut(&str)) -> Vec<Step> {
    let builtin = RuleSet::builtin();
    let (all, bytes) = (builtin.len(), corpus().len() as u64);
    let (mut first, mut seen) = (Vec::new(), 0);
    first.extend(builtin.iter().take(100).cloned());
    let sets = [
        ("100 rules".to_owned(), RuleSet::new(first), false),
        (format!("{all} rules, all of them"), RuleSet::builtin(), false),
        (format!("{} rules, {} of them made up", all * 10, all * 9), RuleSet::builtin().with(made_up(all * 9)), false),
        ("chaff x1".to_owned(), chaff::rules(40, 7), true),
        ("chaff x10".to_owned(), chaff::rules(400, 7), true),
    ];
    let mut steps = Vec::new();
    for (what, rules, by_hits) in sets {
        tell(&format!("growth: {what}"));
        let (engine, mut scratch) = (Engine::new(rules), Scratch::default());
        let hits = if by_hits { engine.trace(corpus(), &mut scratch).len() as u64 } else { 0 };
        let times = (0..=rounds).map(|_| {
            let begun = Instant::now();
            seen += if by_hits {
                engine.trace(corpus(), &mut scratch).len()
            } else {
                engine.scan(corpus(), &mut scratch).len()
            };
            begun.elapsed()
        });
        let times: Vec<Duration> = times.skip(1).collect();
        steps.push(Step {
            what,
            count: if by_hits { hits } else { bytes },
            unit: if by_hits { "matches" } else { "bytes" },
            seconds: Spread::of(times.iter().map(Duration::as_secs_f64))
                .map(|spread| spread.median)
                .unwrap_or_default(),
            cpu: None,
            anonymous: None,
        });
    }
    std::hint::black_box(seen);
    steps
}

/// Rules as most of the built-in ones are: a prefix of its own, then a value of a fixed length.
fn made_up(count: usize) -> Vec<Rule> {
    let mut rng = Rng::new(11);
    (0..count).filter_map(|number| made_up_rule(number, &mut rng)).collect()
}

fn made_up_rule(number: usize, rng: &mut Rng) -> Option<Rule> {
    let length = 3 + rng.below(6) as usize;
    let mut prefix: String =
        (0..length).map(|_| char::from(rng.pick(b"abcdefghijklmnopqrstuvwxyz0123456789"))).collect();
    prefix.push(char::from(rng.pick(b"_-.")));
    let shape = Shape::parse(&format!("{prefix}{{base62:{}}}", 24 + rng.below(30)), None).ok()?;
    Some(Rule {
        id: Str::Owned(format!("made-up.rule-{number:05}")),
        title: Str::Borrowed("Made up"),
        provider: Str::Borrowed("made-up"),
        category: Category::Generic,
        severity: Severity::Low,
        sensitivity: Sensitivity::Secret,
        confidence: Confidence::Medium,
        look: Look::Literal(List::Owned(vec![shape])),
        bound: 200,
        extent: Extent::Bytes(64),
        entropy: Some(3.0),
        check: None,
        gate: false,
        context: None,
        companion: None,
        address: false,
        beside: List::Borrowed(&[]),
        boundary: Boundary::Evidence,
        budget: u32::MAX,
        verify: None,
        revoke: None,
        manual: Manual { url: None, runbook: Str::Borrowed("nothing") },
        references: List::Borrowed(&[]),
        accept: List::Borrowed(&[]),
        reject: List::Borrowed(&[]),
    })
}

/// A table of steps, each in terms of the first of its unit: where growth is linear, the last column stays near one.
///
/// # Errors
/// If it cannot be written.
pub fn growth_table(out: &mut impl Write, steps: &[Step]) -> io::Result<()> {
    let head = ["count", "of", "seconds", "CPU s", "anon MB", "us each", "of the first", "MB/s"];
    write!(out, "  {:<32}", "")?;
    head.iter().try_for_each(|head| write!(out, " {head:>12}"))?;
    writeln!(out)?;
    for step in steps {
        let number =
            |value: Option<f64>, digits: usize| value.map_or(String::new(), |value| format!("{value:.digits$}"));
        let (count, unit, seconds) = (step.count, step.unit, step.seconds);
        write!(out, "  {:<32} {count:>12} {unit:>12} {seconds:>12.4}", step.what)?;
        write!(out, " {:>12} {:>12}", number(step.cpu, 3), number(step.anonymous, 1))?;
        let rate = (step.unit == "bytes").then(|| 1.0 / step.each());
        writeln!(out, " {:>12.5} {:>12.2} {:>12}", step.each(), relative(steps, step), number(rate, 0))?;
    }
    Ok(())
}

/// The time for a unit, in terms of that of the first step with the same unit.
fn relative(steps: &[Step], step: &Step) -> f64 {
    let first = steps.iter().find(|first| first.unit == step.unit).map_or(0.0, Step::each);
    if first > 0.0 { step.each() / first } else { 0.0 }
}

/// As comma-separated values, for the record.
pub fn growth_csv(date: &str, machine: &Machine, steps: &[Step]) -> String {
    let mut text = csv::line([
        "date", "cpu", "cores", "rustc", "commit", "what", "count", "unit", "seconds", "cpu_s", "anon_mb", "us_each",
        "relative",
    ]);
    for step in steps {
        let number = |value: Option<f64>| value.map(|value| format!("{value:.4}")).unwrap_or_default();
        let fields = [
            date.to_owned(),
            machine.cpu.clone(),
            machine.cores.to_string(),
            machine.rustc.clone(),
            machine.commit.clone(),
            step.what.clone(),
            step.count.to_string(),
            step.unit.to_owned(),
            number(Some(step.seconds)),
            number(step.cpu),
            number(step.anonymous),
            format!("{:.6}", step.each()),
            format!("{:.3}", relative(steps, step)),
        ];
        text.push_str(&csv::line(fields.iter().map(String::as_str)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(what: &str, count: u64, unit: &'static str, seconds: f64) -> Step {
        Step { what: what.to_owned(), count, unit, seconds, cpu: Some(seconds), anonymous: None }
    }

    #[test]
    fn linear_growth_shows_as_one() {
        let steps =
            [step("x1", 1000, "objects", 0.5), step("x10", 10_000, "objects", 5.0), step("r", 10, "bytes", 1.0)];
        assert_eq!(steps.iter().map(|step| relative(&steps, step)).collect::<Vec<_>>(), [1.0, 1.0, 1.0]);
        let mut text = Vec::new();
        growth_table(&mut text, &steps).unwrap_or_else(|error| panic!("{error}"));
        let text = String::from_utf8_lossy(&text);
        assert!(text.lines().count() == 4 && text.contains("500.00000         1.00"), "{text}");
        let csv = growth_csv("2026-11-21", &Machine::here(), &steps);
        assert_eq!(csv.lines().count(), 4);
        assert_eq!(csv::fields(csv.lines().last().unwrap_or_default()).len(), 13);
    }

    #[test]
    fn made_up_rules_are_rules() {
        let rules = made_up(500);
        assert_eq!(rules.len(), 500);
        let engine = Engine::new(RuleSet::new(rules));
        // They add hits by chance only: it is their number that is measured.
        assert!(engine.scan(corpus(), &mut Scratch::default()).is_empty());
    }
}

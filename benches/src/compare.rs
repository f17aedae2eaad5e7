//! Comparing: every contestant once a round, in a round the one after the other, so that whatever else the machine does meets all of them.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use crate::cases::{Case, Contestant, Setup};
use crate::error::BenchError;
use crate::record::{Measured, Role, Row};
use crate::run::{Once, Peak, Task, Watch};
use crate::statistics::{Spread, ratios};

/// Who takes long takes part in the first rounds only, as many as fit into this.
const PATIENCE: Duration = Duration::from_mins(5);

/// Runs a case and gives a row for each contestant. `tell` is told how far it is.
///
/// # Errors
/// If the input cannot be made, stanch fails, or what must be the same differs.
pub fn compare(
    setup: &Setup,
    case: Case,
    rounds: Option<usize>,
    limit: Duration,
    mut tell: impl FnMut(&str),
) -> Result<Vec<Row>, BenchError> {
    tell(&format!("{}: making the input", case.name()));
    let input = case.input(&setup.inputs)?;
    let work = &setup.inputs.work;
    let contestants = setup.contestants(case, &input)?;
    let mut entrants: Vec<Entrant> = contestants.into_iter().map(Entrant::new).collect();
    let rounds = rounds.unwrap_or(case.rounds());
    // The round before the first one fills the page cache and what the contestants keep. Ours is first to remember what it has scanned.
    for entrant in &mut entrants {
        tell(&format!("{}: {} once, uncounted", case.name(), entrant.contestant.name));
        entrant.warm_up(work, limit)?;
    }
    for entrant in &mut entrants {
        tell(&format!("{}: {} once more, for its memory", case.name(), entrant.contestant.name));
        entrant.look(work, limit)?;
    }
    entrants.iter().try_for_each(|entrant| entrant.check(&entrants))?;
    for round in 0..rounds {
        tell(&format!("{}: round {} of {rounds}", case.name(), round + 1));
        // Each round begins with another one, so that nobody always runs after the same neighbour.
        let count = entrants.len().max(1);
        for turn in 0..count {
            if let Some(entrant) = entrants.get_mut((turn + round) % count).filter(|entrant| entrant.takes_part(round))
            {
                entrant.run(work, limit)?;
            }
        }
    }
    entrants.iter().try_for_each(|entrant| entrant.check(&entrants))?;
    let ours: Vec<f64> = entrants.first().map(Entrant::walls).unwrap_or_default();
    let rows = entrants.iter().map(|entrant| entrant.row(case, &input.about, input.bytes, &ours));
    Ok(rows.collect())
}

/// A contestant with its runs.
struct Entrant {
    contestant: Contestant,
    runs: Vec<Once>,
    failed: Option<String>,
    /// How long the first run took.
    warm: Duration,
    /// The most memory of the runs that are not counted.
    peak: Peak,
}

impl Entrant {
    fn new(contestant: Contestant) -> Self {
        let failed = contestant.task.as_ref().err().cloned();
        Self { contestant, runs: Vec::new(), failed, warm: Duration::ZERO, peak: Peak::default() }
    }

    fn task(&self) -> Option<&Task> {
        self.contestant.task.as_ref().ok().filter(|_| self.failed.is_none())
    }

    fn warm_up(&mut self, work: &Path, limit: Duration) -> Result<(), BenchError> {
        self.warm = self.once(work, limit, Watch::Nothing)?.map(|once| once.wall).unwrap_or_default();
        Ok(())
    }

    /// Looks at its memory in a run; what is short runs some times more, as a peak of an instant may be missed.
    fn look(&mut self, work: &Path, limit: Duration) -> Result<(), BenchError> {
        const SHORT: Duration = Duration::from_secs(1);
        const TIMES: usize = 5;
        let times = if self.warm < SHORT { TIMES } else { 1 };
        for _ in 0..times {
            let once = self.once(work, limit, Watch::Memory)?;
            self.peak = self.peak.or(once.and_then(|once| once.peak).unwrap_or_default());
        }
        Ok(())
    }

    /// Whether it takes part in a round, of which the first is 0.
    fn takes_part(&self, round: usize) -> bool {
        let before = self.warm * round as u32;
        self.contestant.role == Role::Ours || round == 0 || before + self.warm <= PATIENCE
    }

    /// Runs once, and it counts.
    fn run(&mut self, work: &Path, limit: Duration) -> Result<(), BenchError> {
        let once = self.once(work, limit, Watch::Nothing)?;
        self.runs.extend(once);
        Ok(())
    }

    /// Runs once. Where another one fails, that is noted; where ours does, there is nothing to compare.
    fn once(&mut self, work: &Path, limit: Duration, what: Watch) -> Result<Option<Once>, BenchError> {
        let Some(task) = self.task() else { return Ok(None) };
        match task.run(work, limit, what) {
            Ok(once) => return Ok(Some(Once { wall: self.own_time().unwrap_or(once.wall), ..once })),
            Err(error) if self.contestant.role == Role::Ours => return Err(error),
            Err(error) => self.failed = Some(error.to_string()),
        }
        Ok(None)
    }

    /// The time that it prints as `wall … s`, where that counts.
    fn own_time(&self) -> Option<Duration> {
        let output = self.task().filter(|_| self.contestant.own_clock)?.output.as_ref()?;
        let printed = fs::read_to_string(output).ok()?;
        let seconds = printed.lines().find_map(|line| line.strip_prefix("wall ")?.split(' ').next()?.parse().ok())?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Whether it says the same as ours, where it must.
    fn check(&self, all: &[Self]) -> Result<(), BenchError> {
        let read = |entrant: &Self| fs::read(entrant.task()?.output.as_ref()?).ok();
        if !self.contestant.same_output || self.task().is_none() {
            return Ok(());
        }
        let same = all.first().is_some_and(|ours| read(ours).is_some_and(|ours| read(self) == Some(ours)));
        let what =
            || BenchError::new(format!("{}: the output is another one than that of stanch", self.contestant.name));
        if same { Ok(()) } else { Err(what()) }
    }

    fn walls(&self) -> Vec<f64> {
        self.runs.iter().map(|once| once.wall.as_secs_f64()).collect()
    }

    fn row(&self, case: Case, about: &str, bytes: u64, ours: &[f64]) -> Row {
        Row {
            case: case.name().to_owned(),
            input: about.to_owned(),
            bytes,
            contestant: self.contestant.name.clone(),
            role: self.contestant.role,
            version: self.contestant.version.clone(),
            measured: self.measured(ours).filter(|_| self.failed.is_none()),
            note: self.failed.clone().or_else(|| self.scanned()).unwrap_or_default(),
        }
    }

    fn measured(&self, ours: &[f64]) -> Option<Measured> {
        let walls = self.walls();
        let cpu = self.runs.iter().map(|once| once.cpu.map(|cpu| cpu.as_secs_f64()));
        Some(Measured {
            rounds: self.runs.len(),
            wall: Spread::of(walls.iter().copied())?,
            cpu: cpu.collect::<Option<Vec<f64>>>().and_then(Spread::of).map(|cpu| cpu.median),
            ratio: Spread::of(ratios(&walls, ours))?,
            anonymous: (self.peak.anonymous + self.peak.shared) as f64 / 1e6,
            mapped: self.peak.mapped as f64 / 1e6,
        })
    }

    /// How much Kingfisher says it has read: it leaves out files by their names, unlike the others.
    fn scanned(&self) -> Option<String> {
        let printed = fs::read_to_string(self.task()?.output.as_ref()?).ok()?;
        let number = |name: &str| {
            let line = printed.lines().find(|line| line.contains(name))?;
            Some(line.rsplit_once(": ")?.1.trim().to_owned())
        };
        Some(format!("says that it scanned {} blobs, {}", number("Blobs Scanned")?, number("Bytes Scanned")?))
    }
}

/// The rows of a case as a table for people.
///
/// # Errors
/// If it cannot be written.
pub fn table(out: &mut impl Write, rows: &[Row]) -> io::Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    writeln!(out, "\n{}: {}", first.case, first.input)?;
    let head = ["", "wall s", "least", "most", "CPU s", "anon MB", "mapped MB", "MB/s", "times ours", "least", "most"];
    let [name, rest @ ..] = head;
    write!(out, "  {name:<28}")?;
    rest.iter().try_for_each(|head| write!(out, " {head:>10}"))?;
    writeln!(out)?;
    for row in rows {
        write!(out, "  {:<28}", row.contestant)?;
        if let Some(measured) = &row.measured {
            let Measured { wall, ratio, .. } = measured;
            let optional = |value: Option<f64>, digits: usize| value.map_or(String::new(), |v| format!("{v:.digits$}"));
            write!(out, " {:>10.4} {:>10.4} {:>10.4}", wall.median, wall.min, wall.max)?;
            write!(out, " {:>10} {:>10.1} {:>10.1}", optional(measured.cpu, 3), measured.anonymous, measured.mapped)?;
            write!(
                out,
                " {:>10} {:>10.3} {:>10.3} {:>10.3}",
                optional(row.rate(), 0),
                ratio.median,
                ratio.min,
                ratio.max
            )?;
            writeln!(out, "  of {} rounds", measured.rounds)?;
        } else {
            writeln!(out, " not measured: {}", row.note)?;
        }
    }
    let mut noted = rows.iter().filter(|row| row.measured.is_some() && !row.note.is_empty());
    noted.try_for_each(|row| writeln!(out, "  {} {}", row.contestant, row.note))
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn entrant(work: &Path, name: &str, role: Role, script: &str) -> Entrant {
        let task = Task {
            program: PathBuf::from("sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            fine: &[0],
            output: Some(work.join(name)),
            ..Task::default()
        };
        Entrant::new(Contestant {
            name: name.to_owned(),
            role,
            version: String::new(),
            task: Ok(task),
            same_output: role == Role::Other,
            own_clock: false,
        })
    }

    fn ran(entrant: &mut Entrant, work: &Path) -> Result<(), BenchError> {
        entrant.run(work, Duration::from_mins(1))
    }

    #[test]
    fn what_fails_is_told_and_ours_must_not() {
        let work = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let mut peer = entrant(work.path(), "peer", Role::Peer, "echo no >&2; exit 9");
        assert!(ran(&mut peer, work.path()).is_ok());
        let row = peer.row(Case::Tree, "x", 1, &[1.0]);
        assert!(row.measured.is_none() && row.note.ends_with("no"), "{row:?}");
        let mut text = Vec::new();
        table(&mut text, &[row]).unwrap_or_else(|error| panic!("{error}"));
        assert!(String::from_utf8_lossy(&text).contains("not measured: sh ended with exit status: 9: no"));
        assert!(ran(&mut entrant(work.path(), "ours", Role::Ours, "exit 9"), work.path()).is_err());
    }

    #[test]
    fn who_is_slow_runs_less_often() {
        let work = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let mut peer = entrant(work.path(), "peer", Role::Peer, "exit 0");
        let rounds = |peer: &Entrant| (0..100).filter(|round| peer.takes_part(*round)).count();
        assert!(peer.warm_up(work.path(), Duration::from_mins(1)).is_ok());
        assert!(peer.runs.is_empty() && peer.warm > Duration::ZERO);
        peer.warm = Duration::from_secs(56);
        assert_eq!(rounds(&peer), 5);
        peer.warm = PATIENCE * 2;
        assert_eq!(rounds(&peer), 1);
        peer.contestant.role = Role::Ours;
        assert_eq!(rounds(&peer), 100);
    }

    #[test]
    fn a_clock_of_its_own() {
        let work = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let mut limit =
            entrant(work.path(), "limit", Role::Limit, "echo 5 objects; echo wall 2.625 s, of it 1 s for x");
        limit.contestant.own_clock = true;
        assert!(ran(&mut limit, work.path()).is_ok());
        assert_eq!(limit.walls(), [2.625]);
    }

    #[test]
    fn what_must_be_the_same_is_compared() {
        let work = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let mut all = vec![
            entrant(work.path(), "ours", Role::Ours, "echo a"),
            entrant(work.path(), "same", Role::Other, "echo a"),
            entrant(work.path(), "different", Role::Other, "echo b"),
        ];
        for entrant in &mut all {
            ran(entrant, work.path()).unwrap_or_else(|error| panic!("{error}"));
        }
        let [_, same, different] = &all[..] else { panic!("three") };
        assert!(same.check(&all).is_ok() && different.check(&all).is_err());
    }

    #[test]
    fn a_row_has_medians_and_what_was_said() {
        let work = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let script = "echo ' |__Blobs Scanned.............: 50'; echo ' |Bytes Scanned....: 72 KiB'";
        let mut peer = entrant(work.path(), "peer", Role::Peer, script);
        for _ in 0..3 {
            ran(&mut peer, work.path()).unwrap_or_else(|error| panic!("{error}"));
        }
        let ours: Vec<f64> = peer.walls().iter().map(|wall| wall / 4.0).collect();
        let row = peer.row(Case::Tree, "x", 1_000_000, &ours);
        assert_eq!(row.note, "says that it scanned 50 blobs, 72 KiB");
        let measured = row.measured.unwrap_or_else(|| panic!("{row:?}"));
        assert_eq!((measured.rounds, measured.ratio.median), (3, 4.0));
        assert!(measured.cpu.is_some() && row.rate().is_some_and(|rate| rate > 0.0));
    }
}

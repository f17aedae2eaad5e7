//! What a comparison gave, as it is kept: one line for each contestant of each case.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::csv;
use crate::error::BenchError;
use crate::machine::Machine;
use crate::statistics::Spread;

/// What a contestant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// stanch, in the way that others are compared with.
    Ours,
    /// stanch in another way.
    Other,
    /// Another scanner.
    Peer,
    /// What does only a part of the work.
    Limit,
}

impl Role {
    const ALL: [Self; 4] = [Self::Ours, Self::Other, Self::Peer, Self::Limit];

    /// Its name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Other => "other",
            Self::Peer => "peer",
            Self::Limit => "limit",
        }
    }
}

/// What was measured of a contestant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// In how many rounds.
    pub rounds: usize,
    /// Seconds.
    pub wall: Spread,
    /// Seconds of all its threads, the median; `None` where the system does not tell.
    pub cpu: Option<f64>,
    /// How many times as long as ours it took, round by round.
    pub ratio: Spread,
    /// The most anonymous memory, in MB.
    pub anonymous: f64,
    /// The most memory of mapped files, in MB.
    pub mapped: f64,
}

/// A contestant of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The name of the case.
    pub case: String,
    /// What the input of the case is.
    pub input: String,
    /// How many bytes it has; 0 if that is not what the time depends on.
    pub bytes: u64,
    /// Who it is.
    pub contestant: String,
    /// What it is.
    pub role: Role,
    /// What it says of its version.
    pub version: String,
    /// What was measured; `None` if that was not possible.
    pub measured: Option<Measured>,
    /// Why not, or what else is to be said.
    pub note: String,
}

impl Row {
    /// Megabytes (of a million bytes) a second, where bytes are what the time depends on.
    pub fn rate(&self) -> Option<f64> {
        let measured = self.measured?;
        (self.bytes > 0 && measured.wall.median > 0.0).then(|| self.bytes as f64 / 1e6 / measured.wall.median)
    }
}

/// A comparison that was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// When, as year, month and day.
    pub date: String,
    /// On what.
    pub machine: Machine,
    /// What was measured.
    pub rows: Vec<Row>,
}

const COLUMNS: [&str; 23] = [
    "date",
    "cpu",
    "cores",
    "rustc",
    "commit",
    "case",
    "input",
    "bytes",
    "contestant",
    "role",
    "version",
    "rounds",
    "wall_s",
    "wall_min_s",
    "wall_max_s",
    "cpu_s",
    "ratio",
    "ratio_min",
    "ratio_max",
    "anon_mb",
    "mapped_mb",
    "mb_per_s",
    "note",
];

impl Record {
    /// As comma-separated values. What it was taken on goes into every line, so that files can be joined.
    pub fn to_csv(&self) -> String {
        let mut text = csv::line(COLUMNS);
        for row in &self.rows {
            let number = |value: Option<f64>| value.map(|value| format!("{value:.4}")).unwrap_or_default();
            let whole = |value: Option<f64>| value.map(|value| format!("{value:.1}")).unwrap_or_default();
            let of = |get: fn(&Measured) -> f64| row.measured.as_ref().map(get);
            let fields = [
                self.date.clone(),
                self.machine.cpu.clone(),
                self.machine.cores.to_string(),
                self.machine.rustc.clone(),
                self.machine.commit.clone(),
                row.case.clone(),
                row.input.clone(),
                row.bytes.to_string(),
                row.contestant.clone(),
                row.role.name().to_owned(),
                row.version.clone(),
                row.measured.map(|measured| measured.rounds.to_string()).unwrap_or_default(),
                number(of(|measured| measured.wall.median)),
                number(of(|measured| measured.wall.min)),
                number(of(|measured| measured.wall.max)),
                number(row.measured.and_then(|measured| measured.cpu)),
                number(of(|measured| measured.ratio.median)),
                number(of(|measured| measured.ratio.min)),
                number(of(|measured| measured.ratio.max)),
                whole(of(|measured| measured.anonymous)),
                whole(of(|measured| measured.mapped)),
                whole(row.rate()),
                row.note.clone(),
            ];
            text.push_str(&csv::line(fields.iter().map(String::as_str)));
        }
        text
    }

    /// Reads what [`Record::to_csv`] wrote.
    ///
    /// # Errors
    /// If it is something else.
    pub fn of_csv(text: &str) -> Result<Self, BenchError> {
        let mut lines = text.lines();
        let header = csv::fields(lines.next().unwrap_or_default());
        let mut record = None;
        let mut rows = Vec::new();
        for (number, line) in lines.enumerate() {
            let fields: BTreeMap<&str, String> = header.iter().map(String::as_str).zip(csv::fields(line)).collect();
            let row = row(&fields).ok_or_else(|| BenchError::new(format!("line {} is no record", number + 2)))?;
            rows.push(row);
            record.get_or_insert_with(|| (text_of(&fields, "date"), machine(&fields)));
        }
        let (date, machine) = record.ok_or_else(|| BenchError::new("the record is empty"))?;
        Ok(Self { date, machine, rows })
    }

    /// Where the comparison of this day and commit on this machine stands.
    pub fn path(&self) -> PathBuf {
        records().join(self.machine.folder()).join(format!("{}-{}-compare.csv", self.date, self.machine.commit))
    }

    /// Keeps it. What was measured of the same commit on the same day and machine before is replaced case by case.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(mut self) -> Result<PathBuf, BenchError> {
        let path = self.path();
        if let Ok(before) = fs::read_to_string(&path) {
            self.join(Self::of_csv(&before)?);
        }
        write(&path, &self.to_csv())?;
        Ok(path)
    }

    /// Takes in the cases of an earlier record that this one has not, if it is of the same commit and machine.
    fn join(&mut self, before: Self) {
        if before.machine == self.machine {
            let kept = before.rows.into_iter().filter(|row| self.rows.iter().all(|new| new.case != row.case));
            let mut rows: Vec<Row> = kept.collect();
            rows.append(&mut self.rows);
            self.rows = rows;
        }
    }
}

/// Where records stand.
pub fn records() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("record")
}

/// Writes a file, with the folder it stands in.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), BenchError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(BenchError::at(folder))?;
    fs::write(path, text).map_err(BenchError::at(path))
}

fn text_of(fields: &BTreeMap<&str, String>, name: &str) -> String {
    fields.get(name).cloned().unwrap_or_default()
}

fn machine(fields: &BTreeMap<&str, String>) -> Machine {
    let text = |name: &str| text_of(fields, name);
    Machine {
        cpu: text("cpu"),
        cores: text("cores").parse().unwrap_or_default(),
        rustc: text("rustc"),
        commit: text("commit"),
    }
}

fn row(fields: &BTreeMap<&str, String>) -> Option<Row> {
    let number = |name: &str| fields.get(name)?.parse::<f64>().ok();
    let spread = |name: &str| {
        let (min, max) = match name {
            "wall_s" => ("wall_min_s", "wall_max_s"),
            _ => ("ratio_min", "ratio_max"),
        };
        Some(Spread { median: number(name)?, min: number(min)?, max: number(max)? })
    };
    let measured = || {
        Some(Measured {
            rounds: fields.get("rounds")?.parse().ok()?,
            wall: spread("wall_s")?,
            cpu: number("cpu_s"),
            ratio: spread("ratio")?,
            anonymous: number("anon_mb")?,
            mapped: number("mapped_mb")?,
        })
    };
    Some(Row {
        case: fields.get("case")?.clone(),
        input: text_of(fields, "input"),
        bytes: fields.get("bytes")?.parse().ok()?,
        contestant: fields.get("contestant")?.clone(),
        role: Role::ALL.into_iter().find(|role| fields.get("role").is_some_and(|name| name == role.name()))?,
        version: text_of(fields, "version"),
        measured: measured(),
        note: text_of(fields, "note"),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record of a case with everything in it.
    pub(crate) fn record() -> Record {
        let row = |contestant: &str, role, seconds: f64| Row {
            case: "history-git".to_owned(),
            input: "git/git, every object".to_owned(),
            bytes: 0,
            contestant: contestant.to_owned(),
            role,
            version: format!("{contestant} 1.0"),
            measured: (seconds > 0.0).then(|| Measured {
                rounds: 3,
                wall: Spread { median: seconds, min: seconds - 0.5, max: seconds + 0.5 },
                cpu: Some(seconds * 2.0),
                ratio: Spread { median: seconds / 5.0, min: seconds / 8.0, max: seconds / 4.0 },
                anonymous: 177.5,
                mapped: 500.0,
            }),
            note: if seconds > 0.0 { String::new() } else { "not installed".to_owned() },
        };
        Record {
            date: "2026-11-21".to_owned(),
            machine: Machine {
                cpu: "Acme, Fast".to_owned(),
                cores: 2,
                rustc: "rustc 1.95.0".to_owned(),
                commit: "0123456789ab".to_owned(),
            },
            rows: vec![
                row("stanch", Role::Ours, 5.0),
                row("kingfisher", Role::Peer, 55.0),
                row("ripsecrets", Role::Peer, 0.0),
                row("decoding alone", Role::Limit, 2.5),
            ],
        }
    }

    #[test]
    fn there_and_back() {
        let record = record();
        let text = record.to_csv();
        let back = Record::of_csv(&text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(back.to_csv(), text);
        assert_eq!((back.date, back.machine, back.rows.len()), (record.date, record.machine, 4));
        assert_eq!(
            back.rows.iter().map(|row| row.role).collect::<Vec<_>>(),
            [Role::Ours, Role::Peer, Role::Peer, Role::Limit]
        );
        assert_eq!(back.rows.last(), record.rows.last());
        assert!(Record::of_csv("").is_err() && Record::of_csv("case,role\nx,y\n").is_err());
    }

    #[test]
    fn a_day_is_added_to() {
        let mut new = record();
        new.rows.truncate(1);
        let mut before = record();
        for row in &mut before.rows {
            row.case = "tree".to_owned();
        }
        new.join(before.clone());
        assert_eq!(new.rows.len(), 5);
        new.join(before.clone());
        assert_eq!(new.rows.len(), 5, "what is measured again is replaced");
        before.machine.commit = "of another day".to_owned();
        let mut new = record();
        new.join(before);
        assert_eq!(new.rows.len(), 4, "times of two commits are not mixed");
    }

    #[test]
    fn a_rate_needs_bytes() {
        let mut row = record().rows.remove(0);
        assert_eq!(row.rate(), None);
        row.bytes = 10_000_000;
        assert_eq!(row.rate(), Some(2.0));
    }
}

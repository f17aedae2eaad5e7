//! What was found before, by stanch or by another scanner, as the credentials that it is about.
//!
//! A format is recognised by what a document says, never by a file's name ([`mod@format`]). Where a report holds the secret, [`Recogniser`] finds
//! out which rule of ours it belongs to. Reports of stanch hold none: [`again`] reads it where it stands, and the fingerprint says whether
//! it is still the same. What cannot be read is told and counted.

mod again;
mod format;
mod sarif;

#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use stanch_model::Finding;
use stanch_rules::RuleSet;
use stanch_scanner::{Control, Recogniser};
use zeroize::{Zeroize, Zeroizing};

use super::{Subject, of_findings};
use crate::exit::CliError;
use crate::session::Scanner;
use crate::shell::Shell;
use crate::stdin::{Stdin, interrupted, interruption};
use again::Again;
use format::Item;
use sarif::Regions;

/// The most that is read of one report, in bytes.
const MOST: u64 = 256 << 20;
/// So many troubles of one report are told one by one.
const TOLD: usize = 10;

/// Reads reports. `root` is the folder that paths in them start at.
///
/// Returns the credentials, every finding that the redactor must know of, and whether something could not be read.
pub(crate) fn intake(
    paths: &[PathBuf],
    root: &Path,
    shell: &mut Shell,
) -> Result<(Vec<Subject>, Vec<Finding>, bool), CliError> {
    let scanner = Scanner::new(RuleSet::builtin())?;
    let control = scanner.control();
    let mut taken = Taken::new(&control, root);
    let mut failed = false;
    for path in paths {
        let name = path.display().to_string();
        let bytes = read(path).map_err(|error| CliError::new(format!("cannot read the findings `{name}`: {error}")))?;
        if interrupted() {
            return Err(interruption());
        }
        let troubles = taken.report(&bytes);
        failed |= !troubles.is_empty();
        tell(&name, &troubles, shell);
    }
    let (subjects, findings) = taken.subjects();
    Ok((subjects, findings, failed))
}

/// A report, whole.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let mut limited: Box<dyn Read> = if path == Path::new("-") {
        Box::new(Stdin::open().take(MOST + 1))
    } else {
        let file = std::fs::File::open(path)?;
        // Room for all of it, so that growing leaves no copy behind.
        bytes.reserve_exact(usize::try_from(file.metadata()?.len().min(MOST)).unwrap_or(0).saturating_add(1));
        Box::new(file.take(MOST + 1))
    };
    limited.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other(format!("it is larger than {} MiB", MOST >> 20)));
    }
    Ok(bytes)
}

fn tell(name: &str, troubles: &[String], shell: &mut Shell) {
    for trouble in troubles.iter().take(TOLD) {
        shell.warning(&format!("{name}: {trouble}"));
    }
    if troubles.len() > TOLD {
        shell.warning(&format!("{name}: and {} more that could not be read", troubles.len() - TOLD));
    }
}

/// What was taken in so far.
struct Taken<'a> {
    recogniser: Recogniser<'a>,
    again: Again<'a>,
    regions: Regions,
    /// What the reports are about.
    meant: Vec<Finding>,
    /// That, and what belongs to it.
    findings: Vec<Finding>,
}

impl<'a> Taken<'a> {
    fn new(control: &'a Control<'a>, root: &Path) -> Self {
        Self {
            recogniser: Recogniser::new(control),
            again: Again::new(control, root),
            regions: Regions::new(root),
            meant: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Takes a report in, and tells what of it could not be read.
    fn report(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut troubles = Vec::new();
        // Editors and shells of Windows put it there.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        if bytes.trim_ascii().is_empty() {
            return troubles;
        }
        match serde_json::from_slice(bytes) {
            Ok(document) => self.document(&Document(document), None, &mut troubles),
            Err(error) => self.lines(bytes, &error, &mut troubles),
        }
        troubles
    }

    fn lines(&mut self, bytes: &[u8], whole: &serde_json::Error, troubles: &mut Vec<String>) {
        let mut any = false;
        let mut bad = Vec::new();
        for (number, line) in (1..).zip(bytes.split(|&b| b == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice(line) {
                Ok(document) => {
                    any = true;
                    self.document(&Document(document), Some(number), troubles);
                }
                Err(_) => bad.push(format!("line {number} is no JSON")),
            }
        }
        if any {
            troubles.append(&mut bad);
        } else {
            // What is wrong may be quoted by the error itself.
            troubles.push(format!("it is no JSON: it breaks off at line {}, column {}", whole.line(), whole.column()));
        }
    }

    fn document(&mut self, document: &Document, line: Option<u64>, troubles: &mut Vec<String>) {
        let mut at = 0_usize;
        format::items(&document.0, &mut |item| {
            at += 1;
            let taken = item.and_then(|item| self.item(item));
            let place = || line.map_or_else(|| format!("finding {at}"), |line| format!("line {line}"));
            troubles.extend(taken.err().map(|why| format!("{}: {why}", place())));
        });
    }

    fn item(&mut self, item: Item<'_>) -> Result<(), String> {
        let (meant, rest) = match item {
            Item::Foreign(foreign) => {
                let mut found = self.recogniser.findings(&foreign)?;
                (vec![found.remove(0)], found)
            }
            Item::Ours(ours) => self.again.findings(&ours, &mut self.recogniser)?,
            Item::Region(region) => (self.regions.findings(&region, &mut self.recogniser)?, Vec::new()),
        };
        self.findings.extend(meant.iter().cloned());
        self.meant.extend(meant);
        self.findings.extend(rest);
        Ok(())
    }

    fn subjects(self) -> (Vec<Subject>, Vec<Finding>) {
        (of_findings(&self.meant, &self.findings), self.findings)
    }
}

/// A document whose texts are wiped, as secrets are among them.
struct Document(Value);

impl Drop for Document {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

//! Baselines: the credentials that were known on the day the baseline was written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use stanch_model::{Finding, Suppression, SuppressionKind};

use super::mark::Marks;
use crate::exit::CliError;
use crate::key::{random, write_private};
use crate::report::Redactor;

const SCHEMA: &str = "stanch.baseline/1";

/// A baseline that was read.
#[derive(Debug)]
pub(crate) struct Baseline {
    marks: Marks,
    names: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct File {
    schema: String,
    salt: String,
    credentials: Vec<Known>,
}

/// A credential and, for the reader, where it stood. Only the fingerprint is compared: a credential that moves is not new.
#[derive(Serialize, Deserialize)]
struct Known {
    fingerprint: String,
    rule: String,
    paths: Vec<String>,
}

impl Baseline {
    pub(crate) fn read(path: &Path) -> Result<Self, CliError> {
        let text = fs::read(path)
            .map_err(|error| CliError::new(format!("cannot read the baseline `{}`: {error}", path.display())))?;
        let damaged = |why: &str| {
            CliError::new(format!("`{}` is no baseline: {why}", path.display()))
                .hint("write a new one with --write-baseline")
        };
        let file: File = serde_json::from_slice(&text).map_err(|error| damaged(&error.to_string()))?;
        if file.schema != SCHEMA {
            return Err(damaged(&format!("its schema is not {SCHEMA}")));
        }
        let marks = Marks::parse(&file.salt).ok_or_else(|| damaged("its salt has not 64 hex digits"))?;
        let mut names: Vec<String> = file.credentials.into_iter().map(|known| known.fingerprint).collect();
        names.sort_unstable();
        Ok(Self { marks, names })
    }

    /// The suppression of a finding whose credential was known.
    pub(crate) fn covers(&self, finding: &Finding) -> Option<Suppression> {
        self.names.binary_search(&self.marks.name(finding)?).ok().map(|_| Suppression {
            kind: SuppressionKind::Baseline,
            reason: Some("known when the baseline was written".to_owned()),
            owner: None,
            expires: None,
        })
    }

    /// Writes a baseline of the findings, in order of first path and place.
    pub(crate) fn write<'a>(
        path: &Path,
        findings: impl Iterator<Item = &'a Finding>,
        redactor: &Redactor<'_>,
    ) -> Result<usize, CliError> {
        let marks = Marks::new(random());
        let mut known: Vec<Known> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for finding in findings {
            let Some(name) = marks.name(finding) else { continue };
            let index = *places.entry(name.clone()).or_insert_with(|| {
                known.push(Known { fingerprint: name, rule: finding.rule.as_str().to_owned(), paths: Vec::new() });
                known.len() - 1
            });
            let paths = &mut known[index].paths;
            let shown = redactor.name(&finding.path);
            if !paths.iter().any(|path| *path == shown) {
                paths.push(shown.into_owned());
            }
        }
        let count = known.len();
        let file = File { schema: SCHEMA.to_owned(), salt: marks.key_text(), credentials: known };
        let mut text = serde_json::to_vec_pretty(&file).map_err(|error| CliError::new(error.to_string()))?;
        text.push(b'\n');
        write_private(path, &text)
            .map_err(|error| CliError::new(format!("cannot write the baseline `{}`: {error}", path.display())))?;
        Ok(count)
    }
}

//! `stanch explain`: why a finding is believed, and why it is not.

use std::io::{BufWriter, Write};

use stanch_model::Finding;

use crate::args::ExplainArgs;
use crate::exit::{CliError, Exit};
use crate::report::{Redactor, explain};
use crate::rules::selected;
use crate::session::{Scanner, ignore_files};
use crate::shell::Shell;

pub(crate) fn run(args: &ExplainArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let scanner = Scanner::new(selected(&args.rules, shell)?)?;
    let mut scanned = scanner.scan_every(&args.target, shell)?.whole()?;
    scanned.suppress(&ignore_files(&args.target, &scanned.base)?, None, shell);
    let findings = chosen(&scanned.outcome.findings, &args.fingerprint)?;
    let redactor = Redactor::new(scanner.redaction(), &scanned.outcome.findings);
    let mut out = BufWriter::new(shell.stdout());
    explain(&findings, scanner.engine.rules(), &redactor, &mut out)?;
    out.flush()?;
    Ok(Exit::Clean)
}

/// The findings of a fingerprint, given whole or by its first digits.
pub(crate) fn chosen<'a>(findings: &'a [Finding], wanted: &str) -> Result<Vec<&'a Finding>, CliError> {
    const SHORTEST: usize = 6;
    let wanted = wanted.to_ascii_lowercase();
    if wanted.len() < SHORTEST || !wanted.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(CliError::new("a fingerprint is given by its first six and more hex digits")
            .hint("`stanch scan` shows the fingerprint of each finding"));
    }
    let found: Vec<&Finding> = findings.iter().filter(|f| f.fingerprint.to_string().starts_with(&wanted)).collect();
    let Some(first) = found.first() else {
        return Err(CliError::new(format!("no finding with the fingerprint `{wanted}` here"))
            .hint("name the same target as in the scan; fingerprints are made under this machine's own key"));
    };
    if found.iter().any(|other| other.fingerprint != first.fingerprint) {
        return Err(CliError::new(format!("`{wanted}` fits several findings")).hint("give more digits"));
    }
    Ok(found)
}

//! `stanch ignore`: a person takes responsibility for a credential.

use stanch_model::Finding;

use crate::args::IgnoreArgs;
use crate::commands::explain::chosen;
use crate::exit::{CliError, Exit};
use crate::report::Redactor;
use crate::rules::selected;
use crate::session::{Scanner, ignore_folder, today};
use crate::shell::Shell;
use crate::suppress::{Entry, IgnoreFile};

pub(crate) fn run(args: &IgnoreArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    if args.reason.trim().is_empty() {
        return Err(CliError::new("a reason is needed")
            .hint("say why the credential is no danger, as in --reason \"revoked on 2026-11-02\""));
    }
    if args.expires.is_some_and(|date| date < today()) {
        return Err(CliError::new("the date of --expires has passed"));
    }
    let scanner = Scanner::new(selected(&args.rules, shell)?)?;
    let scanned = scanner.scan(&args.target, shell)?.whole()?;
    let findings = chosen(&scanned.outcome.findings, &args.fingerprint)?;
    // One credential, one entry, however often it stands.
    let Some(finding) = findings.first() else { return Ok(Exit::Clean) };
    let redactor = Redactor::new(scanner.redaction(), &scanned.outcome.findings);
    let entry = Entry {
        finding,
        reason: redactor.redact(args.reason.trim()),
        owner: args.owner.as_deref().map(|owner| redactor.redact(owner)),
        expires: args.expires,
    };
    let targets = args.target.targets();
    let target =
        targets.iter().find(|target| finding.locator.root.as_deref().is_none_or(|root| target.to_str() == Some(root)));
    let target = target.or(targets.first()).ok_or_else(|| CliError::new("no target"))?;
    let path = IgnoreFile::append(&ignore_folder(target, args.target.of_git())?, &entry, today())?;
    shell.note(&format!("{} ({}) is ignored from now on; see `{}`", finding.preview, title(finding), path.display()));
    Ok(Exit::Clean)
}

fn title(finding: &Finding) -> &str {
    &finding.title
}

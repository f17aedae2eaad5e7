//! The credentials that a verb is about, from standard input.

use std::io::Cursor;

use stanch_model::{Confidence, Finding, RuleId, Secret, Severity};
use stanch_revokers::registry::{self, Entry};
use stanch_revokers::{Credential, Origin};
use stanch_rules::{Rule, RuleSet, normalise};
use stanch_scanner::{Recogniser, StdinOptions, scan_reader};
use zeroize::Zeroizing;

use super::{Subject, Typed, ask, ask_lines, parts_of};
use crate::args::SecretArgs;
use crate::exit::CliError;
use crate::session::Scanner;

/// A credential that is meant, and its kind.
pub(crate) type Meant = (Entry, Subject);

/// Reads the secret, and finds out what it is. The findings are what the redactor has to know.
pub(crate) fn one(args: &SecretArgs) -> Result<(Entry, Subject, Vec<Finding>), CliError> {
    let id = named(args)?;
    let names: Vec<String> = registry::entries()
        .filter(|entry| entry.kind.id == id || entry.kind.rules.iter().any(|rule| rule == id))
        .flat_map(|entry| entry.kind.parts.keys())
        .cloned()
        .collect();
    let typed = ask(&format!("the secret ({id})"), &names)?;
    subject(&Scanner::new(RuleSet::builtin())?, args, typed)
}

/// The same of many secrets, one a line; what `--part` says is said of all.
pub(crate) fn many(args: &SecretArgs) -> Result<(Vec<Meant>, Vec<Finding>), CliError> {
    named(args)?;
    let scanner = Scanner::new(RuleSet::builtin())?;
    let (mut subjects, mut findings) = (Vec::new(), Vec::new());
    for (line, secret) in ask_lines()? {
        let found = subject(&scanner, args, Typed { secret, parts: Vec::new() });
        let (entry, subject, known) = found.map_err(|error| error.map(|why| format!("line {line}: {why}")))?;
        subjects.push((entry, subject));
        findings.extend(known);
    }
    Ok((subjects, findings))
}

/// The rule or kind that `--rule` names.
fn named(args: &SecretArgs) -> Result<&str, CliError> {
    let id = args.rule.as_deref().ok_or_else(|| {
        CliError::new("--rule is needed: nobody else says what kind of credential the secret is")
            .hint("`stanch providers list` shows the kinds, as in `pass show leaked | stanch revoke --rule openai.project-key`")
    })?;
    if registry::by_id(id).is_some() || registry::knows_rule(id) {
        return Ok(id);
    }
    Err(CliError::new(format!("no kind of credential `{id}`"))
        .hint("`stanch providers list` shows the kinds, `stanch rules list` the rules"))
}

/// What a secret is, with all that was said of it.
fn subject(scanner: &Scanner, args: &SecretArgs, typed: Typed) -> Result<(Entry, Subject, Vec<Finding>), CliError> {
    let id = args.rule.as_deref().unwrap_or_default();
    let mut credential = Credential::new(typed.secret.clone(), fingerprint(scanner, &typed.secret));
    let entry = meant(scanner, id, &credential)?;
    parts_of(&mut credential, entry.kind, &args.part)?;
    let mut findings = vec![finding(&entry, &credential)];
    let builtin = RuleSet::builtin();
    for (name, value) in typed.parts {
        if entry.kind.has_secret(&name, |rule| Some(builtin.get(rule)?.sensitivity)) {
            let preview = value.preview(0);
            findings.push(Finding { secret: value.clone(), preview, ..finding(&entry, &credential) });
        }
        credential.give(name, Origin::User, value);
    }
    credential.facts = facts(scanner, &credential.secret);
    let preview = credential.secret.preview(prefix(&entry, &credential.secret));
    let rule = entry.kind.rules.first().cloned().unwrap_or_else(|| id.to_owned());
    let rule = if registry::knows_rule(id) { id.to_owned() } else { rule };
    let subject = Subject {
        rule,
        provider: entry.file.provider.clone(),
        title: entry.kind.title.clone(),
        preview,
        // Whoever types a credential in is sure of it.
        confidence: Confidence::High,
        severity: Severity::High,
        occurrences: Vec::new(),
        credential,
    };
    Ok((entry, subject, findings))
}

/// The kind that is meant, if the secret can be one of it: before anything is sent to its provider.
#[expect(clippy::disallowed_methods, reason = "the secret is held against the form of its kind")]
fn meant(scanner: &Scanner, id: &str, credential: &Credential) -> Result<Entry, CliError> {
    let by_id = registry::by_id(id);
    let rules: Vec<&str> = match &by_id {
        Some(entry) => entry.kind.rules.iter().map(String::as_str).collect(),
        None => vec![id],
    };
    let text = String::from_utf8_lossy(credential.secret.expose());
    let fits = Recogniser::new(&scanner.control()).fits(&rules, &Zeroizing::new(text.into_owned()));
    fits.map_err(|misfit| CliError::new(misfit.to_string()).hint(misfit.hint()))?;
    by_id.filter(|entry| entry.fits(credential)).or_else(|| registry::by_rule(id, credential)).ok_or_else(|| {
        CliError::new(format!("no secret of the kind `{id}` has this form"))
            .hint("`stanch providers list` shows the kinds")
    })
}

#[expect(clippy::disallowed_methods, reason = "one credential, one name: the bytes are normalised and hashed")]
fn fingerprint(scanner: &Scanner, secret: &Secret) -> stanch_model::Fingerprint {
    scanner.control().key.fingerprint(&normalise(secret.expose()))
}

/// What the offline checks read out of the secret.
#[expect(clippy::disallowed_methods, reason = "the secret is scanned as any other text")]
fn facts(scanner: &Scanner, secret: &Secret) -> std::collections::BTreeMap<String, String> {
    let options = StdinOptions { name: "<stdin>".to_owned() };
    let outcome = scan_reader(&scanner.control(), &mut Cursor::new(secret.expose()), &options);
    let findings = outcome.map(|outcome| outcome.findings).unwrap_or_default();
    findings.iter().flat_map(|f| &f.evidence.facts).map(|fact| (fact.name.to_string(), fact.value.clone())).collect()
}

/// How many bytes of the secret are the public prefix of its rule.
#[expect(clippy::disallowed_methods, reason = "the prefix is public, and only its length is used")]
fn prefix(entry: &Entry, secret: &Secret) -> usize {
    let builtin = RuleSet::builtin();
    let of = |rule: &Rule| rule.public_prefix(secret.expose()).len();
    entry.kind.rules.iter().filter_map(|id| builtin.get(id)).map(of).max().unwrap_or(0)
}

/// A finding that the redactor knows the secret by.
fn finding(entry: &Entry, credential: &Credential) -> Finding {
    let (secret, rule) = (credential.secret.clone(), RuleId::new(entry.kind.id.clone()));
    Finding {
        title: entry.kind.title.clone().into(),
        provider: entry.file.provider.clone().into(),
        confidence: Confidence::High,
        path: "<stdin>".to_owned(),
        ..Finding::named(rule, secret, credential.fingerprint)
    }
}

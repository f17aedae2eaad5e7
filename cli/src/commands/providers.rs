//! `stanch providers`: what can be asked and revoked, and whom that calls.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use stanch_revokers::file::File;
use stanch_revokers::kind::{Authority, Kind};
use stanch_revokers::registry::{self, Entry};
use stanch_revokers::{Credential, Summary, check};
use stanch_rules::RuleSet;

use crate::args::{AnswerFormat, ProvidersArgs, ProvidersCommand};
use crate::exit::{CliError, Exit};
use crate::key::installation;
use crate::near::nearest;
use crate::shell::Shell;

pub(crate) fn run(args: &ProvidersArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    match &args.command {
        ProvidersCommand::List { hosts: true, .. } => hosts(shell),
        ProvidersCommand::List { format, .. } => list(*format, shell),
        ProvidersCommand::Show { id } => show(id, shell),
        ProvidersCommand::Check => {
            let files = registry::parse_all().map_err(|defect| CliError::new(defect.to_string()))?;
            check_providers(&files, &RuleSet::builtin(), shell)
        }
    }
}

fn list(format: AnswerFormat, shell: &Shell) -> Result<Exit, CliError> {
    let listed: Vec<Summary> = registry::entries().map(|entry| Summary::of(&entry)).collect();
    let mut out = shell.stdout();
    match format {
        AnswerFormat::Json => {
            writeln!(out, "{}", serde_json::to_string_pretty(&listed).map_err(std::io::Error::from)?)?;
        }
        AnswerFormat::Jsonl => {
            for one in &listed {
                writeln!(out, "{}", serde_json::to_string(one).map_err(std::io::Error::from)?)?;
            }
        }
        AnswerFormat::Human => table(&listed, &mut out)?,
    }
    Ok(Exit::Clean)
}

fn table(listed: &[Summary], out: &mut dyn Write) -> std::io::Result<()> {
    let width = listed.iter().map(|one| one.id.len()).max().unwrap_or(0);
    let mark = |can: bool, word: &'static str| if can { word } else { "" };
    for one in listed {
        let verbs = [mark(one.verify, "verify"), mark(one.revoke, "revoke"), mark(one.rotate, "rotate")];
        writeln!(
            out,
            "{:width$}  {:5}  {:6} {:6} {:6}  {}",
            one.id, one.authority, verbs[0], verbs[1], verbs[2], one.title
        )?;
    }
    let count = |can: fn(&Summary) -> bool| listed.iter().filter(|one| can(one)).count();
    writeln!(
        out,
        "{} kinds: {} can be verified, {} revoked, {} rotated",
        listed.len(),
        count(|one| one.verify),
        count(|one| one.revoke),
        count(|one| one.rotate)
    )
}

/// Every host that can be called, and for what.
fn hosts(shell: &Shell) -> Result<Exit, CliError> {
    let mut all: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for entry in registry::entries() {
        for (what, request) in entry.kind.requests() {
            all.entry(request.url.host.to_string()).or_default().insert(what);
        }
        for host in &entry.kind.hosts {
            all.entry(host.clone()).or_default().insert("native");
        }
        let responder = entry.file.responders.iter().filter_map(|one| one.check.as_ref());
        for check in responder {
            all.entry(check.request.url.host.to_string()).or_default().insert("check");
        }
    }
    let mut out = shell.stdout();
    let width = all.keys().map(String::len).max().unwrap_or(0);
    for (host, uses) in &all {
        writeln!(out, "{host:width$}  {}", uses.iter().copied().collect::<Vec<_>>().join(", "))?;
    }
    writeln!(
        out,
        "Names in braces are parts of a credential or of the configuration; one that a leak names must be in `hosts.allow`."
    )?;
    Ok(Exit::Clean)
}

fn show(id: &str, shell: &Shell) -> Result<Exit, CliError> {
    let nothing = stanch_model::Secret::new(Vec::new());
    let fingerprint = installation()?.key.fingerprint(&nothing);
    let entry = registry::by_id(id).or_else(|| registry::by_rule(id, &Credential::new(nothing, fingerprint)));
    let entry = entry.ok_or_else(|| no_kind(id))?;
    let mut out = shell.stdout();
    writeln!(out, "{}  {}", entry.kind.id, entry.kind.title)?;
    for (name, value) in fields(&entry) {
        writeln!(out, "  {name:10} {value}")?;
    }
    Ok(Exit::Clean)
}

fn no_kind(id: &str) -> CliError {
    let error = CliError::new(format!("no kind `{id}`"));
    if let Some(file) = registry::files().find(|file| file.provider == id) {
        let kinds: Vec<&str> = file.kinds.iter().map(|kind| kind.id.as_str()).collect();
        return error.hint(format!("it is a provider, whose kinds are {}", kinds.join(", ")));
    }
    let all: Vec<&str> = registry::files().flat_map(|file| &file.kinds).map(|kind| kind.id.as_str()).collect();
    match nearest(id, all.into_iter()) {
        Some(near) => error.hint(format!("`{near}`? `stanch providers list` shows all")),
        None => error.hint("`stanch providers list` shows the ids"),
    }
}

fn fields(entry: &Entry) -> Vec<(&'static str, String)> {
    let kind = entry.kind;
    let mut fields = vec![("provider", entry.file.name.clone()), ("authority", authority(entry))];
    let mut add =
        |name, value: Option<String>| fields.extend(value.filter(|value| !value.is_empty()).map(|value| (name, value)));
    add("condition", kind.condition.clone());
    add("rules", Some(kind.rules.join(", ")));
    for (name, part) in &kind.parts {
        let from = [
            part.setting.then_some("setting"),
            part.ask.then_some("a person gives it"),
            part.optional.then_some("optional"),
        ];
        let from: Vec<&str> = from.into_iter().flatten().collect();
        add(
            "part",
            Some(
                format!("{name}  {} {}", part.note.as_deref().unwrap_or_default(), from.join(", "))
                    .trim_end()
                    .to_owned(),
            ),
        );
    }
    for (what, request) in kind.requests() {
        add("calls", Some(format!("{what}: {} {}{}", method(request), request.url.host, request.url.path)));
    }
    for step in &kind.revoke {
        add("step", Some(format!("{} ({}): {}", step.name, step.step.as_str(), step.target)));
    }
    add("survives", kind.survives.clone());
    add("breaks", Some(kind.manual.breaks.clone()));
    add("by hand", Some(kind.manual.runbook.clone()));
    add("", kind.manual.url.clone());
    kind.docs.iter().for_each(|page| add("docs", Some(page.clone())));
    fields
}

/// The verb of a request.
pub(super) fn method(request: &stanch_revokers::Request) -> String {
    format!("{:?}", request.method).to_ascii_uppercase()
}

fn authority(entry: &Entry) -> String {
    let kind: &Kind = entry.kind;
    let words = match kind.authority {
        Authority::Own => "self: the leaked credential is enough",
        Authority::Admin => "admin: a configured responder is needed",
        Authority::None => "none: a person at the provider's page",
    };
    let responder = (kind.authority == Authority::Admin).then(|| entry.file.responder(kind)).flatten();
    responder.map_or_else(
        || words.to_owned(),
        |one| format!("{words} (`[responders.{}]`: {}; {})", one.id, one.title, one.scopes.join(", ")),
    )
}

/// Holds provider files against what all must satisfy, beside these rules.
pub(super) fn check_providers(files: &[File], rules: &RuleSet, shell: &mut Shell) -> Result<Exit, CliError> {
    let rules: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_ref()).collect();
    let defects = check::check(files, Some(&rules));
    for defect in &defects {
        shell.error(&defect.to_string());
    }
    let kinds: usize = files.iter().map(|file| file.kinds.len()).sum();
    writeln!(shell.stdout(), "{} files, {kinds} kinds, {} mistakes", files.len(), defects.len())?;
    Ok(if defects.is_empty() { Exit::Clean } else { Exit::Failed })
}

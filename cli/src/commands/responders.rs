//! `stanch responders`: the credentials of ours that may revoke others.

use std::io::Write;

use stanch_revokers::Liveness;
use stanch_revokers::declared::check_responder;
use stanch_revokers::file::{File, ResponderSpec};
use stanch_revokers::registry;

use crate::args::{RespondersArgs, RespondersCommand, ResponseArgs};
use crate::exit::{CliError, Exit};
use crate::response::{Session, block_on, load_config};
use crate::shell::{Shell, redacted};

pub(crate) fn run(args: &RespondersArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    match &args.command {
        RespondersCommand::List { response } => list(response, shell),
        RespondersCommand::Check { id, response } => check(id.as_deref(), response, shell),
    }
}

fn known() -> impl Iterator<Item = (&'static File, &'static ResponderSpec)> {
    registry::files().flat_map(|file| file.responders.iter().map(move |one| (file, one)))
}

fn list(args: &ResponseArgs, shell: &Shell) -> Result<Exit, CliError> {
    let config = load_config(args.config.as_deref())?;
    let mut out = shell.stdout();
    for (file, one) in known() {
        let count = config.responders.get(&one.id).map_or(0, |list| list.as_slice().len());
        let state = if count == 0 { "not configured".to_owned() } else { format!("{count} configured") };
        writeln!(out, "{:24} {:16} {}: {}", one.id, state, file.name, one.title)?;
        writeln!(out, "{:24} needs {}", "", one.scopes.join(", "))?;
        let parts: Vec<String> = one.parts.iter().map(|(name, what)| format!("{name} ({what})")).collect();
        if !parts.is_empty() {
            writeln!(out, "{:24} parts secret, {}", "", parts.join(", "))?;
        }
    }
    Ok(Exit::Clean)
}

/// Asks about each that is configured. Whether it may do what it must is only seen when it does it; that it is accepted is seen here.
fn check(only: Option<&str>, args: &ResponseArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let session = Session::new(args)?;
    let configured: Vec<&String> =
        session.cx.config.responders.keys().filter(|id| only.is_none_or(|only| only == *id)).collect();
    if configured.is_empty() {
        return Err(CliError::new(only.map_or_else(
            || "no responder is configured".to_owned(),
            |id| format!("no responder `{id}` is configured"),
        ))
        .hint("`[responders.ID]` of the configuration names one; `stanch responders list` shows the ids"));
    }
    let mut worst = Exit::Clean;
    for id in configured {
        let Some((file, spec)) = known().find(|(_, one)| one.id == *id) else {
            shell.warning(&format!("no provider has a responder `{id}`"));
            worst = Exit::Failed;
            continue;
        };
        for (account, liveness) in block_on(check_responder(&session.cx, file, spec))? {
            let name = account.map_or_else(|| id.clone(), |account| format!("{id} ({account})"));
            let (words, holds) = match liveness {
                Liveness::Active => ("accepted".to_owned(), true),
                Liveness::Inactive => ("refused by the provider".to_owned(), false),
                Liveness::Unknown { why } => (format!("not known: {why}"), false),
            };
            writeln!(shell.stdout(), "{name:32} {}; it needs {}", redacted(&words), spec.scopes.join(", "))?;
            worst = if holds { worst } else { Exit::Failed };
        }
    }
    Ok(worst)
}

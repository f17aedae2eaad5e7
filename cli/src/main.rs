//! `stanch`: finds leaked credentials.
//!
//! `main` parses the command line, runs one verb, and turns its outcome into an exit code. Verbs are in `commands`, one file each; what they
//! print is in `report`.

#![forbid(unsafe_code)]

mod action;
mod args;
mod cleanup;
mod commands;
mod demo;
mod env;
mod exit;
mod history;
mod key;
mod log;
mod near;
mod progress;
mod range;
mod remote;
mod report;
mod response;
mod rules;
mod session;
mod shell;
mod stdin;
mod suppress;
mod vault;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::exit::Exit;
use crate::shell::Shell;

fn main() -> ExitCode {
    shell::hide_panics();
    // Not for people, and so no verb: git runs it while a URL is cloned.
    #[cfg(unix)]
    if stanch_pipeline::git::ask::help(std::env::args_os()) {
        return ExitCode::from(Exit::Clean.code());
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    let mut shell = Shell::new(&args);
    shell::start_logging(&args);
    // A bug of ours is a failure like any other; its message has been told by the panic hook.
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| run(args.command, &mut shell)));
    outcome.map_or(ExitCode::from(Exit::Failed.code()), |outcome| exit::report(outcome, &mut shell))
}

/// Runs one verb.
fn run(command: Command, shell: &mut Shell) -> Result<Exit, exit::CliError> {
    match command {
        Command::Demo => demo::run(shell),
        Command::Scan(scan) => commands::scan::run(&scan, shell),
        Command::Explain(explain) => commands::explain::run(&explain, shell),
        Command::Ignore(ignore) => commands::ignore::run(&ignore, shell),
        Command::Hook(hook) => commands::hook::run(&hook, shell),
        Command::Verify(verify) => commands::verify::run(&verify, shell),
        Command::Revoke(revoke) => commands::revoke::run(&revoke, shell),
        Command::Rotate(rotate) => commands::rotate::run(&rotate, shell),
        Command::Plan(plan) => commands::plan::run(&plan, shell),
        Command::Apply(apply) => commands::apply::run(&apply, shell),
        Command::Incident(incident) => commands::incident::run(&incident, shell),
        Command::Audit(audit) => commands::audit::run(&audit, shell),
        Command::Serve(serve) => commands::serve::run(&serve, shell),
        Command::Providers(providers) => commands::providers::run(&providers, shell),
        Command::Responders(responders) => commands::responders::run(&responders, shell),
        Command::Rules(rules) => commands::rules::run(&rules, shell),
        Command::Policy(policy) => commands::policy::run(&policy, shell),
        Command::Generate(generate) => commands::generate::run(&generate, shell),
    }
}

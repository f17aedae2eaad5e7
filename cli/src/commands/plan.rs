//! `stanch plan`: what would be done about findings, exactly.

use std::io::Write;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use jiff::Timestamp;
use stanch_model::Finding;
use stanch_pipeline::Exposure;
use stanch_pipeline::plan::{Item, Open, PlanFile};

use crate::args::{AnswerFormat, PlanArgs, Reach};
use crate::exit::{CliError, Exit};
use crate::key::write_private;
use crate::report::Redactor;
use crate::response::{Facts, Session, block_on, intake, looked, policies, redaction, show_item, sums};
use crate::shell::Shell;

pub(crate) fn run(args: &PlanArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let session = Session::new(&args.response)?;
    let decider = policies(&args.decider.shipped, &args.decider.policy)?;
    let (subjects, findings, failed) = intake(&args.findings, &args.root, shell)?;
    let source = args.root.display().to_string();
    let around = (exposure(args.exposure), source.as_str());
    let looks = subjects.iter().map(|subject| looked(&session.cx, &decider, subject, around));
    let mut items: Vec<Item> = block_on(join_all(looks))?;
    items.sort_by_key(|item| item.outlook);
    let open = Open {
        findings: args.findings.iter().map(|path| absolute(path)).collect(),
        root: absolute(&args.root),
        incomplete: failed,
        shipped: args.decider.shipped.clone(),
        policies: args.decider.policy.iter().map(|path| absolute(path)).collect(),
    };
    write(args, &PlanFile::new(open, items, Timestamp::now()), &findings, shell)?;
    Ok(if failed { Exit::Failed } else { Exit::Clean })
}

const fn exposure(reach: Reach) -> Exposure {
    match reach {
        Reach::Local => Exposure::Local,
        Reach::Internal => Exposure::Internal,
        Reach::Model => Exposure::Model,
        Reach::Public => Exposure::Public,
    }
}

/// The same place from every folder. Standard input stays what it is: it cannot be read again.
fn absolute(path: &Path) -> PathBuf {
    if path == Path::new("-") {
        return path.to_owned();
    }
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn write(args: &PlanArgs, plan: &PlanFile, findings: &[Finding], shell: &Shell) -> Result<(), CliError> {
    let engine = redaction();
    let redactor = Redactor::new(&engine, findings);
    let text = plan.text(|text| redactor.hide(text).into_owned());
    if let Some(path) = &args.output {
        write_private(path, text.as_bytes())
            .map_err(|error| CliError::new(format!("cannot write `{}`: {error}", path.display())))?;
    }
    let mut out = shell.stdout();
    if args.format != AnswerFormat::Human {
        out.write_all(text.as_bytes())?;
        return Ok(());
    }
    for item in &plan.items {
        show_item(&mut Facts { out: &mut out, redactor: &redactor }, item)?;
        writeln!(out)?;
    }
    writeln!(out, "{}", sums(&plan.items))?;
    match &args.output {
        Some(path) => writeln!(
            out,
            "Nothing was changed. `stanch apply {}` does exactly this, until {:.0}.",
            redactor.redact(&path.display().to_string()),
            plan.expires
        )?,
        None => writeln!(out, "Nothing was changed. With `-o plan.json` it can be applied.")?,
    }
    Ok(())
}

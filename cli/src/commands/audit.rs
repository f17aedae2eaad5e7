//! `stanch audit`: the log of everything that was done on this machine, and whether it is whole.

use std::io::Write;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use stanch_pipeline::audit::{self, Anchor, Fault, Format};
use stanch_pipeline::store::Store;

use crate::args::{AuditArgs, AuditCommand, ExportFormat};
use crate::exit::{CliError, Exit};
use crate::report::Redactor;
use crate::response::{block_on, of_store, open_store, person, redaction};
use crate::shell::Shell;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const DIM: Style = Style::new().dimmed();
/// How many lines are read at once.
const PAGE: u32 = 1000;

pub(crate) fn run(args: &AuditArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    block_on(async {
        let store = open_store(args.config.as_deref()).await?;
        match &args.command {
            AuditCommand::Show { limit } => show(&store, *limit, shell).await,
            AuditCommand::Verify { anchor } => verify(&store, anchor, shell).await,
            AuditCommand::Export { format } => export(&store, *format, shell).await,
            AuditCommand::Anchor => anchor(&store, shell).await,
            AuditCommand::Key => key(&store, shell),
        }
    })?
}

async fn show(store: &Store, limit: u32, shell: &Shell) -> Result<Exit, CliError> {
    let last = store.head().await.map_err(of_store)?.map_or(0, |head| head.seq);
    let lines = store.lines(last.saturating_sub(u64::from(limit)), limit).await.map_err(of_store)?;
    let engine = redaction();
    let redactor = Redactor::new(&engine, &[]);
    let mut out = shell.stdout();
    for line in &lines {
        let at = Timestamp::from_millisecond(line.at).unwrap_or_default();
        let incident = line.incident.as_deref().unwrap_or("-");
        let event = redactor.redact(&line.event);
        writeln!(out, "{:>6}  {at:.3}  {DIM}{}{DIM:#}  {incident}  {event}", line.seq, redactor.redact(&line.actor))?;
    }
    Ok(Exit::Clean)
}

async fn verify(store: &Store, files: &[PathBuf], shell: &mut Shell) -> Result<Exit, CliError> {
    let mut anchors: Vec<Anchor> = Vec::new();
    for path in files {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| CliError::new(format!("cannot read the anchors `{name}`: {error}")))?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let anchor = line.parse().map_err(|error| {
                CliError::new(format!("`{name}`: {error}")).hint("`stanch audit anchor` prints one a line")
            })?;
            anchors.push(anchor);
        }
    }
    let report = audit::verify(store, &anchors).await.map_err(of_store)?;
    if report.is_sound() {
        let compared = if anchors.is_empty() { String::new() } else { format!(", {} anchors fit", report.anchors) };
        writeln!(
            shell.stdout(),
            "{GOOD}sound{GOOD:#}: {} lines, each chained to the one before; the end is signed{compared}",
            report.lines
        )?;
        return Ok(Exit::Clean);
    }
    for fault in &report.faults {
        shell.error(&words(fault));
    }
    Ok(Exit::Failed)
}

/// What is wrong, in words.
fn words(fault: &Fault) -> String {
    match fault {
        Fault::Line(broken) => format!("line {}: {:?}; later lines were not looked at", broken.seq, broken.defect),
        Fault::NoHead => "there are lines, and no signed end".to_owned(),
        Fault::Forged { seq } => format!("the signature of the end (line {seq}) does not fit what it says"),
        Fault::Stranger { seq, key } => {
            format!("the end (line {seq}) was signed with a key that is not trusted: {key}")
        }
        Fault::Cut { last, head } => format!("lines were cut off: the last is {last}, the end was signed at {head}"),
        Fault::Beyond { last, head } => format!("lines were added: the last is {last}, the end was signed at {head}"),
        Fault::OtherEnd { seq } => format!("the last line ({seq}) is not the one that was signed"),
        Fault::BadAnchor { seq } => format!("the anchor of line {seq} is no witness: its signature does not fit"),
        Fault::CutSinceAnchor { last, anchor } => {
            format!("lines were cut off since an anchor was taken: the last is {last}, the anchor knows {anchor}")
        }
        Fault::RewrittenSinceAnchor { seq } => format!("line {seq} is another one since an anchor of it was taken"),
        Fault::Doubted { seq } => format!("what stands before line {seq} is vouched for by no key that is trusted"),
        Fault::Before { seq } => format!("there are lines before the first one, from {seq} on"),
        Fault::Differing { incident } => format!("what is kept of {incident} is not what its lines say"),
    }
}

async fn export(store: &Store, format: ExportFormat, shell: &Shell) -> Result<Exit, CliError> {
    let format = match format {
        ExportFormat::Jsonl => Format::Json,
        ExportFormat::Ocsf => Format::Ocsf,
    };
    let mut out = std::io::BufWriter::new(shell.stdout());
    let mut after = 0;
    loop {
        let (lines, last) = audit::export(store, format, after, PAGE).await.map_err(of_store)?;
        if lines.is_empty() {
            out.flush()?;
            return Ok(Exit::Clean);
        }
        // Byte for byte as they were hashed: nothing secret is ever in the log.
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        after = last;
    }
}

async fn anchor(store: &Store, shell: &Shell) -> Result<Exit, CliError> {
    let actor = person(None).unwrap_or_else(|_| "cli".to_owned());
    let anchor = Anchor::take(store, &actor, Timestamp::now()).await.map_err(of_store)?;
    let anchor = anchor.ok_or_else(|| CliError::new("the log is empty: there is nothing to anchor"))?;
    writeln!(shell.stdout(), "{anchor}")?;
    Ok(Exit::Clean)
}

fn key(store: &Store, shell: &Shell) -> Result<Exit, CliError> {
    writeln!(shell.stdout(), "{}", store.signs_as())?;
    Ok(Exit::Clean)
}

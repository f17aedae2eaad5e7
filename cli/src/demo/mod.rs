//! The whole loop on this machine alone: a leak, and what stanch does about it. Everything is real but the provider, which is a double, and the
//! key, which nobody ever issued.

mod double;
mod leak;

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use stanch_model::{Finding, Secret};
use stanch_pipeline::audit::{self, SigningKey};
use stanch_pipeline::engine::{Engine, Options, Work, sealed, this_process};
use stanch_pipeline::intake::Setting;
use stanch_pipeline::policy::Policies;
use stanch_pipeline::store::{self, Place, Store, StoreKey};
use stanch_pipeline::{Ending, Exposure, Incident, IncidentId, Owner, State};
use stanch_revokers::Context;
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::responder::Responders;
use tokio::sync::watch;

use crate::exit::{CliError, Exit};
use crate::progress::catch_interrupts;
use crate::report::Redactor;
use crate::response::{Timeline, block_on, of_findings, redaction};
use crate::shell::Shell;
use crate::stdin::{interrupted, interruption};
use double::{Double, HOST, Life};

/// The demo's own policy; it stands beside the shipped set `default`.
const POLICY: &str = include_str!("policy.cedar");
/// Where the key of the account is read: from a variable that only the demo's own table has.
const ADMIN: &str = "STANCH_DEMO_ADMIN";
/// Longer than it ever takes.
const PATIENCE: Duration = Duration::from_secs(9);

const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const MARK: Style = AnsiColor::Magenta.on_default().bold();

/// What the demo shows and how it ended.
pub(crate) fn run(shell: &Shell) -> Result<Exit, CliError> {
    // From here on a signal ends it by this way, so that its folder goes with it.
    catch_interrupts();
    let shown = show(shell);
    if interrupted() { Err(interruption()) } else { shown }
}

fn show(shell: &Shell) -> Result<Exit, CliError> {
    let folder = tempfile::TempDir::with_prefix("stanch-demo-")?;
    let (leaked, other, admin) = (leak::minted()?, leak::minted()?, leak::minted()?);
    let double = Double::start(&leaked, &other, &admin)?;
    let mut out = shell.stdout();
    head(&mut out, folder.path(), &double)?;
    let (repository, since) = leak::leak(folder.path(), &leaked)?;
    let findings = leak::found(&repository)?;
    let engine = redaction();
    let redactor = Redactor::new(&engine, &findings);
    let mut timeline = Timeline { out: &mut out, redactor: &redactor, since };
    timeline.line(since, &(MARK, "leaked", "Dana commits a key to a repository that everybody can read".to_owned()))?;
    let cx = context(&double, admin)?;
    let (incident, report) = block_on(respond(folder.path(), cx, &findings, &mut timeline))??;
    tail(&mut out, &incident, &report, &double)
}

fn head(out: &mut dyn Write, folder: &Path, double: &Double) -> Result<(), CliError> {
    let fact = |out: &mut dyn Write, name: &str, text: &str| writeln!(out, "  {DIM}{name:>10}{DIM:#}  {text}");
    writeln!(out, "\n  {NAME}stanch demo{NAME:#}: one key, from leaked to dead, on this machine alone\n")?;
    fact(out, "folder", &format!("{} (removed at the end)", folder.display()))?;
    let named = format!("{MARK}a double{MARK:#} of OpenRouter at {}; {HOST} itself is not called", double.origin());
    fact(out, "provider", &named)?;
    fact(out, "policy", "what is public, alive and ours is switched off at once, and deleted a second later")?;
    writeln!(out)?;
    Ok(())
}

/// A client that reaches the double in the provider's place.
fn context(double: &Double, admin: Secret) -> Result<Arc<Context>, CliError> {
    let text = format!(
        "[endpoints]\n{HOST:?} = {:?}\n[owners]\nopenrouter = [{:?}]\n[http]\nper_minute = 6000\n\
         [responders.openrouter]\nsecret = {{ env = {ADMIN:?} }}\n",
        double.origin(),
        double::ACCOUNT
    );
    let config = Config::parse(&text).map_err(|error| CliError::new(error.to_string()))?;
    let http = Client::new(&config, false).map_err(|error| CliError::new(error.to_string()))?;
    // There is one demo in a process.
    let _ = TABLE.set(admin);
    Ok(Arc::new(Context { http, config, responders: Responders::new(variable) }))
}

/// What the demo's table of variables holds.
static TABLE: OnceLock<Secret> = OnceLock::new();

#[expect(clippy::disallowed_methods, reason = "it is sent to the double, whose key it is")]
fn variable(name: &str) -> Option<String> {
    let admin = TABLE.get().filter(|_| name == ADMIN)?;
    Some(String::from_utf8_lossy(admin.expose()).into_owned())
}

/// From the finding to the closed incident, and whether the log of it is sound.
async fn respond(
    folder: &Path,
    cx: Arc<Context>,
    findings: &[Finding],
    timeline: &mut Timeline<'_>,
) -> Result<(Incident, audit::Report), CliError> {
    let policies = Policies::shipped().and_then(|all| all.with(POLICY, "demo.cedar"));
    let policies = policies.map_err(|error| CliError::new(error.to_string()))?;
    let store = open(folder).await?;
    let id = detect(&store, findings, timeline.since).await?;
    let options = Options { poll: Duration::from_millis(20), ..Options::default() };
    let engine = Arc::new(Engine::new(store.clone(), cx, Arc::new(policies), options));
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(engine.run(this_process(), Work::default(), stopped));
    let followed = follow(&store, &id, timeline).await;
    let _ = stop.send(true);
    let _ = running.await;
    let incident = followed?;
    let report = audit::verify(&store, &[]).await.map_err(of_store)?;
    Ok((incident, report))
}

async fn open(folder: &Path) -> Result<Store, CliError> {
    let key = StoreKey::load_or_make(&folder.join("store.key")).map_err(|error| CliError::new(error.to_string()))?;
    let signing =
        SigningKey::load_or_make(&folder.join("signing.key")).map_err(|error| CliError::new(error.to_string()))?;
    let options = store::Options::new(Place::Sqlite(folder.join("stanch.db")), key, signing);
    Store::open(options).await.map_err(of_store)
}

async fn detect(store: &Store, findings: &[Finding], since: Timestamp) -> Result<IncidentId, CliError> {
    let lost = || CliError::new("the scan did not find the key: this is a bug of stanch");
    let of_rule: Vec<&Finding> = findings.iter().filter(|finding| finding.rule.as_str() == leak::RULE).collect();
    let finding = of_rule.first().ok_or_else(lost)?;
    let mut subject = of_findings([*finding], findings).pop().ok_or_else(lost)?;
    for place in &mut subject.occurrences {
        (place.source, place.since) = ("https://git.example.com/shop".to_owned(), Some(since));
    }
    let owner = Owner { name: "dana@example.com".to_owned(), found_by: "author".to_owned(), business: None };
    let detected = subject.detected(&Setting { exposure: Exposure::Public, ..Setting::default() }, owner);
    let secret = sealed::of_credential(&subject.credential);
    let kept = store.detect(&detected, &subject.occurrences, Some(secret), Timestamp::now(), "demo").await;
    Ok(kept.map_err(of_store)?.0)
}

/// Shows the log as it grows, until nothing more is done.
async fn follow(store: &Store, id: &IncidentId, timeline: &mut Timeline<'_>) -> Result<Incident, CliError> {
    let (begun, mut last) = (Instant::now(), 0);
    loop {
        let incident = store.incident(id).await.map_err(of_store)?;
        for entry in store.timeline(id, last, 100).await.map_err(of_store)? {
            last = entry.seq;
            timeline.entry(&entry)?;
        }
        if matches!(incident.state, State::Closed | State::ByHand) {
            return Ok(incident);
        }
        if interrupted() || begun.elapsed() > PATIENCE {
            return Err(CliError::new("the demo did not end").exits_with(Exit::Incomplete));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn of_store(error: impl std::fmt::Display) -> CliError {
    CliError::new(format!("the demo's store failed: {error}"))
}

/// What it came to.
fn tail(out: &mut dyn Write, incident: &Incident, report: &audit::Report, double: &Double) -> Result<Exit, CliError> {
    let times = &incident.times;
    let after = |at: Option<Timestamp>| {
        let seconds = at.zip(times.exposed).map(|(at, since)| at.duration_since(since).as_secs_f64());
        seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.2} s"))
    };
    let lives = double.lives();
    let right = lives.iter().all(|(name, life)| (*life == Life::Deleted) == (*name == "Deploy"));
    let well = incident.ending == Some(Ending::Killed) && report.is_sound() && right;
    let audit = if report.is_sound() { "verified: nothing changed, nothing missing" } else { "NOT sound" };
    writeln!(
        out,
        "\n  {GOOD}Off {} after the leak, dead after {}.{GOOD:#}",
        after(times.contained),
        after(times.dead)
    )?;
    writeln!(out, "  {DIM}audit log{DIM:#}   {} lines, chained and signed; {audit}", report.lines)?;
    writeln!(out, "  {DIM}untouched{DIM:#}   the other key of the account")?;
    writeln!(out, "\n  On your own, and both change nothing:")?;
    writeln!(out, "    {NAME}stanch scan . --format jsonl -o findings.jsonl{NAME:#}")?;
    writeln!(out, "    {NAME}stanch plan findings.jsonl{NAME:#}\n")?;
    if well {
        Ok(Exit::Clean)
    } else {
        Err(CliError::new("the demo did not end as it should: this is a bug of stanch"))
    }
}

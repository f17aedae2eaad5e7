//! `stanch serve`: the pipeline without hands. Webhooks and programs bring leaks, the engine leads them on, people look at the console.

mod keeper;
mod reload;
mod signals;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use stanch_pipeline::audit::AuditEvent;
use stanch_pipeline::config::PipelineConfig;
use stanch_pipeline::engine::{Decider, Engine, Options, Rotation, Work, this_process};
use stanch_pipeline::intake::{Intake, Rules};
use stanch_pipeline::notify::{Notifier, Overdue};
use stanch_pipeline::owner::{Facts, Sources};
use stanch_pipeline::policy::Policies;
use stanch_pipeline::store::{Store, StoreConfig, StoreError};
use stanch_revokers::Context;
use stanch_revokers::config::{Config, Source};
use stanch_revokers::http::Client;
use stanch_revokers::responder::Responders;
use stanch_rules::RuleSet;
use stanch_server::auth::{Role, check_name, make_token};
use stanch_server::intake::{IntakeConfig, Scan};
use stanch_server::{Parts, Server, ServerConfig, Webhooks, Worker};
use tokio::sync::watch;

use keeper::Keeper;
use reload::{Current, Reload};
use signals::{Ends, Hangups};

use crate::args::{DeciderArgs, ServeArgs, ServeCommand};
use crate::env;
use crate::exit::{CliError, Exit};
use crate::key::installation;
use crate::log;
use crate::response::{ConfigFile, block_on, of_store, open_store, person, policies};
use crate::shell::Shell;

/// Who writes the lines of the program itself.
const ACTOR: &str = "stanch";

pub(crate) fn run(args: &ServeArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    match &args.command {
        Some(command) => block_on(tokens(command, args.config.as_deref(), shell))?,
        None => serve(args, shell),
    }
}

/// Everything that the configuration file says.
struct Said {
    network: Config,
    pipeline: PipelineConfig,
    server: ServerConfig,
    intake: Option<IntakeConfig>,
    rotations: Vec<Rotation>,
    /// For how many days incidents that are closed are kept.
    keeps: u32,
    /// Where paths in it begin.
    folder: PathBuf,
}

impl Said {
    fn read(named: Option<&Path>) -> Result<Self, CliError> {
        let file = ConfigFile::read(named)?.ok_or_else(|| {
            CliError::new("`stanch serve` needs a configuration").hint("docs/configuration.md shows what it may say")
        })?;
        let network = file.network()?;
        let pipeline = PipelineConfig::parse(&file.name(), &file.text).map_err(|error| {
            let told = CliError::new(error.to_string());
            error.how().map_or(CliError::new(error.to_string()), |how| told.hint(how.to_owned()))
        })?;
        let server = file.section("serve")?.unwrap_or_default();
        let intake = file.section("intake")?;
        let rotations = file.section("rotation")?.unwrap_or_default();
        let keeps = file.section::<StoreConfig>("store")?.unwrap_or_default().keep_days;
        Ok(Self { network, pipeline, server, intake, rotations, keeps, folder: file.folder() })
    }
}

fn serve(args: &ServeArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let mut said = Said::read(args.config.as_deref())?;
    if let Some(listen) = &args.listen {
        said.server.listen = listen.parse().map_err(|error| CliError::new(format!("--listen: {error}")))?;
    }
    let policies = policies(&args.decider.shipped, &args.decider.policy)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(format!("cannot start: {error}")))?;
    let _spans = {
        let _inside = runtime.enter();
        log::start_with(shell.level(), said.server.traces.as_deref(), &said.network)?
    };
    runtime.block_on(answer(said, policies, args, shell))
}

/// Serves until Ctrl-C or SIGTERM.
async fn answer(said: Said, policies: Policies, args: &ServeArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let store = Arc::new(open_store(args.config.as_deref()).await?);
    let told = |error: &dyn std::fmt::Display| CliError::new(error.to_string());
    let http = Client::new(&said.network, false).map_err(|error| told(&error))?;
    let responders = Responders::new(env::of_responders);
    let cx = Arc::new(Context { http, config: said.network.clone(), responders });
    let owners = Arc::new(Sources::load(&said.pipeline.ownership, &said.folder).map_err(|error| told(&error))?);
    let troubles = unreadable(&said, &cx.responders).await;
    let shown = shown(&policies, &args.decider);
    let tells = said.pipeline.notify.tells();
    let options = Options { rotations: said.rotations.clone(), tells, ..Options::default() };
    let started = AuditEvent::Started { version: env!("CARGO_PKG_VERSION").to_owned() };
    store.record(&started, ACTOR, Timestamp::now()).await.map_err(of_store)?;
    reload::loaded(&store, &policies).await?;
    let current = Arc::new(Current::new(policies));
    let decider = Arc::clone(&current) as Arc<dyn Decider>;
    let engine = Arc::new(Engine::new(Store::clone(&store), Arc::clone(&cx), decider, options));
    let (notifier, notifiers) = watch::channel(Arc::new(notifier(&said)?));
    let work = Work::default();
    let wake: stanch_server::Wake = Arc::new({
        let work = work.clone();
        move || work.there_is()
    });
    let finds = Arc::clone(&owners);
    let parts = Parts {
        store: Arc::clone(&store),
        wake: Arc::clone(&wake),
        policies: shown,
        owner: Arc::new(move |what, places| finds.find(&Facts::found(what, places))),
        config: said.server.clone(),
        clock: Arc::new(Timestamp::now),
        fingerprints: installation()?.key,
    };
    let server = Server::bind(parts).await.map_err(|error| told(&error))?;
    server.app().watch(Arc::clone(&cx));
    let me = this_process();
    let mut workers = vec![
        Worker::new("engine", {
            let (engine, me) = (engine, me.clone());
            move |stop| engine.run(me, work, stop)
        }),
        Worker::new("notifier", {
            let (store, me) = (Arc::clone(&store), me.clone());
            move |stop| reload::tell(notifiers, store, me, stop)
        }),
        Worker::new("overdue", {
            let overdue = Overdue::new(Arc::clone(&store), said.pipeline.notify.overdue.clone(), tells);
            move |stop| overdue.run(stop)
        }),
    ];
    let reload = Reload {
        config: args.config.clone(),
        decider: args.decider.clone(),
        current,
        notifier,
        app: server.app().clone(),
        store: Arc::clone(&store),
        shell: shell.twin(),
        asked: Hangups::new(),
    };
    workers.push(Worker::new("reload", move |stop| reload.run(stop)));
    let believed = said.intake.as_ref().map(IntakeConfig::max_age).unwrap_or_default();
    let keeper = Keeper::new(Arc::clone(&store), said.keeps, believed);
    workers.push(Worker::new("keeper", move |stop| keeper.run(stop)));
    if let Some(config) = said.intake {
        let pace = config.pace();
        let intake = intake(config, &server, Arc::clone(&store), cx, owners, wake)?;
        workers.push(Worker::new("intake", move |stop| intake.run(me, pace, stop)));
    }
    for trouble in troubles {
        shell.warning(&trouble);
    }
    let ends = Ends::new();
    let place = server.address().map_or_else(|| String::from(said.server.listen), |address| address.to_string());
    shell.note(&format!("stanch serves at {place}; Ctrl-C ends it"));
    server.run(workers, ends.asked()).await;
    Ok(Exit::Clean)
}

/// What cannot be read of what the configuration names. It is read again when it is needed, since a keyring may be open by then.
async fn unreadable(said: &Said, responders: &Responders) -> Vec<String> {
    let notify = &said.pipeline.notify;
    let mut all: Vec<(String, &Source)> = notify.secrets();
    all.extend(notify.addresses());
    let intake = said.intake.iter().flat_map(IntakeConfig::secrets);
    all.extend(intake.map(|(name, source)| (name.to_owned(), source)));
    let mut troubles = Vec::new();
    for (name, source) in all {
        if let Err(why) = responders.read_source(source).await {
            troubles
                .push(format!("`{name}` cannot be read from the {source:?}: {why}; until it can, nothing goes by it"));
        }
    }
    troubles
}

/// What comes by webhooks: scanned, and made into incidents.
fn intake(
    config: IntakeConfig,
    server: &Server,
    store: Arc<Store>,
    cx: Arc<Context>,
    owners: Arc<Sources>,
    wake: stanch_server::Wake,
) -> Result<Intake, CliError> {
    let folder = env::state_dir().ok_or_else(|| CliError::new("the environment names no home"))?.join("repositories");
    let config = Arc::new(config);
    let scanner = Arc::new(stanch_scanner::Engine::new(RuleSet::builtin()));
    let scan = Scan::new(scanner, Arc::new(installation()?.key), Arc::clone(&cx), Arc::clone(&config), folder);
    let rules = Rules { least: config.least_confidence, environments: config.environment.clone() };
    let intake = Intake::new(store, Arc::new(scan), owners, rules, wake);
    server.app().hear(Arc::new(Webhooks::new(intake.clone(), config, cx)));
    Ok(intake)
}

/// Who tells people. It has a client of its own, so that a chat that is slow holds up no revocation.
fn notifier(said: &Said) -> Result<Notifier, CliError> {
    let client = Client::new(&said.network, false).map_err(|error| CliError::new(error.to_string()))?;
    let responders = Arc::new(Responders::new(env::of_responders));
    Notifier::new(&said.pipeline.notify, &said.folder, &said.network, Arc::new(client), responders)
        .map_err(|error| CliError::new(error.to_string()))
}

/// The policies as the console shows them, each with its text.
fn shown(policies: &Policies, decider: &DeciderArgs) -> Vec<serde_json::Value> {
    let text = |file: &str| {
        let own = decider.policy.iter().find(|path| path.display().to_string() == file);
        own.and_then(|path| fs::read_to_string(path).ok())
    };
    let one = |policy| {
        let mut value = serde_json::to_value(policy).unwrap_or_default();
        let file = value.get("file").and_then(serde_json::Value::as_str).and_then(text);
        if let (Some(text), Some(object)) = (file, value.as_object_mut()) {
            object.insert("text".to_owned(), text.into());
        }
        value
    };
    policies.iter().map(one).collect()
}

/// Makes, lists and revokes tokens. A token's value is shown once and kept nowhere.
async fn tokens(command: &ServeCommand, config: Option<&Path>, shell: &mut Shell) -> Result<Exit, CliError> {
    use std::io::Write as _;
    let store = open_store(config).await?;
    let mut out = shell.stdout();
    let (now, me) = (Timestamp::now(), person(None).unwrap_or_else(|_| "local".to_owned()));
    let ServeCommand::Token { command } = command;
    match command {
        crate::args::TokenCommand::Create { name, role, days } => {
            check_name(name).map_err(|error| CliError::new(error.to_string()))?;
            let role: Role = role
                .parse()
                .map_err(|_| CliError::new(format!("no role `{role}`")).hint("viewer, responder, approver or admin"))?;
            let lasts = days.map(|days| Duration::from_secs(u64::from(days) * 86_400));
            let (token, value) = make_token(&store, name, role, lasts, &me, now).await.map_err(of_store)?;
            writeln!(out, "{}", value.as_str())?;
            shell.note(&format!("{} ({}): keep it now, it is shown once", token.name, token.role));
        }
        crate::args::TokenCommand::List => {
            for token in store.tokens().await.map_err(of_store)? {
                let state = if token.revoked.is_some() { "revoked" } else { "" };
                writeln!(out, "{}  {:<12} {:<10} {} {state}", token.id, token.role, token.name, token.created)?;
            }
        }
        crate::args::TokenCommand::Revoke { id } => {
            store.revoke_token(id, &me, now).await.map_err(|error| match error {
                StoreError::NotFound(_) => CliError::new(format!("no token `{id}` counts"))
                    .hint("`stanch serve token list` shows their ids, and which are revoked already"),
                error => of_store(error),
            })?;
            shell.note(&format!("the token {id} does not count any more"));
        }
    }
    Ok(Exit::Clean)
}

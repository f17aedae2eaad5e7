//! Passwords of PostgreSQL's roles (<https://www.postgresql.org/docs/current/sql-alterrole.html>).
//!
//! With a login of ours that may alter the role: first no login, which can be undone, then the end of its sessions, then no password. Without
//! one, the role itself changes its password to one that nobody knows, which is all that it may. Passwords go to the server as verifiers,
//! computed here, so that no log of statements has one in clear.

mod session;

#[cfg(fuzzing)]
pub(crate) use session::fuzz;

use std::collections::BTreeMap;
use std::time::Duration;

use postgres_protocol::password::scram_sha_256;
use stanch_model::Secret;

use self::session::{Refusal, Session, Verdict, Who, literal, name};
use super::account::{Account, no_way, refused_responder, unknown, vanished};
use super::login::{Dialect, Login, new_password};
use crate::file::File;
use crate::interface::StepKind;
use crate::kind::Kind;
use crate::{Context, Credential, Hidden, Identity, Outcome, Probe, Step, Successor, Target, Why};

const DIALECT: Dialect = Dialect {
    schemes: &["postgres", "postgresql"],
    encrypted: &[],
    port: 5432,
    user: &["user"],
    password: &["password"],
    tls: &["sslmode"],
};

/// What a role is and may do, and the roles that it is a member of.
const ABOUT: &str = "SELECT current_user, current_database(), r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls, \
     coalesce((SELECT string_agg(g.rolname, ',') FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid), '') \
     FROM pg_roles r WHERE r.rolname = current_user";

/// What the columns after the first two are called.
const POWERS: [&str; 5] = ["superuser", "createrole", "createdb", "replication", "bypassrls"];

/// Seconds after which a server refuses a changed role for certain: at once, and a pool in front of it soon after.
const SETTLE: u64 = 10;

/// What ends sessions, for people.
const END: &str = "SELECT pg_terminate_backend(pid) of the sessions of {role}";

/// The password of a role.
#[derive(Debug, Clone, Copy)]
pub(super) struct Postgres {
    pub(super) file: &'static File,
    pub(super) kind: &'static Kind,
}

impl Account for Postgres {
    const UNDO: &'static str = "login";

    fn file(self) -> &'static File {
        self.file
    }

    async fn ask(self, cx: &Context, credential: &Credential) -> Result<Probe, Why> {
        let login = self.login(cx, credential)?;
        let session = match self.open(cx, &login, Who::Leaked).await {
            Ok(session) => Some(session),
            Err(refusal) => match refusal.login() {
                Some(Verdict::Right) => None,
                Some(Verdict::Wrong) => return Ok(Probe::of(crate::Liveness::Inactive)),
                None => return Err(refusal.why()),
            },
        };
        self.control(cx, &login).await?;
        let mut identity = login.identity(&login.user);
        if let Some(session) = session {
            identity.join(about(cx, &session).await);
        }
        Ok(Probe::active(identity))
    }

    async fn find(self, cx: &Context, credential: &Credential, _seen: &Probe) -> Result<Target, Outcome> {
        let login = self.login(cx, credential).map_err(unknown)?;
        let bound = |by: &str| {
            BTreeMap::from([
                ("by".to_owned(), by.to_owned()),
                ("role".to_owned(), login.user.clone()),
                ("server".to_owned(), login.place.to_string()),
            ])
        };
        let target = |by: &str, found_by: &str, listed, alive| Target {
            bound: bound(by),
            hidden: Hidden::default(),
            found_by: found_by.to_owned(),
            listed,
            alive,
        };
        let Some(responder) =
            Login::responder(cx, self.file, self.kind, &DIALECT, &login.place).await.map_err(unknown)?
        else {
            return Ok(target("self", "by its own name: the role that logs in", false, None));
        };
        if responder.user == login.user {
            return Err(Outcome::NotPermitted { why: "the responder is the leaked role itself".to_owned() });
        }
        let session = self.open(cx, &responder, Who::Responder).await.map_err(responder_failed)?;
        let statement = format!("SELECT rolcanlogin FROM pg_roles WHERE rolname = {}", literal(&login.user));
        let rows = session.run(cx, &statement).await.map_err(Refusal::outcome)?;
        let row = rows.first().ok_or_else(|| unknown(Why::NotListed))?;
        let may_log_in = row.first().is_some_and(|value| value == "t");
        Ok(target("responder", "by its name, among the roles of the responder's server", true, Some(may_log_in)))
    }

    fn steps_of(target: &Target) -> Vec<Step> {
        let get = |name: &str| target.bound.get(name).map_or("", String::as_str);
        let (role, server) = (get("role"), get("server"));
        let step = |index, step: &str, kind, request: &str| Step {
            index,
            name: step.to_owned(),
            kind,
            target: format!("role {role} of {server}"),
            request: request.replace("{role}", role),
            settle: SETTLE,
        };
        if get("by") == "self" {
            let request =
                "ALTER ROLE {role} PASSWORD (a random one that nobody keeps); then the end of its other sessions";
            return vec![step(0, "change-password", StepKind::Final, request)];
        }
        vec![
            step(0, "no-login", StepKind::Reversible, "ALTER ROLE {role} NOLOGIN"),
            step(1, "end-sessions", StepKind::Until, END),
            step(2, "no-password", StepKind::Final, "ALTER ROLE {role} PASSWORD NULL"),
        ]
    }

    async fn act(self, cx: &Context, credential: &Credential, target: &Target, what: &str) -> Result<(), Outcome> {
        let (session, login) = self.acting(cx, credential, target).await?;
        let role = name(&login.user);
        let alter = |words: &str| format!("ALTER ROLE {role} {words}");
        let run = async |statement: String| session.run(cx, &statement).await.map(drop).map_err(Refusal::outcome);
        match what {
            "no-login" => run(alter("NOLOGIN")).await,
            "login" => run(alter("LOGIN")).await,
            "end-sessions" => end_sessions(cx, &session, &login.user).await,
            "no-password" => run(alter("PASSWORD NULL")).await,
            "change-password" => {
                let password = new_password().map_err(unknown)?;
                run(alter(&format!("PASSWORD {}", literal(&scram_sha_256(password.as_bytes()))))).await?;
                end_sessions(cx, &session, &login.user).await
            }
            _ => Err(no_way(self.file)),
        }
    }

    async fn successor(self, cx: &Context, credential: &Credential, target: &Target) -> Result<Successor, Outcome> {
        let (session, login) = self.acting(cx, credential, target).await?;
        let password = new_password().map_err(unknown)?;
        let verifier = literal(&scram_sha_256(password.as_bytes()));
        let statement = format!("ALTER ROLE {} PASSWORD {verifier}", name(&login.user));
        session.run(cx, &statement).await.map_err(Refusal::outcome)?;
        let secret = Secret::new(login.with(&password).as_bytes().to_vec());
        Ok(Successor { secret, id: None, parts: BTreeMap::new(), killed_old: true })
    }
}

impl Postgres {
    fn login(self, cx: &Context, credential: &Credential) -> Result<Login, Why> {
        Login::of(cx, self.file, self.kind, &DIALECT, credential)
    }

    async fn open(self, cx: &Context, login: &Login, who: Who) -> Result<Session, Refusal> {
        Session::open(cx, login, &login.payer(self.file, self.kind), who).await
    }

    /// A server that asks nobody for a password proves nothing by letting us in.
    async fn control(self, cx: &Context, login: &Login) -> Result<(), Why> {
        match self.open(cx, login, Who::Nobody).await {
            Ok(_) => Err(Why::Loose),
            Err(refusal) if refusal.login() == Some(Verdict::Right) => Err(Why::Loose),
            Err(_) => Ok(()),
        }
    }

    /// The connection over which a step is done: the responder's, or the leaked one's own.
    async fn acting(self, cx: &Context, credential: &Credential, target: &Target) -> Result<(Session, Login), Outcome> {
        let login = self.login(cx, credential).map_err(unknown)?;
        if target.bound.get("by").is_some_and(|by| by == "self") {
            let session = self.open(cx, &login, Who::Leaked).await.map_err(|refusal| match refusal.login() {
                Some(Verdict::Wrong) => Outcome::AlreadyDead,
                _ => refusal.outcome(),
            })?;
            return Ok((session, login));
        }
        let responder = Login::responder(cx, self.file, self.kind, &DIALECT, &login.place).await.map_err(unknown)?;
        let responder = responder.ok_or_else(|| vanished(self.file))?;
        let session = self.open(cx, &responder, Who::Responder).await.map_err(responder_failed)?;
        Ok((session, login))
    }
}

fn responder_failed(refusal: Refusal) -> Outcome {
    refusal.login().map_or_else(|| refusal.outcome(), |_| refused_responder())
}

/// What a live role is and may do. That it may not ask is no reason to call it dead.
async fn about(cx: &Context, session: &Session) -> Identity {
    let mut identity = Identity::default();
    let rows = session.run(cx, ABOUT).await.unwrap_or_default();
    let Some([_, database, powers @ ..]) = rows.first().map(Vec::as_slice) else { return identity };
    identity.add("scopes", format!("database {database}"));
    for (power, _) in POWERS.iter().zip(powers).filter(|(_, value)| *value == "t") {
        identity.add("scopes", *power);
    }
    for group in powers.get(POWERS.len()).into_iter().flat_map(|groups| groups.split(',')) {
        identity.add("scopes", group);
    }
    identity
}

/// Ends the role's sessions but this one, and waits until they are gone.
async fn end_sessions(cx: &Context, session: &Session, role: &str) -> Result<(), Outcome> {
    const LOOKS: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(100);
    let others = format!("FROM pg_stat_activity WHERE usename = {} AND pid <> pg_backend_pid()", literal(role));
    let mut open = String::new();
    for _ in 0..LOOKS {
        session.run(cx, &format!("SELECT pg_terminate_backend(pid) {others}")).await.map_err(Refusal::outcome)?;
        let rows = session.run(cx, &format!("SELECT count(*) {others}")).await.map_err(Refusal::outcome)?;
        open = rows.into_iter().flatten().next().unwrap_or_default();
        if open == "0" {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(unknown(Why::Other { detail: format!("{open} sessions of the role are still open") }))
}

//! Passwords of accounts of MySQL and MariaDB (<https://dev.mysql.com/doc/refman/8.4/en/alter-user.html>,
//! <https://mariadb.com/kb/en/alter-user/>).
//!
//! An account is a user and a pattern of hosts, and several may have one name: the server itself says which one let us in. With a login of ours
//! the account is locked, which can be undone, its sessions are ended, and its password is changed to one that nobody knows. Without one, it
//! changes its own password. MariaDB is given a hash; MySQL takes no hash from an account itself and keeps passwords out of its logs.

mod session;
mod wire;

#[cfg(fuzzing)]
pub(crate) use wire::fuzz;

use std::collections::BTreeMap;
use std::time::Duration;

use stanch_model::Secret;

use self::session::{Refusal, Session, literal};
use super::account::{Account, no_way, refused_responder, unknown, vanished};
use super::login::{Dialect, Login, new_password};
use crate::file::File;
use crate::interface::StepKind;
use crate::kind::Kind;
use crate::{Context, Credential, Hidden, Identity, Liveness, Outcome, Probe, Step, Successor, Target, Why};

const DIALECT: Dialect = Dialect {
    schemes: &["mysql", "mysql2", "mariadb"],
    encrypted: &[],
    port: 3306,
    user: &["user"],
    password: &["password"],
    tls: &["ssl-mode", "sslmode", "tls", "usessl", "ssl_mode"],
};

/// Seconds after which a server refuses a changed account for certain: at once, and a proxy in front of it soon after.
const SETTLE: u64 = 10;

/// What the last step sends, for people.
const CHANGE: &str = "a random password that nobody keeps for {account}; then KILL of its sessions";

/// The password of an account.
#[derive(Debug, Clone, Copy)]
pub(super) struct MySql {
    pub(super) file: &'static File,
    pub(super) kind: &'static Kind,
}

/// What a target has bound.
fn bound<'a>(target: &'a Target, name: &str) -> &'a str {
    target.bound.get(name).map_or("", String::as_str)
}

impl Account for MySql {
    const UNDO: &'static str = "unlock";

    fn file(self) -> &'static File {
        self.file
    }

    async fn ask(self, cx: &Context, credential: &Credential) -> Result<Probe, Why> {
        let login = self.login(cx, credential)?;
        let mut session = match self.open(cx, &login, false).await {
            Ok(session) => session,
            Err(refusal) => {
                return match refusal.login() {
                    Some(false) => Ok(Probe::of(Liveness::Inactive)),
                    Some(true) => Ok(Probe::active(login.identity(&login.user))),
                    None => Err(refusal.why()),
                };
            }
        };
        let rows = session.run(cx, "SELECT CURRENT_USER()").await.map_err(Refusal::why)?;
        let account = rows.into_iter().flatten().next().unwrap_or_default();
        let (user, host) = account.rsplit_once('@').unwrap_or((&account, ""));
        if user == "skip-grants user" {
            // The server was started without its tables of rights, and lets everybody in.
            return Err(Why::Loose);
        }
        let mut probe = Probe::active(login.identity(user));
        probe.bound = BTreeMap::from([("user".to_owned(), user.to_owned()), ("pattern".to_owned(), host.to_owned())]);
        probe.identity.join(grants(cx, &mut session).await);
        Ok(probe)
    }

    async fn find(self, cx: &Context, credential: &Credential, seen: &Probe) -> Result<Target, Outcome> {
        let login = self.login(cx, credential).map_err(unknown)?;
        let missing = || unknown(Why::Missing { part: "account that let it in".to_owned() });
        let (user, pattern) = seen.bound.get("user").zip(seen.bound.get("pattern")).ok_or_else(missing)?;
        let mut bound = seen.bound.clone();
        bound.insert("server".to_owned(), login.place.to_string());
        let Some(responder) = self.responder(cx, &login).await? else {
            bound.insert("by".to_owned(), "self".to_owned());
            let found_by = "by the account that the server let in".to_owned();
            return Ok(Target { bound, hidden: Hidden::default(), found_by, listed: false, alive: None });
        };
        bound.insert("by".to_owned(), "responder".to_owned());
        let mut session = self.open(cx, &responder, true).await.map_err(responder_failed)?;
        let own = session.run(cx, "SELECT CURRENT_USER()").await.map_err(Refusal::outcome)?;
        if own.into_iter().flatten().next().unwrap_or_default() == format!("{user}@{pattern}") {
            return Err(Outcome::NotPermitted { why: "the responder is the leaked account itself".to_owned() });
        }
        let statement = format!("SHOW CREATE USER {}", account(user, pattern).map_err(unknown)?);
        let rows = session.run(cx, &statement).await.map_err(|refusal| match refusal {
            Refusal::Number(1133 | 1269 | 1396 | 3162) => unknown(Why::NotListed),
            other => other.outcome(),
        })?;
        let written = zeroize::Zeroizing::new(rows.into_iter().flatten().next_back().unwrap_or_default());
        Ok(Target {
            bound,
            hidden: Hidden::default(),
            found_by: "by the account that the server let in, among those of the responder's server".to_owned(),
            listed: true,
            alive: Some(!written.contains("ACCOUNT LOCK")),
        })
    }

    fn steps_of(target: &Target) -> Vec<Step> {
        let name = format!("'{}'@'{}'", bound(target, "user"), bound(target, "pattern"));
        let step = |index, step: &str, kind, request: &str| Step {
            index,
            name: step.to_owned(),
            kind,
            target: format!("account {name} of {}", bound(target, "server")),
            request: request.replace("{account}", &name),
            settle: SETTLE,
        };
        if bound(target, "by") == "self" {
            return vec![step(0, "change-password", StepKind::Final, CHANGE)];
        }
        vec![
            step(0, "lock", StepKind::Reversible, "ALTER USER {account} ACCOUNT LOCK"),
            step(1, "end-sessions", StepKind::Until, "KILL of every session of the user of {account}"),
            step(2, "change-password", StepKind::Final, CHANGE),
        ]
    }

    async fn act(self, cx: &Context, credential: &Credential, target: &Target, what: &str) -> Result<(), Outcome> {
        let (mut session, _) = self.acting(cx, credential, target).await?;
        let user = bound(target, "user");
        let alter = |words: &str| {
            account(user, bound(target, "pattern")).map(|account| format!("ALTER USER {account} {words}"))
        };
        let statement = match what {
            "lock" => alter("ACCOUNT LOCK").map_err(unknown)?,
            "unlock" => alter("ACCOUNT UNLOCK").map_err(unknown)?,
            "end-sessions" => return end_sessions(cx, &mut session, user).await,
            "change-password" => {
                let password = new_password().map_err(unknown)?;
                let statement = change(session.mariadb, target, &password).map_err(unknown)?;
                session.run(cx, &statement).await.map_err(Refusal::outcome)?;
                return end_sessions(cx, &mut session, user).await;
            }
            _ => return Err(no_way(self.file)),
        };
        session.run(cx, &statement).await.map(drop).map_err(Refusal::outcome)
    }

    async fn successor(self, cx: &Context, credential: &Credential, target: &Target) -> Result<Successor, Outcome> {
        let (mut session, login) = self.acting(cx, credential, target).await?;
        let password = new_password().map_err(unknown)?;
        let statement = change(session.mariadb, target, &password).map_err(unknown)?;
        session.run(cx, &statement).await.map_err(Refusal::outcome)?;
        let secret = Secret::new(login.with(&password).as_bytes().to_vec());
        Ok(Successor { secret, id: None, parts: BTreeMap::new(), killed_old: true })
    }
}

impl MySql {
    fn login(self, cx: &Context, credential: &Credential) -> Result<Login, Why> {
        Login::of(cx, self.file, self.kind, &DIALECT, credential)
    }

    async fn open(self, cx: &Context, login: &Login, ours: bool) -> Result<Session, Refusal> {
        Session::open(cx, login, &login.payer(self.file, self.kind), ours).await
    }

    async fn responder(self, cx: &Context, login: &Login) -> Result<Option<Login>, Outcome> {
        Login::responder(cx, self.file, self.kind, &DIALECT, &login.place).await.map_err(unknown)
    }

    /// The connection over which a step is done: the responder's, or the leaked one's own.
    async fn acting(self, cx: &Context, credential: &Credential, target: &Target) -> Result<(Session, Login), Outcome> {
        let login = self.login(cx, credential).map_err(unknown)?;
        if bound(target, "by") == "self" {
            let session = self.open(cx, &login, false).await.map_err(|refusal| match refusal.login() {
                Some(false) => Outcome::AlreadyDead,
                _ => refusal.outcome(),
            })?;
            return Ok((session, login));
        }
        let responder = self.responder(cx, &login).await?.ok_or_else(|| vanished(self.file))?;
        let session = self.open(cx, &responder, true).await.map_err(responder_failed)?;
        Ok((session, login))
    }
}

/// An account in a statement.
fn account(user: &str, pattern: &str) -> Result<String, Why> {
    Ok(format!("{}@{}", literal(user)?, literal(pattern)?))
}

/// The statement that changes a password: by the account itself, or by another.
fn change(mariadb: bool, target: &Target, password: &str) -> Result<zeroize::Zeroizing<String>, Why> {
    let account = account(bound(target, "user"), bound(target, "pattern"))?;
    let text = match (mariadb, bound(target, "by") == "self") {
        (true, true) => format!("SET PASSWORD = '{}'", wire::verifier(password)),
        (true, false) => format!("ALTER USER {account} IDENTIFIED BY PASSWORD '{}'", wire::verifier(password)),
        (false, true) => format!("ALTER USER USER() IDENTIFIED BY '{password}'"),
        (false, false) => format!("ALTER USER {account} IDENTIFIED BY '{password}'"),
    };
    Ok(zeroize::Zeroizing::new(text))
}

fn responder_failed(refusal: Refusal) -> Outcome {
    refusal.login().map_or_else(|| refusal.outcome(), |_| refused_responder())
}

/// What a live account may do. The hash that MariaDB shows beside it is left out.
async fn grants(cx: &Context, session: &mut Session) -> Identity {
    let mut identity = Identity::default();
    for line in session.run(cx, "SHOW GRANTS").await.unwrap_or_default().into_iter().flatten() {
        if let Some((granted, _)) = line.strip_prefix("GRANT ").and_then(|rest| rest.split_once(" TO ")) {
            identity.add("scopes", granted);
        }
    }
    identity
}

/// Ends the sessions of the user but this one, and waits until they are gone.
async fn end_sessions(cx: &Context, session: &mut Session, user: &str) -> Result<(), Outcome> {
    const LOOKS: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(100);
    let user = literal(user).map_err(unknown)?;
    let list = format!("SELECT id FROM information_schema.processlist WHERE user = {user} AND id <> CONNECTION_ID()");
    let mut open = 0;
    for _ in 0..LOOKS {
        let ids: Vec<u64> = session
            .run(cx, &list)
            .await
            .map_err(Refusal::outcome)?
            .iter()
            .flatten()
            .filter_map(|id| id.parse().ok())
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        open = ids.len();
        for id in ids {
            match session.run(cx, &format!("KILL {id}")).await {
                // It ended by itself.
                Ok(_) | Err(Refusal::Number(1094)) => {}
                Err(refusal) => return Err(refusal.outcome()),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(unknown(Why::Other { detail: format!("{open} sessions of the user are still open") }))
}

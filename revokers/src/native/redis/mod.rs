//! Passwords of Redis and Valkey: of a user of the access control list (<https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/>),
//! or the one of the whole server, which is the default user's.
//!
//! A user may have several passwords, and the server keeps their SHA-256. So exactly the leaked one is taken away, and the others go on working.

mod session;

#[cfg(fuzzing)]
pub(crate) use session::fuzz;

use std::collections::BTreeMap;

use sha2::Digest as _;
use stanch_model::Secret;

use self::session::{Reply, Session};
use super::account::{Account, no_way, refused_responder, unknown};
use super::login::{Dialect, Login, new_password};
use crate::credential::hex;
use crate::file::File;
use crate::interface::StepKind;
use crate::kind::Kind;
use crate::{Context, Credential, Hidden, Identity, Liveness, Outcome, Probe, Step, Successor, Target, Why};

const DIALECT: Dialect = Dialect {
    schemes: &["redis", "rediss", "valkey", "valkeys"],
    encrypted: &["rediss", "valkeys"],
    port: 6379,
    user: &[],
    password: &[],
    tls: &[],
};

/// The user of a login that names none.
const DEFAULT: &str = "default";

/// Seconds after which a server refuses a changed user for certain: at once.
const SETTLE: u64 = 5;

/// A password of a user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Redis {
    pub(super) file: &'static File,
    pub(super) kind: &'static Kind,
}

/// An answer that explains nothing. Its text is the server's own, so only its code is told.
fn puzzling(reply: &Reply) -> Why {
    Why::Other {
        detail: format!("the server answers {}, which proves nothing", reply.code().unwrap_or("something else")),
    }
}

/// What the server says to a login.
enum Greeting {
    In(Session),
    Refused,
}

impl Account for Redis {
    const UNDO: &'static str = "restore-password";

    fn file(self) -> &'static File {
        self.file
    }

    async fn ask(self, cx: &Context, credential: &Credential) -> Result<Probe, Why> {
        let login = self.login(cx, credential)?;
        let Greeting::In(mut session) = self.open(cx, &login, false).await? else {
            return Ok(Probe::of(Liveness::Inactive));
        };
        self.control(cx, &login).await?;
        let mut identity = login.identity(&login.user);
        identity.join(about(cx, &mut session, &login).await);
        Ok(Probe::active(identity))
    }

    async fn find(self, cx: &Context, credential: &Credential, _seen: &Probe) -> Result<Target, Outcome> {
        let login = self.login(cx, credential).map_err(unknown)?;
        let (mut session, ours) = self.acting(cx, &login).await?;
        let reply = session.say(cx, &["ACL", "GETUSER", &login.user]).await.map_err(unknown)?;
        let user = match &reply {
            Reply::List(fields) => fields,
            Reply::Nothing => return Err(unknown(Why::NotListed)),
            refused => return Err(refusal(refused)),
        };
        let digest = digest(&login.password);
        let has = field(user, "passwords").iter().any(|known| *known == digest);
        let on = field(user, "flags").contains(&"on");
        Ok(Target {
            bound: BTreeMap::from([
                ("user".to_owned(), login.user.clone()),
                ("server".to_owned(), login.place.to_string()),
            ]),
            hidden: Hidden::default(),
            found_by: "by the SHA-256 of the password, among those of the user".to_owned(),
            listed: ours && has,
            alive: Some(has && on),
        })
    }

    fn steps_of(target: &Target) -> Vec<Step> {
        let get = |name: &str| target.bound.get(name).map_or("", String::as_str);
        let (user, server) = (get("user"), get("server"));
        vec![Step {
            index: 0,
            name: "remove-password".to_owned(),
            kind: StepKind::Reversible,
            target: format!("this password of user {user} at {server}"),
            request: format!("ACL SETUSER {user} !(its SHA-256); ACL SAVE or CONFIG REWRITE; CLIENT KILL USER {user}"),
            settle: SETTLE,
        }]
    }

    async fn act(self, cx: &Context, credential: &Credential, _target: &Target, what: &str) -> Result<(), Outcome> {
        let login = self.login(cx, credential).map_err(unknown)?;
        let (mut session, _) = self.acting(cx, &login).await?;
        match what {
            "remove-password" => {
                self.remove(cx, &login, &mut session).await?;
                end_sessions(cx, &mut session, &login.user).await
            }
            "restore-password" => {
                let back = format!("#{}", digest(&login.password));
                let reply = session.say(cx, &["ACL", "SETUSER", &login.user, &back]).await.map_err(unknown)?;
                if reply.text() == Some("OK") { keep(cx, &mut session).await } else { Err(refusal(&reply)) }
            }
            _ => Err(no_way(self.file)),
        }
    }

    /// A second password beside the first, so that both work until the old one is taken away.
    async fn successor(self, cx: &Context, credential: &Credential, _target: &Target) -> Result<Successor, Outcome> {
        let login = self.login(cx, credential).map_err(unknown)?;
        let (mut session, _) = self.acting(cx, &login).await?;
        let password = new_password().map_err(unknown)?;
        let id = digest(&password);
        let reply = session.say(cx, &["ACL", "SETUSER", &login.user, &format!("#{id}")]).await.map_err(unknown)?;
        if reply.text() != Some("OK") {
            return Err(refusal(&reply));
        }
        keep(cx, &mut session).await?;
        let secret = Secret::new(login.with(&password).as_bytes().to_vec());
        Ok(Successor { secret, id: Some(id), parts: BTreeMap::new(), killed_old: false })
    }

    async fn forget(self, cx: &Context, credential: &Credential, id: &str) -> Result<(), Outcome> {
        let login = self.login(cx, credential).map_err(unknown)?;
        let (mut session, _) = self.acting(cx, &login).await?;
        let reply = session.say(cx, &["ACL", "SETUSER", &login.user, &format!("!{id}")]).await.map_err(unknown)?;
        if reply.text() == Some("OK") { keep(cx, &mut session).await } else { Err(refusal(&reply)) }
    }
}

impl Redis {
    fn login(self, cx: &Context, credential: &Credential) -> Result<Login, Why> {
        let mut login = Login::of(cx, self.file, self.kind, &DIALECT, credential)?;
        if login.user.is_empty() {
            DEFAULT.clone_into(&mut login.user);
        }
        Ok(login)
    }

    /// Logs in. A server that lets everybody in says so by taking a command before any login, or a password that nobody set.
    async fn open(self, cx: &Context, login: &Login, ours: bool) -> Result<Greeting, Why> {
        let mut session = Session::connect(cx, login, &login.payer(self.file, self.kind), ours).await?;
        let words: &[&str] =
            if login.user == DEFAULT { &["AUTH", &login.password] } else { &["AUTH", &login.user, &login.password] };
        match session.say(cx, words).await? {
            Reply::Text(ok) if ok == "OK" => Ok(Greeting::In(session)),
            reply => match reply.code() {
                Some("WRONGPASS") => Ok(Greeting::Refused),
                // Servers before version 6 know one password and say it so.
                Some("ERR") if matches!(&reply, Reply::Refused(text) if text.contains("invalid password")) => {
                    Ok(Greeting::Refused)
                }
                Some("ERR") if matches!(&reply, Reply::Refused(text) if text.contains("without any password configured")) => {
                    Err(Why::Loose)
                }
                _ => Err(puzzling(&reply)),
            },
        }
    }

    /// A user without a password (`nopass`) is let in with any.
    async fn control(self, cx: &Context, login: &Login) -> Result<(), Why> {
        let mut other = login.clone();
        other.password = new_password()?;
        match self.open(cx, &other, false).await? {
            Greeting::In(_) => Err(Why::Loose),
            Greeting::Refused => Ok(()),
        }
    }

    /// The connection over which something is done: the responder's, if there is one, or the leaked one's own.
    async fn acting(self, cx: &Context, login: &Login) -> Result<(Session, bool), Outcome> {
        let responder = Login::responder(cx, self.file, self.kind, &DIALECT, &login.place).await.map_err(unknown)?;
        let Some(mut responder) = responder else {
            return match self.open(cx, login, false).await.map_err(unknown)? {
                Greeting::In(session) => Ok((session, false)),
                Greeting::Refused => Err(Outcome::AlreadyDead),
            };
        };
        if responder.user.is_empty() {
            DEFAULT.clone_into(&mut responder.user);
        }
        match self.open(cx, &responder, true).await.map_err(unknown)? {
            Greeting::In(session) => Ok((session, true)),
            Greeting::Refused => Err(refused_responder()),
        }
    }

    /// Takes exactly the leaked password away; and from now on nobody gets in with it.
    async fn remove(self, cx: &Context, login: &Login, session: &mut Session) -> Result<(), Outcome> {
        let gone = format!("!{}", digest(&login.password));
        match session.say(cx, &["ACL", "SETUSER", &login.user, &gone]).await.map_err(unknown)? {
            Reply::Text(ok) if ok == "OK" => keep(cx, session).await,
            Reply::Refused(text) if text.contains("password") && text.contains("not exist") => {
                Err(Outcome::AlreadyDead)
            }
            reply if reply.code() == Some("ERR") => self.gone(cx, login, session, &reply).await,
            reply => Err(refusal(&reply)),
        }
    }

    /// Whether a refusal means that there is no such password any more.
    async fn gone(self, cx: &Context, login: &Login, session: &mut Session, told: &Reply) -> Result<(), Outcome> {
        match session.say(cx, &["ACL", "GETUSER", &login.user]).await.map_err(unknown)? {
            Reply::List(user) if !field(&user, "passwords").contains(&digest(&login.password).as_str()) => {
                Err(Outcome::AlreadyDead)
            }
            Reply::Nothing => Err(Outcome::AlreadyDead),
            _ => Err(refusal(told)),
        }
    }
}

/// What a password is known by at the server.
fn digest(password: &str) -> String {
    hex(&sha2::Sha256::digest(password.as_bytes()))
}

/// The texts of a field of a list of names and values.
fn field<'a>(fields: &'a [Reply], name: &str) -> Vec<&'a str> {
    let pairs = fields.chunks_exact(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)));
    let value = pairs.filter(|(key, _)| key.text() == Some(name)).map(|(_, value)| value).next();
    match value {
        Some(Reply::List(items)) => items.iter().filter_map(Reply::text).collect(),
        Some(Reply::Text(text)) => vec![text],
        _ => Vec::new(),
    }
}

/// What the refusal of a command means.
fn refusal(reply: &Reply) -> Outcome {
    match reply.code() {
        Some(code @ ("NOPERM" | "NOAUTH" | "READONLY")) => {
            Outcome::NotPermitted { why: format!("the server answers {code}") }
        }
        _ => unknown(puzzling(reply)),
    }
}

/// What a live user may do. That it may not ask is no reason to call it dead.
async fn about(cx: &Context, session: &mut Session, login: &Login) -> Identity {
    let mut identity = Identity::default();
    if let Ok(Reply::List(user)) = session.say(cx, &["ACL", "GETUSER", &login.user]).await {
        for rules in ["commands", "keys", "channels"] {
            for rule in field(&user, rules).iter().flat_map(|rules| rules.split(' ')) {
                identity.add("scopes", rule);
            }
        }
    }
    identity
}

/// Writes the change down, or it is gone when the server starts anew: to the list of users, or to the configuration.
async fn keep(cx: &Context, session: &mut Session) -> Result<(), Outcome> {
    for words in [["ACL", "SAVE"], ["CONFIG", "REWRITE"]] {
        if session.say(cx, &words).await.map_err(unknown)?.text() == Some("OK") {
            return Ok(());
        }
    }
    // A server that was started without a file keeps nothing, whatever is done.
    tracing::warn!("the server has no file to keep its users in: when it starts anew, it knows the old password again");
    Ok(())
}

/// Ends the user's sessions: they do not ask for the password again.
async fn end_sessions(cx: &Context, session: &mut Session, user: &str) -> Result<(), Outcome> {
    match session.say(cx, &["CLIENT", "KILL", "USER", user, "SKIPME", "yes"]).await.map_err(unknown)? {
        Reply::Number(_) => Ok(()),
        reply => {
            let detail = format!(
                "the password is taken away, and its sessions are still open: the server answers {}",
                reply.code().unwrap_or("nothing")
            );
            Err(unknown(Why::Other { detail }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_user_are_read_by_name() {
        let text = |text: &str| Reply::Text(text.to_owned());
        let user = [
            text("flags"),
            Reply::List(vec![text("on")]),
            text("passwords"),
            Reply::List(vec![text(&digest("abc"))]),
            text("keys"),
            text("~*"),
        ];
        assert_eq!(field(&user, "flags"), ["on"]);
        assert_eq!(field(&user, "passwords"), ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]);
        assert_eq!(field(&user, "keys"), ["~*"]);
        assert!(field(&user, "missing").is_empty());
    }
}

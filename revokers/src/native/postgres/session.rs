//! A connection to PostgreSQL, and what its refusals say (<https://www.postgresql.org/docs/current/protocol-flow.html>).

use std::pin::Pin;

use postgres_protocol::escape::{escape_identifier, escape_literal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, Error, NoTls, SimpleQueryMessage};

use crate::dial::{Dialled, Wire};
use crate::http::Payer;
use crate::native::login::{Login, Tls};
use crate::{Context, Outcome, Why};

/// The request for TLS: its own length, and a number that is no version (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Who logs in, and how much is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// The leaked credential.
    Leaked,
    /// The same without its password, to see whether the server asks for one.
    Nobody,
    /// Our responder, whose password never goes over the Internet in clear.
    Responder,
}

/// Why nothing came of a connection or a statement.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server said so.
    State {
        /// The SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
        code: String,
        /// The function that refused, which no language setting changes.
        routine: String,
    },
    /// Something else.
    Why(Why),
}

/// What a refusal says of the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
}

impl Refusal {
    fn of(error: &Error) -> Self {
        match error.as_db_error() {
            Some(told) => Self::State {
                code: told.code().code().to_owned(),
                routine: told.routine().unwrap_or_default().to_owned(),
            },
            None => Self::Why(Why::Transport { detail: "the connection broke off".to_owned(), sent: true }),
        }
    }

    /// Whether the refusal of a login says that the password is right, or that the login is none.
    pub(super) fn login(&self) -> Option<Verdict> {
        let Self::State { code, routine } = self else { return None };
        match code.as_str() {
            // Both come after the password was found right: the database does not exist, or may not be used.
            "3D000" | "42501" => Some(Verdict::Right),
            "28P01" => Some(Verdict::Wrong),
            // The role may not log in, or is gone. The same code of another function is about the rules for hosts, and says nothing.
            "28000" if routine.starts_with("InitializeSessionUserId") => Some(Verdict::Wrong),
            _ => None,
        }
    }

    /// What the refusal of a statement means.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::State { code, .. } => match code.as_str() {
                "42501" => Outcome::NotPermitted { why: "the server lets this role not do it (42501)".to_owned() },
                "25006" => Outcome::NotPermitted { why: "the server is a read-only replica (25006)".to_owned() },
                "42704" => Outcome::AlreadyDead,
                _ => Outcome::Unknown { why: state(&code) },
            },
            Self::Why(why) => Outcome::Unknown { why },
        }
    }

    /// Why nothing is known.
    pub(super) fn why(self) -> Why {
        match self {
            Self::State { code, .. } => state(&code),
            Self::Why(why) => why,
        }
    }
}

fn state(code: &str) -> Why {
    Why::Other { detail: format!("the server answers SQLSTATE {code}, which proves nothing") }
}

/// A connection that is logged in. It ends when it is dropped, since nothing else drives it.
pub(super) struct Session {
    client: tokio_postgres::Client,
    /// What drives the connection; nothing once it has ended.
    driver: Mutex<Option<Driver>>,
}

/// Ends when the connection does. What went wrong is told by the statement that waits.
type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Session {
    /// Connects and logs in.
    pub(super) async fn open(cx: &Context, login: &Login, payer: &Payer, who: Who) -> Result<Self, Refusal> {
        let wire = wire(cx, login, payer, who).await.map_err(Refusal::Why)?;
        let mut config = Config::new();
        config.user(&login.user).ssl_mode(SslMode::Disable).application_name("stanch");
        if who != Who::Nobody {
            config.password(login.password.as_str());
        }
        if !login.database.is_empty() {
            config.dbname(&login.database);
        }
        let connecting = async { Ok(config.connect_raw(wire, NoTls).await) };
        let (client, connection) =
            cx.http.within(connecting).await.map_err(Refusal::Why)?.map_err(|error| Refusal::of(&error))?;
        let driver: Driver = Box::pin(async move {
            let _ = connection.await;
        });
        Ok(Self { client, driver: Mutex::new(Some(driver)) })
    }

    /// Runs a statement and gives its rows as texts.
    pub(super) async fn run(&self, cx: &Context, statement: &str) -> Result<Vec<Vec<String>>, Refusal> {
        let asking = async {
            let mut driver = self.driver.lock().await;
            let mut answer = std::pin::pin!(self.client.simple_query(statement));
            if let Some(driving) = driver.as_mut() {
                tokio::select! {
                    told = &mut answer => return Ok(told),
                    () = driving => {}
                }
            }
            *driver = None;
            Ok(answer.await)
        };
        let answer = cx.http.within(asking).await.map_err(Refusal::Why)?.map_err(|error| Refusal::of(&error))?;
        let rows = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(rows.map(|row| (0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect()).collect())
    }
}

/// For the fuzz targets: whatever a server says to a login and to a statement. The protocol's parser is not ours; what we make of it is.
#[cfg(fuzzing)]
pub(crate) fn fuzz(said: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let wire = tokio::io::join(said, tokio::io::sink());
        let connecting =
            Config::new().user("u").password("p").ssl_mode(SslMode::Disable).connect_raw(wire, NoTls).await;
        match connecting {
            Ok((client, connection)) => {
                let (answer, _) = tokio::join!(client.simple_query("SELECT 1"), connection);
                let _ = answer.map_err(|error| (Refusal::of(&error).login(), Refusal::of(&error).why()));
            }
            Err(error) => {
                let refusal = Refusal::of(&error);
                let _ = (refusal.login(), refusal.outcome());
            }
        }
    });
}

/// The connection beneath a login, in TLS where it has to be.
async fn wire(cx: &Context, login: &Login, payer: &Payer, who: Who) -> Result<Box<dyn Wire>, Why> {
    let Dialled { mut stream, public } = cx.http.dial(&login.place, payer).await?;
    let must = login.tls == Tls::Always || (who == Who::Responder && public);
    if login.tls == Tls::Never && !must {
        return Ok(Box::new(stream));
    }
    let broken = |_| Why::Transport { detail: "the connection broke off".to_owned(), sent: false };
    let mut answer = [0];
    let asking = async {
        stream.write_all(&SSL_REQUEST).await.map_err(broken)?;
        stream.read_exact(&mut answer).await.map_err(broken)
    };
    cx.http.within(asking).await?;
    match answer {
        [b'S'] => cx.http.encrypt(stream, &login.place.host).await,
        [b'N'] if !must => Ok(Box::new(stream)),
        [b'N'] => Err(Why::Transport { detail: "the server speaks no TLS".to_owned(), sent: false }),
        _ => Err(Why::Transport { detail: "this is no PostgreSQL".to_owned(), sent: false }),
    }
}

/// A name in a statement.
pub(super) fn name(text: &str) -> String {
    escape_identifier(text)
}

/// A text in a statement.
pub(super) fn literal(text: &str) -> String {
    escape_literal(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_after_the_password_or_of_it_proves_something() {
        let login =
            |code: &str, routine: &str| Refusal::State { code: code.to_owned(), routine: routine.to_owned() }.login();
        assert_eq!(login("28P01", "auth_failed"), Some(Verdict::Wrong));
        assert_eq!(login("28000", "InitializeSessionUserId"), Some(Verdict::Wrong));
        assert_eq!(login("28000", "ClientAuthentication"), None);
        assert_eq!(login("3D000", "InitPostgres"), Some(Verdict::Right));
        assert_eq!(login("53300", "InitProcess"), None);
        assert_eq!(login("57P03", "ProcessStartupPacket"), None);
    }
}

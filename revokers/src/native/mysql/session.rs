//! A connection to MySQL or MariaDB.

use super::wire::{Bytes, Greeting, Packets, TLS, answer, error, foreign, head, login};
use crate::dial::{Dialled, Wire};
use crate::http::Payer;
use crate::native::login::{Login, Tls};
use crate::{Context, Outcome, Why};

/// Why nothing came of a login or a statement.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server's number for it (<https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>).
    Number(u16),
    /// Something else.
    Why(Why),
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        Self::Why(why)
    }
}

impl Refusal {
    /// Whether the refusal of a login says that the password is right, or that the login is none.
    pub(super) const fn login(&self) -> Option<bool> {
        match self {
            // Access denied, with a password, without one; the account is locked, in MySQL and in MariaDB.
            Self::Number(1045 | 1698 | 3118 | 4151) => Some(false),
            // The password has expired, and may be changed by whoever has it.
            Self::Number(1820 | 1862) => Some(true),
            _ => None,
        }
    }

    /// What the refusal of a statement means.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Number(number @ (1044 | 1142 | 1227 | 1290 | 1836)) => {
                Outcome::NotPermitted { why: format!("the server lets this user not do it (error {number})") }
            }
            other => Outcome::Unknown { why: other.why() },
        }
    }

    pub(super) fn why(self) -> Why {
        match self {
            Self::Number(number) => {
                Why::Other { detail: format!("the server answers error {number}, which proves nothing") }
            }
            Self::Why(why) => why,
        }
    }
}

/// A connection that is logged in.
pub(super) struct Session {
    packets: Packets<Box<dyn Wire>>,
    pub(super) mariadb: bool,
}

impl Session {
    /// Connects and logs in. Where `ours` is at stake, nothing goes over the Internet but in TLS.
    pub(super) async fn open(cx: &Context, to: &Login, payer: &Payer, ours: bool) -> Result<Self, Refusal> {
        let Dialled { stream, public } = cx.http.dial(&to.place, payer).await?;
        let mut packets = Packets { wire: stream, number: 0 };
        let first = cx.http.within(packets.read()).await?;
        if let Some(number) = error(&first) {
            return Err(Refusal::Number(number));
        }
        let greeting = Greeting::parse(&first)?;
        let must = to.tls == Tls::Always || (ours && public);
        let can = greeting.capabilities & TLS != 0;
        if must && !can {
            return Err(Refusal::Why(Why::Transport { detail: "the server speaks no TLS".to_owned(), sent: false }));
        }
        let tls = must || (can && to.tls == Tls::IfPossible);
        let mut packets = if tls {
            cx.http.within(packets.write(&head(true))).await?;
            let wire = cx.http.encrypt(packets.wire, &to.place.host).await?;
            Packets { wire, number: packets.number }
        } else {
            Packets { wire: Box::new(packets.wire) as Box<dyn Wire>, number: packets.number }
        };
        authenticate(cx, &mut packets, &greeting, to, tls).await?;
        Ok(Self { packets, mariadb: greeting.is_mariadb() })
    }

    /// Runs a statement and gives its rows as texts.
    pub(super) async fn run(&mut self, cx: &Context, statement: &str) -> Result<Vec<Vec<String>>, Refusal> {
        let mut command = zeroize::Zeroizing::new(vec![3]);
        command.extend_from_slice(statement.as_bytes());
        self.packets.number = 0;
        let asking = async {
            self.packets.write(&command).await?;
            rows(&mut self.packets).await
        };
        cx.http.within(asking).await?.map_err(Refusal::Number)
    }
}

/// Answers the server's challenges until it lets us in or refuses.
async fn authenticate(
    cx: &Context,
    packets: &mut Packets<Box<dyn Wire>>,
    greeting: &Greeting,
    to: &Login,
    tls: bool,
) -> Result<(), Refusal> {
    const ROUNDS: usize = 8;
    let strange = |method: &str| {
        Refusal::Why(Why::Other {
            detail: format!(
                "the server asks for {}, which is not spoken here{}",
                crate::outcome::printable(method),
                if tls { "" } else { " without TLS" }
            ),
        })
    };
    // A method that we do not speak is answered with one that we do; the server then names the account's own.
    let spoken =
        answer(&greeting.method, &greeting.nonce, &to.password, tls).map(|bytes| (greeting.method.as_str(), bytes));
    let usual = || {
        answer("mysql_native_password", &greeting.nonce, &to.password, tls)
            .map(|bytes| ("mysql_native_password", bytes))
    };
    let (method, bytes) = spoken.or_else(usual).ok_or_else(|| strange(&greeting.method))?;
    let mut method = method.to_owned();
    cx.http.within(packets.write(&login(tls, &to.user, &bytes, &method)?)).await?;
    for _ in 0..ROUNDS {
        let packet = cx.http.within(packets.read()).await?;
        match packet.as_slice() {
            [0, ..] => return Ok(()),
            [0xff, ..] => return Err(error(&packet).map_or_else(|| Refusal::Why(foreign()), Refusal::Number)),
            [0xfe, rest @ ..] => {
                let mut parts = rest.splitn(2, |byte| *byte == 0);
                method = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
                let nonce = parts.next().unwrap_or_default();
                let nonce = nonce.strip_suffix(&[0]).unwrap_or(nonce);
                let bytes = answer(&method, nonce, &to.password, tls).ok_or_else(|| strange(&method))?;
                cx.http.within(packets.write(&bytes)).await?;
            }
            // The server knows the password's digest already.
            [1, 3, ..] if method == "caching_sha2_password" => {}
            // It does not, and wants the password itself.
            [1, 4, ..] if method == "caching_sha2_password" => {
                let clear = answer("mysql_clear_password", &[], &to.password, tls)
                    .ok_or_else(|| strange("the password in clear"))?;
                cx.http.within(packets.write(&clear)).await?;
            }
            _ => return Err(Refusal::Why(foreign())),
        }
    }
    Err(Refusal::Why(foreign()))
}

/// Reads what a statement gives, or the number of its error.
async fn rows(packets: &mut Packets<Box<dyn Wire>>) -> Result<Result<Vec<Vec<String>>, u16>, Why> {
    const MOST: usize = 10_000;
    let first = packets.read().await?;
    let columns = match first.as_slice() {
        [0, ..] => return Ok(Ok(Vec::new())),
        [0xff, ..] => return error(&first).map(Err).ok_or_else(foreign),
        // It would have us read a file for it.
        [0xfb, ..] | [] => return Err(foreign()),
        bytes => Bytes(bytes).length()?.ok_or_else(foreign)?,
    };
    let is_end = |packet: &[u8]| packet.first() == Some(&0xfe) && packet.len() < 9;
    for _ in 0..=columns.min(MOST) {
        if is_end(&packets.read().await?) {
            break;
        }
    }
    let mut rows = Vec::new();
    loop {
        let packet = packets.read().await?;
        if is_end(&packet) {
            return Ok(Ok(rows));
        }
        if let (Some(number), true) = (error(&packet), packet.len() > 3) {
            return Ok(Err(number));
        }
        if rows.len() >= MOST {
            return Err(Why::Incomplete);
        }
        let mut bytes = Bytes(&packet);
        let mut row = Vec::new();
        while !bytes.0.is_empty() {
            row.push(bytes.text()?);
        }
        rows.push(row);
    }
}

/// A text in a statement. Both quotes and backslashes are doubled or avoided, whatever mode the server is in.
pub(super) fn literal(text: &str) -> Result<String, Why> {
    // A backslash means itself or not, by a mode of the server; names and hosts of accounts hold none.
    if text.contains(['\\', '\0']) {
        return Err(Why::Malformed { part: "user".to_owned() });
    }
    Ok(format!("'{}'", text.replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_quotes() {
        assert_eq!(literal("a'b").ok().as_deref(), Some("'a''b'"));
        assert!(literal("a\\' OR").is_err());
    }

    #[test]
    fn only_refusals_of_the_password_prove_something() {
        let login = |number| Refusal::Number(number).login();
        assert_eq!((login(1045), login(4151), login(1862)), (Some(false), Some(false), Some(true)));
        assert_eq!((login(1130), login(1040), login(1129), login(2026)), (None, None, None, None));
    }
}

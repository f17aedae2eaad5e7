//! Who may use the interface: tokens, and the sessions of the console that they open.
//!
//! A token has 256 bits of chance, so a fast hash of it tells nothing, and no guess is worth slowing down.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::Store;
use super::error::{Result, StoreError};
use super::key::StoreKey;
use super::log::{json, record};
use super::random;
use super::tx::Tx;
use super::value::{Row, millis, values};
use crate::audit::AuditEvent;

/// How a token begins.
const TOKEN: &str = "stanch_";
/// How a session begins.
const SESSION: &str = "session_";

/// What is known of a token; not its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id, which is a part of its value.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it counts.
    pub expires: Option<Timestamp>,
    /// Since when it does not count any more.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to the hour.
    pub last_used: Option<Timestamp>,
}

/// Somebody who is signed in to the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// With which token.
    pub token: Token,
    /// What a form has to carry, so that no other page can send it.
    pub csrf: String,
    /// Until when it lasts.
    pub expires: Timestamp,
}

const COLUMNS: &str = "t.id, t.name, t.role, t.created, t.expires, t.revoked, t.last_used";

impl Store {
    /// Makes a token, and gives its value, which is kept nowhere.
    ///
    /// # Errors
    /// If it was not kept.
    pub async fn make_token(
        &self,
        name: &str,
        role: &str,
        expires: Option<Timestamp>,
        actor: &str,
        now: Timestamp,
    ) -> Result<(Token, Zeroizing<String>)> {
        let (id, value) = mint(TOKEN)?;
        let hash = *self.key().hash(value.as_bytes()).as_bytes();
        let (name, role) = (name.to_owned(), role.to_owned());
        let token = Token { id, name, role, created: now, expires, revoked: None, last_used: None };
        let event =
            AuditEvent::TokenMade { id: token.id.clone(), name: token.name.clone(), role: token.role.clone(), expires };
        let (line, event, actor, made) = (random::name()?, json(&event)?, actor.to_owned(), token.clone());
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO tokens (id, name, role, hash, created, expires) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT DO NOTHING",
                values![&made.id, &made.name, &made.role, hash.as_slice(), made.created, made.expires],
            )?;
            record(tx, &line, &event, &actor, now).map(drop)
        })
        .await?;
        Ok((token, value))
    }

    /// The token of a value, if it counts.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn token(&self, value: &str, now: Timestamp) -> Result<Option<Token>> {
        /// How old the time of the last use may be before it is written again.
        const STEP: Duration = Duration::from_hours(1);
        let Some((id, hash)) = named(&self.key(), TOKEN, value) else { return Ok(None) };
        let found = self
            .read(move |reading| {
                let sql = format!("SELECT {COLUMNS}, t.hash FROM tokens t WHERE t.id = $1");
                let Some(row) = reading.first(&sql, values![&id])? else { return Ok(None) };
                // The comparison takes the same time wherever the hashes differ.
                let same = blake3::Hash::from_bytes(row.array(7)?) == hash;
                Ok(Some(token(&row)?).filter(|token| same && counts(token, now)))
            })
            .await?;
        if let Some(token) = &found {
            let stale = now.as_millisecond() - millis(STEP);
            if token.last_used.is_none_or(|used| used.as_millisecond() < stale) {
                let id = token.id.clone();
                self.write(move |tx| {
                    tx.execute("UPDATE tokens SET last_used = $1 WHERE id = $2", values![now, &id]).map(drop)
                })
                .await?;
            }
        }
        Ok(found)
    }

    /// All tokens, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        self.read(|reading| {
            let sql = format!("SELECT {COLUMNS} FROM tokens t ORDER BY t.created DESC, t.id");
            reading.query(&sql, &[])?.iter().map(token).collect()
        })
        .await
    }

    /// A token does not count any more, nor does any session that it opened.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such token, or it was revoked before.
    pub async fn revoke_token(&self, id: &str, actor: &str, now: Timestamp) -> Result<()> {
        let event = json(&AuditEvent::TokenRevoked { id: id.to_owned() })?;
        let (line, id, actor) = (random::name()?, id.to_owned(), actor.to_owned());
        self.write(move |tx| {
            if tx.logged(&line)? {
                return Ok(());
            }
            let sql = "UPDATE tokens SET revoked = $1 WHERE id = $2 AND revoked IS NULL";
            if tx.execute(sql, values![now, &id])? == 0 {
                return Err(StoreError::NotFound("token"));
            }
            tx.execute("DELETE FROM sessions WHERE token = $1", values![&id])?;
            record(tx, &line, &event, &actor, now).map(drop)
        })
        .await
    }

    /// Opens a session of the console for a token that counts. Gives the session's value, for a cookie; it is kept nowhere.
    ///
    /// # Errors
    /// If it was not kept.
    pub async fn sign_in(
        &self,
        token: &Token,
        lasts: Duration,
        now: Timestamp,
    ) -> Result<(Session, Zeroizing<String>)> {
        let (id, value) = mint(SESSION)?;
        let hash = *self.key().hash(value.as_bytes()).as_bytes();
        let expires = super::value::time(now.as_millisecond().saturating_add(millis(lasts)))?;
        let session = Session { token: token.clone(), csrf: BASE64.encode(random::bytes::<32>()?), expires };
        let event = json(&AuditEvent::SignedIn { token: token.id.clone() })?;
        let (line, opened) = (random::name()?, session.clone());
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO sessions (id, hash, token, csrf, created, expires) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT DO NOTHING",
                values![&id, hash.as_slice(), &opened.token.id, &opened.csrf, now, opened.expires],
            )?;
            record(tx, &line, &event, &opened.token.name, now).map(drop)
        })
        .await?;
        Ok((session, value))
    }

    /// The session of a value, if it lasts and its token counts.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn session(&self, value: &str, now: Timestamp) -> Result<Option<Session>> {
        let Some((id, hash)) = named(&self.key(), SESSION, value) else { return Ok(None) };
        self.read(move |reading| {
            let sql = format!(
                "SELECT {COLUMNS}, s.hash, s.csrf, s.expires FROM sessions s JOIN tokens t ON t.id = s.token WHERE s.id = $1"
            );
            let Some(row) = reading.first(&sql, values![&id])? else { return Ok(None) };
            let same = blake3::Hash::from_bytes(row.array(7)?) == hash;
            let session = Session { token: token(&row)?, csrf: row.text(8)?.to_owned(), expires: row.time(9)? };
            Ok(Some(session).filter(|session| same && session.expires > now && counts(&session.token, now)))
        })
        .await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sign_out(&self, value: &str, now: Timestamp) -> Result<()> {
        let Some((id, hash)) = named(&self.key(), SESSION, value) else { return Ok(()) };
        let line = random::name()?;
        self.write(move |tx| sign_out(tx, &id, hash, &line, now)).await
    }
}

fn sign_out(tx: &mut Tx<'_>, id: &str, hash: blake3::Hash, line: &str, now: Timestamp) -> Result<()> {
    let sql = "SELECT s.hash, s.token, t.name FROM sessions s JOIN tokens t ON t.id = s.token WHERE s.id = $1";
    let Some(row) = tx.first(sql, values![id])? else { return Ok(()) };
    if blake3::Hash::from_bytes(row.array(0)?) != hash {
        return Ok(());
    }
    tx.execute("DELETE FROM sessions WHERE id = $1", values![id])?;
    let event = json(&AuditEvent::SignedOut { token: row.text(1)?.to_owned() })?;
    record(tx, line, &event, row.text(2)?, now).map(drop)
}

/// A new value: what it is, its id, and 256 bits of chance.
fn mint(word: &str) -> Result<(String, Zeroizing<String>)> {
    let id: String = random::name()?.chars().take(16).collect();
    let chance = Zeroizing::new(random::bytes::<32>()?);
    let value = Zeroizing::new(format!("{word}{id}_{}", BASE64.encode(chance.as_slice())));
    Ok((id, value))
}

/// The id in a value, and the hash of all of it.
fn named(key: &StoreKey, word: &str, value: &str) -> Option<(String, blake3::Hash)> {
    let (id, _) = value.strip_prefix(word)?.split_once('_')?;
    let fits = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| (id.to_owned(), key.hash(value.as_bytes())))
}

fn counts(token: &Token, now: Timestamp) -> bool {
    token.revoked.is_none() && token.expires.is_none_or(|expires| expires > now)
}

fn token(row: &Row) -> Result<Token> {
    Ok(Token {
        id: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        role: row.text(2)?.to_owned(),
        created: row.time(3)?,
        expires: row.maybe_time(4)?,
        revoked: row.maybe_time(5)?,
        last_used: row.maybe_time(6)?,
    })
}

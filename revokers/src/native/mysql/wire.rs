//! What MySQL and MariaDB say to each other with a client: logins and statements
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html>, <https://mariadb.com/kb/en/clientserver-protocol/>).
//!
//! The usual client crates bring compression, chrono, decimals and a build of C; a login and a few statements need this page.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::Why;
use crate::dial::Wire;

/// The most that is read of one packet, in bytes.
const PACKET_MAX: usize = 1 << 20;

/// Capabilities (<https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html>): long passwords, long flags,
/// protocol 4.1, transactions, secure connection, plug-ins for authentication.
const CAPABILITIES: u32 = 0x1 | 0x4 | 0x200 | 0x2000 | 0x8000 | 0x8_0000;
/// The capability to speak TLS.
pub(super) const TLS: u32 = 0x800;
/// utf8mb4 in its general collation, which every version knows.
const CHARSET: u8 = 45;

pub(super) fn foreign() -> Why {
    Why::Other { detail: "this is no MySQL: the answer is not of its protocol".to_owned() }
}

fn broken<E>(_: E) -> Why {
    Why::Transport { detail: "the connection broke off".to_owned(), sent: true }
}

/// Packets of a connection, which are counted.
pub(super) struct Packets<W> {
    pub(super) wire: W,
    pub(super) number: u8,
}

impl<W: Wire> Packets<W> {
    pub(super) async fn read(&mut self) -> Result<Zeroizing<Vec<u8>>, Why> {
        let mut head = [0; 4];
        self.wire.read_exact(&mut head).await.map_err(broken)?;
        let [low, middle, high, number] = head;
        let length = u32::from_le_bytes([low, middle, high, 0]) as usize;
        if length > PACKET_MAX {
            return Err(Why::TooLarge { limit: PACKET_MAX });
        }
        self.number = number.wrapping_add(1);
        let mut body = Zeroizing::new(vec![0; length]);
        self.wire.read_exact(&mut body).await.map_err(broken)?;
        Ok(body)
    }

    pub(super) async fn write(&mut self, body: &[u8]) -> Result<(), Why> {
        let length = u32::try_from(body.len()).map_err(|_| foreign())?.to_le_bytes();
        let mut packet = Zeroizing::new(vec![length[0], length[1], length[2], self.number]);
        packet.extend_from_slice(body);
        self.number = self.number.wrapping_add(1);
        self.wire.write_all(&packet).await.map_err(broken)?;
        self.wire.flush().await.map_err(broken)
    }
}

/// Bytes that are read from the front.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Why> {
        let (head, rest) = self.0.split_at_checked(length).ok_or_else(foreign)?;
        self.0 = rest;
        Ok(head)
    }

    fn number(&mut self, length: usize) -> Result<u64, Why> {
        Ok(self.take(length)?.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }

    /// What stands before the next zero, or to the end.
    fn until_zero(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let head = self.0.get(..end).unwrap_or_default();
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        head
    }

    /// A number of one to nine bytes; `None` is NULL.
    pub(super) fn length(&mut self) -> Result<Option<usize>, Why> {
        let number = match self.number(1)? {
            0xfb => return Ok(None),
            0xfc => self.number(2)?,
            0xfd => self.number(3)?,
            0xfe => self.number(8)?,
            0xff => return Err(foreign()),
            small => small,
        };
        usize::try_from(number).map(Some).map_err(|_| foreign())
    }

    pub(super) fn text(&mut self) -> Result<String, Why> {
        let Some(length) = self.length()? else { return Ok(String::new()) };
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }
}

/// What the server says first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    pub(super) version: String,
    pub(super) capabilities: u32,
    pub(super) nonce: Vec<u8>,
    pub(super) method: String,
}

impl Greeting {
    pub(super) fn parse(packet: &[u8]) -> Result<Self, Why> {
        let mut bytes = Bytes(packet);
        if bytes.number(1)? != 10 {
            return Err(foreign());
        }
        let version = String::from_utf8_lossy(bytes.until_zero()).into_owned();
        bytes.take(4)?;
        let mut nonce = bytes.take(8)?.to_vec();
        bytes.take(1)?;
        let low = bytes.number(2)?;
        bytes.take(3)?;
        let high = bytes.number(2)?;
        let length = bytes.number(1)? as usize;
        bytes.take(10)?;
        let rest = bytes.take(length.saturating_sub(8).max(13))?;
        nonce.extend_from_slice(rest.strip_suffix(&[0]).unwrap_or(rest));
        let method = String::from_utf8_lossy(bytes.until_zero()).into_owned();
        Ok(Self { version, capabilities: ((high << 16) | low) as u32, nonce, method })
    }

    pub(super) fn is_mariadb(&self) -> bool {
        self.version.contains("MariaDB")
    }
}

/// For the fuzz targets: whatever a server says is read, or refused.
#[cfg(fuzzing)]
pub(crate) fn fuzz(said: &[u8]) {
    let _ = error(said);
    if let Ok(greeting) = Greeting::parse(said) {
        let _ = (greeting.is_mariadb(), answer(&greeting.method, &greeting.nonce, "a password", false));
    }
    let mut bytes = Bytes(said);
    while bytes.text().is_ok() && !bytes.0.is_empty() {}
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut packets = Packets { wire: std::io::Cursor::new(said.to_vec()), number: 0 };
    while runtime.block_on(packets.read()).is_ok() {}
}

/// The head of a login, which alone is the request for TLS.
pub(super) fn head(tls: bool) -> Vec<u8> {
    let mut body = (CAPABILITIES | if tls { TLS } else { 0 }).to_le_bytes().to_vec();
    body.extend((PACKET_MAX as u32).to_le_bytes());
    body.push(CHARSET);
    body.extend([0; 23]);
    body
}

/// A login, without a database: whether that exists says nothing of the password.
pub(super) fn login(tls: bool, user: &str, answer: &[u8], method: &str) -> Result<Zeroizing<Vec<u8>>, Why> {
    let malformed = || Why::Malformed { part: "user".to_owned() };
    let mut body = Zeroizing::new(head(tls));
    body.extend(Some(user).filter(|user| !user.contains('\0')).ok_or_else(malformed)?.as_bytes());
    body.push(0);
    body.push(u8::try_from(answer.len()).map_err(|_| malformed())?);
    body.extend(answer);
    body.extend(method.as_bytes());
    body.push(0);
    Ok(body)
}

/// The answer to a challenge; `None` if we do not speak the method. What sends the password itself is spoken in TLS only.
pub(super) fn answer(method: &str, nonce: &[u8], password: &str, tls: bool) -> Option<Zeroizing<Vec<u8>>> {
    let clear = || Zeroizing::new([password.as_bytes(), &[0]].concat());
    match method {
        _ if password.is_empty() => Some(Zeroizing::default()),
        "mysql_native_password" => {
            let once = Sha1::digest(password);
            let mask = Sha1::new().chain_update(nonce).chain_update(Sha1::digest(once)).finalize();
            Some(Zeroizing::new(once.iter().zip(mask).map(|(a, b)| a ^ b).collect()))
        }
        "caching_sha2_password" => {
            let once = Sha256::digest(password);
            let mask =
                Sha256::new().chain_update(Sha256::digest(Sha256::digest(password))).chain_update(nonce).finalize();
            Some(Zeroizing::new(once.iter().zip(mask).map(|(a, b)| a ^ b).collect()))
        }
        "sha256_password" | "mysql_clear_password" if tls => Some(clear()),
        _ => None,
    }
}

/// What MariaDB keeps of a password (<https://mariadb.com/kb/en/authentication-plugin-mysql_native_password/>).
pub(super) fn verifier(password: &str) -> String {
    format!("*{}", crate::credential::hex(&Sha1::digest(Sha1::digest(password))).to_ascii_uppercase())
}

/// The number of an error packet.
pub(super) fn error(packet: &[u8]) -> Option<u16> {
    match packet {
        [0xff, low, high, ..] => Some(u16::from_le_bytes([*low, *high])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_read_and_a_damaged_one_refused() {
        let mut packet = b"\x0a10.11.6-MariaDB\0\x01\0\0\0abcdefgh\0\xfe\xf7\x2d\x02\0\xff\x81\x15".to_vec();
        packet.extend([0; 10]);
        packet.extend(b"ijklmnopqrst\0mysql_native_password\0");
        let greeting = Greeting::parse(&packet);
        let is = Greeting {
            version: "10.11.6-MariaDB".to_owned(),
            capabilities: 0x81ff_f7fe,
            nonce: b"abcdefghijklmnopqrst".to_vec(),
            method: "mysql_native_password".to_owned(),
        };
        assert_eq!(greeting, Ok(is));
        for end in 0..packet.len() - 22 {
            assert!(Greeting::parse(packet.get(..end).unwrap_or_default()).is_err(), "{end}");
        }
        assert!(Greeting::parse(b"\x09old\0").is_err());
    }

    #[test]
    fn numbers_are_as_long_as_their_first_byte_says() {
        let length = |bytes: &[u8]| Bytes(bytes).length();
        assert_eq!(length(&[250]), Ok(Some(250)));
        assert_eq!(length(&[0xfc, 1, 1]), Ok(Some(257)));
        assert_eq!(length(&[0xfb]), Ok(None));
        assert!(length(&[0xfd, 1]).is_err() && length(&[0xff]).is_err() && length(&[]).is_err());
    }

    #[test]
    fn a_password_goes_in_clear_in_tls_only() {
        assert!(answer("mysql_clear_password", b"", "abc", false).is_none());
        assert!(answer("sha256_password", b"", "abc", true).is_some_and(|clear| *clear == b"abc\0"));
        assert!(answer("dialog", b"", "abc", true).is_none());
        // SELECT PASSWORD('abc') of MariaDB.
        assert_eq!(verifier("abc"), "*0D3CED9BEC10A777AEC23CCC353A8C08A633045E");
    }
}

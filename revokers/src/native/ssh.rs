//! The public half of an SSH key, by which services list it. A private key in OpenSSH's own form holds it in clear, even where the rest is
//! encrypted (<https://cvsweb.openbsd.org/src/usr.bin/ssh/PROTOCOL.key>).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::Digest as _;
use zeroize::Zeroizing;

use super::signer::{Deriving, Signer, need};
use crate::{Doing, Values, Why};

/// Derives the public key and its fingerprint. Who gives them as parts is believed: keys in other forms do not show them.
#[derive(Debug)]
pub(crate) struct PublicKey;

impl Signer for PublicKey {
    fn derives(&self) -> &'static [&'static str] {
        &["public_key", "fingerprint"]
    }

    fn finds(&self) -> &'static [&'static str] {
        &["public_key", "fingerprint"]
    }

    fn derive<'a>(&'a self, what: Deriving<'a>) -> Doing<'a, Result<(), Why>> {
        Box::pin(std::future::ready(derive(what.values)))
    }
}

fn derive(values: &mut Values) -> Result<(), Why> {
    let missing = || Why::Missing { part: "public_key".to_owned() };
    let (name, blob) = match values.get("public_key") {
        Some(line) => of_line(line),
        None => of_private(need(values, "secret")?),
    }
    .ok_or_else(missing)?;
    values.set("public_key", format!("{name} {}", STANDARD.encode(&blob)));
    values.set("fingerprint", format!("SHA256:{}", STANDARD_NO_PAD.encode(sha2::Sha256::digest(&blob))));
    Ok(())
}

/// For the fuzz targets: a key is read or refused, from text or from the bytes in it.
#[cfg(fuzzing)]
pub(crate) fn fuzz(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = (of_line(&text), of_private(&text));
    let inside = STANDARD.encode([b"openssh-key-v1\0", data].concat());
    let made = of_private(&format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{inside}\n-----END"));
    assert!(made.is_none_or(|(name, blob)| !name.is_empty() && blob.len() < data.len()));
}

/// Reads `type base64 comment`.
fn of_line(line: &str) -> Option<(String, Vec<u8>)> {
    let blob = STANDARD.decode(line.split_whitespace().nth(1)?).ok()?;
    Some((name(&blob)?, blob))
}

/// Reads a private key in OpenSSH's form.
fn of_private(pem: &str) -> Option<(String, Vec<u8>)> {
    let text = Zeroizing::new(pem.replace("\\n", "\n"));
    let (_, rest) = text.split_once("-----BEGIN OPENSSH PRIVATE KEY-----")?;
    let (inside, _) = rest.split_once("-----END")?;
    let base64 = Zeroizing::new(inside.split_whitespace().collect::<String>());
    let bytes = Zeroizing::new(STANDARD.decode(base64.as_bytes()).ok()?);
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    // Cipher, derivation of its key, the derivation's options, the number of keys.
    for _ in 0..3 {
        string(&mut rest)?;
    }
    let one = rest.split_off(..4)? == [0, 0, 0, 1];
    let blob = string(&mut rest).filter(|_| one)?.to_vec();
    Some((name(&blob)?, blob))
}

/// The type of a public key, which stands first in it.
fn name(mut blob: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(string(&mut blob)?).ok()?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '@' | '.');
    (!name.is_empty() && name.chars().all(legal)).then(|| name.to_owned())
}

/// A string: its length, and it.
fn string<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = input.split_off(..4)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    input.split_off(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string_of(text: &[u8]) -> Vec<u8> {
        [&u32::try_from(text.len()).unwrap_or_default().to_be_bytes(), text].concat()
    }

    #[test]
    fn the_public_half_of_a_private_key_is_read_and_a_damaged_one_refused() {
        let public = [string_of(b"ssh-ed25519"), string_of(&[7; 32])].concat();
        let head =
            [b"openssh-key-v1\0".to_vec(), string_of(b"aes256-ctr"), string_of(b"bcrypt"), string_of(b"x")].concat();
        let whole = [head, vec![0, 0, 0, 1], string_of(&public), string_of(b"encrypted")].concat();
        let pem = |bytes: &[u8]| {
            let (kind, body) = ("OPENSSH PRIVATE KEY", STANDARD.encode(bytes));
            format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----")
        };
        assert_eq!(of_private(&pem(&whole)), Some(("ssh-ed25519".to_owned(), public.clone())));
        for end in 0..whole.len() - 13 {
            assert_eq!(of_private(&pem(whole.get(..end).unwrap_or_default())), None, "{end}");
        }
        let line = format!("ssh-ed25519 {} somebody@somewhere", STANDARD.encode(&public));
        assert_eq!(of_line(&line).map(|(name, _)| name).as_deref(), Some("ssh-ed25519"));
        assert_eq!(of_line("ssh-ed25519"), None);
    }
}

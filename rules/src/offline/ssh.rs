//! Keys in OpenSSH's own format: <https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key>.

use super::check::Checked;
use super::codec::Reader;

/// How the binary starts.
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// Reads the frame of a key file. A key without passphrase repeats a random number, which must match.
pub(super) fn checked(bytes: &[u8]) -> Option<Checked> {
    let mut file = Reader(bytes.strip_prefix(MAGIC)?);
    let cipher = file.ssh_string()?;
    let _derivation = file.ssh_string()?;
    let _options = file.ssh_string()?;
    let keys = file.number(4).filter(|count| (1..=16).contains(count))?;
    let kind = Reader(file.ssh_string()?).ssh_string()?;
    for _ in 1..keys {
        file.ssh_string()?;
    }
    let secret = file.ssh_string().filter(|secret| secret.len() >= 16)?;
    let open = cipher == b"none";
    let checked = Checked::yes()
        .with("algorithm", String::from_utf8_lossy(kind))
        .with("encrypted", if open { "no" } else { "yes" });
    (!open || opens(secret, kind)).then_some(checked)
}

/// Whether the two check numbers agree and the key type of the public part follows.
fn opens(secret: &[u8], kind: &[u8]) -> bool {
    let mut secret = Reader(secret);
    let (first, second) = (secret.number(4), secret.number(4));
    first.is_some() && first == second && secret.ssh_string() == Some(kind)
}

/// A key file of random bytes for tests.
#[cfg(test)]
pub(crate) fn fake(cipher: &str, seed: u64) -> Vec<u8> {
    let string = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat();
    let mut random = super::testing::Random(seed);
    let public = [string(b"ssh-ed25519"), string(&random.bytes(32))].concat();
    let number = random.bytes(4);
    let parts = [string(cipher.as_bytes()), string(b"none"), string(b""), vec![0, 0, 0, 1], string(&public)];
    let secret = [number.clone(), number, public, string(&random.bytes(64)), string(b"me"), vec![1, 2, 3]];
    [MAGIC, &parts.concat(), &string(&secret.concat())].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_and_encrypted_keys() {
        for (cipher, encrypted) in [("none", "no"), ("aes256-ctr", "yes")] {
            let facts = checked(&fake(cipher, 1)).expect("a key").facts;
            let values: Vec<&str> = facts.iter().map(|fact| fact.value.as_str()).collect();
            assert_eq!(values, ["ssh-ed25519", encrypted]);
        }
    }

    #[test]
    fn check_numbers_must_agree() {
        let mut key = fake("none", 1);
        let at = MAGIC.len() + 8 + 8 + 4 + 4 + 4 + 51 + 4;
        key[at] ^= 1;
        assert_eq!(checked(&key), None);
    }

    #[test]
    fn cut_keys_are_wrong() {
        let key = fake("none", 2);
        for end in 0..key.len() {
            assert_eq!(checked(&key[..end]), None);
        }
    }
}

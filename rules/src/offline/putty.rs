//! `PuTTY`'s key files: <https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html>.

use super::check::{Check, Checked, parsed};
use super::codec::{self, Reader};

/// A key file taken apart; texts point into the file.
struct File<'a> {
    version: &'a str,
    algorithm: &'a str,
    encryption: &'a str,
    comment: &'a str,
    public: Vec<u8>,
    private: Vec<u8>,
    mac: &'a str,
}

/// Longest file that is read, in bytes.
const FILE_MAX: usize = 64 * 1024;
/// Most lines of base64 a part can have.
const LINES_MAX: usize = 512;

/// The structure of a `.ppk` file, and its MAC where no passphrase is needed to compute it.
pub(super) const PPK: Check = Check::structure("putty-private-key", |file| parsed(checked(file))).about(
    "headers, public and private part in base64, MAC; the MAC is verified for version 3 without passphrase",
    "https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html",
);

/// Reads the file and checks what can be.
fn checked(file: &[u8]) -> Option<Checked> {
    let text = std::str::from_utf8(file.get(..file.len().min(FILE_MAX))?).ok()?;
    let file = File::parse(text)?;
    let open = file.encryption == "none";
    let right = match (file.version, open) {
        ("3", true) => file.mac.eq_ignore_ascii_case(&file.mac_without_key()),
        ("3", false) => file.mac.len() == 64,
        _ => file.mac.len() == 40,
    };
    let named = Reader(&file.public).ssh_string() == Some(file.algorithm.as_bytes());
    let checked = Checked::yes().with("algorithm", file.algorithm).with("encrypted", if open { "no" } else { "yes" });
    (right && named && !file.private.is_empty()).then_some(checked)
}

impl<'a> File<'a> {
    /// Takes the lines in the order the format prescribes, skipping those of the key derivation.
    fn parse(text: &'a str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let (version, algorithm) = lines.next()?.strip_prefix("PuTTY-User-Key-File-")?.split_once(": ")?;
        let encryption = lines.next()?.strip_prefix("Encryption: ")?;
        let comment = lines.next()?.strip_prefix("Comment:")?.trim_start();
        let public = part(&mut lines, "Public-Lines: ")?;
        let private = part(&mut lines, "Private-Lines: ")?;
        let mac = lines.find_map(|line| line.strip_prefix("Private-MAC: "))?;
        matches!(version, "2" | "3").then_some(Self { version, algorithm, encryption, comment, public, private, mac })
    }

    /// The MAC of version 3 for a key without passphrase: HMAC-SHA-256 under an empty key.
    fn mac_without_key(&self) -> String {
        let parts = [
            self.algorithm.as_bytes(),
            self.encryption.as_bytes(),
            self.comment.as_bytes(),
            &self.public,
            &self.private,
        ];
        let message: Vec<u8> =
            parts.iter().flat_map(|part| [&(part.len() as u32).to_be_bytes()[..], part].concat()).collect();
        codec::hex(&codec::hmac_sha256_no_key(&message))
    }
}

/// A part of so many lines of base64, its header not necessarily next.
fn part<'a>(lines: &mut impl Iterator<Item = &'a str>, header: &str) -> Option<Vec<u8>> {
    let count = lines.find_map(|line| line.strip_prefix(header))?;
    let count: usize = count.parse().ok().filter(|count| *count <= LINES_MAX)?;
    let text: Vec<&str> = lines.take(count).collect();
    (text.len() == count).then_some(())?;
    codec::base64_decode_lenient(text.concat().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::testing::{Random, fact};
    use super::*;

    /// A key file of random bytes with the MAC the format prescribes.
    fn file(encryption: &str, seed: u64) -> String {
        let mut random = Random(seed);
        let public = [&[0, 0, 0, 11][..], b"ssh-ed25519", &random.bytes(36)].concat();
        let private = random.bytes(40);
        let parts = File {
            version: "3",
            algorithm: "ssh-ed25519",
            encryption,
            comment: "a key",
            public: public.clone(),
            private: private.clone(),
            mac: "",
        };
        let mac = parts.mac_without_key();
        let [public, private] = [public, private].map(|part| codec::base64_encode(&part));
        format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: {encryption}\r\nComment: a key\r\nPublic-Lines: 1\r\n\
             {public}\r\nPrivate-Lines: 1\r\n{private}\r\nPrivate-MAC: {mac}\r\n"
        )
    }

    #[test]
    fn mac_must_hold_without_a_passphrase() {
        let good = file("none", 1);
        assert_eq!(fact(&PPK, good.as_bytes(), "algorithm").as_deref(), Some("ssh-ed25519"));
        for other in [good.replace("a key", "my key"), good.replace("Private-MAC: ", "Private-MAC: 0")] {
            assert_eq!((PPK.run)(other.as_bytes()).holds, Holds::No);
        }
        assert_eq!(fact(&PPK, file("aes256-cbc", 1).as_bytes(), "encrypted").as_deref(), Some("yes"));
    }

    #[test]
    fn cut_files_are_wrong() {
        let good = file("none", 2);
        for end in 0..good.len() - 2 {
            assert_eq!((PPK.run)(&good.as_bytes()[..end]).holds, Holds::No, "{end}");
        }
    }
}

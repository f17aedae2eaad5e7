//! Private keys in PEM armour: <https://www.rfc-editor.org/rfc/rfc7468>.
//!
//! Keys in the wild stand in JSON, environment files and source: with `\n` for line ends, in quotes,
//! indented. What is left when that is taken away must be base64; anything else (dots, "redacted") is no key.

use super::check::{Check, Checked, parsed};
use super::{codec, der, pgp, ssh};

/// Longest text that is looked at, in bytes.
const TEXT_MAX: usize = 256 * 1024;

/// A PEM block.
struct Pem {
    /// What stands after `BEGIN`, for example `RSA PRIVATE KEY`.
    label: String,
    /// The headers of RFC 1421 say that the key is encrypted.
    encrypted: bool,
    /// The base64 text, with padding, without anything else; for OpenPGP its checksum is still there.
    body: String,
}

impl Pem {
    /// Finds the first block in `text`, which may lack its last line.
    fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (_, rest) = text.split_once("-----BEGIN ")?;
        let (label, rest) = rest.split_once("-----")?;
        let inside = rest.split_once("-----END").map_or(rest, |(inside, _)| inside);
        let text = unescaped(inside);
        let header = |line: &&str| line.contains(':');
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !header(line)).collect();
        let encrypted = text.lines().filter(header).any(|line| line.contains("ENCRYPTED"));
        let mark = margin(&lines);
        let body = lines.iter().flat_map(|line| bare(line.strip_prefix(mark).unwrap_or(line))).collect();
        Some(Self { label: label.to_owned(), encrypted, body })
    }

    /// The bytes inside the armour.
    fn bytes(&self) -> Option<Vec<u8>> {
        codec::base64_decode_lenient(self.body.as_bytes())
    }

    /// Looks into the block; labels we do not know say nothing.
    fn checked(&self) -> Option<Checked> {
        let checked = match self.label.as_str() {
            "OPENSSH PRIVATE KEY" => ssh::checked(&self.bytes()?)?,
            "PGP PRIVATE KEY BLOCK" => pgp::checked(&self.body)?,
            _ if self.encrypted => {
                let whole = self.bytes()?.len();
                (whole >= 64 && whole.is_multiple_of(8)).then(|| Checked::yes().with("encrypted", "yes"))?
            }
            label if label.ends_with("PRIVATE KEY") => der::private_key(&self.bytes()?)?.checked(),
            _ => Checked::unknown(),
        };
        Some(checked.with("form", &self.label))
    }
}

/// Replaces what other formats write for line ends and base64 characters: backslash escapes of any depth,
/// percent signs, references of HTML.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (c, used) = escape(rest).unwrap_or((c, c.len_utf8()));
        out.push(c);
        rest = rest.get(used..).unwrap_or_default();
    }
    out
}

/// The escape `rest` starts with: what it stands for, and its length in bytes.
fn escape(rest: &str) -> Option<(char, usize)> {
    let code = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    match rest.as_bytes().first()? {
        b'\\' => {
            let after = rest.trim_start_matches('\\');
            let used = rest.len() - after.len();
            Some(match after.as_bytes().first() {
                Some(b'n' | b'r' | b't') => ('\n', used + 1),
                Some(b'u') => (code(after.get(1..5)?)?, used + 5),
                _ => (' ', used),
            })
        }
        b'%' => Some((code(rest.get(1..3)?)?, 3)),
        b'&' => {
            let end = rest.bytes().take(7).position(|c| c == b';')?;
            let number = rest.get(2..end).filter(|_| rest.starts_with("&#"))?;
            let c = match number.strip_prefix(['x', 'X']) {
                Some(digits) => code(digits)?,
                None => char::from_u32(number.parse().ok()?)?,
            };
            Some((c, end + 1))
        }
        b'<' => {
            rest.get(..3).filter(|tag| tag.eq_ignore_ascii_case("<br"))?;
            let end = rest.bytes().take(6).position(|c| c == b'>')?;
            Some(('\n', end + 1))
        }
        _ => None,
    }
}

/// A mark that is also base64 and stands before every line: the plus of a diff, the slashes of a comment.
fn margin(lines: &[&str]) -> &'static str {
    let all = |mark: &&&str| {
        let mut filled = lines.iter().filter(|line| !line.is_empty()).peekable();
        filled.peek().is_some() && filled.all(|line| line.starts_with(**mark))
    };
    ["+", "//"].iter().find(all).copied().unwrap_or_default()
}

/// What string literals are quoted with.
const QUOTES: [char; 3] = ['"', '\'', '`'];

/// The base64 characters of a line. Whatever else stands there is an ornament of the text around, and if it is
/// not, what is left decodes to no key.
fn bare(line: &str) -> impl Iterator<Item = char> {
    let line = line.trim();
    // A plus sign that joins string literals stands beside a quote; one that is base64 does not.
    let line = line.strip_suffix('+').map(str::trim_end).filter(|rest| rest.ends_with(QUOTES)).unwrap_or(line);
    let line = line.strip_prefix('+').map(str::trim_start).filter(|rest| rest.starts_with(QUOTES)).unwrap_or(line);
    line.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='))
}

/// A private key in PEM armour.
pub(super) const PEM: Check = Check::structure("pem-private-key", run).about(
    "armour lines, base64, and inside a PKCS#1, PKCS#8, SEC1, DSA, OpenSSH or OpenPGP key; tells if it is encrypted",
    "https://www.rfc-editor.org/rfc/rfc7468",
);

/// A block without its last line may have been cut off by who looked at it.
pub(super) fn run(text: &[u8]) -> Checked {
    let cut = text.len() > TEXT_MAX || !text.windows(8).any(|eight| eight == b"-----END");
    let block = text.get(..TEXT_MAX).unwrap_or(text);
    match Pem::parse(block).and_then(|pem| pem.checked()) {
        Some(checked) => checked,
        None if cut && text.windows(11).any(|eleven| eleven == b"-----BEGIN ") => Checked::unknown(),
        None => Checked::no(),
    }
}

/// Base64 of a private key in PEM armour.
pub(super) const PEM_BASE64: Check = Check::structure("pem-private-key-base64", |text| {
    parsed(codec::base64_decode_lenient(text).map(|inner| run(&inner)))
})
.about("base64 of a private key in PEM armour", "https://www.rfc-editor.org/rfc/rfc7468");

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::testing::{Random, fact};
    use super::*;

    /// Armour around `bytes`, in lines of 64.
    fn armour(label: &str, bytes: &[u8]) -> String {
        let text = codec::base64_encode(bytes);
        let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|l| std::str::from_utf8(l).ok()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }

    const RSA: &str = "RSA PRIVATE KEY";

    #[test]
    fn every_label() {
        for (label, bytes, encrypted) in [
            (RSA, der::fake::rsa(1), "no"),
            ("PRIVATE KEY", der::fake::pkcs8(0, &der::fake::rsa(2)), "no"),
            ("EC PRIVATE KEY", der::fake::ec(3), "no"),
            ("ENCRYPTED PRIVATE KEY", der::fake::encrypted(4), "yes"),
            ("OPENSSH PRIVATE KEY", ssh::fake("none", 5), "no"),
        ] {
            let text = armour(label, &bytes);
            assert_eq!(fact(&PEM, text.as_bytes(), "encrypted").as_deref(), Some(encrypted), "{label}");
            assert_eq!(fact(&PEM, text.as_bytes(), "form").as_deref(), Some(label));
            let twice = codec::base64_encode(text.as_bytes());
            assert_eq!(fact(&PEM_BASE64, twice.as_bytes(), "form").as_deref(), Some(label));
            let junk = armour(label, &Random(6).bytes(300));
            assert_eq!(run(junk.as_bytes()).holds, Holds::No, "{label}");
        }
        assert_eq!(run(armour("OTHER KEY", b"x").as_bytes()).holds, Holds::Unknown);
    }

    #[test]
    fn keys_as_they_stand_in_source() {
        let text = armour(RSA, &der::fake::rsa(7));
        let each = |before: &str, after: &str| {
            text.lines().fold(String::new(), |all, line| all + before + line + after + "\n")
        };
        for written in [
            text.replace('\n', "\\n"),
            text.replace('\n', "\\r\\n"),
            text.replace('\n', "\\\\n"),
            text.replace('\n', "\\u000a"),
            text.replace('\n', "\r\n    "),
            text.replace('\n', " "),
            text.replace('\n', "<br />"),
            text.replace('\n', "&#10;"),
            text.replace('\n', "&#xD;&#xA;"),
            text.replace('+', "%2B").replace('=', "%3D").replace('\n', "%0A"),
            text.replace('/', "\\/"),
            text.trim_end().trim_end_matches(|c| c != '\n').to_owned(),
            each("    \"", "\\n\" +"),
            each("  + \"", "\\n\""),
            each("$k .= '", "';").replace("$k .= ", ". "),
            each("# ", ""),
            each("// ", ""),
            each("//", ""),
            each(" * ", ""),
            each("> ", ""),
            each("+", ""),
            each("-", ""),
        ] {
            assert_eq!(run(written.as_bytes()).holds, Holds::Yes, "{}", written.get(..200).unwrap_or_default());
        }
    }

    #[test]
    fn placeholders_are_wrong_and_cut_keys_unknown() {
        for inside in ["...", "<redacted>", "your key here", "MIIEow", ""] {
            let text = format!("-----BEGIN {RSA}-----\n{inside}\n-----END {RSA}-----");
            assert_eq!(run(text.as_bytes()).holds, Holds::No, "{inside}");
        }
        let text = armour(RSA, &der::fake::rsa(8));
        assert_eq!(run(&text.as_bytes()[..400]).holds, Holds::Unknown);
    }

    #[test]
    fn proc_type_marks_a_passphrase() {
        let headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n";
        let begin = format!("-----BEGIN {RSA}-----\n");
        let text = armour(RSA, &Random(9).bytes(1200)).replacen(&begin, &format!("{begin}{headers}"), 1);
        assert_eq!(fact(&PEM, text.as_bytes(), "encrypted").as_deref(), Some("yes"));
    }

    #[test]
    fn openpgp_blocks() {
        let mut bytes = Random(10).bytes(400);
        bytes[0] = 0x95;
        let sum = codec::base64_encode(&codec::crc24(&bytes).to_be_bytes()[1..]);
        let label = "PGP PRIVATE KEY BLOCK";
        let text = armour(label, &bytes).replacen("BLOCK-----\n", "BLOCK-----\nVersion: GnuPG v2\n\n", 1).replacen(
            "\n-----END",
            &format!("\n={sum}\n-----END"),
            1,
        );
        assert_eq!(run(text.as_bytes()).holds, Holds::Yes);
        assert_eq!(run(text.replace(&sum, "AAAA").as_bytes()).holds, Holds::No);
    }
}

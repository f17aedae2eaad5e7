//! What stands before a value and says that it is a digest: `sha256:`, `checksum = "`, or the `@` of a pinned commit. No provider gives a credential
//! such a name, and lock files and workflows are full of them.

/// Names of digests, or how they end. A `hash` may be a credential (Telegram's `api_hash`).
const NAMES: [&[u8]; 8] = [b"checksum", b"digest", b"md5", b"sha1", b"sha224", b"sha256", b"sha384", b"sha512"];
/// Names that commits have, and other things too.
const NAMES_OF_COMMITS: [&[u8]; 4] = [b"blob", b"commit", b"rev", b"tree"];
const LONGEST_NAME: usize = 8;
/// So many signs may stand between name and value, as in `": "`.
const MOST_SIGNS: usize = 4;
/// The digits of a commit's id.
const COMMIT: usize = 40;

/// So many bytes before a value tell whether it has the name of a digest.
pub(crate) const REACH: usize = LONGEST_NAME + MOST_SIGNS;

/// Whether what stands right before a place says that a digest starts there, in letters of either case. Behind the place nothing is looked at but
/// letters, digits, and what ends them.
#[inline]
pub(crate) fn is_named(input: &[u8], start: usize) -> bool {
    let Some((before, rest)) = input.split_at_checked(start) else { return false };
    match before.last() {
        Some(b'@' | b'#') => is_commit(rest),
        Some(byte) if is_sign(*byte) => ends_with_name(before, rest),
        _ => false,
    }
}

#[inline(never)]
fn ends_with_name(before: &[u8], rest: &[u8]) -> bool {
    let signs = before.iter().rev().take(MOST_SIGNS).take_while(|byte| is_sign(**byte)).count();
    let name = before.get(..before.len() - signs).unwrap_or_default();
    let Some(last) = name.last().map(u8::to_ascii_lowercase) else { return false };
    let is_end = |end: &&[u8]| {
        let there = || name.len().checked_sub(end.len()).and_then(|at| name.get(at..));
        // Most differ in the last byte.
        end.last() == Some(&last) && there().is_some_and(|there| there.eq_ignore_ascii_case(end))
    };
    NAMES.iter().any(is_end) || (NAMES_OF_COMMITS.iter().any(is_end) && is_commit(rest))
}

fn is_sign(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'\'' | b'`' | b':' | b'=' | b'-' | b'/')
}

/// Whether these bytes start with the id of a commit.
fn is_commit(bytes: &[u8]) -> bool {
    let Some((id, rest)) = bytes.split_at_checked(COMMIT) else { return false };
    id.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && !rest.first().is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether something that starts with so many hex digits is a digest by what stands before it.
    fn named(before: &str, digits: usize) -> bool {
        is_named(format!("{before}{}\"", &"0123456789abcdef".repeat(8)[..digits]).as_bytes(), before.len())
    }

    #[test]
    fn names_of_digests_are_known() {
        let all = [
            "checksum = \"",
            "\"sha256\": \"",
            "hash = \"sha256:",
            "image@sha256:",
            "blobs/sha256/",
            "integrity sha512-",
            "#sha1=",
            "--hash=md5:",
            "'distSha384': '",
            "SHA224: ",
            "x-digest='",
            "md5-",
        ];
        for text in all {
            assert!(named(text, 64) && named(text, 31), "{text}");
        }
        let others = [
            "",
            "sha256",
            "sha256~",
            "sha256 =   \"",
            "hash = \"",
            "sha-256: ",
            "api_hash=",
            "ha256:",
            "token ",
            "checksums=",
            ":",
        ];
        for text in others {
            assert!(!named(text, 64) && !named(text, 40), "{text}");
        }
    }

    #[test]
    fn pinned_commits_are_known_by_their_length() {
        let all = ["uses: actions/checkout@", "git+https://example.com/a#", "rev = \"", "/blob/", "/tree/", "commit "];
        for text in all {
            assert!(named(text, COMMIT), "{text}");
            assert!(!named(text, COMMIT - 1) && !named(text, COMMIT + 1) && !named(text, 64), "{text}");
        }
        let upper = format!("@{}", "ABCDE".repeat(8));
        assert!(!is_named(upper.as_bytes(), 1), "git writes small letters");
        assert!(is_named(upper.to_lowercase().as_bytes(), 1), "at the end of the input");
    }

    #[test]
    fn nothing_further_away_tells() {
        let names = NAMES.iter().chain(&NAMES_OF_COMMITS);
        assert_eq!(names.map(|name| name.len()).max(), Some(LONGEST_NAME));
        let longest = "checksum = \"";
        assert_eq!(longest.len(), REACH);
        assert!(is_named(longest.as_bytes(), REACH) && !is_named(&longest.as_bytes()[1..], REACH - 1));
    }
}

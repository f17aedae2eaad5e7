//! Words around a candidate.

use crate::prefilter::rareness;

/// Whether the word (lower case) stands in the text in either case. A word of up to four letters must not be part of a longer
/// one.
pub(crate) fn holds_word(text: &[u8], word: &[u8]) -> bool {
    let Some((place, &rarest)) = word.iter().enumerate().max_by_key(|(_, byte)| rareness(**byte)) else { return false };
    memchr::memchr2_iter(rarest, rarest.to_ascii_uppercase(), text).any(|at| {
        let Some(start) = at.checked_sub(place) else { return false };
        let there = text.get(start..start + word.len());
        there.is_some_and(|there| there.eq_ignore_ascii_case(word)) && stands_alone(text, start, word.len())
    })
}

/// Whether a short word is none that is part of a longer one.
pub(crate) fn stands_alone(text: &[u8], at: usize, length: usize) -> bool {
    const SHORT: usize = 4;
    if length > SHORT {
        return true;
    }
    let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic);
    // `apiKey`: a capital starts a word of its own.
    let camel = text.get(at).is_some_and(u8::is_ascii_uppercase)
        && at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(u8::is_ascii_lowercase);
    (!letter(at.checked_sub(1)) || camel) && !text.get(at + length).is_some_and(u8::is_ascii_lowercase)
}

/// Words of which values are made that stand for a secret, and of the passwords that everybody tries first.
const STOCK: &[&str] = &[
    "abc",
    "abcd",
    "access",
    "account",
    "acme",
    "admin",
    "administrator",
    "also",
    "an",
    "and",
    "another",
    "api",
    "app",
    "auth",
    "bad",
    "bar",
    "base",
    "baz",
    "better",
    "bogus",
    "broken",
    "change",
    "cert",
    "client",
    "code",
    "confirm",
    "correct",
    "credential",
    "current",
    "customer",
    "data",
    "database",
    "db",
    "default",
    "demo",
    "dev",
    "different",
    "does",
    "dummy",
    "easy",
    "empty",
    "encrypted",
    "enter",
    "example",
    "expired",
    "fake",
    "first",
    "foo",
    "for",
    "good",
    "guest",
    "hello",
    "here",
    "hidden",
    "hunter",
    "id",
    "in",
    "incorrect",
    "insecure",
    "insert",
    "invalid",
    "is",
    "it",
    "its",
    "jwt",
    "key",
    "letmein",
    "local",
    "login",
    "long",
    "main",
    "master",
    "me",
    "mine",
    "mock",
    "my",
    "mysql",
    "name",
    "new",
    "no",
    "none",
    "not",
    "of",
    "old",
    "openid",
    "or",
    "original",
    "other",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "phrase",
    "placeholder",
    "plain",
    "postgres",
    "private",
    "prod",
    "production",
    "public",
    "pw",
    "pwd",
    "qux",
    "qwe",
    "qwerty",
    "raw",
    "real",
    "redis",
    "refresh",
    "replace",
    "right",
    "root",
    "sample",
    "second",
    "secret",
    "secure",
    "server",
    "service",
    "session",
    "some",
    "stage",
    "staging",
    "static",
    "strong",
    "stub",
    "super",
    "supersecret",
    "temp",
    "test",
    "tester",
    "testing",
    "that",
    "the",
    "this",
    "tmp",
    "to",
    "token",
    "top",
    "unknown",
    "update",
    "updated",
    "user",
    "username",
    "usr",
    "valid",
    "value",
    "very",
    "weak",
    "welcome",
    "with",
    "word",
    "world",
    "wrong",
    "xyz",
    "you",
    "your",
];

/// Where in [`STOCK`] the words of each letter start, which stand together, and where those of the last one end.
static STARTS: [usize; 27] = {
    let mut starts = [0; 27];
    let mut word = 0;
    while word < STOCK.len() {
        let mut later = (STOCK[word].as_bytes()[0] - b'a') as usize + 1;
        while later < starts.len() {
            starts[later] += 1;
            later += 1;
        }
        word += 1;
    }
    starts
};

/// The stock words that start with a letter, in either case.
fn stock_of(letter: u8) -> &'static [&'static str] {
    let letter = usize::from(letter.to_ascii_lowercase().wrapping_sub(b'a'));
    STARTS.get(letter).zip(STARTS.get(letter + 1)).and_then(|(start, end)| STOCK.get(*start..*end)).unwrap_or_default()
}

/// Whether the letters of a value spell stock words and nothing else: `test-password`, `newPass123`, `MY_SECRET_TOKEN`. Digits and signs between
/// them do not count.
pub(crate) fn made_of_stock(value: &[u8]) -> bool {
    const LONGEST: usize = 48;
    let has_letters = value.iter().any(u8::is_ascii_alphabetic);
    has_letters && value.len() <= LONGEST && value.split(|byte| !byte.is_ascii_alphabetic()).all(is_stock)
}

/// Whether letters can be split into stock words. A bit for each length that words reach, the lowest for none.
fn is_stock(letters: &[u8]) -> bool {
    let mut reached: u64 = 1;
    for at in 0..letters.len() {
        if reached >> at & 1 == 0 {
            continue;
        }
        let rest = &letters[at..];
        let starts =
            |word: &&&str| rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
        stock_of(rest[0]).iter().filter(starts).for_each(|word| reached |= 1 << (at + word.len()));
        // The plural of the word before.
        if at > 0 && matches!(rest.first(), Some(b's' | b'S')) {
            reached |= 1 << (at + 1);
        }
    }
    reached >> letters.len() & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_letter_stand_together() {
        for letter in b'a'..=b'z' {
            let all = STOCK.iter().filter(|word| word.as_bytes()[0] == letter).copied();
            assert_eq!(stock_of(letter), all.collect::<Vec<_>>());
            assert_eq!(stock_of(letter.to_ascii_uppercase()), stock_of(letter));
        }
        assert_eq!(STARTS[26], STOCK.len());
        assert_eq!(stock_of(b'1'), [""; 0]);
    }

    #[test]
    fn stock_words() {
        for value in
            ["test-password", "newPass123", "MY_SECRET_TOKEN", "your client secret", "root123", "tokens", "secretkey"]
        {
            assert!(made_of_stock(value.as_bytes()), "{value}");
        }
        for value in ["12345678", "dragonfly", "passenger", "kT8mmPq", "testqkz", ""] {
            assert!(!made_of_stock(value.as_bytes()), "{value}");
        }
        assert!(!made_of_stock(&[b'a'; 500]));
        assert!(made_of_stock("test".repeat(12).as_bytes()));
    }

    #[test]
    fn words_and_parts_of_words() {
        assert!(holds_word(b"my OpenAI key", b"openai"));
        assert!(holds_word(b"myopenaikey", b"openai"));
        assert!(!holds_word(b"raws", b"aws"));
        assert!(holds_word(b"AWS_KEY", b"aws"));
        assert!(holds_word(b"theAwsKey", b"aws"));
        assert!(!holds_word(b"", b"aws"));
        assert!(!holds_word(b"aw", b"aws"));
    }
}

//! Placeholders: values that stand where a secret would, and sequences nobody is issued.

/// Why a value is no secret but stands for one; `None` if nothing says so.
///
/// `prefix` is how many bytes of it are the public prefix of its kind, which says nothing either way.
pub(crate) fn placeholder(secret: &[u8], prefix: usize) -> Option<&'static str> {
    let body = secret.get(prefix..).unwrap_or_default();
    if body.is_empty() {
        return Some("nothing follows the prefix");
    }
    if is_template(secret) {
        return Some("a template's marker stands in it");
    }
    if let Some(reason) = mask(body) {
        return Some(reason);
    }
    if longest_sequence(body) >= 8.max(body.len() / 3) {
        return Some("it counts up or down");
    }
    if says_example(body) {
        return Some("it calls itself an example");
    }
    if repeats(body) {
        return Some("it repeats itself");
    }
    names_itself(body).then_some("it is the word for a secret")
}

/// `password`, `my-passwd`, `CLIENT_SECRET`: stock words without a digit, one of them for what should stand here.
fn names_itself(body: &[u8]) -> bool {
    const NAMES: [&[u8]; 8] =
        [b"password", b"passwd", b"passwort", b"passphrase", b"pass", b"pwd", b"secret", b"token"];
    let digits = body.iter().any(u8::is_ascii_digit);
    !digits && super::words::made_of_stock(body) && NAMES.iter().any(|name| super::words::holds_word(body, name))
}

/// `${VAR}`, `{{ var }}`, `<your-key>`, `%(name)s`, `$(cmd)`, `#{var}`, `%s`, `[YOUR_KEY]`.
pub(crate) fn is_template(text: &[u8]) -> bool {
    let is_mark = |pair: &[u8]| matches!(pair, b"${" | b"{{" | b"}}" | b"$(" | b"#{" | b"%(" | b"<%");
    let marked = text.windows(2).any(is_mark);
    let wrapped = |open: u8, close: u8| text.first() == Some(&open) && text.last() == Some(&close);
    // Braces with more than a name between them are JSON.
    let braced = wrapped(b'{', b'}') && !text.iter().any(|byte| matches!(byte, b'"' | b'\''));
    marked
        || wrapped(b'<', b'>')
        || wrapped(b'[', b']')
        || braced
        || wrapped(b'%', b'%')
        || wrapped(b'$', b'$')
        || matches!(text, b"%s" | b"%d" | b"%v" | b"{}")
}

/// A run of one byte over much of the body: `xxxxxxxx`, `********`, `00000000`.
fn mask(body: &[u8]) -> Option<&'static str> {
    let mut longest = 0;
    let mut run = 0;
    let mut previous = None;
    let all_zeroes = body.iter().all(|byte| *byte == b'A');
    for &byte in body {
        run = if previous == Some(byte) { run + 1 } else { 1 };
        previous = Some(byte);
        // Base64 of zeroes ends many keys and checksums, so a single long run of `A` alone is no mask.
        let masking = byte != b'A' || all_zeroes;
        longest = longest.max(if masking { run } else { 0 });
    }
    if longest >= 6.max(body.len() / 4) {
        return Some("one character repeated masks it");
    }
    let dots = body.windows(3).any(|three| three == b"..." || three == "…".as_bytes());
    dots.then_some("it is cut short by dots")
}

/// The longest stretch of the body that counts up or down by one (`12345678`, `abcdefgh`, `87654321`), letters in either case; from 9 it
/// may go on with 0 or a, from 0 with 9.
fn longest_sequence(body: &[u8]) -> usize {
    let step = |a: u8, b: u8| -> i16 {
        match (a.to_ascii_lowercase(), b.to_ascii_lowercase()) {
            (b'9', b'0' | b'a') => 1,
            (b'0', b'9') => -1,
            (a, b) if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric() => i16::from(b) - i16::from(a),
            _ => 0,
        }
    };
    let mut longest = 1;
    let mut run = 1;
    let mut direction = 0;
    for pair in body.windows(2) {
        let [a, b] = pair else { continue };
        let now = step(*a, *b);
        run = if now.abs() == 1 && (run == 1 || now == direction) { run + 1 } else { 1 + usize::from(now.abs() == 1) };
        direction = now;
        longest = longest.max(run);
    }
    longest
}

/// Words that nobody's random token spells.
fn says_example(body: &[u8]) -> bool {
    const LONG: &[&[u8]] = &[
        b"example",
        b"placeholder",
        b"redacted",
        b"changeme",
        b"change_me",
        b"change-me",
        b"replaceme",
        b"replace_me",
        b"replace-me",
        b"your_",
        b"your-",
        b"insert_",
        b"dummy",
        b"notreal",
        b"not_real",
        b"not-real",
        b"foobar",
        b"removed",
        b"sanitized",
        b"xxxxxx",
        b"deadbeef",
        b"goes_here",
        b"goes-here",
        b"goeshere",
        b"todo_",
        b"mysecret",
        b"my_secret",
        b"yourkey",
        b"yourtoken",
        b"yourapi",
        b"invalid",
        b"fake_",
        b"fake-",
        b"test_key",
        b"testkey",
        b"testtoken",
        b"sampletoken",
        b"sample_",
        b"sample-",
        b"secretkey",
        b"secret_key",
    ];
    /// The letters of each.
    const NEEDED: [u32; LONG.len()] = {
        let mut needed = [0; LONG.len()];
        let mut word = 0;
        while word < LONG.len() {
            needed[word] = letters(LONG[word]);
            word += 1;
        }
        needed
    };
    // Most tokens lack a letter of each of them.
    let there = letters(body);
    LONG.iter().zip(NEEDED).any(|(word, needed)| needed & !there == 0 && super::words::holds_word(body, word))
}

/// The letters that some bytes have, in either case, as bits.
const fn letters(bytes: &[u8]) -> u32 {
    let (mut letters, mut at) = (0, 0);
    while at < bytes.len() {
        letters |= if bytes[at].is_ascii_alphabetic() { 1 << (bytes[at] & 0x1f) } else { 0 };
        at += 1;
    }
    letters
}

/// A short unit over and over: `abcabcabcabc`, `deadbeefdeadbeef`.
fn repeats(body: &[u8]) -> bool {
    (1..=8).any(|unit| {
        body.len() >= unit * 3
            && body.len() >= 8
            && body.iter().skip(unit).zip(body).all(|(later, earlier)| later == earlier)
    })
}

#[cfg(test)]
mod tests {
    use stanch_rules::Rng;

    use super::*;

    #[test]
    fn placeholders() {
        for text in [
            "xxxxxxxxxxxxxxxx",
            "****************",
            "${API_KEY}",
            "{{ token }}",
            "<your-key>",
            "0123456789abcdef0123",
            "AbCdEfGhIjKlMnOp",
            "EXAMPLEKEY123",
            "password",
            "pwd",
            "MY_SECRET",
            "the-token",
            "your_api_key_here",
            "abcabcabcabc",
            "sk...abc",
            "9876543210",
            "AAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(placeholder(text.as_bytes(), 0).is_some(), "{text}");
        }
    }

    #[test]
    fn random_tokens_are_none() {
        let mut rng = Rng::new(1);
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let wrong = (0..20_000).filter(|_| {
            let token: Vec<u8> = (0..36).map(|_| rng.pick(alphabet)).collect();
            placeholder(&token, 0).is_some()
        });
        assert_eq!(wrong.count(), 0);
        let wrong = (0..20_000).filter(|_| {
            let token: Vec<u8> = (0..32).map(|_| rng.pick(b"0123456789abcdef")).collect();
            placeholder(&token, 0).is_some()
        });
        assert!(wrong.count() <= 2);
    }
}

//! What the tests of the checks share: a small random source and the round trips.

use super::check::{Check, Holds};

/// `SplitMix64` (<https://prng.di.unimi.it/splitmix64.c>): the same bytes on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Random bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Random text of an alphabet.
    pub(crate) fn text(&mut self, count: usize, alphabet: &[u8]) -> Vec<u8> {
        (0..count).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }
}

/// Base64 with `-` and `_`.
pub(crate) const URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// `prefix` and random text, before it is sealed.
pub(crate) fn body(prefix: &str, count: usize, alphabet: &[u8], seed: u64) -> Vec<u8> {
    let mut out = prefix.as_bytes().to_vec();
    out.extend(Random(seed).text(count, alphabet));
    out
}

/// Seals `body` and returns the candidate.
pub(crate) fn seal(check: &Check, body: &[u8]) -> Vec<u8> {
    let mut token = body.to_vec();
    (check.seal.expect("the check has a seal"))(&mut token);
    token
}

/// A body, sealed, holds.
pub(crate) fn assert_seals(check: &Check, body: &[u8]) -> Vec<u8> {
    let token = seal(check, body);
    assert_eq!((check.run)(&token).holds, Holds::Yes, "{} after its seal", check.name);
    token
}

/// A whole candidate, sealed in place, holds, and sealing it again changes nothing.
pub(crate) fn assert_seals_in_place(check: &Check, whole: &[u8]) -> Vec<u8> {
    let token = assert_seals(check, whole);
    assert_eq!(seal(check, &token), token, "{}: the seal is stable", check.name);
    token
}

/// Every other character at each place of `range` makes the candidate wrong.
pub(crate) fn assert_detects(check: &Check, token: &[u8], range: std::ops::Range<usize>, alphabet: &[u8]) {
    for place in range {
        for c in alphabet.iter().filter(|c| **c != token[place]) {
            let mut changed = token.to_vec();
            changed[place] = *c;
            let holds = (check.run)(&changed).holds;
            assert_ne!(holds, Holds::Yes, "{}: {place} changed to {}", check.name, char::from(*c));
        }
    }
}

/// No shorter or longer text holds.
pub(crate) fn assert_length(check: &Check, token: &[u8]) {
    for end in 0..token.len() {
        assert_ne!((check.run)(&token[..end]).holds, Holds::Yes, "{} cut at {end}", check.name);
    }
    let mut longer = token.to_vec();
    longer.push(b'0');
    assert_ne!((check.run)(&longer).holds, Holds::Yes, "{} one longer", check.name);
}

/// The value of a fact.
pub(crate) fn fact(check: &Check, token: &[u8], name: &str) -> Option<String> {
    (check.run)(token).facts.into_iter().find(|f| f.name == name).map(|f| f.value)
}

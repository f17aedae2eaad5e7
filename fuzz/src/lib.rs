//! What the fuzz targets share: how the fuzzer's bytes become a text in which there is something to find.

use std::sync::OnceLock;

use stanch_rules::{RuleSet, mint_case};

/// The byte that stands for a token: the two after it say which. It is no byte of text.
const TOKEN: u8 = 0xfe;

/// The fuzzer's bytes, with a minted case of a built-in rule wherever they ask for one. A fuzzer hits no checksum by luck; so
/// it can place tokens, cut them by their neighbours and put them next to each other, and no corpus of tokens is kept.
pub fn text(data: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(data.len());
    let mut rest = data;
    loop {
        match rest {
            [] => return text,
            [TOKEN, high, low, after @ ..] => {
                let cases = cases();
                let number = usize::from(u16::from_be_bytes([*high, *low]));
                text.extend_from_slice(&cases[number % cases.len()]);
                rest = after;
            }
            [byte, after @ ..] => {
                text.push(*byte);
                rest = after;
            }
        }
    }
}

/// Every case of the built-in rules that is no longer than a few lines, minted.
fn cases() -> &'static [Vec<u8>] {
    const LONGEST: usize = 400;
    static CASES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    CASES.get_or_init(|| {
        let mut texts = Vec::new();
        for rule in RuleSet::builtin().iter() {
            for (number, case) in rule.accept.iter().chain(rule.reject.iter()).enumerate() {
                texts.extend(mint_case(&rule.id, number, case).map(|minted| minted.text).ok());
            }
        }
        texts.retain(|text| text.len() <= LONGEST);
        assert!(texts.len() > 100, "the built-in rules have cases");
        texts
    })
}

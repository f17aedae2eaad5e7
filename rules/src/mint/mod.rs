//! Fake tokens, minted at run time, so that no live-looking secret is stored anywhere.
//!
//! A recipe states the facts of a credential (prefix, class, length, checksum) apart from its rule. Cases of rules, the
//! test suite and `stanch demo` mint through this module, and the same seed gives the same token.

mod der;
mod keys;

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::offline;
use crate::rule::Case;
use crate::shape::{Part, Shape};

/// A text with its recipes minted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// The text.
    pub text: Vec<u8>,
    /// What a scan of it must find: the marked recipe, else the first one. Empty if it has no recipe.
    pub finds: Vec<u8>,
}

/// A mistake in a recipe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} in the recipe `{recipe}`")]
pub struct MintError {
    /// The recipe.
    pub recipe: String,
    /// What is wrong with it.
    pub message: String,
}

/// Mints the recipes of a text.
///
/// # Errors
/// Says which recipe cannot be read.
pub fn mint(text: &str, seed: u64) -> Result<Minted, MintError> {
    let mut minted = Minted { text: Vec::new(), finds: Vec::new() };
    let mut marked = false;
    let mut rest = text;
    let mut number = 0;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        minted.text.extend_from_slice(before.as_bytes());
        let length = recipe_length(&from[2..]).ok_or_else(|| error(from, "the braces are not closed"))?;
        let mut recipe = &from[2..2 + length];
        let is_secret = recipe.starts_with("secret:");
        if is_secret {
            recipe = recipe["secret:".len()..].trim_start();
        }
        let mut rng = Rng::new(seed ^ (number << 40));
        let token = token(recipe, &mut rng)?;
        minted.text.extend_from_slice(&token);
        if (minted.finds.is_empty() && !marked) || is_secret {
            minted.finds = token;
            marked |= is_secret;
        }
        number += 1;
        rest = &from[2 + length + 2..];
    }
    minted.text.extend_from_slice(rest.as_bytes());
    Ok(minted)
}

/// Mints a case of a rule. The seed follows from the rule's id and the case's number alone.
///
/// # Errors
/// Says which recipe cannot be read.
pub fn mint_case(rule: &str, number: usize, case: &Case) -> Result<Minted, MintError> {
    let seed =
        rule.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let seed = seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut minted = mint(&case.text, seed)?;
    if let Some(finds) = &case.finds {
        minted.finds = mint(finds, seed)?.text;
    }
    Ok(minted)
}

/// The bytes of a recipe before its closing braces, which may hold braces of its own in pairs.
fn recipe_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
    }
    None
}

fn error(recipe: &str, message: &str) -> MintError {
    MintError { recipe: recipe.chars().take(60).collect(), message: message.to_owned() }
}

/// Mints one recipe.
fn token(recipe: &str, rng: &mut Rng) -> Result<Vec<u8>, MintError> {
    if let Some(named) = recipe.strip_prefix('@') {
        return generated(named, rng).ok_or_else(|| error(recipe, "unknown generator"))?;
    }
    let (shape, seal) = match recipe.rsplit_once('|') {
        Some((shape, seal)) if !shape.ends_with('\\') => (shape, Some(seal.trim())),
        _ => (recipe, None),
    };
    let mut token = shaped(&shape.replace("\\|", "|"), rng)?;
    if let Some(name) = seal {
        let check = offline::by_name(name).ok_or_else(|| error(recipe, "no such check"))?;
        let seal = check.seal.ok_or_else(|| error(recipe, "this check cannot complete a token"))?;
        seal(&mut token);
    }
    Ok(token)
}

/// Random text of a shape.
fn shaped(text: &str, rng: &mut Rng) -> Result<Vec<u8>, MintError> {
    let shape = Shape::parse(text, Some(256)).map_err(|e| error(text, &e.message))?;
    let mut token = Vec::new();
    for part in shape.parts.iter() {
        match part {
            Part::Literal(bytes) => token.extend_from_slice(bytes),
            Part::Class { class, min, max, .. } => {
                let alphabet: Vec<u8> = class.bytes().collect();
                let count = min + rng.below(u64::from(max - min + 1)) as u32;
                token.extend((0..count).map(|_| rng.pick(&alphabet)));
            }
        }
    }
    Ok(token)
}

/// What a named generator makes; `None` if there is no such generator.
fn generated(recipe: &str, rng: &mut Rng) -> Option<Result<Vec<u8>, MintError>> {
    let (name, argument) = recipe.split_once(':').unwrap_or((recipe, ""));
    Some(Ok(match name {
        "jwt" => jwt(argument, rng),
        "pem" => keys::pem(argument, rng)?,
        "base64" => match texts(argument, rng) {
            Ok(text) => STANDARD.encode(text).into_bytes(),
            Err(error) => return Some(Err(error)),
        },
        "base64url" => match texts(argument, rng) {
            Ok(text) => URL_SAFE_NO_PAD.encode(text).into_bytes(),
            Err(error) => return Some(Err(error)),
        },
        "b64key" => STANDARD.encode(rng.bytes(argument.trim().parse().ok()?)).into_bytes(),
        "uuid" => uuid(rng).into_bytes(),
        "password" => password(rng),
        _ => return None,
    }))
}

/// Text in which each `{class:count}` is minted; other braces stay as they are (JSON).
fn texts(text: &str, rng: &mut Rng) -> Result<Vec<u8>, MintError> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        out.extend_from_slice(&rest.as_bytes()[..start]);
        let from = &rest[start..];
        let class = from.find('}').map(|end| &from[..=end]).filter(|class| Shape::parse(class, Some(256)).is_ok());
        if let Some(class) = class {
            out.extend(shaped(class, rng)?);
            rest = &from[class.len()..];
        } else {
            out.push(b'{');
            rest = &from[1..];
        }
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// A JWT with the given claims (`key=value`, separated by commas) and a random signature.
fn jwt(claims: &str, rng: &mut Rng) -> Vec<u8> {
    let mut payload =
        format!(r#"{{"sub":"{}","iat":{}"#, rng.below(1_000_000_000), 1_700_000_000 + rng.below(60_000_000));
    for (key, value) in claims.split(',').filter_map(|claim| claim.split_once('=')) {
        let _ = write!(payload, r#","{}":"{}""#, key.trim(), value.trim());
    }
    payload.push('}');
    let parts = [br#"{"alg":"HS256","typ":"JWT"}"#.to_vec(), payload.into_bytes(), rng.bytes(32)];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".").into_bytes()
}

fn uuid(rng: &mut Rng) -> String {
    let mut bytes = rng.bytes(16);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A password as people make them: syllables, a capital, digits, a sign.
fn password(rng: &mut Rng) -> Vec<u8> {
    let mut password = Vec::new();
    for syllable in 0..3 {
        password.push(rng.pick(b"bdfgklmnprstvz"));
        password.push(rng.pick(b"aeiou"));
        password.push(rng.pick(b"bdgklmnprstx"));
        if syllable == 0 {
            password.make_ascii_uppercase();
        }
    }
    password.push(rng.pick(b"!#%*+-_"));
    password.extend((0..3).map(|_| rng.pick(b"23456789")));
    password
}

/// `SplitMix64`: small, and the same on every machine. Not for real keys. <https://prng.di.unimi.it/splitmix64.c>
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator of its own sequence for each seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 if `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.bits().checked_rem(n).unwrap_or(0)
    }

    /// One of the bytes.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick(&mut self, bytes: &[u8]) -> u8 {
        bytes[self.below(bytes.len() as u64) as usize]
    }

    /// Random bytes.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| (self.bits() >> 32) as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(recipe: &str) -> String {
        String::from_utf8(mint(recipe, 1).map(|m| m.text).unwrap_or_default()).unwrap_or_default()
    }

    #[test]
    fn shapes_are_filled_and_repeatable() {
        let token = text("k = {{tok_{base62:12}-{digit:4}}};");
        assert!(token.starts_with("k = tok_") && token.ends_with(';'), "{token}");
        assert_eq!(token.len(), "k = tok_".len() + 12 + 1 + 4 + 1);
        assert_eq!(token, text("k = {{tok_{base62:12}-{digit:4}}};"));
        assert_ne!(mint("{{{hex:32}}}", 1), mint("{{{hex:32}}}", 2));
    }

    #[test]
    fn the_marked_recipe_is_what_is_found() {
        let minted = mint("{{a-b{digit:3}}} {{secret: {digit:9}}}", 7).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(minted.finds.len(), 9);
        let minted = mint("{{aaa{digit:3}}} {{{digit:9}}}", 7).unwrap_or_else(|e| panic!("{e}"));
        assert!(minted.finds.starts_with(b"aaa"));
    }

    #[test]
    fn generators() {
        assert_eq!(text("{{@jwt:iss=acme}}").split('.').count(), 3);
        assert_eq!(text("{{@uuid}}").len(), 36);
        assert!(text("{{@base64:{\"k\":\"{hex:4}\"}}}").len() > 12);
        for kind in ["rsa", "pkcs8", "ec", "openssh", "pgp", "encrypted", "dsa"] {
            let pem = text(&format!("{{{{@pem:{kind}}}}}"));
            assert!(pem.starts_with("-----BEGIN ") && pem.trim_end().ends_with("-----"), "{kind}: {pem}");
        }
    }

    #[test]
    fn mistakes_are_said() {
        for recipe in ["{{abc", "{{@nothing}}", "{{abc{base63:4}}}", "{{abc|no-such-check}}"] {
            assert!(mint(recipe, 1).is_err(), "{recipe}");
        }
    }
}

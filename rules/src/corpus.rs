//! The reference corpus: a MB of text such as repositories hold, the same on every machine.
//!
//! The words and forms are our own; what matters is that common English and code words, identifiers, paths, hashes, numbers and
//! base64 occur about as often as in source code, so that a rule whose anchor is a common word shows.

use std::fmt::Write;
use std::sync::OnceLock;

use crate::mint::Rng;

const SIZE: usize = 1_000_000;

const WORDS: &[&str] = &[
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "for",
    "that",
    "this",
    "with",
    "not",
    "are",
    "from",
    "value",
    "return",
    "function",
    "const",
    "let",
    "static",
    "public",
    "private",
    "class",
    "struct",
    "impl",
    "self",
    "import",
    "export",
    "default",
    "string",
    "number",
    "boolean",
    "object",
    "array",
    "index",
    "length",
    "error",
    "result",
    "option",
    "config",
    "name",
    "type",
    "key",
    "token",
    "secret",
    "password",
    "user",
    "client",
    "server",
    "request",
    "response",
    "header",
    "body",
    "path",
    "file",
    "line",
    "test",
    "example",
    "assert",
    "expect",
    "should",
    "when",
    "then",
    "create",
    "update",
    "delete",
    "read",
    "write",
    "open",
    "close",
    "build",
    "version",
    "package",
    "module",
    "license",
    "copyright",
    "http",
    "https",
    "localhost",
    "data",
    "json",
    "yaml",
    "xml",
    "html",
    "style",
    "color",
    "width",
    "height",
    "margin",
    "task",
    "desk",
    "risk",
    "disk",
    "mask",
    "ask",
    "live",
    "main",
    "access",
    "account",
    "service",
    "project",
    "region",
    "bucket",
    "cloud",
    "azure",
    "google",
    "github",
    "gitlab",
    "slack",
    "stripe",
    "openai",
    "model",
    "prompt",
    "agent",
    "session",
    "cookie",
    "public-key",
    "api",
    "url",
    "uri",
    "host",
    "port",
    "database",
    "table",
    "query",
    "select",
    "where",
    "order",
    "group",
    "limit",
    "offset",
    "insert",
    "into",
    "values",
    "null",
    "true",
    "false",
    "some",
    "none",
];

/// The corpus.
pub fn corpus() -> &'static [u8] {
    static CORPUS: OnceLock<String> = OnceLock::new();
    CORPUS.get_or_init(generate).as_bytes()
}

fn generate() -> String {
    let mut rng = Rng::new(20_261_121);
    let mut text = String::with_capacity(SIZE + 4096);
    while text.len() < SIZE {
        match rng.below(20) {
            0..8 => code(&mut text, &mut rng),
            8..13 => prose(&mut text, &mut rng),
            13..15 => json(&mut text, &mut rng),
            15 => import(&mut text, &mut rng),
            16 => url(&mut text, &mut rng),
            17 => hash(&mut text, &mut rng),
            18 => table(&mut text, &mut rng),
            _ => base64(&mut text, &mut rng),
        }
        text.push('\n');
    }
    text.truncate(SIZE);
    text
}

fn word(rng: &mut Rng) -> &'static str {
    WORDS[rng.below(WORDS.len() as u64) as usize]
}

/// An identifier in one of the usual cases.
fn name(rng: &mut Rng) -> String {
    let parts: Vec<&str> = (0..=rng.below(3)).map(|_| word(rng)).collect();
    match rng.below(4) {
        0 => parts.join("_"),
        1 => parts.join("_").to_uppercase(),
        2 => parts.join("-"),
        _ => {
            let capital = |part: &&str| part[..1].to_uppercase() + &part[1..];
            parts[0].to_owned() + &parts[1..].iter().map(capital).collect::<String>()
        }
    }
}

fn code(text: &mut String, rng: &mut Rng) {
    let (left, callee, argument) = (name(rng), name(rng), name(rng));
    let number = rng.below(10_000);
    let _ = match rng.below(4) {
        0 => write!(text, "    let {left} = {callee}({argument}, {number})?;"),
        1 => write!(text, "  if ({left}.{callee} === \"{argument}\") {{ return {number}; }}"),
        2 => write!(text, "def {left}(self, {argument}={number}): # {callee}"),
        _ => write!(text, "\t{left}: {callee}::{argument}[{number}],"),
    };
}

fn prose(text: &mut String, rng: &mut Rng) {
    text.push_str("// ");
    for _ in 0..8 + rng.below(10) {
        text.push_str(word(rng));
        text.push(' ');
    }
}

fn json(text: &mut String, rng: &mut Rng) {
    let _ = write!(
        text,
        "  \"{}\": {{ \"{}\": \"{}\", \"{}\": {} }},",
        name(rng),
        name(rng),
        name(rng),
        name(rng),
        rng.below(99_999)
    );
}

fn import(text: &mut String, rng: &mut Rng) {
    let _ = write!(text, "import {{ {} }} from './{}/{}/{}';", name(rng), word(rng), name(rng), name(rng));
}

fn url(text: &mut String, rng: &mut Rng) {
    let _ = write!(
        text,
        "see https://{}.example.com/{}/{}?{}={}",
        word(rng),
        name(rng),
        name(rng),
        word(rng),
        rng.below(1000)
    );
}

fn hash(text: &mut String, rng: &mut Rng) {
    text.push_str("checksum = \"sha256:");
    for byte in rng.bytes(32) {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('"');
}

fn table(text: &mut String, rng: &mut Rng) {
    for _ in 0..10 {
        let _ = write!(text, "{}.{},", rng.below(1000), rng.below(1_000_000));
    }
}

fn base64(text: &mut String, rng: &mut Rng) {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.extend((0..76).map(|_| char::from(rng.pick(ALPHABET))));
}

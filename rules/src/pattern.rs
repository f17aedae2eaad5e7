//! Patterns: bytes-mode regular expressions of a capped size.

use regex_automata::meta::{self, Regex};
use regex_automata::util::syntax;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use crate::opening::parse;

/// The most memory that a compiled pattern's automaton may take, in bytes.
pub const PATTERN_SIZE_LIMIT: usize = 64 * 1024;

/// The pattern cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    message: String,
}

/// Compiles a pattern: bytes, no Unicode, at most [`PATTERN_SIZE_LIMIT`].
///
/// # Errors
/// If it is no pattern, or too large.
pub fn compile_pattern(pattern: &str) -> Result<Regex, PatternError> {
    let config = meta::Config::new().nfa_size_limit(Some(PATTERN_SIZE_LIMIT)).auto_prefilter(false).utf8_empty(false);
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    Regex::builder().configure(config).syntax(syntax).build(pattern).map_err(|error| {
        let message = match error.size_limit() {
            Some(_) => format!("compiles to more than {PATTERN_SIZE_LIMIT} bytes"),
            None => error.syntax_error().map_or_else(|| error.to_string(), |e| last_line(&e.to_string())),
        };
        PatternError { message }
    })
}

/// The syntax error's own words; what stands above them is a drawing.
fn last_line(text: &str) -> String {
    let last = text.lines().last().unwrap_or(text);
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// The literals that every match of a pattern starts with, if they are few.
pub(crate) fn prefixes(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let sequence = Extractor::new().kind(ExtractKind::Prefix).extract(&parse(pattern)?);
    Some(sequence.literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_a_size_limit() {
        assert!(compile_pattern(r"abc[^\s]{3,50}").is_ok_and(|re| re.is_match(b"abc\xff\xfe\xfd")));
        let error = compile_pattern(r"(?:abc[^\s]{3,500}){1,90}").map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "compiles to more than 65536 bytes");
        assert!(compile_pattern("abc(").is_err());
    }

    #[test]
    fn prefixes_of_alternatives() {
        assert_eq!(prefixes("(?:abc|abd)[0-9]"), prefixes("(?:abc|abd)[0-9]"));
        let found = prefixes("(?:key|tok)_[a-z]+").unwrap_or_default();
        assert!(found.iter().all(|p| p.starts_with(b"key_") || p.starts_with(b"tok_")), "{found:?}");
        assert_eq!(prefixes("[^a]+abc"), None);
    }
}

//! Makes tokens. The command line makes the first one, which has no other to ask with.

use std::time::Duration;

use jiff::Timestamp;
use stanch_pipeline::store::{Store, StoreError, Token};
use zeroize::Zeroizing;

use super::Role;

/// The text cannot be the name of a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 64 of a-z, 0-9, `.`, `_`, `-`, `+` and `@`, and begins with a letter or digit")]
pub struct NameError;

/// Whether a text can be the name of a token. The name is the person that approves, so there are not two spellings of one.
///
/// # Errors
/// If it cannot.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'+' | b'@');
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if begins && name.len() <= 64 && name.bytes().all(fits) { Ok(()) } else { Err(NameError) }
}

/// Makes a token for a person or program, and gives its value, which is kept nowhere. `name` must have passed [`check_name`].
///
/// # Errors
/// If the store did not keep it.
pub async fn make_token(
    store: &Store,
    name: &str,
    role: Role,
    lasts: Option<Duration>,
    actor: &str,
    now: Timestamp,
) -> Result<(Token, Zeroizing<String>), StoreError> {
    // What lasts longer than calendars go lasts for ever.
    let expires = lasts.and_then(|lasts| now.checked_add(lasts).ok());
    store.make_token(name, role.as_str(), expires, actor, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        for name in ["ada", "ci-1", "ada@example.com", "0"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "Ada", "a da", "-a", "ä", "a\n", &"a".repeat(65), "a/b", "\u{200b}ada"] {
            assert_eq!(check_name(name), Err(NameError), "{name:?}");
        }
    }
}

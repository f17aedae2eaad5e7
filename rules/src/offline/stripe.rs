//! Stripe's API keys, by their parts: <https://docs.stripe.com/keys>.

use super::check::{Check, Checked};

/// Characters after the prefix of keys without an account in them.
const SHORT: usize = 24;
/// Characters after the prefix of keys with an account in them.
const LONG: usize = 99;
/// Characters of an account id after `acct_`.
const ACCOUNT: usize = 16;

/// Kind, mode, length; newer keys carry the account. Lengths and the account's place are derived from
/// samples, the account's place unconfirmed; Stripe warns that lengths may change, so another length is not called wrong.
pub(super) const KEY: Check = Check::structure("stripe-key", key).about(
    "sk, rk or pk, live or test, then 24 or 99 letters and digits, the longer with the account id (from samples)",
    "https://docs.stripe.com/keys",
);

/// Takes the prefix apart.
fn key(key: &[u8]) -> Checked {
    let Some(text) = std::str::from_utf8(key).ok().filter(|text| text.is_ascii()) else {
        return Checked::no();
    };
    let mut parts = text.splitn(3, '_');
    let (Some(kind), Some(mode), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return Checked::no();
    };
    let known = matches!(kind, "sk" | "rk" | "pk") && matches!(mode, "live" | "test" | "prod");
    if !known || !body.bytes().all(|c| c.is_ascii_alphanumeric()) {
        return Checked::no();
    }
    // The number before the account is a version; only 5 has been seen.
    let account = body.strip_prefix('5').filter(|_| body.len() == LONG).and_then(|rest| rest.get(..ACCOUNT));
    let checked = match body.len() {
        SHORT | LONG => Checked::yes(),
        _ => Checked::unknown(),
    };
    checked.with("mode", mode).with_some("account-id", account.map(|id| format!("acct_{id}")))
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::codec::BASE62;
    use super::super::testing::{body, fact};
    use super::*;

    /// The key of Stripe's own documentation, of the old length.
    #[test]
    fn documented_example() {
        let text = concat!("sk", "_test_", "4eC39HqLyjWDarjtT1zdp7dc");
        assert_eq!(key(text.as_bytes()).holds, Holds::Yes);
        assert_eq!(fact(&KEY, text.as_bytes(), "mode").as_deref(), Some("test"));
        assert_eq!(fact(&KEY, text.as_bytes(), "account-id"), None);
    }

    #[test]
    fn long_keys_name_their_account() {
        let text = body(concat!("rk", "_live_51"), 97, BASE62, 1);
        let account = format!("acct_{}", String::from_utf8_lossy(&text[9..25]));
        assert_eq!(fact(&KEY, &text, "account-id"), Some(account));
        assert_eq!(key(&text[..90]).holds, Holds::Unknown);
    }

    #[test]
    fn other_kinds_are_wrong() {
        for text in [concat!("sk", "_life_abc"), "sk_live", concat!("sk", "_live_a-b"), "xx_live_abc", "sk_live_\u{e9}"]
        {
            assert_eq!(key(text.as_bytes()).holds, Holds::No, "{text}");
        }
    }
}

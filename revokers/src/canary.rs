//! Credentials that are decoys: to ask about one tells its owner.

use crate::Credential;
use crate::config::Policy;
use crate::native::aws::account_in;

/// AWS accounts in which public canary services make their keys. The account number is part of a key id, so that a decoy is known without a
/// request (<https://trufflesecurity.com/blog/canaries>). More are named by `policy.canaries` of the configuration.
const AWS_ACCOUNTS: [&str; 7] =
    ["052310077262", "171436882533", "534261010715", "595918472158", "717712589309", "819147034852", "992382622183"];

/// Hosts at which decoys call home.
const HOSTS: [&str; 3] = ["canarytokens.com", "canarytokens.org", "canary.tools"];

/// Whether the credential is a known decoy.
pub(crate) fn is_canary(policy: &Policy, credential: &Credential) -> bool {
    let known = |account: &String| AWS_ACCOUNTS.contains(&account.as_str()) || policy.canaries.contains(account);
    let text = credential.text().unwrap_or_default();
    let hosts =
        || HOSTS.iter().copied().chain(policy.canaries.iter().map(String::as_str).filter(|word| word.contains('.')));
    let named = policy.canaries.iter().any(|one| one == &credential.fingerprint.to_string());
    // Whatever name the scanner gave the fact; without one, the number is read out of the key id here.
    let told = credential.facts.values().any(known);
    let read = || credential.texts().filter_map(|text| account_in(text.trim())).any(|account| known(&account));
    told || read() || hosts().any(|host| text.contains(host)) || named
}

#[cfg(test)]
mod tests {
    use stanch_model::{FingerprintKey, Secret};

    use super::*;

    /// An access key id that says that it is of an account: one bit that is set, forty of the number, and zeros.
    fn key_id(account: u64) -> String {
        let bits = u128::from(1 << 40 | account) << 39;
        let letter = |at: u32| {
            char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::try_from(bits >> (75 - 5 * at) & 31).unwrap_or(0)])
        };
        format!("AKIA{}", (0..16).map(letter).collect::<String>())
    }

    #[test]
    fn decoys_are_known_by_account_host_or_name() {
        let make = |text: &str| {
            let secret = Secret::new(text.as_bytes().to_vec());
            let fingerprint = FingerprintKey::from_bytes([1; 32]).fingerprint(&secret);
            Credential::new(secret, fingerprint)
        };
        let mut aws = make("x");
        assert!(!is_canary(&Policy::default(), &aws));
        aws.facts.insert("aws-account".to_owned(), "992382622183".to_owned());
        assert!(is_canary(&Policy::default(), &aws));
        let mut by_id = make("a-secret");
        // The id of account 534261010715, which no fact tells.
        by_id.give("key_id", crate::Origin::Leak, Secret::new(key_id(534_261_010_715).into_bytes()));
        assert!(is_canary(&Policy::default(), &by_id));
        assert!(is_canary(&Policy::default(), &make(&key_id(534_261_010_715))));
        assert!(!is_canary(&Policy::default(), &make(&key_id(534_261_010_716))));
        assert!(is_canary(&Policy::default(), &make("https://canarytokens.com/abc")));
        let ours = make("y");
        let policy = Policy { canaries: vec![ours.fingerprint.to_string()], ..Policy::default() };
        assert!(is_canary(&policy, &ours) && !is_canary(&policy, &make("z")));
    }
}

//! Tokens and sessions.

use std::time::Duration;

use stanch_pipeline::audit::AuditEvent;
use stanch_pipeline::store::{Store, StoreError};

use crate::bench::{at, must, on_both, open};

const HOUR: i64 = 3600;

async fn audited(store: &Store) -> Vec<AuditEvent> {
    let lines = must(store.lines(0, 100).await);
    lines.iter().map(|line| must(serde_json::from_str(&line.event))).collect()
}

#[test]
fn a_token_counts_until_it_expires_or_is_revoked() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let (token, value) = must(store.make_token("ci", "viewer", Some(at(2 * HOUR)), "ann", at(0)).await);
        assert!(value.starts_with("stanch_") && value.len() > 60);
        let found = must(store.token(&value, at(1)).await).unwrap_or_else(|| panic!("it counts"));
        assert_eq!((&found.id, &found.role), (&token.id, &token.role));
        assert_eq!(must(store.token(&value, at(2 * HOUR)).await), None, "it expired");
        for at_byte in 0..value.len() {
            let mut other = value.as_bytes().to_vec();
            other[at_byte] = if other[at_byte] == b'x' { b'y' } else { b'x' };
            assert_eq!(must(store.token(&String::from_utf8_lossy(&other), at(1)).await), None, "byte {at_byte}");
        }
        for other in ["", "stanch_", "stanch__", &value[..value.len() - 1], &format!("{}x", *value)] {
            assert_eq!(must(store.token(other, at(1)).await), None);
        }
        must(store.revoke_token(&token.id, "ann", at(2)).await);
        assert_eq!(must(store.token(&value, at(3)).await), None);
        assert_eq!(store.revoke_token(&token.id, "ann", at(3)).await, Err(StoreError::NotFound("token")));
        let made = AuditEvent::TokenMade {
            id: token.id.clone(),
            name: "ci".to_owned(),
            role: "viewer".to_owned(),
            expires: Some(at(2 * HOUR)),
        };
        assert_eq!(audited(&store).await, [made, AuditEvent::TokenRevoked { id: token.id }]);
        assert_eq!(must(store.tokens().await).first().and_then(|token| token.revoked), Some(at(2)));
    });
}

#[test]
fn the_last_use_is_known_to_the_hour() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let (_, value) = must(store.make_token("ci", "viewer", None, "ann", at(0)).await);
        for (second, known) in [(1, 1), (HOUR, 1), (2 * HOUR, 2 * HOUR)] {
            must(store.token(&value, at(second)).await);
            assert_eq!(must(store.tokens().await)[0].last_used, Some(at(known)));
        }
    });
}

#[test]
fn a_session_ends_with_its_time_its_token_or_its_holder() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let (token, _) = must(store.make_token("ann", "admin", None, "setup", at(0)).await);
        let lasts = Duration::from_secs(100);
        let (session, cookie) = must(store.sign_in(&token, lasts, at(0)).await);
        let found = must(store.session(&cookie, at(99)).await).unwrap_or_else(|| panic!("it lasts"));
        assert_eq!((found.csrf, found.expires), (session.csrf, at(100)));
        assert_eq!(must(store.session(&cookie, at(100)).await), None);
        assert_eq!(must(store.session(&format!("{}x", *cookie), at(1)).await), None);
        let (other, second) = must(store.sign_in(&token, lasts, at(1)).await);
        assert_ne!(other.csrf, found.token.id);
        must(store.sign_out(&cookie, at(2)).await);
        must(store.sign_out(&cookie, at(2)).await);
        assert_eq!(must(store.session(&cookie, at(3)).await), None);
        assert!(must(store.session(&second, at(3)).await).is_some());
        must(store.revoke_token(&token.id, "ann", at(4)).await);
        assert_eq!(must(store.session(&second, at(5)).await), None);
        assert_eq!(audited(&store).await.len(), 5, "made, in, in, out, revoked");
    });
}

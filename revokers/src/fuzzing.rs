//! For the fuzz targets: the parsers of what providers, servers and leaks may hold.

use crate::answer::{Means, read_of};
use crate::http::Answer;
use crate::{declared, mask, native, pointer, registry};

/// Any answer under the lines of any kind: what it means, whose it is, and which page comes next. Nothing but a line of the file for this
/// status may call a credential alive or dead.
pub fn answer(kind: usize, status: u16, link: &str, body: &str) {
    let Some(entry) = registry::entries().nth(kind) else { return };
    let answer = Answer::fake(status, &[("content-type", "application/json"), ("link", link)], body);
    let document = answer.json().unwrap_or_default();
    if let Some(probe) = &entry.kind.probe {
        for was_alive in [false, true] {
            let means = read_of(&probe.answers, &answer, was_alive);
            assert_eq!(means, read_of(&probe.answers, &answer, was_alive));
            if let Ok(Means::Active | Means::Inactive) = means {
                assert!(probe.answers.iter().any(|line| line.status.as_slice().contains(&status)));
                assert!(!(300..400).contains(&status) && status < 500);
            }
        }
        for place in probe.identity.values().flat_map(|places| places.as_slice()) {
            let _: Vec<_> = pointer::find(&document, place).into_iter().filter_map(pointer::scalar).collect();
        }
    }
    entry.kind.locate.iter().for_each(|step| declared::fuzz(step, &document, &answer));
}

/// Any mask of any secret: what fits is the secret itself, or shows enough of its ends.
pub fn mask(shown: &str, secret: &str) {
    let _ = mask::names(shown);
    if mask::fits(shown, secret) && shown != secret {
        let same = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
        let back = |text: &str| text.bytes().rev().collect::<Vec<_>>();
        let tail = back(shown).iter().zip(back(secret)).take_while(|(a, b)| **a == *b).count();
        assert!(same(shown, secret) + tail >= 4, "four characters are the least");
    }
}

/// What a server of MySQL says.
pub fn mysql(said: &[u8]) {
    native::fuzzing::mysql(said);
}

/// What a server of PostgreSQL says.
pub fn postgres(said: &[u8]) {
    native::fuzzing::postgres(said);
}

/// What AWS says.
pub fn xml(said: &[u8]) {
    native::fuzzing::xml(said);
}

/// A token of Kubernetes.
pub fn token(text: &str) {
    native::fuzzing::token(text);
}

/// What a server of Redis says.
pub fn redis(said: &[u8]) {
    native::fuzzing::redis(said);
}

/// The address of a database.
pub fn address(text: &str) {
    native::fuzzing::address(text);
}

/// A private key or certificate.
pub fn key(data: &[u8]) {
    native::fuzzing::key(data);
    native::fuzzing::certificate(data);
}

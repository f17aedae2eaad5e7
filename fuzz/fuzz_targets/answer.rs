//! Any answer of any provider: what it means, whose the credential is, where the list goes on.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (u16, u16, &str, &str)| {
    let (kind, status, link, body) = data;
    stanch_revokers::fuzzing::answer(usize::from(kind % 400), 100 + status % 500, link, body);
});

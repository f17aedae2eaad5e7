//! Any bytes as a secret: escaping it as JSON does gives the same credential.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch_rules::normalise;

fuzz_target!(|data: &[u8]| {
    let plain = normalise(data);
    assert_eq!(plain, normalise(data));
    if data.contains(&b'\\') {
        return;
    }
    let mut escaped = Vec::new();
    for &byte in data {
        match byte {
            b'\n' => escaped.extend_from_slice(b"\\n"),
            b'\r' => escaped.extend_from_slice(b"\\r"),
            b'/' => escaped.extend_from_slice(b"\\/"),
            b'"' => escaped.extend_from_slice(b"\\\""),
            byte => escaped.push(byte),
        }
    }
    assert_eq!(normalise(&escaped), plain);
});

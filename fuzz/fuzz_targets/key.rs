//! Any bytes as a private key or a certificate.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| stanch_revokers::fuzzing::key(data));

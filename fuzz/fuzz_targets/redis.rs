//! Any bytes as what a server of Redis says.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| stanch_revokers::fuzzing::redis(data));

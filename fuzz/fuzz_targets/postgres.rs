//! Any bytes as what a server of PostgreSQL says.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| stanch_revokers::fuzzing::postgres(data));

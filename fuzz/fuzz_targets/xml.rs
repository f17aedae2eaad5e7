//! Any bytes as an answer of AWS.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| stanch_revokers::fuzzing::xml(data));

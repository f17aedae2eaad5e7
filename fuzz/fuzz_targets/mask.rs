//! Any mask of any secret.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (&str, &str)| stanch_revokers::fuzzing::mask(data.0, data.1));

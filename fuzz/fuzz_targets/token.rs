//! Any text as a token of Kubernetes, and as the claims of one.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| stanch_revokers::fuzzing::token(data));

//! Any text as the address of a database.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| stanch_revokers::fuzzing::address(data));

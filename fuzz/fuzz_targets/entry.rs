//! Any bytes as the header of an entry in a pack: it is read as the format says, or not at all.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch_scanner::fuzzing::{EntryBase, entry};

fuzz_target!(|data: &[u8]| {
    let [long, data @ ..] = data else { return };
    let long = long & 1 == 1;
    assert_eq!(entry(data, long), naive(data, if long { 32 } else { 20 }));
});

/// The same in wide numbers, of which what does not fit is thrown out at the end.
fn naive(data: &[u8], hash: usize) -> Option<(EntryBase, u64, usize)> {
    let first = *data.first()?;
    let more = if first & 0x80 == 0 { 0 } else { groups(&data[1..])? };
    // Nor is a size written with more groups than 64 bits have, which git refuses too.
    if more > 9 {
        return None;
    }
    let size = (0..more).rev().try_fold(0_u128, |size, n| size.checked_mul(128)?.checked_add(low(data[1 + n])))?;
    let size = u64::try_from(size.checked_mul(16)?.checked_add(u128::from(first & 15))?).ok()?;
    let rest = data.get(1 + more..)?;
    match first >> 4 & 7 {
        1..=4 => Some((EntryBase::None, size, 1 + more)),
        6 => {
            let length = groups(rest)?;
            let add = |distance: u128, byte: &u8| (distance + 1).checked_mul(128)?.checked_add(low(*byte));
            let distance = rest[1..length].iter().try_fold(low(rest[0]), add)?;
            Some((EntryBase::Distance(u64::try_from(distance).ok()?), size, 1 + more + length))
        }
        7 => Some((EntryBase::Object(rest.get(..hash)?.to_vec()), size, 1 + more + hash)),
        _ => None,
    }
}

/// How many bytes there are up to one without the highest bit.
fn groups(data: &[u8]) -> Option<usize> {
    data.iter().position(|byte| byte & 0x80 == 0).map(|last| last + 1)
}

fn low(byte: u8) -> u128 {
    u128::from(byte & 0x7f)
}

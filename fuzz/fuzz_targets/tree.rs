//! Any bytes as a tree: entries are read one after the other, without a gap, up to one that is damaged. What is carried along a delta that
//! the bytes make of it is what reading the outcome whole gives.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch_scanner::fuzzing::{tree, tree_carried};

/// Stands for an id of one byte again and again, so that few bytes make a whole entry.
const ID: u8 = 0xfe;

fuzz_target!(|data: &[u8]| {
    let [long, data @ ..] = data else { return };
    let hash = if long & 1 == 1 { 32 } else { 20 };
    let mut bytes = Vec::new();
    let mut rest = data;
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, after) {
            (&ID, [id, after @ ..]) => {
                bytes.push(0);
                bytes.resize(bytes.len() + hash, *id);
                rest = after;
            }
            (byte, _) => bytes.push(*byte),
        }
    }
    let (entries, damaged) = tree(&bytes, long & 1 == 1);
    let mut start = 0;
    for (folder, name, id, end) in entries {
        let entry = &bytes[start..end];
        let (head, stored) = entry.split_at(entry.len() - hash);
        assert_eq!(stored, id);
        let mode =
            head.strip_suffix(&[0]).and_then(|head| head.strip_suffix(&name[..])).and_then(|m| m.strip_suffix(b" "));
        let mode = mode.unwrap_or_else(|| panic!("a mode, a space and a name stand before the zero"));
        assert_eq!(folder, mode.starts_with(b"40") || mode.starts_with(b"040"), "{mode:?}");
        assert!(!name.contains(&0) && !mode.contains(&b' '));
        start = end;
    }
    assert!(damaged || start == bytes.len(), "all of it is read");
    let carried = tree_carried(&bytes, &copies(&bytes, data), long & 1 == 1);
    assert_eq!(carried, Some(true), "what is carried is what is read");
});

/// A delta of copies and insertions, whose places the bytes choose.
fn copies(base: &[u8], choices: &[u8]) -> Vec<u8> {
    let (mut instructions, mut size) = (Vec::new(), 0);
    for choice in choices.chunks_exact(2) {
        let (start, length) = (usize::from(choice[0]), usize::from(choice[1] % 128));
        if length > 0 && start + length <= base.len() {
            instructions.extend([0x91, choice[0], length as u8]);
            size += length;
        } else {
            instructions.extend([1, choice[1]]);
            size += 1;
        }
    }
    [number(base.len()), number(size), instructions].concat()
}

/// A number in groups of seven bits, lowest first.
fn number(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 128 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

//! Any bytes as a tree: entries are read one after the other, without a gap, up to one that is damaged.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch_scanner::fuzzing::tree;

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
});

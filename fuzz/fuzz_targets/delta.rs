//! Any bytes as a delta: it gives what the format says, its runs tile the object, and copies equal the base; or it is refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch_scanner::fuzzing::delta;

/// A delta may copy its base again and again; the naive way holds no more than this.
const MOST: usize = 4 << 20;

fuzz_target!(|data: &[u8]| {
    let [made, length, data @ ..] = data else { return };
    let (base, instructions) = data.split_at(data.len().min(usize::from(*length)));
    if made & 1 == 0 {
        return check(instructions, base);
    }
    // The sizes are right, so that the instructions are reached.
    let expected = naive(instructions, base);
    let size = expected.as_ref().map_or(0, Vec::len);
    let mut bytes = Vec::new();
    for mut size in [base.len(), size] {
        while size > 0x7f {
            bytes.push(size as u8 | 0x80);
            size >>= 7;
        }
        bytes.push(size as u8);
    }
    bytes.extend_from_slice(instructions);
    check(&bytes, base);
    assert_eq!(delta(&bytes, base).map(|(object, _)| object), expected);
});

fn check(bytes: &[u8], base: &[u8]) {
    let Some((object, runs)) = delta(bytes, base) else { return };
    let mut at = 0;
    for (run, copied_from) in runs {
        assert!(run.start == at && run.end > at, "{run:?} after {at}");
        if let Some(from) = copied_from {
            assert_eq!(object[run.clone()], base[from..from + run.len()], "{run:?} of {from}");
        }
        at = run.end;
    }
    assert_eq!(at, object.len());
}

/// What instructions give, by the format alone; `None` if they are damaged or give more than is held.
fn naive(instructions: &[u8], base: &[u8]) -> Option<Vec<u8>> {
    let (mut object, mut rest) = (Vec::new(), instructions.iter().copied());
    while let Some(code) = rest.next() {
        if code & 0x80 == 0 {
            let before = object.len();
            object.extend(rest.by_ref().take(code.into()));
            if code == 0 || object.len() - before < code.into() {
                return None;
            }
        } else {
            let mut bytes = [0_u8; 7];
            for (bit, byte) in bytes.iter_mut().enumerate() {
                *byte = if code >> bit & 1 == 1 { rest.next()? } else { 0 };
            }
            let [a, b, c, d, x, y, z] = bytes;
            let (start, length) =
                (u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([x, y, z, 0]) as usize);
            let length = if length == 0 { 0x1_0000 } else { length };
            object.extend_from_slice(base.get(start..start + length)?);
        }
        if object.len() >= MOST {
            return None;
        }
    }
    Some(object)
}

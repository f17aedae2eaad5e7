//! Bytes for the small benchmarks, the same on every machine.

use stanch_rules::{Rng, corpus};
use zlib_rs::{DeflateConfig, compress_bound, compress_slice};

/// A delta in git's form (<https://git-scm.com/docs/gitformat-pack#_deltified_representation>) that puts new lines in so many places of the
/// base, and what it gives.
pub fn delta(base: &[u8], places: usize, seed: u64) -> (Vec<u8>, Vec<u8>) {
    let mut rng = Rng::new(seed);
    let mut cuts: Vec<usize> = (0..places).map(|_| rng.below(base.len().max(1) as u64) as usize).collect();
    cuts.sort_unstable();
    let mut given = Vec::new();
    let mut instructions = Vec::new();
    let mut at = 0;
    for cut in cuts {
        copy(&mut instructions, at, cut);
        given.extend_from_slice(base.get(at..cut).unwrap_or_default());
        let line = line(&mut rng);
        instructions.push(line.len() as u8);
        instructions.extend_from_slice(line);
        given.extend_from_slice(line);
        at = cut;
    }
    copy(&mut instructions, at, base.len());
    given.extend_from_slice(base.get(at..).unwrap_or_default());
    let mut delta = Vec::new();
    size(&mut delta, base.len());
    size(&mut delta, given.len());
    delta.append(&mut instructions);
    (delta, given)
}

/// A zlib stream of the bytes, as git's default writes it.
pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut room = vec![0; compress_bound(bytes.len())];
    let (stream, _) = compress_slice(&mut room, bytes, DeflateConfig::new(6));
    stream.to_vec()
}

/// A line of the reference corpus, of one to 127 bytes.
pub(crate) fn line(rng: &mut Rng) -> &'static [u8] {
    let text = corpus();
    loop {
        let at = rng.below(text.len() as u64) as usize;
        let rest = text.get(at..).unwrap_or_default();
        let Some(start) = rest.iter().position(|&byte| byte == b'\n') else { continue };
        let line = rest.get(start + 1..).unwrap_or_default();
        let Some(end) = line.iter().position(|&byte| byte == b'\n') else { continue };
        if let Some(line) = line.get(..=end).filter(|line| line.len() > 1 && line.len() < 0x80) {
            return line;
        }
    }
}

/// Copies of at most 64 KiB, as git writes them.
fn copy(out: &mut Vec<u8>, from: usize, to: usize) {
    let mut at = from;
    while at < to {
        let length = (to - at).min(0x1_0000);
        let start = (at as u32).to_le_bytes();
        // A length of 64 KiB is written as none.
        let [low, high, ..] = (length as u32 & 0xffff).to_le_bytes();
        out.push(0x80 | 0x0f | 0x30);
        out.extend(start);
        out.extend([low, high]);
        at += length;
    }
}

fn size(out: &mut Vec<u8>, mut size: usize) {
    while size >= 0x80 {
        out.push(size as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
}

#[cfg(test)]
mod tests {
    use stanch_scanner::doors::{Inflating, Runs, apply};

    use super::*;

    #[test]
    fn the_scanner_reads_the_delta() {
        let base = corpus();
        for places in [0, 1, 300] {
            let (delta, given) = delta(base, places, 1);
            let (mut out, mut runs) = (Vec::new(), Runs::default());
            let count = apply(&delta, base, &mut out, &mut runs);
            assert!(count.is_some_and(|count| count > places), "{places}: {count:?}");
            assert!(out == given, "{places}");
        }
    }

    #[test]
    fn the_scanner_reads_the_stream() {
        let stream = deflated(corpus());
        assert!(stream.len() < corpus().len() / 2);
        let mut inflating = Inflating::default();
        assert!(inflating.inflate(&stream, corpus().len()));
        assert!(inflating.out().get(..corpus().len()) == Some(corpus()));
    }
}

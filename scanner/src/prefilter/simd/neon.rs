//! 16 bytes at once, with tables of 128 entries: NEON, which every 64-bit Arm processor has.

use std::arch::aarch64::{
    uint8x16_t, uint8x16x4_t, vandq_u8, vceqq_u8, vcltq_u8, vdupq_n_u8, vgetq_lane_u64, vld1q_u8, vorrq_u8, vpaddq_u8,
    vqtbl4q_u8, vreinterpretq_u64_u8, vsubq_u8, vtstq_u8,
};

use super::ascii::Tables;
use super::{Kinds, MARGIN, WORD, WORDS, words};

const QUARTER: usize = WORD / 4;

#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[u8; QUARTER]) -> uint8x16_t {
    // SAFETY: 16 bytes can be read there, and the instruction asks for no alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// The four vectors of a word.
#[inline]
#[target_feature(enable = "neon")]
fn quarters(bytes: &[u8; WORD]) -> [uint8x16_t; 4] {
    let [a, b, c, d] = bytes.as_chunks::<QUARTER>().0 else { return [vdupq_n_u8(0); 4] };
    [load(a), load(b), load(c), load(d)]
}

/// A table of 128 entries, in eight registers.
#[derive(Clone, Copy)]
struct Table(uint8x16x4_t, uint8x16x4_t);

#[inline]
#[target_feature(enable = "neon")]
fn table(entries: &[u8; 128]) -> Table {
    let half = |entries| {
        let [a, b, c, d] = quarters(entries);
        uint8x16x4_t(a, b, c, d)
    };
    let [low, high] = entries.as_chunks::<WORD>().0 else { return Table(half(&[0; WORD]), half(&[0; WORD])) };
    Table(half(low), half(high))
}

/// The entries at some indices below 128. A lookup among 64 gives 0 for an index that is beyond them, which an index below 64 is to the
/// upper half.
#[inline]
#[target_feature(enable = "neon")]
fn look_up(table: Table, indices: uint8x16_t) -> uint8x16_t {
    let above = vsubq_u8(indices, vdupq_n_u8(64));
    vorrq_u8(vqtbl4q_u8(table.0, indices), vqtbl4q_u8(table.1, above))
}

/// A bit for each byte that is not 0.
#[inline]
#[target_feature(enable = "neon")]
fn bits(quarters: [uint8x16_t; 4]) -> u64 {
    // Each byte leaves its bit of eight, and sums of neighbours, three times, put eight of them together.
    let weights = load(&[1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128]);
    let [a, b, c, d] = quarters.map(|bytes| vandq_u8(vtstq_u8(bytes, bytes), weights));
    let pairs = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(pairs, pairs)))
}

#[target_feature(enable = "neon")]
pub(super) fn quadruples(tables: &Tables, bytes: &[u8], passing: &mut [u64]) {
    for (out, bytes) in passing.iter_mut().zip(words::<WORD, { WORD + MARGIN }>(bytes)) {
        let mut sets = [[vdupq_n_u8(0xff); 4]; 2];
        // There are fewer registers than the tables fill: each is loaded once for the whole word.
        for (place, tables) in tables.0.iter().enumerate() {
            let bytes = bytes.get(place..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; WORD]);
            let indices = quarters(bytes).map(|bytes| vandq_u8(bytes, vdupq_n_u8(0x7f)));
            for (sets, entries) in sets.iter_mut().zip(tables) {
                let table = table(entries);
                for (sets, indices) in sets.iter_mut().zip(indices) {
                    *sets = vandq_u8(*sets, look_up(table, indices));
                }
            }
        }
        let [mut sets, high] = sets;
        for (low, high) in sets.iter_mut().zip(high) {
            *low = vorrq_u8(*low, high);
        }
        *out = bits(sets);
    }
}

#[target_feature(enable = "neon")]
pub(super) fn kinds(bytes: &[u8], kinds: &mut Kinds, from: usize) {
    for (words, bytes) in kinds.from(from).zip(bytes.as_chunks::<WORD>().0) {
        let [a, b, c, d] = quarters(bytes).map(|bytes| kinds_of_quarter(bytes));
        let all = [0, 1, 2, 3].map(|kind| bits([a[kind], b[kind], c[kind], d[kind]]));
        words.into_iter().zip(all).for_each(|(word, bits)| *word = bits);
    }
}

#[target_feature(enable = "neon")]
pub(super) fn starts(kinds: &Kinds) -> [u64; WORDS] {
    super::starts::of(kinds)
}

#[inline]
#[target_feature(enable = "neon")]
fn kinds_of_quarter(bytes: uint8x16_t) -> [uint8x16_t; 4] {
    let among = |bytes, first: u8, many: u8| vcltq_u8(vsubq_u8(bytes, vdupq_n_u8(first)), vdupq_n_u8(many));
    let is = |byte: u8| vceqq_u8(bytes, vdupq_n_u8(byte));
    let digit = among(bytes, b'0', 10);
    let alnum = vorrq_u8(digit, among(vorrq_u8(bytes, vdupq_n_u8(0x20)), b'a', 26));
    let base64 = vorrq_u8(alnum, vorrq_u8(is(b'+'), is(b'/')));
    let token = vorrq_u8(base64, vorrq_u8(is(b'_'), is(b'-')));
    [token, alnum, base64, digit]
}

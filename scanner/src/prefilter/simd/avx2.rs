//! 32 bytes at once, with tables of 16 entries: AVX2.

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_srli_epi16,
    _mm256_sub_epi8, _mm256_xor_si256,
};

use super::{Kinds, MARGIN, WORD, WORDS, words};

const HALF: usize = WORD / 2;

/// A shuffle looks up among sixteen entries, so a byte is taken apart: its low five bits (two shuffles) tell letters from each other, its high three
/// what they tell of letters from digits and signs. Both must be of a set.
#[derive(Debug, Clone, Default)]
struct Place {
    /// By the low four bits, where the fifth is not set.
    even: [u8; HALF],
    /// The same where it is set.
    odd: [u8; HALF],
    high: [u8; HALF],
}

/// For each place, the lower and the upper eight sets. Tables stand twice, as both halves of a register look up in their own.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables(Box<[[Place; 2]; 4]>);

impl Tables {
    pub(super) fn new(sets: &[[u16; 256]; 4]) -> Self {
        let mut tables = Self::default();
        for (places, sets) in tables.0.iter_mut().zip(sets) {
            for (byte, sets) in sets.iter().enumerate() {
                for (place, sets) in places.iter_mut().zip(sets.to_le_bytes()) {
                    let low = if byte & 0x10 == 0 { &mut place.even } else { &mut place.odd };
                    for half in [0, HALF / 2] {
                        low[half + (byte & 0x0f)] |= sets;
                        place.high[half + (byte >> 5)] |= sets;
                    }
                }
            }
        }
        tables
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; HALF]) -> __m256i {
    // SAFETY: 32 bytes can be read there, and the instruction asks for no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn all(byte: u8) -> __m256i {
    _mm256_set1_epi8(byte.cast_signed())
}

#[target_feature(enable = "avx2")]
pub(super) fn quadruples(tables: &Tables, bytes: &[u8], passing: &mut [u64]) {
    for (out, bytes) in passing.iter_mut().zip(words::<{ WORD + MARGIN }>(bytes)) {
        let [low, high] = [0, HALF].map(|half| {
            let bytes = bytes.get(half..).and_then(|half| half.first_chunk()).unwrap_or(&[0; HALF + MARGIN]);
            half_a_word(tables, bytes)
        });
        *out = u64::from(high) << HALF | u64::from(low);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn half_a_word(tables: &Tables, bytes: &[u8; HALF + MARGIN]) -> u32 {
    let (mut low, mut high) = (all(0xff), all(0xff));
    for (place, [low_sets, high_sets]) in tables.0.iter().enumerate() {
        let bytes = load(bytes.get(place..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; HALF]));
        // A shuffle gives nothing where the highest bit is set: there the fifth bit goes, to choose one of two tables.
        let fifth = _mm256_slli_epi16::<3>(_mm256_and_si256(bytes, all(0x10)));
        let even = _mm256_or_si256(_mm256_and_si256(bytes, all(0x0f)), fifth);
        let odd = _mm256_xor_si256(even, all(0x80));
        let group = _mm256_and_si256(_mm256_srli_epi16::<5>(bytes), all(0x07));
        let sets_of = |place: &Place| {
            let five = _mm256_or_si256(
                _mm256_shuffle_epi8(load(&place.even), even),
                _mm256_shuffle_epi8(load(&place.odd), odd),
            );
            _mm256_and_si256(five, _mm256_shuffle_epi8(load(&place.high), group))
        };
        low = _mm256_and_si256(low, sets_of(low_sets));
        high = _mm256_and_si256(high, sets_of(high_sets));
    }
    let none = _mm256_cmpeq_epi8(_mm256_or_si256(low, high), _mm256_setzero_si256());
    !_mm256_movemask_epi8(none).cast_unsigned()
}

#[target_feature(enable = "avx2")]
pub(super) fn kinds(bytes: &[u8], kinds: &mut Kinds, from: usize) {
    for (words, bytes) in kinds.from(from).zip(words::<WORD>(bytes)) {
        let (halves, _) = bytes.as_chunks::<HALF>();
        let mut all = [0; 4];
        for (half, bytes) in halves.iter().enumerate() {
            all.iter_mut().zip(kinds_of_half(bytes)).for_each(|(all, bits)| *all |= u64::from(bits) << (half * HALF));
        }
        words.into_iter().zip(all).for_each(|(word, bits)| *word = bits);
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn starts(kinds: &Kinds) -> [u64; WORDS] {
    super::starts::of(kinds)
}

#[inline]
#[target_feature(enable = "avx2")]
fn kinds_of_half(bytes: &[u8; HALF]) -> [u32; 4] {
    let bytes = load(bytes);
    let bits = |vector| _mm256_movemask_epi8(vector).cast_unsigned();
    let among = |bytes, first: u8, last: u8| {
        let offset = _mm256_sub_epi8(bytes, all(first));
        _mm256_cmpeq_epi8(_mm256_min_epu8(offset, all(last - first)), offset)
    };
    let is = |byte: u8| _mm256_cmpeq_epi8(bytes, all(byte));
    let digit = among(bytes, b'0', b'9');
    let alnum = _mm256_or_si256(digit, among(_mm256_or_si256(bytes, all(0x20)), b'a', b'z'));
    let base64 = _mm256_or_si256(alnum, _mm256_or_si256(is(b'+'), is(b'/')));
    let token = _mm256_or_si256(base64, _mm256_or_si256(is(b'_'), is(b'-')));
    [token, alnum, base64, digit].map(bits)
}

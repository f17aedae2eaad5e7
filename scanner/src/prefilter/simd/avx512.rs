//! 64 bytes at once, with tables of 128 entries: AVX-512 F, BW and VBMI (Intel since Ice Lake, AMD since Zen 4).

use std::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_loadu_si512, _mm512_movepi8_mask, _mm512_or_si512, _mm512_permutex2var_epi8,
    _mm512_set1_epi8, _mm512_test_epi8_mask,
};

use super::ascii::{ClassTables, Tables};
use super::{Kinds, MARGIN, WORD, WORDS, words};

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8; WORD]) -> __m512i {
    // SAFETY: 64 bytes can be read there, and the instruction asks for no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// A table of 128 entries, in two registers.
#[derive(Clone, Copy)]
struct Table(__m512i, __m512i);

#[inline]
#[target_feature(enable = "avx512f")]
fn table(entries: &[u8; 128]) -> Table {
    let [low, high] = entries.as_chunks::<WORD>().0 else { return Table(_mm512_set1_epi8(0), _mm512_set1_epi8(0)) };
    Table(load(low), load(high))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn quadruples(tables: &Tables, bytes: &[u8], passing: &mut [u64]) {
    let [a, b, c, d] = &*tables.0;
    let low = [table(&a[0]), table(&b[0]), table(&c[0]), table(&d[0])];
    let high = [table(&a[1]), table(&b[1]), table(&c[1]), table(&d[1])];
    for (out, bytes) in passing.iter_mut().zip(words::<WORD, { WORD + MARGIN }>(bytes)) {
        let [one, two, three, four] = four_loads(bytes);
        let sets_of = |tables: &[Table; 4]| {
            let of = |table: Table, bytes| _mm512_permutex2var_epi8(table.0, bytes, table.1);
            let (ab, cd) = (
                _mm512_and_si512(of(tables[0], one), of(tables[1], two)),
                _mm512_and_si512(of(tables[2], three), of(tables[3], four)),
            );
            _mm512_and_si512(ab, cd)
        };
        let sets = _mm512_or_si512(sets_of(&low), sets_of(&high));
        *out = _mm512_test_epi8_mask(sets, sets);
    }
}

/// The words that start at each of the first four bytes.
#[inline]
#[target_feature(enable = "avx512f")]
fn four_loads(bytes: &[u8; WORD + MARGIN]) -> [__m512i; 4] {
    let from = |at: usize| bytes.get(at..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; WORD]);
    [load(from(0)), load(from(1)), load(from(2)), load(from(3))]
}

/// For each byte of ASCII, as bits, whether it is a token byte, a letter or digit, one of these or of `+/`, a digit.
static KINDS: [u8; 128] = {
    let mut kinds = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        let is = byte as u8;
        let (digit, alnum) = (is.is_ascii_digit(), is.is_ascii_alphanumeric());
        let base64 = alnum || matches!(is, b'+' | b'/');
        let token = base64 || matches!(is, b'_' | b'-');
        kinds[byte] = token as u8 | (alnum as u8) << 1 | (base64 as u8) << 2 | (digit as u8) << 3;
        byte += 1;
    }
    kinds
};

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn kinds(bytes: &[u8], kinds: &mut Kinds, from: usize) {
    let table = table(&KINDS);
    for ([token, alnum, base64, digit], bytes) in kinds.from(from).zip(bytes.as_chunks::<WORD>().0) {
        let bytes = load(bytes);
        let of = _mm512_permutex2var_epi8(table.0, bytes, table.1);
        let ascii = !_mm512_movepi8_mask(bytes);
        let are = |kind: u8| _mm512_test_epi8_mask(of, _mm512_set1_epi8(kind.cast_signed())) & ascii;
        [*token, *alnum, *base64, *digit] = [1, 2, 4, 8].map(are);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn starts(kinds: &Kinds) -> [u64; WORDS] {
    super::starts::of(kinds)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn class_runs(tables: &ClassTables, bytes: &[u8], classes: u16, mut tell: impl FnMut(usize, usize)) {
    let [low, high] = &*tables.classes;
    let (low, high) = (table(low), table(high));
    let mut alive = classes;
    for at in (0..bytes.len()).step_by(WORD) {
        let rest = bytes.get(at..).unwrap_or_default();
        let mut padded = [0; WORD];
        let word = rest.first_chunk().unwrap_or_else(|| {
            padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            &padded
        });
        // What is padded is in no class, as bytes beyond ASCII are not.
        let here = u64::MAX >> (WORD - rest.len().min(WORD));
        let bytes = load(word);
        let ascii = here & !_mm512_movepi8_mask(bytes);
        let of = |table: Table| _mm512_permutex2var_epi8(table.0, bytes, table.1);
        let (low, high) = (of(low), of(high));
        let mut ended = 0;
        super::scalar::each(alive.into(), |class| {
            let half = if class < 8 { low } else { high };
            let bit = _mm512_set1_epi8((1_u8 << (class % 8)).cast_signed());
            let run = (_mm512_test_epi8_mask(half, bit) & ascii).trailing_ones();
            if run < u64::BITS {
                ended |= 1 << class;
                tell(class, at + run as usize);
            }
        });
        alive &= !ended;
        if alive == 0 {
            return;
        }
    }
    super::scalar::each(alive.into(), |class| tell(class, bytes.len()));
}

//! 32 bytes at once, with tables of 16 entries: AVX2.

use std::arch::x86_64::{
    __m256i, _MM_HINT_T0, _mm_prefetch, _mm256_add_epi8, _mm256_and_si256, _mm256_blendv_epi8, _mm256_cmpeq_epi8,
    _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_srli_epi16, _mm256_storeu_si256, _mm256_xor_si256,
};
use std::mem::MaybeUninit;

use super::symbols::{SIGNS, symbol};
use super::{CLASSES, Kinds, MARGIN, Places, WORD, WORDS, words};

const HALF: usize = WORD / 2;

/// The sets by symbol. A shuffle looks up among sixteen entries, so there are two of them.
#[derive(Debug, Clone, Default)]
struct Place {
    /// Where the fifth bit of the symbol is not set.
    even: [u8; HALF],
    /// Where it is.
    odd: [u8; HALF],
}

/// The tables that signs are looked up in, in the form of an index. Each stands twice, as both halves of a register look up in their own.
static INDICES: [[u8; HALF]; 2] = {
    let mut indices = [[0; HALF]; 2];
    let mut at = 0;
    while at < 2 * HALF {
        indices[at / HALF][at % HALF] = index(SIGNS[at / HALF][at % 16]);
        at += 1;
    }
    indices
};

/// A shuffle looks at the lowest four bits of an index, and gives nothing where the highest one is set: there the fifth bit goes, to choose one of
/// two tables.
const fn index(symbol: u8) -> u8 {
    symbol & 0x0f | (symbol & 0x10) << 3
}

/// For each place, the lower and the upper eight sets. Tables stand twice, too.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables(Box<[[Place; 2]; 4]>);

impl Tables {
    pub(super) fn new(sets: &[[u16; 256]; 4]) -> Self {
        let mut tables = Self::default();
        for (places, sets) in tables.0.iter_mut().zip(sets) {
            for (byte, sets) in (0..=u8::MAX).zip(sets) {
                let symbol = symbol(byte);
                let at = usize::from(symbol & 0x0f);
                for (place, sets) in places.iter_mut().zip(sets.to_le_bytes()) {
                    let entries = if symbol & 0x10 == 0 { &mut place.even } else { &mut place.odd };
                    entries[at] |= sets;
                    entries[at + HALF / 2] |= sets;
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
fn store(bytes: &mut MaybeUninit<[u8; HALF]>, vector: __m256i) {
    // SAFETY: 32 bytes can be written there, and the instruction asks for no alignment.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), vector) }
}

/// Both halves of a word.
#[inline]
fn halves(word: &[u8; WORD]) -> [&[u8; HALF]; 2] {
    let (halves, _) = word.as_chunks();
    [0, 1].map(|half| halves.get(half).unwrap_or(&[0; HALF]))
}

#[inline]
#[target_feature(enable = "avx2")]
fn all(byte: u8) -> __m256i {
    _mm256_set1_epi8(byte.cast_signed())
}

/// So many words are looked at together: the indices of their symbols are made once, and looked up for the lower and then for the upper sets, so
/// that the tables stay in registers.
const BLOCK: usize = 32;
/// Their halves, and that of the margin after them.
const HALVES: usize = 2 * BLOCK + 1;

#[target_feature(enable = "avx2")]
pub(super) fn quadruples(tables: &Tables, bytes: &[u8], passing: &mut [u64]) {
    let words = passing.len().min(bytes.len().saturating_sub(MARGIN) / WORD);
    let passing = passing.get_mut(..words).unwrap_or_default();
    let mut indices = Indices { even: [MaybeUninit::uninit(); HALVES], odd: [MaybeUninit::uninit(); HALVES] };
    for (passing, at) in passing.chunks_mut(BLOCK).zip((0..).step_by(BLOCK * WORD)) {
        let (even, odd) = indices.make(bytes.get(at..).unwrap_or_default(), passing.len());
        passing.fill(0);
        for half in 0..2 {
            look_up(tables.0.each_ref().map(|places| &places[half]), even, odd, passing);
        }
    }
}

/// Room for the indices of the symbols of some bytes, for both tables: a byte that one of them gives something for is nothing to the other. Most searches
/// are short, and nothing is looked at that was not written just before, so it is not cleared.
struct Indices {
    even: [MaybeUninit<[u8; HALF]>; HALVES],
    odd: [MaybeUninit<[u8; HALF]>; HALVES],
}

impl Indices {
    /// Makes the indices of some words, and of the margin after them.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn make(&mut self, bytes: &[u8], words: usize) -> (&[u8], &[u8]) {
        let write = |even: &mut MaybeUninit<[u8; HALF]>, odd: &mut MaybeUninit<[u8; HALF]>, half| {
            let indices = indices_of(load(half));
            store(even, indices);
            store(odd, _mm256_xor_si256(indices, all(0x80)));
        };
        let words = words.min(BLOCK);
        let (whole, _) = bytes.as_chunks::<WORD>();
        let (even, odd) = (self.even.as_chunks_mut::<2>().0.iter_mut(), self.odd.as_chunks_mut::<2>().0);
        let mut made = 0;
        for ((even, odd), word) in even.zip(odd).zip(whole.iter().take(words)) {
            // The lookups take longer than what the processor fetches beforehand by itself.
            _mm_prefetch::<_MM_HINT_T0>(word.as_ptr().wrapping_add(BLOCK * WORD).cast());
            let [low, high] = halves(word);
            write(&mut even[0], &mut odd[0], low);
            write(&mut even[1], &mut odd[1], high);
            made += 2;
        }
        // Of what follows the last word only the margin need be there.
        let rest = bytes.get(made * HALF..).unwrap_or_default();
        let mut padded = [0; HALF];
        let margin = rest.first_chunk().unwrap_or_else(|| {
            padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            &padded
        });
        write(&mut self.even[made], &mut self.odd[made], margin);
        made += 1;
        // SAFETY: so many of both have been written just now, one after the other from the first on.
        unsafe {
            (self.even[..made].assume_init_ref().as_flattened(), self.odd[..made].assume_init_ref().as_flattened())
        }
    }
}

/// The indices of the symbols of some bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn indices_of(bytes: __m256i) -> __m256i {
    // By its highest bit one of two is chosen: bit 4 goes there, and bit 6.
    let (fourth, sixth) = (_mm256_slli_epi16::<3>(bytes), _mm256_slli_epi16::<1>(bytes));
    let signs = _mm256_blendv_epi8(
        _mm256_shuffle_epi8(load(&INDICES[0]), bytes),
        _mm256_shuffle_epi8(load(&INDICES[1]), bytes),
        fourth,
    );
    let letters = _mm256_or_si256(_mm256_and_si256(bytes, all(0x0f)), _mm256_and_si256(fourth, all(0x80)));
    _mm256_blendv_epi8(signs, letters, sixth)
}

/// Adds the bits of the bytes at which a quadruple of eight sets may stand, whose tables are given place by place.
#[inline(never)]
#[target_feature(enable = "avx2")]
fn look_up(places: [&Place; 4], even: &[u8], odd: &[u8], passing: &mut [u64]) {
    let places = places.map(|place| (load(&place.even), load(&place.odd)));
    let from =
        |indices: &[u8], at: usize| load(indices.get(at..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; HALF]));
    let half = |even_indices: &[u8], odd_indices: &[u8], at: usize| {
        let mut sets = all(0xff);
        for ((even, odd), at) in places.into_iter().zip(at..) {
            let even = _mm256_shuffle_epi8(even, from(even_indices, at));
            let odd = _mm256_shuffle_epi8(odd, from(odd_indices, at));
            sets = _mm256_and_si256(sets, _mm256_or_si256(even, odd));
        }
        let none = _mm256_cmpeq_epi8(sets, _mm256_setzero_si256());
        u64::from(!_mm256_movemask_epi8(none).cast_unsigned())
    };
    let (pairs, last) = passing.as_chunks_mut::<2>();
    let indices =
        words::<{ 2 * WORD }, { 2 * WORD + MARGIN }>(even).zip(words::<{ 2 * WORD }, { 2 * WORD + MARGIN }>(odd));
    for ([first, second], (even, odd)) in pairs.iter_mut().zip(indices) {
        *first |= half(even, odd, HALF) << HALF | half(even, odd, 0);
        *second |= half(even, odd, 3 * HALF) << HALF | half(even, odd, 2 * HALF);
    }
    let at = pairs.len() * 2 * WORD;
    let [even, odd] =
        [even, odd].map(|indices| indices.get(at..).and_then(|rest| rest.first_chunk::<{ WORD + MARGIN }>()));
    if let ([last], Some(even), Some(odd)) = (last, even, odd) {
        *last |= half(even, odd, HALF) << HALF | half(even, odd, 0);
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(super) fn places(words: &[u64], places: &mut Places) -> usize {
    super::places::of(words, places)
}

#[target_feature(enable = "avx2")]
pub(super) fn kinds(bytes: &[u8], kinds: &mut Kinds, from: usize) {
    for (words, bytes) in kinds.from(from).zip(bytes.as_chunks::<WORD>().0) {
        let [low, high] = halves(bytes).map(|half| kinds_of_half(half));
        let all = std::array::from_fn::<_, 4, _>(|kind| u64::from(high[kind]) << HALF | u64::from(low[kind]));
        words.into_iter().zip(all).for_each(|(word, bits)| *word = bits);
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn starts(kinds: &Kinds) -> [u64; WORDS] {
    super::starts::of(kinds)
}

/// What bytes are, as bits of which each has one: a digit, letters of two columns of ASCII, `+/`, `-`, `_`. By their low and by their high four bits;
/// what both say is so.
static KINDS: [[u8; HALF]; 2] = {
    let mut kinds = [[0; HALF]; 2];
    let mut byte = 0;
    while byte < 0x80 {
        let kind = kind(byte);
        let mut at = 0;
        while at < HALF {
            kinds[0][at + (byte & 0x0f) as usize] |= kind;
            kinds[1][at + (byte >> 4) as usize] |= kind;
            at += HALF / 2;
        }
        byte += 1;
    }
    kinds
};

/// The kinds are in such an order that one comparison tells whether a byte is a token byte, a letter or digit, one of these or of `+/`.
const fn kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0x80,
        b'A'..=b'O' | b'a'..=b'o' => 0x40,
        b'P'..=b'Z' | b'p'..=b'z' => 0x20,
        b'+' | b'/' => 0x10,
        b'-' => 0x08,
        b'_' => 0x04,
        _ => 0,
    }
}

/// For each byte the bit of its row.
#[inline]
#[target_feature(enable = "avx2")]
fn row_bits(bytes: __m256i) -> __m256i {
    _mm256_shuffle_epi8(load(&ROW_BITS), high_bits(bytes))
}

/// The high four bits of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn high_bits(bytes: __m256i) -> __m256i {
    _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), all(0x0f))
}

#[inline]
#[target_feature(enable = "avx2")]
fn kinds_of_half(bytes: &[u8; HALF]) -> [u32; 4] {
    let bytes = load(bytes);
    let high = high_bits(bytes);
    // A byte beyond ASCII gives nothing.
    let kinds =
        _mm256_and_si256(_mm256_shuffle_epi8(load(&KINDS[0]), bytes), _mm256_shuffle_epi8(load(&KINDS[1]), high));
    // No sum is more than a byte holds. (Of sums that would end at its most the compiler makes a comparison, which takes longer.)
    let from = |least: u8| _mm256_movemask_epi8(_mm256_add_epi8(kinds, all(0x80 - least))).cast_unsigned();
    [from(0x04), from(0x20), from(0x10), from(0x80)]
}

/// A class of ASCII: by the low four bits of a byte, in which rows there are bytes of the class that have them, a bit for each row. The table stands twice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows([u8; HALF]);

impl Rows {
    pub(super) const NONE: Self = Self([0; HALF]);

    /// Adds a byte. Of those beyond ASCII nothing is told.
    pub(super) fn add(&mut self, byte: u8) {
        let place = usize::from(byte & 0x0f);
        for at in [place, place + HALF / 2] {
            self.0[at] |= 1_u8.checked_shl((byte >> 4).into()).unwrap_or_default();
        }
    }

    /// The bits of those bytes that are in the class, given their row bits.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn of(&self, bytes: __m256i, row_bits: __m256i) -> u32 {
        // A byte beyond ASCII gives nothing.
        let found = _mm256_and_si256(_mm256_shuffle_epi8(load(&self.0), bytes), row_bits);
        !_mm256_movemask_epi8(_mm256_cmpeq_epi8(found, _mm256_setzero_si256())).cast_unsigned()
    }
}

/// How many bytes from the first one on are in a class, at most a number; whether those beyond ASCII are is known.
#[target_feature(enable = "avx2")]
pub(super) fn class_run(rows: &Rows, beyond: bool, bytes: &[u8], most: usize) -> usize {
    let beyond = all(if beyond { 0x80 } else { 0 });
    let run = |half: &[u8; HALF]| {
        let half = load(half);
        let beyond = _mm256_movemask_epi8(_mm256_and_si256(half, beyond)).cast_unsigned();
        (rows.of(half, row_bits(half)) | beyond).trailing_ones() as usize
    };
    let mut at = 0;
    // Most runs end in the first half of a word.
    while let Some(half) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let run = run(half);
        at += run;
        if run < HALF || at >= most {
            return at.min(most);
        }
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let mut padded = [0; HALF];
    padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    // What is padded may be in the class.
    (at + run(&padded).min(rest.len())).min(most)
}

/// The bit of each row of ASCII, by the high four bits of its bytes.
static ROW_BITS: [u8; HALF] = {
    let mut bits = [0; HALF];
    let mut row = 0;
    while row < 8 {
        bits[row] = 1 << row;
        bits[row + HALF / 2] = 1 << row;
        row += 1;
    }
    bits
};

#[target_feature(enable = "avx2")]
pub(super) fn class_runs(all: &[Rows; CLASSES], bytes: &[u8], classes: u16, mut tell: impl FnMut(usize, usize)) {
    let mut alive = classes;
    for at in (0..bytes.len()).step_by(WORD) {
        let rest = bytes.get(at..).unwrap_or_default();
        let mut padded = [0; WORD];
        let word: &[u8; WORD] = rest.first_chunk().unwrap_or_else(|| {
            padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            &padded
        });
        let halves = halves(word).map(|half| load(half));
        let row_bits = halves.map(|half| row_bits(half));
        // What is padded is in no class.
        let here = u64::MAX >> (WORD - rest.len().min(WORD));
        let mut ended = 0;
        super::scalar::each(alive.into(), |class| {
            let bits = |half: usize| all[class % CLASSES].of(halves[half], row_bits[half]);
            let run = (u64::from(bits(1)) << HALF | u64::from(bits(0))) & here;
            if run != u64::MAX {
                ended |= 1 << class;
                tell(class, at + run.trailing_ones() as usize);
            }
        });
        alive &= !ended;
        if alive == 0 {
            return;
        }
    }
    super::scalar::each(alive.into(), |class| tell(class, bytes.len()));
}

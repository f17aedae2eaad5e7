//! The vector code of the prefilter, and all unsafe code there is: for each byte of some text a bit that says whether it is worth a look.
//!
//! Which instructions are used is chosen at run time. All ways give what [`scalar`] gives, but for what [`Quadruples`] allows.

#![cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    expect(unsafe_code, reason = "vector instructions; each block has its proof")
)]
#![deny(clippy::undocumented_unsafe_blocks, clippy::unwrap_used, clippy::expect_used)]

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod ascii;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod places;
mod scalar;
mod starts;
mod symbols;

pub(crate) use places::{LISTED, Places};
pub(crate) use scalar::each;
pub use symbols::symbol;

use crate::prefilter::spans::Spans;

/// Positions are handled as words of so many bits.
pub(crate) const WORD: usize = 64;
/// How many bytes beyond the last word must be there to be read: a quadruple that starts in it ends there.
pub(crate) const MARGIN: usize = 3;

/// The vector instructions that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level(Instructions);

/// No other module can name one, so a value is the proof that the processor has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instructions {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Level {
    /// The best that this processor has.
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            // Who has the first of these has the others too, as far as is known.
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("popcnt");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vbmi");
            match (avx2, avx512) {
                (true, true) => return Self(Instructions::Avx512),
                (true, false) => return Self(Instructions::Avx2),
                (false, _) => {}
            }
        }
        // It is part of what the target asks of a processor, so there is nothing to detect.
        #[cfg(target_arch = "aarch64")]
        if cfg!(target_feature = "neon") {
            return Self(Instructions::Neon);
        }
        Self(Instructions::Scalar)
    }

    /// All that this processor has.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self(Instructions::Scalar)];
        #[cfg(target_arch = "x86_64")]
        {
            let best = Self::best().0;
            let levels = [(Instructions::Avx2, best != Instructions::Scalar), (best, best == Instructions::Avx512)];
            all.extend(levels.into_iter().filter(|(_, has)| *has).map(|(level, _)| Self(level)));
        }
        #[cfg(target_arch = "aarch64")]
        all.extend(cfg!(target_feature = "neon").then_some(Self(Instructions::Neon)));
        all
    }
}

/// Which quadruples of bytes are looked for, up to sixteen sets of them: for each place and byte, the sets that have this byte there. Four
/// bytes pass if there is a set that has all of them, each at its place.
///
/// A way to look for them may let others pass too, but none may be missed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quadruples {
    sets: scalar::Sets,
    #[cfg(target_arch = "x86_64")]
    folded: avx2::Tables,
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    ascii: ascii::Tables,
}

impl Quadruples {
    pub(crate) fn new(sets: &[[u16; 256]; 4]) -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            folded: avx2::Tables::new(sets),
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            ascii: ascii::Tables::new(sets),
            sets: scalar::Sets::new(sets),
        }
    }

    /// For each word of `passing` the bits of the positions at which a quadruple may stand. Words for which there are not [`MARGIN`] bytes more
    /// are left as they are.
    pub(crate) fn find(&self, level: Level, bytes: &[u8], passing: &mut [u64]) {
        match level.0 {
            Instructions::Scalar => scalar::quadruples(&self.sets, bytes, passing),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: there is such a level only where the processor has AVX2.
            Instructions::Avx2 => unsafe { avx2::quadruples(&self.folded, bytes, passing) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: there is such a level only where the processor has AVX-512 F, BW and VBMI.
            Instructions::Avx512 => unsafe { avx512::quadruples(&self.ascii, bytes, passing) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: there is such a level only where the target has NEON.
            Instructions::Neon => unsafe { neon::quadruples(&self.ascii, bytes, passing) },
        }
    }
}

impl Places {
    /// The places of the bits that are set in at most [`LISTED`] words, in order.
    #[inline]
    pub(crate) fn of(&mut self, level: Level, words: &[u64]) -> &mut [u16] {
        let count = match level.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: there is such a level only where the processor can count bits, and has BMI.
            Instructions::Avx2 | Instructions::Avx512 => unsafe { avx2::places(words, self) },
            _ => places::of(words, self),
        };
        self.0.get_mut(..count).unwrap_or_default()
    }
}

/// Sixteen classes of bytes: for each byte the classes that it is in, as bits.
#[derive(Debug, Clone)]
pub(crate) struct ClassBits {
    bits: Box<[u16; 256]>,
    #[cfg(target_arch = "x86_64")]
    ascii: ascii::ClassTables,
    #[cfg(target_arch = "x86_64")]
    rows: Box<[avx2::Rows; CLASSES]>,
}

/// How many classes there may be.
pub(crate) const CLASSES: usize = u16::BITS as usize;

impl ClassBits {
    pub(crate) fn new(bits: &[u16; 256]) -> Self {
        #[cfg(target_arch = "x86_64")]
        let rows = {
            let mut rows = Box::new([avx2::Rows::NONE; CLASSES]);
            for (byte, bits) in (0..=u8::MAX).zip(bits) {
                each((*bits).into(), |class| rows[class].add(byte));
            }
            rows
        };
        Self {
            #[cfg(target_arch = "x86_64")]
            ascii: ascii::ClassTables::new(bits),
            #[cfg(target_arch = "x86_64")]
            rows,
            bits: Box::new(*bits),
        }
    }

    /// Tells of each of some classes how many bytes from the first one on are in it, at most `most`.
    pub(crate) fn runs(&self, level: Level, bytes: &[u8], classes: u16, most: usize, tell: impl FnMut(usize, usize)) {
        let bytes = bytes.get(..most).unwrap_or(bytes);
        match level.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: there is such a level only where the processor has AVX-512 F, BW and VBMI.
            Instructions::Avx512 if !self.ascii.outside => unsafe {
                avx512::class_runs(&self.ascii, bytes, classes, tell);
            },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: there is such a level only where the processor has AVX2.
            Instructions::Avx2 if !self.ascii.outside => unsafe {
                avx2::class_runs(&self.rows, bytes, classes, tell);
            },
            _ => scalar::class_runs(&self.bits, bytes, classes, tell),
        }
    }
}

/// One class of bytes.
#[derive(Debug, Clone)]
pub(crate) struct Class {
    has: [bool; 256],
    #[cfg(target_arch = "x86_64")]
    rows: avx2::Rows,
    /// Whether it has all of the bytes beyond ASCII, or none; `None` if it has some.
    #[cfg(target_arch = "x86_64")]
    beyond: Option<bool>,
}

impl Class {
    pub(crate) fn new(bytes: impl Iterator<Item = u8>) -> Self {
        let mut class = Self {
            has: [false; 256],
            #[cfg(target_arch = "x86_64")]
            rows: avx2::Rows::NONE,
            #[cfg(target_arch = "x86_64")]
            beyond: Some(false),
        };
        for byte in bytes {
            class.has[usize::from(byte)] = true;
            #[cfg(target_arch = "x86_64")]
            class.rows.add(byte);
        }
        #[cfg(target_arch = "x86_64")]
        {
            let beyond = &class.has[0x80..];
            class.beyond = beyond.iter().all(|has| *has == beyond[0]).then_some(beyond[0]);
        }
        class
    }

    pub(crate) fn has(&self, byte: u8) -> bool {
        self.has[usize::from(byte)]
    }

    /// How many bytes from the first one on are in it, at most a number.
    pub(crate) fn run(&self, level: Level, bytes: &[u8], most: usize) -> usize {
        match level.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 | Instructions::Avx512 if let Some(beyond) = self.beyond => {
                // SAFETY: there are such levels only where the processor has AVX2.
                unsafe { avx2::class_run(&self.rows, beyond, bytes, most) }
            }
            _ => bytes.iter().take(most).take_while(|byte| self.has(**byte)).count(),
        }
    }
}

/// How many words the run finder looks at at once.
pub(crate) const WORDS: usize = 16;

/// What bytes are to the run finder, word by word as bits: first the word before, then [`WORDS`] words, then the one after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kinds {
    /// Letters, digits and `+/_-`.
    pub(crate) token: [u64; WORDS + 2],
    /// Letters and digits.
    pub(crate) alnum: [u64; WORDS + 2],
    /// These and `+/`.
    pub(crate) base64: [u64; WORDS + 2],
    pub(crate) digit: [u64; WORDS + 2],
}

impl Kinds {
    pub(crate) const NONE: Self =
        Self { token: [0; WORDS + 2], alnum: [0; WORDS + 2], base64: [0; WORDS + 2], digit: [0; WORDS + 2] };

    /// Of some words nothing is told.
    pub(crate) fn clear(&mut self, words: std::ops::Range<usize>) {
        for kind in [&mut self.token, &mut self.alnum, &mut self.base64, &mut self.digit] {
            kind.get_mut(words.clone()).into_iter().flatten().for_each(|word| *word = 0);
        }
    }

    /// Goes on by [`WORDS`]: of these the first is known already.
    pub(crate) fn go_on(&mut self) {
        for kind in [&mut self.token, &mut self.alnum, &mut self.base64, &mut self.digit] {
            kind.copy_within(WORDS.., 0);
        }
    }

    /// Tells what the bytes are, from a word on. Words that they do not fill are left as they are.
    pub(crate) fn tell(&mut self, level: Level, bytes: &[u8], from: usize) {
        match level.0 {
            Instructions::Scalar => scalar::kinds(bytes, self, from),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: there is such a level only where the processor has AVX2.
            Instructions::Avx2 => unsafe { avx2::kinds(bytes, self, from) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: there is such a level only where the processor has AVX-512 F, BW and VBMI.
            Instructions::Avx512 => unsafe { avx512::kinds(bytes, self, from) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: there is such a level only where the target has NEON.
            Instructions::Neon => unsafe { neon::kinds(bytes, self, from) },
        }
    }

    /// The bits at which a token-like value may start: sixteen token bytes follow, the first of them or the one after it a letter or digit, no letter
    /// or digit stands before it, and a digit follows in the run, or the run goes on behind the next word.
    ///
    /// Of the words only so many are looked at, and some more if that costs nothing.
    pub(crate) fn starts(&self, level: Level, words: usize) -> [u64; WORDS] {
        /// So few words are looked at faster one by one.
        const FEW: usize = 3;
        if words <= FEW {
            let mut starts = [0; WORDS];
            starts.iter_mut().take(words).enumerate().for_each(|(word, starts)| *starts = starts::of_word(self, word));
            return starts;
        }
        match level.0 {
            Instructions::Scalar => starts::of(self),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: there is such a level only where the processor has AVX2.
            Instructions::Avx2 => unsafe { avx2::starts(self) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: there is such a level only where the processor has AVX-512 F, BW and VBMI.
            Instructions::Avx512 => unsafe { avx512::starts(self) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: there is such a level only where the target has NEON.
            Instructions::Neon => unsafe { neon::starts(self) },
        }
    }

    /// How far letters and digits go from a bit of a word on, of which there are [`WORDS`]; how far these with `+/`, with `-_`, and with all four
    /// signs. A word of them is the most.
    #[inline]
    pub(crate) fn spans(&self, word: usize, bit: u32) -> Spans {
        let bits = |kind: &[u64; WORDS + 2]| {
            let two = u128::from(kind[word + 1]) | u128::from(kind[word + 2]) << WORD;
            (two >> bit) as u64
        };
        let [alnum, base64, token] = [&self.alnum, &self.base64, &self.token].map(bits);
        let base64url = token & (alnum | !base64);
        Spans([alnum, base64, base64url, token].map(u64::trailing_ones))
    }

    /// The words of each kind from one on.
    fn from(&mut self, from: usize) -> impl Iterator<Item = [&mut u64; 4]> {
        let Self { token, alnum, base64, digit } = self;
        let [token, alnum, base64, digit] =
            [token, alnum, base64, digit].map(|kind| kind.get_mut(from..).unwrap_or_default().iter_mut());
        token.zip(alnum).zip(base64.zip(digit)).map(|((token, alnum), (base64, digit))| [token, alnum, base64, digit])
    }
}

/// So many bytes each time, with the margin after them.
fn words<const STEP: usize, const WITH_MARGIN: usize>(bytes: &[u8]) -> impl Iterator<Item = &[u8; WITH_MARGIN]> {
    (0..).step_by(STEP).map_while(|at| bytes.get(at..)?.first_chunk())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_levels_tell_the_same_kinds(bytes in prop::collection::vec(any::<u8>(), 0..1300), from in 0_usize..3) {
            let mut known = Kinds::NONE;
            scalar::kinds(&bytes, &mut known, from);
            for level in Level::all() {
                let mut told = Kinds::NONE;
                told.tell(level, &bytes, from);
                prop_assert_eq!(&told, &known, "{:?}", level);
            }
        }

        #[test]
        fn all_levels_see_the_same_starts(bytes in "([a-z/]{0,30}[a-z0-9_]{0,90}[ =-]?){12,40}") {
            let mut known = Kinds::NONE;
            known.tell(Level::best(), bytes.as_bytes(), 1);
            for level in Level::all() {
                for words in [1, 3, WORDS] {
                    let starts = known.starts(level, words);
                    prop_assert_eq!(&starts[..words], &starts::of(&known)[..words], "{:?}", level);
                }
            }
        }

        #[test]
        fn all_levels_follow_runs_as_far(
            bytes in "([a-z]{0,90}[0-9a-f]{0,90}[A-Z~\t\u{80}-\u{ff}]{0,3}){0,4}",
            bits in prop::collection::vec((any::<u8>(), any::<u16>()), 1..40),
            classes in any::<u16>(),
            most in 0_usize..260,
        ) {
            let mut of = [0x3_u16; 256];
            (b'a'..=b'z').for_each(|byte| of[usize::from(byte)] |= 0xf0);
            for (byte, bits) in &bits {
                of[usize::from(*byte)] ^= bits;
            }
            // With classes of bytes that the tables of some levels have nothing of, and then without.
            for known in [0..256, 0..0x80, 0x20..0x80] {
                (0..256).filter(|byte| !known.contains(byte)).for_each(|byte| of[byte] = 0);
                let all = ClassBits::new(&of);
                let bytes = bytes.as_bytes();
                let run = |class: usize| {
                    let wanted = classes >> class & 1 == 1;
                    let run = bytes.iter().take(most).take_while(|byte| of[usize::from(**byte)] >> class & 1 == 1);
                    wanted.then(|| run.count())
                };
                for level in Level::all() {
                    for (class, length) in (0..CLASSES).filter_map(|class| Some((class, run(class)?))) {
                        let one = Class::new((0..=u8::MAX).filter(|byte| of[usize::from(*byte)] >> class & 1 == 1));
                        prop_assert_eq!(one.run(level, bytes, most), length, "{:?}", level);
                    }
                    let mut told = [None; CLASSES];
                    all.runs(level, bytes, classes, most, |class, length| {
                        assert_eq!(told[class].replace(length), None, "it is told once");
                    });
                    prop_assert_eq!(told, std::array::from_fn(run), "{:?}", level);
                }
            }
        }

        #[test]
        fn all_levels_list_the_same_places(
            words in prop::collection::vec(prop_oneof![Just(0), Just(u64::MAX), any::<u64>(), 0_u64..99], 0..LISTED + 2)
        ) {
            let of_word = |(word, bits): (u16, &u64)| {
                let bits = *bits;
                (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
            };
            let known: Vec<u16> = (0..).zip(words.iter().take(LISTED)).flat_map(of_word).collect();
            for level in Level::all() {
                let mut places = Places::NONE;
                prop_assert_eq!(&*places.of(level, &words), &known, "{:?}", level);
            }
        }

        #[test]
        fn no_level_misses_a_quadruple(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x20_u8..0x7f, Just(b'a')], 0..2700),
            members in prop::collection::vec((0_usize..4, any::<u8>(), 0_u32..16), 0..200),
        ) {
            let mut sets = [[0_u16; 256]; 4];
            for (place, byte, set) in members {
                sets[place][usize::from(byte)] |= 1 << set;
                sets[place][usize::from(b'a')] |= 1 << set;
            }
            let all = Quadruples::new(&sets);
            let mut known = [0; 40];
            scalar::quadruples(&all.sets, &bytes, &mut known);
            for level in Level::all() {
                let mut told = [0; 40];
                all.find(level, &bytes, &mut told);
                for (told, known) in told.iter().zip(known) {
                    prop_assert_eq!(told & known, known, "{:?}", level);
                }
            }
        }
    }
}

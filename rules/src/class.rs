//! Sets of bytes, and the names rules give them.

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteClass(pub(crate) [u64; 4]);

/// The classes that shapes may name, with the bracket expression each stands for.
pub const NAMED_CLASSES: &[(&str, &str)] = &[
    ("alpha", "A-Za-z"),
    ("base32", "A-Z2-7"),
    ("base32-lower", "a-z2-7"),
    ("base36-lower", "0-9a-z"),
    ("base36-upper", "0-9A-Z"),
    ("base58", "1-9A-HJ-NP-Za-km-z"),
    ("base62", "0-9A-Za-z"),
    ("base64", "0-9A-Za-z+/"),
    ("base64any", "0-9A-Za-z+/_-"),
    ("base64url", "0-9A-Za-z_-"),
    ("digit", "0-9"),
    ("hex", "0-9a-fA-F"),
    ("hex-lower", "0-9a-f"),
    ("hex-upper", "0-9A-F"),
    ("lower", "a-z"),
    ("printable", r"!#-&(-\[\]-_a-~"),
    ("upper", "A-Z"),
    ("word", "0-9A-Za-z_"),
];

impl ByteClass {
    /// No byte.
    pub const EMPTY: Self = Self([0; 4]);

    /// The class of a name in a shape, such as `base62`.
    pub fn named(name: &str) -> Option<Self> {
        let (_, ranges) = NAMED_CLASSES.iter().find(|(known, _)| *known == name)?;
        Self::ranges(ranges.as_bytes()).ok()
    }

    /// The class of the inside of a bracket expression: bytes, ranges `a-z`, and `\` before a byte that is meant literally.
    /// A `-` at the start or end is itself.
    pub(crate) fn ranges(text: &[u8]) -> Result<Self, &'static str> {
        let mut class = Self::EMPTY;
        let mut rest = text;
        while let Some((low, after)) = next_byte(rest)? {
            rest = after;
            if let [b'-', range_end @ ..] = rest
                && let Some((high, after)) = next_byte(range_end)?
            {
                if high < low {
                    return Err("a range runs from the lower to the higher byte");
                }
                (low..=high).for_each(|byte| class.insert(byte));
                rest = after;
            } else {
                class.insert(low);
            }
        }
        if class == Self::EMPTY { Err("a class needs at least one byte") } else { Ok(class) }
    }

    pub(crate) fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Whether the byte is in the class.
    pub const fn contains(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 == 1
    }

    /// The bytes of the class, in order.
    pub fn bytes(self) -> impl Iterator<Item = u8> {
        let word = |(mut left, first): (u64, u8)| {
            std::iter::from_fn(move || {
                let byte = (left != 0).then(|| first + left.trailing_zeros() as u8);
                left &= left.wrapping_sub(1);
                byte
            })
        };
        self.0.into_iter().zip((0..=192).step_by(64)).flat_map(word)
    }

    /// The bytes of two classes.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// How many bytes the class has.
    pub fn len(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is no byte in it.
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// Whether every byte of this class is in the other.
    pub fn is_subset_of(self, other: Self) -> bool {
        self.0.iter().zip(other.0).all(|(mine, theirs)| mine & !theirs == 0)
    }
}

/// The next byte of a bracket expression, with its escape undone, and what is left.
fn next_byte(text: &[u8]) -> Result<Option<(u8, &[u8])>, &'static str> {
    match text {
        [] => Ok(None),
        [b'\\'] => Err("a backslash at the end of a class escapes nothing"),
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => Ok(Some((*byte, rest))),
    }
}

impl std::fmt::Debug for ByteClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes: Vec<u8> = self.bytes().collect();
        write!(f, "[{}]", bytes.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_classes_have_the_size_of_their_name() {
        for (name, size) in
            [("digit", 10), ("hex", 22), ("base32", 32), ("base58", 58), ("base62", 62), ("base64any", 66)]
        {
            assert_eq!(ByteClass::named(name).map(ByteClass::len), Some(size), "{name}");
        }
        for (name, _) in NAMED_CLASSES {
            assert!(ByteClass::named(name).is_some(), "{name}");
        }
        assert_eq!(ByteClass::named("base63"), None);
    }

    #[test]
    fn a_run_is_made_of_base64_of_any_kind() {
        assert_eq!(Some(crate::rule::run_class()), ByteClass::named("base64any"));
    }

    #[test]
    fn printable_leaves_out_quotes_and_backslash() {
        let printable = ByteClass::named("printable").unwrap_or(ByteClass::EMPTY);
        let out: Vec<u8> = (0x21..=0x7e).filter(|&b| !printable.contains(b)).collect();
        assert_eq!(out, b"\"'\\`");
    }

    #[test]
    fn hyphens_and_escapes() {
        let class = ByteClass::ranges(br"\]a-c-").map(|c| c.bytes().collect::<Vec<_>>());
        assert_eq!(class, Ok(b"-]abc".to_vec()));
        assert!(ByteClass::ranges(b"z-a").is_err());
        assert!(ByteClass::ranges(b"").is_err());
        assert!(ByteClass::ranges(b"a\\").is_err());
    }
}

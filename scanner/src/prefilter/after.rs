//! What follows a literal wherever its rule matches, as far as a hit depends on it. Short literals stand in many words that no rule means, and most
//! addresses have no password.

use stanch_rules::{ByteClass, FixedLiteral, Opening, Part, Shape};

use crate::prefilter::Classes;

/// A hit of a literal depends on so many bytes from the start of the literal on, and on no others. The rest is compared when the hit is confirmed: what is
/// searched again where a copy ends stays short.
pub(crate) const LOOKED: usize = 16;

/// Bytes of a class, and what ends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct After {
    class: ByteClass,
    /// There are at least so many of them.
    least: usize,
    /// Behind as many as there are stands one of these, if that is known; the class has none of them.
    end: Option<ByteClass>,
}

impl After {
    /// What a shape has after one of its literals; `None` if it is no class.
    pub(crate) fn of_shape(shape: &Shape, literal: FixedLiteral<'_>) -> Option<Self> {
        let mut offset = 0;
        for part in shape.parts.iter() {
            match part {
                Part::Class { class, min, .. } if offset == literal.offset + literal.bytes.len() && *min > 0 => {
                    return Some(Self { class: *class, least: *min as usize, end: None });
                }
                part => offset += part.lengths().0 as usize,
            }
        }
        None
    }

    /// What a pattern has after a literal that it starts with; `None` if its opening does not tell.
    pub(crate) fn of_opening(opening: Option<&Opening>, literal: &[u8]) -> Option<Self> {
        let opening = opening.filter(|opening| *opening.head == *literal)?;
        Some(Self { class: opening.run, least: 0, end: Some(opening.next) })
    }

    /// What one or the other has.
    pub(super) fn or(self, other: Self) -> Self {
        let end = self.end.filter(|_| self == other);
        Self { class: self.class.or(other.class), least: self.least.min(other.least), end }
    }

    /// What the first byte is of, if that is known.
    pub(super) fn first(self) -> Option<ByteClass> {
        if self.least > 0 { Some(self.class) } else { self.end.map(|end| end.or(self.class)) }
    }

    /// The same with numbers in place of classes, where so many bytes are looked at.
    pub(super) fn compiled(self, classes: &mut Classes, looked: usize) -> Compiled {
        Compiled {
            class: classes.index(self.class) as u16,
            least: self.least as u16,
            end: self.end.map(|end| classes.index(end) as u16),
            looked: looked as u16,
        }
    }
}

/// What follows a literal, in few bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compiled {
    class: u16,
    least: u16,
    end: Option<u16>,
    looked: u16,
}

impl Compiled {
    /// Whether these bytes may be it.
    #[inline]
    pub(super) fn may_be(self, classes: &Classes, bytes: &[u8]) -> bool {
        let run = classes.run(self.class.into(), bytes, self.looked.into());
        let ends = || self.end.is_none_or(|end| bytes.get(run).is_some_and(|byte| classes.contains(end.into(), *byte)));
        run == usize::from(self.looked) || (run >= usize::from(self.least) && ends())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Option<After> {
        let shape = Shape::parse(text, Some(100)).unwrap_or_else(|error| panic!("{}", error.message));
        let literal = shape.anchor().unwrap_or_else(|| panic!("{text} has a literal"));
        After::of_shape(&shape, literal)
    }

    fn may_be(after: After, bytes: &[u8], looked: usize) -> bool {
        let mut classes = Classes::default();
        let after = after.compiled(&mut classes, looked);
        after.may_be(&classes, bytes)
    }

    fn of(text: &str) -> After {
        shape(text).unwrap_or_else(|| panic!("a class follows"))
    }

    #[test]
    fn as_many_bytes_of_a_class_as_a_shape_asks_for() {
        let six = of("key-{hex:6}");
        assert!(may_be(six, b"0a1b2c", 12) && may_be(six, b"0a1b2c!", 12) && may_be(six, b"0a1b2c3d", 12));
        assert!(!may_be(six, b"0a1b2", 12) && !may_be(six, b"0a1b2!", 12) && !may_be(six, b"", 12));
        assert!(may_be(six, b"0a!", 2) && may_be(six, b"!", 0), "what is further away is not looked at");
        assert_eq!(shape("key-{hex:6}token"), None, "it is found by its last literal");
    }

    #[test]
    fn what_ends_the_start_of_a_pattern() {
        let opening = Opening::of(r"://[a-z.]*:(?P<secret>[^@]+)@");
        let after = After::of_opening(opening.as_ref(), b"://").unwrap_or_else(|| panic!("it has one"));
        assert!(may_be(after, b"user:secret@", 13) && may_be(after, b":secret@", 13));
        assert!(!may_be(after, b"example.com/", 13) && !may_be(after, b"/", 13) && !may_be(after, b"user", 13));
        assert!(may_be(after, b"user/", 4), "what is further away is not looked at");
        assert_eq!(After::of_opening(opening.as_ref(), b"x://"), None);
        assert_eq!(After::of_opening(None, b"://"), None);
    }

    #[test]
    fn what_one_of_two_has() {
        let either = of("key-{hex:6}").or(of("key-{upper:4}"));
        assert!(may_be(either, b"abcd", 12) && may_be(either, b"WXYZ", 12) && !may_be(either, b"ABC!", 12));
        assert_eq!(either.first().map(ByteClass::len), Some(42));
        let opening = Opening::of(r"key-[a-z.]*:(?P<secret>[^@]+)@");
        let opening = After::of_opening(opening.as_ref(), b"key-").unwrap_or_else(|| panic!("it has one"));
        assert_eq!(opening.or(opening), opening);
        let anything = opening.or(of("key-{hex:6}"));
        assert!(anything.first().is_none() && may_be(anything, b"/", 12), "nothing is known any more");
    }
}

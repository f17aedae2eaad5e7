//! The header of an entry in a pack: <https://git-scm.com/docs/gitformat-pack#_pack_pack_files_have_the_following_format>.

use gix::ObjectId;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Blob,
    Tree,
    Commit,
    Tag,
}

impl Kind {
    /// The kind by the word that git writes before an object.
    pub(crate) fn of_word(word: &[u8]) -> Option<Self> {
        match word {
            b"blob" => Some(Self::Blob),
            b"tree" => Some(Self::Tree),
            b"commit" => Some(Self::Commit),
            b"tag" => Some(Self::Tag),
            _ => None,
        }
    }
}

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A whole object.
    Whole(Kind),
    /// A delta upon the entry so many bytes before this one.
    OffsetDelta(u64),
    /// A delta upon an object.
    ObjectDelta(ObjectId),
}

/// The header of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) content: Content,
    /// How many bytes its stream gives: the object's, or the delta's.
    pub(crate) size: u64,
    /// How long the header is; the stream follows it.
    pub(crate) header: usize,
}

impl Entry {
    /// Reads the header at the start of the bytes; `None` if it is none. `hash` is the length of an object id.
    pub(crate) fn parse(bytes: &[u8], hash: usize) -> Option<Self> {
        let (kind, size, mut header) = kind_and_size(bytes)?;
        let content = match kind {
            1 => Content::Whole(Kind::Commit),
            2 => Content::Whole(Kind::Tree),
            3 => Content::Whole(Kind::Blob),
            4 => Content::Whole(Kind::Tag),
            6 => {
                let (distance, length) = distance(bytes.get(header..)?)?;
                header += length;
                Content::OffsetDelta(distance)
            }
            7 => {
                let id = bytes.get(header..)?.get(..hash)?;
                header += hash;
                Content::ObjectDelta(ObjectId::try_from(id).ok()?)
            }
            _ => return None,
        };
        Some(Self { content, size, header })
    }
}

/// Three bits of kind and a size in groups of four and then seven bits, lowest first; and how many bytes that took.
fn kind_and_size(bytes: &[u8]) -> Option<(u8, u64, usize)> {
    let first = *bytes.first()?;
    let mut size = u64::from(first & 0x0f);
    let (mut last, mut length, mut shift) = (first, 1, 4);
    while last & 0x80 != 0 {
        last = *bytes.get(length)?;
        length += 1;
        let group = u64::from(last & 0x7f);
        // What is shifted out is lost, so nothing may be.
        if shift > 57 && group >> (64_u32.saturating_sub(shift)) != 0 {
            return None;
        }
        size |= group.checked_shl(shift)?;
        shift += 7;
    }
    Some((first >> 4 & 7, size, length))
}

/// A distance in groups of seven bits, highest first, where each further group adds one; and how many bytes that took.
fn distance(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut last = *bytes.first()?;
    let mut distance = u64::from(last & 0x7f);
    let mut length = 1;
    while last & 0x80 != 0 {
        last = *bytes.get(length)?;
        length += 1;
        distance = distance.checked_add(1)?.checked_mul(128)? | u64::from(last & 0x7f);
    }
    Some((distance, length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers() {
        let blob = Entry::parse(&[0xb5, 0x0a, 0xff], 20);
        assert_eq!(blob, Some(Entry { content: Content::Whole(Kind::Blob), size: 5 + (10 << 4), header: 2 }));
        let near = Entry::parse(&[0x63, 0x7f], 20);
        assert_eq!(near, Some(Entry { content: Content::OffsetDelta(127), size: 3, header: 2 }));
        let far = Entry::parse(&[0x63, 0x80, 0x00], 20);
        assert_eq!(far, Some(Entry { content: Content::OffsetDelta(128), size: 3, header: 3 }));
        assert_eq!(Entry::parse(&[0x73; 20], 20), None, "the id is cut off");
        assert_eq!(Entry::parse(&[0x73; 21], 20).map(|entry| entry.header), Some(21));
        assert_eq!(Entry::parse(&[0x53, 0], 20), None, "kind 5 is reserved");
        assert_eq!(Entry::parse(&[], 20), None);
        assert_eq!(Entry::parse(&[0xbf; 30], 20), None, "a size of more than 64 bits");
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40), long in any::<bool>()) {
            if let Some(entry) = Entry::parse(&bytes, if long { 32 } else { 20 }) {
                prop_assert!(entry.header <= bytes.len());
            }
        }
    }
}

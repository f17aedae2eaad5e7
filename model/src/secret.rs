//! The credential itself, kept from sight.

use std::fmt;

use zeroize::Zeroizing;

/// The bytes of a credential. It has no `Display` and no `Serialize`, its `Debug` gives a length, and its memory is
/// overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    /// Takes the bytes over; no copy of them stays behind.
    pub fn new(bytes: Vec<u8>) -> Self {
        // `into_boxed_slice` may reallocate and leave a copy in freed memory, so a vector with spare room is copied and wiped.
        if bytes.len() == bytes.capacity() {
            Self(Zeroizing::new(bytes.into_boxed_slice()))
        } else {
            let wiped = Zeroizing::new(bytes);
            Self(Zeroizing::new(wiped.as_slice().into()))
        }
    }

    /// Shows the bytes. Clippy refuses a call that does not say why it needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What may be shown of the secret: the public prefix of its kind (`prefix` bytes) and, where 20 and more bytes follow
    /// it, the last four; everything else is a row of stars whose length says nothing.
    pub fn preview(&self, prefix: usize) -> String {
        const STARS: &str = "********";
        const TAIL: usize = 4;
        const BODY_WITH_TAIL: usize = 20;
        let prefix = prefix.min(self.0.len());
        let (head, body) = self.0.split_at(prefix);
        let mut shown = printable(head);
        shown.push_str(STARS);
        if body.len() >= BODY_WITH_TAIL {
            let tail = &body[body.len() - TAIL..];
            // The end of a key block is armour, which tells nothing.
            if tail.iter().any(u8::is_ascii_alphanumeric) && tail.iter().all(u8::is_ascii_graphic) {
                shown.push_str(&printable(tail));
            }
        }
        shown
    }
}

fn printable(bytes: &[u8]) -> String {
    bytes.iter().map(|&b| if b.is_ascii_graphic() || b == b' ' { char::from(b) } else { '.' }).collect()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preview_shows_prefix_and_tail_of_a_long_body_only() {
        let long = Secret::new(b"tok_abcdefghijklmnopqrstuvwxyz".to_vec());
        assert_eq!(long.preview(4), "tok_********wxyz");
        let short = Secret::new(b"tok_hunter2".to_vec());
        assert_eq!(short.preview(4), "tok_********");
        assert_eq!(Secret::new(b"hunter2".to_vec()).preview(0), "********");
    }

    #[test]
    fn debug_shows_a_length() {
        assert_eq!(format!("{:?}", Secret::new(vec![1, 2, 3])), "Secret(3 bytes)");
    }
}

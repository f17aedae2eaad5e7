//! What is asked of a literal where eight bytes of it stand. It is one of many each time, so all of it is close together, in one line of the cache.

use std::ops::Range;

use crate::prefilter::Classes;
use crate::prefilter::after::Compiled;
use crate::prefilter::grams::{EIGHT, Gram, eight};

/// A literal, in few bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Its first and its last eight bytes.
    ends: [Gram; 2],
    length: u32,
    /// Who wants to know of it.
    users: (u32, u32),
    follow: Option<Compiled>,
    /// Whether the eight bytes are all of it.
    whole: bool,
}

impl Entry {
    /// The entry of a literal that is looked for by the eight bytes from `at` on. `users` is where those are who want to know of it.
    pub(super) fn new(bytes: &[u8], fold: bool, at: usize, follow: Option<Compiled>, users: Range<usize>) -> Self {
        let last = bytes.len().saturating_sub(EIGHT);
        Self {
            ends: [0, last].map(|at| Gram::new(bytes.get(at..).unwrap_or_default(), fold)),
            length: bytes.len() as u32,
            users: (users.start as u32, users.end as u32),
            follow,
            whole: at == 0 && bytes.len() <= EIGHT,
        }
    }

    /// Whether it stands at a place, with what may follow it, if its eight bytes stand there. What is [long](Self::is_long) may still be another.
    pub(super) fn stands_at(&self, classes: &Classes, input: &[u8], at: usize) -> bool {
        let rest = input.get(at..).unwrap_or_default();
        let length = self.length as usize;
        let [first, last] = self.ends;
        let is_it = || first.is(eight(rest, 0)) && (length <= EIGHT || last.is(eight(rest, length - EIGHT)));
        let Some(after) = rest.get(length..) else { return false };
        (self.whole || is_it()) && self.follow.is_none_or(|follow| follow.may_be(classes, after))
    }

    /// Whether it has bytes between both ends.
    pub(super) fn is_long(&self) -> bool {
        self.length as usize > 2 * EIGHT
    }

    pub(super) fn users(&self) -> Range<usize> {
        self.users.0 as usize..self.users.1 as usize
    }
}

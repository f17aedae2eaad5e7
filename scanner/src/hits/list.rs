//! Hits of one kind in order of place, and how they are carried.

use std::ops::Range;

use crate::hits::copy::{Copy, Cursor};
use crate::hits::{LiteralHit, Need, TokenHit};

/// A place where a match may start.
pub(crate) trait Hit: std::marker::Copy {
    /// Where it is looked for: of a literal its own place.
    fn at(&self) -> u32;

    /// The bytes that it depends on that it comes to nothing, if that is known.
    fn dead(&self) -> Option<Need>;

    /// The same hit at another place.
    fn moved(self, at: u32, dead: Option<Need>) -> Self;
}

/// The hits of one kind of a document.
#[derive(Debug, Clone)]
pub(crate) struct HitList<H> {
    /// All of them, in order of place; those that are known to come to nothing only if there are heirs.
    pub(crate) all: Vec<H>,
    /// Which of them are not known to come to nothing, in order.
    pub(crate) open: Vec<u32>,
    /// How many were known to come to nothing, and are not kept.
    pub(crate) left_out: usize,
}

impl<H> Default for HitList<H> {
    fn default() -> Self {
        Self { all: Vec::new(), open: Vec::new(), left_out: 0 }
    }
}

impl<H: Hit> HitList<H> {
    pub(crate) fn clear(&mut self) {
        let Self { all, open, left_out } = self;
        all.clear();
        open.clear();
        *left_out = 0;
    }

    /// How many bytes of memory they take.
    pub(crate) fn weight(&self) -> usize {
        self.all.capacity() * size_of::<H>() + self.open.capacity() * size_of::<u32>()
    }

    /// Nothing is known of the hits from one on, which were added last.
    pub(super) fn open_from(&mut self, first: usize) {
        self.open.extend(first as u32..self.all.len() as u32);
    }

    /// Carries those of a stretch of a copy. Those that come to nothing are kept on demand.
    pub(super) fn carry(&mut self, from: &Self, copy: &Copy, sure: &Range<usize>, keep_dead: bool, at: &mut Cursor) {
        at.each(&from.all, &copy.in_origin(sure), Hit::at, |hit| {
            let start = copy.brought(hit.at());
            let dead = hit.dead().filter(|need| copy.holds(start, *need));
            if dead.is_none() {
                self.open.push(self.all.len() as u32);
            }
            if dead.is_none() || keep_dead {
                self.all.push(hit.moved(start, dead));
            } else {
                self.left_out += 1;
            }
        });
    }

    /// Tells of the open hits, those together that are the same to somebody, and notes what becomes of them.
    pub(super) fn settle(&mut self, same: impl Fn(&H, &H) -> bool, mut fate: impl FnMut(&H, &[H]) -> Option<Need>) {
        let mut open = self.open.iter().copied().peekable();
        while let Some(first) = open.next() {
            let mut end = first + 1;
            let hit = |index: u32| self.all.get(index as usize);
            let Some(of_group) = hit(first) else { break };
            while open.next_if(|next| *next == end && hit(end).is_some_and(|hit| same(of_group, hit))).is_some() {
                end += 1;
            }
            let group = self.all.get_mut(first as usize..end as usize).unwrap_or_default();
            if let Some(hit) = group.first() {
                let dead = fate(hit, group);
                for hit in group {
                    *hit = hit.moved(hit.at(), dead);
                }
            }
        }
        self.open.clear();
    }
}

impl Hit for LiteralHit {
    fn at(&self) -> u32 {
        self.at
    }

    fn dead(&self) -> Option<Need> {
        self.dead
    }

    fn moved(self, at: u32, dead: Option<Need>) -> Self {
        Self { at, dead, ..self }
    }
}

impl Hit for TokenHit {
    fn at(&self) -> u32 {
        self.start
    }

    fn dead(&self) -> Option<Need> {
        self.dead
    }

    fn moved(self, start: u32, dead: Option<Need>) -> Self {
        Self { start, dead }
    }
}

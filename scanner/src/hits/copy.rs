//! Stretches that were copied from another document, and what of it stays true there.

use std::ops::Range;

use crate::digest;
use crate::engine::Engine;
use crate::hits::{Need, Origin, Verdict};
use crate::prefilter::last_run;

/// Copies that are shorter are searched like insertions.
pub(crate) const SHORTEST_COPY: usize = 384;

/// Where the last stretch ended in an ordered list of the origin. Copies mostly go forward.
#[derive(Default)]
pub(super) struct Cursor(usize);

impl Cursor {
    /// Gives the items of the list that lie in a stretch.
    pub(super) fn each<'l, T>(
        &mut self,
        list: &'l [T],
        stretch: &Range<usize>,
        place: impl Fn(&T) -> u32,
        mut give: impl FnMut(&'l T),
    ) {
        if list.is_empty() {
            return;
        }
        self.0 = seek(list, self.0, |item| (place(item) as usize) < stretch.start);
        let rest = list.get(self.0..).unwrap_or_default();
        for item in rest.iter().take_while(|item| (place(item) as usize) < stretch.end) {
            give(item);
            self.0 += 1;
        }
    }
}

/// The first place from which on nothing is before, which is looked for around a guess: in steps that double, then between two of them.
fn seek<T>(list: &[T], guess: usize, before: impl Fn(&T) -> bool) -> usize {
    let is_before = |at: usize| list.get(at).is_some_and(&before);
    let (mut low, mut high, mut step) = (guess, guess, 1);
    while low > 0 && !is_before(low - 1) {
        (high, low) = (low - 1, low.saturating_sub(step));
        step *= 2;
    }
    step = 1;
    while is_before(high) {
        (low, high) = (high + 1, (high + step).min(list.len()));
        step *= 2;
    }
    low + list.get(low..high).unwrap_or_default().partition_point(before)
}

impl Verdict {
    /// The verdict where its hit was copied to, if it still holds.
    pub(super) fn carried(&self, copy: &Copy) -> Option<Self> {
        let start = copy.brought(self.start);
        copy.holds(start, self.need).then(|| Self { start, ..self.clone() })
    }
}

/// A stretch that was copied.
pub(super) struct Copy {
    pub(super) at: Range<usize>,
    from: usize,
    /// Whether it starts both documents.
    first: bool,
    /// Whether it ends both documents.
    last: bool,
}

/// The copies among the runs of a document.
pub(super) fn copies<'a>(origin: &Origin<'a>, document: &[u8]) -> impl Iterator<Item = Copy> + use<'a> {
    let (before, now) = (origin.length, document.len());
    origin.runs.iter().filter_map(move |run| {
        let from = run.copied_from?;
        let ends_before = from + run.at.len() == before;
        Some(Copy {
            at: run.at.clone(),
            from,
            first: run.at.start == 0 && from == 0,
            last: run.at.end == now && ends_before,
        })
    })
}

impl Copy {
    /// The places at which copied bytes alone decide whether a literal stands there.
    pub(super) fn sure_of_literals(&self, engine: &Engine) -> Range<usize> {
        let end = if self.last { self.at.end } else { self.at.end.saturating_sub(engine.literals.length) };
        self.at.start..end.max(self.at.start)
    }

    /// The same for token-like values, which depend on a name before them and on their run to its end.
    pub(super) fn sure_of_tokens(&self, document: &[u8]) -> Range<usize> {
        let start = if self.first { self.at.start } else { self.at.start + digest::REACH };
        let copied = document.get(self.at.clone()).unwrap_or_default();
        let end = if self.last { self.at.end } else { self.at.start + last_run(copied) };
        start..end.max(start)
    }

    /// The same stretch in the origin.
    pub(super) fn in_origin(&self, range: &Range<usize>) -> Range<usize> {
        range.start - self.at.start + self.from..range.end - self.at.start + self.from
    }

    /// Where a place of the origin is now.
    pub(super) fn brought(&self, place: u32) -> u32 {
        (place as usize - self.from + self.at.start) as u32
    }

    /// Whether all that is needed around a start was copied, the documents' edges included.
    pub(super) fn holds(&self, start: u32, need: Need) -> bool {
        let start = start as usize;
        let holds = |open: bool, there: usize, need: u16| open || (need < u16::MAX && there >= usize::from(need));
        holds(self.first, start - self.at.start, need.before) && holds(self.last, self.at.end - start, need.after.get())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn seeking_finds_from_any_guess(mut list in prop::collection::vec(0_u32..60, 0..40), guess in 0_usize..40, from in 0_u32..62) {
            list.sort_unstable();
            let guess = guess.min(list.len());
            prop_assert_eq!(seek(&list, guess, |item| *item < from), list.partition_point(|item| *item < from));
        }
    }
}

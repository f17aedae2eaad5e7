//! A short list of numbers for each number, all in one piece of memory.

/// The lists.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// Where each list starts; it ends where the next one starts.
    starts: Vec<u32>,
    all: Vec<u32>,
}

impl Lists {
    /// Lists for the numbers below `count`, out of pairs of a number and what belongs to it, in their order. Pairs of other numbers are left
    /// out. It is a counting sort.
    pub(crate) fn new(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let known = |(number, _): &(u32, u32)| (*number as usize) < count;
        let mut starts = vec![0_u32; count + 1];
        for (number, _) in pairs.clone().filter(known) {
            if let Some(length) = starts.get_mut(number as usize + 1) {
                *length += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut all = vec![0; sum as usize];
        for (number, member) in pairs.filter(known) {
            let Some(at) = next.get_mut(number as usize) else { continue };
            if let Some(slot) = all.get_mut(*at as usize) {
                *slot = member;
            }
            *at += 1;
        }
        Self { starts, all }
    }

    /// The list of a number.
    pub(crate) fn of(&self, number: u32) -> &[u32] {
        self.all.get(self.range(number)).unwrap_or_default()
    }

    /// The list of a number, to be put in another order.
    pub(crate) fn of_mut(&mut self, number: u32) -> &mut [u32] {
        let range = self.range(number);
        self.all.get_mut(range).unwrap_or_default()
    }

    fn range(&self, number: u32) -> std::ops::Range<usize> {
        let at = |n: usize| self.starts.get(n).map_or(0, |at| *at as usize);
        at(number as usize)..at(number as usize + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_order() {
        let pairs = [(2, 7), (0, 5), (2, 3), (9, 1), (2, 4)];
        let mut lists = Lists::new(3, pairs.into_iter());
        assert_eq!((lists.of(0), lists.of(1), lists.of(2)), (&[5][..], &[][..], &[7, 3, 4][..]));
        lists.of_mut(2).sort_unstable();
        assert_eq!((lists.of(2), lists.of(3)), (&[3, 4, 7][..], &[][..]), "there is no fourth");
    }
}

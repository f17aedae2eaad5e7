//! Finding one of many numbers that are in order, and spread about evenly, as ids and offsets are: by their highest bits.

/// Where the numbers with the same highest bits start.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    /// How many of the lowest bits do not count.
    shift: u32,
    starts: Vec<u32>,
}

/// So many numbers share a bucket, if they are spread evenly.
const SHARED: usize = 8;

impl Buckets {
    /// Buckets of some numbers, which are no larger than `most`. Where the numbers are not in order, some are not found.
    pub(crate) fn new(numbers: impl ExactSizeIterator<Item = u64>, most: u64) -> Self {
        let (count, wanted) = (numbers.len(), (numbers.len() / SHARED).max(1) as u64);
        let shift = (most / wanted).max(1).ilog2();
        let mut starts = Vec::with_capacity((most >> shift) as usize + 2);
        for (at, number) in numbers.enumerate() {
            let bucket = (number.min(most) >> shift) as usize;
            while starts.len() <= bucket {
                starts.push(at as u32);
            }
        }
        while starts.len() as u64 <= (most >> shift) + 1 {
            starts.push(count as u32);
        }
        Self { shift, starts }
    }

    /// Among which of the numbers one is, if it is one of them.
    pub(crate) fn of(&self, number: u64) -> std::ops::Range<u32> {
        let bucket = (number >> self.shift) as usize;
        let range = bucket.checked_add(1).and_then(|next| Some(*self.starts.get(bucket)?..*self.starts.get(next)?));
        range.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_is_in_its_bucket(mut numbers in prop::collection::vec(any::<u64>(), 0..200), bits in 0_u32..64) {
            for number in &mut numbers {
                *number >>= bits;
            }
            numbers.sort_unstable();
            let most = numbers.last().copied().unwrap_or_default();
            let buckets = Buckets::new(numbers.iter().copied(), most);
            for (at, number) in numbers.iter().enumerate() {
                prop_assert!(buckets.of(*number).contains(&(at as u32)));
            }
            prop_assert!(buckets.starts.len() <= numbers.len() + 3, "{}", buckets.starts.len());
        }

        #[test]
        fn numbers_in_no_order(numbers in prop::collection::vec(any::<u64>(), 0..50), most in any::<u64>(), other in any::<u64>()) {
            let buckets = Buckets::new(numbers.iter().copied(), most);
            prop_assert!(buckets.of(other).end as usize <= numbers.len());
        }
    }
}

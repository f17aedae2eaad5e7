//! Medians, with the least and the most beside them; and numbers as people read them.

/// The middle of some values, and how far they go.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spread {
    /// The value in the middle; of an even number, the mean of the two.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// That of the values; `None` if there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get((values.len() - 1) / 2)?;
        Some(Self { median: f64::midpoint(lower, upper), min, max })
    }
}

/// What one took in each round, in terms of what the other took in the same round.
pub fn ratios<'a>(one: &'a [f64], other: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    one.iter().zip(other).filter(|(_, other)| **other > 0.0).map(|(one, other)| one / other)
}

/// A number with something between its thousands.
pub(crate) fn grouped(number: u64, between: char) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(between);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [0, 999, 1000, 849_014, 1_234_567].map(|number| grouped(number, ',')),
            ["0", "999", "1,000", "849,014", "1,234,567"]
        );
    }

    #[test]
    fn odd_even_and_none() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn a_ratio_is_of_one_round() {
        // The machine was slow in the second round, for both.
        let found: Vec<f64> = ratios(&[8.0, 80.0, 8.0], &[1.0, 10.0, 2.0]).collect();
        assert_eq!(found, [8.0, 8.0, 4.0]);
        assert_eq!(ratios(&[1.0], &[0.0]).count(), 0);
    }
}

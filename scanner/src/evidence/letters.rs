//! Letters: do they spell words, or did chance put them there?

/// What a value's letters look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letters {
    /// Pairs as in words.
    Wordy,
    /// Too few, or between the two.
    Unsure,
    /// Pairs that words seldom have.
    Random,
}

/// For each letter those that follow it in English words and in identifiers, in at least three of ten thousand pairs.
/// A random pair is in here with 46 of 100, a pair of a word with more than 98.
const FOLLOWERS: [&[u8]; 26] = [
    b"bcdfgiklmnprstuvwy",
    b"abeilorsuy",
    b"acehiklorstuy",
    b"adegilorsuvy",
    b"abcdefghilmnopqrstuvwxy",
    b"aefilorstuy",
    b"aeghilnorsu",
    b"aeiortuy",
    b"abcdefgklmnoprstvxz",
    b"aeou",
    b"aeisu",
    b"adeiklopstuvy",
    b"abeimopsuy",
    b"acdefghiklnoprstuvy",
    b"abcdefgijklmnoprstuvwx",
    b"aehiloprstuy",
    b"u",
    b"abcdefgiklmnoprstuvwy",
    b"acefhiklmnopstuwy",
    b"acdefhilmoprstuwy",
    b"abcdefgilmnoprst",
    b"aeio",
    b"aehinors",
    b"ceiptx",
    b"eimnopst",
    b"aei",
];

/// Looks at the pairs of neighbouring letters in at most the first 256 bytes, letters in either case.
pub(crate) fn letters(value: &[u8]) -> Letters {
    const ENOUGH: usize = 256;
    const FEWEST: usize = 3;
    let value = &value[..value.len().min(ENOUGH)];
    let (mut pairs, mut rare) = (0, 0);
    for pair in value.windows(2) {
        let [first, second] = [pair[0].to_ascii_lowercase(), pair[1].to_ascii_lowercase()];
        if first.is_ascii_lowercase() && second.is_ascii_lowercase() {
            pairs += 1;
            rare += usize::from(!FOLLOWERS[usize::from(first - b'a')].contains(&second));
        }
    }
    match () {
        () if pairs < FEWEST => Letters::Unsure,
        () if rare * 4 >= pairs => Letters::Random,
        () if rare * 8 < pairs => Letters::Wordy,
        () => Letters::Unsure,
    }
}

#[cfg(test)]
mod tests {
    use stanch_rules::Rng;

    use super::*;

    #[test]
    fn words_are_wordy() {
        for text in [
            "configuration",
            "authentication-failed",
            "dragonfly",
            "UserManagementService",
            "monkey",
            "sunshine",
            "the_default_value",
        ] {
            assert_eq!(letters(text.as_bytes()), Letters::Wordy, "{text}");
        }
        assert_eq!(letters(b"a1b2c3d4"), Letters::Unsure);
    }

    #[test]
    fn most_random_letters_are_not() {
        let mut rng = Rng::new(5);
        let random = |length: usize, rng: &mut Rng| -> Vec<u8> {
            (0..length).map(|_| rng.pick(b"abcdefghijklmnopqrstuvwxyz")).collect()
        };
        let hits = (0..1000).filter(|_| letters(&random(8, &mut rng)) == Letters::Random).count();
        assert!(hits > 880, "{hits}");
        let wordy = (0..1000).filter(|_| letters(&random(16, &mut rng)) == Letters::Wordy).count();
        assert!(wordy < 10, "{wordy}");
    }
}

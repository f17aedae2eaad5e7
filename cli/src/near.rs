//! What somebody may have meant.

/// The known name that is nearest to a word: few letters off, or the same beginning.
pub(crate) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = |name: &str| distance(word.as_bytes(), name.as_bytes());
    let near = |name: &&str| far(name) <= 1 + word.len() / 5 || (word.len() >= 3 && name.starts_with(word));
    names.filter(near).min_by_key(|name| far(name))
}

/// How many bytes have to be changed, added or taken away: <https://en.wikipedia.org/wiki/Levenshtein_distance>.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in (1..).zip(one) {
        let mut before = std::mem::replace(&mut row[0], at);
        for (column, theirs) in other.iter().enumerate() {
            let changed = before + usize::from(byte != theirs);
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_name_is_guessed_and_another_is_not() {
        let near = |word| nearest(word, ["openai", "openrouter", "aws", "github"].into_iter());
        assert_eq!(
            (near("opnai"), near("githup"), near("openrout")),
            (Some("openai"), Some("github"), Some("openrouter"))
        );
        assert_eq!((near("nobody"), near("")), (None, None));
    }
}

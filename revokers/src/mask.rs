//! Whether a masked key of a provider's list can be this secret.

/// Marks that stand for what is hidden.
const MARKS: [char; 5] = ['*', '…', '•', '●', '·'];

/// A mask: what is shown at both ends.
#[derive(Debug, PartialEq, Eq)]
struct Mask<'a> {
    head: &'a str,
    tail: &'a str,
}

/// Whether what is shown tells one key of the world from another, not only the keys of a list from each other: then a list that has it
/// proves whose it is. A shorter mask may fit a stranger's key by chance.
pub(crate) fn names(shown: &str) -> bool {
    const TAIL: usize = 4;
    const HEAD: usize = 16;
    Mask::of(shown).is_none_or(|mask| mask.tail.len() >= TAIL || mask.head.len() >= HEAD)
}

/// Whether `shown`, as a provider's list has it (`sk-ab…wxyz`, `sk-ab***wxyz`, `sk-ab...wxyz`), can be `secret`. A mask that shows too little fits nothing:
/// four characters at the end, or eight in all, are the least that tells keys apart. Without a mark it is the whole secret or nothing.
pub(crate) fn fits(shown: &str, secret: &str) -> bool {
    const LEAST_TAIL: usize = 4;
    const LEAST: usize = 8;
    let Some(mask) = Mask::of(shown) else { return shown == secret };
    let (head, tail) = (mask.head.len(), mask.tail.len());
    head + tail < secret.len()
        && (tail >= LEAST_TAIL || head + tail >= LEAST)
        && secret.starts_with(mask.head)
        && secret.ends_with(mask.tail)
}

impl<'a> Mask<'a> {
    fn of(shown: &'a str) -> Option<Self> {
        let (from, to) = marked(shown)
            .or_else(|| repeated(shown, "..."))
            .or_else(|| repeated(shown, "xxxx"))
            .or_else(|| repeated(shown, "XXXX"))?;
        Some(Self { head: shown.get(..from)?, tail: shown.get(to..)? })
    }
}

/// From the first mark to the last.
fn marked(shown: &str) -> Option<(usize, usize)> {
    let from = shown.find(MARKS)?;
    let last = shown.rfind(MARKS)?;
    let width = shown.get(last..)?.chars().next()?.len_utf8();
    Some((from, last + width))
}

/// A run of one character at least as long as `mark`, if it stands once.
fn repeated(shown: &str, mark: &str) -> Option<(usize, usize)> {
    // A searcher would take longer to make than these few bytes take to look at, and lists have thousands of them.
    let from = shown.as_bytes().windows(mark.len()).position(|window| window == mark.as_bytes())?;
    let one = mark.get(..1)?;
    let rest = shown.get(from..)?;
    let run = rest.len() - rest.trim_start_matches(one).len();
    Some((from, from + run))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "acme_ABCDEFGHIJKLMNOPQRSTwxyz";

    #[test]
    fn a_mask_fits_by_both_ends() {
        for shown in [
            "acme_AB...wxyz",
            "acme_AB***********wxyz",
            "acme_AB…wxyz",
            "**************wxyz",
            "acme_ABCXXXXXXXXwxyz",
            SECRET,
        ] {
            assert!(fits(shown, SECRET), "{shown}");
        }
        for shown in ["acme_AC...wxyz", "acme_AB...wxyy", "wxyz", "acme_AB", ""] {
            assert!(!fits(shown, SECRET), "{shown}");
        }
    }

    #[test]
    fn a_short_tail_names_nobody() {
        assert!(names("acme_AB...wxyz") && names(SECRET) && names("acme_ABCDEFGHIJK..."));
        assert!(!names("acme_A...xyz") && !names("acme_ABCDEF***"));
    }

    #[test]
    fn a_mask_that_shows_too_little_fits_nothing() {
        assert!(
            !fits("****", SECRET) && !fits("***xyz", SECRET) && !fits("acme_...", SECRET) && !fits("ac***yz", SECRET)
        );
        // Overlapping ends would let a short secret fit a mask that is longer than it.
        assert!(!fits("abcde...cdefg", "abcdefg"));
    }
}

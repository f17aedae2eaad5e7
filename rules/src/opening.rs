//! How the matches of a pattern start, as a table can tell it: found when a rule is loaded, for built-in rules when they are built.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::class::ByteClass;
use crate::rule::List;

/// How every match of a pattern starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// With these bytes,
    pub head: List<u8>,
    /// then as many of this class as there are,
    pub run: ByteClass,
    /// then with one of this class, which has none of the other one.
    pub next: ByteClass,
}

impl Opening {
    /// The opening of a pattern, if all its matches have one.
    pub fn of(pattern: &str) -> Option<Self> {
        let hir = parse(pattern)?;
        let HirKind::Concat(parts) = hir.kind() else { return None };
        let [head, run, next, ..] = parts.as_slice() else { return None };
        let (HirKind::Literal(head), HirKind::Repetition(run)) = (head.kind(), run.kind()) else { return None };
        if (run.min, run.max) != (0, None) {
            return None;
        }
        let (run, next) = (one_of(&run.sub)?, one_of(next)?);
        let apart = next.bytes().all(|byte| !run.contains(byte));
        apart.then(|| Self { head: List::Owned(head.0.to_vec()), run, next })
    }
}

/// What the first byte is of, of something that has one.
fn one_of(hir: &Hir) -> Option<ByteClass> {
    let mut class = ByteClass::EMPTY;
    match hir.kind() {
        HirKind::Literal(literal) => class.insert(*literal.0.first()?),
        HirKind::Class(Class::Bytes(bytes)) => {
            let all = bytes.ranges().iter().flat_map(|range| range.start()..=range.end());
            all.for_each(|byte| class.insert(byte));
        }
        HirKind::Capture(capture) => return one_of(&capture.sub),
        HirKind::Repetition(several) if several.min > 0 => return one_of(&several.sub),
        _ => return None,
    }
    Some(class)
}

/// What a pattern says: bytes, no Unicode.
pub(crate) fn parse(pattern: &str) -> Option<Hir> {
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Look, RuleSet};

    #[test]
    fn the_built_in_table_has_what_is_found_anew() {
        let rules = RuleSet::builtin();
        let looks = rules.iter().map(|rule| &rule.look);
        let patterns = looks.filter_map(|look| if let Look::Pattern(pattern) = look { Some(pattern) } else { None });
        let mut known = 0;
        for pattern in patterns {
            assert_eq!(pattern.opening, Opening::of(&pattern.regex), "{}", pattern.regex);
            known += usize::from(pattern.opening.is_some());
        }
        assert!(known > 0, "some built-in patterns have an opening");
    }

    #[test]
    fn openings() {
        let class = |ranges: &str| ByteClass::ranges(ranges.as_bytes()).unwrap_or(ByteClass::EMPTY);
        let found = Opening::of(r"://[a-z.]*:(?P<secret>[^@]+)@");
        let known = Opening { head: List::Borrowed(b"://"), run: class("a-z."), next: class(":") };
        assert_eq!(found, Some(known));
        let found = Opening::of("key[ =]*(?P<secret>[0-9]{4})").map(|opening| opening.next);
        assert_eq!(found, Some(class("0-9")));
        for other in
            ["://[a-z:]*:x", "a[a-z]+:x", "a[a-z]{0,9}:x", "(?:a|b)[a-z]*:x", "a[a-z]*(?::|;x)?", "a[a-z]*", "a["]
        {
            assert_eq!(Opening::of(other), None, "{other}");
        }
    }
}

//! The chain by itself, over made-up logs.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use stanch_pipeline::audit::chain::{Break, Chain, Defect, Line, START};

/// An honest log.
fn log() -> impl Strategy<Value = Vec<Line>> {
    let content = ("[a-z]{0,4}", 0_i64..5, "\\PC{0,6}", option::of("\\PC{0,6}"), "\\PC{0,9}");
    vec(content, 1..12).prop_map(|contents| {
        let (mut lines, mut prev, mut at) = (Vec::new(), START, 1000);
        for (seq, (id, later, actor, incident, event)) in (1..).zip(contents) {
            at += later;
            let mut line = Line { seq, id: format!("{id}{seq}"), at, actor, incident, event, prev, hash: START };
            line.hash = line.digest();
            prev = line.hash;
            lines.push(line);
        }
        lines
    })
}

/// The first line that does not follow.
fn check(lines: &[Line]) -> Result<Chain, Break> {
    let mut chain = Chain::default();
    let last = lines.iter().map(|line| line.seq).max().unwrap_or_default();
    lines.iter().try_for_each(|line| chain.take(line, last)).map(|()| chain)
}

/// Changes one byte of one column, so that the text stays one.
fn change(line: &mut Line, column: usize, place: usize, bit: u32) -> bool {
    let flip = |text: &mut String| {
        let at = text.char_indices().map(|(at, _)| at).nth(place % (text.chars().count() + 1));
        match at.and_then(|at| text[at..].chars().next().map(|found| (at, found))) {
            Some((at, found)) => {
                let other = if found == 'q' { 'r' } else { 'q' };
                text.replace_range(at..at + found.len_utf8(), other.encode_utf8(&mut [0; 4]));
            }
            None => text.push('q'),
        }
    };
    match column {
        0 => flip(&mut line.id),
        1 => line.at ^= 1 << (bit % 63),
        2 => flip(&mut line.actor),
        3 => match &mut line.incident {
            Some(text) => flip(text),
            none => *none = Some(String::new()),
        },
        4 => flip(&mut line.event),
        5 => line.prev[place % 32] ^= 1 << (bit % 8),
        _ => line.hash[place % 32] ^= 1 << (bit % 8),
    }
    true
}

proptest! {
    #[test]
    fn an_honest_log_holds(lines in log()) {
        let chain = check(&lines).map_err(|broken| TestCaseError::fail(format!("{broken:?}")))?;
        prop_assert_eq!(Some((chain.seq(), *chain.hash())), lines.last().map(|line| (line.seq, line.hash)));
    }

    #[test]
    fn a_byte_of_any_column_is_missed(lines in log(), which: prop::sample::Index, column in 0_usize..7, place: usize, bit: u32) {
        let mut bad = lines.clone();
        let at = which.index(bad.len());
        prop_assert!(change(&mut bad[at], column, place, bit));
        prop_assume!(bad != lines);
        prop_assert_eq!(check(&bad), Err(Break { seq: at as u64 + 1, defect: Defect::Changed }));
    }

    #[test]
    fn a_line_that_is_gone_is_missed(lines in log(), which: prop::sample::Index) {
        let mut bad = lines;
        let at = which.index(bad.len());
        bad.remove(at);
        match check(&bad) {
            // The end of a log is not the chain's matter but the head's.
            Ok(chain) => prop_assert_eq!(chain.seq(), at as u64),
            Err(broken) => prop_assert_eq!(broken, Break { seq: at as u64 + 1, defect: Defect::Deleted { lines: 1 } }),
        }
    }

    #[test]
    fn lines_that_changed_places_are_found(lines in log(), one: prop::sample::Index, two: prop::sample::Index) {
        let (one, two) = (one.index(lines.len()), two.index(lines.len()));
        prop_assume!(one < two);
        let mut bad = lines.clone();
        bad.swap(one, two);
        let missing = (two - one) as u64;
        prop_assert_eq!(check(&bad), Err(Break { seq: one as u64 + 1, defect: Defect::Deleted { lines: missing } }));
        // The same with their numbers changed, too.
        bad[one].seq = one as u64 + 1;
        bad[two].seq = two as u64 + 1;
        prop_assert_eq!(check(&bad), Err(Break { seq: one as u64 + 1, defect: Defect::Moved { from: two as u64 + 1 } }));
    }

    #[test]
    fn lines_of_another_log_do_not_follow(lines in log(), other in log(), which: prop::sample::Index) {
        let at = which.index(lines.len().min(other.len()));
        let mut bad = lines.clone();
        bad[at] = other[at].clone();
        prop_assume!(bad != lines && at > 0 && other[at].prev != lines[at].prev);
        prop_assert_eq!(check(&bad), Err(Break { seq: at as u64 + 1, defect: Defect::Foreign }));
    }
}

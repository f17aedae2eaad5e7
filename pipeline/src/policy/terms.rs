//! What a policy asks for in its annotations.

use serde::Serialize;

/// The terms of one policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// How many people have to approve.
    pub approvals: Option<u32>,
    /// Who may; empty is not said.
    pub approvers: Vec<String>,
    /// Seconds between *contained* and the first step that cannot be undone.
    pub wait: Option<u64>,
    /// Seconds for which an approval counts.
    pub approval_lasts: Option<u64>,
}

/// An annotation that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TermError {
    /// Its name is not known.
    #[error("no annotation is called `@{0}`")]
    Unknown(String),
    /// No number of people.
    #[error("`@approvals` is a number of people, 1 to {MOST_PEOPLE}, as in @approvals(\"2\")")]
    Approvals,
    /// No names.
    #[error("`@approvers` is names of groups or people, as in @approvers(\"security,team-payments\")")]
    Approvers,
    /// No time.
    #[error("`@{0}` is a time, as in @{0}(\"24h\") or @{0}(\"1d12h\"), of at most a year")]
    Time(&'static str),
}

/// More people than anybody waits for.
const MOST_PEOPLE: u32 = 20;

impl Terms {
    /// What of `known` each annotation says.
    pub(super) fn of<'a>(annotations: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, TermError> {
        let mut terms = Self::default();
        for (name, value) in annotations {
            match name {
                "id" | "why" => {}
                "approvals" => terms.approvals = Some(people(value).ok_or(TermError::Approvals)?),
                "approvers" => terms.approvers = names(value).ok_or(TermError::Approvers)?,
                "wait" => terms.wait = Some(seconds(value).ok_or(TermError::Time("wait"))?),
                "approval_lasts" => {
                    let lasts = seconds(value).filter(|seconds| *seconds > 0);
                    terms.approval_lasts = Some(lasts.ok_or(TermError::Time("approval_lasts"))?);
                }
                _ => return Err(TermError::Unknown(name.to_owned())),
            }
        }
        Ok(terms)
    }

    /// Whether people are asked for.
    pub(super) const fn asks(&self) -> bool {
        self.approvals.is_some() || !self.approvers.is_empty()
    }
}

fn people(text: &str) -> Option<u32> {
    text.parse().ok().filter(|count| (1..=MOST_PEOPLE).contains(count))
}

/// Names without blanks, sorted, each once.
fn names(text: &str) -> Option<Vec<String>> {
    let mut names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    names.sort();
    names.dedup();
    names.iter().all(|name| !name.is_empty() && !name.contains(char::is_whitespace)).then_some(names)
}

/// A time in seconds: numbers with `s`, `m`, `h` or `d`, one after the other; at most 366 days.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    const LONGEST: u64 = 366 * 86_400;
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let mut letters = tail.chars();
        let unit = match letters.next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = letters.as_str();
    }
    (!text.is_empty() && total <= LONGEST).then_some(total)
}

/// A time as annotations write it: `1d12h`.
pub fn time(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let mut rest = seconds;
    let mut text = String::new();
    for (letter, size) in units {
        if rest >= size {
            text.push_str(&format!("{}{letter}", rest / size));
            rest %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_with_units() {
        assert_eq!(seconds("24h"), Some(86_400));
        assert_eq!(seconds("1d12h5m7s"), Some(129_907));
        assert_eq!(seconds("0s"), Some(0));
        for text in ["", "24", "h", "1w", "-1h", "1.5h", "367d", "99999999999999999999d", "1h 5m", "1é"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(time(129_907), "1d12h5m7s");
        assert_eq!((time(0), time(86_400)), ("0s".to_owned(), "1d".to_owned()));
    }

    #[test]
    fn annotations_mean_something_or_are_refused() {
        let of = |name, value| Terms::of([(name, value)].into_iter());
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(of("approvers", "b, a,b").map(|terms| terms.approvers), Ok(names(&["a", "b"])));
        assert_eq!(of("approvers", "a,,b"), Err(TermError::Approvers));
        for bad in ["0", "21", "two", ""] {
            assert_eq!(of("approvals", bad), Err(TermError::Approvals));
        }
        assert_eq!(of("approval_lasts", "0s"), Err(TermError::Time("approval_lasts")));
        assert_eq!(of("aprovals", "2"), Err(TermError::Unknown("aprovals".to_owned())));
    }
}

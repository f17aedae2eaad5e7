//! How often whom was called, and what came of it: for whoever watches over it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Came {
    /// It was done.
    Success,
    /// The answer leads elsewhere.
    Redirect,
    /// The provider does not know who asks, or lets them not.
    Denied,
    /// The provider asks for patience.
    Limited,
    /// The request was not taken for another reason.
    Refused,
    /// Something went wrong on the other side.
    Trouble,
    /// No whole answer came.
    Nothing,
}

impl Came {
    /// What it is called where it is counted.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Redirect => "redirect",
            Self::Denied => "denied",
            Self::Limited => "limited",
            Self::Refused => "refused",
            Self::Trouble => "trouble",
            Self::Nothing => "nothing",
        }
    }

    /// Of the status of an answer, or of none.
    pub(crate) const fn of(status: Result<u16, ()>) -> Self {
        match status {
            Ok(..300) => Self::Success,
            Ok(300..400) => Self::Redirect,
            Ok(401 | 403) => Self::Denied,
            Ok(429) => Self::Limited,
            Ok(400..500) => Self::Refused,
            Ok(500..) => Self::Trouble,
            Err(()) => Self::Nothing,
        }
    }
}

/// Calls by provider, counted. Repetitions are calls of their own.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<BTreeMap<(String, Came), u64>>);

impl Calls {
    pub(crate) fn count(&self, provider: &str, came: Came) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry((provider.to_owned(), came)).or_default() += 1;
    }

    pub(crate) fn all(&self) -> Vec<(String, Came, u64)> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|((provider, came), count)| (provider.clone(), *came, *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_has_its_class() {
        let calls = Calls::default();
        for status in [200, 204, 302, 401, 403, 404, 429, 500, 503] {
            calls.count("acme", Came::of(Ok(status)));
        }
        calls.count("acme", Came::of(Err(())));
        calls.count("other", Came::of(Ok(200)));
        let all: Vec<String> =
            calls.all().iter().map(|(who, came, count)| format!("{who} {} {count}", came.as_str())).collect();
        assert_eq!(
            all,
            [
                "acme success 2",
                "acme redirect 1",
                "acme denied 2",
                "acme limited 1",
                "acme refused 1",
                "acme trouble 2",
                "acme nothing 1",
                "other success 1",
            ]
        );
    }
}

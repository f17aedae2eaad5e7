//! Runs the cases of one kind.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use stanch_testkit::double::{Double, Request};

use crate::cases::{CASES, Case, Trouble};
use crate::described;
use crate::scene::Scene;

/// What came of a case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is as it must be.
    Passed,
    /// As it must be, but something cannot be known of this kind.
    Unknowable(String),
    /// The kind has nothing of what the case is about.
    DoesNotApply,
    /// Something is not as it must be.
    Failed(String),
}

impl Verdict {
    /// Passed if nothing is wrong.
    pub(crate) fn of(wrong: Option<String>) -> Self {
        wrong.map_or(Self::Passed, Self::Failed)
    }
}

/// Ends a case that went wrong.
pub(crate) fn failed<T>(what: impl Into<String>) -> Result<T, Verdict> {
    Err(Verdict::Failed(what.into()))
}

/// What came of all cases of a kind.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How many cases passed.
    pub(crate) passed: usize,
    /// What cannot be known.
    pub(crate) unknowable: BTreeSet<String>,
    /// `kind: case: what`.
    pub(crate) failures: Vec<String>,
    /// What the double got in the cases in which nothing goes wrong.
    pub(crate) sent: Vec<Request>,
}

/// Puts a kind through every case.
pub(crate) fn run(double: &Double) -> Tally {
    let mut tally = Tally { sent: described::of_responder(double), ..Tally::default() };
    for case in CASES {
        let mut verdict = tried(double, case, 1, &mut tally.sent);
        // Where an answer is too late by design, a busy machine is too late soon after: it is given ten times as long.
        if matches!(verdict, Verdict::Failed(_)) && case.trouble.is_some_and(Trouble::is_slow) {
            verdict = tried(double, case, 10, &mut tally.sent);
        }
        match verdict {
            Verdict::Passed => tally.passed += 1,
            Verdict::Unknowable(what) => {
                tally.passed += 1;
                tally.unknowable.insert(what);
            }
            Verdict::DoesNotApply => {}
            Verdict::Failed(what) => tally.failures.push(format!("{}: {}: {what}", double.kind(), case.name)),
        }
    }
    tally
}

/// Plays a case; a panic is a failure of it.
fn tried(double: &Double, case: &Case, leisure: u32, sent: &mut Vec<Request>) -> Verdict {
    let verdict = catch_unwind(AssertUnwindSafe(|| play(double, case, leisure, sent)));
    verdict.unwrap_or_else(|panic| Verdict::Failed(format!("panicked: {}", message(panic.as_ref()))))
}

/// Plays a case, and looks at what holds for all of them.
fn play(double: &Double, case: &Case, leisure: u32, sent: &mut Vec<Request>) -> Verdict {
    let scene = Scene::new(double, case, leisure);
    let verdict = (case.play)(&scene).unwrap_or_else(|verdict| verdict);
    if case.is_usual() {
        sent.extend(scene.stage.requests());
    }
    if matches!(verdict, Verdict::DoesNotApply | Verdict::Failed(_)) {
        return verdict;
    }
    scene.wrong().map_or(verdict, Verdict::Failed)
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a word").to_owned()
}

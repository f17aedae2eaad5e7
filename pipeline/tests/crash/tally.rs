//! What a run did, for its record.

use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

use stanch_testkit::double::Stage;

/// Crashes, and what was done in spite of them.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    /// After a line was kept.
    pub(crate) lines: usize,
    /// When the double had done something and not answered.
    pub(crate) effects: usize,
    /// At any time.
    pub(crate) random: usize,
    /// Incidents that ended.
    pub(crate) incidents: usize,
    /// What the doubles did, each once.
    pub(crate) done: usize,
}

impl Tally {
    pub(crate) const fn crashes(&self) -> usize {
        self.lines + self.effects + self.random
    }

    /// An incident ended at a double, which was judged.
    pub(crate) fn ended(&mut self, stage: &Stage) {
        self.incidents += 1;
        self.done += stage.effects().iter().filter(|done| done.changed).count();
    }

    /// As a line of a record.
    pub(crate) fn tell(&self, stores: usize, took: Duration) -> String {
        format!("{self} on {stores} stores in {} s", took.as_secs())
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.effects += other.effects;
        self.random += other.random;
        self.incidents += other.incidents;
        self.done += other.done;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines, effects, random, incidents, done } = self;
        write!(
            f,
            "{} crashes ({lines} after lines, {effects} at effects, {random} at random times), ",
            self.crashes()
        )?;
        write!(f, "{incidents} incidents ended, {done} effects, none lost and none twice,")
    }
}

//! Large files: read in parts, by position, over all threads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use stanch_model::Finding;

use crate::engine::Scratch;
use crate::scan::{Control, Document, Gap};
use crate::source::file::{Closed, Opened, closed, read_at, shrank};
use crate::source::join::Joiner;
use crate::source::part::{Margins, Part, PartBytes, Sizes, scan_part};

/// What came of a large file.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    pub(crate) findings: Vec<Finding>,
    /// The bytes scanned.
    pub(crate) bytes: u64,
    /// What was not scanned of it.
    pub(crate) gaps: Vec<Closed>,
    /// Whether the scan was asked to end first.
    pub(crate) interrupted: bool,
}

/// What is read begins at a page of the file and of memory: the kernel copies it faster.
const PAGE: usize = 4096;
/// So many parts are taken at once, at most: what they have in common is read once.
const IN_A_ROW: usize = 4;

/// Buffers that are used again from file to file. One for each thread.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(crate) bytes: Vec<u8>,
    pub(crate) scratch: Scratch,
}

/// Scans a file in parts. Each thread holds one part at a time, so memory is bound by the threads, the size of a part and what is
/// found.
pub(crate) fn scan_large(
    control: &Control<'_>,
    opened: &Opened,
    document: Document<'_>,
    sizes: Sizes,
    buffers: &mut Buffers,
) -> Scanned {
    let Ok(length) = usize::try_from(opened.length) else {
        return Scanned { gaps: vec![(Gap::TooLarge, String::new())], ..Scanned::default() };
    };
    let work = Work {
        control,
        opened,
        length,
        size: sizes.part.max(1),
        margins: Margins::of(control.engine),
        next: AtomicUsize::new(0),
        given: Mutex::default(),
        joined: Mutex::new(Joined { next: 0, bytes: 0, joiner: Joiner::new(*control, document) }),
    };
    let helpers = control.jobs.min(work.parts()).saturating_sub(1);
    if helpers == 0 {
        work.run(buffers);
    } else {
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(|| work.run(&mut Buffers::default()));
            }
            work.run(buffers);
        });
    }
    work.join();
    let Work { given, joined, .. } = work;
    let (given, joined) = (into_inner(given), into_inner(joined));
    let Given { gaps, interrupted, .. } = given;
    Scanned { findings: joined.joiner.finish(), bytes: joined.bytes, gaps, interrupted }
}

struct Work<'a> {
    control: &'a Control<'a>,
    opened: &'a Opened,
    length: usize,
    size: usize,
    margins: Margins,
    /// The next part that nobody has taken.
    next: AtomicUsize,
    given: Mutex<Given>,
    joined: Mutex<Joined<'a>>,
}

/// What the threads gave. Nobody holds it for longer than it takes to add to it.
#[derive(Default)]
struct Given {
    /// Parts that are not joined yet, by their numbers.
    parts: BTreeMap<usize, Part>,
    gaps: Vec<Closed>,
    interrupted: bool,
}

/// Puts the parts in order. It takes a while to make findings of them, so one thread does while the others scan.
struct Joined<'a> {
    /// The part that is joined next.
    next: usize,
    /// The bytes of those that are.
    bytes: u64,
    joiner: Joiner<'a>,
}

/// What a thread that panicked left behind is whole: parts are added in one go.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Work<'_> {
    fn parts(&self) -> usize {
        self.length.div_ceil(self.size)
    }

    /// Takes parts and scans them until there are no more.
    fn run(&self, buffers: &mut Buffers) {
        let mut held = 0..0;
        loop {
            // Towards the end fewer are taken, so that nobody waits for another's row.
            let left = self.parts().saturating_sub(self.next.load(Ordering::Relaxed));
            let row = (left / (4 * self.control.jobs.max(1))).clamp(1, IN_A_ROW);
            let first = self.next.fetch_add(row, Ordering::Relaxed);
            if first >= self.parts() {
                return;
            }
            for index in first..self.parts().min(first + row) {
                if !self.part(index, buffers, &mut held) {
                    return;
                }
            }
        }
    }

    /// Scans a part and adds what it gave. Whether there is anything left to do.
    fn part(&self, index: usize, buffers: &mut Buffers, held: &mut Range<usize>) -> bool {
        if self.control.stopped() {
            lock(&self.given).interrupted = true;
            return false;
        }
        match self.scan(index, buffers, held) {
            Ok((part, whole)) => {
                let shrank = !whole && shrank(self.opened);
                self.give(index, part, shrank);
                self.join();
                true
            }
            Err(error) => {
                // Lines after it cannot be counted, so nothing after it is reported.
                self.next.store(usize::MAX / 2, Ordering::Relaxed);
                lock(&self.given).gaps.push(closed(&error));
                false
            }
        }
    }

    /// Scans a part; gives whether all of it was there. `held` are the bytes of the file that are in the buffer from its start on.
    fn scan(&self, index: usize, buffers: &mut Buffers, held: &mut Range<usize>) -> std::io::Result<(Part, bool)> {
        let start = index * self.size;
        let end = self.length.min(start + self.size);
        let from = start.saturating_sub(self.margins.before) / PAGE * PAGE;
        let to = self.length.min(end.saturating_add(self.margins.after).next_multiple_of(PAGE));
        let Buffers { bytes, scratch } = buffers;
        if bytes.len() < to - from + PAGE {
            bytes.resize(to - from + PAGE, 0);
            *held = 0..0;
        }
        let aligned = bytes.as_ptr().align_offset(PAGE).min(PAGE);
        let bytes = bytes.get_mut(aligned..).unwrap_or_default();
        // What the part before had as its margin is not read again.
        let known = if held.contains(&from) { from - held.start..held.end.min(to) - held.start } else { 0..0 };
        bytes.copy_within(known.clone(), 0);
        *held = 0..0;
        let room = bytes.get_mut(known.len()..to - from).unwrap_or_default();
        let read = known.len() + read_at(&self.opened.file, room, (from + known.len()) as u64)?;
        *held = from..from + read;
        let bytes = bytes.get(..read).unwrap_or_default();
        let range = (start - from).min(read)..(end - from).min(read);
        self.control.events.scanned(0, range.len() as u64);
        let part = PartBytes { bytes, offset: from, range };
        Ok((scan_part(self.control.engine, &part, scratch), read == to - from))
    }

    fn give(&self, index: usize, part: Part, shrank: bool) {
        let mut given = lock(&self.given);
        given.parts.insert(index, part);
        if shrank && given.gaps.is_empty() {
            given.gaps.push((Gap::Shrank, String::new()));
        }
    }

    /// Joins what there is, unless another thread is doing so. What is given while it ends is joined after the next part, or at the end.
    fn join(&self) {
        let mut joined = match self.joined.try_lock() {
            Ok(joined) => joined,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        loop {
            let part = lock(&self.given).parts.remove(&joined.next);
            let Some(part) = part else { return };
            joined.next += 1;
            joined.bytes += part.span.len() as u64;
            joined.joiner.add(part);
        }
    }
}

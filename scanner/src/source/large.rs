//! Large files: read in parts, by position, over all threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
        order: Mutex::new(Order {
            waiting: BTreeMap::new(),
            next: 0,
            joiner: Joiner::new(*control, document),
            done: Scanned::default(),
        }),
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
    let order = work.order.into_inner().unwrap_or_else(PoisonError::into_inner);
    Scanned { findings: order.joiner.finish(), ..order.done }
}

struct Work<'a> {
    control: &'a Control<'a>,
    opened: &'a Opened,
    length: usize,
    size: usize,
    margins: Margins,
    /// The next part that nobody has taken.
    next: AtomicUsize,
    order: Mutex<Order<'a>>,
}

/// Puts what the threads give into order.
struct Order<'a> {
    waiting: BTreeMap<usize, Part>,
    /// The part that is joined next.
    next: usize,
    joiner: Joiner<'a>,
    done: Scanned,
}

impl<'a> Work<'a> {
    fn parts(&self) -> usize {
        self.length.div_ceil(self.size)
    }

    fn order(&self) -> MutexGuard<'_, Order<'a>> {
        // What a thread that panicked left behind is whole: parts are added in one go.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes parts and scans them until there are no more.
    fn run(&self, buffers: &mut Buffers) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.parts() {
                return;
            }
            if self.control.stopped() {
                self.order().done.interrupted = true;
                return;
            }
            match self.scan(index, buffers) {
                Ok((part, whole)) => {
                    let shrank = !whole && shrank(self.opened);
                    self.order().add(index, part, shrank);
                }
                Err(error) => {
                    // Lines after it cannot be counted, so nothing after it is reported.
                    self.next.store(usize::MAX / 2, Ordering::Relaxed);
                    self.order().done.gaps.push(closed(&error));
                    return;
                }
            }
        }
    }

    /// Scans a part; gives whether all of it was there.
    fn scan(&self, index: usize, buffers: &mut Buffers) -> std::io::Result<(Part, bool)> {
        let start = index * self.size;
        let end = self.length.min(start + self.size);
        let from = start.saturating_sub(self.margins.before);
        let to = self.length.min(end.saturating_add(self.margins.after));
        let Buffers { bytes, scratch } = buffers;
        if bytes.len() < to - from {
            bytes.resize(to - from, 0);
        }
        let room = bytes.get_mut(..to - from).unwrap_or_default();
        let read = read_at(&self.opened.file, room, from as u64)?;
        let bytes = room.get(..read).unwrap_or_default();
        let range = (start - from).min(read)..(end - from).min(read);
        self.control.events.scanned(0, range.len() as u64);
        let part = PartBytes { bytes, offset: from, range };
        Ok((scan_part(self.control.engine, &part, scratch), read == to - from))
    }
}

impl Order<'_> {
    fn add(&mut self, index: usize, part: Part, shrank: bool) {
        self.waiting.insert(index, part);
        if shrank && self.done.gaps.is_empty() {
            self.done.gaps.push((Gap::Shrank, String::new()));
        }
        while let Some(part) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.done.bytes += part.span.len() as u64;
            self.joiner.add(part);
        }
    }
}

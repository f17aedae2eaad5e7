//! What the threads of a walk take their work from: the roots of all families, loose objects, and parts of families that another thread gives away.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::source::git::entry::Kind;
use crate::source::git::forest::EntryNumber;
use crate::source::git::store::Number;
use crate::source::git::walk::Objects;

pub(super) enum Task<C> {
    /// An entry of a pack, with all that are deltas upon it.
    Family(usize, Frame<C>),
    Loose(Number),
}

/// What the threads take their work from.
pub(super) struct Tasks<'a, C> {
    pub(super) objects: &'a Objects,
    pub(super) kinds: fn(Kind) -> bool,
    pub(super) jobs: usize,
    next: AtomicUsize,
    /// How many roots the packs before each one have.
    firsts: Vec<usize>,
    /// Parts of families that are given to who has nothing to do.
    shared: Mutex<Shared<C>>,
    given: Condvar,
    /// How many threads wait for such a part that nobody has given yet.
    hungry: AtomicUsize,
    /// How many bytes the nodes of all threads hold.
    pub(super) held: AtomicU64,
    /// Families, or parts of them, that are too large for a thread's share of the memory.
    pub(super) later: Mutex<Vec<(usize, EntryNumber)>>,
}

struct Shared<C> {
    parts: Vec<(usize, Frame<C>)>,
    waiting: usize,
    ended: bool,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a thread that panicked left behind is whole, and the panic goes on where the thread is joined.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a, C> Tasks<'a, C> {
    pub(super) fn new(objects: &'a Objects, kinds: fn(Kind) -> bool, jobs: usize) -> Self {
        let mut firsts = vec![0];
        let mut sum = 0;
        for forest in &objects.forests {
            sum += forest.roots.len();
            firsts.push(sum);
        }
        Self {
            objects,
            kinds,
            jobs,
            next: AtomicUsize::new(0),
            firsts,
            shared: Mutex::new(Shared { parts: Vec::new(), waiting: 0, ended: false }),
            given: Condvar::new(),
            hungry: AtomicUsize::new(0),
            held: AtomicU64::new(0),
            later: Mutex::default(),
        }
    }

    /// The next task; none when nobody has anything left.
    pub(super) fn next(&self) -> Option<Task<C>> {
        while let Some(task) = self.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if let Task::Family(pack, root) = &task {
                let kind = self.objects.forests.get(*pack).and_then(|forest| forest.kind(root.entry));
                if !kind.is_some_and(self.kinds) {
                    continue;
                }
            }
            return Some(task);
        }
        self.wait_for_part()
    }

    /// A part of another thread's family.
    fn wait_for_part(&self) -> Option<Task<C>> {
        let mut shared = lock(&self.shared);
        let mut waits = false;
        loop {
            if let Some((pack, frame)) = shared.parts.pop() {
                shared.waiting -= usize::from(waits);
                return Some(Task::Family(pack, frame));
            }
            if !waits {
                waits = true;
                shared.waiting += 1;
                self.hungry.fetch_add(1, Ordering::Relaxed);
            }
            if shared.ended || shared.waiting == self.jobs {
                shared.ended = true;
                self.given.notify_all();
                return None;
            }
            shared = self.given.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether somebody waits for a part; who asks gives one then.
    pub(super) fn wants_part(&self) -> bool {
        self.hungry.load(Ordering::Relaxed) > 0
            && self.hungry.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |hungry| hungry.checked_sub(1)).is_ok()
    }

    /// Gives a part of a family away.
    pub(super) fn give(&self, pack: usize, frame: Frame<C>) {
        lock(&self.shared).parts.push((pack, frame));
        self.given.notify_one();
    }

    /// Lets nobody wait any more: a thread that ends early gives nothing.
    pub(super) fn end(&self) {
        lock(&self.shared).ended = true;
        self.given.notify_all();
    }

    fn get(&self, at: usize) -> Option<Task<C>> {
        let pack = self.firsts.partition_point(|first| *first <= at) - 1;
        if let Some(forest) = self.objects.forests.get(pack) {
            let root = forest.roots.get(at - self.firsts.get(pack)?)?;
            return Some(Task::Family(pack, Frame { entry: *root, base: None }));
        }
        let loose = self.objects.store.loose_numbers();
        let number = loose.start.checked_add(u32::try_from(at - self.firsts.last()?).ok()?)?;
        loose.contains(&number).then_some(Task::Loose(number))
    }
}

/// An object whose deltas are not all decoded yet.
pub(super) struct Node<C> {
    pub(super) entry: EntryNumber,
    /// The object, and after it what the buffer held before: buffers are not wiped between objects.
    pub(super) buffer: Vec<u8>,
    pub(super) size: usize,
    pub(super) carried: Option<C>,
    /// How many bytes all of it takes.
    pub(super) weight: u64,
}

impl<C> Node<C> {
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.size).unwrap_or_default()
    }
}

/// An entry that is still to be decoded.
pub(super) struct Frame<C> {
    pub(super) entry: EntryNumber,
    pub(super) base: Option<Arc<Node<C>>>,
}

//! Decodes every object once: each whole one, then the deltas upon it, each from the buffer of its base.
//!
//! A thread takes a family of deltas and goes down it. An object's buffer is kept until the last delta upon it is decoded; since the largest family
//! comes last, a thread holds no more buffers than the logarithm of the family's size. What they may hold is limited all the same: beyond it
//! the oldest buffer is given up, and decoded again when its turn comes.
//!
//! A thread that has nothing left to do is given a part of another one's family, so that a giant one keeps nobody waiting.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::hits::Run;
use crate::scan::{Control, Gap};
use crate::source::file::Closed;
use crate::source::git::delta::Delta;
use crate::source::git::entry::{Content, Entry, Kind};
use crate::source::git::forest::{EntryNumber, Forest};
use crate::source::git::inflate::{InflateReader, Inflater};
use crate::source::git::pack::Pack;
use crate::source::git::store::{Buffers, Number, Store, damaged, no_base, within};
use crate::source::git::tasks::{Frame, Node, Task, Tasks, lock};

/// An object that has been decoded.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a> {
    pub(crate) number: Number,
    pub(crate) kind: Kind,
    pub(crate) bytes: &'a [u8],
    /// Whether there are deltas upon it.
    pub(crate) has_heirs: bool,
}

/// What an object is a delta upon.
#[derive(Clone, Copy)]
pub(crate) struct Base<'a, C> {
    /// The bytes of the base.
    pub(crate) bytes: &'a [u8],
    /// What the visitor kept of it.
    pub(crate) carried: &'a C,
    /// What of the object came from where.
    pub(crate) runs: &'a [Run],
}

/// What is done with each object. Each thread has a visitor of its own.
pub(crate) trait Visit: Send {
    /// What is kept of an object for the deltas upon it.
    type Carried: Send + Sync;

    /// Copies of fewer bytes are none to the visitor.
    const SHORTEST_COPY: usize = 0;

    /// How many bytes of memory that takes, about.
    fn weight(carried: &Self::Carried) -> usize;

    /// An object, with its base if that was an object just before it.
    fn object(&mut self, object: Object<'_>, base: Option<Base<'_, Self::Carried>>) -> Option<Self::Carried>;

    /// What was kept of an object, when nothing is made of it any more.
    fn recycle(&mut self, _carried: Self::Carried) {}

    /// A blob that is too large to be held.
    fn stream(&mut self, number: Number, size: u64, content: &mut dyn Read) -> Result<(), Closed>;

    /// An object that could not be decoded.
    fn failed(&mut self, number: Number, gap: Closed);
}

/// A store with the families of its packs.
pub(crate) struct Objects {
    pub(crate) store: Store,
    pub(super) forests: Vec<Forest>,
    /// Objects of packs that have no forest here.
    singles: Vec<Number>,
}

/// Of a pack of which one object in so many counts each is read by itself: that is less work than to look at all headers.
const FEW: u32 = 4096;

/// Whether objects can be read as they are.
fn are_whole(store: &Store, numbers: &[Number], memory: u64) -> bool {
    let (mut buffers, mut bytes) = (Buffers::default(), Vec::new());
    numbers.iter().all(|number| store.read(&store.id(*number), most(memory), &mut buffers, &mut bytes).is_ok())
}

/// The largest object that is decoded with so much memory: with its base and its delta it needs three times as much.
fn most(memory: u64) -> u64 {
    memory / 4
}

/// Which objects are visited, and with how much memory.
pub(crate) struct Selection {
    pub(crate) kinds: fn(Kind) -> bool,
    /// For the buffers of all threads together, in bytes.
    pub(crate) memory: u64,
}

impl Objects {
    /// Reads the headers of all packs, but of those in which next to nothing counts: what does is read by itself, if it is whole and goes into
    /// so much memory.
    pub(crate) fn new(store: Store, memory: u64, jobs: usize) -> Self {
        let mut singles = Vec::new();
        let forest = |pack: &Pack| {
            let counting = || (pack.first..pack.first + pack.len()).filter(|number| store.counts(*number));
            let count = counting().count() as u32;
            if count <= pack.len() / FEW {
                let few: Vec<Number> = counting().collect();
                if are_whole(&store, &few, memory) {
                    singles.extend(few);
                    return Forest::default();
                }
            }
            let mut forest = Forest::new(&store, pack, jobs);
            if count < pack.len() {
                forest.prune(|position| store.counts(pack.first + position));
            }
            forest
        };
        let forests = store.packs.iter().map(forest).collect();
        Self { store, forests, singles }
    }

    /// Visits all objects of some kinds, with `control.jobs` threads; the visitors come back. It ends early if the scan is stopped.
    pub(crate) fn walk<V: Visit>(
        &self,
        control: &Control<'_>,
        selection: &Selection,
        visitor: impl Fn() -> V + Sync,
    ) -> Vec<V> {
        let jobs = control.jobs.max(1);
        let tasks = Tasks::new(self, selection.kinds, jobs);
        let share = selection.memory / jobs as u64;
        let walk = |visitor: V| {
            let mut walker = Walker::new(control, &tasks, share, visitor);
            while let Some(task) = tasks.next().filter(|_| !control.stopped()) {
                walker.task(task);
            }
            tasks.end();
            walker.visitor
        };
        let mut visitors: Vec<V> = std::thread::scope(|scope| {
            let helpers: Vec<_> = (1..jobs).map(|_| scope.spawn(|| walk(visitor()))).collect();
            let mut visitors = vec![walk(visitor())];
            for helper in helpers {
                match helper.join() {
                    Ok(visitor) => visitors.push(visitor),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            visitors
        });
        // What is too large for a share has all the memory, one after the other.
        let mut later = std::mem::take(&mut *lock(&tasks.later));
        later.sort_unstable();
        if let Some(visitor) = visitors.pop() {
            let mut walker = Walker::new(control, &tasks, selection.memory, visitor);
            walker.alone = true;
            for (pack, entry) in later {
                walker.family(pack, Frame { entry, base: None });
            }
            for number in &self.singles {
                walker.single(*number);
            }
            for (pack, number, gap) in self.broken() {
                walker.fail_beside(Some(pack), number, gap.clone());
            }
            visitors.push(walker.visitor);
        }
        visitors
    }

    /// Entries whose header is damaged.
    fn broken(&self) -> impl Iterator<Item = (&Pack, Number, &Closed)> {
        let packs = self.store.packs.iter().zip(&self.forests);
        packs.flat_map(|(pack, forest)| {
            forest.broken.iter().map(move |(entry, gap)| (pack, pack.first + forest.position(*entry), gap))
        })
    }
}

/// One thread at work.
struct Walker<'a, V: Visit> {
    objects: &'a Objects,
    control: &'a Control<'a>,
    tasks: &'a Tasks<'a, V::Carried>,
    kinds: fn(Kind) -> bool,
    /// How many bytes it may hold.
    share: u64,
    /// Whether nobody else works, so that what is too large now is too large for good.
    alone: bool,
    visitor: V,
    stack: Vec<Frame<V::Carried>>,
    inflater: Inflater,
    delta: Vec<u8>,
    runs: Vec<Run>,
    free: Vec<Vec<u8>>,
    buffers: Buffers,
}

/// Why an entry is not decoded now.
enum Refusal {
    Failed(Closed),
    /// It is too large for the share.
    TooLarge(u64),
}

impl From<Closed> for Refusal {
    fn from(gap: Closed) -> Self {
        Self::Failed(gap)
    }
}

impl<'a, V: Visit> Walker<'a, V> {
    fn new(control: &'a Control<'a>, tasks: &'a Tasks<'a, V::Carried>, share: u64, visitor: V) -> Self {
        Self {
            objects: tasks.objects,
            control,
            tasks,
            kinds: tasks.kinds,
            share,
            alone: false,
            visitor,
            stack: Vec::new(),
            inflater: Inflater::default(),
            delta: Vec::new(),
            runs: Vec::new(),
            free: Vec::new(),
            buffers: Buffers::default(),
        }
    }

    /// The largest object that is decoded.
    fn most(&self) -> u64 {
        most(self.share)
    }

    fn task(&mut self, task: Task<V::Carried>) {
        match task {
            Task::Family(pack, root) => self.family(pack, root),
            Task::Loose(number) => {
                if self.objects.store.counts(number)
                    && let Err(gap) = self.loose(number)
                {
                    self.fail(number, gap);
                }
            }
        }
    }

    fn loose(&mut self, number: Number) -> Result<(), Closed> {
        let mut loose = self.objects.store.open_loose(number)?;
        let kind = loose.kind;
        if !(self.kinds)(kind) {
            return Ok(());
        }
        if loose.size > self.most() && kind == Kind::Blob {
            let size = loose.size;
            let read = {
                let mut counted = Counted { content: loose.reader(), bytes: 0 };
                self.visitor.stream(number, size, &mut counted)?;
                counted.bytes
            };
            return loose.finish(read);
        }
        within(loose.size, self.most())?;
        let mut bytes = self.free.pop().unwrap_or_default();
        loose.read(&mut bytes)?;
        self.visitor.object(Object { number, kind, bytes: &bytes, has_heirs: false }, None);
        self.recycle(bytes);
        Ok(())
    }

    /// Decodes an object by itself.
    fn single(&mut self, number: Number) {
        let store = &self.objects.store;
        if self.control.stopped() || !store.counts(number) {
            return;
        }
        let mut bytes = self.free.pop().unwrap_or_default();
        match store.read(&store.id(number), self.most(), &mut self.buffers, &mut bytes) {
            Ok(kind) if (self.kinds)(kind) => {
                self.visitor.object(Object { number, kind, bytes: &bytes, has_heirs: false }, None);
            }
            Ok(_) => {}
            Err(gap) => self.visitor.failed(number, gap),
        }
        self.recycle(bytes);
    }

    /// Decodes an entry and all deltas upon it.
    fn family(&mut self, pack: usize, root: Frame<V::Carried>) {
        let objects = self.objects;
        let Some((pack_file, forest)) = objects.store.packs.get(pack).zip(objects.forests.get(pack)) else { return };
        self.stack.push(root);
        while let Some(frame) = self.stack.pop() {
            if self.control.stopped() {
                self.stack.clear();
                return;
            }
            if !self.stack.is_empty() && self.tasks.wants_part() {
                // The one at the bottom has the largest family.
                self.tasks.give(pack, self.stack.remove(0));
            }
            let entry = frame.entry;
            let number = pack_file.first + forest.position(entry);
            match self.decode(pack_file, forest, frame) {
                Ok(()) => {}
                Err(Refusal::TooLarge(_)) if !self.alone => lock(&self.tasks.later).push((pack, entry)),
                Err(Refusal::TooLarge(size)) => {
                    let gap = (Gap::TooLarge, format!("{size} bytes"));
                    match self.stream(pack_file, forest, entry) {
                        Some(Ok(())) => {}
                        Some(Err(gap)) => self.fail(number, gap),
                        None => self.fail(number, gap.clone()),
                    }
                    forest.children(entry).iter().for_each(|child| self.lose(pack_file, forest, *child, &gap));
                }
                Err(Refusal::Failed(gap)) => {
                    if !self.recover(pack_file, forest, entry) {
                        self.fail(number, gap);
                        let lost = (Gap::Corrupt, "the base of its delta is damaged".to_owned());
                        forest.children(entry).iter().for_each(|child| self.lose(pack_file, forest, *child, &lost));
                    }
                }
            }
        }
    }

    /// Goes on from an object that is damaged here and whole elsewhere, if there are deltas upon it.
    fn recover(&mut self, pack: &Pack, forest: &Forest, entry: EntryNumber) -> bool {
        if forest.children(entry).is_empty() {
            return false;
        }
        let number = pack.first + forest.position(entry);
        let store = &self.objects.store;
        let mut buffer = self.free.pop().unwrap_or_default();
        let read = store.read(&store.id(number), self.most(), &mut self.buffers, &mut buffer);
        let Some(kind) = read.ok().filter(|kind| forest.kind(entry) == Some(*kind)) else {
            self.recycle(buffer);
            return false;
        };
        let counts = store.counts(number);
        let size = buffer.len();
        let object = Object { number, kind, bytes: &buffer, has_heirs: true };
        let carried = counts.then(|| self.visitor.object(object, None)).flatten();
        self.keep(forest, Node { entry, buffer, size, carried, weight: 0 });
        true
    }

    /// Looks for an object that could not be decoded in the other places where it lies, and tells of it if there are none. A copy that is
    /// damaged harms nobody.
    fn fail(&mut self, number: Number, gap: Closed) {
        self.fail_beside(None, number, gap);
    }

    /// The same; one of the packs need not be looked into.
    fn fail_beside(&mut self, pack: Option<&Pack>, number: Number, gap: Closed) {
        let store = &self.objects.store;
        if !store.counts(number) {
            return;
        }
        let mut bytes = self.free.pop().unwrap_or_default();
        let (id, most) = (store.id(number), self.most());
        let read = match pack {
            Some(pack) => store.read_beside(pack, &id, most, &mut self.buffers, &mut bytes),
            None => store.read(&id, most, &mut self.buffers, &mut bytes),
        };
        match read {
            Ok(kind) if (self.kinds)(kind) => {
                self.visitor.object(Object { number, kind, bytes: &bytes, has_heirs: false }, None);
            }
            Ok(_) => {}
            Err(_) => self.visitor.failed(number, gap),
        }
        self.recycle(bytes);
    }

    /// Tells of an entry that cannot be decoded, and of all that are deltas upon it.
    fn lose(&mut self, pack: &Pack, forest: &Forest, entry: EntryNumber, gap: &Closed) {
        let mut lost = vec![entry];
        while let Some(entry) = lost.pop() {
            self.fail(pack.first + forest.position(entry), gap.clone());
            lost.extend(forest.children(entry));
        }
    }

    fn decode(&mut self, pack: &Pack, forest: &Forest, frame: Frame<V::Carried>) -> Result<(), Refusal> {
        let range = forest.range(frame.entry);
        let (entry, stream) = pack.entry(range.start, range.end).ok_or_else(|| damaged("no entry of a pack"))?;
        let kind = forest.kind(frame.entry).ok_or_else(no_base)?;
        let number = pack.first + forest.position(frame.entry);
        let whole = matches!(entry.content, Content::Whole(_));
        if entry.size > self.most() {
            // What others are deltas upon cannot be read in parts as long as there is memory to come.
            let streamed = forest.children(frame.entry).is_empty().then(|| self.stream(pack, forest, frame.entry));
            return streamed.flatten().map_or(Err(Refusal::TooLarge(entry.size)), |streamed| Ok(streamed?));
        }
        let mut buffer = self.free.pop().unwrap_or_default();
        let (base, size) = if whole {
            let inflated = self.inflater.inflate(stream, entry.size as usize, &mut buffer);
            inflated.map_err(|error| damaged(&error.to_string()))?;
            (None, entry.size as usize)
        } else {
            let base = match frame.base {
                Some(base) => base,
                None => self.base_again(pack, forest, frame.entry)?,
            };
            match self.apply(entry, stream, base.bytes(), &mut buffer) {
                Ok(size) => (Some(base), size),
                Err(refusal) => {
                    self.release(base);
                    return Err(refusal);
                }
            }
        };
        let bytes = buffer.get(..size).unwrap_or_default();
        let has_heirs = !forest.children(frame.entry).is_empty();
        let carried = if self.objects.store.counts(number) {
            let of_base = base.as_ref().and_then(|base| {
                let carried = base.carried.as_ref()?;
                Some(Base { bytes: base.bytes(), carried, runs: &self.runs })
            });
            self.visitor.object(Object { number, kind, bytes, has_heirs }, of_base)
        } else {
            None
        };
        if let Some(base) = base {
            self.release(base);
        }
        self.keep(forest, Node { entry: frame.entry, buffer, size, carried, weight: 0 });
        Ok(())
    }

    /// Reads a blob in parts, if it is stored whole.
    fn stream(&mut self, pack: &Pack, forest: &Forest, entry: EntryNumber) -> Option<Result<(), Closed>> {
        let range = forest.range(entry);
        let (header, stream) = pack.entry(range.start, range.end)?;
        if header.content != Content::Whole(Kind::Blob) {
            return None;
        }
        let number = pack.first + forest.position(entry);
        if !self.objects.store.counts(number) {
            return Some(Ok(()));
        }
        let mut content = InflateReader::new(stream, Some(header.size));
        Some(self.visitor.stream(number, header.size, &mut content))
    }

    /// Makes an object of its base; how large it is.
    fn apply(&mut self, entry: Entry, stream: &[u8], base: &[u8], out: &mut Vec<u8>) -> Result<usize, Refusal> {
        let length = entry.size as usize;
        self.inflater.inflate(stream, length, &mut self.delta).map_err(|error| damaged(&error.to_string()))?;
        let delta = Delta::parse(self.delta.get(..length).unwrap_or_default());
        let delta = delta.map_err(|error| damaged(&error.to_string()))?;
        if delta.size > self.most() {
            return Err(Refusal::TooLarge(delta.size));
        }
        delta.apply(base, out, &mut self.runs, V::SHORTEST_COPY).map_err(|error| damaged(&error.to_string()))?;
        Ok(delta.size as usize)
    }

    /// Decodes the base of an entry anew, also for the entries that come next and have the same one.
    fn base_again(
        &mut self,
        pack: &Pack,
        forest: &Forest,
        entry: EntryNumber,
    ) -> Result<Arc<Node<V::Carried>>, Refusal> {
        let mut buffer = self.free.pop().unwrap_or_default();
        let most = self.most();
        let base = forest.base(entry);
        let (store, buffers) = (&self.objects.store, &mut self.buffers);
        let read = match (base, forest.outside_base(entry)) {
            (Some(base), _) => store.read_packed(pack, forest.range(base).start, most, buffers, &mut buffer),
            (None, Some(id)) => store.read(id, most, buffers, &mut buffer),
            (None, None) => Err(no_base()),
        };
        match read {
            Ok(_) => {}
            Err((Gap::TooLarge, _)) => return Err(Refusal::TooLarge(most)),
            Err(gap) => return Err(gap.into()),
        }
        let weight = buffer.capacity() as u64;
        self.tasks.held.fetch_add(weight, Ordering::Relaxed);
        let node = Arc::new(Node { entry: base.unwrap_or(entry), size: buffer.len(), buffer, carried: None, weight });
        for frame in self.stack.iter_mut().rev() {
            if base.is_none() || forest.base(frame.entry) != base || frame.base.is_some() {
                break;
            }
            frame.base = Some(Arc::clone(&node));
        }
        Ok(node)
    }

    /// Keeps an object if there are deltas upon it, which come next.
    fn keep(&mut self, forest: &Forest, mut node: Node<V::Carried>) {
        let children = forest.children(node.entry);
        if children.is_empty() {
            return self.recycle(node.buffer);
        }
        let carried = node.carried.as_ref().map_or(0, V::weight);
        node.weight = (node.buffer.capacity() + carried) as u64;
        self.tasks.held.fetch_add(node.weight, Ordering::Relaxed);
        let node = Arc::new(node);
        // The last one, of the largest family, lies at the bottom.
        self.stack.extend(children.iter().rev().map(|child| Frame { entry: *child, base: Some(Arc::clone(&node)) }));
        drop(node);
        let limit = self.share * if self.alone { 1 } else { self.tasks.jobs as u64 } / 2;
        if self.tasks.held.load(Ordering::Relaxed) > limit {
            self.give_up_oldest(limit / 2);
        }
    }

    /// Gives up the buffers at the bottom of the stack, which are needed last.
    fn give_up_oldest(&mut self, limit: u64) {
        let next = self.stack.last().and_then(|frame| frame.base.as_ref()).map(|node| node.entry);
        let mut stack = std::mem::take(&mut self.stack);
        for frame in &mut stack {
            if self.tasks.held.load(Ordering::Relaxed) <= limit {
                break;
            }
            if frame.base.as_ref().is_some_and(|node| Some(node.entry) != next)
                && let Some(node) = frame.base.take()
            {
                self.release(node);
            }
        }
        self.stack = stack;
    }

    /// Lets go of a node; the last one to do so has its buffer back.
    fn release(&mut self, node: Arc<Node<V::Carried>>) {
        if let Ok(node) = Arc::try_unwrap(node) {
            self.tasks.held.fetch_sub(node.weight, Ordering::Relaxed);
            if let Some(carried) = node.carried {
                self.visitor.recycle(carried);
            }
            self.recycle(node.buffer);
        }
    }

    /// Keeps a buffer for the next object.
    fn recycle(&mut self, bytes: Vec<u8>) {
        const MOST_FREE: usize = 8;
        const MOST_BYTES: usize = 2 << 20;
        if self.free.len() < MOST_FREE && bytes.capacity() <= MOST_BYTES {
            self.free.push(bytes);
        }
    }
}

/// A reader that knows how much was read.
struct Counted<R> {
    content: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.content.read(out)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

//! The limit that scanning a history is measured against: decodes every object of a repository's packs with libdeflate, each once, and does
//! nothing with it.
//!
//! `cargo run --release -p stanch-testkit --example decode_limit -- REPOSITORY [THREADS]`
//!
//! It shares no code with the scanner. Packs are read into memory before the clock starts; then come the order of the entries, their headers,
//! and each object from the buffer of its base, as few bytes written as can be. Nothing is checked beyond what keeps it from going wrong, and
//! loose objects are left out.

#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use libdeflater::Decompressor;

fn main() -> Result<()> {
    let mut args = std::env::args_os().skip(1);
    let path = PathBuf::from(args.next().ok_or_else(|| Error::other("which repository?"))?);
    let threads = args.next().and_then(|count| count.to_str()?.parse().ok());
    let threads = threads.map_or_else(|| std::thread::available_parallelism().map(usize::from), Ok)?;
    let files = read_packs(&path)?;
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let packs: Vec<Pack<'_>> = files.iter().filter_map(|(index, pack)| Pack::new(index, pack)).collect();
    let opened = start.elapsed();
    let roots: Vec<(usize, u32)> =
        packs.iter().enumerate().flat_map(|(n, pack)| pack.roots.iter().map(move |root| (n, *root))).collect();
    let next = AtomicUsize::new(0);
    let decoded = std::thread::scope(|scope| {
        let work = || {
            let mut thread = Thread::default();
            while let Some((pack, root)) = roots.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Some(pack) = packs.get(*pack) {
                    thread.family(pack, *root);
                }
            }
            (thread.objects, thread.bytes, thread.failed)
        };
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).fold((0, 0, 0), add)
    });
    let (objects, bytes, failed) = decoded;
    println!("{objects} objects of {bytes} bytes, {failed} failed, {threads} threads");
    println!("wall {:.3} s, of it {:.3} s for opening", start.elapsed().as_secs_f64(), opened.as_secs_f64());
    if let Some(seconds) = cpu.and_then(|before| Some(cpu_seconds()? - before)) {
        println!("cpu {seconds:.2} s");
    }
    Ok(())
}

fn add(a: (u64, u64, u64), b: (u64, u64, u64)) -> (u64, u64, u64) {
    (a.0 + b.0, a.1 + b.1, a.2 + b.2)
}

/// The processor time of this process, where Linux tells it, in hundredths of a second.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold spaces; the fields after it do not (proc_pid_stat(5)).
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

/// The packs of a repository with their indexes.
fn read_packs(path: &Path) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let folders = [path.join(".git/objects/pack"), path.join("objects/pack")];
    let folder = folders.iter().find(|folder| folder.is_dir()).ok_or_else(|| Error::other("no packs there"))?;
    let mut packs = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let index = entry?.path();
        if index.extension().is_some_and(|extension| extension == "idx") {
            packs.push((std::fs::read(&index)?, std::fs::read(index.with_extension("pack"))?));
        }
    }
    Ok(packs)
}

/// A pack with its entries in order of offset: <https://git-scm.com/docs/gitformat-pack>.
struct Pack<'a> {
    data: &'a [u8],
    entries: Vec<Header>,
    /// Where the deltas upon each entry start in `children`; those of the next one start where they end.
    firsts: Vec<u32>,
    children: Vec<u32>,
    roots: Vec<u32>,
}

/// What stands before an entry's stream.
struct Header {
    size: usize,
    /// Where the stream starts and where the next entry does.
    stream: (usize, usize),
    base: Option<u32>,
}

/// What an entry is a delta upon.
enum Base {
    None,
    Before(usize),
    Object([u8; 20]),
}

impl<'a> Pack<'a> {
    fn new(index: &[u8], data: &'a [u8]) -> Option<Self> {
        let count = be32(index, 8 + 255 * 4)? as usize;
        let ids: &[[u8; 20]] = index.get(8 + 1024..)?.get(..count * 20)?.as_chunks().0;
        let offsets = 8 + 1024 + count * 24;
        let offset = |n: usize| {
            let short = be32(index, offsets + n * 4)?;
            let far = || be64(index, offsets + count * 4 + (short & 0x7fff_ffff) as usize * 8);
            if short >> 31 == 0 { Some(short as usize) } else { far().map(|far| far as usize) }
        };
        let mut starts: Vec<usize> = (0..count).map(offset).collect::<Option<_>>()?;
        let by_position = starts.clone();
        starts.sort_unstable();
        let ends = starts.iter().skip(1).copied().chain([data.len().checked_sub(20)?]);
        let entry_at = |offset: &usize| starts.binary_search(offset).ok().map(|at| at as u32);
        let mut entries = Vec::with_capacity(count);
        for (start, end) in starts.iter().zip(ends) {
            let (size, base, header) = header(data.get(*start..end)?)?;
            let base = match base {
                Base::None => None,
                Base::Before(distance) => entry_at(&start.checked_sub(distance)?),
                Base::Object(id) => entry_at(by_position.get(ids.binary_search(&id).ok()?)?),
            };
            entries.push(Header { size, stream: (start + header, end), base });
        }
        let (firsts, children) = children(&entries);
        let mut roots: Vec<u32> =
            (0..count as u32).filter(|n| entries.get(*n as usize).is_some_and(|entry| entry.base.is_none())).collect();
        // Large families first, lest one comes last.
        let own = |root: &u32| firsts.get(*root as usize + 1).zip(firsts.get(*root as usize)).map(|(b, a)| b - a);
        roots.sort_by_key(|root| std::cmp::Reverse(own(root).filter(|count| *count > 64)));
        Some(Self { data, entries, firsts, children, roots })
    }

    fn children(&self, entry: u32) -> &[u32] {
        let at = |n: u32| self.firsts.get(n as usize).map_or(0, |first| *first as usize);
        self.children.get(at(entry)..at(entry + 1)).unwrap_or_default()
    }
}

/// The bases turned around, by counting.
fn children(entries: &[Header]) -> (Vec<u32>, Vec<u32>) {
    let mut firsts = vec![0_u32; entries.len() + 2];
    for base in entries.iter().filter_map(|entry| entry.base) {
        if let Some(count) = firsts.get_mut(base as usize + 2) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for first in &mut firsts {
        sum += *first;
        *first = sum;
    }
    let mut children = vec![0; sum as usize];
    for (n, entry) in entries.iter().enumerate() {
        if let Some(next) = entry.base.and_then(|base| firsts.get_mut(base as usize + 1)) {
            if let Some(slot) = children.get_mut(*next as usize) {
                *slot = n as u32;
            }
            *next += 1;
        }
    }
    (firsts, children)
}

/// The size of what an entry's stream gives, what it is a delta upon, and how long its header is.
fn header(bytes: &[u8]) -> Option<(usize, Base, usize)> {
    let first = *bytes.first()?;
    let (mut size, mut last, mut at, mut shift) = (usize::from(first & 15), first, 1, 4);
    while last & 0x80 != 0 {
        last = *bytes.get(at)?;
        size |= usize::from(last & 0x7f).checked_shl(shift)?;
        (at, shift) = (at + 1, shift + 7);
    }
    match first >> 4 & 7 {
        6 => {
            last = *bytes.get(at)?;
            let mut distance = usize::from(last & 0x7f);
            at += 1;
            while last & 0x80 != 0 {
                last = *bytes.get(at)?;
                distance = (distance.checked_add(1)? << 7) | usize::from(last & 0x7f);
                at += 1;
            }
            Some((size, Base::Before(distance), at))
        }
        7 => Some((size, Base::Object(*bytes.get(at..)?.first_chunk()?), at + 20)),
        _ => Some((size, Base::None, at)),
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// One thread's buffers and sums.
struct Thread {
    inflater: Decompressor,
    delta: Vec<u8>,
    free: Vec<Vec<u8>>,
    objects: u64,
    bytes: u64,
    failed: u64,
}

impl Default for Thread {
    fn default() -> Self {
        Self { inflater: Decompressor::new(), delta: Vec::new(), free: Vec::new(), objects: 0, bytes: 0, failed: 0 }
    }
}

/// An object: a buffer of at least its size, and its size.
type Object = Rc<(Vec<u8>, usize)>;

impl Thread {
    fn family(&mut self, pack: &Pack<'_>, root: u32) {
        let mut stack: Vec<(u32, Option<Object>)> = vec![(root, None)];
        while let Some((entry, base)) = stack.pop() {
            let mut buffer = self.free.pop().unwrap_or_default();
            let Some(size) = self.decode(pack, entry, base.as_deref(), &mut buffer) else {
                self.failed += 1;
                continue;
            };
            self.objects += 1;
            self.bytes += size as u64;
            let children = pack.children(entry);
            if children.is_empty() {
                self.free.push(buffer);
            } else {
                let object = Rc::new((buffer, size));
                stack.extend(children.iter().map(|child| (*child, Some(Rc::clone(&object)))));
            }
            if let Some((buffer, _)) = base.and_then(|base| Rc::try_unwrap(base).ok()) {
                self.free.push(buffer);
            }
        }
    }

    fn decode(
        &mut self,
        pack: &Pack<'_>,
        entry: u32,
        base: Option<&(Vec<u8>, usize)>,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        let header = pack.entries.get(entry as usize)?;
        let stream = pack.data.get(header.stream.0..header.stream.1)?;
        let Some((base, length)) = base else {
            return inflate(&mut self.inflater, stream, header.size, out);
        };
        let length = inflate(&mut self.inflater, stream, header.size, &mut self.delta).and(Some(*length))?;
        apply(self.delta.get(..header.size)?, base.get(..length)?, out)
    }
}

fn inflate(inflater: &mut Decompressor, stream: &[u8], size: usize, out: &mut Vec<u8>) -> Option<usize> {
    /// Room behind the end makes libdeflate a little faster.
    const ROOM: usize = 320;
    if out.len() < size + ROOM {
        out.resize(size + ROOM, 0);
    }
    let given = inflater.zlib_decompress(stream, out.get_mut(..size + ROOM)?).ok()?;
    (given == size).then_some(size)
}

/// Makes an object of its base; how large it is.
fn apply(delta: &[u8], base: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (_, rest) = number(delta)?;
    let (size, mut rest) = number(rest)?;
    if out.len() < size {
        out.resize(size, 0);
    }
    let mut at = 0;
    while let Some((&code, mut tail)) = rest.split_first() {
        let bytes;
        if code & 0x80 == 0 {
            (bytes, tail) = tail.split_at_checked(usize::from(code))?;
        } else {
            let mut value = 0_u64;
            for byte in 0..7 {
                if code >> byte & 1 == 1 {
                    let (next, after) = tail.split_first()?;
                    value |= u64::from(*next) << (8 * byte);
                    tail = after;
                }
            }
            let (start, length) = ((value & 0xffff_ffff) as usize, (value >> 32) as usize);
            bytes = base.get(start..)?.get(..if length == 0 { 0x1_0000 } else { length })?;
        }
        out.get_mut(at..at + bytes.len())?.copy_from_slice(bytes);
        at += bytes.len();
        rest = tail;
    }
    (at == size).then_some(size)
}

/// A number in groups of seven bits, lowest first.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (mut number, mut shift) = (0, 0);
    for (n, byte) in bytes.iter().enumerate() {
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(n + 1..)?));
        }
    }
    None
}

//! A hostile repository: a pack, its index, loose objects and refs out of the fuzzer's bytes, whose history is scanned with little memory. Whatever is
//! in it, the scan ends, with an outcome or an error, and writes nothing.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use libfuzzer_sys::fuzz_target;
use stanch_fuzz::text;
use stanch_model::FingerprintKey;
use stanch_rules::RuleSet;
use stanch_scanner::{Control, Engine, HistoryOptions, scan_history};
use tempfile::TempDir;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(RuleSet::builtin().filtered(|rule| rule.provider == "github")));
static KEY: LazyLock<FingerprintKey> = LazyLock::new(|| FingerprintKey::from_bytes([7; 32]));
static STOP: AtomicBool = AtomicBool::new(false);
static REPOSITORY: LazyLock<TempDir> = LazyLock::new(repository);

/// Stand for an id in hex digits and in bytes; the byte after them says whose.
const HEX_ID: u8 = 0xfc;
const ID: u8 = 0xfd;

fuzz_target!(|data: &[u8]| {
    let [how, data @ ..] = data else { return };
    let git = REPOSITORY.path().join(".git");
    let written = if how & 1 == 0 { made(data) } else { raw(data) };
    for (name, bytes) in &written {
        let path = git.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all).unwrap_or_else(|error| panic!("{error}"));
        fs::write(&path, bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let jobs = 1 + usize::from(how >> 1 & 1);
    let memory = [1 << 10, 1 << 13, 1 << 16, 1 << 20][usize::from(how >> 2 & 3)];
    let control = Control { engine: &ENGINE, key: &KEY, stop: &STOP, events: &(), jobs };
    let options = HistoryOptions { memory, every: how & 0x10 != 0, ..HistoryOptions::default() };
    match scan_history(&control, REPOSITORY.path(), &options) {
        Ok(outcome) => {
            let notes = outcome.coverage.notes;
            assert!(notes.iter().all(|note| !note.path.is_empty()), "{notes:?}");
            for finding in outcome.findings {
                assert!(finding.git.is_some() && !finding.path.is_empty());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let mut there = files(&git);
    there.retain(|path| !path.ends_with("HEAD") && !path.ends_with("config"));
    let mut paths: Vec<PathBuf> = written.iter().map(|(name, _)| git.join(name)).collect();
    paths.sort();
    paths.dedup();
    there.sort();
    assert_eq!(there, paths, "nothing is written");
    for path in paths {
        fs::remove_file(&path).unwrap_or_else(|error| panic!("{error}"));
    }
});

const PACK: &str = "objects/pack/pack-0000000000000000000000000000000000000000.pack";
const INDEX: &str = "objects/pack/pack-0000000000000000000000000000000000000000.idx";

/// The bytes as they are: an index and a pack.
fn raw(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let [length, data @ ..] = data else { return Vec::new() };
    let (index, pack) = data.split_at(data.len().min(usize::from(*length) * 16));
    vec![(INDEX.to_owned(), index.to_vec()), (PACK.to_owned(), pack.to_vec())]
}

/// A repository under construction.
#[derive(Default)]
struct Made {
    pack: Vec<u8>,
    /// Where each entry starts, with what it gives where that is known.
    entries: Vec<(usize, Vec<u8>)>,
    files: Vec<(String, Vec<u8>)>,
    /// What is overwritten at the end: whether in the pack, where, with what.
    harm: Vec<(bool, usize, u8)>,
}

/// A pack as git lays it out, so that few bytes make objects that can be read; then what harms it.
fn made(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut made = Made { pack: [b"PACK", &[0, 0, 0, 2, 0, 0, 0, 0][..]].concat(), ..Made::default() };
    let mut rest = data;
    while let [what, which, length, after @ ..] = rest
        && made.entries.len() < 200
        && made.files.len() < 50
    {
        let (content, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        made.add(*what, *which, &expanded(content));
    }
    made.finish()
}

impl Made {
    fn add(&mut self, what: u8, which: u8, content: &[u8]) {
        let base = usize::from(which) % self.entries.len().max(1);
        let back = self.entries.get(base).map_or(u64::from(which), |(start, _)| (self.pack.len() - start) as u64);
        match what % 16 {
            kind @ 0..4 => self.entry(1 + kind, &[], content, content),
            4 => self.entry(6, &distance(back), content, &[]),
            5 => self.entry(6, &distance(u64::from(which)), content, &[]),
            6 => self.entry(7, &[which; 20], content, &[]),
            // A delta as git makes them: all of the base, and something more.
            kind @ 7..9 => {
                let known = self.entries.get(base).map(|(_, known)| known.clone()).unwrap_or_default();
                let (insert, object) = (&content[..content.len().min(100)], [&known[..], content].concat());
                let mut delta = size(known.len());
                delta.extend(size(known.len() + insert.len()));
                if !known.is_empty() && known.len() < 0x1_0000 {
                    delta.extend([0xb0, known.len() as u8, (known.len() >> 8) as u8]);
                }
                if !insert.is_empty() {
                    delta.push(insert.len() as u8);
                    delta.extend_from_slice(insert);
                }
                let object = &object[..known.len() + insert.len()];
                let base = if kind == 7 { distance(back) } else { vec![base as u8; 20] };
                self.entry(6 + kind - 7, &base, &delta, object);
            }
            9 => {
                self.entries.push((self.pack.len(), Vec::new()));
                self.pack.extend_from_slice(content);
            }
            10 => {
                let kind = ["blob", "tree", "commit", "tag"][usize::from(which >> 6)];
                let object = [kind.as_bytes(), format!(" {}\0", content.len()).as_bytes(), content].concat();
                self.file(&loose(which), &deflated(&object));
            }
            11 => self.file(&loose(which), content),
            12 => self.file("refs/heads/main", format!("{}\n", hex(which)).as_bytes()),
            13 => self.file("packed-refs", content),
            14 => self.file("shallow", format!("{}\n", hex(which)).as_bytes()),
            _ => self.harm.extend(
                content
                    .chunks_exact(3)
                    .map(|harm| (which & 1 == 1, usize::from(u16::from_le_bytes([harm[0], harm[1]])), harm[2])),
            ),
        }
    }

    fn file(&mut self, name: &str, bytes: &[u8]) {
        self.files.retain(|(known, _)| known != name);
        self.files.push((name.to_owned(), bytes.to_vec()));
    }

    /// An entry of the pack: a header, what it is a delta upon, and the stream.
    fn entry(&mut self, kind: u8, base: &[u8], stream: &[u8], object: &[u8]) {
        self.entries.push((self.pack.len(), object.to_vec()));
        let (mut size, low) = (stream.len() >> 4, (stream.len() & 15) as u8);
        self.pack.push(kind << 4 | low | if size > 0 { 0x80 } else { 0 });
        while size > 0 {
            let group = (size & 0x7f) as u8;
            size >>= 7;
            self.pack.push(group | if size > 0 { 0x80 } else { 0 });
        }
        self.pack.extend_from_slice(base);
        self.pack.extend(deflated(stream));
    }

    fn finish(mut self) -> Vec<(String, Vec<u8>)> {
        let count = self.entries.len() as u32;
        self.pack[8..12].copy_from_slice(&count.to_be_bytes());
        self.pack.extend([0; 20]);
        let mut index = vec![0xff, b't', b'O', b'c', 0, 0, 0, 2];
        (0..256_u32).for_each(|first| index.extend(count.min(first + 1).to_be_bytes()));
        (0..count).for_each(|n| index.extend([n as u8; 20]));
        index.resize(index.len() + 4 * count as usize, 0);
        self.entries.iter().for_each(|(start, _)| index.extend((*start as u32).to_be_bytes()));
        index.extend([0; 40]);
        for (pack, at, byte) in self.harm {
            let bytes = if pack { &mut self.pack } else { &mut index };
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        self.files.extend([(INDEX.to_owned(), index), (PACK.to_owned(), self.pack)]);
        self.files
    }
}

/// Content with tokens and ids in it.
fn expanded(content: &[u8]) -> Vec<u8> {
    let content = text(content);
    let (mut out, mut rest) = (Vec::new(), &content[..]);
    loop {
        match rest {
            [] => return out,
            [HEX_ID, which, after @ ..] => {
                out.extend(hex(*which).bytes());
                rest = after;
            }
            [ID, which, after @ ..] => {
                out.extend([*which; 20]);
                rest = after;
            }
            [byte, after @ ..] => {
                out.push(*byte);
                rest = after;
            }
        }
    }
}

fn hex(which: u8) -> String {
    format!("{which:02x}").repeat(20)
}

fn loose(which: u8) -> String {
    format!("objects/{which:02x}/{}", format!("{which:02x}").repeat(19))
}

/// A size in groups of seven bits, lowest first.
fn size(mut size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while size > 0x7f {
        bytes.push(size as u8 | 0x80);
        size >>= 7;
    }
    bytes.push(size as u8);
    bytes
}

/// A distance in groups of seven bits, highest first, each but the last one less than it is.
fn distance(mut distance: u64) -> Vec<u8> {
    let mut bytes = vec![(distance & 0x7f) as u8];
    while distance > 0x7f {
        distance = (distance >> 7) - 1;
        bytes.insert(0, (distance & 0x7f) as u8 | 0x80);
    }
    bytes
}

/// A zlib stream of the bytes as they are.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

/// A repository without an object, in memory where there is a folder for that.
fn repository() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    let folder = made.unwrap_or_else(|error| panic!("{error}"));
    let git = folder.path().join(".git");
    let write = |name: &str, text: &str| fs::write(git.join(name), text);
    fs::create_dir_all(git.join("objects/pack"))
        .and_then(|()| fs::create_dir_all(git.join("refs/heads")))
        .and_then(|()| write("HEAD", "ref: refs/heads/main\n"))
        .and_then(|()| write("config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"))
        .unwrap_or_else(|error| panic!("{error}"));
    folder
}

//! Packs that are damaged, or made to do harm: each object that can be read is scanned, and the ledger tells of each that cannot.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use stanch_scanner::Outcome;

use super::oracle::{agrees, rows, scanned_soon, token};
use super::packer::{Packer, copied, deflated, delta, grown, index, loose_as};
use super::repo::{Repo, packs};
use crate::sources::{gaps, git_command, line, write};

/// Scans with one thread and with several, which tell the same, and soon.
fn scanned(folder: &Path) -> Outcome {
    scanned_soon(folder, SEEDS)
}

const SEEDS: u64 = 40;

fn seeds(outcome: &Outcome) -> BTreeSet<u64> {
    rows(outcome, SEEDS).iter().map(|row| row.seed).collect()
}

/// The gaps without the paths, each once.
fn kinds(outcome: &Outcome) -> BTreeSet<&'static str> {
    gaps(outcome).into_iter().map(|(_, gap)| gap).collect()
}

struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// A repository in one pack, with deltas of files and folders, and one loose object with a credential of the last seed.
struct Packed {
    repo: Repo,
    pack: PathBuf,
    bytes: Vec<u8>,
    index: Vec<u8>,
    /// The blob of each seed that came last to its file.
    blobs: Vec<(u64, String)>,
}

impl Packed {
    fn new() -> Self {
        let repo = Repo::new();
        let mut blobs = Vec::new();
        for seed in 0..12 {
            let file = format!("folder{}/file{}.rs", seed % 2, seed % 4);
            let rows: Vec<String> = (0..40).map(|row| format!("row {row} of {}\n", seed % 4 * 1000 + row)).collect();
            repo.write(&file, [rows.concat(), line(seed), "end\n".repeat(seed as usize)].concat());
            repo.commit("next");
            blobs.push((seed, repo.git(&["rev-parse", &format!("HEAD:{file}")])));
        }
        repo.git(&["repack", "-a", "-d", "-q", "-f"]);
        repo.object("blob", line(SEEDS - 1));
        let pack = packs(&repo.path().join(".git"), "pack").remove(0);
        let (bytes, index) = (read(&pack), read(&pack.with_extension("idx")));
        Self { repo, pack, bytes, index, blobs }
    }

    fn put(&self, ending: &str, bytes: &[u8]) {
        let path = self.pack.with_extension(ending);
        let _there = fs::remove_file(&path);
        fs::write(path, bytes).expect("it can be written");
    }

    /// What git itself can still read.
    fn readable(&self) -> BTreeSet<u64> {
        let reads = |(_, id): &&(u64, String)| {
            let output = git_command(&self.repo.path()).args(["cat-file", "blob", id]).output().expect("git runs");
            output.status.success()
        };
        self.blobs.iter().filter(reads).map(|(seed, _)| *seed).collect()
    }
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("it can be read")
}

#[test]
fn bytes_of_the_pack_that_are_others() {
    let packed = Packed::new();
    let path = packed.repo.path();
    assert_eq!((seeds(&scanned(&path)).len(), packed.readable().len()), (13, 12));
    let mut random = Random(1);
    let mut lost = 0;
    for round in 0..160 {
        let mut bytes = packed.bytes.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        packed.put("pack", &bytes);
        let outcome = scanned(&path);
        let found = seeds(&outcome);
        assert!(found.contains(&(SEEDS - 1)), "what is loose is whole: {round}");
        if round % 4 == 0 {
            let readable = packed.readable();
            assert!(readable.is_subset(&found), "{round}: git reads {readable:?}, not {found:?}");
        }
        if found.len() < 13 {
            lost += 1;
            assert!(kinds(&outcome).contains("corrupt"), "{round}: {:?}", gaps(&outcome));
        }
        assert!(
            kinds(&outcome).iter().all(|gap| matches!(*gap, "corrupt" | "missing" | "too-large")),
            "{:?}",
            gaps(&outcome)
        );
    }
    assert!(lost > 20, "{lost}");
}

#[test]
fn packs_that_break_off() {
    let packed = Packed::new();
    let path = packed.repo.path();
    // Git reads no such pack at all, but says where in the whole one an object was that is no delta.
    let listed = packed.repo.git(&["verify-pack", "-v", packed.pack.to_str().expect("a path")]);
    let whole = |id: &str| {
        let line = listed.lines().find(|line| line.starts_with(id))?;
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |n: usize| fields[n].parse::<usize>().expect("a number");
        (fields.len() == 5).then(|| number(4) + number(3))
    };
    let ends: Vec<(u64, usize)> = packed.blobs.iter().filter_map(|(seed, id)| Some((*seed, whole(id)?))).collect();
    assert!(!ends.is_empty());
    let mut random = Random(2);
    for round in 0..60 {
        let cut = if round < 40 { round } else { random.below(packed.bytes.len()) };
        packed.put("pack", &packed.bytes[..cut]);
        let outcome = scanned(&path);
        let found = seeds(&outcome);
        assert!(found.contains(&(SEEDS - 1)) && kinds(&outcome).contains("corrupt"), "{cut}: {:?}", gaps(&outcome));
        let whole = ends.iter().filter(|(_, end)| end + 20 <= cut).map(|(seed, _)| *seed).collect::<BTreeSet<u64>>();
        assert!(whole.is_subset(&found), "{cut}: {whole:?}, not {found:?}");
    }
}

#[test]
fn indexes_that_are_damaged() {
    let packed = Packed::new();
    let path = packed.repo.path();
    let mut random = Random(3);
    for round in 0..160 {
        let mut bytes = packed.index.clone();
        if round % 4 == 0 {
            bytes.truncate(random.below(bytes.len()));
        }
        for _ in 0..=random.below(8) {
            if !bytes.is_empty() {
                let at = random.below(bytes.len());
                bytes[at] = random.below(256) as u8;
            }
        }
        packed.put("idx", &bytes);
        let outcome = scanned(&path);
        assert!(seeds(&outcome).contains(&(SEEDS - 1)), "what is loose is whole: {round}");
        if bytes.len() < packed.index.len() {
            let note = (packed.pack.with_extension("idx").to_string_lossy().into_owned(), "corrupt");
            assert!(gaps(&outcome).contains(&note), "{:?}", gaps(&outcome));
        }
    }
    fs::remove_file(packed.pack.with_extension("idx")).expect("it is there");
    let outcome = scanned(&path);
    let note = (packed.pack.to_string_lossy().into_owned(), "corrupt");
    assert!(gaps(&outcome).contains(&note) && kinds(&outcome).contains("missing"), "{:?}", gaps(&outcome));
    packed.put("idx", &packed.index);
    assert_eq!(seeds(&scanned(&path)).len(), 13);
    fs::remove_file(&packed.pack).expect("it is there");
    let outcome = scanned(&path);
    let note = (packed.pack.with_extension("idx").to_string_lossy().into_owned(), "corrupt");
    assert!(gaps(&outcome).contains(&note), "{:?}", gaps(&outcome));
}

/// A repository with nothing of its own, and a pack beside it.
fn with_pack(pack: &Packer) -> Repo {
    let repo = Repo::new();
    pack.write(&repo.path().join(".git"), "pack-made");
    repo
}

fn object(id: gix::ObjectId) -> String {
    format!("object/{id}")
}

#[test]
fn an_index_that_points_elsewhere() {
    for bad in [0, 3, 12, 14, 40, 90, 100_000, u64::from(u32::MAX), 1 << 40, u64::MAX] {
        let mut pack = Packer::default();
        for seed in 0..6 {
            pack.whole("blob", line(seed).as_bytes());
        }
        let id = Packer::made_up(0x33);
        pack.entries.push((id, bad));
        let repo = with_pack(&pack);
        let outcome = scanned(&repo.path());
        assert_eq!(seeds(&outcome), (0..6).collect(), "{bad}");
        if !matches!(bad, 12) {
            assert_eq!(gaps(&outcome), [(object(id), "corrupt")], "{bad}");
        }
        assert!(gaps(&outcome).len() <= 1);
    }
}

#[test]
fn sizes_that_are_lies() {
    for size in [0, 5, 700, 1 << 20, 1 << 33, 1 << 60, u64::MAX] {
        for kind in [1, 2, 3, 4, 6, 7] {
            let mut pack = Packer::default();
            pack.whole("blob", line(0).as_bytes());
            let id = Packer::made_up(0x33);
            let base = Packer::id("blob", line(0).as_bytes());
            let bytes = match kind {
                6 => vec![(line(0).len() + 13 + 12) as u8 - 12],
                7 => base.as_slice().to_vec(),
                _ => Vec::new(),
            };
            pack.raw(id, kind, size, &bytes, &deflated(b"not so many"));
            pack.whole("blob", line(1).as_bytes());
            let outcome = scanned(&with_pack(&pack).path());
            assert_eq!(seeds(&outcome), [0, 1].into(), "{kind} of {size}");
            let told = gaps(&outcome);
            assert!(told.len() == 1 && told[0].0 == object(id), "{kind} of {size}: {told:?}");
            assert!(matches!(told[0].1, "corrupt" | "too-large"), "{kind} of {size}: {told:?}");
        }
    }
}

#[test]
fn deltas_that_give_too_much() {
    // Copies of the same bytes: a small delta for a blob of a gigabyte.
    let mut pack = Packer::default();
    let text = [line(0), "x".repeat(60_000)].concat();
    let base = pack.whole("blob", text.as_bytes());
    let copies = 16_000;
    let instructions = copied(0, text.len() as u32).repeat(copies);
    let bomb = Packer::made_up(0x33);
    pack.delta_at(base, bomb, &delta(text.len() as u64, (text.len() * copies) as u64, &instructions));
    let claim = Packer::made_up(0x34);
    pack.delta_at(base, claim, &delta(text.len() as u64, 1 << 45, &copied(0, 5)));
    // Each doubles the one before it.
    let (mut last, mut size) = (base, text.len() as u64);
    let mut doubled = Vec::new();
    for n in 0..24 {
        let twice = copied(0, size as u32 & 0xff_ffff).repeat(2);
        let half = size & 0xff_ffff;
        let id = Packer::made_up(0x40 + n);
        last = pack.delta_at(last, id, &delta(size, half * 2, &twice));
        size = half * 2;
        doubled.push(id);
    }
    let small = [text.as_str(), &line(1)].concat();
    pack.delta_at(base, Packer::id("blob", small.as_bytes()), &grown(&text, &small));
    let repo = with_pack(&pack);
    let outcome = scanned(&repo.path());
    assert_eq!(seeds(&outcome), [0, 1].into());
    let told = gaps(&outcome);
    assert!(told.contains(&(object(bomb), "too-large")), "{told:?}");
    assert!(told.contains(&(object(claim), "too-large")), "{told:?}");
    assert!(told.iter().all(|(_, gap)| *gap == "too-large"), "{told:?}");
    assert!(told.contains(&(object(doubled[20]), "too-large")) && !told.contains(&(object(doubled[5]), "too-large")));
}

#[test]
fn deltas_upon_themselves_and_upon_nothing() {
    let mut pack = Packer::default();
    let some = delta(30, 30, &copied(0, 30));
    let [a, b, c, own, lost, heir] = [1, 2, 3, 4, 5, 6].map(Packer::made_up);
    pack.delta_upon(b, a, &some);
    pack.delta_upon(c, b, &some);
    pack.delta_upon(a, c, &some);
    pack.delta_upon(own, own, &some);
    let at = pack.delta_upon(Packer::made_up(0x77), lost, &some);
    pack.delta_at(at, heir, &some);
    pack.whole("blob", line(0).as_bytes());
    let repo = with_pack(&pack);
    let outcome = scanned(&repo.path());
    assert_eq!(seeds(&outcome), [0].into());
    let expected: Vec<(String, &str)> = [a, b, c, own, lost, heir].map(|id| (object(id), "corrupt")).to_vec();
    assert_eq!(gaps(&outcome), expected);
}

fn numbered(n: u32) -> gix::ObjectId {
    let mut id = [0x11; 20];
    id[..4].copy_from_slice(&n.to_be_bytes());
    gix::ObjectId::try_from(id.as_slice()).expect("an id")
}

#[test]
fn a_large_circle_and_a_long_chain() {
    const COUNT: u32 = 20_000;
    let mut pack = Packer::default();
    for n in 0..COUNT {
        pack.delta_upon(numbered((n + 1) % COUNT), numbered(n), &delta(30, 30, &copied(0, 30)));
    }
    pack.whole("blob", line(0).as_bytes());
    let repo = with_pack(&pack);
    // The same once more: where one pack fails, the other one is looked into.
    pack.write(&repo.path().join(".git"), "pack-more");
    let outcome = scanned(&repo.path());
    assert_eq!((seeds(&outcome), gaps(&outcome).len()), ([0].into(), COUNT as usize));

    let mut pack = Packer::default();
    let mut last = pack.whole("blob", b"nothing in it\n");
    for n in 0..COUNT {
        last = pack.delta_at(last, numbered(n), &delta(14, 14, &copied(0, 14)));
    }
    let end = ["nothing in it\n", &line(1)].concat();
    pack.delta_at(last, Packer::id("blob", end.as_bytes()), &grown("nothing in it\n", &end));
    let outcome = scanned(&with_pack(&pack).path());
    assert_eq!((seeds(&outcome), gaps(&outcome)), ([1].into(), vec![]));
}

#[test]
fn damaged_in_one_place_and_whole_in_another() {
    let text = ["// a base\n".repeat(20), line(0)].concat();
    let heir = [text.as_str(), &line(1)].concat();
    let id = Packer::id("blob", text.as_bytes());
    let mut torn = deflated(text.as_bytes());
    let last = torn.len() - 1;
    torn[last] ^= 1;
    let damages: [(&str, u8, Vec<u8>); 3] = [
        ("its checksum", 3, torn),
        ("its kind", 5, deflated(text.as_bytes())),
        ("its length", 3, deflated(&text.as_bytes()[1..])),
    ];
    for (what, kind, stream) in damages {
        for whole_in in ["pack-a", "pack-z", "loose"] {
            let repo = Repo::new();
            let git_dir = repo.path().join(".git");
            let mut pack = Packer::default();
            let at = pack.raw(id, kind, text.len() as u64, &[], &stream);
            pack.delta_at(at, Packer::id("blob", heir.as_bytes()), &grown(&text, &heir));
            pack.write(&git_dir, "pack-m");
            let outcome = scanned(&repo.path());
            assert_eq!((seeds(&outcome), gaps(&outcome).len()), (BTreeSet::new(), 2), "{what}");
            if whole_in == "loose" {
                loose_as(&git_dir, id, "blob", text.as_bytes());
            } else {
                let mut pack = Packer::default();
                pack.whole("blob", text.as_bytes());
                pack.write(&git_dir, whole_in);
            }
            let outcome = scanned(&repo.path());
            assert_eq!((seeds(&outcome), gaps(&outcome)), ([0, 1].into(), vec![]), "{what}, whole in {whole_in}");
            assert_eq!(outcome.coverage.objects, 5);
        }
    }
    // A loose object that is damaged, and whole in a pack.
    let repo = with_pack(&{
        let mut pack = Packer::default();
        pack.whole("blob", text.as_bytes());
        pack
    });
    super::packer::loose_file(&repo.path().join(".git"), id, b"nothing");
    assert_eq!((seeds(&scanned(&repo.path())), gaps(&scanned(&repo.path()))), ([0].into(), vec![]));
}

#[test]
fn other_files_among_the_packs() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("a");
    repo.git(&["repack", "-a", "-d", "-q"]);
    let folder = repo.path().join(".git/objects/pack");
    for name in ["tmp_pack_x", "pack-y.keep", "pack-y.rev", "readme.txt"] {
        write(&folder.join(name), token(1));
    }
    assert_eq!(agrees(&repo.path(), 2).len(), 1);
    for (name, bytes) in
        [("e", Vec::new()), ("f", vec![0xff; 2000]), ("g", index(&[])), ("h", index(&[(Packer::made_up(1), 5)]))]
    {
        write(&folder.join(format!("pack-{name}.idx")), bytes);
        write(&folder.join(format!("pack-{name}.pack")), "PACK");
    }
    let outcome = scanned(&repo.path());
    let expected: Vec<(String, &str)> = ["e", "f", "g", "h"]
        .map(|name| (folder.join(format!("pack-{name}.idx")).to_string_lossy().into_owned(), "corrupt"))
        .to_vec();
    assert_eq!((seeds(&outcome), gaps(&outcome)), ([0].into(), expected));
}

/// The reverse index of a pack: the positions of its entries in the index, in order of offset.
fn reversed(index: &[u8]) -> Vec<u8> {
    let word = |at: usize| {
        u32::from_be_bytes(index.get(at..at + 4).and_then(|word| word.try_into().ok()).expect("it is there"))
    };
    let count = word(8 + 255 * 4);
    let mut positions: Vec<u32> = (0..count).collect();
    positions.sort_by_key(|position| word(8 + 256 * 4 + count as usize * 24 + *position as usize * 4));
    let words = positions.iter().flat_map(|position| position.to_be_bytes());
    b"RIDX\0\0\0\x01\0\0\0\x01".iter().copied().chain(words).chain([0; 40]).collect()
}

#[test]
fn reverse_indexes_are_not_believed() {
    let packed = Packed::new();
    packed.put("rev", b"nothing of the sort");
    let plain = scanned(&packed.repo.path());
    let told = |outcome: &Outcome| (rows(outcome, SEEDS), gaps(outcome));
    assert!(!rows(&plain, SEEDS).is_empty());
    let right = reversed(&packed.index);
    let mut lies = vec![right.clone()];
    for (at, byte) in [(0, b'X'), (7, 2), (15, right[19]), (12, 0xff), (15, 0xff)] {
        let mut lie = right.clone();
        lie[at] = byte;
        lies.push(lie);
    }
    lies.push([&right[..12], &right[16..20], &right[12..16], &right[20..]].concat());
    lies.push([&right[..12], &right[12..].iter().rev().copied().collect::<Vec<_>>()[..]].concat());
    lies.push(right[..right.len() - 1].to_vec());
    lies.push([&right[..], b"more"].concat());
    for (n, lie) in lies.iter().enumerate() {
        packed.put("rev", lie);
        assert_eq!(told(&scanned(&packed.repo.path())), told(&plain), "{n}");
    }
}

//! Packs, indexes and loose objects written by hand, as git itself would never write them.

use std::fs;
use std::path::Path;

use gix::ObjectId;

use crate::sources::write;

/// A pack in the making. The ids of its entries are what the index says; nobody looks whether they fit.
#[derive(Default)]
pub(crate) struct Packer {
    bytes: Vec<u8>,
    /// Each entry's id, and where it starts.
    pub(crate) entries: Vec<(ObjectId, u64)>,
}

const HEADER: usize = 12;

impl Packer {
    pub(crate) fn id(kind: &str, content: &[u8]) -> ObjectId {
        let kind = match kind {
            "blob" => gix::objs::Kind::Blob,
            "tree" => gix::objs::Kind::Tree,
            "commit" => gix::objs::Kind::Commit,
            _ => gix::objs::Kind::Tag,
        };
        gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, content).expect("it can be hashed")
    }

    pub(crate) fn of_hex(hex: &str) -> ObjectId {
        ObjectId::from_hex(hex.as_bytes()).expect("an id")
    }

    /// The id that has one number in all bytes.
    pub(crate) fn made_up(byte: u8) -> ObjectId {
        ObjectId::try_from([byte; 20].as_slice()).expect("an id")
    }

    fn start(&mut self, id: ObjectId) -> u64 {
        let at = (HEADER + self.bytes.len()) as u64;
        self.entries.push((id, at));
        at
    }

    /// Adds an object and gives where it starts.
    pub(crate) fn whole(&mut self, kind: &str, content: &[u8]) -> u64 {
        self.whole_as(Self::id(kind, content), kind, content)
    }

    pub(crate) fn whole_as(&mut self, id: ObjectId, kind: &str, content: &[u8]) -> u64 {
        let number = match kind {
            "commit" => 1,
            "tree" => 2,
            "blob" => 3,
            _ => 4,
        };
        self.raw(id, number, content.len() as u64, &[], &deflated(content))
    }

    /// Adds a delta upon an object.
    pub(crate) fn delta_upon(&mut self, base: ObjectId, id: ObjectId, delta: &[u8]) -> u64 {
        self.raw(id, 7, delta.len() as u64, base.as_slice(), &deflated(delta))
    }

    /// Adds a delta upon the entry at an offset.
    pub(crate) fn delta_at(&mut self, base: u64, id: ObjectId, delta: &[u8]) -> u64 {
        let mut distance = (HEADER + self.bytes.len()) as u64 - base;
        let mut coded = vec![(distance & 0x7f) as u8];
        while distance >= 0x80 {
            distance = (distance >> 7) - 1;
            coded.insert(0, (distance & 0x7f) as u8 | 0x80);
        }
        self.raw(id, 6, delta.len() as u64, &coded, &deflated(delta))
    }

    /// Adds an entry of a kind that claims a size.
    pub(crate) fn raw(&mut self, id: ObjectId, kind: u8, size: u64, base: &[u8], stream: &[u8]) -> u64 {
        let at = self.start(id);
        let (mut byte, mut rest) = (kind << 4 | (size & 0x0f) as u8, size >> 4);
        while rest > 0 {
            self.bytes.push(byte | 0x80);
            byte = (rest & 0x7f) as u8;
            rest >>= 7;
        }
        self.bytes.push(byte);
        self.bytes.extend_from_slice(base);
        self.bytes.extend_from_slice(stream);
        at
    }

    /// Writes the pack and its index below a git folder.
    pub(crate) fn write(&self, git_dir: &Path, name: &str) {
        let folder = git_dir.join("objects/pack");
        let mut pack = [&b"PACK\0\0\0\x02"[..], &(self.entries.len() as u32).to_be_bytes(), &self.bytes].concat();
        pack.extend([0x5a; 20]);
        write(&folder.join(format!("{name}.pack")), pack);
        write(&folder.join(format!("{name}.idx")), index(&self.entries));
    }
}

/// An index of the second version.
pub(crate) fn index(entries: &[(ObjectId, u64)]) -> Vec<u8> {
    let mut sorted = entries.to_vec();
    sorted.sort();
    let mut out = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=u8::MAX {
        let up_to = sorted.iter().filter(|(id, _)| id.first_byte() <= first).count() as u32;
        out.extend(up_to.to_be_bytes());
    }
    for (id, _) in &sorted {
        out.extend_from_slice(id.as_slice());
    }
    out.extend(vec![0; 4 * sorted.len()]);
    let mut large = Vec::new();
    for (_, offset) in &sorted {
        match u32::try_from(*offset) {
            Ok(offset) if offset < 1 << 31 => out.extend(offset.to_be_bytes()),
            _ => {
                out.extend((1_u32 << 31 | large.len() as u32).to_be_bytes());
                large.push(*offset);
            }
        }
    }
    for offset in large {
        out.extend(u64::to_be_bytes(offset));
    }
    // The checksum of the pack, which is the one that packs are written with here, and the index's own.
    out.extend([0x5a; 20]);
    out.extend([0; 20]);
    out
}

/// A delta's two sizes and its instructions.
pub(crate) fn delta(base: u64, result: u64, instructions: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for mut size in [base, result] {
        while size >= 0x80 {
            out.push((size & 0x7f) as u8 | 0x80);
            size >>= 7;
        }
        out.push(size as u8);
    }
    out.extend_from_slice(instructions);
    out
}

/// Copies from a base.
pub(crate) fn copied(from: u32, length: u32) -> Vec<u8> {
    // All four bytes of the place and all three of the length follow.
    [&[0xff], &from.to_le_bytes()[..], &length.to_le_bytes()[..3]].concat()
}

/// The delta that makes one text of another: what they have in common at both ends is copied.
pub(crate) fn grown(base: &str, text: &str) -> Vec<u8> {
    let (old, new) = (base.as_bytes(), text.as_bytes());
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let mut instructions = Vec::new();
    if head > 0 {
        instructions.extend(copied(0, head as u32));
    }
    for part in new[head..new.len() - tail].chunks(127) {
        instructions.push(part.len() as u8);
        instructions.extend_from_slice(part);
    }
    if tail > 0 {
        instructions.extend(copied((old.len() - tail) as u32, tail as u32));
    }
    delta(old.len() as u64, new.len() as u64, &instructions)
}

/// A zlib stream of stored blocks.
pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        out.push(u8::from(blocks.peek().is_none()));
        out.extend((block.len() as u16).to_le_bytes());
        out.extend((!(block.len() as u16)).to_le_bytes());
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

/// Writes the file of a loose object, whatever is in it, and gives the id.
pub(crate) fn loose_file(git_dir: &Path, id: ObjectId, bytes: &[u8]) -> String {
    let hex = id.to_string();
    let path = git_dir.join("objects").join(&hex[..2]).join(&hex[2..]);
    // Git's own are read-only.
    let _there = fs::remove_file(&path);
    write(&path, bytes);
    hex
}

/// Writes a loose object under an id.
pub(crate) fn loose_as(git_dir: &Path, id: ObjectId, kind: &str, content: &[u8]) -> String {
    loose_file(git_dir, id, &deflated(&[format!("{kind} {}\0", content.len()).as_bytes(), content].concat()))
}

/// An entry of a tree.
pub(crate) fn entry(mode: &str, name: &str, id: ObjectId) -> Vec<u8> {
    [mode.as_bytes(), b" ", name.as_bytes(), b"\0", id.as_slice()].concat()
}

/// A commit's content.
pub(crate) fn commit(tree: ObjectId, parents: &[ObjectId], message: &str) -> Vec<u8> {
    let parents: Vec<String> = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
    let parents = parents.concat();
    let who = "A <a@x.org> 1767225600 +0000";
    format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n\n{message}\n").into_bytes()
}

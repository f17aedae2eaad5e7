//! Loose objects: one file each, a zlib stream of a header and the content
//! (<https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_object_storage>).

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use gix::ObjectId;

use crate::scan::Gap;
use crate::source::file::{self, Closed, Links, closed};
use crate::source::git::entry::Kind;
use crate::source::git::inflate::InflateReader;

/// A header is no longer than this: the longest kind, a size of 20 digits, a space and a zero.
const MOST_HEADER: usize = 32;

/// The ids of all loose objects below an object folder, in no order. Folders that cannot be listed are told.
pub(crate) fn list(objects: &Path, hash: gix::hash::Kind, gaps: &mut Vec<(PathBuf, Closed)>) -> Vec<ObjectId> {
    let mut ids = Vec::new();
    for start in names(objects, gaps) {
        // Beside the folders of objects there are those of packs and of notes about them.
        if start.len() == 2 && start.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            let ends = names(&objects.join(&start), gaps).into_iter();
            // Files that git is about to write have other names.
            let found = ends.filter_map(|end| ObjectId::from_hex(format!("{start}{end}").as_bytes()).ok());
            ids.extend(found.filter(|id| id.kind() == hash));
        }
    }
    ids
}

/// The names in a folder, which need not exist.
fn names(folder: &Path, gaps: &mut Vec<(PathBuf, Closed)>) -> Vec<String> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            gaps.push((folder.to_path_buf(), closed(&error)));
            return Vec::new();
        }
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| match entry {
        Ok(entry) => Some(entry.file_name().to_string_lossy().into_owned()),
        Err(error) => {
            gaps.push((folder.to_path_buf(), closed(&error)));
            None
        }
    };
    entries.filter_map(name).collect()
}

/// The file of a loose object.
pub(crate) fn path(objects: &Path, id: &ObjectId) -> PathBuf {
    let hex = id.to_string();
    let (folder, name) = hex.split_at_checked(2).unwrap_or_default();
    objects.join(folder).join(name)
}

/// A loose object that is open, at the start of its content.
pub(crate) struct Loose {
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    content: InflateReader<BufReader<File>>,
}

impl Loose {
    pub(crate) fn open(path: &Path) -> Result<Self, Closed> {
        let file = file::open(path, Links::Follow)?.file;
        // The length is known when the header is read; until then the stream's own end is what counts.
        let mut content = InflateReader::new(BufReader::new(file), None);
        let header = header(&mut content).ok_or((Gap::Corrupt, "no header of an object".to_owned()))?;
        let (kind, size) = parse_header(&header).ok_or((Gap::Corrupt, "no header of an object".to_owned()))?;
        Ok(Self { kind, size, content })
    }

    /// Reads the content at the start of `out`, which grows as it comes. The caller has looked at the size.
    pub(crate) fn read(mut self, out: &mut Vec<u8>) -> Result<(), Closed> {
        out.clear();
        let read = self.reader().read_to_end(out).map_err(|error| (Gap::Corrupt, error.to_string()))?;
        self.finish(read as u64)
    }

    /// A reader of the content, for what is too large to be held. It ends after the size that the header says.
    pub(crate) fn reader(&mut self) -> impl Read + '_ {
        self.content.by_ref().take(self.size)
    }

    /// The same for who keeps it.
    pub(crate) fn into_reader(self) -> impl Read {
        self.content.take(self.size)
    }

    /// Whether so many bytes are all of it.
    pub(crate) fn finish(mut self, read: u64) -> Result<(), Closed> {
        let more = self.content.read(&mut [0]).map_or(1, |more| more);
        if read == self.size && more == 0 {
            return Ok(());
        }
        Err((Gap::Corrupt, "the object has another length than its header says".to_owned()))
    }
}

/// The bytes up to the zero.
fn header(content: &mut impl Read) -> Option<Vec<u8>> {
    let mut header = Vec::new();
    for _ in 0..MOST_HEADER {
        let mut byte = [0];
        content.read_exact(&mut byte).ok()?;
        match byte {
            [0] => return Some(header),
            [byte] => header.push(byte),
        }
    }
    None
}

fn parse_header(header: &[u8]) -> Option<(Kind, u64)> {
    let space = memchr::memchr(b' ', header)?;
    let (kind, size) = header.split_at_checked(space)?;
    let digits = size.get(1..)?;
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let size = plain.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()?;
    Some((Kind::of_word(kind)?, size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::git::inflate::tests::deflated;

    fn read(bytes: &[u8]) -> Result<(Kind, Vec<u8>), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().join("object");
        std::fs::write(&path, bytes).map_err(|error| error.to_string())?;
        let loose = Loose::open(&path).map_err(|(_, detail)| detail)?;
        let (kind, mut out) = (loose.kind, Vec::new());
        loose.read(&mut out).map_err(|(_, detail)| detail)?;
        Ok((kind, out))
    }

    #[test]
    fn objects() {
        assert_eq!(read(&deflated(b"blob 5\0hello")), Ok((Kind::Blob, b"hello".to_vec())));
        assert_eq!(read(&deflated(b"tag 0\0")), Ok((Kind::Tag, Vec::new())));
    }

    #[test]
    fn hostile_objects() {
        for bytes in [
            &b"blob 6\0hello"[..],
            b"blob 4\0hello",
            b"blob 99999999999999999999999999\0hello",
            b"blob -1\0hello",
            b"blob +5\0hello",
            b"blob  5\0hello",
            b"blob 5",
            b"blub 5\0hello",
            b"",
        ] {
            assert!(read(&deflated(bytes)).is_err(), "{bytes:?}");
        }
        let mut cut = deflated(b"blob 5\0hello");
        cut.truncate(16);
        assert!(read(&cut).is_err(), "it breaks off");
        assert!(read(b"blob 5\0hello").is_err(), "it is not deflated");
    }
}

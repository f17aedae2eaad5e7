//! What an answer depends on, in a few bytes: if these are the same, so is the answer.
//!
//! Of packs and loose objects it is the names, sizes and times that count, and of packs the checksums at their ends. What points to objects
//! (refs, what is checked out, where the history is cut) was just read and counts as a whole.

use std::fmt::Write as _;
use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use stanch_model::Secret;

use crate::scan::Control;
use crate::source::git::alternates;
use crate::source::git::history::Target;
use crate::source::git::state::bytes::{Out, Stored};
use crate::source::git::state::stamps::Stamp;

/// Changes when what is kept, or what it means, becomes another. Who keeps it looks at the program's version beside.
const FORMAT: u32 = 1;

/// What findings are made with: the rules and the key.
pub(super) fn engine(control: &Control<'_>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&FORMAT.to_le_bytes());
    hasher.update(control.key.fingerprint(&Secret::new(b"which key is it?".to_vec())).as_bytes());
    let rules: &[stanch_rules::Rule] = control.engine.rules();
    // All of a rule counts, and its order.
    let _never_fails = write!(Sponge(&mut hasher), "{rules:?}");
    *hasher.finalize().as_bytes()
}

struct Sponge<'a>(&'a mut blake3::Hasher);

impl std::fmt::Write for Sponge<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

/// All that the outcome of a scan depends on beside the engine; none if something cannot be read, so that there is no knowing.
pub(super) fn of(target: &Target<'_>, engine: &[u8; 32]) -> Option<[u8; 32]> {
    let mut out = Out::default();
    engine.write(&mut out);
    options(target, &mut out);
    repository(target, &mut out);
    let mut gaps = Vec::new();
    let folders = alternates::resolve(&target.repository.objects, &mut gaps);
    if !gaps.is_empty() {
        return None;
    }
    let end = target.repository.hash.len_in_bytes();
    for folder in folders {
        out.bytes(folder.as_os_str().as_encoded_bytes());
        packs(&folder.join("pack"), end, &mut out)?;
        loose(&folder, &mut out)?;
    }
    Some(*blake3::hash(&out.0).as_bytes())
}

fn options(target: &Target<'_>, out: &mut Out) {
    let options = target.options;
    out.bytes(target.root.as_bytes());
    out.bytes(target.branch.as_ref().map_or(&[], |branch| branch.as_bytes()));
    options.exclude.write(out);
    options.every.write(out);
    options.memory.write(out);
}

fn repository(target: &Target<'_>, out: &mut Out) {
    let repository = target.repository;
    let mut text = String::new();
    let _never_fails = write!(text, "{:?} {:?} {:?}", repository.hash, repository.head, repository.forge);
    let _never_fails = write!(text, " {:?} {:?} ", repository.partial, repository.notes);
    let mut shallow: Vec<_> = repository.shallow.iter().collect();
    shallow.sort_unstable();
    let _never_fails = write!(text, "{shallow:?}");
    out.bytes(text.as_bytes());
    for tip in &repository.tips {
        out.bytes(tip.name.as_bytes());
        out.bytes(tip.target.as_bytes());
    }
}

/// The files in a folder of packs.
fn packs(folder: &Path, end: usize, out: &mut Out) -> Option<()> {
    for (path, metadata) in listed(folder)? {
        named(&path, &metadata, out)?;
        let ending = path.extension().unwrap_or_default();
        if ending == "pack" || ending == "idx" {
            let mut file = File::open(&path).ok()?;
            file.seek(SeekFrom::End(-i64::try_from(end).ok()?)).ok()?;
            let mut checksum = vec![0; end];
            file.read_exact(&mut checksum).ok()?;
            out.bytes(&checksum);
        }
    }
    Some(())
}

/// The files in the folders of loose objects.
fn loose(objects: &Path, out: &mut Out) -> Option<()> {
    for (folder, metadata) in listed(objects)? {
        let name = folder.file_name().unwrap_or_default();
        if metadata.is_dir() && name.len() == 2 {
            out.bytes(name.as_encoded_bytes());
            listed(&folder)?.iter().try_for_each(|(path, metadata)| named(path, metadata, out))?;
        }
    }
    Some(())
}

/// What is in a folder, in order of name. There may be no such folder; if it cannot be listed there is no answer.
fn listed(folder: &Path) -> Option<Vec<(PathBuf, Metadata)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(Vec::new()),
        Err(_) => return None,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.ok()?.path();
        // What a link points to is what counts.
        let metadata = std::fs::metadata(&path).ok()?;
        found.push((path, metadata));
    }
    found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Some(found)
}

fn named(path: &Path, metadata: &Metadata, out: &mut Out) -> Option<()> {
    out.bytes(path.file_name()?.as_encoded_bytes());
    Stamp::of(metadata)?.write(out);
    Some(())
}

/// When a file was changed last, in nanoseconds.
pub(super) fn changed(metadata: &Metadata) -> Option<i64> {
    let time = metadata.modified().ok()?;
    let since = |time: std::time::Duration| i64::try_from(time.as_nanos()).ok();
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => since(after),
        Err(before) => since(before.duration()).map(i64::wrapping_neg),
    }
}

//! Any bytes as git's index: what is staged is read, or an error says that it cannot be. Nothing is written.

#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use libfuzzer_sys::fuzz_target;
use stanch_model::FingerprintKey;
use stanch_rules::RuleSet;
use stanch_scanner::{Control, Engine, StagedOptions, scan_staged, staged_paths};
use tempfile::TempDir;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(RuleSet::builtin().filtered(|rule| rule.provider == "github")));
static KEY: LazyLock<FingerprintKey> = LazyLock::new(|| FingerprintKey::from_bytes([7; 32]));
static STOP: AtomicBool = AtomicBool::new(false);
static REPOSITORY: LazyLock<TempDir> = LazyLock::new(repository);

fuzz_target!(|data: &[u8]| {
    let [version, entries, rest @ ..] = data else { return };
    let index = index(*version, *entries, rest);
    let folder = REPOSITORY.path();
    fs::write(folder.join(".git/index"), &index).unwrap_or_else(|error| panic!("{error}"));
    let control = Control { engine: &ENGINE, key: &KEY, stop: &STOP, events: &(), jobs: 1 };
    let scanned = scan_staged(&control, folder, &StagedOptions::default());
    match &scanned {
        Ok(outcome) => assert!(outcome.findings.is_empty(), "there are no blobs"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // Both read the same index, so both can or neither.
    assert_eq!(staged_paths(&control, folder).is_ok(), scanned.is_ok());
    assert_eq!(fs::read(folder.join(".git/index")).unwrap_or_default(), index);
});

/// An index of some version and number of entries. A checksum of zeros is git's own way to leave it out.
fn index(version: u8, entries: u8, rest: &[u8]) -> Vec<u8> {
    let (count, body) = if version & 0x80 == 0 { (entries % 16, rest.to_vec()) } else { made(entries % 4, rest) };
    [b"DIRC", &[0, 0, 0, 2 + version % 3][..], &[0, 0, 0, count], &body, &[0; 20]].concat()
}

/// Up to so many entries as git lays them out, so that few bytes make an index that can be read, and what is left for its extensions.
fn made(most: u8, data: &[u8]) -> (u8, Vec<u8>) {
    let (mut count, mut body, mut rest) = (0, Vec::new(), data);
    while count < most
        && let [mode, id, flags, length, after @ ..] = rest
    {
        let (path, after) = after.split_at(after.len().min(usize::from(*length % 32)));
        rest = after;
        count += 1;
        let begun = body.len();
        // Times, device and inode matter to nobody here, nor do owner and size behind the mode.
        body.extend_from_slice(&[0; 24]);
        body.extend_from_slice(&[0, 0, [0x81, 0xa0, 0xe0, 0x40][usize::from(*mode % 4)], 0xa4]);
        body.extend_from_slice(&[0; 12]);
        body.extend_from_slice(&[*id; 20]);
        body.extend_from_slice(&[*flags, path.len() as u8]);
        body.extend_from_slice(path);
        // One to eight zeros end an entry at a multiple of eight.
        let length = body.len() - begun;
        body.resize(begun + (length / 8 + 1) * 8, 0);
    }
    body.extend_from_slice(rest);
    (count, body)
}

/// A repository without a commit, in memory where there is a folder for that.
fn repository() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    let folder = made.unwrap_or_else(|error| panic!("{error}"));
    let git = folder.path().join(".git");
    let write = |name: &str, text: &str| fs::write(git.join(name), text);
    fs::create_dir_all(git.join("objects"))
        .and_then(|()| fs::create_dir_all(git.join("refs/heads")))
        .and_then(|()| write("HEAD", "ref: refs/heads/main\n"))
        .and_then(|()| write("config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"))
        .unwrap_or_else(|error| panic!("{error}"));
    folder
}

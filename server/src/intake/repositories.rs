//! Bare repositories of ours, into which pushes are fetched. They are a cache: whoever removes one loses nothing but time.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant, SystemTime};

use stanch_pipeline::git::{Git, GitError, GitErrorKind, Limits};

/// No git of ours works for so long, by default.
const OLD: Duration = Duration::from_mins(15);

/// A folder of bare repositories.
#[derive(Debug)]
pub(crate) struct Repositories {
    folder: PathBuf,
    /// The most bytes that all of them may have.
    bytes: u64,
    locks: Mutex<HashMap<PathBuf, Arc<Mutex<()>>>>,
}

impl Repositories {
    pub(crate) fn new(folder: PathBuf, bytes: u64) -> Self {
        Self { folder, bytes, locks: Mutex::default() }
    }

    /// Does something with the folder of an address, while nobody else of this process does.
    ///
    /// # Errors
    /// If the turn does not come in time, or somebody wants an end before.
    pub(crate) fn with<T>(
        &self,
        address: &str,
        turn: Duration,
        stop: &AtomicBool,
        work: impl FnOnce(&Path) -> T,
    ) -> Result<T, GitError> {
        // An address holds characters that no file may have.
        let name = blake3::hash(address.as_bytes()).to_hex();
        let folder = self.folder.join(format!("{}.git", name.get(..32).unwrap_or_default()));
        let lock = Arc::clone(locked(&self.locks).entry(folder.clone()).or_default());
        let _turn = wait(&lock, turn, stop)?;
        Ok(work(&folder))
    }

    /// Removes what was not used for longest until the rest fits.
    pub(crate) fn tidy(&self) {
        let mut all = self.all();
        let mut bytes: u64 = all.iter().map(|one| one.bytes).sum();
        all.sort_by_key(|one| one.used);
        for one in all {
            if bytes <= self.bytes {
                break;
            }
            let lock = Arc::clone(locked(&self.locks).entry(one.folder.clone()).or_default());
            let Ok(_turn) = lock.try_lock() else { continue };
            if fs::remove_dir_all(&one.folder).is_ok() {
                bytes = bytes.saturating_sub(one.bytes);
            }
        }
    }

    fn all(&self) -> Vec<Kept> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let kept = |entry: fs::DirEntry| {
            let folder = entry.path();
            let used = fs::metadata(folder.join("config")).and_then(|meta| meta.modified());
            Kept { bytes: size(&folder), used: used.unwrap_or(SystemTime::UNIX_EPOCH), folder }
        };
        entries.filter(|entry| entry.path().is_dir()).map(kept).collect()
    }
}

/// A repository that is kept.
struct Kept {
    folder: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// Waits for a lock.
fn wait<'a>(lock: &'a Mutex<()>, turn: Duration, stop: &AtomicBool) -> Result<MutexGuard<'a, ()>, GitError> {
    const TICK: Duration = Duration::from_millis(20);
    let begun = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(guard) => return Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {}
        }
        if stop.load(Ordering::Relaxed) {
            return Err(GitError::new(GitErrorKind::Stopped, "it was ended, as the program ends"));
        }
        if begun.elapsed() >= turn {
            return Err(GitError::new(GitErrorKind::Late, "others work with the repository"));
        }
        std::thread::sleep(TICK);
    }
}

/// Makes a repository, or finishes one whose making was interrupted. `format` is that of its objects, as git names it. Its configuration is written each time, which also says when it was used.
///
/// # Errors
/// If it cannot be made.
pub(super) fn make(folder: &Path, address: &str, format: &str, limits: &Limits) -> Result<(), GitError> {
    let failed = |what: &str| GitError::new(GitErrorKind::NoRepository, format!("no repository can be made: {what}"));
    private(folder).map_err(|error| failed(&error.to_string()))?;
    sweep(folder, OLD);
    let git = Git::at(folder).within(limits.clone());
    for arguments in [
        &["init", "--quiet", "--bare", "--template=", &format!("--object-format={format}"), "."][..],
        &["config", "remote.origin.url", address],
        // What a push brought is kept for the next one to be held against, whatever git thinks of it.
        &["config", "gc.auto", "0"],
    ] {
        let done = git.run(arguments)?;
        if !done.status.success() {
            return Err(failed(String::from_utf8_lossy(&done.stderr).trim()));
        }
    }
    Ok(())
}

/// Removes what a git left that was ended at once, if it is so old: locks that nobody holds any more, and packs that were not finished.
pub(super) fn sweep(folder: &Path, age: Duration) {
    let leftover = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let old = entry
            .metadata()
            .and_then(|meta| meta.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|since| since >= age));
        old && (name.ends_with(".lock") || name.starts_with("tmp_"))
    };
    for place in ["", "refs/stanch", "objects/pack"] {
        for entry in fs::read_dir(folder.join(place)).into_iter().flatten().flatten().filter(leftover) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A folder that nobody else can look into.
fn private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => ahead.push(entry.path()),
                Ok(meta) => bytes += meta.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

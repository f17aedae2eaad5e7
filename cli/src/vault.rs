//! The folder of `--state`: what scans leave for the next one, sealed.
//!
//! A file holds names of files, subjects and people's names out of repositories, and whoever writes one could say that there is nothing to be
//! found. So each is sealed with XChaCha20-Poly1305 (<https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha-03>) under a key that only
//! this installation has: nobody else can read it, and what somebody else wrote, or changed, or wrote for another name, is refused.
//!
//! ```text
//! "stanchS1"   8 bytes, the format
//! program      16 bytes: by which build of stanch it was written
//! length       8 bytes, of the content, little endian
//! nonce        24 bytes
//! content      sealed; what stands before it, and its name, are sealed with it
//! tag          16 bytes
//! ```

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use stanch_model::FingerprintKey;
use zeroize::Zeroizing;

use crate::exit::CliError;

const MAGIC: &[u8; 8] = b"stanchS1";
const PROGRAM: usize = 16;
const NONCE: usize = 24;
const TAG: usize = 16;
const HEADER: usize = MAGIC.len() + PROGRAM + size_of::<u64>() + NONCE;

/// How long one who writes waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);
/// The file that only one at a time may hold.
const LOCK: &str = "lock";
/// How the names of files start that are being written.
const WRITING: &str = ".writing-";

/// A folder of sealed files.
pub(crate) struct Vault {
    dir: PathBuf,
    sealing: Zeroizing<[u8; 32]>,
    naming: Zeroizing<[u8; 32]>,
    program: [u8; PROGRAM],
    /// What went wrong, for people.
    troubles: Mutex<Vec<String>>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Vault {
    /// The vault in a folder, which is made if it is not there.
    pub(crate) fn open(dir: &Path, key: &FingerprintKey) -> Result<Self, CliError> {
        make(dir).map_err(|error| {
            CliError::new(format!("the state cannot be kept in `{}`: {error}", dir.display()))
                .hint("--state names a folder that you can write to; it is made if it is not there")
        })?;
        let naming = key.derive("stanch 2026-11-21 names of the files of a state");
        let mut short = [0; PROGRAM];
        short.copy_from_slice(&blake3::hash(program().as_bytes()).as_bytes()[..PROGRAM]);
        Ok(Self {
            dir: dir.to_owned(),
            sealing: key.derive("stanch 2026-11-21 sealing of the files of a state"),
            naming,
            program: short,
            troubles: Mutex::default(),
        })
    }

    /// What went wrong since this was asked last, each once. None of it makes a scan say less.
    pub(crate) fn troubles(&self) -> Vec<String> {
        std::mem::take(&mut *self.troubles.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn trouble(&self, text: String) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        if !troubles.contains(&text) {
            troubles.push(text);
        }
    }

    /// The file of a name, which tells nothing of it.
    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{}.state", &blake3::keyed_hash(&self.naming, name.as_bytes()).to_hex()[..40]))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.sealing))
    }

    fn header(&self, length: usize) -> Vec<u8> {
        let length = (length as u64).to_le_bytes();
        [MAGIC.as_slice(), &self.program, &length].concat()
    }

    /// The content of a file, sealed. The same content has the same nonce, and no other has it: it is a keyed hash of the content.
    fn seal(&self, name: &str, content: Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut content = content;
        let mut head = self.header(content.len());
        let mut hasher = blake3::Hasher::new_keyed(&self.naming);
        hasher.update(&head).update(name.as_bytes()).update(&content);
        let mut nonce = [0; NONCE];
        hasher.finalize_xof().fill(&mut nonce);
        let beside = [&head, name.as_bytes()].concat();
        let sealed = self.cipher().encrypt_inout_detached(&XNonce::from(nonce), &beside, content.as_mut_slice().into());
        content.extend_from_slice(&sealed.ok()?);
        head.extend_from_slice(&nonce);
        Some((head, content))
    }

    /// The content that was sealed.
    fn unseal(&self, name: &str, file: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let mut file = file;
        if file.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
            return Err(Refusal::Damaged);
        }
        let program = file.get(MAGIC.len()..MAGIC.len() + PROGRAM).ok_or(Refusal::Damaged)?;
        if program != self.program {
            return Err(Refusal::OtherProgram);
        }
        let length = file.len().checked_sub(HEADER + TAG).ok_or(Refusal::Damaged)?;
        let head = self.header(length);
        let (start, content) = file.split_at_mut_checked(HEADER).ok_or(Refusal::Damaged)?;
        let (content, tag) = content.split_at_mut_checked(length).ok_or(Refusal::Damaged)?;
        let nonce: [u8; NONCE] =
            start.strip_prefix(head.as_slice()).and_then(|nonce| nonce.try_into().ok()).ok_or(Refusal::Damaged)?;
        let tag: [u8; TAG] = (&*tag).try_into().map_err(|_| Refusal::Damaged)?;
        let beside = [&head, name.as_bytes()].concat();
        let opened =
            self.cipher().decrypt_inout_detached(&XNonce::from(nonce), &beside, content.into(), &Tag::from(tag));
        opened.map_err(|_| Refusal::Damaged)?;
        file.truncate(HEADER + length);
        file.drain(..HEADER);
        Ok(file)
    }

    fn write(&self, name: &str, content: Vec<u8>) -> io::Result<()> {
        let lock = self.lock()?;
        self.remove_unfinished();
        let (head, sealed) = self.seal(name, content).ok_or_else(|| io::Error::other("it is too large"))?;
        let mut file = tempfile::Builder::new().prefix(WRITING).tempfile_in(&self.dir)?;
        file.write_all(&head)?;
        file.write_all(&sealed)?;
        file.as_file().sync_all()?;
        file.persist(self.file(name)).map_err(|error| error.error)?;
        // A name that is not on disk yet is only a file that is not there yet.
        #[cfg(unix)]
        File::open(&self.dir)?.sync_all()?;
        drop(lock);
        Ok(())
    }

    /// Waits until nobody else writes.
    fn lock(&self) -> io::Result<File> {
        let file = private().create(true).truncate(false).write(true).open(self.dir.join(LOCK))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Removes what one left behind who was ended while writing. The lock is held, so nobody writes.
    fn remove_unfinished(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(WRITING) {
                let _gone = fs::remove_file(entry.path());
            }
        }
    }
}

/// Why a file is not believed.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// It is no such file, was changed, or made by somebody else.
    Damaged,
    /// Another build of stanch wrote it.
    OtherProgram,
}

impl stanch_scanner::Vault for Vault {
    fn load(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.file(name);
        let mut file = Vec::new();
        let read = File::open(&path).and_then(|mut opened| {
            file.reserve_exact(usize::try_from(opened.metadata()?.len()).unwrap_or_default());
            opened.read_to_end(&mut file)
        });
        if let Err(error) = read {
            if error.kind() != io::ErrorKind::NotFound {
                self.trouble(format!("the state cannot be read, and is made anew: {error}"));
            }
            return None;
        }
        match self.unseal(name, file) {
            Ok(content) => {
                tracing::info!(bytes = content.len(), "something is remembered");
                Some(content)
            }
            Err(Refusal::OtherProgram) => {
                tracing::info!("the state is of another build of stanch; everything is scanned");
                None
            }
            Err(Refusal::Damaged) => {
                self.trouble("the state is damaged or not ours, and is made anew".to_owned());
                None
            }
        }
    }

    fn save(&self, name: &str, bytes: Vec<u8>) {
        if let Err(error) = self.write(name, bytes) {
            self.trouble(format!("the state cannot be kept, so the next scan will take as long: {error}"));
        }
    }
}

/// Whether a folder, which may not be there yet, is below another one, or among git's own data.
pub(crate) fn is_within(dir: &Path, target: &Path) -> bool {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let there = dir.ancestors().find_map(|above| above.canonicalize().ok().map(|real| (real, above)));
    let Some((real, above)) = there else { return false };
    let rest = dir.strip_prefix(above).unwrap_or(Path::new(""));
    // What is not there is no link, so `..` is what it says.
    let dir = rest.components().fold(real, |mut dir, part| {
        match part {
            Component::ParentDir => drop(dir.pop()),
            part => dir.push(part),
        }
        dir
    });
    let is_git =
        |folder: &Path| folder.ends_with(".git") || folder.join("HEAD").is_file() && folder.join("objects").is_dir();
    dir.ancestors().any(is_git) || target.canonicalize().is_ok_and(|target| dir.starts_with(target))
}

/// Makes the folder, for its owner only.
fn make(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Options of files that only their owner can read.
fn private() -> fs::OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Which build of stanch this is. Two builds may find other things without another version, so the program's file counts, too.
fn program() -> String {
    let file = std::env::current_exe().and_then(fs::metadata);
    let built = file.ok().map(|file| {
        let time = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        (file.len(), time)
    });
    format!("{} {built:?}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use stanch_scanner::Vault as _;

    use super::*;

    fn vault(dir: &Path, key: u8) -> Vault {
        Vault::open(dir, &FingerprintKey::from_bytes([key; 32])).unwrap_or_else(|error| panic!("{error}"))
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The only sealed file in a folder.
    fn only(dir: &Path) -> PathBuf {
        let files = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "state")).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    #[test]
    fn what_is_kept_is_given_back() {
        let folder = folder();
        let one = vault(folder.path(), 1);
        assert_eq!(one.load("a"), None);
        one.save("a", b"something".to_vec());
        one.save("b", Vec::new());
        assert_eq!((one.load("a"), one.load("b")), (Some(b"something".to_vec()), Some(Vec::new())));
        one.save("a", b"another".to_vec());
        assert_eq!(vault(folder.path(), 1).load("a"), Some(b"another".to_vec()));
        assert_eq!(vault(folder.path(), 2).load("a"), None, "another installation has other names");
    }

    #[test]
    fn nothing_of_it_is_in_clear_and_nobody_else_can_read_it() {
        let folder = folder();
        let dir = folder.path().join("made/for it");
        vault(&dir, 1).save("of a repository", b"a subject that nobody should read".repeat(9));
        let path = only(&dir);
        let file = fs::read(&path).unwrap_or_default();
        assert!(file.starts_with(MAGIC));
        assert!(!file.windows(7).any(|part| part == b"subject"));
        assert!(!path.to_string_lossy().contains("repository"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).map(|meta| meta.permissions().mode() & 0o777).ok();
            assert_eq!((mode(&dir), mode(&path), mode(&dir.join(LOCK))), (Some(0o700), Some(0o600), Some(0o600)));
        }
    }

    #[test]
    fn what_was_changed_is_refused() {
        let folder = folder();
        let vault = vault(folder.path(), 1);
        vault.save("a", b"some content of some length".to_vec());
        let path = only(folder.path());
        let good = fs::read(&path).unwrap_or_default();
        let loads = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap_or_else(|error| panic!("{error}"));
            vault.load("a")
        };
        assert!(loads(&good).is_some());
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert_eq!(loads(&bad), None, "bit {bit} of byte {at}");
            }
            assert_eq!(loads(&good[..at]), None, "cut to {at}");
        }
        assert_eq!(loads(&[&good[..], b"x"].concat()), None, "longer");
    }

    #[test]
    fn a_file_of_another_name_or_key_is_refused() {
        let folder = folder();
        let (one, two) = (vault(folder.path(), 1), vault(folder.path(), 2));
        one.save("a", b"content".to_vec());
        fs::copy(one.file("a"), one.file("b")).unwrap_or_default();
        fs::copy(one.file("a"), two.file("a")).unwrap_or_default();
        assert_eq!((one.load("a").is_some(), one.load("b"), two.load("a")), (true, None, None));
        let other = Vault { program: [7; PROGRAM], ..vault(folder.path(), 1) };
        assert_eq!(other.load("a"), None, "of another program");
        let refused = other.unseal("a", fs::read(one.file("a")).unwrap_or_default());
        assert_eq!(refused, Err(Refusal::OtherProgram));
    }

    #[test]
    fn what_an_ended_writer_left_goes() {
        let folder = folder();
        let left = folder.path().join(format!("{WRITING}x"));
        fs::write(&left, "half").unwrap_or_default();
        vault(folder.path(), 1).save("a", b"content".to_vec());
        assert!(!left.exists());
    }

    #[test]
    fn many_writers_at_once_leave_one_of_theirs() {
        let folder = folder();
        let vault = vault(folder.path(), 1);
        let content = |n: u8| vec![n; 100_000];
        std::thread::scope(|scope| {
            for n in 0..8 {
                let vault = &vault;
                scope.spawn(move || {
                    for _ in 0..5 {
                        vault.save("a", content(n));
                        let read = vault.load("a").unwrap_or_default();
                        assert!(read.first().is_some_and(|first| read == content(*first)));
                    }
                });
            }
        });
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let folder = folder();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap_or_default();
        let error = Vault::open(&file.join("below"), &FingerprintKey::from_bytes([1; 32])).err();
        assert!(error.is_some_and(|error| error.to_string().contains("state cannot be kept")));
    }
}

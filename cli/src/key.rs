//! The installation's key, under which the fingerprints of this machine are made.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use stanch_model::FingerprintKey;

use crate::env;
use crate::exit::CliError;

const FILE: &str = "fingerprint.key";

/// The installation's key.
pub(crate) struct Installation {
    pub(crate) key: FingerprintKey,
    /// Why it is one for this run alone, if it is: then fingerprints of this run are not known again.
    pub(crate) lost: Option<String>,
}

/// The installation's key: read, or made at the first run. Where no state can be kept, a key for this run alone.
pub(crate) fn installation() -> Result<Installation, CliError> {
    let Some(dir) = env::state_dir() else { return Ok(lost("the environment names no home".to_owned())) };
    match read(&dir).or_else(|error| if error.kind() == io::ErrorKind::NotFound { make(&dir) } else { Err(error) }) {
        Ok(bytes) => Ok(Installation { key: FingerprintKey::from_bytes(bytes), lost: None }),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(CliError::new(format!("the fingerprint key `{}` is damaged", dir.join(FILE).display()))
                .hint("put it back from a copy; without it, delete it: then ignore files and baselines of this machine name nothing any more"))
        }
        Err(error) => Ok(lost(format!("`{}`: {error}", dir.join(FILE).display()))),
    }
}

fn lost(why: String) -> Installation {
    Installation { key: FingerprintKey::from_bytes(random()), lost: Some(why) }
}

/// Thirty-two bytes from the system's random source.
pub(crate) fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    #[expect(
        clippy::expect_used,
        reason = "without randomness no fingerprint is safe, and no system that runs us lacks it"
    )]
    getrandom::fill(&mut bytes).expect("the system has a random source");
    bytes
}

fn read(dir: &Path) -> io::Result<[u8; 32]> {
    let bytes = fs::read(dir.join(FILE))?;
    bytes.try_into().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the fingerprint key is damaged"))
}

/// Makes the key. Of two first runs at once one wins, and both use its key.
fn make(dir: &Path) -> io::Result<[u8; 32]> {
    fs::create_dir_all(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    let bytes = random();
    file.write_all(&bytes)?;
    match file.persist_noclobber(dir.join(FILE)) {
        Ok(_) => Ok(bytes),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => read(dir),
        Err(error) => Err(error.error),
    }
}

/// Writes a file of ours: readable by its owner only, and whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A device or pipe (`-o /dev/stdout`) is written to, not replaced.
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

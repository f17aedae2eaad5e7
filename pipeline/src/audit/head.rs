//! The end of the log, signed with ed25519.

use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use super::chain::Hash;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("the file of the key: {0}")]
    File(#[from] io::Error),
    /// Its content is no key.
    #[error("the key does not hold {0}")]
    Malformed(&'static str),
    /// The system has no random numbers.
    #[error("no random numbers")]
    NoChance,
}

/// What a file of a key that signs begins with.
const SIGNING: &str = "stanch-signing-1:";

/// Signs heads.
pub struct SigningKey(Ed25519KeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public().id()).finish()
    }
}

impl SigningKey {
    /// The key of a seed (RFC 8032's private key).
    ///
    /// # Errors
    /// Never for 32 bytes; the library says otherwise.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice());
        pair.map(Self).map_err(|_| KeyError::Malformed("a seed of 32 bytes"))
    }

    /// A new key, which is kept nowhere.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn fresh() -> Result<Self, KeyError> {
        Self::from_seed(&chance()?)
    }

    /// The key of a file, which is made if it is not there; nobody else can read it.
    ///
    /// # Errors
    /// If the file cannot be read or made, or holds something else.
    pub fn load_or_make(path: &Path) -> Result<Self, KeyError> {
        Self::from_seed(&key_file(path, SIGNING)?)
    }

    /// The key of a text, as such a file holds it.
    ///
    /// # Errors
    /// If it holds something else. The text is not shown.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Self::from_seed(&key_text(text, SIGNING)?)
    }

    /// Who can check what it signs.
    pub fn public(&self) -> VerifyingKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        VerifyingKey(bytes)
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.0.sign(message).as_ref());
        bytes
    }
}

/// Checks what a [`SigningKey`] signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// The key in its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A short name for people.
    pub fn id(&self) -> String {
        blake3::hash(&self.0).to_hex().chars().take(16).collect()
    }

    fn holds(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&BASE64.encode(self.0))
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(KeyError::Malformed("a public key of 32 bytes in base64url"))
    }
}

/// The end of the log as it was after a transaction, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The last line's place.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// Its time, in milliseconds since 1970.
    pub at: i64,
    /// Who signed.
    pub key: VerifyingKey,
    /// The signature.
    pub signature: [u8; 64],
}

impl Head {
    /// Signs the end of the log.
    pub fn sign(signing: &SigningKey, seq: u64, hash: Hash, at: Timestamp) -> Self {
        let at = at.as_millisecond();
        let key = signing.public();
        Self { seq, hash, at, key, signature: signing.sign(&message(seq, &hash, at, &key)) }
    }

    /// Whether the key that it names signed it. Whether that key is to be trusted is another question.
    pub fn holds(&self) -> bool {
        self.key.holds(&message(self.seq, &self.hash, self.at, &self.key), &self.signature)
    }
}

fn message(seq: u64, hash: &Hash, at: i64, key: &VerifyingKey) -> Vec<u8> {
    [b"stanch head 1\n".as_slice(), &seq.to_le_bytes(), hash, &at.to_le_bytes(), key.as_bytes()].concat()
}

/// 32 bytes of chance.
pub(crate) fn chance() -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| KeyError::NoChance)?;
    Ok(bytes)
}

/// The 32 bytes of a file, after a word that says what they are for. It is made if it is not there, whole or not at all.
pub(crate) fn key_file(path: &Path, word: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    match read(path, word) {
        Err(KeyError::File(error)) if error.kind() == io::ErrorKind::NotFound => {}
        outcome => return outcome,
    }
    match make(path, word) {
        // Somebody else made it in the meantime: theirs counts.
        Err(KeyError::File(error)) if error.kind() == io::ErrorKind::AlreadyExists => read(path, word),
        Err(error) => Err(error),
        Ok(()) => read(path, word),
    }
}

fn read(path: &Path, word: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    const LONGEST: u64 = 256;
    let mut text = Zeroizing::new(String::new());
    fs::File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    key_text(&text, word)
}

/// The 32 bytes of a text, after a word that says what they are for.
pub(crate) fn key_text(text: &str, word: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let rest = text.strip_prefix(word).ok_or(KeyError::Malformed("the word that says what the key is for"))?;
    let mut key = Zeroizing::new([0; 32]);
    match BASE64.decode_slice(rest.trim_end(), key.as_mut_slice()) {
        Ok(32) => Ok(key),
        _ => Err(KeyError::Malformed("32 bytes in base64url")),
    }
}

fn make(path: &Path, word: &str) -> Result<(), KeyError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let key = chance()?;
    let text = Zeroizing::new(format!("{word}{}\n", BASE64.encode(key.as_slice())));
    // The library makes files that only their owner can read.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

//! Opening and reading files that may be anything and change under our hands.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use crate::scan::Gap;

/// A regular file that is open.
pub(crate) struct Opened {
    pub(crate) file: File,
    /// Its length when it was opened, in bytes.
    pub(crate) length: u64,
}

/// Why a file is not read: the gap, with the system's words.
pub(crate) type Closed = (Gap, String);

/// Whether a symbolic link is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    Follow,
    Refuse,
}

/// Opens a file if it is a regular one. It never waits, even if the file turns into a pipe in between.
pub(crate) fn open(path: &Path, links: Links) -> Result<Opened, Closed> {
    let file = options(links).open(path).map_err(|error| closed(&error))?;
    let metadata = file.metadata().map_err(|error| closed(&error))?;
    if !metadata.is_file() {
        return Err((Gap::Special, String::new()));
    }
    Ok(Opened { file, length: metadata.len() })
}

#[cfg(unix)]
fn options(links: Links) -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    // A pipe without a writer would block at opening; a terminal must not become ours.
    let refuse = if links == Links::Refuse { libc::O_NOFOLLOW } else { 0 };
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | refuse);
    options
}

#[cfg(not(unix))]
fn options(_links: Links) -> OpenOptions {
    let mut options = File::options();
    options.read(true);
    options
}

/// What an error of opening or reading means for the ledger.
pub(crate) fn closed(error: &io::Error) -> Closed {
    let gap = match error.kind() {
        io::ErrorKind::NotFound => Gap::Vanished,
        _ if is_link(error) => Gap::Symlink,
        _ if is_special(error) => Gap::Special,
        _ => Gap::Unreadable,
    };
    (gap, error.to_string())
}

#[cfg(unix)]
fn is_link(error: &io::Error) -> bool {
    // EMLINK is what some BSDs say of a link that is not to be followed.
    matches!(error.raw_os_error(), Some(libc::ELOOP | libc::EMLINK))
}

#[cfg(not(unix))]
fn is_link(_error: &io::Error) -> bool {
    false
}

#[cfg(unix)]
fn is_special(error: &io::Error) -> bool {
    // Sockets and devices without a driver cannot be opened at all.
    matches!(error.raw_os_error(), Some(libc::ENXIO | libc::ENODEV))
}

#[cfg(not(unix))]
fn is_special(_error: &io::Error) -> bool {
    false
}

/// Reads a file from an offset until the buffer is full or the file ends; gives how much was read.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match positioned(file, rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(unix)]
fn positioned(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn positioned(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// Whether a file that ended early has become shorter since it was opened. Some systems' own files say a length that they never had.
pub(crate) fn shrank(opened: &Opened) -> bool {
    opened.file.metadata().is_ok_and(|metadata| metadata.len() != opened.length)
}

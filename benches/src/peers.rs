//! The programs that stanch is compared with: which of them are there, and in which version.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::BenchError;

/// A program that is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A scanner for secrets: <https://github.com/mongodb/kingfisher>.
    Kingfisher,
    /// A scanner for secrets: <https://github.com/sirwart/ripsecrets>.
    Ripsecrets,
    /// Searches for one literal: what reading a tree costs at least.
    Ripgrep,
    /// Decodes all objects of a repository.
    Git,
    /// Our own developers' command that decodes all objects with libdeflate and does nothing else.
    DecodeLimit,
    /// Does nothing: what starting a process costs.
    True,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Kingfisher, Self::Ripsecrets, Self::Ripgrep, Self::Git, Self::DecodeLimit, Self::True];

    /// The program's name.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Kingfisher => "kingfisher",
            Self::Ripsecrets => "ripsecrets",
            Self::Ripgrep => "rg",
            Self::Git => "git",
            Self::DecodeLimit => "decode_limit",
            Self::True => "true",
        }
    }

    /// Whether it scans for secrets; the others are limits.
    pub const fn scans(self) -> bool {
        matches!(self, Self::Kingfisher | Self::Ripsecrets)
    }
}

/// Where the peers stand.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    /// Those that were named: program name and path.
    pub named: Vec<(String, PathBuf)>,
    /// Folders to look in before those of the path.
    pub beside: Vec<PathBuf>,
}

/// A program that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Where.
    pub path: PathBuf,
    /// What it says of its version.
    pub version: String,
}

impl Peers {
    /// Looks for a peer; `None` if it is not installed.
    ///
    /// # Errors
    /// If it is a script: the start of its interpreter would be counted as its own.
    pub fn find(&self, peer: Peer) -> Result<Option<Installed>, BenchError> {
        let Some(path) = self.path(peer.program()) else { return Ok(None) };
        if is_script(&path) {
            let program = peer.program();
            let hint = format!("is a script; name the program that it starts: --peer {program}=PATH");
            return Err(BenchError::new(format!("{} {hint}", path.display())));
        }
        let version = if matches!(peer, Peer::DecodeLimit | Peer::True) { String::new() } else { version(&path) };
        Ok(Some(Installed { path, version }))
    }

    fn path(&self, program: &str) -> Option<PathBuf> {
        if let Some((_, path)) = self.named.iter().find(|(name, _)| name == program) {
            return Some(path.clone());
        }
        let beside = self.beside.iter().map(|folder| folder.join(program)).find(|path| path.is_file());
        beside.or_else(|| on_path(program))
    }
}

/// Where a shell would find a program.
fn on_path(program: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "PATH is the system's table of programs, no setting of ours")]
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
}

/// The first line of what `--version` prints.
pub(crate) fn version(path: &Path) -> String {
    let output = Command::new(path).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_and_what_is_not() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let at = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{error}"));
            path
        };
        let script = at("kingfisher", b"#!/usr/bin/env python3\n");
        let limit = at("decode_limit", b"\x7fELF");
        let peers = Peers { named: vec![("kingfisher".to_owned(), script)], beside: vec![folder.path().to_owned()] };
        let error = peers.find(Peer::Kingfisher).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("--peer kingfisher=PATH"), "{error}");
        let found = peers.find(Peer::DecodeLimit).ok().flatten();
        assert_eq!(found, Some(Installed { path: limit, version: String::new() }));
        assert!(peers.find(Peer::Git).ok().flatten().is_some_and(|git| git.version.starts_with("git version ")));
        assert_eq!(peers.path("a-program-that-nobody-has"), None);
    }
}

//! The object folders that a repository borrows from others
//! (<https://git-scm.com/docs/gitrepository-layout#Documentation/gitrepository-layout.txt-objectsinfoalternates>).
//!
//! gix finds them, too, but takes none at all if one is damaged or they name each other in a circle, which git bears with.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::scan::Gap;
use crate::source::file::{Closed, Links, closed, open};

/// A list of alternates is no longer; git has no limit.
const MOST_LISTED: u64 = 1 << 20;

/// The object folder and all that it borrows from, each once, itself first. What cannot be read is told, and left out.
pub(crate) fn resolve(objects: &Path, gaps: &mut Vec<(PathBuf, Closed)>) -> Vec<PathBuf> {
    let mut folders = vec![objects.to_path_buf()];
    let mut known: HashSet<PathBuf> = objects.canonicalize().into_iter().collect();
    let mut at = 0;
    while let Some(folder) = folders.get(at).cloned() {
        at += 1;
        for borrowed in listed(&folder, gaps) {
            match borrowed.canonicalize() {
                Ok(path) if !path.is_dir() => gaps.push((borrowed, (Gap::Unreadable, "it is no folder".to_owned()))),
                Ok(path) => {
                    if known.insert(path) {
                        folders.push(borrowed);
                    }
                }
                Err(error) => gaps.push((borrowed, (Gap::Unreadable, error.to_string()))),
            }
        }
    }
    folders
}

/// The folders that one names. Relative paths count from itself.
fn listed(folder: &Path, gaps: &mut Vec<(PathBuf, Closed)>) -> Vec<PathBuf> {
    let list = folder.join("info/alternates");
    let mut bytes = Vec::new();
    let read = open(&list, Links::Follow)
        .and_then(|opened| opened.file.take(MOST_LISTED).read_to_end(&mut bytes).map_err(|error| closed(&error)));
    match read {
        Ok(_) => {}
        Err((Gap::Vanished, _)) => return Vec::new(),
        Err(gap) => {
            gaps.push((list, gap));
            return Vec::new();
        }
    }
    let mut folders = Vec::new();
    // Line by line, since one that is damaged must not cost the others.
    for line in bytes.split(|byte| *byte == b'\n') {
        match gix::odb::alternate::parse(line) {
            Ok(paths) => folders.extend(paths.into_iter().map(|path| folder.join(path))),
            Err(error) => gaps.push((list.clone(), (Gap::Unreadable, error.to_string()))),
        }
    }
    folders
}

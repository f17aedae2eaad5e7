//! Blobs of a repository at their paths, scanned by several threads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::bstr::{BString, ByteSlice};
use gix::objs::Kind;
use gix::{ObjectId, Repository, ThreadSafeRepository};
use stanch_model::{Finding, GitPlace, Source};

use crate::engine::Scratch;
use crate::scan::{Control, Document, Note, Outcome, findings, sort_findings};
use crate::source::changes::Place;
use crate::source::file::Closed;
use crate::source::repository::{for_thread, read};

/// So many blobs are worth a thread.
const BLOBS_A_THREAD: usize = 16;

/// Scans blobs of one repository.
#[derive(Clone, Copy)]
pub(crate) struct Blobs<'a> {
    pub(crate) control: &'a Control<'a>,
    pub(crate) shared: &'a ThreadSafeRepository,
    /// How findings call the repository.
    pub(crate) root: &'a str,
    pub(crate) source: Source,
    /// What is known of blobs already, where the same ones come again and again.
    pub(crate) seen: Option<&'a Seen>,
}

/// What the blobs are scanned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// What they hold is reported; they count as scanned.
    Report,
    /// What they hold is only compared with.
    Compare,
}

impl Blobs<'_> {
    /// Scans blobs with up to `control.jobs` threads. Findings are in order of path and place.
    pub(crate) fn scan(&self, local: &Repository, places: &[Place], purpose: Purpose) -> Outcome {
        let work = Work { blobs: *self, purpose, places, next: AtomicUsize::new(0), done: Mutex::default() };
        let helpers = self.control.jobs.min(places.len() / BLOBS_A_THREAD).saturating_sub(1);
        if helpers == 0 {
            work.run(local);
        } else {
            let work = &work;
            std::thread::scope(|scope| {
                for _ in 0..helpers {
                    scope.spawn(|| work.run(&for_thread(self.shared)));
                }
                work.run(local);
            });
        }
        let mut done = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Which thread found what is chance.
        sort_findings(&mut done.findings);
        done
    }
}

/// Blobs that several threads scan.
struct Work<'a> {
    blobs: Blobs<'a>,
    purpose: Purpose,
    places: &'a [Place],
    next: AtomicUsize,
    done: Mutex<Outcome>,
}

impl Work<'_> {
    fn run(&self, local: &Repository) {
        let mut scratch = Scratch::default();
        let mut own = Outcome::default();
        while let Some(place) = self.places.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.blobs.control.stopped() {
                break;
            }
            match self.scan(local, place, &mut scratch) {
                Ok(Some((findings, bytes))) => self.add(&mut own, place, findings, bytes),
                Ok(None) => {}
                Err(gap) => own.coverage.notes.push(note(&place.path, gap)),
            }
        }
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.absorb(own);
    }

    fn add(&self, own: &mut Outcome, place: &Place, findings: Vec<Finding>, bytes: u64) {
        own.findings.extend(findings);
        let again = || self.blobs.seen.is_some_and(|seen| seen.mark(place.blob, COUNTED));
        if self.purpose == Purpose::Report && !again() {
            own.coverage.files += 1;
            own.coverage.bytes += bytes;
            self.blobs.control.events.scanned(1, bytes);
        }
    }

    /// The findings in a blob, and its length; `None` if it is known to hold nothing and has been counted.
    fn scan(
        &self,
        local: &Repository,
        place: &Place,
        scratch: &mut Scratch,
    ) -> Result<Option<(Vec<Finding>, u64)>, Closed> {
        let Blobs { control, root, source, seen, .. } = self.blobs;
        let known = seen.map_or(0, |seen| seen.marks(&place.blob));
        if known & CLEAN != 0 && (self.purpose == Purpose::Compare || known & COUNTED != 0) {
            return Ok(None);
        }
        let bytes = read(local, &place.blob, Kind::Blob)?;
        let candidates = control.engine.scan(&bytes, scratch);
        if let Some(seen) = seen.filter(|_| candidates.is_empty()) {
            seen.mark(place.blob, CLEAN);
        }
        let git = GitPlace { blob: place.blob.to_string(), ..GitPlace::default() };
        let path = place.path.to_str_lossy();
        let document = Document { path: &path, source, root: Some(root), git: Some(git), ignored: false };
        Ok(Some((findings(control, &document, &bytes, candidates), bytes.len() as u64)))
    }
}

/// No rule has a candidate in it, whatever its path.
const CLEAN: u8 = 1;
/// It counts as scanned.
const COUNTED: u8 = 2;

/// What is known of blobs that were scanned, so that none without anything in it is scanned twice.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    marks: Mutex<HashMap<ObjectId, u8>>,
}

impl Seen {
    fn marks(&self, blob: &ObjectId) -> u8 {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.get(blob).copied().unwrap_or_default()
    }

    /// Adds a mark, and tells whether it was there.
    fn mark(&self, blob: ObjectId, mark: u8) -> bool {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let marks = marks.entry(blob).or_default();
        let before = *marks & mark != 0;
        *marks |= mark;
        before
    }
}

/// A note of the ledger on what stands at a path.
pub(crate) fn note(path: &BString, (gap, detail): Closed) -> Note {
    let path = path.to_str_lossy();
    Note { path: path.strip_suffix('/').unwrap_or(&path).to_owned(), gap, detail }
}

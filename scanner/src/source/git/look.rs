//! A second look at the objects that matter, now that it is known where they stand.

use gix::ObjectId;
use stanch_model::{Finding, GitPlace, Source};

use crate::engine::Scratch;
use crate::scan::{Control, Document, Gap, findings};
use crate::source::described::describe;
use crate::source::file::Closed;
use crate::source::git::contents::stream;
use crate::source::git::store::{Buffers, MOST_HEADER, Number, Store};

/// Looks at objects for one thread.
pub(super) struct Look<'a> {
    control: &'a Control<'a>,
    store: &'a Store,
    /// The repository's path, as findings name it.
    root: &'a str,
    buffers: Buffers,
    bytes: Vec<u8>,
    scratch: Scratch,
}

impl<'a> Look<'a> {
    pub(super) fn new(control: &'a Control<'a>, store: &'a Store, root: &'a str) -> Self {
        Self { control, store, root, buffers: Buffers::default(), bytes: Vec::new(), scratch: Scratch::default() }
    }

    /// The findings of a blob at a path.
    pub(super) fn scan_at(&mut self, blob: Number, path: &str) -> Result<Vec<Finding>, Closed> {
        /// What is larger is read as a stream.
        const MOST_HELD: u64 = 64 << 20;
        let id = self.store.id(blob);
        let git = Some(GitPlace { blob: id.to_string(), ..GitPlace::default() });
        match self.store.read(&id, MOST_HELD, &mut self.buffers, &mut self.bytes) {
            Ok(_) => {
                let document = Document { path, source: Source::Object, root: Some(self.root), git, ignored: false };
                let candidates = self.control.engine.scan(&self.bytes, &mut self.scratch);
                Ok(findings(self.control, &document, &self.bytes, candidates))
            }
            Err((Gap::TooLarge, _)) => {
                let mut content = self.store.stream(&id)?;
                Ok(stream(self.control, &mut content, path, self.root, git, &mut self.scratch).findings)
            }
            Err(gap) => Err(gap),
        }
    }

    /// Who made a commit, and when.
    pub(super) fn describe(&mut self, commit: &ObjectId) -> GitPlace {
        let read = self.store.read(commit, MOST_HEADER, &mut self.buffers, &mut self.bytes);
        describe(commit, if read.is_ok() { self.bytes.as_slice() } else { &[] })
    }
}

//! A visitor that notes which objects another one saw.

use std::io::Read;

use crate::source::file::Closed;
use crate::source::git::contents::Contents;
use crate::source::git::entry::Kind;
use crate::source::git::sieve::Sieve;
use crate::source::git::store::Number;
use crate::source::git::walk::{Base, Object, Visit};

/// An object that was looked at wholly: its number, whether it is a tree, and its size.
pub(crate) type Seen = (Number, bool, u64);

/// What a visitor has to say beside of what it saw.
pub(crate) trait Remarks {
    /// How many remarks there are by now. An object that adds to them is not remembered, and looked at anew each time.
    fn remarks(&self) -> usize;
}

/// What names an object that is not here, what could not be understood, and messages that hold a credential.
impl Remarks for Contents<'_> {
    fn remarks(&self) -> usize {
        self.found.missing.len() + self.found.failed.len() + self.found.messages.len()
    }
}

/// What trees name that is not here is remembered.
impl Remarks for Sieve<'_> {
    fn remarks(&self) -> usize {
        self.sieved.failed.len()
    }
}

/// Notes what the inner visitor sees.
pub(crate) struct Recorder<V> {
    pub(crate) inner: V,
    pub(crate) seen: Vec<Seen>,
    /// Whether somebody wants to know.
    wanted: bool,
}

impl<V> Recorder<V> {
    pub(crate) fn new(inner: V, wanted: bool) -> Self {
        Self { inner, seen: Vec::new(), wanted }
    }

    fn note(&mut self, number: Number, kind: Kind, size: u64) {
        if self.wanted {
            self.seen.push((number, kind == Kind::Tree, size));
        }
    }
}

impl<V: Visit + Remarks> Visit for Recorder<V> {
    type Carried = V::Carried;
    const SHORTEST_COPY: usize = V::SHORTEST_COPY;

    fn weight(carried: &Self::Carried) -> usize {
        V::weight(carried)
    }

    fn object(&mut self, object: Object<'_>, base: Option<Base<'_, Self::Carried>>) -> Option<Self::Carried> {
        let before = self.inner.remarks();
        let carried = self.inner.object(object, base);
        if self.inner.remarks() == before {
            self.note(object.number, object.kind, object.bytes.len() as u64);
        }
        carried
    }

    fn recycle(&mut self, carried: Self::Carried) {
        self.inner.recycle(carried);
    }

    fn stream(&mut self, number: Number, size: u64, content: &mut dyn Read) -> Result<(), Closed> {
        self.inner.stream(number, size, content)?;
        self.note(number, Kind::Blob, size);
        Ok(())
    }

    fn failed(&mut self, number: Number, gap: Closed) {
        self.inner.failed(number, gap);
    }
}

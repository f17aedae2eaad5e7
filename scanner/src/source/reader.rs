//! Streams: standard input, and whatever else can only be read once.

use std::io::{self, Read};
use std::path::Path;

use stanch_model::{Finding, Source};

use crate::engine::Scratch;
use crate::scan::{Control, Coverage, Document, Gap, Note, Outcome};
use crate::source::SourceError;
use crate::source::join::Joiner;
use crate::source::part::{Margins, PartBytes, Sizes, scan_part};

/// How a stream is scanned.
#[derive(Debug, Clone)]
pub struct StdinOptions {
    /// How findings call it, such as `<stdin>`.
    pub name: String,
}

/// Scans a stream to its end, or until the scan is stopped. No more than one part of it is held at a time, and no copy is written.
///
/// # Errors
/// If nothing can be read from it. If it breaks off later, what came before is scanned and the rest noted.
pub fn scan_reader(
    control: &Control<'_>,
    reader: &mut dyn Read,
    options: &StdinOptions,
) -> Result<Outcome, SourceError> {
    let document = Document { path: &options.name, source: Source::Stdin, root: None, git: None, ignored: false };
    let streamed = scan_stream(control, reader, document, Sizes::of(control.engine), &mut Scratch::default());
    let mut notes = Vec::new();
    let mut note = |gap, detail| notes.push(Note { path: options.name.clone(), gap, detail });
    match streamed.error {
        Some(error) if streamed.bytes == 0 => return Err(SourceError::io(Path::new(&options.name), error)),
        Some(error) => note(Gap::Unreadable, error.to_string()),
        None => {}
    }
    if streamed.cut {
        note(Gap::TooLargeForDocumentRules, String::new());
    }
    control.events.scanned(1, 0);
    let coverage =
        Coverage { files: 1, bytes: streamed.bytes, notes, interrupted: streamed.interrupted, ..Coverage::default() };
    Ok(Outcome { findings: streamed.findings, coverage })
}

/// What came of a stream.
#[derive(Debug, Default)]
pub(crate) struct Streamed {
    pub(crate) findings: Vec<Finding>,
    /// The bytes scanned.
    pub(crate) bytes: u64,
    /// What ended it early.
    pub(crate) error: Option<io::Error>,
    /// Whether the scan was asked to end first.
    pub(crate) interrupted: bool,
    /// Whether rules that look at whole documents saw parts only.
    pub(crate) cut: bool,
}

/// Scans a stream with a window that slides over it. A stream that fits into one part is scanned whole.
pub(crate) fn scan_stream(
    control: &Control<'_>,
    reader: &mut dyn Read,
    document: Document<'_>,
    sizes: Sizes,
    scratch: &mut Scratch,
) -> Streamed {
    let engine = control.engine;
    // Rules that look at whole documents get as much of it as a document may have.
    let size = if engine.reach().document { sizes.part.max(sizes.whole as usize) } else { sizes.part };
    let mut window = Window { reader, bytes: Vec::new(), offset: 0, start: 0, ended: false };
    let margins = Margins::of(engine);
    let mut joiner = Joiner::new(*control, document);
    let mut streamed = Streamed::default();
    while !window.done() {
        if control.stopped() {
            streamed.interrupted = true;
            break;
        }
        // What was read before an error is scanned first; it then is the end of the stream.
        if let Err(error) = window.fill(size.saturating_add(margins.after)) {
            streamed.error = Some(error);
        }
        let part = window.part(size);
        streamed.bytes += part.range.len() as u64;
        streamed.cut |= engine.reach().document && part.range.end < part.bytes.len();
        control.events.scanned(0, part.range.len() as u64);
        joiner.add(scan_part(engine, &part, scratch));
        window.slide(size, margins.before);
    }
    streamed.findings = joiner.finish();
    streamed
}

/// The part of a stream that is held: what comes next, and a margin of what was before it.
struct Window<'a> {
    reader: &'a mut dyn Read,
    bytes: Vec<u8>,
    /// Where in the stream the bytes start.
    offset: usize,
    /// Where in the bytes the next part starts.
    start: usize,
    ended: bool,
}

impl Window<'_> {
    /// Whether all was read and made a part.
    fn done(&self) -> bool {
        self.ended && self.start >= self.bytes.len()
    }

    /// Reads until so many bytes after the start of the next part are there, or the stream ends. An error ends it.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let have = self.bytes.len() - self.start;
        if self.ended || have >= wanted {
            return Ok(());
        }
        let missing = wanted - have;
        let read = (&mut *self.reader).take(missing as u64).read_to_end(&mut self.bytes);
        self.ended = !matches!(read, Ok(read) if read == missing);
        read.map(|_| ())
    }

    fn part(&self, size: usize) -> PartBytes<'_> {
        let end = self.bytes.len().min(self.start.saturating_add(size));
        PartBytes { bytes: &self.bytes, offset: self.offset, range: self.start..end }
    }

    /// Makes the bytes after a part the next one, and forgets what is further back than the margin.
    fn slide(&mut self, size: usize, margin: usize) {
        let next = self.bytes.len().min(self.start.saturating_add(size));
        let forget = next.saturating_sub(margin);
        self.bytes.drain(..forget);
        self.offset += forget;
        self.start = next - forget;
    }
}

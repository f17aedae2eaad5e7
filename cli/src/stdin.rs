//! Standard input that Ctrl-C ends: a read of it may wait for ever, and nothing wakes it.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::exit::{CliError, Exit};
use crate::progress::catch_interrupts;

/// How much is read at a time, in bytes.
const CHUNK: usize = 256 << 10;
/// How often it is looked whether Ctrl-C was pressed.
const GLANCE: Duration = Duration::from_millis(50);

type Chunk = Zeroizing<Vec<u8>>;

/// What comes by standard input, or by another reader. After Ctrl-C it is at its end: who reads it has to ask [`interrupted`].
pub(crate) struct Stdin {
    chunks: Receiver<io::Result<Chunk>>,
    chunk: Chunk,
    /// How much of the chunk was taken.
    at: usize,
    stop: &'static AtomicBool,
}

/// Whether Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    catch_interrupts().load(Ordering::SeqCst)
}

/// The end of a command that was interrupted before it had all that it needs.
pub(crate) fn interruption() -> CliError {
    CliError::new("interrupted").exits_with(Exit::Interrupted)
}

impl Stdin {
    pub(crate) fn open() -> Self {
        Self::of(io::stdin(), catch_interrupts())
    }

    fn of(mut reader: impl Read + Send + 'static, stop: &'static AtomicBool) -> Self {
        let (sender, chunks) = sync_channel(2);
        // It ends with what it reads, or with the process.
        std::thread::spawn(move || {
            loop {
                let mut chunk = Zeroizing::new(vec![0; CHUNK]);
                let read = match reader.read(&mut chunk) {
                    Ok(0) => return,
                    Ok(length) => Ok(length),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                let read = read.map(|length| {
                    chunk.truncate(length);
                    chunk
                });
                if sender.send(read).is_err() || failed {
                    return;
                }
            }
        });
        Self { chunks, chunk: Zeroizing::default(), at: 0, stop }
    }
}

impl Read for Stdin {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.chunk.len() {
            match self.chunks.recv_timeout(GLANCE) {
                Ok(chunk) => (self.chunk, self.at) = (chunk?, 0),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if self.stop.load(Ordering::SeqCst) => return Ok(0),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let length = rest.len().min(into.len());
        into.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static GOES_ON: AtomicBool = AtomicBool::new(false);
    static STOPS: AtomicBool = AtomicBool::new(true);

    /// A stream of which nothing comes.
    struct Silent;

    impl Read for Silent {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            std::thread::sleep(Duration::from_hours(1));
            Ok(0)
        }
    }

    #[test]
    fn a_read_of_what_does_not_come_ends_when_it_is_asked_to() {
        let length = Stdin::of(Silent, &STOPS).read_to_end(&mut Vec::new());
        assert_eq!(length.ok(), Some(0));
    }

    #[test]
    fn what_is_read_comes_whole_and_in_order() {
        let bytes: Vec<u8> = (0..CHUNK * 3 + 17).map(|n| (n % 251) as u8).collect();
        let mut read = Vec::new();
        let length = Stdin::of(io::Cursor::new(bytes.clone()), &GOES_ON).read_to_end(&mut read);
        assert_eq!(length.ok(), Some(bytes.len()));
        assert!(read == bytes);
    }
}

//! Inflating: every object of a repository is a zlib stream whose length is written before it.

use std::io::{self, BufRead, Read};

use zlib_rs::{Inflate, InflateFlush, Status};

/// A deflated byte stands for at most so many: a match of 258 bytes takes two bits at least
/// (<https://www.rfc-editor.org/rfc/rfc1951#section-3.2.5>).
const MOST_RATIO: u64 = 1032;

/// Why a stream cannot be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    /// It is no zlib stream, or damaged.
    #[error("the zlib stream is damaged")]
    Damaged,
    /// It ends early, or gives another length than was said.
    #[error("the zlib stream has another length than its header says")]
    Length,
    /// What it is said to give cannot come of so few bytes.
    #[error("the header claims more bytes than the zlib stream can hold")]
    Claim,
}

/// An inflater whose state is used again for the next stream. One for each thread.
pub(crate) struct Inflater {
    #[cfg(feature = "libdeflate")]
    fast: libdeflater::Decompressor,
    state: Inflate,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            #[cfg(feature = "libdeflate")]
            fast: libdeflater::Decompressor::new(),
            state: Inflate::new(true, WINDOW_BITS),
        }
    }
}

/// The largest window of deflate, which git's streams may use.
const WINDOW_BITS: u8 = 15;

/// With so many bytes of room behind the end, libdeflate need not look for it at each symbol.
const ROOM: usize = 320;

impl Inflater {
    /// Inflates a stream that gives exactly `size` bytes, into the start of `out`, which grows as needed and is not shrunk; what it holds
    /// after these bytes may change. What follows the stream in `input` is ignored.
    pub(crate) fn inflate(&mut self, input: &[u8], size: usize, out: &mut Vec<u8>) -> Result<(), InflateError> {
        // Before memory is given for it.
        if size as u64 > (input.len() as u64).saturating_mul(MOST_RATIO) {
            return Err(InflateError::Claim);
        }
        if out.len() < size + ROOM {
            out.resize(size + ROOM, 0);
        }
        if self.inflate_fast(input, size, out) { Ok(()) } else { self.judge(input, size, out) }
    }

    #[cfg(feature = "libdeflate")]
    fn inflate_fast(&mut self, input: &[u8], size: usize, out: &mut [u8]) -> bool {
        let room = out.get_mut(..size + ROOM).unwrap_or_default();
        self.fast.zlib_decompress(input, room).is_ok_and(|given| given == size)
    }

    #[cfg(not(feature = "libdeflate"))]
    #[expect(clippy::unused_self, reason = "with libdeflate it is used")]
    fn inflate_fast(&mut self, _input: &[u8], _size: usize, _out: &mut [u8]) -> bool {
        false
    }

    /// Inflates with zlib-rs, whose word counts where something is wrong: libdeflate does not tell what breaks off from what is damaged.
    fn judge(&mut self, input: &[u8], size: usize, out: &mut [u8]) -> Result<(), InflateError> {
        let room = out.get_mut(..size).unwrap_or_default();
        self.state.reset(true);
        let status = self.state.decompress(input, room, InflateFlush::Finish).map_err(|_| InflateError::Damaged)?;
        if status != Status::StreamEnd || self.state.total_out() != size as u64 {
            return Err(InflateError::Length);
        }
        Ok(())
    }
}

/// A zlib stream as a reader, for objects that are too large to be held.
pub(crate) struct InflateReader<R> {
    state: Inflate,
    input: R,
    /// How many bytes are still to come, where that was said.
    left: Option<u64>,
    ended: bool,
}

impl<R: BufRead> InflateReader<R> {
    /// A reader of what a stream gives, which must be so many bytes if a size is said.
    pub(crate) fn new(input: R, size: Option<u64>) -> Self {
        Self { state: Inflate::new(true, WINDOW_BITS), input, left: size, ended: false }
    }
}

impl<R: BufRead> Read for InflateReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let broken = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        if self.ended || out.is_empty() {
            return Ok(0);
        }
        loop {
            let input = self.input.fill_buf()?;
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status =
                self.state.decompress(input, out, InflateFlush::NoFlush).map_err(|_| broken(InflateError::Damaged))?;
            let (took, gave) = (self.state.total_in() - before_in, self.state.total_out() - before_out);
            self.input.consume(took as usize);
            if let Some(left) = &mut self.left {
                *left = left.checked_sub(gave).ok_or_else(|| broken(InflateError::Length))?;
            }
            self.ended = status == Status::StreamEnd;
            if self.ended && self.left.is_some_and(|left| left > 0) {
                return Err(broken(InflateError::Length));
            }
            if gave > 0 || self.ended {
                return Ok(gave as usize);
            }
            if took == 0 {
                return Err(broken(InflateError::Length));
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A zlib stream of the bytes, without compression: blocks of stored bytes.
    pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![0x78, 0x01];
        let mut blocks = bytes.chunks(0xffff).peekable();
        if blocks.peek().is_none() {
            out.extend([1, 0, 0, 0xff, 0xff]);
        }
        while let Some(block) = blocks.next() {
            let length = block.len() as u16;
            out.push(u8::from(blocks.peek().is_none()));
            out.extend(length.to_le_bytes());
            out.extend((!length).to_le_bytes());
            out.extend_from_slice(block);
        }
        let (mut a, mut b) = (1_u32, 0_u32);
        for byte in bytes {
            a = (a + u32::from(*byte)) % 65521;
            b = (b + a) % 65521;
        }
        out.extend((b << 16 | a).to_be_bytes());
        out
    }

    #[test]
    fn whole_and_in_parts() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let mut stream = deflated(&bytes);
        stream.extend(b"what comes next");
        let (mut inflater, mut out) = (Inflater::default(), Vec::new());
        assert_eq!(inflater.inflate(&stream, bytes.len(), &mut out), Ok(()));
        assert_eq!(out.get(..bytes.len()), Some(&bytes[..]));
        let mut read = Vec::new();
        assert!(InflateReader::new(&stream[..], Some(bytes.len() as u64)).read_to_end(&mut read).is_ok());
        assert_eq!(read, bytes);
        assert_eq!(inflater.inflate(&deflated(b""), 0, &mut out), Ok(()));
    }

    #[test]
    fn lies_about_the_length() {
        let stream = deflated(b"0123456789");
        let (mut inflater, mut out) = (Inflater::default(), Vec::new());
        for size in [0, 9, 11, 5000] {
            assert_eq!(inflater.inflate(&stream, size, &mut out), Err(InflateError::Length), "{size}");
            assert!(InflateReader::new(&stream[..], Some(size as u64)).read_to_end(&mut Vec::new()).is_err(), "{size}");
        }
        assert_eq!(inflater.inflate(&stream, 1 << 40, &mut out), Err(InflateError::Claim));
        assert!(out.len() < 1 << 20, "no memory is given for a claim");
        let cut = stream.get(..15).unwrap_or_default();
        assert_eq!(inflater.inflate(cut, 10, &mut out), Err(InflateError::Length));
        assert_eq!(inflater.inflate(b"no zlib stream", 10, &mut out), Err(InflateError::Damaged));
        assert_eq!(inflater.inflate(&stream, 10, &mut out), Ok(()), "the state is fresh each time");
    }

    /// A stream of a bit of everything, as zlib writes it.
    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![0; zlib_rs::compress_bound(bytes.len())];
        let (stream, _) = zlib_rs::compress_slice(&mut out, bytes, zlib_rs::DeflateConfig::default());
        stream.to_vec()
    }

    proptest::proptest! {
        #[test]
        fn damage_is_judged_alike(
            bytes in proptest::collection::vec(0_u8..20, 0..2000),
            at in proptest::prelude::any::<proptest::sample::Index>(),
            bit in 0_u32..8,
            length in 0_usize..2100,
        ) {
            let mut stream = compressed(&bytes);
            let (mut inflater, mut out) = (Inflater::default(), Vec::new());
            proptest::prop_assert_eq!(inflater.inflate(&stream, bytes.len(), &mut out), Ok(()));
            proptest::prop_assert_eq!(out.get(..bytes.len()), Some(&bytes[..]));
            let at = at.index(stream.len());
            let cut = inflater.inflate(stream.get(..at).unwrap_or_default(), bytes.len(), &mut out);
            proptest::prop_assert!(cut == Err(InflateError::Length) || cut == Err(InflateError::Claim));
            if let Some(byte) = stream.get_mut(at) {
                *byte ^= 1_u8 << bit;
            }
            let size = length.min(stream.len() * 1032);
            let told = inflater.inflate(&stream, size, &mut out);
            let mut other = vec![0; size];
            proptest::prop_assert_eq!(told, inflater.judge(&stream, size, &mut other));
            if told.is_ok() {
                proptest::prop_assert_eq!(out.get(..size), Some(&other[..]));
            }
        }
    }
}

//! Numbers, texts and lists as bytes, and back. Reading is total: whatever the bytes are, there is a value or none, and no more memory is
//! taken than there are bytes.

/// Bytes that grow.
#[derive(Debug, Default)]
pub(super) struct Out(pub(super) Vec<u8>);

/// Bytes that are read from the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct In<'a>(pub(super) &'a [u8]);

/// What can be written and read again.
pub(super) trait Stored: Sized {
    /// Adds the value.
    fn write(&self, out: &mut Out);

    /// Takes the value off the front; none if it is not there.
    fn read(from: &mut In<'_>) -> Option<Self>;
}

impl<'a> In<'a> {
    /// Takes so many bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A length that is followed by at least so many bytes for each.
    pub(super) fn length(&mut self, each: usize) -> Option<usize> {
        let length = usize::try_from(u64::read(self)?).ok()?;
        (length.checked_mul(each)? <= self.0.len()).then_some(length)
    }

    /// Some bytes with their length before them.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length(1)?;
        self.take(length)
    }

    /// A list of numbers, as [`Out::numbers`] writes it.
    pub(super) fn numbers(&mut self) -> Option<Vec<u32>> {
        const EACH: usize = size_of::<u32>();
        let length = self.length(EACH)?;
        let (numbers, _) = self.take(length * EACH)?.as_chunks::<EACH>();
        Some(numbers.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }

    /// Whether all was read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Out {
    /// Some bytes with their length before them.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        (bytes.len() as u64).write(self);
        self.0.extend_from_slice(bytes);
    }

    /// A long list of numbers.
    pub(super) fn numbers(&mut self, numbers: impl ExactSizeIterator<Item = u32>) {
        (numbers.len() as u64).write(self);
        self.0.extend(numbers.flat_map(u32::to_le_bytes));
    }
}

macro_rules! number {
    ($($kind:ty),+) => {$(
        impl Stored for $kind {
            fn write(&self, out: &mut Out) {
                out.0.extend_from_slice(&self.to_le_bytes());
            }

            fn read(from: &mut In<'_>) -> Option<Self> {
                let (bytes, rest) = from.0.split_first_chunk()?;
                from.0 = rest;
                Some(Self::from_le_bytes(*bytes))
            }
        }
    )+};
}

number!(u8, u16, i16, u32, u64, i64);

impl<const N: usize> Stored for [u8; N] {
    fn write(&self, out: &mut Out) {
        out.0.extend_from_slice(self);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        let (bytes, rest) = from.0.split_first_chunk()?;
        from.0 = rest;
        Some(*bytes)
    }
}

impl Stored for bool {
    fn write(&self, out: &mut Out) {
        u8::from(*self).write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        match u8::read(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

/// Bit by bit: a decimal would be rounded.
impl Stored for f32 {
    fn write(&self, out: &mut Out) {
        self.to_bits().write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        u32::read(from).map(Self::from_bits)
    }
}

impl Stored for String {
    fn write(&self, out: &mut Out) {
        out.bytes(self.as_bytes());
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        std::str::from_utf8(from.bytes()?).ok().map(ToOwned::to_owned)
    }
}

impl Stored for Box<[u8]> {
    fn write(&self, out: &mut Out) {
        out.bytes(self);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        from.bytes().map(Into::into)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn write(&self, out: &mut Out) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        if bool::read(from)? { T::read(from).map(Some) } else { Some(None) }
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn write(&self, out: &mut Out) {
        (self.len() as u64).write(out);
        for value in self {
            value.write(out);
        }
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        // Nothing that is written takes no byte, so the length is bounded before memory is taken.
        let length = from.length(1)?;
        let mut values = Self::new();
        for _ in 0..length {
            values.push(T::read(from)?);
        }
        Some(values)
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn write(&self, out: &mut Out) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some((A::read(from)?, B::read(from)?))
    }
}

//! The sets as tables of 128 entries, for processors that can look up among so many.

/// For each place and the low seven bits of a byte, the lower and the upper eight sets. Bytes beyond ASCII count as those that they share
/// these bits with.
#[derive(Debug, Clone)]
pub(super) struct Tables(pub(super) Box<[[[u8; 128]; 2]; 4]>);

impl Default for Tables {
    fn default() -> Self {
        Self(Box::new([[[0; 128]; 2]; 4]))
    }
}

impl Tables {
    pub(super) fn new(sets: &[[u16; 256]; 4]) -> Self {
        let mut tables = Self::default();
        for ([low, high], sets) in tables.0.iter_mut().zip(sets) {
            let (ascii, beyond) = sets.split_at(128);
            for (((low, high), a), b) in low.iter_mut().zip(high).zip(ascii).zip(beyond) {
                [*low, *high] = (a | b).to_le_bytes();
            }
        }
        tables
    }
}

/// For each byte of ASCII, the lower and the upper eight classes that it is in.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone)]
pub(super) struct ClassTables {
    pub(super) classes: Box<[[u8; 128]; 2]>,
    /// Whether a class has a byte beyond ASCII: of these nobody asks the tables.
    pub(super) outside: bool,
}

#[cfg(target_arch = "x86_64")]
impl ClassTables {
    pub(super) fn new(bits: &[u16; 256]) -> Self {
        let (ascii, beyond) = bits.split_at(128);
        let mut classes = Box::new([[0; 128]; 2]);
        let [low, high] = &mut *classes;
        for ((low, high), bits) in low.iter_mut().zip(high).zip(ascii) {
            [*low, *high] = bits.to_le_bytes();
        }
        Self { classes, outside: beyond.iter().any(|bits| *bits != 0) }
    }
}

//! Shannon entropy.

use std::sync::LazyLock;

/// The entropy of the bytes, in bits a byte. It looks at the first 512: a longer secret's is known by then, and the time
/// stays bounded.
pub(crate) fn shannon(bytes: &[u8]) -> f32 {
    const ENOUGH: usize = 512;
    let bytes = &bytes[..bytes.len().min(ENOUGH)];
    if bytes.is_empty() {
        return 0.0;
    }
    let mut counts = [0_u16; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    // The sum of -p log p, with p = count / total, is log total - (the sum of count log count) / total.
    let total = bytes.len() as f32;
    let sum: f32 = counts.iter().filter(|count| **count > 1).map(|count| weighted(*count)).sum();
    (total.log2() - sum / total).max(0.0)
}

/// Whether the entropy of the bytes is below a floor. That of few different bytes is, whatever their order.
pub(crate) fn is_below(bytes: &[u8], floor: f32) -> bool {
    /// More than what is lost to rounding.
    const SLACK: f32 = 0.001;
    let mut there = [0_u64; 4];
    for byte in bytes {
        there[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    let different: u32 = there.iter().map(|bits| bits.count_ones()).sum();
    (different as f32).log2() + SLACK < floor || shannon(bytes) < floor
}

/// A count times its logarithm. Nearly all counts are small.
fn weighted(count: u16) -> f32 {
    static SMALL: LazyLock<[f32; 64]> = LazyLock::new(|| std::array::from_fn(|count| exact(count as u16)));
    SMALL.get(usize::from(count)).copied().unwrap_or_else(|| exact(count))
}

fn exact(count: u16) -> f32 {
    let count = f32::from(count);
    if count == 0.0 { 0.0 } else { count * count.log2() }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn below_is_below(bytes in "[0-9a-f]{0,40}|[a-zA-Z0-9]{0,60}", floor in 0.0_f32..6.0) {
            let bytes = bytes.as_bytes();
            proptest::prop_assert_eq!(is_below(bytes, floor), shannon(bytes) < floor);
        }
    }

    #[test]
    fn known_values() {
        assert!(shannon(b"") < 0.001);
        assert!(shannon(b"aaaaaaaa") < 0.001);
        assert!((shannon(b"abababab") - 1.0).abs() < 0.001);
        assert!((shannon(b"abcdefgh") - 3.0).abs() < 0.001);
        assert!((shannon(&(0..=255).collect::<Vec<u8>>()) - 8.0).abs() < 0.001);
    }
}

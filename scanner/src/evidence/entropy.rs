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

    #[test]
    fn known_values() {
        assert!(shannon(b"") < 0.001);
        assert!(shannon(b"aaaaaaaa") < 0.001);
        assert!((shannon(b"abababab") - 1.0).abs() < 0.001);
        assert!((shannon(b"abcdefgh") - 3.0).abs() < 0.001);
        assert!((shannon(&(0..=255).collect::<Vec<u8>>()) - 8.0).abs() < 0.001);
    }
}

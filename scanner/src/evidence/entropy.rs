//! Shannon entropy.

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
    let total = bytes.len() as f32;
    let bits = |&count: &u16| {
        let share = f32::from(count) / total;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(bits).sum()
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

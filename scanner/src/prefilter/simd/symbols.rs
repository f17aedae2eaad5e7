//! Bytes as *symbols* of five bits, which two shuffles look up. Letters in either case are a symbol each; signs and digits share those of brackets and
//! rare letters; what is left is symbol 0.

/// The symbols of the bytes without bit 6, by their low four bits: those without bit 4 (signs, and among others line breaks), and those with it
/// (digits and signs). Signs and digits that tell literals from each other have symbols of their own, as far as there are some that text seldom has.
pub(super) static SIGNS: [[u8; 16]; 2] = [
    [0, 0, 27, 0, 28, 29, 0, 27, 0, 0, 0, 28, 0, 30, 29, 28],
    [17, 17, 17, 17, 26, 26, 26, 26, 10, 10, 27, 0, 0, 30, 0, 0],
];

/// The symbol of a byte.
pub const fn symbol(byte: u8) -> u8 {
    match byte {
        _ if byte & 0x40 != 0 => byte & 0x1f,
        0x80.. => 0,
        _ => SIGNS[(byte >> 4 & 1) as usize][(byte & 0x0f) as usize],
    }
}

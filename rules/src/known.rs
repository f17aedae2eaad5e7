//! Values that providers publish for everybody: keys of emulators, samples of documentation. They look real in every way, so only knowing them tells.

use sha2::{Digest, Sha256};

/// The first eight bytes of the SHA-256 of each value, in order, so that nothing that looks live stands here.
const KNOWN: &[(u64, &str)] = &[
    // https://learn.microsoft.com/en-us/azure/storage/common/storage-connect-azurite
    (0x0011_cc25_eb43_2071, "it is the published key of the Azure storage emulator"),
    // https://jwt.io, HS256 with the key that the page shows (the signature was recomputed)
    (0x7f75_367e_7881_2551, "it is the sample token of jwt.io"),
    // https://learn.microsoft.com/en-us/azure/cosmos-db/emulator
    (0xaa65_4743_9583_c3a2, "it is the published key of the Azure Cosmos DB emulator"),
    // https://www.rfc-editor.org/rfc/rfc7617#section-2
    (0xcf4d_418e_d3de_92d7, "it is the sample of the Basic scheme's standard"),
    // The older sample of jwt.io, HS256 with the key `secret` (the signature was recomputed)
    (0xda81_6f9f_2c16_e6c5, "it is the sample token of jwt.io"),
];

/// Which published value the secret is; `None` if it is none.
pub fn published_sample(secret: &[u8]) -> Option<&'static str> {
    // The list holds values of these lengths only, and hashing is not free.
    if !(24..=256).contains(&secret.len()) {
        return None;
    }
    let hash = Sha256::digest(secret);
    let head = hash.iter().take(8).fold(0_u64, |head, byte| head << 8 | u64::from(*byte));
    KNOWN.iter().find(|(known, _)| *known == head).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emulator_key_in_two_halves() {
        let key = [
            concat!("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50u", "SRZ6IFsuFq2UVErC"),
            concat!("z4I6tq/K1SZFPTOtr/", "KBHBeksoGMGw=="),
        ]
        .concat();
        assert!(published_sample(key.as_bytes()).is_some());
        assert!(published_sample(&key.as_bytes()[1..]).is_none());
        assert!(KNOWN.is_sorted_by_key(|(hash, _)| hash));
    }
}

//! Any text as a recipe of the minter: it says what is wrong, or mints the same each time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch_rules::mint;

fuzz_target!(|data: (u64, &str)| {
    let (seed, text) = data;
    match mint(text, seed) {
        Ok(minted) => {
            let found =
                minted.finds.is_empty() || minted.text.windows(minted.finds.len()).any(|part| part == minted.finds);
            assert!(found, "what is to be found stands in the text");
            let again = mint(text, seed).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((minted.text, minted.finds), (again.text, again.finds));
        }
        Err(error) => assert!(!error.message.is_empty()),
    }
});

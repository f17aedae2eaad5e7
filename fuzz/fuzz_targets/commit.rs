//! Any bytes as a commit and as a tag: what they say of themselves is bounded, and where gix takes them for a commit, it reads the same links.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch_scanner::fuzzing::described;

/// What commits and tags are made of, each behind one byte.
const WORDS: [&str; 16] = [
    "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n",
    "parent 4b825dc642cb6eb9a060e54bf8d69288fbee4905\n",
    "author A B <a@example.org> 1767319445 +0100\n",
    "committer C <c@example.org> 1767319446 -0530\n",
    "object 4b825dc642cb6eb9a060e54bf8d69288fbee4906\ntype commit\ntag v1\n",
    "tagger T <t@example.org> 1 +0000\n",
    "encoding ISO-8859-1\n",
    "gpgsig -----BEGIN\n -----END\n",
    "mergetag object 4b825dc642cb6eb9a060e54bf8d69288fbee4907\n",
    "author ",
    "committer ",
    " <",
    "> ",
    "9223372036854775807",
    "-62167219200",
    "\n\n",
];

fuzz_target!(|data: &[u8]| {
    let mut raw = Vec::new();
    for byte in data {
        match WORDS.get(usize::from(byte.wrapping_sub(0xf0))) {
            Some(word) => raw.extend_from_slice(word.as_bytes()),
            None => raw.push(*byte),
        }
    }
    let said = described(&raw);
    assert!(said.message <= raw.len());
    assert!(said.message == raw.len() || said.message == 1 || raw[..said.message].ends_with(b"\n\n"));
    for place in &said.places {
        let texts = [&place.author, &place.email, &place.committer, &place.committer_email, &place.subject];
        for text in texts.into_iter().flatten() {
            assert!(!text.is_empty() && text.chars().count() <= 1024);
        }
        for date in [&place.date, &place.committed].into_iter().flatten() {
            assert_eq!(date.len(), "2026-01-02T03:04:05+01:00".len(), "{date}");
        }
    }
    if let Some((tree, parents)) = said.by_gix {
        assert_eq!(said.links, (Some(tree), parents));
    }
});

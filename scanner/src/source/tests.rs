//! Whole, in parts, as a stream: however a document is scanned, the findings are the same.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use stanch_model::{Finding, FingerprintKey, Source};
use stanch_rules::{Extent, Rule, RuleSet, mint};

use crate::engine::{Engine, Scratch};
use crate::scan::{Control, Document, Gap};
use crate::source::file::{Links, open};
use crate::source::large::{Buffers, scan_large};
use crate::source::part::Sizes;
use crate::source::reader::scan_stream;
use crate::source::tree::scan_tree_in;
use crate::source::{TreeOptions, scan_bytes};

const PATH: &str = "src/settings.rs";

static BUILTIN: LazyLock<Engine> = LazyLock::new(|| Engine::new(RuleSet::builtin()));
/// Rules that look no further than a line have small margins, so that small documents are cut.
static NEAR: LazyLock<Engine> = LazyLock::new(|| {
    let rules = RuleSet::builtin()
        .filtered(|rule| rule.bound < 1000 && matches!(&*rule.provider, "github" | "generic" | "aws" | "gitlab"));
    Engine::new(rules)
});

fn with_control<R>(engine: &Engine, jobs: usize, run: impl FnOnce(&Control<'_>) -> R) -> R {
    let key = FingerprintKey::from_bytes([7; 32]);
    let stop = AtomicBool::new(false);
    run(&Control { engine, key: &key, stop: &stop, events: &(), jobs })
}

fn document() -> Document<'static> {
    Document { path: PATH, source: Source::File, root: None, git: None, ignored: false }
}

fn shown(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{finding:#?}")).collect()
}

fn whole(engine: &Engine, bytes: &[u8]) -> Vec<String> {
    shown(&with_control(engine, 1, |control| {
        scan_bytes(control, PATH, bytes, Source::File, None, &mut Scratch::default())
    }))
}

fn in_parts(engine: &Engine, bytes: &[u8], part: usize, jobs: usize) -> io::Result<Vec<String>> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(bytes)?;
    let opened = open(file.path(), Links::Refuse).map_err(|(_, detail)| io::Error::other(detail))?;
    let sizes = Sizes { whole: 0, alone: 0, part };
    let scanned =
        with_control(engine, jobs, |control| scan_large(control, &opened, document(), sizes, &mut Buffers::default()));
    assert_eq!((scanned.bytes, scanned.gaps, scanned.interrupted), (bytes.len() as u64, Vec::new(), false));
    Ok(shown(&scanned.findings))
}

/// Gives a few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(buffer.get_mut(..most).unwrap_or_default())
    }
}

fn as_stream(engine: &Engine, bytes: &[u8], part: usize) -> Vec<String> {
    let sizes = Sizes { whole: 0, alone: 0, part };
    let mut reader = Trickle(bytes, 777);
    let streamed = with_control(engine, 1, |control| {
        scan_stream(control, &mut reader, document(), sizes, &mut Scratch::default())
    });
    assert_eq!((streamed.bytes, streamed.error.is_none()), (bytes.len() as u64, true));
    shown(&streamed.findings)
}

/// What documents are made of.
static SNIPPETS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    const TEMPLATES: &[&str] = &[
        "{{ghp_{base62:30}|github-crc32}}",
        "token = \"{{ghp_{base62:30}|github-crc32}}\" # gitleaks:allow",
        "GITHUB_TOKEN={{ghp_{base62:30}|github-crc32}}\n",
        "aws_access_key_id = {{AKIA{base32:16}|aws-account}}\n",
        "aws_secret_access_key = {{@b64key:30}}\n",
        "{\"password\": \"{{{base62:20}}}\"}",
        "api_key: \"{{{hex-lower:40}}}\"\n",
        "{{@pem:rsa}}\n",
        "glpat-{{{base64url:20}}}",
        "// stanch:allow the vendor's own\n",
        "pragma: allowlist secret ",
    ];
    let minted = TEMPLATES.iter().flat_map(|template| (1..4).map(move |seed| mint(template, seed)));
    let mut snippets: Vec<Vec<u8>> = minted.flatten().map(|minted| minted.text).collect();
    assert_eq!(snippets.len(), 3 * TEMPLATES.len(), "every template mints");
    snippets.extend(
        ["é", "日本", "\n", "\n\n", " ", "x", "=", "\"", "password", "AKIA"].map(|text| text.as_bytes().to_vec()),
    );
    snippets.extend([vec![0xff], vec![0x80; 5], vec![0xf0, 0x9f], vec![0]]);
    snippets
});

/// Snippets with fillers of some length between them: prose, one long line, bytes that are no text, wide characters.
fn documents(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    let filler = |unit: &'static [u8], longest| {
        (0..=longest).prop_map(move |length: usize| unit.iter().copied().cycle().take(length).collect())
    };
    let piece = prop_oneof![
        6 => any::<prop::sample::Index>().prop_map(|index| index.get(&SNIPPETS).clone()),
        1 => filler(b"some words of prose, ", longest),
        1 => filler(b"words and\nlines of code();\n", longest),
        1 => filler("wíde 日本 ".as_bytes(), longest),
        1 => filler(&[0x80, 0xbf, 0xc3, 0xe2, b'a', 0x9f], 40),
    ];
    prop::collection::vec(piece, 1..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn small_parts_equal_the_whole(bytes in documents(3000), part in 1_usize..6000, jobs in 1_usize..4) {
        let part = part.max(bytes.len() / 100);
        let expected = whole(&NEAR, &bytes);
        prop_assert_eq!(&in_parts(&NEAR, &bytes, part, jobs)?, &expected);
        prop_assert_eq!(&as_stream(&NEAR, &bytes, part), &expected);
    }

    #[test]
    fn every_rule_in_parts_equals_the_whole(bytes in documents(30_000), part in 500_usize..40_000) {
        let expected = whole(&BUILTIN, &bytes);
        prop_assert_eq!(&in_parts(&BUILTIN, &bytes, part, 2)?, &expected);
        prop_assert_eq!(&as_stream(&BUILTIN, &bytes, part), &expected);
    }
}

#[test]
fn a_secret_at_every_place_of_a_boundary() -> Result<(), Box<dyn std::error::Error>> {
    let secret = mint("é=\"{{ghp_{base62:30}|github-crc32}}\" // stanch:allow because\n", 5)?.text;
    let filler: Vec<u8> = b"so many words ".iter().copied().cycle().take(9000).collect();
    for before in 0..secret.len() + 4 {
        let bytes = [filler.as_slice(), &secret, &filler, &secret].concat();
        let part = 9000 + before;
        let expected = whole(&NEAR, &bytes);
        assert_eq!(expected.len(), 2);
        assert_eq!(in_parts(&NEAR, &bytes, part, 2)?, expected, "{part}");
        assert_eq!(as_stream(&NEAR, &bytes, part), expected, "{part}");
    }
    Ok(())
}

#[test]
fn a_line_of_twenty_megabytes() -> Result<(), Box<dyn std::error::Error>> {
    let mut bytes = Vec::new();
    for seed in 0..20 {
        bytes.extend(mint("{\"tökén\":\"{{ghp_{base62:30}|github-crc32}}\"},", seed)?.text);
        bytes.extend("{\"words\":[1,2,3]},".bytes().cycle().take(1_000_000));
    }
    let expected = whole(&BUILTIN, &bytes);
    assert_eq!(expected.len(), 20);
    assert!(expected.iter().all(|finding| finding.contains("line: 1,")));
    let sizes = Sizes::of(&BUILTIN);
    assert_eq!(in_parts(&BUILTIN, &bytes, sizes.part, 2)?, expected);
    assert_eq!(as_stream(&BUILTIN, &bytes, sizes.part), expected);
    Ok(())
}

#[test]
fn secrets_without_a_gap_between_them() -> Result<(), Box<dyn std::error::Error>> {
    let mut bytes = Vec::new();
    for seed in 0..3000 {
        bytes.extend(mint("{{AKIA{base32:16}|aws-account}} aws_secret_access_key={{@b64key:30}} ", seed)?.text);
    }
    let expected = whole(&NEAR, &bytes);
    assert!(expected.len() > 5000, "{}", expected.len());
    assert_eq!(in_parts(&NEAR, &bytes, 20_000, 3)?, expected);
    assert_eq!(as_stream(&NEAR, &bytes, 20_000), expected);
    Ok(())
}

#[test]
fn a_document_too_dense_to_wait_for_a_gap() -> Result<(), Box<dyn std::error::Error>> {
    let tokens = (0..100).map(|seed| mint("{{ghp_{base62:30}|github-crc32}} ", seed).map(|minted| minted.text));
    let bytes = tokens.collect::<Result<Vec<_>, _>>()?.concat().repeat(900);
    let starts =
        |findings: Vec<Finding>| -> Vec<u64> { findings.iter().map(|finding| finding.locator.start).collect() };
    let expected = with_control(&NEAR, 1, |control| {
        scan_bytes(control, PATH, &bytes, Source::File, None, &mut Scratch::default())
    });
    let sizes = Sizes { whole: 0, alone: 0, part: 1 << 20 };
    let streamed = with_control(&NEAR, 1, |control| {
        scan_stream(control, &mut bytes.as_slice(), document(), sizes, &mut Scratch::default())
    });
    assert_eq!(expected.len(), 90_000);
    assert!(starts(streamed.findings) == starts(expected), "nothing is lost or reported twice");
    Ok(())
}

#[test]
fn what_is_too_large_for_rules_of_whole_documents_is_noted() -> Result<(), Box<dyn std::error::Error>> {
    let builtin = RuleSet::builtin();
    let rules = builtin.iter().filter(|rule| rule.provider == "github").cloned();
    let engine = Engine::new(RuleSet::new(rules.map(|rule| Rule { extent: Extent::Document, ..rule }).collect()));
    let mut bytes = mint("\"{{ghp_{base62:30}|github-crc32}}\"\n", 1)?.text;
    bytes.extend(b"words\n".repeat(1000));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a");
    std::fs::write(&path, &bytes)?;
    for (whole, notes) in [(bytes.len(), 0), (bytes.len() - 1, 1)] {
        let sizes = Sizes { whole: whole as u64, alone: whole as u64, part: 500 };
        let tree = with_control(&engine, 1, |control| scan_tree_in(control, &path, &TreeOptions::default(), sizes))?;
        let gaps: Vec<Gap> = tree.coverage.notes.iter().map(|note| note.gap).collect();
        assert_eq!((tree.findings.len(), gaps), (1, vec![Gap::TooLargeForDocumentRules; notes]));
        let streamed = with_control(&engine, 1, |control| {
            scan_stream(control, &mut bytes.as_slice(), document(), sizes, &mut Scratch::default())
        });
        assert_eq!((streamed.findings.len(), streamed.cut), (1, notes == 1));
    }
    Ok(())
}

#[test]
fn a_large_file_is_left_when_the_scan_is_stopped() -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&b"words\n".repeat(1000))?;
    let opened = open(file.path(), Links::Refuse).map_err(|(_, detail)| io::Error::other(detail))?;
    let (key, stop) = (FingerprintKey::from_bytes([7; 32]), AtomicBool::new(true));
    let control = Control { engine: &NEAR, key: &key, stop: &stop, events: &(), jobs: 2 };
    let scanned =
        scan_large(&control, &opened, document(), Sizes { whole: 0, alone: 0, part: 100 }, &mut Buffers::default());
    assert_eq!((scanned.bytes, scanned.interrupted), (0, true));
    Ok(())
}

#[test]
fn a_fifo_in_place_of_a_file_is_not_waited_for() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status()?.success());
    assert!(open(&path, Links::Refuse).is_err());
    assert!(open(Path::new("/dev/null"), Links::Refuse).is_err());
    Ok(())
}

//! Trees and single files, as they are met in the world.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sources::{control, found, gaps, git, git_command, line, snapshot, write};
use stanch_model::{Finding, Source};
use stanch_scanner::{
    Control, Events, Gap, Scratch, SourceErrorKind, StdinOptions, TreeOptions, scan_bytes, scan_reader, scan_tree,
};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A control with a stop flag and events of one's own.
fn control_with<'a>(jobs: usize, stop: &'a AtomicBool, events: &'a dyn Events) -> Control<'a> {
    Control { stop, events, ..control(jobs) }
}

/// All that findings say, in a form that can be compared.
fn shown(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{finding:#?}")).collect()
}

fn everything() -> TreeOptions {
    TreeOptions::default()
}

#[test]
fn hidden_and_nested_files_are_scanned_and_named_from_the_root() {
    let root = folder();
    for (seed, path) in ["a.rs", ".hidden/.env", "deep/er/still/b.rs"].iter().enumerate() {
        write(&root.path().join(path), format!("\n{}", line(seed as u64)));
    }
    write(&root.path().join("empty"), "");
    for jobs in [1, 2, 5] {
        let outcome = scan_tree(&control(jobs), root.path(), &everything()).expect("the root is there");
        let expected = [".hidden/.env", "a.rs", "deep/er/still/b.rs"].map(|path| (path.to_owned(), 2));
        assert_eq!(found(&outcome), expected);
        assert_eq!((outcome.coverage.files, gaps(&outcome).len(), outcome.coverage.interrupted), (4, 0, false));
        for finding in &outcome.findings {
            assert_eq!(finding.locator.root.as_deref(), root.path().to_str());
            let bytes = fs::read(root.path().join(&finding.path)).expect("the file is there");
            let secret = &bytes[finding.locator.start as usize..finding.locator.end as usize];
            assert!(secret.starts_with(b"ghp_") && secret.len() == finding.secret.len());
        }
    }
}

#[test]
fn a_root_that_is_a_file_is_named_as_given() {
    let root = folder();
    let path = root.path().join("a.rs");
    write(&path, line(1));
    let outcome = scan_tree(&control(2), &path, &everything()).expect("the file is there");
    let name = path.to_string_lossy().into_owned();
    assert_eq!(found(&outcome), [(name.clone(), 1)]);
    assert_eq!(outcome.findings[0].locator.root, Some(name.clone()));
    assert_eq!((outcome.coverage.files, outcome.coverage.bytes), (1, line(1).len() as u64));
    let options = TreeOptions { exclude: vec!["*.rs".to_owned()] };
    let outcome = scan_tree(&control(2), &path, &options).expect("the file is there");
    assert_eq!((found(&outcome), gaps(&outcome)), (vec![], vec![(name, "excluded")]));
}

#[test]
fn a_root_that_is_a_link_is_followed_and_no_other_link_is() {
    let root = folder();
    let tree = root.path().join("tree");
    write(&tree.join("a.rs"), line(1));
    write(&root.path().join("outside.rs"), line(2));
    symlink("../outside.rs", tree.join("out")).expect("a link");
    symlink("a.rs", tree.join("in")).expect("a link");
    symlink(".", tree.join("loop")).expect("a link");
    symlink("nowhere", tree.join("dangling")).expect("a link");
    symlink("tree", root.path().join("link")).expect("a link");
    symlink("tree/a.rs", root.path().join("file-link")).expect("a link");
    for jobs in [1, 3] {
        let outcome = scan_tree(&control(jobs), &root.path().join("link"), &everything()).expect("the root is there");
        assert_eq!(found(&outcome), [("a.rs".to_owned(), 1)]);
        assert_eq!(gaps(&outcome), ["dangling", "in", "loop", "out"].map(|path| (path.to_owned(), "symlink")));
    }
    let outcome = scan_tree(&control(1), &root.path().join("file-link"), &everything()).expect("the root is there");
    assert_eq!(outcome.findings.len(), 1);
}

#[test]
fn pipes_and_sockets_are_noted_and_never_opened() {
    let root = folder();
    let pipe = root.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let _socket = UnixListener::bind(root.path().join("socket")).expect("a socket");
    write(&root.path().join("a.rs"), line(1));
    for jobs in [1, 2] {
        let outcome = scan_tree(&control(jobs), root.path(), &everything()).expect("the root is there");
        assert_eq!(found(&outcome), [("a.rs".to_owned(), 1)]);
        assert_eq!(gaps(&outcome), ["pipe", "socket"].map(|path| (path.to_owned(), "special")));
    }
    let error = scan_tree(&control(1), &pipe, &everything()).expect_err("a pipe is no target");
    assert_eq!(error.kind(), SourceErrorKind::Unreadable);
}

#[test]
fn hostile_names_do_not_stop_the_rest() {
    let root = folder();
    let names: [&[u8]; 4] = [b"new\nline.rs", b"esc\x1b[31m.rs", b"no-utf8-\xff\xfe.rs", b"plain.rs"];
    for (seed, name) in names.iter().enumerate() {
        write(&root.path().join(std::ffi::OsStr::from_bytes(name)), line(seed as u64));
    }
    // Two halves of a path that is longer than any the system takes.
    let half: PathBuf = std::iter::repeat_n("d".repeat(100), 25).collect();
    fs::create_dir_all(root.path().join("deep").join(&half)).expect("folders");
    fs::create_dir_all(root.path().join("other").join(&half)).expect("folders");
    fs::rename(root.path().join("other"), root.path().join("deep").join(&half).join("other")).expect("it can be moved");
    for jobs in [1, 2] {
        let outcome = scan_tree(&control(jobs), root.path(), &everything()).expect("the root is there");
        let paths: Vec<String> = found(&outcome).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["esc\u{1b}[31m.rs", "new\nline.rs", "no-utf8-\u{fffd}\u{fffd}.rs", "plain.rs"]);
        let [note] = &*outcome.coverage.notes else { panic!("{:?}", gaps(&outcome)) };
        assert!(note.path.starts_with("deep/ddd") && note.gap == Gap::Unreadable, "{note:?}");
    }
}

#[test]
fn what_may_not_be_read_is_noted() {
    use std::os::unix::fs::PermissionsExt;
    let root = folder();
    write(&root.path().join("a.rs"), line(1));
    write(&root.path().join("locked/b.rs"), line(2));
    write(&root.path().join("c.rs"), line(3));
    let lock = |path: &str, mode| {
        fs::set_permissions(root.path().join(path), fs::Permissions::from_mode(mode)).expect("a mode");
    };
    lock("locked", 0);
    lock("c.rs", 0);
    let outcome = scan_tree(&control(2), root.path(), &everything()).expect("the root is there");
    let may_all = fs::File::open(root.path().join("c.rs")).is_ok();
    lock("locked", 0o700);
    if may_all {
        // The superuser may read everything.
        assert_eq!((found(&outcome).len(), gaps(&outcome)), (3, vec![]));
    } else {
        assert_eq!(found(&outcome), [("a.rs".to_owned(), 1)]);
        assert_eq!(gaps(&outcome), ["c.rs", "locked"].map(|path| (path.to_owned(), "unreadable")));
    }
}

#[test]
fn git_folders_and_exclusions_are_noted() {
    let root = folder();
    for (seed, path) in
        ["a.rs", ".git/config", "sub/.git", "sub/.git.rs", "vendor/x/y.rs", "docs/b.md", "docs/c.md"].iter().enumerate()
    {
        write(&root.path().join(path), line(seed as u64));
    }
    let options =
        TreeOptions { exclude: vec!["vendor/".to_owned(), "/docs/*.md".to_owned(), "!/docs/c.md".to_owned()] };
    for jobs in [1, 2] {
        let outcome = scan_tree(&control(jobs), root.path(), &options).expect("the root is there");
        let paths: Vec<String> = found(&outcome).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["a.rs", "docs/c.md", "sub/.git.rs"]);
        let expected =
            [(".git", "git-dir"), ("docs/b.md", "excluded"), ("sub/.git", "git-dir"), ("vendor", "excluded")];
        assert_eq!(gaps(&outcome), expected.map(|(path, gap)| (path.to_owned(), gap)));
    }
    let bad = TreeOptions { exclude: vec!["a{b".to_owned()] };
    let error = scan_tree(&control(1), root.path(), &bad).expect_err("the glob is wrong");
    assert_eq!((error.kind(), error.to_string().contains("a{b")), (SourceErrorKind::BadGlob, true));
}

#[test]
fn a_missing_root_is_an_error() {
    let root = folder();
    let error = scan_tree(&control(1), &root.path().join("nowhere"), &everything()).expect_err("there is nothing");
    assert_eq!(error.kind(), SourceErrorKind::NotFound);
}

/// Does something when the first file or part has been scanned.
struct AfterFirst<F: Fn() + Sync>(AtomicBool, F);

impl<F: Fn() + Sync> Events for AfterFirst<F> {
    fn scanned(&self, _files: u64, _bytes: u64) {
        if !self.0.swap(true, Ordering::Relaxed) {
            (self.1)();
        }
    }
}

#[test]
fn files_that_vanish_are_noted() {
    let root = folder();
    let paths: Vec<PathBuf> = (0..5).map(|n| root.path().join(format!("{n}.rs"))).collect();
    for (seed, path) in paths.iter().enumerate() {
        write(path, line(seed as u64));
    }
    let events = AfterFirst(AtomicBool::new(false), || {
        for path in &paths {
            fs::remove_file(path).expect("it is there");
        }
    });
    let stop = AtomicBool::new(false);
    let outcome = scan_tree(&control_with(1, &stop, &events), root.path(), &everything()).expect("the root is there");
    assert_eq!((outcome.findings.len(), outcome.coverage.files), (1, 1));
    assert!(
        gaps(&outcome).iter().all(|(_, gap)| *gap == "vanished") && gaps(&outcome).len() == 4,
        "{:?}",
        gaps(&outcome)
    );
}

#[test]
fn a_large_file_that_shrinks_is_noted() {
    let root = folder();
    let path = root.path().join("a.log");
    write(&path, [line(1), "words and words\n".repeat(2_000_000), line(2)].concat());
    let truncate =
        || fs::File::options().write(true).open(&path).and_then(|file| file.set_len(5_000_000)).expect("it can be cut");
    let events = AfterFirst(AtomicBool::new(false), truncate);
    let stop = AtomicBool::new(false);
    let outcome = scan_tree(&control_with(1, &stop, &events), root.path(), &everything()).expect("the root is there");
    assert_eq!(found(&outcome), [("a.log".to_owned(), 1)]);
    assert_eq!(gaps(&outcome), [("a.log".to_owned(), "shrank")]);
    assert!((4_000_000..5_100_000).contains(&outcome.coverage.bytes), "{}", outcome.coverage.bytes);
}

#[test]
fn a_stop_ends_the_scan_with_what_was_found() {
    let root = folder();
    (0..50).for_each(|n| write(&root.path().join(format!("{n}.rs")), line(n)));
    for jobs in [1, 2] {
        let stop = AtomicBool::new(false);
        let events = AfterFirst(AtomicBool::new(false), || stop.store(true, Ordering::Relaxed));
        let outcome =
            scan_tree(&control_with(jobs, &stop, &events), root.path(), &everything()).expect("the root is there");
        assert!(outcome.coverage.interrupted);
        assert!((1..10).contains(&outcome.findings.len()), "{}", outcome.findings.len());
    }
    let stop = AtomicBool::new(false);
    let events = AfterFirst(AtomicBool::new(false), || stop.store(true, Ordering::Relaxed));
    let bytes = [line(1), "words\n".repeat(2_000_000), line(2)].concat();
    let options = StdinOptions { name: "<stdin>".to_owned() };
    let outcome =
        scan_reader(&control_with(1, &stop, &events), &mut bytes.as_bytes(), &options).expect("it can be read");
    assert_eq!((outcome.findings.len(), outcome.coverage.interrupted), (1, true));
}

#[test]
fn large_files_give_the_same_as_bytes_in_memory() {
    let root = folder();
    let mut text = String::new();
    for seed in 0..40 {
        text.push_str(&line(seed));
        text.push_str(&"fn words() { and(more, \"wörds\"); }\n".repeat(10_000));
    }
    write(&root.path().join("src/big.rs"), &text);
    write(&root.path().join("src/small.rs"), line(77));
    // One that a single thread scans in parts.
    let medium = [text.get(..3_000_000).expect("it is longer"), &line(78)].concat();
    write(&root.path().join("src/medium.rs"), &medium);
    let expected_medium =
        scan_bytes(&control(1), "src/medium.rs", medium.as_bytes(), Source::File, None, &mut Scratch::default());
    assert!(expected_medium.len() > 5);
    let expected = scan_bytes(&control(1), "src/big.rs", text.as_bytes(), Source::File, None, &mut Scratch::default());
    assert_eq!(expected.len(), 40);
    for jobs in [1, 2, 3] {
        let mut outcome = scan_tree(&control(jobs), root.path(), &everything()).expect("the root is there");
        assert_eq!(outcome.coverage.bytes, (text.len() + line(77).len() + medium.len()) as u64);
        assert_eq!(outcome.findings.pop().map(|finding| finding.path), Some("src/small.rs".to_owned()));
        outcome.findings.iter_mut().for_each(|finding| finding.locator.root = None);
        let medium = outcome.findings.split_off(expected.len());
        assert_eq!((shown(&outcome.findings), shown(&medium)), (shown(&expected), shown(&expected_medium)));
    }
}

#[test]
fn a_sparse_file_of_three_hundred_megabytes() {
    let root = folder();
    let path = root.path().join("image.bin");
    let file = fs::File::create(&path).expect("a file");
    file.set_len(300_000_000).expect("a length");
    file.write_all_at(line(1).as_bytes(), 299_000_000).expect("it can be written");
    let outcome = scan_tree(&control(2), &path, &everything()).expect("the root is there");
    assert_eq!((outcome.findings.len(), outcome.coverage.bytes), (1, 300_000_000));
    let finding = &outcome.findings[0];
    assert_eq!((finding.location.line, finding.location.column), (1, 299_000_000 + 17), "a zero is a column");
}

#[test]
fn what_git_ignores_is_scanned_and_marked() {
    let root = folder();
    let top = root.path().join("top");
    let files: &[(&str, &str)] = &[
        (".gitignore", "*.log\n/build/\n!keep.log\nsecret?.txt\n\\#odd\nnested/**/deep.rs\n  \nfoo/*\n!foo/bar/\n"),
        ("sub/.gitignore", "\u{feff}local.*\n!important.log\r\n*.tmp\r\n"),
        ("sub/build/.gitignore", "!*"),
        (".git/info/exclude", "private.rs\n"),
    ];
    fs::create_dir_all(&top).expect("a folder");
    git(&top, &["init", "--quiet"]);
    for (path, text) in files {
        write(&top.join(path), text);
    }
    let paths = [
        "a.rs",
        "a.log",
        "keep.log",
        "build/x.rs",
        "build/keep.log",
        "sub/build/x.rs",
        "sub/local.rs",
        "sub/important.log",
        "sub/x.tmp",
        "secret1.txt",
        "sub/secret2.txt",
        "#odd",
        "nested/deep.rs",
        "nested/a/b/deep.rs",
        "private.rs",
        "sub/private.rs",
        "foo/x.rs",
        "foo/bar/y.rs",
        "tracked.log",
        "build/tracked.rs",
        "sp ace/ö.log",
    ];
    for (seed, path) in paths.iter().enumerate() {
        write(&top.join(path), line(seed as u64));
    }
    git(&top, &["add", "--force", "tracked.log", "build/tracked.rs", "a.rs"]);
    let below = top.join("sub");
    git(&top, &["init", "--quiet", "inner"]);
    write(&top.join("inner/x.log"), line(91));
    write(&top.join("inner/.gitignore"), "x.rs\n");
    write(&top.join("inner/x.rs"), line(92));

    for (root, jobs) in [(&top, 1), (&top, 2), (&below, 1), (&top.join("inner"), 1)] {
        let outcome = scan_tree(&control(jobs), root, &everything()).expect("the root is there");
        assert!(outcome.findings.len() >= 2);
        for finding in &outcome.findings {
            let path = root.join(&finding.path);
            assert_eq!(finding.ignored, git_ignores(&path), "{}", finding.path);
        }
    }
    let single = scan_tree(&control(1), &top.join("sub/x.tmp"), &everything()).expect("the file is there");
    assert!(single.findings[0].ignored);
}

/// What git itself says of a file, asked from the file's folder.
fn git_ignores(path: &Path) -> bool {
    let folder = path.parent().expect("a file is in a folder");
    let name = path.file_name().expect("a file has a name");
    let status = git_command(folder)
        .arg("check-ignore")
        .arg("--quiet")
        .arg(Path::new(".").join(name))
        .status()
        .expect("git runs");
    match status.code() {
        Some(0) => true,
        Some(1) => false,
        code => panic!("{code:?} for {}", path.display()),
    }
}

#[test]
fn without_a_repository_the_patterns_below_the_root_count() {
    let root = folder();
    write(&root.path().join(".gitignore"), "*.log\n");
    write(&root.path().join("a/b.log"), line(1));
    write(&root.path().join("a/b.rs"), line(2));
    let outcome = scan_tree(&control(1), root.path(), &everything()).expect("the root is there");
    let marks: Vec<(&str, bool)> = outcome.findings.iter().map(|finding| (&*finding.path, finding.ignored)).collect();
    assert_eq!(marks, [("a/b.log", true), ("a/b.rs", false)]);
}

#[test]
fn the_same_with_any_number_of_jobs() {
    let root = folder();
    for n in 0..300 {
        write(&root.path().join(format!("{}/{}/{n}.rs", n % 7, n % 3)), [line(n), line(n + 1000)].concat());
    }
    let scan = |jobs| scan_tree(&control(jobs), root.path(), &everything()).expect("the root is there");
    let first = scan(1);
    assert_eq!(first.findings.len(), 600);
    for jobs in [2, 8] {
        let other = scan(jobs);
        assert_eq!((shown(&other.findings), other.coverage), (shown(&first.findings), first.coverage.clone()));
    }
}

#[test]
fn a_scan_changes_nothing() {
    let root = folder();
    git(root.path(), &["init", "--quiet"]);
    write(&root.path().join(".gitignore"), "*.log\n");
    write(&root.path().join("a.log"), line(1));
    write(&root.path().join("b.rs"), line(2));
    git(root.path(), &["add", "b.rs"]);
    let before = snapshot(root.path());
    let outcome = scan_tree(&control(2), root.path(), &everything()).expect("the root is there");
    assert_eq!(outcome.findings.len(), 2);
    assert!(snapshot(root.path()) == before, "the folder is as it was");
}

/// Fails after some bytes.
struct Breaks<'a>(&'a [u8]);

impl Read for Breaks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::Error::other("it broke off")) } else { self.0.read(buffer) }
    }
}

#[test]
fn streams() {
    let options = StdinOptions { name: "<stdin>".to_owned() };
    let text = ["one\n".to_owned(), line(1)].concat();
    let outcome = scan_reader(&control(1), &mut text.as_bytes(), &options).expect("it can be read");
    assert_eq!(found(&outcome), [("<stdin>".to_owned(), 2)]);
    assert_eq!(
        (outcome.findings[0].locator.source, outcome.coverage.files, outcome.coverage.bytes),
        (Source::Stdin, 1, text.len() as u64)
    );

    let outcome = scan_reader(&control(1), &mut Breaks(text.as_bytes()), &options).expect("some of it can be read");
    assert_eq!(found(&outcome), [("<stdin>".to_owned(), 2)]);
    assert_eq!(gaps(&outcome), [("<stdin>".to_owned(), "unreadable")]);

    let error = scan_reader(&control(1), &mut Breaks(b""), &options).expect_err("nothing can be read");
    assert_eq!(error.kind(), SourceErrorKind::Unreadable);

    let outcome = scan_reader(&control(1), &mut io::empty(), &options).expect("an empty stream is fine");
    assert_eq!((outcome.findings.len(), outcome.coverage.bytes), (0, 0));
}

#[test]
fn the_system_s_own_files_are_read_though_they_say_no_length() {
    let outcome = scan_tree(&control(1), Path::new("/proc/self/status"), &everything()).expect("it is there");
    assert!(outcome.coverage.bytes > 100 && gaps(&outcome).is_empty(), "{:?}", outcome.coverage);
    let names: BTreeSet<String> = found(&outcome).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names.len(), 0);
}

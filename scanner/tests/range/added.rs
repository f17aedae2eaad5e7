//! What the commits of a range add.

use std::sync::atomic::AtomicBool;

use crate::sources::{control, gaps, git, line};
use stanch_model::{ObjectKind, Source};
use stanch_scanner::{Commits, Control, RangeOptions, scan_range};

use super::repo::{Repo, expected, found, in_head};

#[test]
fn each_commit_counts_and_not_only_the_last() {
    let repo = Repo::new();
    let top = repo.path();
    repo.write("old.rs", line(1));
    let base = repo.commit("base");
    repo.write("src/a.rs", ["\n\n".to_owned(), line(2)].concat());
    let first = repo.commit("adds a\n\nwith a body");
    repo.write("src/a.rs", "gone\n");
    repo.write("b.rs", line(3));
    let second = repo.commit("adds b, removes a");
    repo.write("old.rs", ["// moved down\n".to_owned(), line(1)].concat());
    repo.commit("an edit");
    let range = repo.range(&format!("{base}..HEAD"));
    assert_eq!(found(&range), expected(&[("b.rs", 1, &second), ("src/a.rs", 3, &first)]));
    assert_eq!(in_head(&range), [Some(true), Some(false)]);
    assert_eq!((range.outcome.coverage.commits, range.outcome.coverage.files), (3, 4), "{:?}", range.outcome.coverage);
    assert_eq!((gaps(&range.outcome), range.base.as_ref()), (vec![], Some(&base)));

    let finding = &range.outcome.findings[1];
    let place = finding.git.as_ref().expect("it is in history");
    let blob = git(top, &["rev-parse", &format!("{first}:src/a.rs")]).trim().to_owned();
    assert_eq!((place.object, &place.blob, place.reachable), (ObjectKind::Blob, &blob, Some(true)));
    assert_eq!((finding.locator.source, finding.locator.blob.as_ref()), (Source::Object, Some(&blob)));
    assert_eq!(finding.locator.root.as_deref(), top.to_str());
    let told = git(top, &["log", "-1", "--format=%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%s", &first]);
    let own = [&place.author, &place.email, &place.date, &place.committer, &place.committer_email, &place.committed];
    let own: Vec<&str> = own.into_iter().chain([&place.subject]).map(|field| field.as_deref().unwrap_or("")).collect();
    assert_eq!(own, told.lines().collect::<Vec<_>>(), "as git tells it");
    let column = "github_token = \"".len() as u64 + 1;
    assert_eq!((finding.location.column, finding.location.end_line), (column, 3));
    let bytes = git(top, &["cat-file", "blob", &blob]);
    let secret = &bytes[finding.locator.start as usize..finding.locator.end as usize];
    assert!(line(2).contains(secret) && secret.len() == 40);

    assert_eq!(found(&repo.range(&format!("{second}..HEAD"))), []);
    assert_eq!(found(&repo.range(&format!("{base}..{first}"))), expected(&[("src/a.rs", 3, &first)]));
    assert_eq!(found(&repo.range("HEAD~2..")), expected(&[("b.rs", 1, &second)]), "an empty side is HEAD");
    let back = repo.range("..main~3");
    assert_eq!((found(&back), back.outcome.coverage.commits), (vec![], 0));
}

#[test]
fn one_line_for_a_credential_at_a_path() {
    let repo = Repo::new();
    repo.write("a.rs", line(1));
    let first = repo.commit("adds it");
    repo.write("a.rs", ["\n".to_owned(), line(1), line(2)].concat());
    let second = repo.commit("another");
    repo.write("a.rs", "");
    repo.commit("removes both");
    repo.git(&["revert", "--no-edit", "HEAD"]);
    repo.write("b.rs", line(1));
    let copied = repo.commit("copies it");
    let range = repo.range("HEAD~5..HEAD");
    assert_eq!(found(&range), expected(&[("a.rs", 1, &first), ("a.rs", 3, &second), ("b.rs", 1, &copied)]));
    assert_eq!(in_head(&range), [Some(true); 3]);
    // What stood there before the range and comes back in it is added by it.
    let range = repo.range(&format!("{second}..HEAD~1"));
    let reverted = repo.git(&["rev-parse", "HEAD~1"]);
    assert_eq!(found(&range), expected(&[("a.rs", 2, &reverted), ("a.rs", 3, &reverted)]));
}

#[test]
fn what_moves_is_not_new() {
    let repo = Repo::new();
    repo.write("a.rs", ["fn a() {}\n".repeat(5), line(1)].concat());
    repo.write("b.rs", line(2));
    repo.commit("base");
    repo.git(&["mv", "a.rs", "c.rs"]);
    repo.commit("a rename");
    repo.write("b.rs", "");
    repo.write("deep/d.rs", ["fn d() {}\n".to_owned(), line(2)].concat());
    repo.commit("moved");
    repo.write("e.rs", line(2));
    let copied = repo.commit("copied");
    assert_eq!(found(&repo.range("HEAD~3..HEAD")), expected(&[("e.rs", 1, &copied)]));
}

#[test]
fn a_merge_adds_only_its_own() {
    let repo = Repo::new();
    repo.write("shared.rs", "fn shared() {}\n");
    let base = repo.commit("base");
    repo.checkout("topic", "HEAD");
    repo.write("topic.rs", line(1));
    repo.write("shared.rs", line(2));
    let topic = repo.commit("topic");
    repo.checkout("main", &base);
    repo.write("main.rs", line(3));
    repo.write("shared.rs", line(4));
    let main = repo.commit("main");
    let merge = repo.merge(&["topic"], "an evil merge", || {
        repo.write("topic.rs", line(1));
        repo.write("shared.rs", [line(4), line(2), line(5)].concat());
        repo.write("evil.rs", line(6));
    });
    let range = repo.range(&format!("{base}..HEAD"));
    let all = [
        ("evil.rs", 1, &merge),
        ("main.rs", 1, &main),
        ("shared.rs", 1, &topic),
        ("shared.rs", 1, &main),
        ("shared.rs", 3, &merge),
        ("topic.rs", 1, &topic),
    ];
    let mut places = found(&range);
    places.sort();
    let mut all = expected(&all);
    all.sort();
    assert_eq!((places, range.outcome.coverage.commits), (all, 3));
    // The topic was merged, so its commits are no part of what the merge adds over it.
    let range = repo.range("topic..HEAD^{commit}");
    assert_eq!(range.outcome.coverage.commits, 2);
    assert_eq!(
        found(&range),
        expected(&[("evil.rs", 1, &merge), ("main.rs", 1, &main), ("shared.rs", 1, &main), ("shared.rs", 3, &merge)])
    );
    let reverse = repo.range(&format!("{main}..HEAD"));
    assert_eq!(reverse.outcome.coverage.commits, 2);
}

#[test]
fn a_merge_that_renames_what_the_other_side_changed() {
    let repo = Repo::new();
    let body = "fn a() {}\n".repeat(30);
    repo.write("a.rs", &body);
    let base = repo.commit("base");
    repo.checkout("topic", "HEAD");
    repo.write("a.rs", [body.clone(), line(1)].concat());
    let topic = repo.commit("adds to a");
    repo.checkout("main", &base);
    repo.git(&["mv", "a.rs", "b.rs"]);
    repo.write("b.rs", ["// b\n", &body].concat());
    repo.commit("a is b");
    repo.dated(&["merge", "--quiet", "--no-edit", "topic"]);
    assert!(repo.git(&["show", "HEAD:b.rs"]).contains(line(1).trim()), "git has followed the rename");
    assert_eq!(found(&repo.range(&format!("{base}..HEAD"))), expected(&[("a.rs", 1 + 30, &topic)]));
    assert_eq!(found(&repo.range("topic..HEAD")), []);
}

#[test]
fn an_octopus() {
    let repo = Repo::new();
    let base = repo.commit("base");
    for n in 0..4_u64 {
        repo.checkout(&format!("arm{n}"), &base);
        repo.write(&format!("arm{n}.rs"), line(n));
        repo.write("all.rs", line(10 + n));
        repo.commit("an arm");
    }
    repo.checkout("main", "arm0");
    let merge = repo.merge(&["arm1", "arm2", "arm3"], "all arms", || {
        for n in 1..4_u64 {
            repo.write(&format!("arm{n}.rs"), line(n));
        }
        repo.write("all.rs", [line(10), line(11), line(12), line(13), line(14)].concat());
    });
    assert_eq!(repo.git(&["rev-list", "--parents", "-1", "HEAD"]).split(' ').count(), 5);
    let of_merge: Vec<_> = found(&repo.range("arm0..main")).into_iter().filter(|place| place.2 == merge).collect();
    assert_eq!(of_merge, expected(&[("all.rs", 5, &merge)]));
    let range = repo.range(&format!("{base}..main"));
    assert_eq!((crate::sources::found(&range.outcome).len(), range.outcome.coverage.commits), (9, 5));
}

#[test]
fn messages_and_tags() {
    let repo = Repo::new();
    let base = repo.git(&["rev-parse", "HEAD"]);
    let commit = repo.commit(&format!("a subject\n\nwith\n{}", line(1)));
    repo.dated(&["tag", "--annotate", "--message", &format!("one\n\n{}", line(2)), "v1"]);
    repo.dated(&["tag", "--annotate", "--message", &line(3), "v1-signed", "v1"]);
    let (tag, signed) = (repo.git(&["rev-parse", "v1"]), repo.git(&["rev-parse", "v1-signed"]));
    let message = format!("commit/{commit}");
    let range = repo.range(&format!("{base}..HEAD"));
    assert_eq!(found(&range), expected(&[(&message, 4, &commit)]));
    let range = repo.range(&format!("{base}..v1-signed"));
    let mut all = vec![(format!("tag/{tag}"), 3, String::new()), (format!("tag/{signed}"), 1, String::new())];
    all.sort();
    all.insert(0, (message, 4, commit.clone()));
    assert_eq!(found(&range), all);
    for finding in &range.outcome.findings {
        let place = finding.git.as_ref().expect("it is in an object");
        let kind = if place.object == ObjectKind::Tag { "tag" } else { "commit" };
        let raw = git(repo.path(), &["cat-file", kind, &place.blob]);
        let secret = &raw[finding.locator.start as usize..finding.locator.end as usize];
        assert!(secret.starts_with("ghp_") && secret.len() == 40);
        assert_eq!((place.author.as_deref(), finding.in_head), (Some("A Tester"), None));
        assert_eq!(place.date.as_ref().map(|date| &date[19..]), Some("+01:00"));
    }
}

#[test]
fn many_commits_over_many_threads() {
    let repo = Repo::new();
    let base = repo.git(&["rev-parse", "HEAD"]);
    for n in 0..60_u64 {
        repo.write(&format!("{}.rs", n % 7), [line(n), line(n % 11)].concat());
        if n == 30 {
            for file in 0..1500 {
                repo.write(
                    &format!("many/{file}"),
                    if file % 100 == 0 { line(1000 + file) } else { format!("{file}\n") },
                );
            }
        }
        repo.commit(&format!("commit {n}\n\n{}", line(500 + n)));
    }
    let scan = |jobs| {
        let options = RangeOptions { commits: Commits::Between(format!("{base}..HEAD")) };
        let range = scan_range(&control(jobs), repo.path(), &options).expect("it can be scanned");
        (found(&range), in_head(&range), range.outcome.coverage)
    };
    let one = scan(1);
    assert_eq!((one.2.commits, one.2.notes.len(), one.0.len() > 130), (60, 0, true));
    for jobs in [2, 8] {
        assert!(scan(jobs) == one, "the same with {jobs} jobs");
    }
}

#[test]
fn a_scan_that_is_stopped() {
    let repo = Repo::new();
    repo.write("a.rs", line(1));
    repo.commit("leak");
    let stop = AtomicBool::new(true);
    let options = RangeOptions { commits: Commits::Between("HEAD~1..HEAD".to_owned()) };
    let range = scan_range(&Control { stop: &stop, ..control(2) }, repo.path(), &options).expect("it ends in peace");
    assert!(range.outcome.coverage.interrupted);
    assert_eq!(range.outcome.findings.len(), 0);
}

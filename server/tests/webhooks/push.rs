//! From a push to an incident, over repositories that git made.

use serde_json::json;

use crate::bench::{Bench, NONE, minted, push};

fn token_file(token: &str) -> String {
    format!("name = shop\nGITHUB_TOKEN={token}\n")
}

#[test]
fn a_pushed_key_is_an_incident_with_all_that_is_known() {
    let bench = Bench::new();
    let before = bench.head();
    let token = minted(1);
    let after = bench.push("deploy/eu.env", &token_file(&token), "main");
    assert_eq!(bench.github("push", "1", &push(&before, &after, "refs/heads/main")).status, 202);
    bench.settle();
    let incidents = bench.incidents();
    let [incident] = incidents.as_slice() else { panic!("{incidents:?}") };
    assert_eq!((incident.rule.as_str(), incident.provider.as_str()), ("github.personal-access-token", "github"));
    assert_eq!(incident.exposure.as_str(), "public");
    assert_eq!(incident.labels.get("repository").map(String::as_str), Some("acme/shop"));
    assert_eq!(incident.labels.get("environment").map(String::as_str), Some("production"));
    assert_eq!(incident.labels.get("in-tests"), None);
    let [place] = incident.occurrences.as_slice() else { panic!("{:?}", incident.occurrences) };
    assert!(place.source.ends_with("/forge/acme/shop"), "{}", place.source);
    assert_eq!((place.place.as_str(), place.commit.as_deref()), ("deploy/eu.env:2", Some(after.as_str())));
    assert_eq!(place.author.as_deref(), Some("A Tester <tester@example.com>"));
    assert_eq!((incident.owner.name.as_str(), incident.owner.found_by.as_str()), ("tester@example.com", "author"));
    assert!(incident.times.exposed.is_some());
}

#[test]
fn whom_the_repository_names_answers_for_it_and_not_whom_the_push_brings() {
    let bench = Bench::new();
    bench.push(".github/CODEOWNERS", "* @acme/all\n/deploy/ @acme/ops ops@example.com\n", "main");
    let before = bench.head();
    bench.push(".github/CODEOWNERS", "* @mallory\n", "main");
    bench.push("other.env", &token_file(&minted(20)), "main");
    let after = bench.push("deploy/eu.env", &token_file(&minted(21)), "main");
    assert_eq!(bench.github("push", "1", &push(&before, &after, "refs/heads/main")).status, 202);
    bench.settle();
    let mut owners: Vec<(String, String, String)> = bench
        .incidents()
        .into_iter()
        .map(|incident| (incident.occurrences[0].place.clone(), incident.owner.name, incident.owner.found_by))
        .collect();
    owners.sort();
    let by = |place: &str, name: &str| (place.to_owned(), name.to_owned(), "codeowners".to_owned());
    assert_eq!(owners, [by("deploy/eu.env:2", "@acme/ops ops@example.com"), by("other.env:2", "@acme/all")]);
}

#[test]
fn the_same_place_told_twice_is_one_place() {
    let bench = Bench::new();
    let before = bench.head();
    let after = bench.push("a.env", &token_file(&minted(2)), "topic");
    bench.github("push", "1", &push(&before, &after, "refs/heads/topic"));
    let repository = push(&before, &after, "x")["repository"].clone();
    let request = json!({
        "action": "opened",
        "repository": repository,
        "pull_request": {
            "number": 1, "commits": 1, "updated_at": "2099-01-01T00:00:00Z",
            "base": { "sha": before, "ref": "main" }, "head": { "sha": after },
        },
    });
    assert_eq!(bench.github("pull_request", "2", &request).status, 202);
    bench.settle();
    let incidents = bench.incidents();
    assert_eq!(incidents.iter().map(|incident| incident.occurrences.len()).collect::<Vec<_>>(), [1]);
    assert_eq!(bench.depth(), (0, 0));
}

#[test]
fn a_new_branch_is_held_against_the_default_one() {
    let bench = Bench::new();
    bench.push("old.env", &token_file(&minted(3)), "main");
    let new = bench.push("new.env", &token_file(&minted(4)), "topic");
    bench.github("push", "1", &push(NONE, &new, "refs/heads/topic"));
    bench.settle();
    let places: Vec<String> = bench.incidents().iter().map(|incident| incident.occurrences[0].place.clone()).collect();
    assert_eq!(places, ["new.env:2"], "what the default branch has came by another push");
}

#[test]
fn a_new_default_branch_is_scanned_whole_and_tests_are_labelled() {
    let bench = Bench::new();
    bench.push("tests/fixtures/one.env", &token_file(&minted(5)), "main");
    let head = bench.push("two.env", &token_file(&minted(6)), "main");
    bench.github("push", "1", &push(NONE, &head, "refs/heads/main"));
    bench.settle();
    let mut found: Vec<(String, bool)> = bench
        .incidents()
        .iter()
        .map(|incident| (incident.occurrences[0].place.clone(), incident.labels.contains_key("in-tests")))
        .collect();
    found.sort();
    assert_eq!(found, [("tests/fixtures/one.env:2".to_owned(), true), ("two.env:2".to_owned(), false)]);
}

#[test]
fn a_forced_push_brings_what_the_branch_lacked() {
    let bench = Bench::new();
    let root = bench.head();
    let first = bench.push("one.env", &token_file(&minted(7)), "main");
    bench.github("push", "1", &push(&root, &first, "refs/heads/main"));
    bench.settle();
    bench.sandbox.git(&["reset", "--quiet", "--hard", &root]);
    let second = bench.push("two.env", &token_file(&minted(8)), "main");
    bench.github("push", "2", &push(&first, &second, "refs/heads/main"));
    bench.settle();
    let mut places: Vec<String> = bench
        .incidents()
        .iter()
        .flat_map(|incident| incident.occurrences.iter().map(|place| place.place.clone()))
        .collect();
    places.sort();
    assert_eq!(places, ["one.env:2", "two.env:2"]);
}

#[test]
fn a_forced_push_whose_base_is_gone_is_held_against_everything() {
    let bench = Bench::new();
    let after = bench.push("one.env", &token_file(&minted(9)), "main");
    bench.github("push", "1", &push("dddddddddddddddddddddddddddddddddddddddd", &after, "refs/heads/main"));
    bench.settle();
    assert_eq!(bench.incidents().len(), 1);
    assert_eq!(bench.depth(), (0, 0));
}

#[test]
fn a_tag_is_scanned_with_its_message() {
    let bench = Bench::new();
    bench.sandbox.git(&["tag", "--annotate", "v1", "--message", &format!("token = \"{}\"", minted(10))]);
    bench.sandbox.git(&["push", "--quiet", "origin", "v1"]);
    let tag = bench.sandbox.git(&["rev-parse", "v1"]).trim().to_owned();
    bench.github("push", "1", &push(NONE, &tag, "refs/tags/v1"));
    bench.settle();
    assert_eq!(bench.depth(), (0, 0));
    assert_eq!(
        bench.incidents().iter().map(|incident| incident.occurrences[0].place.clone()).collect::<Vec<_>>(),
        [format!("tag/{tag}:1")]
    );
}

#[test]
fn a_repository_that_cannot_be_had_is_tried_again() {
    let bench = Bench::new();
    let mut payload = push(&bench.head(), "cccccccccccccccccccccccccccccccccccccccc", "refs/heads/nowhere");
    payload["repository"]["full_name"] = json!("acme/other");
    assert_eq!(bench.github("push", "1", &payload).status, 202);
    bench.settle();
    assert_eq!(bench.depth(), (1, 0), "it waits for its next attempt");
}

#[test]
fn an_attempt_that_ended_after_its_half_loses_nothing_and_doubles_nothing() {
    let bench = Bench::new();
    let before = bench.head();
    let after = bench.push("a.env", &token_file(&minted(12)), "main");
    bench.github("push", "1", &push(&before, &after, "refs/heads/main"));
    // The job is taken by a process that ends: its lease is over, and the next one begins anew.
    let actor = stanch_pipeline::store::Actor { host: "here".to_owned(), pid: 9, started: 9 };
    let now = jiff::Timestamp::now();
    let taken = crate::bench::run(bench.store.take("intake", &actor, now, std::time::Duration::ZERO, 1));
    assert_eq!(taken.map(|jobs| jobs.len()).ok(), Some(1));
    bench.settle();
    bench.settle();
    assert_eq!((bench.incidents().len(), bench.depth()), (1, (0, 0)));
}

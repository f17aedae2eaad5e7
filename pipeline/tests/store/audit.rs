//! The log as a proof: whoever changes it behind the store's back is found.

use std::path::Path;

use stanch_pipeline::audit::chain::{Break, Defect};
use stanch_pipeline::audit::{Anchor, AuditEvent, Fault, Format, Head, Report, SigningKey, export, verify};
use stanch_pipeline::store::{Options, Store};
use stanch_pipeline::{Ending, Event};

use crate::bench::{Ground, LEASE, actor, at, detected, must, noted, occurrence, on_both, open, options, signing};

/// Eight lines: an incident from its detection to its end, and two about the installation.
async fn fill(store: &Store) {
    must(store.record(&AuditEvent::Started { version: "1".to_owned() }, "setup", at(0)).await);
    let (id, _) = must(store.detect(&detected("f"), &[occurrence(1), occurrence(2)], None, at(1), "scan").await);
    let claim = must(store.claim_one(&id, &actor(1), at(2), LEASE).await).unwrap_or_else(|| panic!("it is free"));
    must(store.append(&claim, "engine", &[noted("x"), noted("y")], at(3), &[]).await);
    must(store.append(&claim, "engine", &[Event::Closed { ending: Ending::Killed }], at(4), &[]).await);
    must(store.record(&AuditEvent::Exported { what: "all".to_owned() }, "ann", at(5)).await);
}

async fn check(store: &Store, anchors: &[Anchor]) -> Report {
    must(verify(store, anchors).await)
}

fn broken(seq: u64, defect: Defect) -> Vec<Fault> {
    vec![Fault::Line(Break { seq, defect })]
}

#[test]
fn an_honest_log_is_sound_and_so_are_its_anchors() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        assert_eq!(check(&store, &[]).await, Report::default());
        assert_eq!(must(Anchor::take(&store, "ann", at(0)).await), None);
        fill(&store).await;
        let anchor = must(Anchor::take(&store, "ann", at(6)).await).unwrap_or_else(|| panic!("there is a head"));
        let kept: Anchor = must(anchor.to_string().parse());
        assert_eq!(kept, anchor);
        must(store.record(&AuditEvent::Noted { text: "more".to_owned() }, "ann", at(7)).await);
        let report = check(&store, &[kept]).await;
        assert_eq!(report, Report { lines: 10, anchors: 1, faults: Vec::new() });
    });
}

#[test]
fn the_database_itself_refuses_changes_of_the_log() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        fill(&store).await;
        for sql in ["UPDATE log SET actor = 'x' WHERE seq = 2", "DELETE FROM log WHERE seq = 2", "DELETE FROM log"] {
            let refused = ground.try_to(sql);
            assert!(refused.as_ref().is_err_and(|error| error.contains("only ever added to")), "{sql}: {refused:?}");
        }
        assert!(check(&store, &[]).await.is_sound());
    });
}

#[test]
fn every_column_of_every_line_is_covered() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        fill(&store).await;
        ground.disarm();
        let zeros = ground.bytes(&[0; 32]);
        for seq in [1, 4, 8] {
            for (column, value) in [
                ("id", "'other'"),
                ("at", "at + 1"),
                ("actor", "actor || ' '"),
                ("incident", "CASE WHEN incident IS NULL THEN '' ELSE NULL END"),
                ("event", "replace(event, '\"', '''')"),
                ("hash", zeros.as_str()),
            ] {
                ground.meddle("DROP TABLE IF EXISTS kept");
                ground.meddle(&format!("CREATE TABLE kept AS SELECT * FROM log WHERE seq = {seq}"));
                ground.meddle(&format!("UPDATE log SET {column} = {value} WHERE seq = {seq}"));
                assert_eq!(check(&store, &[]).await.faults, broken(seq, Defect::Changed), "{column} of {seq}");
                ground.meddle(&format!("UPDATE log SET {column} = (SELECT {column} FROM kept) WHERE seq = {seq}"));
            }
        }
        assert!(check(&store, &[]).await.is_sound());
    });
}

#[test]
fn what_is_gone_moved_or_cut_is_found_where_it_was() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        fill(&store).await;
        let anchor = must(store.head().await).map_or_else(|| panic!("there is a head"), Anchor);
        ground.disarm();
        ground.meddle("CREATE TABLE kept AS SELECT * FROM log");
        let restore = "DELETE FROM log; INSERT INTO log SELECT * FROM kept";
        for seq in 1..8_u64 {
            ground.meddle(&format!("DELETE FROM log WHERE seq = {seq}"));
            assert_eq!(check(&store, &[]).await.faults, broken(seq, Defect::Deleted { lines: 1 }));
            ground.meddle(restore);
        }
        ground.meddle("UPDATE log SET seq = 99 WHERE seq = 3; UPDATE log SET seq = 3 WHERE seq = 6; UPDATE log SET seq = 6 WHERE seq = 99");
        assert_eq!(check(&store, &[]).await.faults, broken(3, Defect::Moved { from: 6 }));
        ground.meddle(restore);
        for last in 0..8_u64 {
            ground.meddle(&format!("DELETE FROM log WHERE seq > {last}"));
            let cut = Fault::Cut { last, head: 8 };
            assert_eq!(check(&store, &[]).await.faults, std::slice::from_ref(&cut));
            let since = Fault::CutSinceAnchor { last, anchor: 8 };
            assert_eq!(check(&store, std::slice::from_ref(&anchor)).await.faults, [cut, since]);
            ground.meddle(restore);
        }
        assert!(check(&store, &[anchor]).await.is_sound());
    });
}

#[test]
fn a_tail_that_was_cut_with_an_older_head_is_found_by_an_anchor_only() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        must(store.record(&AuditEvent::Started { version: "1".to_owned() }, "setup", at(0)).await);
        ground.meddle("CREATE TABLE kept AS SELECT * FROM head");
        must(store.record(&AuditEvent::Noted { text: "bad".to_owned() }, "ann", at(1)).await);
        let anchor = must(store.head().await).map_or_else(|| panic!("there is a head"), Anchor);
        ground.disarm();
        ground.meddle("DELETE FROM log WHERE seq = 2; DELETE FROM head; INSERT INTO head SELECT * FROM kept");
        assert!(check(&store, &[]).await.is_sound(), "nothing in the database tells");
        assert_eq!(check(&store, &[anchor]).await.faults, [Fault::CutSinceAnchor { last: 1, anchor: 2 }]);
    });
}

#[test]
fn heads_that_nobody_trusted_signed_are_found() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        fill(&store).await;
        let head = must(store.head().await).unwrap_or_else(|| panic!("there is a head"));
        let set = |head: &Head| {
            let (key, signature) = (ground.bytes(head.key.as_bytes()), ground.bytes(&head.signature));
            ground.meddle(&format!("UPDATE head SET key = {key}, signature = {signature}"));
        };
        let stranger = signing(9);
        set(&Head::sign(&stranger, head.seq, head.hash, must(jiff::Timestamp::from_millisecond(head.at))));
        assert_eq!(check(&store, &[]).await.faults, [Fault::Stranger { seq: 8, key: stranger.public() }]);
        let trusting = Options { trusted: vec![stranger.public()], ..options(ground.place()) };
        assert!(check(&must(Store::open(trusting).await), &[]).await.is_sound(), "unless it is trusted");
        set(&Head { signature: [7; 64], ..head.clone() });
        assert_eq!(check(&store, &[]).await.faults, [Fault::Forged { seq: 8 }]);
        ground.meddle("DELETE FROM head");
        assert_eq!(check(&store, &[]).await.faults, [Fault::NoHead]);
    });
}

/// The place of a store that somebody wrote from the beginning, with all rights and a key of their own.
async fn forged(dir: &Path, key: SigningKey) -> Store {
    let place = stanch_pipeline::store::Place::Sqlite(dir.join("forged.db"));
    must(Store::open(Options::new(place, crate::bench::key(1), key)).await)
}

#[test]
fn a_log_that_was_written_anew_is_found_by_an_anchor_even_if_its_key_is_trusted() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        fill(&store).await;
        let anchor = must(Anchor::take(&store, "ann", at(6)).await).unwrap_or_else(|| panic!("there is a head"));
        let dir = must(tempfile::tempdir());
        let anew = forged(dir.path(), signing(1)).await;
        must(anew.record(&AuditEvent::Started { version: "2".to_owned() }, "setup", at(0)).await);
        fill(&anew).await;
        assert!(check(&anew, &[]).await.is_sound(), "with the key everything can be written");
        let report = check(&anew, std::slice::from_ref(&anchor)).await;
        assert_eq!(report.faults, [Fault::RewrittenSinceAnchor { seq: 8 }]);
        let Anchor(mut head) = anchor;
        head.seq += 1;
        assert_eq!(check(&store, &[Anchor(head)]).await.faults, [Fault::BadAnchor { seq: 9 }]);
    });
}

#[test]
fn the_log_is_given_to_other_programs() {
    on_both(async |ground: &Ground| {
        let store = open(&ground.place()).await;
        fill(&store).await;
        let (lines, last) = must(export(&store, Format::Json, 0, 100).await);
        assert_eq!((lines.len(), last), (8, 8));
        for (text, line) in lines.iter().zip(must(store.lines(0, 100).await)) {
            let value: serde_json::Value = must(serde_json::from_str(text));
            assert!(text.ends_with(&format!("\"event\":{}}}", line.event)), "byte for byte");
            assert_eq!(value["hash"].as_str().map(str::len), Some(64));
        }
        let (lines, last) = must(export(&store, Format::Ocsf, 0, 3).await);
        let (rest, end) = must(export(&store, Format::Ocsf, last, 100).await);
        assert_eq!(end, 8);
        let events: Vec<serde_json::Value> =
            lines.iter().chain(&rest).map(|text| must(serde_json::from_str(text))).collect();
        let types: Vec<u64> = events.iter().filter_map(|event| event["type_uid"].as_u64()).collect();
        assert_eq!(types, [600_399, 200_501, 200_502, 200_502, 200_502, 200_502, 200_503, 600_302]);
        for event in &events {
            for field in ["category_uid", "class_uid", "activity_id", "severity_id", "time"] {
                assert!(event[field].is_u64(), "{field}: {event}");
            }
            assert_eq!(event["metadata"]["version"], "1.3.0");
            let class = event["class_uid"].as_u64();
            let needed: &[&str] = if class == Some(2005) {
                &["finding_info_list", "status_id", "assignee"]
            } else {
                &["api", "actor", "src_endpoint"]
            };
            assert!(needed.iter().all(|field| !event[*field].is_null()), "{event}");
        }
        assert_eq!(events[1]["severity_id"], 4);
        assert_eq!(events[6]["status_id"], 5);
    });
}

/// Writes the last line anew, as somebody would who can write to the database and has no key that is trusted.
async fn rewrite_the_end(ground: &Ground, store: &Store) {
    let lines = must(store.lines(0, 100).await);
    let mut line = lines.last().cloned().unwrap_or_else(|| panic!("there are lines"));
    line.event = line.event.replace("all", "ill");
    line.hash = line.digest();
    let head = Head::sign(&signing(9), line.seq, line.hash, must(jiff::Timestamp::from_millisecond(line.at)));
    let (key, signature, hash) =
        (ground.bytes(head.key.as_bytes()), ground.bytes(&head.signature), ground.bytes(&line.hash));
    ground.meddle(&format!("UPDATE log SET event = '{}', hash = {hash} WHERE seq = {}", line.event, line.seq));
    ground.meddle(&format!("UPDATE head SET hash = {hash}, key = {key}, signature = {signature}"));
}

#[test]
fn an_honest_line_vouches_for_no_rewritten_log() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        fill(&store).await;
        ground.disarm();
        rewrite_the_end(ground, &store).await;
        assert_eq!(check(&store, &[]).await.faults, [Fault::Stranger { seq: 8, key: signing(9).public() }]);
        // Another process, which remembers nothing, and the one that wrote the line before.
        for (store, last) in [(&open(&ground.place()).await, 10), (&store, 11)] {
            must(store.record(&AuditEvent::Noted { text: "honest".to_owned() }, "ann", at(9)).await);
            assert_eq!(
                must(store.head().await).map(|head| head.seq),
                Some(last),
                "it is said once, and nobody is stopped"
            );
            assert_eq!(check(store, &[]).await.faults, [Fault::Doubted { seq: 9 }]);
        }
        let trusting = Options { trusted: vec![signing(9).public()], ..options(ground.place()) };
        assert!(
            check(&must(Store::open(trusting).await), &[]).await.is_sound(),
            "unless that key is trusted after all"
        );
    });
}

#[test]
fn a_log_that_goes_back_while_somebody_writes_is_said_by_the_next_line() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        must(store.record(&AuditEvent::Started { version: "1".to_owned() }, "setup", at(0)).await);
        ground.meddle("CREATE TABLE kept AS SELECT * FROM head");
        must(store.record(&AuditEvent::Noted { text: "bad".to_owned() }, "ann", at(1)).await);
        ground.disarm();
        ground.meddle("DELETE FROM log WHERE seq = 2; DELETE FROM head; INSERT INTO head SELECT * FROM kept");
        must(store.record(&AuditEvent::Noted { text: "more".to_owned() }, "ann", at(2)).await);
        assert_eq!(check(&store, &[]).await.faults, [Fault::Doubted { seq: 2 }]);
    });
}

#[test]
fn servers_that_know_each_others_keys_doubt_nothing() {
    on_both(async |ground| {
        let with = |own: u8, other: u8| Options {
            signing: signing(own),
            trusted: vec![signing(other).public()],
            ..options(ground.place())
        };
        let (one, two) = (must(Store::open(with(1, 2)).await), must(Store::open(with(2, 1)).await));
        for second in 0..3 {
            for store in [&one, &two] {
                must(store.record(&AuditEvent::Noted { text: "x".to_owned() }, "ann", at(second)).await);
            }
        }
        assert_eq!(check(&one, &[]).await, Report { lines: 6, anchors: 0, faults: Vec::new() });
        assert!(check(&two, &[]).await.is_sound());
    });
}

#[test]
fn what_is_shown_of_an_incident_is_held_against_its_lines() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        fill(&store).await;
        let (id, _) = must(store.detect(&detected("g"), &[occurrence(1)], None, at(6), "scan").await);
        assert!(check(&store, &[]).await.is_sound());
        ground.meddle("UPDATE incidents SET document = replace(document, 'team-a', 'team-z') WHERE fingerprint = 'g'");
        assert_eq!(check(&store, &[]).await.faults, [Fault::Differing { incident: id.clone() }]);
        ground.meddle("UPDATE incidents SET document = 'no document' WHERE fingerprint = 'g'");
        assert_eq!(check(&store, &[]).await.faults, [Fault::Differing { incident: id }]);
    });
}

#[test]
fn lines_before_the_first_are_found_and_count_for_nothing() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        fill(&store).await;
        let id = must(store.incident_of("f").await).map_or_else(|| panic!("an incident"), |incident| incident.id);
        let before = must(store.export(&id).await);
        for seq in [0, -7] {
            ground.meddle(&format!(
                "INSERT INTO log (seq, id, at, actor, incident, event, prev, hash)
                 SELECT {seq}, 'forged {seq}', at, actor, incident, event, prev, hash FROM log WHERE seq = 5"
            ));
        }
        assert_eq!(check(&store, &[]).await.faults, [Fault::Before { seq: -7 }]);
        assert_eq!(must(store.export(&id).await), before, "nobody folds them");
        assert_eq!(must(store.lines(u64::MAX, 100).await), [], "no place leads behind the first");
    });
}

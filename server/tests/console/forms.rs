//! Forms are taken from pages of ours, by whoever may send them, and from nobody else.

use stanch_pipeline::State;
use stanch_testkit::Browser;

use crate::stage::{Stage, must};

/// The cookie and the proof of whoever is signed in.
fn session(stage: &Stage, browser: &Browser) -> (String, String) {
    browser.goto(&stage.at("/console/policies"));
    let cookies = browser.cookies();
    let value = cookies.iter().find(|cookie| cookie["name"] == "stanch_session").map(|cookie| cookie["value"].clone());
    let value = value.unwrap_or_default();
    let proof = browser.run("return document.querySelector('input[name=csrf]').value");
    (format!("stanch_session={}", value.as_str().unwrap_or_default()), proof.as_str().unwrap_or_default().to_owned())
}

fn state(stage: &Stage) -> (State, usize) {
    let incident = must(Stage::ask(stage.store.incident(&stage.story.waiting)), "the incident");
    (incident.state, incident.approvals.len())
}

#[test]
fn a_form_without_the_proof_of_its_session_is_not_taken() {
    let stage = Stage::start();
    let (browser, other) = (stage.approver(), stage.approver());
    let ((cookie, proof), (_, foreign)) = (session(&stage, &browser), session(&stage, &other));
    let incident = must(Stage::ask(stage.store.incident(&stage.story.waiting)), "the incident");
    let digest = incident.plan.map(|(digest, _)| digest).unwrap_or_default();
    let path = format!("{}/approve", Stage::page_of(&stage.story.waiting));
    let send =
        |headers: &[(&str, &str)], csrf: &str| stage.send("POST", &path, headers, &format!("digest={digest}{csrf}"));

    let origin = format!("http://{}", stage.address);
    let mine = format!("&csrf={proof}");
    assert_eq!(send(&[("Cookie", &cookie)], "").0, 403, "no proof");
    assert_eq!(send(&[("Cookie", &cookie)], "&csrf=").0, 403, "an empty proof");
    assert_eq!(send(&[("Cookie", &cookie)], &format!("&csrf={foreign}")).0, 403, "the proof of another session");
    assert_eq!(
        send(&[("Cookie", &cookie), ("Origin", "https://evil.example")], &mine).0,
        403,
        "a page of another site"
    );
    assert_eq!(send(&[("Cookie", &cookie), ("Sec-Fetch-Site", "cross-site")], &mine).0, 403, "the browser says so");
    assert_eq!(send(&[], &mine).0, 303, "nobody");
    assert_eq!(state(&stage), (State::Waiting, 0), "nothing was done");
    assert_eq!(send(&[("Cookie", &cookie), ("Origin", &origin), ("Sec-Fetch-Site", "same-origin")], &mine).0, 303);
    assert_eq!(state(&stage), (State::Waiting, 1), "the same with the proof is taken");
}

#[test]
fn a_page_of_another_site_cannot_send_a_form() {
    let stage = Stage::start();
    let browser = stage.approver();
    let (_, proof) = session(&stage, &browser);
    // Even with the right proof: the cookie is not sent along.
    browser.goto("data:text/html,<title>evil</title><body>");
    let action = stage.at(&format!("{}/deny", Stage::page_of(&stage.story.waiting)));
    browser.run(&format!(
        "document.body.innerHTML = `<form method=post action='{action}'><input name=csrf value='{proof}'>\
         <input name=why value=evil></form>`; document.forms[0].submit()"
    ));
    browser.arrives("/console/sign-in");
    assert_eq!(state(&stage), (State::Waiting, 0), "nothing was done");
}

#[test]
fn signing_in_needs_the_page_on_which_one_signs_in() {
    let stage = Stage::start();
    let token = stage.approver_token();
    let send = |headers: &[(&str, &str)], csrf: &str| {
        stage.send("POST", "/console/sign-in", headers, &format!("token={token}&csrf={csrf}"))
    };
    assert_eq!(send(&[], "a").0, 403, "no cookie of the page");
    assert_eq!(send(&[("Cookie", "stanch_gate=")], "").0, 403, "an empty one");
    assert_eq!(send(&[("Cookie", "stanch_gate=a")], "b").0, 403, "another one");
    assert_eq!(send(&[("Cookie", "stanch_gate=a"), ("Origin", "https://evil.example")], "a").0, 403, "another site");
    let (status, head, _) = send(&[("Cookie", "stanch_gate=a")], "a");
    assert_eq!(status, 303);
    assert!(head.contains("stanch_session=session_") && head.contains("HttpOnly; SameSite=Strict"), "{head}");
}

/// The cookie of a session that a token opens, without a browser.
fn signed_in(stage: &Stage, token: &str) -> String {
    let form = format!("token={token}&csrf=a");
    let (_, head, _) = stage.send("POST", "/console/sign-in", &[("Cookie", "stanch_gate=a")], &form);
    let line = head.lines().find(|line| line.contains("stanch_session=")).unwrap_or_default();
    let value = line.split_once("stanch_session=").and_then(|(_, rest)| rest.split(';').next()).unwrap_or_default();
    assert!(!value.is_empty(), "{head}");
    format!("stanch_session={value}")
}

#[test]
fn who_keeps_failing_does_not_lock_out_who_has_a_token() {
    let stage = Stage::start();
    let sign_in = |token: &str| {
        stage.send("POST", "/console/sign-in", &[("Cookie", "stanch_gate=a")], &format!("token={token}&csrf=a")).0
    };
    let wrong = format!("stanch_{}_{}", "0".repeat(16), "A".repeat(43));
    let statuses: Vec<u16> = (0..25).map(|_| sign_in(&wrong)).collect();
    assert_eq!((statuses.first(), statuses.last()), (Some(&401), Some(&429)), "{statuses:?}");
    assert_eq!(sign_in(stage.approver_token()), 303);
}

#[test]
fn who_may_look_only_does_not_have_the_log_verified() {
    let stage = Stage::start();
    let page = |token: &str, query: &str| {
        let cookie = signed_in(&stage, token);
        let (status, _, body) = stage.send("GET", &format!("/console/audit{query}"), &[("Cookie", &cookie)], "");
        (status, body.contains("Verify all of it"), body.contains("The log is whole"))
    };
    assert_eq!(page(stage.viewer_token(), ""), (200, false, false));
    assert_eq!(page(stage.viewer_token(), "?verify=yes").0, 403);
    assert_eq!(page(stage.approver_token(), ""), (200, true, false));
    assert_eq!(page(stage.approver_token(), "?verify=yes"), (200, true, true));
}

#[test]
fn an_approval_of_another_plan_is_not_taken() {
    let stage = Stage::start();
    let browser = stage.approver();
    browser.goto(&stage.at(&Stage::page_of(&stage.story.waiting)));
    browser.run("document.querySelector(\"form[action$='/approve'] [name=digest]\").value = 'plan_other'");
    browser.click("form[action$='/approve'] button");
    browser.until("an answer", || browser.text("h1") == "Nothing was done");
    assert!(browser.text("main").contains("The plan is another one by now"));
    assert_eq!(state(&stage), (State::Waiting, 0));
}

#[test]
fn who_may_look_only_is_shown_no_form_and_sends_none() {
    let stage = Stage::start();
    let browser = stage.viewer();
    let (cookie, proof) = session(&stage, &browser);
    for page in ["/console/approvals".to_owned(), Stage::page_of(&stage.story.waiting)] {
        browser.goto(&stage.at(&page));
        assert!(browser.text("main").contains("our role may"), "{page}");
        assert_eq!(browser.count("main form[method=post]"), 0, "{page}");
    }
    for (what, body) in [("approve", "digest=x"), ("deny", "why=x"), ("retry", "")] {
        let path = format!("{}/{what}", Stage::page_of(&stage.story.waiting));
        let (status, head, page) = stage.send("POST", &path, &[("Cookie", &cookie)], &format!("csrf={proof}&{body}"));
        assert_eq!(status, 403, "{what}");
        assert!(head.to_lowercase().contains("content-type: text/html"), "{what} is told on a page: {head}");
        assert!(page.contains("<h1>") && page.contains("needs a token of the role"), "{what}: {page}");
    }
    assert_eq!(state(&stage), (State::Waiting, 0));
}

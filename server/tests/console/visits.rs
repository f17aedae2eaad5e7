//! What people do: sign in, look, approve, deny, sign out.

use stanch_pipeline::{Event, State};
use stanch_testkit::Browser;

use crate::stage::{Stage, must, now};

#[test]
fn somebody_signs_in_looks_and_signs_out() {
    let stage = Stage::start();
    let browser = Browser::start();
    browser.goto(&stage.at(&Stage::page_of(&stage.story.killed)));
    assert_eq!(browser.text("h1"), "stanch", "nobody sees an incident without a token");
    browser.fill("#token", concat!("stanch", "_0123456789abcdef_notatoken"));
    browser.press("Enter");
    browser.until("a refusal", || browser.text("[role=alert]").contains("not known"));
    assert!(browser.cookies().iter().all(|cookie| cookie["name"] != "stanch_session"));

    browser.fill("#token", stage.approver_token());
    browser.press("Enter");
    browser.arrives(&Stage::page_of(&stage.story.killed));
    assert_eq!(browser.text("h1"), "OpenAI project key");
    let cookies = browser.cookies();
    let session =
        cookies.iter().find(|cookie| cookie["name"] == "stanch_session").unwrap_or_else(|| panic!("{cookies:?}"));
    assert_eq!((&session["httpOnly"], &session["sameSite"]), (&true.into(), &"Strict".into()));
    assert!(session["expiry"].is_number(), "it does not outlive its time: {session}");
    let header = format!("stanch_session={}", session["value"].as_str().unwrap_or_default());
    assert_eq!(stage.send("GET", "/console/audit", &[("Cookie", &header)], "").0, 200);

    browser.click(".who button");
    browser.arrives("/console/sign-in");
    assert!(browser.cookies().iter().all(|cookie| cookie["name"] != "stanch_session"));
    let (status, head, _) = stage.send("GET", "/console/audit", &[("Cookie", &header)], "");
    assert_eq!(status, 303, "a session that ended opens nothing: {head}");
    browser.goto(&stage.at("/console/incidents"));
    assert_eq!(browser.text("h1"), "stanch");
}

#[test]
fn each_sign_in_is_another_session_and_ends_the_one_before() {
    let stage = Stage::start();
    let browser = stage.approver();
    let session = |browser: &Browser| {
        let cookies = browser.cookies();
        let session = cookies.iter().find(|cookie| cookie["name"] == "stanch_session").cloned().unwrap_or_default();
        session["value"].as_str().unwrap_or_default().to_owned()
    };
    let first = session(&browser);
    browser.goto(&stage.at("/console/sign-in"));
    Stage::sign_in(&browser, stage.approver_token());
    let second = session(&browser);
    assert_ne!(first, second);
    let look =
        |value: &str| stage.send("GET", "/console/times", &[("Cookie", &format!("stanch_session={value}"))], "").0;
    assert_eq!((look(&first), look(&second)), (303, 200));
}

#[test]
fn incidents_are_filtered_paged_and_opened() {
    let stage = Stage::start();
    let browser = stage.viewer();
    assert_eq!(browser.count("tbody tr"), 50, "a page of all");
    browser.click(".pages [rel=next]");
    browser.until("the rest", || browser.count("tbody tr") == 1);
    browser.goto(&stage.at("/console/incidents"));
    browser.click(".tabs a[href*='state=waiting']");
    browser.arrives("state=waiting");
    assert_eq!(browser.count("tbody tr"), 3);
    browser.fill("#owner", "@acme/payments");
    browser.press("Enter");
    browser.arrives("state=waiting&provider=&owner=%40acme%2Fpayments&text=");
    assert_eq!(browser.count("tbody tr"), 2);
    browser.fill("#provider", "aws");
    browser.click(".filters button");
    browser.until("one", || browser.count("tbody tr") == 1);
    assert_eq!(browser.run("return document.querySelector('#owner').value"), "@acme/payments");
    browser.click("tbody a");
    browser.arrives(&Stage::page_of(&stage.story.waiting));
    browser.goto(&stage.at("/console/incidents?text=VALUES-PROD.yaml:912"));
    assert_eq!(browser.count("tbody tr"), 1, "places are found, in whatever case");
}

#[test]
fn an_incident_tells_its_clocks_and_everything_that_happened() {
    let stage = Stage::start();
    let browser = stage.viewer();
    browser.goto(&stage.at(&Stage::page_of(&stage.story.killed)));
    let clock = browser.text(".clock");
    for part in ["Exposed", "+3.4 s", "2026-11-21 13:20:00 UTC", "Dead"] {
        assert!(clock.contains(part), "{part}: {clock}");
    }
    let story = browser.text(".story");
    for part in [
        "Found: OpenAI project key",
        "Its provider accepts it: it is alive",
        "Decided: at once we revoke it",
        "About to deactivate key_0900 of deploy-checkout",
        "DELETE api.openai.example/v1/keys/key_0900 (final)",
        "Proven: its provider refuses it",
        "Closed: we killed it, and its provider refuses it",
    ] {
        assert!(story.contains(part), "{part}: {story}");
    }
    let told = Stage::ask(stage.store.timeline(&stage.story.killed, 0, 1000));
    assert_eq!(browser.count(".story li"), must(told, "the timeline").len(), "every event is told");
}

#[test]
fn a_person_approves_with_the_keyboard_alone() {
    let stage = Stage::start();
    let browser = stage.approver();
    walk_to(&browser, "Approvals 3 waiting");
    browser.press("Enter");
    browser.arrives("/console/approvals");
    walk_to(&browser, "Approve of AWS access key, AKIA…7K2Q (20)");
    browser.press("Enter");
    browser.arrives("?said=approved");
    assert!(browser.text("[role=status]").starts_with("You approved."));
    let incident = must(Stage::ask(stage.store.incident(&stage.story.waiting)), "the incident");
    let digest = incident.plan.as_ref().map(|(digest, _)| digest.clone());
    let approval = incident.approvals.first().unwrap_or_else(|| panic!("it is there"));
    assert_eq!((approval.person.as_str(), Some(&approval.digest)), ("ada", digest.as_ref()));
    assert_eq!(incident.approvers(now()), ["ada"]);
}

/// Presses Tab until the focus is on what is called so.
fn walk_to(browser: &Browser, name: &str) {
    let mut passed = Vec::new();
    for _ in 0..120 {
        browser.press("Tab");
        let here = browser.run("return document.activeElement.textContent.trim().replace(/\\s+/g, ' ')");
        if here == name {
            return;
        }
        passed.push(here.to_string());
    }
    panic!("no way to {name} but past {passed:?}");
}

#[test]
fn a_person_says_no_and_has_it_tried_again() {
    let stage = Stage::start();
    let browser = stage.approver();
    browser.goto(&stage.at(&Stage::page_of(&stage.story.half)));
    assert!(browser.text("main").contains("1 of 2"), "who approved so far is told");
    let field = format!("#why-{}", stage.story.half);
    browser.fill(&field, "the rollout of checkout still uses it");
    browser.press("Enter");
    browser.arrives("?said=denied");
    let incident = must(Stage::ask(stage.store.incident(&stage.story.half)), "the incident");
    assert_eq!(incident.state, State::ByHand);
    let told = must(Stage::ask(stage.store.timeline(&stage.story.half, 0, 1000)), "the timeline");
    let no = |event: &Event| matches!(event, Event::Denied { person, why } if person == "ada" && why.starts_with("the rollout"));
    assert!(told.iter().any(|entry| no(&entry.event) && entry.actor == "ada"));

    browser.goto(&stage.at(&Stage::page_of(&stage.story.half)));
    browser.click("form[action$='/retry'] button");
    browser.arrives("?said=again");
    assert_eq!(must(Stage::ask(stage.store.incident(&stage.story.half)), "the incident").state, State::Detected);
}

#[test]
fn the_other_pages_tell_what_they_are_for() {
    let stage = Stage::start();
    let browser = stage.approver();
    browser.goto(&stage.at("/console/times"));
    assert!(browser.text(".head").contains("killed in 12 weeks"));
    let drawn = browser.run("return [...document.querySelectorAll('svg[role=img] .value')].reduce((sum, mark) => sum + Number(mark.textContent), 0)");
    let table = browser.run("return [...document.querySelectorAll('details')[0].querySelectorAll('td')].reduce((sum, cell) => sum + Number(cell.textContent), 0)");
    assert_eq!(drawn, table, "the table has what is drawn");
    assert!(drawn.as_f64().is_some_and(|drawn| drawn > 40.0), "{drawn}");
    browser.goto(&stage.at("/console/providers?text=openai.project"));
    let kind = browser.text("tbody");
    assert!(kind.contains("by a responder") && kind.contains("openai.project-key"), "{kind}");
    browser.goto(&stage.at("/console/policies#policy-production.two"));
    let policy = browser.text("tr:target");
    assert!(policy.contains("2 approvals") && policy.contains("a wait of 1 h"), "{policy}");
    browser.goto(&stage.at("/console/audit"));
    let (head, last) = (must(Stage::ask(stage.store.head()), "the head"), browser.text("tbody tr:first-child th"));
    assert_eq!(Some(last), head.map(|head| head.seq.to_string()));
    browser.click("form[action='/console/audit'] button");
    browser.until("a verdict", || browser.text("[role=status]").contains("whole"));
}

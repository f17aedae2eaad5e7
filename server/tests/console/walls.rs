//! Nothing runs on a page, nothing is loaded from elsewhere, and nothing that a stranger wrote breaks out of its place.

use crate::access::pages;
use crate::stage::Stage;
use crate::story::HOSTILE;

/// Keeps what the policy for content refuses, before anything of a page runs.
const LISTEN: &str = "window.refused = [];
    addEventListener('securitypolicyviolation', (event) => window.refused.push(event.violatedDirective + ' ' + event.blockedURI));";

#[test]
fn no_page_wants_what_its_policy_refuses_or_asks_anybody_else() {
    let stage = Stage::start();
    let browser = stage.approver();
    browser.before_each_page(LISTEN);
    let _ = (browser.requests(), browser.complaints());
    let pages: Vec<String> = pages(&stage).into_iter().chain(["/console/sign-in".to_owned()]).collect();
    for page in &pages {
        browser.goto(&stage.at(page));
        assert_eq!(browser.run("return window.refused"), serde_json::json!([]), "{page}");
        assert_eq!(browser.count("script"), 0, "{page}");
    }
    let requests = browser.requests();
    assert!(requests.len() > pages.len(), "{requests:?}");
    let elsewhere: Vec<&String> = requests.iter().filter(|url| !url.starts_with(&stage.at("/"))).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    let complaints = browser.complaints();
    // That there is no such incident is told by its status, too, which the browser mentions.
    let others: Vec<&String> = complaints.iter().filter(|text| !text.contains("404 (Not Found)")).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn the_policy_refuses_what_it_should() {
    let stage = Stage::start();
    let browser = stage.viewer();
    browser.before_each_page(LISTEN);
    browser.goto(&stage.at("/console/policies"));
    browser.run(
        "const add = (name, set) => document.body.append(Object.assign(document.createElement(name), set));
         add('script', { textContent: 'window.ran = 1' }); add('script', { src: '/console/style.css' });
         add('img', { src: 'https://elsewhere.example/x.png' }); add('style', { textContent: 'p { color: red }' });
         add('iframe', { src: '/console/audit' }); document.body.setAttribute('onclick', 'window.ran = 1'); document.body.click();",
    );
    browser.until("all of it is refused", || {
        browser.run("return window.refused").as_array().is_some_and(|all| all.len() >= 6)
    });
    let refused = browser.run("return window.refused").to_string();
    for what in [
        "script-src-elem inline",
        "script-src-attr inline",
        "img-src https://elsewhere.example",
        "style-src-elem inline",
        "frame-src",
    ] {
        assert!(refused.contains(what), "{what}: {refused}");
    }
    assert!(browser.run("return window.ran").is_null());
}

#[test]
fn what_strangers_wrote_is_text_and_stays_in_its_place() {
    let stage = Stage::start();
    let browser = stage.approver();
    let of = Stage::page_of(&stage.story.hostile);
    for page in [of.as_str(), "/console/incidents?state=waiting", "/console/approvals", "/console/audit"] {
        browser.goto(&stage.at(page));
        assert!(browser.run("return window.hit").is_null(), "{page}");
        assert_eq!(browser.count("script, img, [onerror]"), 0, "{page}");
        let text = browser.run("return document.body.textContent");
        assert!(text.as_str().is_some_and(|text| text.contains(HOSTILE)), "it is shown as it is: {page}");
    }
    browser.goto(&stage.at(&of));
    assert!(browser.run("return document.title").as_str().is_some_and(|title| title.contains("window.hit=1")));
    let links = browser.run("return [...document.links].map((link) => link.href)");
    let links = links.as_array().cloned().unwrap_or_default();
    assert!(links.iter().all(|link| link.as_str().is_some_and(|link| link.starts_with("http"))), "{links:?}");
    let query = "%22%3E%3Cimg%20src%3Dx%20onerror%3Dwindow.hit%3D1%3E";
    browser.goto(&stage.at(&format!("/console/incidents?text={query}&owner={query}&provider={query}")));
    assert_eq!(browser.count("img"), 0);
    assert_eq!(browser.run("return document.querySelector('#text').value"), "\"><img src=x onerror=window.hit=1>");
}

#[test]
fn answers_say_what_a_browser_may_do_with_them() {
    let stage = Stage::start();
    let (status, head, _) = stage.send("GET", "/console/sign-in", &[], "");
    let head = head.to_lowercase();
    assert_eq!(status, 200);
    for what in [
        "content-security-policy: default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "x-frame-options: deny",
        "referrer-policy: same-origin",
        "httponly; samesite=strict",
    ] {
        assert!(head.contains(what), "{what}: {head}");
    }
}

//! Whether everybody can use it: with a keyboard, on a telephone, in the dark, with a voice that reads.

use crate::stage::Stage;

/// All pages for somebody who is signed in.
pub(crate) fn pages(stage: &Stage) -> Vec<String> {
    let story = &stage.story;
    let of = [&story.waiting, &story.half, &story.by_hand, &story.killed, &story.hostile].map(Stage::page_of);
    let others = [
        "/console/incidents",
        "/console/incidents?state=waiting&owner=nobody",
        "/console/approvals",
        "/console/times",
        "/console/times?from=exposed",
        "/console/providers?text=github",
        "/console/policies",
        "/console/audit",
        "/console/incidents/inc_00000000000000000000",
    ];
    others.into_iter().map(ToOwned::to_owned).chain(of).collect()
}

#[test]
fn every_page_can_be_used_by_everybody() {
    const CHECK: &str = include_str!("accessible.js");
    let stage = Stage::start();
    let browser = stage.approver();
    let mut wrong = Vec::new();
    let pages: Vec<String> = pages(&stage).into_iter().chain(["/console/sign-in".to_owned()]).collect();
    for (size, scheme) in [((1280, 900), "light"), ((1280, 900), "dark"), ((360, 740), "light"), ((320, 640), "dark")] {
        browser.looks(size, scheme);
        for page in &pages {
            browser.goto(&stage.at(page));
            let said = browser.run(CHECK);
            let said = said.as_array().unwrap_or_else(|| panic!("the check ends: {said}"));
            wrong.extend(said.iter().map(|what| format!("{page} at {} {scheme}: {what}", size.0)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_check_of_access_finds_what_is_wrong() {
    let stage = Stage::start();
    let browser = stage.viewer();
    browser.run(
        "document.body.innerHTML = '<main><h1>A</h1><h3>B</h3><input id=x><p id=x>one</p><svg></svg>\
         <table><tr><th>C</th></tr></table><div>wide</div><p>two</p><p>three</p></main>';
         Object.assign(document.querySelector('h3').style, { color: '#aaa', background: '#fff' });
         document.querySelector('div').style.width = '3000px'",
    );
    let wrong = browser.run(include_str!("accessible.js")).to_string();
    for what in [
        "a heading skips from 1 to 3",
        "a contrast of 2.32",
        "a field without a label",
        "two elements are called x",
        "a drawing without words",
        "a table without a caption",
        "without a scope",
        "it scrolls sideways",
        "the policy for content",
    ] {
        assert!(wrong.contains(what), "{what}: {wrong}");
    }
}

#[test]
fn the_first_key_leads_past_the_navigation() {
    let stage = Stage::start();
    let browser = stage.viewer();
    browser.press("Tab");
    let focus =
        "return document.activeElement.textContent + ' ' + getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(browser.run(focus), "Skip to the content solid");
    browser.press("Enter");
    browser.arrives("#main");
    assert_eq!(browser.run("return document.activeElement.id"), "main");
}

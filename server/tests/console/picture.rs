//! The picture of the console in the README.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::stage::{Stage, must};

/// What a picture in a repository may weigh.
const MOST: usize = 200_000;

/// `.ci/screenshot` keeps what this leaves in the target folder.
#[test]
fn the_console_has_its_picture_taken() {
    let stage = Stage::start();
    let browser = stage.viewer();
    browser.looks((1280, 900), "light");
    browser.goto(&stage.at(&Stage::page_of(&stage.story.killed)));
    let picture = browser.picture_of(&json!({ "x": 0, "y": 0, "width": 1280, "height": 860, "scale": 1 }));
    assert!(picture.starts_with(b"\x89PNG"), "it is a PNG");
    // A page without style or content weighs less.
    assert!((30_000..MOST).contains(&picture.len()), "{} bytes", picture.len());
    must(fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("console.png"), picture), "the picture");
    for (name, page) in
        [("incidents", "/console/incidents"), ("approvals", "/console/approvals"), ("times", "/console/times")]
    {
        browser.goto(&stage.at(page));
        browser.keep_picture(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("console-{name}.png")));
    }
}

//! Paths as URIs, and what they are relative to.
//!
//! In a target that is named relative to the current folder, paths are relative to that folder, which in a build is the checkout that code
//! scanning shows. Paths in a target with an address of its own are relative to the target.

use serde_json::{Map, Value, json};
use stanch_model::Finding;

use super::super::{Report, place};

/// The names of what paths are relative to. They have no address, as that would differ between machines and tell the names of the
/// user's folders.
pub(super) struct Bases<'a> {
    targets: &'a [String],
}

/// The base of paths from the current folder, and of a sole target.
const ONE: &str = "SRCROOT";

/// A base and the path from it.
type Based = (String, String);

impl<'a> Bases<'a> {
    pub(super) fn new(report: &Report<'a>) -> Self {
        Self { targets: report.targets }
    }

    /// Where a finding is. Its path goes without secrets.
    pub(super) fn finding(&self, finding: &Finding, report: &Report<'_>) -> Value {
        location(self.based(finding.locator.root.as_deref(), &finding.path), report)
    }

    /// Where something is that was not scanned.
    pub(super) fn note(&self, path: &str, report: &Report<'_>) -> Value {
        let root = if let [target] = self.targets { Some(target.as_str()) } else { None };
        location(self.based(root, path), report)
    }

    fn based(&self, root: Option<&str>, path: &str) -> Based {
        let whole = place::joined(root, path);
        let elsewhere = self.targets.len() > 1 && root.is_some_and(place::is_address);
        if stays_inside(&whole) && !elsewhere {
            return (ONE.to_owned(), whole.into_owned());
        }
        let file_itself = root == Some(path);
        let below = if file_itself { path.rsplit('/').next().unwrap_or(path) } else { path };
        (root.map_or_else(|| ONE.to_owned(), |root| self.name(root)), below.to_owned())
    }

    /// The name of the base of a target that is not below the current folder.
    fn name(&self, root: &str) -> String {
        match self.targets.iter().position(|target| target == root) {
            Some(index) if self.targets.len() > 1 => format!("TARGET{}", index + 1),
            _ => ONE.to_owned(),
        }
    }

    /// `originalUriBaseIds`.
    pub(super) fn describe(&self, report: &Report<'_>) -> Value {
        let mut bases = Map::new();
        let text = "The folder that the scan ran in, or its only target if that was named by a path from elsewhere.";
        bases.insert(ONE.to_owned(), json!({ "description": { "text": text } }));
        for target in self
            .targets
            .iter()
            .filter(|target| self.targets.len() > 1 && (place::is_address(target) || !stays_inside(target)))
        {
            let text = format!("The target {}.", report.redactor.name(target));
            bases.insert(self.name(target), json!({ "description": { "text": super::message(&text) } }));
        }
        Value::Object(bases)
    }
}

/// Whether a path leads to a place below the current folder.
fn stays_inside(path: &str) -> bool {
    !path.starts_with('/') && !path.split('/').any(|part| part == "..")
}

fn location((base, path): Based, report: &Report<'_>) -> Value {
    json!({ "uri": encode(&report.redactor.hide_name(&path)), "uriBaseId": base })
}

/// A path as a relative reference: <https://datatracker.ietf.org/doc/html/rfc3986#section-2.3>.
fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(encode("src/a b/é:#?%.rs"), "src/a%20b/%C3%A9%3A%23%3F%25.rs");
        assert_eq!(encode("<stdin>"), "%3Cstdin%3E");
    }

    #[test]
    fn paths_have_the_base_that_their_target_gives() {
        let url = "https://host.example/o/r.git";
        let targets = ["src", "/etc", "../up", "/etc/passwd", url].map(ToOwned::to_owned);
        let several = Bases { targets: &targets };
        let based = |root: &str, path: &str| several.based(Some(root), path);
        assert_eq!(based("src", "a.rs"), ("SRCROOT".to_owned(), "src/a.rs".to_owned()));
        assert_eq!(based("/etc", "a/b"), ("TARGET2".to_owned(), "a/b".to_owned()));
        assert_eq!(based("../up", "c"), ("TARGET3".to_owned(), "c".to_owned()));
        assert_eq!(based("/etc/passwd", "/etc/passwd"), ("TARGET4".to_owned(), "passwd".to_owned()));
        assert_eq!(based(url, "a/b"), ("TARGET5".to_owned(), "a/b".to_owned()));
        let one = Bases { targets: &targets[4..] };
        assert_eq!(one.based(Some(url), "a/b"), ("SRCROOT".to_owned(), "a/b".to_owned()));
        let one = Bases { targets: &targets[1..2] };
        assert_eq!(one.based(Some("/etc"), "a/b"), ("SRCROOT".to_owned(), "a/b".to_owned()));
    }
}

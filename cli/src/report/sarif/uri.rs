//! Paths as URIs, and what they are relative to.

use serde_json::{Map, Value, json};

use super::super::Report;

/// The names of what paths are relative to. They have no address of their own, as that would differ between machines and tell the names of the
/// user's folders.
pub(super) struct Bases<'a> {
    targets: &'a [String],
}

/// The base of a scan with one target.
const ONE: &str = "SRCROOT";

impl<'a> Bases<'a> {
    pub(super) fn new(report: &Report<'a>) -> Self {
        Self { targets: report.targets }
    }

    /// The name of a target's base.
    fn name(&self, root: Option<&str>) -> String {
        let index = self.targets.iter().position(|target| Some(target.as_str()) == root);
        match index {
            Some(index) if self.targets.len() > 1 => format!("TARGET{}", index + 1),
            _ => ONE.to_owned(),
        }
    }

    /// Where a path of a target is. The path goes without its secrets.
    pub(super) fn location(&self, path: &str, root: Option<&str>) -> Value {
        json!({ "uri": encode(path), "uriBaseId": self.name(root) })
    }

    /// `originalUriBaseIds`.
    pub(super) fn describe(&self, report: &Report<'_>) -> Value {
        let mut bases = Map::new();
        bases.insert(ONE.to_owned(), json!({ "description": { "text": "The folder or repository that was scanned." } }));
        if self.targets.len() > 1 {
            for target in self.targets {
                let text = format!("The target {}.", report.redactor.name(target));
                bases.insert(self.name(Some(target)), json!({ "description": { "text": super::message(&text) } }));
            }
        }
        Value::Object(bases)
    }
}

/// A path as a relative reference: <https://datatracker.ietf.org/doc/html/rfc3986#section-2.3>.
fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
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
        assert_eq!(encode("/etc/x"), "etc/x");
    }
}

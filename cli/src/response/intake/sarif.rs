//! The secrets of a SARIF report: it says which part of a file is meant, and the file is read for it.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use stanch_model::Finding;
use stanch_scanner::{Foreign, Recogniser, rule_of_name};
use zeroize::Zeroizing;

use super::format::Region;

/// The largest file that is read, in bytes.
const MOST: u64 = 256 << 20;
/// The shortest text that is taken for a secret by the tool's word alone, in bytes.
const SHORTEST: usize = 8;

/// Files that regions are in.
pub(super) struct Regions {
    root: PathBuf,
    files: BTreeMap<PathBuf, Rc<Content>>,
}

/// A file, and what our own rules find in it.
struct Content {
    text: Zeroizing<String>,
    findings: Vec<Finding>,
}

impl Regions {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), files: BTreeMap::new() }
    }

    /// The credentials of a region: what our rules find there, or else the region's own text.
    pub(super) fn findings(
        &mut self,
        region: &Region<'_>,
        recogniser: &mut Recogniser<'_>,
    ) -> Result<Vec<Finding>, String> {
        let path = inside(region.uri).ok_or("its path leads out of the folder, or is none of a file")?;
        let shown = path.to_string_lossy().replace('\\', "/");
        let content = self.content(&path, &shown, recogniser)?;
        let range = range(&content.text, region).ok_or("the file has no such place")?;
        let touches = |finding: &&Finding| {
            let (start, end) = (finding.locator.start as usize, finding.locator.end as usize);
            start < range.end && range.start < end
        };
        let found: Vec<Finding> = content.findings.iter().filter(touches).cloned().collect();
        let best = found.iter().map(|finding| finding.confidence).max();
        if let Some(best) = best {
            return Ok(found.into_iter().filter(|finding| finding.confidence == best).collect());
        }
        let text = content.text.get(range).unwrap_or_default().trim_matches(['"', '\'', '`', ' ', '\t', '\r', '\n']);
        let alone = region.columns.is_some() && text.len() >= SHORTEST && !text.contains(char::is_whitespace);
        if !alone || rule_of_name(region.kind).is_none() {
            return Err(format!("{shown}:{}: no credential of a known kind stands there", region.start_line));
        }
        let line = region.start_line;
        let foreign = Foreign { kind: region.kind, secret: text, context: None, more: Vec::new(), path: &shown, line };
        recogniser.findings(&foreign)
    }

    fn content(&mut self, path: &Path, shown: &str, recogniser: &mut Recogniser<'_>) -> Result<Rc<Content>, String> {
        let fail = |error: std::io::Error| {
            format!("{shown} cannot be read: {error}; --root names the folder that the paths start at")
        };
        if let Some(content) = self.files.get(path) {
            return Ok(Rc::clone(content));
        }
        let root = self.root.canonicalize().map_err(fail)?;
        let place = root.join(path).canonicalize().map_err(fail)?;
        // A link may lead out as well.
        if !place.starts_with(&root) {
            return Err(format!("{shown} leads out of the folder"));
        }
        let meta = fs::metadata(&place).map_err(fail)?;
        if !meta.is_file() || meta.len() > MOST {
            return Err(format!("{shown} is no file that can be read whole"));
        }
        let bytes = Zeroizing::new(fs::read(&place).map_err(fail)?);
        let text = std::str::from_utf8(&bytes).map_err(|_| format!("{shown} is no text"))?;
        let findings = recogniser.scan(shown, &bytes);
        let content = Rc::new(Content { text: Zeroizing::new(text.to_owned()), findings });
        self.files.insert(path.to_owned(), Rc::clone(&content));
        Ok(content)
    }
}

/// The path of a URI, relative to the folder; `None` if it leads elsewhere.
fn inside(uri: &str) -> Option<PathBuf> {
    let decoded = decode(uri)?;
    let path = Path::new(&decoded);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let has_scheme = decoded.contains("://") || decoded.starts_with("file:");
    (plain && !has_scheme && !decoded.is_empty() && !decoded.contains(['\0', '\\'])).then(|| path.to_owned())
}

/// Undoes percent-encoding (RFC 3986, section 2.1).
fn decode(uri: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits =
            after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok()).filter(|pair| !pair.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}

/// The bytes of a region.
fn range(text: &str, region: &Region<'_>) -> Option<Range<usize>> {
    let last = region.end_line.max(region.start_line);
    let first = line(text, region.start_line)?;
    let end = line(text, last)?;
    let (from, to) = match region.columns {
        None => (first.start, end.end),
        Some((from, to)) => (
            column(text, &first, from, region.utf16)?,
            to.map_or(Some(end.end), |to| column(text, &end, to, region.utf16))?,
        ),
    };
    (from < to).then_some(from..to)
}

/// The bytes of a line, without its end. Lines count from 1.
fn line(text: &str, number: u64) -> Option<Range<usize>> {
    let mut start = 0_usize;
    for (at, line) in (1..).zip(text.split_inclusive('\n')) {
        if at == number {
            return Some(start..start + line.trim_end_matches(['\n', '\r']).len());
        }
        start += line.len();
    }
    None
}

/// The byte of a column, which counts from 1. One past the end of the line is its end.
fn column(text: &str, line: &Range<usize>, column: u64, utf16: bool) -> Option<usize> {
    let wanted = column.checked_sub(1)?;
    let mut at = 0_u64;
    for (byte, letter) in text.get(line.clone())?.char_indices() {
        if at >= wanted {
            return Some(line.start + byte);
        }
        at += if utf16 { letter.len_utf16() as u64 } else { 1 };
    }
    Some(line.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out() {
        for uri in [
            "../x",
            "a/../../x",
            "/etc/passwd",
            "file:///etc/passwd",
            "%2e%2e/x",
            "a%2F..%2f..%2fx",
            "..%5cx",
            "https://a/b",
            "",
            "%",
            "%zz",
            "%+1",
            "a%00",
        ] {
            assert_eq!(inside(uri), None, "{uri}");
        }
        assert_eq!(inside("./a%20b/c.env"), Some(PathBuf::from("./a b/c.env")));
    }

    #[test]
    fn columns_are_those_of_the_tool() {
        let text = "first\r\na𝕏b = \"secret\"\nlast";
        let region = |columns, utf16| Region { kind: "", uri: "", start_line: 2, end_line: 2, columns, utf16 };
        let of = |columns, utf16| range(text, &region(columns, utf16)).and_then(|range| text.get(range));
        assert_eq!(of(Some((9, Some(15))), true), Some("secret"));
        assert_eq!(of(Some((8, Some(14))), false), Some("secret"));
        assert_eq!(of(None, true), Some("a𝕏b = \"secret\""));
        assert_eq!(of(Some((9, None)), true), Some("secret\""));
        assert_eq!(of(Some((0, Some(3))), true), None);
        assert_eq!(range(text, &Region { start_line: 9, ..region(None, true) }), None);
    }
}

//! The answers of AWS: XML of elements and text, without anything that could name a file or grow.

use std::fmt;

use quick_xml::Reader;
use quick_xml::events::Event;
use zeroize::Zeroizing;

/// How deep elements may stand in each other.
const DEEPEST: usize = 32;

/// For the fuzz targets: whatever AWS says is read, or refused.
#[cfg(fuzzing)]
pub(crate) fn fuzz(said: &[u8]) {
    let Some(document) = Element::parse(said) else { return };
    for path in ["GetCallerIdentityResult/Arn", "Error/Code", "", "/"] {
        let _ = (document.text(path), document.members(path).map(Iterator::count));
    }
}

/// An element. Its text may be a secret (of a new key) and is wiped.
#[derive(Default)]
pub(super) struct Element {
    /// Its name, without a namespace's prefix.
    pub(super) name: String,
    text: Zeroizing<String>,
    children: Vec<Self>,
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.name)
    }
}

impl Element {
    /// Reads a whole document; `None` if it is not one of elements and text, complete and well-formed.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_str(std::str::from_utf8(bytes).ok()?);
        // Elements that are open, the document itself at the bottom.
        let mut open = vec![Self::default()];
        loop {
            let depth = open.len();
            let top = open.last_mut()?;
            match reader.read_event().ok()? {
                Event::Start(_) if depth > DEEPEST => return None,
                Event::Start(start) => open.push(Self::named(start.local_name().into_inner())),
                Event::Empty(empty) => top.children.push(Self::named(empty.local_name().into_inner())),
                Event::End(_) => {
                    let done = open.pop()?;
                    open.last_mut()?.children.push(done);
                }
                Event::Text(text) => top.text.push_str(&text.xml10_content()),
                Event::CData(text) => top.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => top.text.push(character(&reference)?),
                Event::Comment(_) | Event::Decl(_) => {}
                // Instructions and types of documents have no place in an answer.
                Event::PI(_) | Event::DocType(_) => return None,
                Event::Eof => break,
            }
        }
        let document = open.pop().filter(|document| open.is_empty() && document.text.trim().is_empty())?;
        let [root] = <[Self; 1]>::try_from(document.children).ok()?;
        Some(root)
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The only element at a path of names below this one.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |element, name| {
            let mut found = element.children.iter().filter(|child| child.name == name);
            found.next().filter(|_| found.next().is_none())
        })
    }

    /// The text of the only element at a path, unless it is empty.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.at(path).map(|element| element.text.trim()).filter(|text| !text.is_empty())
    }

    /// The members of the list at a path; `None` if there is no such list.
    pub(super) fn members(&self, path: &str) -> Option<impl Iterator<Item = &Self>> {
        self.at(path).map(|list| list.children.iter().filter(|child| child.name == "member"))
    }
}

/// The character of a reference: one of the five of XML itself, or by number.
fn character(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character);
    }
    let named = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];
    let name = reference.xml10_content();
    named.into_iter().find(|(known, _)| *known == name).map(|(_, character)| character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_by_names() {
        let text = "<?xml version=\"1.0\"?>\n<r:Root xmlns:r=\"x\"><A><B>a &amp; b&#x21;</B></A><L><member><C>1</C></member><member/></L></r:Root>\n";
        let root = Element::parse(text.as_bytes()).unwrap_or_default();
        assert_eq!(root.name, "Root");
        assert_eq!(root.text("A/B"), Some("a & b!"));
        assert_eq!(root.members("L").map(Iterator::count), Some(2));
        let first = root.members("L").and_then(|mut members| members.next()).and_then(|member| member.text("C"));
        assert_eq!(first, Some("1"));
        assert!(root.text("A/C").is_none() && root.members("M").is_none());
    }

    #[test]
    fn what_is_no_plain_document_is_none() {
        let deep = "<a>".repeat(40) + &"</a>".repeat(40);
        let types = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
        for text in ["", "no", "<a>", "<a></b>", "<a/><b/>", "<a>&x;</a>", types, "<?php ?><a/>", "<a/>x", &deep] {
            assert!(Element::parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Element::parse(b"<a>\xff</a>").is_none());
        // Twice the same name: nobody says which is meant.
        let twice = Element::parse(b"<a><b>1</b><b>2</b></a>").unwrap_or_default();
        assert!(twice.text("b").is_none());
    }

    #[test]
    fn the_text_is_not_shown() {
        let root = Element::parse(b"<a><b>hidden</b></a>").unwrap_or_default();
        assert_eq!(format!("{root:?}"), "<a>");
    }
}

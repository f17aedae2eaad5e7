//! What commits and tags say of themselves, read from their raw bytes.
//!
//! git writes them, but anything may be pushed: headers that are missing, repeated, absurd or no text. Whatever cannot be understood is
//! left out. The format is described in <https://git-scm.com/docs/signature-format> and by what `git cat-file -p` shows.

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::date::Time;
use gix::date::time::format::ISO8601_STRICT;
use gix::hash::oid;
use stanch_model::{GitPlace, ObjectKind};

/// So many characters of a name, an address or a subject are kept: they stand with each finding.
const MOST_CHARS: usize = 1024;

/// Describes a commit as the place of its own message: who wrote it, when, and its subject. For a blob that it brought, `object` and
/// `blob` are the blob's.
pub(crate) fn describe(id: &oid, raw: &[u8]) -> GitPlace {
    let author = Signature::of(raw, b"author");
    let committer = Signature::of(raw, b"committer");
    GitPlace {
        object: ObjectKind::Commit,
        blob: id.to_string(),
        commit: Some(id.to_string()),
        author: author.name,
        email: author.email,
        date: author.date,
        committer: committer.name,
        committer_email: committer.email,
        committed: committer.date,
        subject: subject(raw),
        ..GitPlace::default()
    }
}

/// Describes a tag as the place of its own message; its tagger stands where a commit's author does.
pub(crate) fn describe_tag(id: &oid, raw: &[u8]) -> GitPlace {
    let tagger = Signature::of(raw, b"tagger");
    GitPlace {
        object: ObjectKind::Tag,
        blob: id.to_string(),
        author: tagger.name,
        email: tagger.email,
        date: tagger.date,
        subject: subject(raw),
        ..GitPlace::default()
    }
}

/// Where in a raw commit or tag the message starts: after the empty line, or at the end if there is none.
pub(crate) fn message_start(raw: &[u8]) -> usize {
    if raw.first() == Some(&b'\n') {
        return 1;
    }
    raw.find(b"\n\n").map_or(raw.len(), |end| end + 2)
}

/// What a commit points at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Links {
    /// Its tree, if it names one.
    pub(crate) tree: Option<ObjectId>,
    /// Its parents as it names them, in order.
    pub(crate) parents: Vec<ObjectId>,
    /// The committer's date in seconds since 1970; 0 if there is none.
    pub(crate) committed: i64,
}

impl Links {
    /// Reads the links of a raw commit. As in git, parents stand right after the tree.
    pub(crate) fn of(raw: &[u8]) -> Self {
        let mut lines = headers(raw);
        let tree = lines.next().and_then(|line| id_of(line, b"tree "));
        let parents = lines.map_while(|line| id_of(line, b"parent ")).collect();
        Self { tree, parents, committed: Signature::of(raw, b"committer").seconds.unwrap_or_default() }
    }
}

/// What a raw tag names.
pub(crate) fn tag_target(raw: &[u8]) -> Option<ObjectId> {
    headers(raw).next().and_then(|line| id_of(line, b"object "))
}

fn id_of(line: &[u8], key: &[u8]) -> Option<ObjectId> {
    ObjectId::from_hex(line.strip_prefix(key)?).ok()
}

/// The lines before the message. Those that go on from the line before start with a space.
fn headers(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw.get(..message_start(raw)).unwrap_or_default().lines().take_while(|line| !line.is_empty())
}

/// The value of the first header of a name.
fn header<'a>(raw: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    headers(raw).find_map(|line| line.strip_prefix(name)?.strip_prefix(b" "))
}

/// Who did something, and when.
#[derive(Debug, Default)]
struct Signature {
    name: Option<String>,
    email: Option<String>,
    /// RFC 3339, in the zone that was written.
    date: Option<String>,
    seconds: Option<i64>,
}

impl Signature {
    /// `NAME <EMAIL> SECONDS ZONE`.
    fn of(raw: &[u8], name: &[u8]) -> Self {
        let Some(line) = header(raw, name) else { return Self::default() };
        let encoding = Encoding::of(raw);
        let Some((who, rest)) = line.split_once_str("<") else {
            return Self { name: encoding.text(line), ..Self::default() };
        };
        // What a mail address holds is not checked by everything that writes commits; the date stands after the last bracket.
        let (email, time) = rest.rsplit_once_str(">").unwrap_or((rest, b""));
        let mut time = time.split(|byte| *byte == b' ').filter(|field| !field.is_empty());
        let seconds = time.next().and_then(|field| field.to_str().ok()?.parse().ok());
        let offset = time.next().map_or(0, offset);
        let date = seconds.and_then(|seconds| rfc3339(seconds, offset));
        Self { name: encoding.text(who), email: encoding.text(email), date, seconds }
    }
}

/// The offset of a zone as `+0130`, in seconds; 0 if it is none.
fn offset(zone: &[u8]) -> i32 {
    let number = || {
        let (sign, digits) = zone.split_first()?;
        let number: i32 = digits.to_str().ok().filter(|digits| digits.len() == 4)?.parse().ok()?;
        let (hours, minutes) = (number / 100, number % 100);
        let seconds = (hours * 60 + minutes) * 60;
        match sign {
            _ if number < 0 || hours > 23 || minutes > 59 => None,
            b'+' => Some(seconds),
            b'-' => Some(-seconds),
            _ => None,
        }
    };
    number().unwrap_or_default()
}

/// A time as RFC 3339 has it, which ends with the year 9999.
fn rfc3339(seconds: i64, offset: i32) -> Option<String> {
    let text = Time::new(seconds, offset).format(ISO8601_STRICT).ok()?;
    (text.len() == "2026-01-02T03:04:05+01:00".len() && !text.starts_with('-')).then_some(text)
}

/// The first line of the message that has anything on it.
fn subject(raw: &[u8]) -> Option<String> {
    let message = raw.get(message_start(raw)..)?;
    let line = message.lines().find(|line| !line.trim_ascii().is_empty())?;
    Encoding::of(raw).text(line)
}

/// How the text of an object is written, as far as we can read it.
#[derive(Debug, Clone, Copy)]
enum Encoding {
    Utf8,
    Latin1,
}

impl Encoding {
    fn of(raw: &[u8]) -> Self {
        let name = header(raw, b"encoding").unwrap_or_default().to_ascii_lowercase();
        match name.trim_ascii() {
            b"iso-8859-1" | b"iso8859-1" | b"iso_8859-1" | b"latin1" | b"latin-1" => Self::Latin1,
            _ => Self::Utf8,
        }
    }

    /// The text without white space around it; none if it is empty. What is no UTF-8 is replaced.
    fn text(self, bytes: &[u8]) -> Option<String> {
        let bytes = bytes.trim_ascii();
        let text: String = match self {
            Self::Latin1 => bytes.iter().take(MOST_CHARS).map(|byte| char::from(*byte)).collect(),
            // No character is longer than four bytes.
            Self::Utf8 => bytes.get(..MOST_CHARS * 4).unwrap_or(bytes).chars().take(MOST_CHARS).collect(),
        };
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use gix::hash::Kind;
    use proptest::prelude::*;

    use super::*;

    fn described(raw: &[u8]) -> GitPlace {
        describe(&ObjectId::null(Kind::Sha1), raw)
    }

    fn author(line: &str) -> (Option<String>, Option<String>, Option<String>) {
        let place = described(format!("tree x\nauthor {line}\n\nhello\n").as_bytes());
        (place.author, place.email, place.date)
    }

    fn some(name: &str, email: &str, date: &str) -> (Option<String>, Option<String>, Option<String>) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        (some(name), some(email), some(date))
    }

    #[test]
    fn a_commit_of_every_day() {
        let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let raw = format!(
            "tree {tree}\nparent {tree}\nparent {tree}\nauthor A <a@x.org> 1767319445 +0100\n\
             committer C D <c@x.org> 1767319446 -0530\nmergetag object {tree}\n tagger T <t> 1 +0000\ngpgsig -----\n \n xyz\n\n\
             the subject\n\nmore\n"
        );
        let place = described(raw.as_bytes());
        assert_eq!(
            (place.object, place.blob.len(), place.commit.as_ref()),
            (ObjectKind::Commit, 40, Some(&place.blob))
        );
        assert_eq!((place.author, place.email), (Some("A".to_owned()), Some("a@x.org".to_owned())));
        assert_eq!(place.date.as_deref(), Some("2026-01-02T03:04:05+01:00"));
        assert_eq!((place.committer, place.committer_email), (Some("C D".to_owned()), Some("c@x.org".to_owned())));
        assert_eq!(place.committed.as_deref(), Some("2026-01-01T20:34:06-05:30"));
        assert_eq!(place.subject.as_deref(), Some("the subject"));
        assert_eq!(raw.get(message_start(raw.as_bytes())..), Some("the subject\n\nmore\n"));
        let links = Links::of(raw.as_bytes());
        let ids = [links.tree].into_iter().flatten().chain(links.parents).map(|id| id.to_string());
        assert_eq!((ids.collect::<Vec<_>>(), links.committed), (vec![tree.to_owned(); 3], 1_767_319_446));
    }

    #[test]
    fn a_tag_has_a_tagger() {
        let target = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let raw = format!("object {target}\ntype commit\ntag v1\ntagger T <t@x.org> 0 +0000\n\n\nfirst\n");
        let place = describe_tag(&ObjectId::null(Kind::Sha256), raw.as_bytes());
        assert_eq!((place.object, place.blob.len(), place.commit), (ObjectKind::Tag, 64, None));
        assert_eq!((place.author.as_deref(), place.date.as_deref()), (Some("T"), Some("1970-01-01T00:00:00+00:00")));
        assert_eq!((place.committed, place.subject.as_deref()), (None, Some("first")));
        assert_eq!(tag_target(raw.as_bytes()).map(|id| id.to_string()).as_deref(), Some(target));
    }

    #[test]
    fn names_and_dates_that_are_none() {
        assert_eq!(author("A <a@x.org> 0 -0000"), some("A", "a@x.org", "1970-01-01T00:00:00+00:00"));
        assert_eq!(author("<> 1 +0000"), some("", "", "1970-01-01T00:00:01+00:00"));
        assert_eq!(author("A <b> c> 1 +2359"), some("A", "b> c", "1970-01-01T23:59:01+23:59"));
        assert_eq!(author("A a@x.org"), some("A a@x.org", "", ""));
        assert_eq!(author("A <a@x.org"), some("A", "a@x.org", ""));
        assert_eq!(author("A <a> soon +0000"), some("A", "a", ""));
        assert_eq!(author("A <a> 99999999999999999999 +0000"), some("A", "a", ""));
        assert_eq!(author("A <a> 9223372036854775807 +0000"), some("A", "a", ""));
        assert_eq!(author("A <a> -9223372036854775808 +0000"), some("A", "a", ""));
        assert_eq!(author("A <a> 253402300799 +0000").2, None, "what no time zone can hold");
        assert_eq!(author("A <a> -62167219201 +0000").2, None, "before the year 0");
        for zone in ["+9999", "+0060", "+00000", "0000", "+", "", "+-100", "UTC"] {
            assert_eq!(author(&format!("A <a> 1 {zone}")).2.as_deref(), Some("1970-01-01T00:00:01+00:00"), "{zone}");
        }
        let nothing = described(b"");
        assert_eq!((nothing.author, nothing.committed, nothing.subject), (None, None, None));
        assert_eq!(described(b"tree x\nauthor A <a> 1 +0000").author.as_deref(), Some("A"), "no message");
        assert_eq!(described(b"\nauthor A <a> 1 +0000\n").author, None, "no header");
    }

    #[test]
    fn text_that_is_no_utf8() {
        let raw = b"tree x\nauthor J\xf6rg <j> 1 +0000\nencoding ISO-8859-1\n\n\xfcber\n";
        let place = described(raw);
        assert_eq!((place.author.as_deref(), place.subject.as_deref()), (Some("J\u{f6}rg"), Some("\u{fc}ber")));
        let place = described(b"tree x\nauthor J\xf6rg <j> 1 +0000\n\n\xfcber \xc3\xbc\n");
        assert_eq!(
            (place.author.as_deref(), place.subject.as_deref()),
            (Some("J\u{fffd}rg"), Some("\u{fffd}ber \u{fc}"))
        );
        let long = ["\n".to_owned(), "\u{1f600}".repeat(5000)].concat();
        assert_eq!(described(long.as_bytes()).subject.map(|subject| subject.chars().count()), Some(MOST_CHARS));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(raw in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "(tree |parent |author |committer |object |tagger |encoding |[<>+\n 0-9a-f-]|iso8859-1|99999999999)*"
                .prop_map(String::into_bytes),
        ]) {
            let id = ObjectId::null(Kind::Sha1);
            let places = [describe(&id, &raw), describe_tag(&id, &raw)];
            prop_assert!(message_start(&raw) <= raw.len());
            prop_assert!(places.iter().flat_map(|place| [&place.date, &place.committed]).flatten().all(|date| date.len() == 25));
            let _links = (Links::of(&raw), tag_target(&raw));
        }
    }
}

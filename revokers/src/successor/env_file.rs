//! A line of a `.env` file. Every other byte of the file stays as it is.
//!
//! The value is quoted so that shells, Compose and the dotenv libraries of the common languages read the same from it; a value that no
//! quoting makes safe for all of them is refused. The new file stands in the old one's place at once and is readable by its owner only.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::ask::same;
use super::{Failure, Store, fragment, is_name};
use crate::{Context, Doing};

/// The most that is read of a file, in bytes.
const MOST: u64 = 4 << 20;

/// A name in a file.
#[derive(Debug)]
pub(super) struct EnvFile {
    path: PathBuf,
    name: String,
}

impl EnvFile {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (path, name) = fragment(text, "name")?;
        if !is_name(name) {
            return Err("the name is letters, digits and underscores".to_owned());
        }
        Ok(Self { path: PathBuf::from(path), name: name.to_owned() })
    }

    fn replace(&self, value: &str) -> Result<(), Failure> {
        let fail = |error: io::Error| Failure::Not(error.to_string());
        // A link is followed, or else it would become a file of its own.
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let before = read(&path).map_err(fail)?;
        let after = changed(before.as_ref().map_or(b"", |bytes| bytes), &self.name, value).map_err(Failure::not)?;
        let unchanged = || Ok(read(&path)? == before);
        write(&path, &after, unchanged).map_err(fail)?;
        // The new file is in its place. That it is there after a loss of power, only the folder on the disk says.
        on_disk(&path).map_err(|error| Failure::Unknown(error.to_string()))
    }

    /// Whether a value could be put there, as far as that is known without doing it.
    fn fits(&self) -> Result<(), Failure> {
        let fail = |error: io::Error| Failure::Not(error.to_string());
        let bytes = read(&self.path).map_err(fail)?.unwrap_or_default();
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        if !folder(&path).is_dir() {
            return Err(Failure::not("its folder is not there"));
        }
        changed(&bytes, &self.name, "a").map(drop).map_err(Failure::not)
    }

    fn present(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        let bytes = read(&self.path).map_err(|error| Failure::Not(error.to_string()))?.unwrap_or_default();
        let assignments = assignments(&bytes, &self.name);
        let value = assignments.last().and_then(|one| bytes.get(one.value.clone())).and_then(unquote);
        Ok(value.filter(|_| assignments.len() == 1))
    }
}

impl Store for EnvFile {
    fn name(&self) -> String {
        format!("{}, {}", self.path.display(), self.name)
    }

    fn ready<'a>(&'a self, _: &'a Context) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move { self.fits() })
    }

    fn put<'a>(&'a self, _: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move { self.replace(value) })
    }

    fn holds<'a>(&'a self, _: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move { same(self.present()?.as_ref().map(|value| value.as_str()), value) })
    }
}

/// A file's bytes; `None` if there is no file.
fn read(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let size = match fs::metadata(path) {
        Ok(meta) if !meta.is_file() => return Err(io::Error::other("it is no file")),
        Ok(meta) if meta.len() > MOST => return Err(io::Error::other("it is too large for a .env file")),
        Ok(meta) => meta.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Room for all of it, so that no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1)));
    io::Read::read_to_end(&mut io::Read::take(File::open(path)?, MOST), &mut bytes)?;
    Ok(Some(bytes))
}

/// The folder that a file stands in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Puts a file in the old one's place, whole, unless that has changed meanwhile.
fn write(path: &Path, bytes: &[u8], unchanged: impl Fn() -> io::Result<bool>) -> io::Result<()> {
    // Made readable by its owner only, and removed if anything fails.
    let mut file = tempfile::Builder::new().prefix(".env.").tempfile_in(folder(path))?;
    file.write_all(bytes)?;
    keep(path, file.as_file())?;
    file.as_file().sync_all()?;
    if !unchanged()? {
        return Err(io::Error::other("somebody else has just changed it"));
    }
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Waits until a file's name is on the disk, which it is when its folder is.
fn on_disk(path: &Path) -> io::Result<()> {
    let synced = File::open(folder(path)).and_then(|folder| folder.sync_all());
    synced.or_else(|error| if cfg!(unix) { Err(error) } else { Ok(()) })
}

/// Gives the new file the owner of the old one, and its rights as far as they are the owner's.
#[cfg(unix)]
fn keep(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let Ok(old) = fs::metadata(path) else { return Ok(()) };
    let new = file.metadata()?;
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o600))
}

#[cfg(not(unix))]
fn keep(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// Where a value stands.
#[derive(Debug, PartialEq, Eq)]
struct Assignment {
    /// The bytes of the value, with its quotation marks, without blanks and a comment after it.
    value: Range<usize>,
}

/// The assignments to a name. A value in quotation marks may go over several lines, which are no lines of their own then.
fn assignments(text: &[u8], name: &str) -> Vec<Assignment> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let line_end = end_of_line(text, at);
        let Some((key, start)) = key(text, at, line_end) else {
            at = line_end + 1;
            continue;
        };
        let value = value(text, start, line_end);
        at = end_of_line(text, value.end) + 1;
        if text.get(key) == Some(name.as_bytes()) {
            found.push(Assignment { value });
        }
    }
    found
}

fn end_of_line(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.iter().position(|&b| b == b'\n').map_or(text.len(), |length| from + length)
}

/// The name that a line assigns to, and where its value starts.
fn key(text: &[u8], from: usize, to: usize) -> Option<(Range<usize>, usize)> {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let skip = |from: usize| Some(from + text.get(from..to)?.iter().take_while(|b| blank(b)).count());
    let mut start = skip(from)?;
    if text.get(start..to)?.strip_prefix(b"export").is_some_and(|rest| rest.first().is_some_and(blank)) {
        start = skip(start + b"export".len())?;
    }
    let length = text.get(start..to)?.iter().take_while(|b| b.is_ascii_alphanumeric() || b"_.-".contains(b)).count();
    let key = start..start + length;
    let equals = skip(key.end)?;
    let assigns = length > 0 && text.get(equals) == Some(&b'=') && equals < to;
    assigns.then_some(())?;
    Some((key, skip(equals + 1)?))
}

/// The bytes of a value.
fn value(text: &[u8], start: usize, line_end: usize) -> Range<usize> {
    if let Some(mark @ (b'"' | b'\'' | b'`')) = text.get(start).filter(|_| start < line_end)
        && let Some(end) = closing(text, start + 1, *mark)
    {
        return start..end + 1;
    }
    // Without quotation marks it ends at a comment, which a blank stands before, or with its line.
    let line = text.get(start..line_end).unwrap_or_default();
    let comment = line.windows(2).position(|pair| matches!(pair, [b' ' | b'\t', b'#']));
    let bare = line.get(..comment.unwrap_or(line.len())).unwrap_or_default().trim_ascii_end();
    start..start + bare.len()
}

/// Where a quotation mark closes. In double ones, a backslash takes the meaning from the next byte.
fn closing(text: &[u8], from: usize, mark: u8) -> Option<usize> {
    let mut at = from;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' if mark == b'"' => at += 2,
            byte if byte == mark => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// The file with the new value.
fn changed(text: &[u8], name: &str, value: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let found = assignments(text, name);
    let old = match found.as_slice() {
        [] => None,
        [one] => Some(one.value.clone()),
        _ => return Err("the name stands there more than once, and readers differ in which one counts"),
    };
    let mark = old.as_ref().and_then(|old| text.get(old.start)).copied().filter(|b| b"'\"".contains(b));
    let quoted = quote(value, mark)?;
    let mut new = Zeroizing::new(Vec::with_capacity(text.len() + name.len() + quoted.len() + 8));
    if let Some(old) = old {
        new.extend_from_slice(text.get(..old.start).unwrap_or_default());
        new.extend_from_slice(quoted.as_bytes());
        new.extend_from_slice(text.get(old.end..).unwrap_or_default());
        return Ok(new);
    }
    let line: &[u8] = if text.windows(2).any(|pair| pair == b"\r\n") { b"\r\n" } else { b"\n" };
    new.extend_from_slice(text);
    if !text.is_empty() && !text.ends_with(b"\n") {
        new.extend_from_slice(line);
    }
    for piece in [name.as_bytes(), b"=", quoted.as_bytes(), line] {
        new.extend_from_slice(piece);
    }
    Ok(new)
}

/// A value as all readers take it for what it is. `mark` is the quotation mark that stood there.
fn quote(value: &str, mark: Option<u8>) -> Result<Zeroizing<String>, &'static str> {
    const NONE: &str = "the value holds bytes that readers of .env files take differently, however it is quoted";
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    let mark = match mark {
        _ if value.is_empty() || value.contains(['\0', '\r']) => return Err(NONE),
        None if value.chars().all(plain) => return Ok(Zeroizing::new(value.to_owned())),
        // In double ones, shells and libraries read these as something else.
        Some(b'"') if !value.contains(['"', '$', '`', '\\', '!']) => '"',
        _ if !value.contains(['\'', '\\']) => '\'',
        _ if !value.contains(['"', '$', '`', '\\', '!']) => '"',
        _ => return Err(NONE),
    };
    Ok(Zeroizing::new(format!("{mark}{value}{mark}")))
}

/// The value of what stands after the `=`, for forms that [`quote`] writes; `None` for others.
fn unquote(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let inner = ['\'', '"'].iter().find_map(|mark| text.strip_prefix(*mark)?.strip_suffix(*mark));
    Some(Zeroizing::new(inner.unwrap_or(text).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str, value: &str) -> Result<String, &'static str> {
        changed(text.as_bytes(), "KEY", value).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn one_value_changes_and_nothing_else() {
        for (before, after) in [
            ("", "KEY=new\n"),
            ("A=1", "A=1\nKEY=new\n"),
            ("A=1\r\n", "A=1\r\nKEY=new\r\n"),
            ("KEY=old\n", "KEY=new\n"),
            ("KEY=old", "KEY=new"),
            ("KEY=\n", "KEY=new\n"),
            ("KEY=\nNEXT=1\n", "KEY=new\nNEXT=1\n"),
            ("\texport  KEY = old  # mine\r\nB=2\r\n", "\texport  KEY = new  # mine\r\nB=2\r\n"),
            ("KEY=\"old # x\" # note\n", "KEY=\"new\" # note\n"),
            ("KEY='a\nKEY=b\n' \nC=3\n", "KEY='new' \nC=3\n"),
            (
                "# KEY=old\nMYKEY=1\nKEY2=2\nexportKEY=3\nKEY: 4\n",
                "# KEY=old\nMYKEY=1\nKEY2=2\nexportKEY=3\nKEY: 4\nKEY=new\n",
            ),
            ("PEM=\"a\nKEY=inside\n\"\nKEY=old\n", "PEM=\"a\nKEY=inside\n\"\nKEY=new\n"),
            ("A='it is open\nKEY=old\n", "A='it is open\nKEY=new\n"),
            ("KEY=\"a\\\"b\"\n", "KEY=\"new\"\n"),
        ] {
            assert_eq!(change(before, "new").as_deref(), Ok(after), "{before:?}");
        }
        assert!(change("KEY=1\nKEY=2\n", "new").is_err());
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        let bytes = changed(b"A=\xff\xfe\nKEY=old\n\xff", "KEY", "new");
        assert_eq!(bytes.as_deref().map(Vec::as_slice), Ok(&b"A=\xff\xfe\nKEY=new\n\xff"[..]));
    }

    #[test]
    fn a_value_is_quoted_where_it_must_be() {
        for (value, written) in [
            ("abc-1_2./:@%+,=", Some("KEY=abc-1_2./:@%+,=\n")),
            ("a b", Some("KEY='a b'\n")),
            ("a#b", Some("KEY='a#b'\n")),
            ("$HOME `x` \"y\"!", Some("KEY='$HOME `x` \"y\"!'\n")),
            ("it's", Some("KEY=\"it's\"\n")),
            ("a\nb", Some("KEY='a\nb'\n")),
            ("it's $1", None),
            ("a\\n", None),
            ("a\rb", None),
            ("", None),
        ] {
            assert_eq!(change("", value).ok().as_deref(), written, "{value:?}");
        }
        assert_eq!(change("KEY=\"x\"", "a$b").as_deref(), Ok("KEY='a$b'"));
    }

    #[test]
    fn what_was_written_is_read_back() {
        for value in ["plain", "a b", "it's", "a\nKEY=b\nc", "x#y", "$a"] {
            let text = changed(b"# KEY=no\nKEY='old'\nB=1\n", "KEY", value).unwrap_or_default();
            let found = assignments(&text, "KEY");
            let back = found.first().and_then(|one| text.get(one.value.clone())).and_then(unquote);
            assert_eq!(back.as_ref().map(|back| back.as_str()), Some(value));
            assert_eq!(found.len(), 1);
        }
    }
}

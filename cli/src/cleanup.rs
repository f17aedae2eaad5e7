//! `--cleanup FILE`: what `git filter-repo` needs to take the secrets of a run out of a history.
//!
//! Beside `--reveal`, this file is the one output that holds secrets in clear. It has one expression a line, as `--replace-text` and
//! `--replace-message` read them: <https://htmlpreview.github.io/?https://github.com/newren/git-filter-repo/blob/docs/html/git-filter-repo.html>.
//! The lines are bytes; the replacement stands behind the last `==>`; there are no comments. All `literal:` lines are applied in their
//! order, then all `regex:` lines (Python's, over bytes) in theirs.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use stanch_model::{Finding, Sensitivity};
use zeroize::Zeroizing;

use crate::exit::CliError;
use crate::remote::is_remote;
use crate::report::{Redactor, quoted, weak};
use crate::shell::Shell;
use crate::vault::is_within;

/// A file that is not there yet.
pub(crate) struct Cleanup {
    path: PathBuf,
}

/// What goes into the file, and what cannot.
#[derive(Default)]
struct Plan<'f> {
    /// One for each secret, the longest first, so that one inside of another does not break it.
    lines: Vec<Line<'f>>,
    /// One for each secret that stands in other text too.
    weak: Vec<&'f Finding>,
    /// How many secrets stand encoded, so that their bytes are not those of the file.
    encoded: usize,
}

struct Line<'f> {
    secret: &'f [u8],
    /// Whether it has to be written as a pattern.
    pattern: bool,
    replacement: String,
}

impl Cleanup {
    /// The file to be written. Nothing is overwritten: a file that is there is refused before the scan, not after it. So is one that would stand
    /// in what is scanned, from where it is soon committed.
    pub(crate) fn at(path: &Path, targets: &[PathBuf]) -> Result<Self, CliError> {
        if path == Path::new("-") {
            return Err(CliError::new("--cleanup takes a file")
                .hint("it holds secrets in clear, so it is not written to standard output"));
        }
        if path.symlink_metadata().is_ok() {
            return Err(CliError::new(format!("`{}` is there already", path.display()))
                .hint("--cleanup overwrites nothing: delete the file if it has done its work, or name another"));
        }
        if targets.iter().any(|target| !is_remote(target) && is_within(path, &folder(target))) {
            return Err(CliError::new("the file of --cleanup is inside of what is scanned").hint(
                "it holds secrets in clear: name a place outside of every repository, as in `--cleanup ~/cleanup.txt`",
            ));
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Writes the file for the findings that count, and says what to do with it. `complete` is whether everything could be scanned.
    pub(crate) fn write(
        &self,
        findings: &[Finding],
        complete: bool,
        redactor: &Redactor<'_>,
        shell: &mut Shell,
    ) -> Result<(), CliError> {
        let plan = Plan::new(findings);
        if plan.lines.is_empty() {
            shell.note(&format!("`{}` is not written: no secrets to be taken out", self.path.display()));
        } else {
            write_new(&self.path, &plan.text())
                .map_err(|error| CliError::new(format!("cannot write `{}`: {error}", self.path.display())))?;
            self.tell(plan.lines.len(), shell);
        }
        if !complete {
            shell.warning("not everything could be scanned, so there may be more secrets to be taken out");
        }
        plan.tell_left_out(redactor, shell);
        Ok(())
    }

    fn tell(&self, secrets: usize, shell: &mut Shell) {
        let path = &self.path;
        let noun = if secrets == 1 { "secret" } else { "secrets" };
        shell
            .warning(&format!("`{}` holds {secrets} {noun} in clear: delete it when its work is done", path.display()));
        let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
        let file = quoted(&whole.display().to_string());
        shell.note(&format!(
            "To take them out of the history, in a fresh clone:\n  \
             git filter-repo --sensitive-data-removal --replace-text {file} --replace-message {file}\n\
             Revoke the credentials first. Forks, other clones, caches and the refs of pull requests keep the old history; only \
             revocation ends a leak."
        ));
    }
}

/// The folder that a target is, or stands in; nothing of standard input.
fn folder(target: &Path) -> PathBuf {
    if target == Path::new("-") {
        return PathBuf::new();
    }
    let beside = target.parent().filter(|_| target.is_file());
    let beside = beside.map(|dir| if dir.as_os_str().is_empty() { Path::new(".") } else { dir });
    stanch_scanner::worktree_top(beside.unwrap_or(target)).unwrap_or_else(|_| target.to_owned())
}

impl<'f> Plan<'f> {
    fn new(findings: &'f [Finding]) -> Self {
        let mut plan = Self::default();
        let mut seen = HashSet::new();
        let counts = |f: &&Finding| f.suppression.is_none() && f.sensitivity != Sensitivity::Publishable;
        for finding in findings.iter().filter(counts) {
            let secret = bytes(finding);
            if secret.is_empty() || !seen.insert((secret, finding.locator.decode.is_empty())) {
                continue;
            }
            if !finding.locator.decode.is_empty() {
                plan.encoded += 1;
            } else if weak(secret) {
                plan.weak.push(finding);
            } else {
                plan.lines.push(Line { secret, pattern: secret.contains(&b'\n'), replacement: replacement(finding) });
            }
        }
        // The sort is stable: equals stay in order of their first place.
        plan.lines.sort_by_key(|line| Reverse(line.secret.len()));
        plan.put_off_parts();
        plan
    }

    /// Patterns are applied after all literals, so what stands inside of one must not be a literal itself.
    fn put_off_parts(&mut self) {
        let several_lines: Vec<&[u8]> = self.lines.iter().filter(|l| l.pattern).map(|line| line.secret).collect();
        for line in self.lines.iter_mut().filter(|line| !line.pattern) {
            line.pattern = several_lines.iter().any(|whole| holds(whole, line.secret));
        }
    }

    fn tell_left_out(&self, redactor: &Redactor<'_>, shell: &mut Shell) {
        const MOST: usize = 10;
        for finding in self.weak.iter().take(MOST) {
            let (path, line) = (redactor.redact(&finding.path), finding.location.line);
            let rule = &finding.rule;
            shell
                .warning(&format!("left out: {rule} in {path}, line {line}; so plain a word stands in other text too"));
        }
        if self.weak.len() > MOST {
            shell.warning(&format!("left out: {} more plain words", self.weak.len() - MOST));
        }
        if self.encoded > 0 {
            shell.warning(&format!("left out: {} that stand encoded", self.encoded));
        }
    }

    fn text(&self) -> Zeroizing<Vec<u8>> {
        const MOST_BESIDE: usize = "literal:==>\n".len();
        let most = |line: &Line<'_>| MOST_BESIDE + line.secret.len() * MOST_BYTES_A_BYTE + line.replacement.len();
        // With all of its room at once, the vector leaves no copies behind.
        let mut text = Zeroizing::new(Vec::with_capacity(self.lines.iter().map(most).sum()));
        for line in &self.lines {
            if line.pattern {
                text.extend_from_slice(b"regex:");
                escape(line.secret, &mut text);
            } else {
                text.extend_from_slice(b"literal:");
                text.extend_from_slice(line.secret);
            }
            text.extend_from_slice(b"==>");
            text.extend_from_slice(line.replacement.as_bytes());
            text.push(b'\n');
        }
        text
    }
}

#[expect(clippy::disallowed_methods, reason = "the user asked for a file of the secrets")]
fn bytes(finding: &Finding) -> &[u8] {
    finding.secret.expose()
}

/// `REDACTED-<rule>-<start of the fingerprint>`, in characters that mean nothing to a template of Python's.
fn replacement(finding: &Finding) -> String {
    const DIGITS: usize = 8;
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' };
    let rule: String = finding.rule.as_str().chars().map(plain).collect();
    let fingerprint = finding.fingerprint.to_string();
    format!("REDACTED-{rule}-{}", fingerprint.get(..DIGITS).unwrap_or(&fingerprint))
}

fn holds(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// What [`escape`] makes of one byte, at most.
const MOST_BYTES_A_BYTE: usize = 5;

/// A secret as a regular expression of Python's on one line. Its line ends match both ways of writing them, as a checkout may have changed
/// them.
fn escape(secret: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut rest = secret;
    loop {
        rest = match rest {
            [] => return,
            [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => {
                out.extend_from_slice(br"\r?\n");
                after
            }
            [byte, after @ ..] if byte.is_ascii_alphanumeric() => {
                out.push(*byte);
                after
            }
            [byte, after @ ..] => {
                let digit = |half: u8| HEX[usize::from(half & 15)];
                out.extend_from_slice(&[b'\\', b'x', digit(byte >> 4), digit(*byte)]);
                after
            }
        };
    }
}

/// Writes a file that only its owner can read, where there is none. No other file ever holds a part of it.
fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path)?.write_all(text);
    if written.is_err() {
        let _half = std::fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use stanch_model::{Fingerprint, RuleId, Secret, Source, Suppression, SuppressionKind};
    use stanch_rules::RuleSet;
    use stanch_scanner::{Control, Engine, Scratch, scan_bytes};

    use super::*;

    /// One of the file's expressions, as the documentation of git-filter-repo explains them.
    #[derive(Debug)]
    enum Expression {
        Literal(Vec<u8>),
        Pattern(Vec<Atom>),
    }

    #[derive(Debug)]
    enum Atom {
        Byte(u8),
        /// `\r?\n`
        LineEnd,
    }

    fn split_last<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
        let at = text.windows(mark.len()).rposition(|window| window == mark)?;
        Some((&text[..at], &text[at + mark.len()..]))
    }

    fn atoms(mut text: &[u8]) -> Vec<Atom> {
        let mut atoms = Vec::new();
        while let Some((first, rest)) = text.split_first() {
            if let Some(rest) = text.strip_prefix(br"\r?\n") {
                atoms.push(Atom::LineEnd);
                text = rest;
            } else if let Some(hex) = text.strip_prefix(br"\x") {
                let digits = std::str::from_utf8(&hex[..2]).unwrap_or_default();
                atoms.push(Atom::Byte(u8::from_str_radix(digits, 16).unwrap_or_else(|error| panic!("{error}"))));
                text = &hex[2..];
            } else {
                assert!(first.is_ascii_alphanumeric(), "{first} means itself in every pattern");
                atoms.push(Atom::Byte(*first));
                text = rest;
            }
        }
        atoms
    }

    fn expressions(file: &[u8]) -> Vec<(Expression, Vec<u8>)> {
        let lines = file.strip_suffix(b"\n").unwrap_or(file).split(|byte| *byte == b'\n');
        let parse = |line: &[u8]| {
            let (expression, replacement) = split_last(line, b"==>").unwrap_or((line, b"***REMOVED***"));
            let expression = match expression.strip_prefix(b"regex:") {
                Some(pattern) => Expression::Pattern(atoms(pattern)),
                None => Expression::Literal(expression.strip_prefix(b"literal:").unwrap_or(expression).to_vec()),
            };
            (expression, replacement.to_vec())
        };
        lines.map(parse).collect()
    }

    /// The length of what an expression matches at the start of a text.
    fn matched(expression: &Expression, text: &[u8]) -> Option<usize> {
        match expression {
            Expression::Literal(literal) => text.starts_with(literal).then_some(literal.len()),
            Expression::Pattern(atoms) => atoms.iter().try_fold(0, |at, atom| {
                let rest = &text[at..];
                let length = match atom {
                    Atom::Byte(byte) => rest.starts_with(&[*byte]).then_some(1),
                    Atom::LineEnd if rest.starts_with(b"\r\n") => Some(2),
                    Atom::LineEnd => rest.starts_with(b"\n").then_some(1),
                };
                length.map(|length| at + length)
            }),
        }
    }

    fn replace(text: &[u8], expression: &Expression, replacement: &[u8]) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), 0);
        while at < text.len() {
            if let Some(length) = matched(expression, &text[at..]) {
                out.extend_from_slice(replacement);
                at += length;
            } else {
                out.push(text[at]);
                at += 1;
            }
        }
        out
    }

    /// What `git filter-repo --replace-text` makes of a file's content.
    fn filtered(file: &[u8], text: &[u8]) -> Vec<u8> {
        let all = expressions(file);
        let literal = |pair: &&(Expression, Vec<u8>)| matches!(pair.0, Expression::Literal(_));
        let ordered = all.iter().filter(literal).chain(all.iter().filter(|pair| !literal(pair)));
        ordered.fold(text.to_vec(), |text, (expression, replacement)| replace(&text, expression, replacement))
    }

    /// Findings of made-up secrets, each under another fingerprint.
    fn findings(secrets: &[&[u8]]) -> Vec<Finding> {
        let engine = Engine::new(RuleSet::builtin());
        let (key, stop) =
            (stanch_model::FingerprintKey::from_bytes([7; 32]), std::sync::atomic::AtomicBool::new(false));
        let control = Control { engine: &engine, key: &key, stop: &stop, events: &(), jobs: 1 };
        let text = stanch_rules::mint("{{ghp_{base62:30}|github-crc32}}", 1).map(|m| m.text).unwrap_or_default();
        let found = scan_bytes(&control, "a", &text, Source::File, None, &mut Scratch::default());
        let made = |(n, secret): (usize, &&[u8])| {
            let mut finding = found.first().cloned().unwrap_or_else(|| panic!("the token is found"));
            finding.secret = Secret::new(secret.to_vec());
            finding.rule = RuleId::new("acme.key");
            finding.fingerprint = Fingerprint::from_bytes([n as u8; 16]);
            finding
        };
        secrets.iter().enumerate().map(made).collect()
    }

    fn file(findings: &[Finding]) -> Vec<u8> {
        Plan::new(findings).text().to_vec()
    }

    #[test]
    fn every_secret_goes_from_the_bytes_whatever_it_holds() {
        let line = b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC";
        let frame = concat!("-----BEGIN ", "THING-----").as_bytes();
        let key = [frame, line, b"x+/=", frame].join(&b'\n');
        let windows = [frame, b"other+line", frame].join(&b"\r\n"[..]);
        let secrets: &[&[u8]] = &[
            b"plain-token-1",
            b"plain-token-1-and-more",
            b"a==>b==>",
            b"ends-with==",
            b"literal:x-y-z",
            b"regex:.*[a-z]+",
            b"glob:*****",
            b"#no-comment",
            b"\xff\xfe\x00\x80bytes",
            b" spaces around ",
            b"back\\slash\\1\\g<0>",
            b"return\r",
            line,
            &key,
            &windows,
        ];
        let findings = findings(secrets);
        let file = file(&findings);
        for ends in [&b"\n"[..], b"\r\n"] {
            let text: Vec<u8> = secrets.iter().flat_map(|s| [b"<", *s, b">\n"].concat()).collect();
            let text = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            let text = text.collect::<Vec<_>>().join(ends);
            let clean = filtered(&file, &text);
            let shown = String::from_utf8_lossy(&clean);
            assert_eq!(shown.matches("REDACTED-acme.key-").count(), secrets.len(), "{shown}");
            for (n, secret) in secrets.iter().enumerate() {
                assert!(!holds(&clean, secret), "{n}: {shown}");
                assert!(
                    shown.contains(&format!("<REDACTED-acme.key-{}>", format!("{n:02x}").repeat(4))),
                    "{n}: {shown}"
                );
            }
        }
    }

    #[test]
    fn one_line_a_secret_and_the_longest_first() {
        let mut found = findings(&[b"inner-secret", b"inner-secret-outer", b"inner-secret", b"two\nlines"]);
        found.truncate(4);
        let text = String::from_utf8(file(&found)).unwrap_or_default();
        let expected = "literal:inner-secret-outer==>REDACTED-acme.key-01010101\n\
            literal:inner-secret==>REDACTED-acme.key-00000000\n\
            regex:two\\r?\\nlines==>REDACTED-acme.key-03030303\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_does_not_count_is_left_out() {
        let mut found = findings(&[b"suppressed-one", b"publishable-one", b"encoded-one", b"postgres", b""]);
        found[0].suppression =
            Some(Suppression { kind: SuppressionKind::Ignored, reason: None, owner: None, expires: None });
        found[1].sensitivity = Sensitivity::Publishable;
        found[2].locator.decode = vec!["base64".to_owned()];
        let plan = Plan::new(&found);
        assert!(plan.lines.is_empty() && plan.text().is_empty());
        assert_eq!((plan.weak.len(), plan.encoded), (1, 1));
    }

    /// A vector that grows leaves a copy of what it held in freed memory.
    #[test]
    fn an_escaped_secret_fits_into_its_room() {
        for byte in 0..=u8::MAX {
            let mut out = Vec::new();
            escape(&[byte; 3], &mut out);
            assert!(out.len() <= 3 * MOST_BYTES_A_BYTE, "{byte}");
        }
    }
}

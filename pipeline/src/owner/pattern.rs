//! Patterns of names and paths. Matching takes time linear in text times pattern, whatever either says.

/// One element of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This character.
    Char(char),
    /// Any one character.
    One,
    /// Any characters, or none.
    Many,
    /// One of these ranges, or none of them.
    Class { not: bool, ranges: Vec<(char, char)> },
}

/// Whether a name fits a pattern in which `*` is any run of characters and `?` any one. Case does not count.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let tokens = tokens(&pattern.to_lowercase(), false);
    wild(&tokens, &name.to_lowercase().chars().collect::<Vec<_>>())
}

/// The elements of a pattern; `\` takes the special meaning of what follows it.
fn tokens(pattern: &str, classes: bool) -> Vec<Token> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            '*' if tokens.last() == Some(&Token::Many) => {}
            '*' => tokens.push(Token::Many),
            '?' => tokens.push(Token::One),
            '\\' => {
                tokens.push(Token::Char(chars.get(at).copied().unwrap_or('\\')));
                at += 1;
            }
            '[' if classes => match class(chars.get(at..).unwrap_or_default()) {
                Some((class, length)) => {
                    tokens.push(class);
                    at += length;
                }
                None => tokens.push(Token::Char('[')),
            },
            _ => tokens.push(Token::Char(c)),
        }
    }
    tokens
}

/// What stands behind a `[`: the class, and how many characters it takes with its `]`.
fn class(chars: &[char]) -> Option<(Token, usize)> {
    let not = matches!(chars.first(), Some('!' | '^'));
    let start = usize::from(not);
    let end = start + chars.get(start..)?.iter().position(|&c| c == ']')?;
    let mut ranges = Vec::new();
    let mut inner = chars.get(start..end)?;
    while let Some((&low, rest)) = inner.split_first() {
        let (high, more) = if let ['-', high, more @ ..] = rest { (*high, more) } else { (low, rest) };
        ranges.push((low, high));
        inner = more;
    }
    (!ranges.is_empty()).then_some((Token::Class { not, ranges }, end + 1))
}

/// Whether a text fits. After a mismatch only the last `*` takes one character more: the ones before it need not be tried again.
fn wild(pattern: &[Token], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some(Token::Many) => {
                star = Some((p, t));
                p += 1;
            }
            Some(token) if is(token, c) => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                (p, t) = (at + 1, taken + 1);
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|token| *token == Token::Many)
}

fn is(token: &Token, c: char) -> bool {
    match token {
        Token::Char(own) => *own == c,
        Token::One => true,
        Token::Many => false,
        Token::Class { not, ranges } => ranges.iter().any(|&(low, high)| (low..=high).contains(&c)) != *not,
    }
}

/// One element of the pattern of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// One name.
    Name(Vec<Token>),
    /// Any number of folders, or none.
    Deep,
}

/// The pattern of a path, name by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern(Vec<Part>);

impl PathPattern {
    /// As in a `.gitignore`, except that `docs/*` means no folder beneath, as GitHub has it
    /// (<https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners#codeowners-syntax>).
    /// `None` if there is nothing to match.
    pub(crate) fn gitignore(pattern: &str) -> Option<Self> {
        let inner = pattern.trim_end_matches('/');
        let anchored = inner.contains('/');
        let mut parts = parts(inner.trim_start_matches('/'), anchored, false)?;
        let children_only = anchored && inner.ends_with("/*");
        if pattern.ends_with('/') {
            parts.extend([Part::Deep, any()]);
        } else if !children_only {
            parts.push(Part::Deep);
        }
        Some(Self(parts))
    }

    /// As GitLab has it: what does not begin with `/` stands anywhere, and a folder ends with `/`
    /// (<https://docs.gitlab.com/user/project/codeowners/reference/>).
    pub(crate) fn gitlab(pattern: &str) -> Option<Self> {
        let mut parts = parts(pattern.trim_matches('/'), pattern.starts_with('/'), true)?;
        if pattern.ends_with('/') {
            parts.extend([Part::Deep, any()]);
        }
        Some(Self(parts))
    }

    /// Whether a path fits. It is taken from the repository's root, with `/`.
    pub(crate) fn fits(&self, path: &str) -> bool {
        let names: Vec<Vec<char>> =
            path.split('/').filter(|name| !name.is_empty()).map(|name| name.chars().collect()).collect();
        // `reached[n]`: the parts so far can take exactly the first n names.
        let mut reached = vec![false; names.len() + 1];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        for part in &self.0 {
            let mut open = false;
            let mut before = false;
            for (count, here) in reached.iter_mut().enumerate() {
                let was = *here;
                *here = match part {
                    Part::Deep => {
                        open |= was;
                        open
                    }
                    Part::Name(tokens) => {
                        let name = count.checked_sub(1).and_then(|last| names.get(last));
                        before && name.is_some_and(|name| wild(tokens, name))
                    }
                };
                before = was;
            }
        }
        reached.last() == Some(&true) && !names.is_empty()
    }
}

fn any() -> Part {
    Part::Name(vec![Token::Many])
}

fn parts(inner: &str, anchored: bool, classes: bool) -> Option<Vec<Part>> {
    if inner.is_empty() {
        return None;
    }
    let mut parts = if anchored { Vec::new() } else { vec![Part::Deep] };
    let mut names = inner.split('/').filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.next() {
        match name {
            "**" if names.peek().is_some() => parts.push(Part::Deep),
            _ => parts.push(Part::Name(tokens(name, classes))),
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (pattern, name) in
            [("*", ""), ("a*c", "abbc"), ("ACME-*", "acme-prod"), ("a?c", "abc"), ("*@x.org", "a@X.org")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("", "a"), ("a*c", "ab"), ("a?c", "ac"), ("a", "ab"), ("*b*", "acd")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        let (pattern, name) = ("a*".repeat(2_000) + "b", "a".repeat(20_000));
        assert!(!fits(&pattern, &name));
        let deep = PathPattern::gitignore(&("**/a/".repeat(500) + "b"));
        assert_eq!(deep.map(|deep| deep.fits(&"a/".repeat(2_000))), Some(false));
    }

    fn git(pattern: &str, path: &str) -> bool {
        PathPattern::gitignore(pattern).is_some_and(|pattern| pattern.fits(path))
    }

    #[test]
    fn paths_as_github_has_them() {
        let yes = [
            ("*", "a/b/c.rs"),
            ("*.js", "web/a.js"),
            ("/build/logs/", "build/logs/x/y.log"),
            ("docs/*", "docs/start.md"),
            ("apps/", "x/apps/y/z"),
            ("/apps/github", "apps/github/x.rs"),
            ("/apps/github", "apps/github"),
            ("**/logs", "a/b/logs/c.log"),
            ("/a/**/z", "a/z"),
            ("/a/**/z", "a/b/c/z"),
            ("docs/**", "docs/a/b"),
            ("a b.txt", "x/a b.txt"),
        ];
        for (pattern, path) in yes {
            assert!(git(pattern, path), "{pattern} {path}");
        }
        let no = [
            ("*.js", "a.jsx"),
            ("docs/*", "docs/a/b.md"),
            ("docs/*", "x/docs/a.md"),
            ("/apps/", "x/apps/y"),
            ("apps/", "apps"),
            ("/a/b", "a/bc"),
            ("/", "a"),
            ("*.JS", "a.js"),
        ];
        for (pattern, path) in no {
            assert!(!git(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn paths_as_gitlab_has_them() {
        let lab = |pattern, path| PathPattern::gitlab(pattern).is_some_and(|pattern: PathPattern| pattern.fits(path));
        assert!(lab("README.md", "a/b/README.md") && lab("internal/README.md", "x/internal/README.md"));
        assert!(
            lab("/docs/", "docs/a/b.md") && lab("/docs/*", "docs/a.md") && lab("/docs/**/index.md", "docs/index.md")
        );
        assert!(lab("/file[0-9].rb", "file7.rb") && lab("/x[!a]", "xb") && lab("*", "a/b"));
        assert!(!lab("/docs", "docs/a.md") && !lab("/docs/*", "docs/a/b.md") && !lab("/x[!a]", "xa"));
    }
}

//! CODEOWNERS, as GitHub and as GitLab read it.

use super::line;
use super::pattern::PathPattern;

/// Whose rules a file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// <https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>
    GitHub,
    /// <https://docs.gitlab.com/user/project/codeowners/reference/>
    GitLab,
}

/// A file of owners that was read.
#[derive(Debug, Clone)]
pub struct Codeowners {
    sections: Vec<Section>,
}

/// What is decided by itself: of GitLab's file each section, of GitHub's the whole.
#[derive(Debug, Clone, Default)]
struct Section {
    /// In lower case; sections of the same name are one.
    name: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    pattern: PathPattern,
    owners: Vec<String>,
    /// Whether what fits has no owner of this section, whatever follows.
    excludes: bool,
}

impl Codeowners {
    /// Where the file is looked for, in order.
    pub const fn places(dialect: Dialect) -> [&'static str; 3] {
        match dialect {
            Dialect::GitHub => [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"],
            Dialect::GitLab => ["CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"],
        }
    }

    /// Reads the text of such a file. A line that its host does not understand says nothing, as there.
    pub fn parse(text: &str, dialect: Dialect) -> Self {
        match dialect {
            Dialect::GitHub => Self { sections: vec![github(text)] },
            Dialect::GitLab => Self { sections: gitlab(text) },
        }
    }

    /// The owners of a path from the repository's root. In each section the last line that fits decides.
    pub fn owners(&self, path: &str) -> Vec<&str> {
        let mut owners: Vec<&str> = Vec::new();
        for section in &self.sections {
            for owner in section.owners(path) {
                if !owners.contains(&owner.as_str()) {
                    owners.push(owner);
                }
            }
        }
        owners
    }
}

impl Section {
    fn owners(&self, path: &str) -> &[String] {
        let fitting = || self.entries.iter().filter(|entry| entry.pattern.fits(path));
        if fitting().any(|entry| entry.excludes) {
            return &[];
        }
        fitting().next_back().map_or(&[], |entry| &entry.owners)
    }
}

fn github(text: &str) -> Section {
    /// What is larger is not read by GitHub either.
    const MOST: usize = 3 << 20;
    let lines = if text.len() > MOST { "" } else { text };
    Section { name: String::new(), entries: lines.lines().filter_map(github_line).collect() }
}

fn github_line(text: &str) -> Option<Entry> {
    let mut words = words(text);
    let pattern = words.next()?;
    // None of these works there: a comment, a negation, a class, an escaped comment.
    if pattern.starts_with(['#', '!']) || pattern.starts_with("\\#") || pattern.contains(['[', ']']) {
        return None;
    }
    let owners: Vec<String> = words.take_while(|word| !word.starts_with('#')).map(|word| line(&word)).collect();
    if !owners.iter().all(|owner| owner.contains('@')) {
        return None;
    }
    Some(Entry { pattern: PathPattern::gitignore(&pattern)?, owners, excludes: false })
}

fn gitlab(text: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let (mut current, mut default): (usize, Vec<String>) = (0, Vec::new());
    for text in text.lines() {
        let text = text.trim();
        if text.starts_with('#') {
            continue;
        }
        if let Some((name, owners)) = heading(text) {
            current = sections.iter().position(|section| section.name == name).unwrap_or(sections.len());
            if current == sections.len() {
                sections.push(Section { name, entries: Vec::new() });
            }
            default = owners;
        } else if let (Some(entry), Some(section)) = (gitlab_line(text, &default), sections.get_mut(current)) {
            section.entries.push(entry);
        }
    }
    sections
}

/// `^[Name][2] @owner`: the name in lower case, and the owners of lines that name none.
fn heading(text: &str) -> Option<(String, Vec<String>)> {
    let rest = text.strip_prefix('^').unwrap_or(text).strip_prefix('[')?;
    let (name, rest) = rest.split_once(']')?;
    let rest = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((count, rest)) if count.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => rest,
    };
    let named = !name.trim().is_empty() && (rest.is_empty() || rest.starts_with(char::is_whitespace));
    named.then(|| (name.trim().to_lowercase(), handles(words(rest))))
}

fn gitlab_line(text: &str, default: &[String]) -> Option<Entry> {
    let mut words = words(text);
    let pattern = words.next()?;
    let (pattern, excludes) = match pattern.strip_prefix('!') {
        Some(rest) => (rest.to_owned(), true),
        None => (pattern, false),
    };
    // There are no comments behind an entry: who is named there is an owner, too.
    let own = handles(words);
    let owners = if own.is_empty() { default.to_vec() } else { own };
    Some(Entry { pattern: PathPattern::gitlab(&pattern)?, owners, excludes })
}

fn handles(words: impl Iterator<Item = String>) -> Vec<String> {
    words.filter(|word| word.len() > 1 && word.contains('@')).map(|word| line(&word)).collect()
}

/// Words between blanks. A blank behind `\` belongs to the word; other escapes stay, for the pattern to read.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut word = String::new();
        while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
            match chars.peek() {
                Some(&blank) if c == '\\' && blank.is_whitespace() => {
                    word.push(blank);
                    chars.next();
                }
                Some(&other) if c == '\\' => {
                    word.extend([c, other]);
                    chars.next();
                }
                _ => word.push(c),
            }
        }
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn github_lets_the_last_line_win() {
        let file = Codeowners::parse(
            "# all\n* @org/all\n*.js @web ann@example.com # the front\n/docs/ @docs\n/docs/private/\n\
             a\\ b.txt @blank\n!x.rs @never\n[ab].rs @never\n\\#x @never\nbroken.rs not-an-owner\n",
            Dialect::GitHub,
        );
        let owners = |path| file.owners(path).join(" ");
        assert_eq!(owners("src/x.rs"), "@org/all");
        assert_eq!(owners("web/x.js"), "@web ann@example.com");
        assert_eq!(owners("docs/a/x.js"), "@docs");
        assert_eq!(owners("docs/private/x"), "", "a line without owners takes them away");
        assert_eq!(owners("q/a b.txt"), "@blank");
        assert_eq!(owners("a.rs"), "@org/all");
        assert_eq!(owners("broken.rs"), "@org/all");
        assert_eq!(owners("#x"), "@org/all");
    }

    #[test]
    fn a_file_that_github_does_not_read_says_nothing() {
        let text = "* @a\n".to_owned() + &"# padding\n".repeat(400_000);
        assert!(Codeowners::parse(&text, Dialect::GitHub).owners("a").is_empty());
    }

    #[test]
    fn gitlab_has_sections() {
        let file = Codeowners::parse(
            "* @all\n\\#pound.rb @pound\n[Docs] @docs\n/docs/\nREADME.md @readme\n^[Data Base][2] @dba @@maintainer\n\
             /model/db/\n!/model/db/seeds/\n/model/db/seeds/x.sql @late\n[DOCS] @other\n/extra/\n[Tail]\n/tail/ @t # and @comment\n",
            Dialect::GitLab,
        );
        let owners = |path| file.owners(path).join(" ");
        assert_eq!(owners("x"), "@all");
        assert_eq!(owners("#pound.rb"), "@pound");
        assert_eq!(owners("docs/a.md"), "@all @docs");
        assert_eq!(owners("docs/README.md"), "@all @readme", "the last of a section");
        assert_eq!(owners("model/db/a.sql"), "@all @dba @@maintainer");
        assert_eq!(owners("model/db/seeds/x.sql"), "@all", "what is excluded stays excluded");
        assert_eq!(owners("extra/a"), "@all @other");
        assert_eq!(owners("tail/a"), "@all @t @comment", "there are no comments behind an entry");
    }

    #[test]
    fn what_is_no_heading_is_an_entry() {
        assert_eq!(heading("[open @a"), None);
        assert_eq!(heading("[ ] @a"), None);
        assert_eq!(heading("[a]b"), None);
        assert_eq!(heading("[Name][12] @a"), Some(("name".to_owned(), vec!["@a".to_owned()])));
    }
}

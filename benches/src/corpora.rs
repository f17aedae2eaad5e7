//! The real repositories of `corpora.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::BenchError;
use crate::git::git;

/// A repository at one commit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpus {
    /// Its name, and that of its folder.
    pub name: String,
    /// Where git gets it.
    pub url: String,
    /// The commit, in full.
    pub commit: String,
    /// What it is good for.
    pub about: String,
    /// Whether its whole history is measured too.
    #[serde(default)]
    pub history: bool,
}

#[derive(Deserialize)]
struct File {
    corpus: Vec<Corpus>,
}

/// All corpora, in the order of the file.
///
/// # Panics
/// If the file is no TOML of this form; it is part of this crate.
pub fn corpora() -> Vec<Corpus> {
    let file: File =
        toml::from_str(include_str!("../corpora.toml")).unwrap_or_else(|error| panic!("corpora.toml: {error}"));
    file.corpus
}

/// Where fetched corpora stand: below the project's target folder.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/corpora")
}

/// The corpus of this name.
///
/// # Errors
/// If there is none.
pub fn corpus_named(name: &str) -> Result<Corpus, BenchError> {
    let found = corpora().into_iter().find(|corpus| corpus.name == name);
    found.ok_or_else(|| BenchError::new(format!("corpora.toml has no corpus `{name}`")))
}

/// Gets a corpus with the user's git, unless it is there: its commit alone, or with all of its history.
///
/// # Errors
/// If git cannot get it.
pub fn fetch(corpus: &Corpus, folder: &Path, history: bool) -> Result<PathBuf, BenchError> {
    let at = folder.join(&corpus.name);
    let there = is_at(&at, &corpus.commit);
    if there && (!history || is_whole(&at)) {
        return Ok(at);
    }
    fs::create_dir_all(&at).map_err(BenchError::at(&at))?;
    if !there {
        git(&at, &["init", "--quiet"])?;
    }
    let depth: &[&str] = match (history, there) {
        (true, true) => &["--unshallow"],
        (true, false) => &[],
        (false, _) => &["--depth", "1"],
    };
    let fetch = [&["fetch", "--quiet"], depth, &[&corpus.url, &corpus.commit]].concat();
    git(&at, &fetch)?;
    git(&at, &["checkout", "--quiet", "--detach", &corpus.commit])?;
    Ok(at)
}

/// Whether a repository has that commit checked out.
fn is_at(at: &Path, commit: &str) -> bool {
    git(at, &["rev-parse", "HEAD"]).is_ok_and(|head| head.trim_ascii() == commit.as_bytes())
}

/// Whether a repository has all of its history.
pub(crate) fn is_whole(at: &Path) -> bool {
    git(at, &["rev-parse", "--is-shallow-repository"]).is_ok_and(|shallow| shallow.trim_ascii() == b"false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_corpus_is_named_by_url_and_whole_commit() {
        let all = corpora();
        assert!(all.len() >= 6);
        for corpus in all {
            assert!(corpus.url.starts_with("https://"), "{corpus:?}");
            assert!(corpus.commit.len() == 40 && corpus.commit.bytes().all(|b| b.is_ascii_hexdigit()), "{corpus:?}");
            assert!(!corpus.name.contains(['/', '.']) && !corpus.about.is_empty(), "{corpus:?}");
            assert_eq!(corpus_named(&corpus.name).ok(), Some(corpus));
        }
        assert!(corpus_named("none").is_err());
    }

    #[test]
    fn a_corpus_is_fetched_once() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let origin = folder.path().join("origin");
        fs::create_dir(&origin).unwrap_or_else(|error| panic!("{error}"));
        let run = |arguments: &[&str]| git(&origin, arguments).unwrap_or_else(|error| panic!("{error}"));
        run(&["init", "--quiet"]);
        run(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        for text in ["first", "text"] {
            fs::write(origin.join("a"), text).unwrap_or_else(|error| panic!("{error}"));
            run(&["add", "a"]);
            run(&["commit", "--quiet", "-m", "a"]);
        }
        let corpus = Corpus {
            name: "copy".to_owned(),
            url: format!("file://{}", origin.display()),
            commit: String::from_utf8_lossy(run(&["rev-parse", "HEAD"]).trim_ascii()).into_owned(),
            about: String::new(),
            history: true,
        };
        let got = |history| fetch(&corpus, folder.path(), history).unwrap_or_else(|error| panic!("{error}"));
        let at = got(false);
        assert!(!is_whole(&at));
        assert_eq!(got(true), at);
        assert!(is_whole(&at));
        fs::remove_dir_all(&origin).unwrap_or_default();
        got(true);
        assert_eq!(fs::read_to_string(got(false).join("a")).unwrap_or_default(), "text");
        let missing = Corpus { name: "other".to_owned(), ..corpus };
        assert!(fetch(&missing, folder.path(), false).is_err());
    }
}

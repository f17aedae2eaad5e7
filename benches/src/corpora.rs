//! The real repositories of `corpora.toml`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

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
}

/// Why a corpus is not there.
#[derive(Debug)]
pub struct CorpusError(String);

impl std::fmt::Display for CorpusError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CorpusError {}

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

/// Gets a corpus with the user's git, unless it is there. Only its commit is fetched, without the history.
///
/// # Errors
/// If git cannot get it.
pub fn fetch(corpus: &Corpus, folder: &Path) -> Result<PathBuf, CorpusError> {
    let at = folder.join(&corpus.name);
    if git(&at, &["rev-parse", "HEAD"]).is_ok_and(|head| head.trim() == corpus.commit) {
        return Ok(at);
    }
    fs::create_dir_all(&at).map_err(|error| CorpusError(format!("{}: {error}", at.display())))?;
    git(&at, &["init", "--quiet"])?;
    git(&at, &["fetch", "--quiet", "--depth", "1", &corpus.url, &corpus.commit])?;
    git(&at, &["checkout", "--quiet", "--detach", &corpus.commit])?;
    Ok(at)
}

/// Runs git in a folder that is a repository of its own, and gives what it printed.
fn git(at: &Path, arguments: &[&str]) -> Result<String, CorpusError> {
    let failed = |why: &str| CorpusError(format!("git {} in {}: {why}", arguments.join(" "), at.display()));
    let output = Command::new("git")
        .args(arguments)
        .current_dir(at)
        // A folder that is no repository yet must not be taken for a part of the one around it.
        .env("GIT_CEILING_DIRECTORIES", at.parent().unwrap_or(at))
        .output()
        .map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
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
        }
    }

    #[test]
    fn a_corpus_is_fetched_once() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let origin = folder.path().join("origin");
        fs::create_dir(&origin)
            .and_then(|()| fs::write(origin.join("a"), "text"))
            .unwrap_or_else(|error| panic!("{error}"));
        let run = |arguments: &[&str]| git(&origin, arguments).unwrap_or_else(|error| panic!("{error}"));
        run(&["init", "--quiet"]);
        run(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        run(&["add", "a"]);
        run(&["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "a"]);
        let corpus = Corpus {
            name: "copy".to_owned(),
            url: origin.to_string_lossy().into_owned(),
            commit: run(&["rev-parse", "HEAD"]).trim().to_owned(),
            about: String::new(),
        };
        for _ in 0..2 {
            let at = fetch(&corpus, folder.path()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(fs::read_to_string(at.join("a")).unwrap_or_default(), "text");
            fs::remove_dir_all(&origin).unwrap_or_default();
        }
        let missing = Corpus { name: "other".to_owned(), ..corpus };
        assert!(fetch(&missing, folder.path()).is_err());
    }
}

//! Made-up repositories: the same objects on every machine, of any length, with the shape of real ones. Most commits change a few lines of
//! a few files; now and then one brings a (fake) credential.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use stanch_rules::{Rng, mint};

use crate::error::BenchError;
use crate::git::{git, git_reading};
use crate::material::line;

/// How many files a made-up repository has, in folders of ten.
const FILES: usize = 200;

/// How many lines a file has at first.
const LINES: u64 = 120;

/// How many files a commit changes.
const CHANGES: usize = 3;

/// Every how many commits a credential is added.
const LEAK_EVERY: usize = 50;

/// Makes a bare repository of so many commits, unless it is there.
///
/// # Errors
/// If git fails, or the folder cannot be written.
pub fn repository(path: &Path, commits: usize) -> Result<(), BenchError> {
    let stream = path.with_extension("stream");
    let stamp = path.join("made-up");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == commits.to_string()) {
        return Ok(());
    }
    if path.exists() {
        fs::remove_dir_all(path).map_err(BenchError::at(path))?;
    }
    fs::create_dir_all(path).map_err(BenchError::at(path))?;
    let file = File::create(&stream).map_err(BenchError::at(&stream))?;
    write_stream(&mut BufWriter::new(file), commits).map_err(BenchError::at(&stream))?;
    git(path, &["init", "--quiet", "--bare", "--initial-branch=main", "--object-format=sha1"])?;
    // A pack whatever the number of objects, with deltas as fast-import makes them: it knows no configuration or number of threads.
    let import = ["-c", "fastimport.unpackLimit=1", "-c", "core.compression=6", "fast-import", "--quiet", "--force"];
    git_reading(path, &import, &stream)?;
    fs::remove_file(&stream).map_err(BenchError::at(&stream))?;
    fs::write(&stamp, commits.to_string()).map_err(BenchError::at(&stamp))
}

/// What `git fast-import` reads: <https://git-scm.com/docs/git-fast-import>. First all versions of one file after the other, as it makes a
/// delta upon the blob before; then the commits.
fn write_stream(out: &mut impl Write, commits: usize) -> io::Result<()> {
    let plan = plan(commits);
    // The mark of what a commit makes of a file.
    let mut marks: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (file, versions) in &plan {
        let mut rng = Rng::new(1 + *file as u64);
        let mut lines: Vec<Vec<u8>> = (0..LINES).map(|_| line(&mut rng).to_vec()).collect();
        for commit in versions {
            if *commit > 0 {
                edit(&mut lines, *commit, &mut rng);
            }
            let (mark, bytes) = (marks.len() + 1, lines.concat());
            marks.insert((*commit, *file), mark);
            write!(out, "blob\nmark :{mark}\ndata {}\n", bytes.len())?;
            out.write_all(&bytes)?;
            out.write_all(b"\n")?;
        }
    }
    for commit in 0..commits {
        let message = format!("change {commit}\n");
        // A day in 2020, then a minute a commit.
        let time = 1_577_836_800 + 60 * commit;
        write!(
            out,
            "commit refs/heads/main\ncommitter A <a@example.com> {time} +0000\ndata {}\n{message}",
            message.len()
        )?;
        for ((_, file), mark) in marks.range((commit, 0)..(commit + 1, 0)) {
            writeln!(out, "M 100644 :{mark} folder-{:02}/file-{file:03}.txt", file / 10)?;
        }
        out.write_all(b"\n")?;
    }
    out.write_all(b"done\n")?;
    out.flush()
}

/// Which commits change each file. The first one brings them all.
fn plan(commits: usize) -> BTreeMap<usize, Vec<usize>> {
    let mut plan: BTreeMap<usize, Vec<usize>> = (0..FILES).map(|file| (file, vec![0])).collect();
    for commit in 1..commits {
        let mut rng = Rng::new(commit as u64);
        for _ in 0..CHANGES {
            let versions = plan.entry(rng.below(FILES as u64) as usize).or_default();
            if versions.last() != Some(&commit) {
                versions.push(commit);
            }
        }
    }
    plan
}

/// Replaces three lines. Every so often one of them is a credential, which the next change of the same file may take away.
fn edit(lines: &mut [Vec<u8>], commit: usize, rng: &mut Rng) {
    for number in 0..3 {
        let at = rng.below(lines.len() as u64) as usize;
        let Some(old) = lines.get_mut(at) else { continue };
        *old = line(rng).to_vec();
        if number == 0 && commit.is_multiple_of(LEAK_EVERY) {
            let token = mint(concat!("token = {{gh", "p_{base62:30}|github-crc32}}\n"), commit as u64);
            *old = token.map(|minted| minted.text).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::objects;

    #[test]
    fn it_is_the_same_each_time() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let head = |name: &str| {
            let path = folder.path().join(name);
            repository(&path, 60).unwrap_or_else(|error| panic!("{error}"));
            // What is there is not made again.
            repository(&path, 60).unwrap_or_else(|error| panic!("{error}"));
            let head = git(&path, &["rev-parse", "main"]).unwrap_or_else(|error| panic!("{error}"));
            (String::from_utf8_lossy(&head).into_owned(), objects(&path).unwrap_or_default())
        };
        let (one, other) = (head("one"), head("other"));
        assert_eq!(one, other);
        // 60 commits with a tree and folders each, 200 files, and what changed.
        assert!(one.1 > 60 * 5 + 200, "{one:?}");
    }

    #[test]
    fn every_object_of_it_grows_with_the_commits() {
        let count = |commits| plan(commits).values().map(Vec::len).sum::<usize>();
        assert!(count(1) == FILES && count(101) > FILES + 280, "{}", count(101));
        let mut stream = Vec::new();
        write_stream(&mut stream, 51).unwrap_or_else(|error| panic!("{error}"));
        let text = String::from_utf8_lossy(&stream);
        assert_eq!(text.matches("\ncommit refs/heads/main\n").count(), 51);
        assert_eq!(text.matches(concat!("token = gh", "p_")).count(), 3, "each file of that commit has one");
    }
}

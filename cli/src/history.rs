//! Folders and repositories: of a repository what git holds, and the working tree.

use std::path::Path;
use std::process::Command;

use stanch_scanner::{
    Control, Gap, HistoryOptions, Note, Outcome, Ref, SourceError, SourceErrorKind, TreeOptions, is_repository,
    scan_history, scan_tree, uses_reftable,
};

use crate::session::Wanted;

/// Scans a target on disk. A repository is scanned whole, unless the user says otherwise.
pub(crate) fn scan(control: &Control<'_>, target: &Path, wanted: &Wanted<'_>) -> Result<Outcome, SourceError> {
    let args = wanted.args;
    let exclude = &args.exclude;
    let only_history = args.history_only || args.branch.is_some();
    if args.no_history || !(only_history || is_repository(target)) {
        return scan_tree(control, target, &TreeOptions { exclude: exclude.clone() });
    }
    let mut outcome = match scan_objects(control, target, wanted) {
        Ok(outcome) => outcome,
        // Its files can be read all the same.
        Err(error) if !only_history && error.kind() == SourceErrorKind::Corrupt => {
            let mut outcome = Outcome::default();
            let detail = error.to_string();
            outcome.coverage.notes.push(Note { path: ".git".to_owned(), gap: Gap::Corrupt, detail });
            outcome
        }
        Err(error) => return Err(error),
    };
    if !only_history && target.join(".git").exists() {
        let mut tree = scan_tree(control, target, &TreeOptions { exclude: exclude.clone() })?;
        // Git's own folder is what was just scanned.
        tree.coverage.notes.retain(|note| note.gap != Gap::GitDir || note.path != ".git");
        outcome.absorb(tree);
    }
    Ok(outcome)
}

/// Scans what git holds.
fn scan_objects(control: &Control<'_>, target: &Path, wanted: &Wanted<'_>) -> Result<Outcome, SourceError> {
    let args = wanted.args;
    let options = HistoryOptions {
        branch: args.branch.clone(),
        exclude: args.exclude.clone(),
        every: wanted.every,
        memory: u64::from(args.memory.get()) << 20,
        refs: uses_reftable(target)?.then(|| refs_by_git(target)).flatten(),
        state: wanted.state.clone(),
    };
    scan_history(control, target, &options)
}

/// The refs of a repository that keeps them in a form which only git reads. None if git does not tell, which the scan then notes.
fn refs_by_git(repository: &Path) -> Option<Vec<Ref>> {
    let git = |arguments: &[&str]| {
        // In a hook these say where git is; it is asked about another place.
        let output = Command::new("git")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            // It is only to read what is there.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .arg("-C")
            .arg(repository)
            .args(arguments)
            .output()
            .ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let of_line = |line: &str| {
        let (target, name) = line.split_once(' ')?;
        Some(Ref { name: name.to_owned(), target: target.to_owned() })
    };
    let mut refs: Vec<Ref> =
        git(&["for-each-ref", "--format=%(objectname) %(refname)"])?.lines().filter_map(of_line).collect();
    // Before the first commit there is no HEAD.
    let head = git(&["rev-parse", "--verify", "--quiet", "HEAD"]);
    refs.extend(head.map(|id| Ref { name: "HEAD".to_owned(), target: id.trim().to_owned() }));
    Some(refs)
}

//! Paths as a person in the current folder has to type them.

use std::borrow::Cow;

use stanch_model::Finding;
use stanch_scanner::{Gap, Note};

use super::Report;

/// A path below a target, as it is from the current folder. A target that is a file is its own path. What is below a URL is not below
/// the current folder, so its path is the one in the repository.
pub(super) fn joined<'p>(root: Option<&str>, path: &'p str) -> Cow<'p, str> {
    let Some(root) = root else { return Cow::Borrowed(path) };
    if is_address(root) {
        return Cow::Borrowed(path);
    }
    let folder = plain(root);
    if folder.is_empty() || root == path {
        return Cow::Borrowed(if root == path { plain(path) } else { path });
    }
    let slash = if folder.ends_with('/') { "" } else { "/" };
    Cow::Owned(format!("{folder}{slash}{path}"))
}

/// Whether a target is named by the address of a repository elsewhere.
pub(super) fn is_address(root: &str) -> bool {
    let scp =
        || root.split('/').next().and_then(|start| start.split_once('@')).is_some_and(|(_, host)| host.contains(':'));
    root.contains("://") || scp()
}

/// A path without what says nothing: `./` before it, `/` after it. The current folder is empty.
fn plain(path: &str) -> &str {
    let mut rest = path;
    while let Some(after) = rest.strip_prefix("./") {
        rest = after.trim_start_matches('/');
    }
    match rest.trim_end_matches('/') {
        "" if rest.starts_with('/') => "/",
        "." => "",
        trimmed => trimmed,
    }
}

/// The path of a finding from the current folder.
pub(super) fn of_finding(finding: &Finding) -> Cow<'_, str> {
    joined(finding.locator.root.as_deref(), &finding.path)
}

/// The path of something that was not scanned, or what object it is. The ledger does not say which of several targets it is of.
pub(super) fn of_note<'r>(report: &'r Report<'_>, note: &'r Note) -> Cow<'r, str> {
    /// So many digits of an id are shown, as git does.
    const DIGITS: usize = 10;
    let of_history = matches!(note.gap, Gap::Corrupt | Gap::Missing | Gap::Promised | Gap::TooLarge | Gap::Shallow);
    if let Some((kind @ ("object" | "commit" | "tag"), id)) = note.path.split_once('/').filter(|_| of_history) {
        return Cow::Owned(format!("{kind} {}", id.get(..DIGITS).unwrap_or(id)));
    }
    match report.targets {
        [target] => joined(Some(target), &note.path),
        _ => Cow::Borrowed(&note.path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_from_the_current_folder() {
        for (root, path, shown) in [
            (Some("."), "a/b", "a/b"),
            (Some("./"), "a/b", "a/b"),
            (Some("./src/"), "a/b", "src/a/b"),
            (Some("../x"), "a", "../x/a"),
            (Some("/"), "etc/x", "/etc/x"),
            (Some("/repo"), "a", "/repo/a"),
            (Some("src/a.rs"), "src/a.rs", "src/a.rs"),
            (Some("./a.rs"), "./a.rs", "a.rs"),
            (Some("https://host.example/o/r.git"), "a/b", "a/b"),
            (Some("git@host.example:o/r.git"), "a/b", "a/b"),
            (Some("a@b/c:d"), "e", "a@b/c:d/e"),
            (None, "<stdin>", "<stdin>"),
        ] {
            assert_eq!(joined(root, path), shown, "{root:?} {path}");
        }
    }
}

//! Reads a secret again where a report of stanch says that it stands.
//!
//! A report holds no secret, so the file or object is scanned again, and the fingerprint under this machine's key says which finding is
//! meant. What a report from elsewhere names is scanned and forgotten unless its fingerprint holds.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use stanch_model::{Finding, ObjectKind, Source};
use stanch_rules::normalise;
use stanch_scanner::{Control, Recogniser, StdinOptions, object_at, scan_reader};

use super::format::Ours;

/// What was scanned again.
pub(super) struct Again<'a> {
    control: &'a Control<'a>,
    root: PathBuf,
    /// By file, or by repository and object.
    scanned: BTreeMap<(PathBuf, String), Rc<[Finding]>>,
}

/// A finding that a report is about, and those that belong to it.
type Found = (Vec<Finding>, Vec<Finding>);

impl<'a> Again<'a> {
    pub(super) fn new(control: &'a Control<'a>, root: &Path) -> Self {
        Self { control, root: root.to_owned(), scanned: BTreeMap::new() }
    }

    pub(super) fn findings(&mut self, ours: &Ours<'_>, recogniser: &mut Recogniser<'_>) -> Result<Found, String> {
        if let Some(found) = self.shown(ours, recogniser) {
            return Ok((vec![found], Vec::new()));
        }
        if ours.source == Source::Stdin {
            return Err("it stood in standard input, which cannot be read again".to_owned());
        }
        let mut read = false;
        for place in self.places(ours) {
            let Some(findings) = self.scan(ours, place, recogniser) else { continue };
            read = true;
            let meant =
                |finding: &&Finding| finding.fingerprint == ours.fingerprint && finding.rule.as_str() == ours.rule;
            let on_line = findings.iter().filter(meant).find(|finding| finding.location.line == ours.line);
            if let Some(finding) = on_line.or_else(|| findings.iter().find(meant)) {
                return Ok((
                    vec![Finding { path: ours.path.to_owned(), ..finding.clone() }],
                    companions(finding, &findings),
                ));
            }
        }
        Err(if read {
            format!("{} no longer holds it, or the report was made under another machine's key", ours.path)
        } else {
            format!("{} cannot be read again; --root names the folder that the paths start at", ours.path)
        })
    }

    /// A report that was made with `--reveal` shows the secret; its fingerprint says whether it is whole.
    fn shown(&self, ours: &Ours<'_>, recogniser: &mut Recogniser<'_>) -> Option<Finding> {
        let fingerprint = self.control.key.fingerprint(&normalise(ours.shown.as_bytes()));
        if fingerprint != ours.fingerprint {
            return None;
        }
        let alone = recogniser.scan(ours.path, ours.shown.as_bytes());
        let same = |finding: &Finding| finding.fingerprint == fingerprint && finding.rule.as_str() == ours.rule;
        let mut found = alone.into_iter().find(same).unwrap_or_else(|| recogniser.made_of(ours.rule, ours.shown));
        ours.path.clone_into(&mut found.path);
        found.location.line = ours.line;
        Some(found)
    }

    /// Where it may stand: below the target as it was named, or below the folder that `--root` names.
    fn places(&self, ours: &Ours<'_>) -> Vec<PathBuf> {
        let target = ours.root.map(|root| self.root.join(root));
        if ours.source != Source::File {
            return target.into_iter().chain([self.root.clone()]).collect();
        }
        let inside =
            Path::new(ours.path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let below = |dir: &PathBuf| inside.then(|| dir.join(ours.path));
        let file = target.clone().filter(|target| target.is_file());
        target.as_ref().and_then(below).into_iter().chain(below(&self.root)).chain(file).collect()
    }

    /// The findings of a place; `None` if it cannot be read.
    fn scan(&mut self, ours: &Ours<'_>, place: PathBuf, recogniser: &mut Recogniser<'_>) -> Option<Rc<[Finding]>> {
        let object = if ours.source == Source::File { String::new() } else { ours.blob?.to_owned() };
        // Where a file stands has weight, so that the same bytes under another path are scanned for themselves.
        let key = (place, format!("{object} {}", ours.path));
        if let Some(findings) = self.scanned.get(&key) {
            return Some(Rc::clone(findings));
        }
        let findings: Rc<[Finding]> = if object.is_empty() {
            let mut file = File::open(&key.0).ok().filter(|file| file.metadata().is_ok_and(|meta| meta.is_file()))?;
            let options = StdinOptions { name: ours.path.to_owned() };
            scan_reader(self.control, &mut file, &options).ok()?.findings.into()
        } else {
            let bytes = zeroize::Zeroizing::new(object_at(&key.0, &object).ok()??);
            let path = if ours.object == ObjectKind::Blob { ours.path } else { "" };
            recogniser.scan(path, &bytes).into()
        };
        self.scanned.insert(key, Rc::clone(&findings));
        Some(findings)
    }
}

/// The findings that belong to one.
fn companions(finding: &Finding, all: &[Finding]) -> Vec<Finding> {
    let belongs = |other: &&Finding| {
        finding.evidence.companions.iter().any(|one| one.fingerprint == other.fingerprint && one.rule == other.rule)
    };
    all.iter().filter(belongs).cloned().collect()
}

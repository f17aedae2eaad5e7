//! All that is known: every provider's file, each read when it is first needed.

use std::sync::OnceLock;

use crate::credential::has_form;
use crate::declared::Declared;
use crate::file::{Defect, File};
use crate::kind::Kind;
use crate::{Credential, Revoker, native};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// A kind with its file and the code that carries it out.
#[derive(Debug)]
pub struct Entry {
    /// The provider's file.
    pub file: &'static File,
    /// The kind.
    pub kind: &'static Kind,
    /// What probes and revokes it.
    pub revoker: Box<dyn Revoker>,
}

impl Entry {
    /// Whether a credential has the form of the kind, where that has one beside its rules.
    pub fn fits(&self, credential: &Credential) -> bool {
        fits(self.kind, credential)
    }
}

/// One built-in file, read once.
struct Slot {
    name: &'static str,
    text: &'static str,
    file: OnceLock<Option<File>>,
}

impl Slot {
    const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text, file: OnceLock::new() }
    }

    /// The file. `None` cannot be in what was released, as a test reads them all.
    fn file(&self) -> Option<&File> {
        self.file.get_or_init(|| File::parse(self.name, self.text).ok()).as_ref()
    }
}

/// Reads every built-in file anew and says what is wrong with any.
///
/// # Errors
/// The first file that is none.
pub fn parse_all() -> Result<Vec<File>, Defect> {
    SLOTS.iter().map(|slot| File::parse(slot.name, slot.text)).collect()
}

/// Every provider's file, by name.
pub fn files() -> impl Iterator<Item = &'static File> {
    SLOTS.iter().filter_map(Slot::file)
}

/// Every kind, by provider.
pub fn entries() -> impl Iterator<Item = Entry> {
    files().flat_map(|file| file.kinds.iter().filter_map(move |kind| entry(file, kind)))
}

/// The kind of an id.
pub fn by_id(id: &str) -> Option<Entry> {
    let (provider, _) = id.split_once('.')?;
    let file = SLOTS.iter().find(|slot| slot.name == provider)?.file()?;
    let kind = file.kinds.iter().find(|kind| kind.id == id)?;
    entry(file, kind)
}

/// The kind of a finding: the one that its rule names, and where a rule finds several, the one whose form the secret has.
pub fn by_rule(rule: &str, credential: &Credential) -> Option<Entry> {
    let slots = RULES.iter().filter(|(name, _)| *name == rule).filter_map(|(_, at)| SLOTS.get(*at));
    let kinds: Vec<(&File, &Kind)> = slots
        .filter_map(Slot::file)
        .flat_map(|file| file.kinds.iter().map(move |kind| (file, kind)))
        .filter(|(_, kind)| kind.rules.iter().any(|name| name == rule))
        .collect();
    let (file, kind) = kinds.into_iter().find(|(_, kind)| fits(kind, credential))?;
    entry(file, kind)
}

fn fits(kind: &Kind, credential: &Credential) -> bool {
    kind.form.as_ref().is_none_or(|form| has_form(&credential.secret, form))
}

/// Against what the tests try a kind: `real server`, `emulator`, `description-checked double`, `double`, `stand-in`, or `none`.
pub fn tested_against(kind: &str) -> &'static str {
    const TABLE: &str = include_str!("../tested.tsv");
    let lines = TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
    lines.into_iter().find(|(id, _)| *id == kind).map_or("none", |(_, how)| how)
}

/// Whether any kind takes findings of a rule.
pub fn knows_rule(rule: &str) -> bool {
    RULES.iter().any(|(name, _)| *name == rule)
}

/// A kind with what carries it out; `None` if it names code that is not there.
pub fn entry(file: &'static File, kind: &'static Kind) -> Option<Entry> {
    let revoker = if let Some(name) = &kind.native {
        native::find(name, file, kind)?
    } else {
        let signer = kind.sign.as_deref().map(native::signer);
        Box::new(Declared { file, kind, signer: if let Some(signer) = signer { Some(signer?) } else { None } })
    };
    Some(Entry { file, kind, revoker })
}

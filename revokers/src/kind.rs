//! What a provider file says of one kind of credential. `docs/writing-a-revoker.md` documents the fields.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};

use serde::{Deserialize, Serialize};
use stanch_model::Sensitivity;

use crate::answer::{Condition, Line, OneOrMany};
use crate::interface::StepKind;
use crate::request::Request;
use crate::template::Template;

/// One kind of credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// `<provider>.<kind>`.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// The rules of the scanner that find it.
    pub rules: Vec<String>,
    /// What the whole secret must match, where a rule finds several kinds.
    pub form: Option<String>,
    /// Who may revoke it.
    pub authority: Authority,
    /// When the authority holds.
    pub condition: Option<String>,
    /// How well its facts are founded.
    pub trust: Trust,
    /// Pages of the provider that say so.
    pub docs: Vec<String>,
    /// How a person revokes it.
    pub manual: Manual,
    /// What lives on after the kill.
    pub survives: Option<String>,
    /// What is needed beside the secret.
    #[serde(default)]
    pub parts: BTreeMap<String, Part>,
    /// Names whose bound values are secret, such as a token that was had for the key.
    #[serde(default)]
    pub hidden: Vec<String>,
    /// The hosts that native code calls.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The native code that takes the place of the requests.
    pub native: Option<String>,
    /// The code that signs its requests and derives values for them.
    pub sign: Option<String>,
    /// The responder it uses.
    pub responder: Option<String>,
    /// How fast the provider may be asked.
    #[serde(default)]
    pub rate: Rate,
    /// Whether the value alone is enough to revoke it, so that it works on anybody's.
    #[serde(default)]
    pub foreign: bool,
    /// How to ask whether it is alive.
    pub probe: Option<ProbeSpec>,
    /// How to find its id.
    #[serde(default)]
    pub locate: Vec<LocateSpec>,
    /// How to make it dead.
    #[serde(default)]
    pub revoke: Vec<RevokeSpec>,
    /// How to get a successor.
    pub rotate: Option<RotateSpec>,
    /// Native code: what it can do.
    #[serde(default)]
    pub can: Can,
}

/// What native code can do with a kind.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Can {
    /// Ask whether it is alive.
    pub verify: bool,
    /// Make it dead.
    pub revoke: bool,
    /// Get a successor.
    pub rotate: bool,
    /// Whether the first step can be undone.
    pub reversible: bool,
}

/// Who may revoke a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authority {
    /// The leaked credential itself.
    #[serde(rename = "self")]
    Own,
    /// A configured responder.
    Admin,
    /// A person, at a URL.
    None,
}

impl Authority {
    /// The word it is written as.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Admin => "admin",
            Self::None => "none",
        }
    }
}

/// How well facts are founded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Read in the provider's documents.
    Documented,
    /// Partly.
    Partly,
    /// From general knowledge.
    Recalled,
}

/// How a person revokes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manual {
    /// The console page, where it is the same for everybody.
    pub url: Option<String>,
    /// The clicks.
    pub runbook: String,
    /// What stops.
    pub breaks: String,
}

/// Something needed beside the secret.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Part {
    /// Companions that are it.
    pub rules: Vec<String>,
    /// A fact that the scanner read out of it, or found beside it.
    pub fact: Option<String>,
    /// Whether that fact may be another's, so that a refusal proves nothing of the secret.
    pub doubt: bool,
    /// An expression on the secret with one group.
    pub secret: Option<String>,
    /// A pointer into the secret, which is JSON.
    pub json: Option<String>,
    /// A digest of the secret.
    pub digest: Option<Digest>,
    /// Whether the configuration may set it.
    pub setting: bool,
    /// What it is otherwise.
    pub default: Option<String>,
    /// Whether only a person gives it, who thereby decides.
    pub ask: bool,
    /// Whether it names a host.
    pub host: bool,
    /// Whether it may be empty.
    pub optional: bool,
    /// What it is, for people.
    pub note: Option<String>,
}

/// A digest of the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Digest {
    /// SHA-256 in lower-case hex.
    Sha256Hex,
    /// SHA-256 in base64.
    Sha256Base64,
    /// SHA-1 in lower-case hex.
    Sha1Hex,
    /// MD5 in lower-case hex.
    Md5Hex,
}

/// How fast the provider may be asked.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests a minute.
    pub per_minute: u32,
}

impl Default for Rate {
    fn default() -> Self {
        Self { per_minute: 60 }
    }
}

/// How to ask whether it is alive.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeSpec {
    /// What is sent.
    pub request: Option<Request>,
    /// What the answers mean.
    #[serde(default)]
    pub answers: Vec<Line>,
    /// Where the answer names the owner.
    #[serde(default)]
    pub identity: BTreeMap<String, OneOrMany<String>>,
    /// More requests about a live one.
    #[serde(default)]
    pub also: Vec<Also>,
    /// Whether a made-up key is tried as well.
    #[serde(default)]
    pub control: bool,
    /// Values for later requests.
    #[serde(default, rename = "let")]
    pub bind: BTreeMap<String, String>,
    /// Whether only a list tells.
    #[serde(default)]
    pub claims: bool,
    /// What a listed item shows if it is alive.
    #[serde(default)]
    pub found: BTreeMap<String, Condition>,
}

/// One more request about a live credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Also {
    /// What is sent.
    pub request: Request,
    /// Where the answer names the owner.
    #[serde(default)]
    pub identity: BTreeMap<String, OneOrMany<String>>,
    /// Values for later requests.
    #[serde(default, rename = "let")]
    pub bind: BTreeMap<String, String>,
}

/// One step of finding the id.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocateSpec {
    /// What is sent.
    pub request: Request,
    /// How its pages follow.
    pub page: Option<Page>,
    /// The pointer of its list.
    pub each: Option<String>,
    /// Which item is meant.
    #[serde(rename = "match")]
    pub matching: Option<Matching>,
    /// Pointers of fields of which one holds the whole secret, and what `{slot}` is then.
    #[serde(default)]
    pub slots: BTreeMap<String, String>,
    /// Values for later requests.
    #[serde(default, rename = "let")]
    pub bind: BTreeMap<String, String>,
    /// What the answers mean, where they are not the usual ones.
    #[serde(default)]
    pub answers: Vec<Line>,
}

/// Which item of a list is meant. All that is given must fit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matching {
    /// A masked secret: head, marks, tail.
    pub mask: Option<OneOrMany<String>>,
    /// The start of the secret.
    pub head: Option<String>,
    /// Its end.
    pub tail: Option<String>,
    /// Values that must be equal.
    pub equals: BTreeMap<String, Template>,
    /// Conditions.
    #[serde(rename = "where")]
    pub conditions: BTreeMap<String, Condition>,
}

/// How the pages of a list follow each other.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Page {
    /// The pointer of the next page's cursor.
    pub next: Option<String>,
    /// The parameter that takes the cursor.
    pub param: Option<String>,
    /// The pointer of the truth value that says whether there is more.
    pub more: Option<String>,
    /// The pointer of the next page's address.
    pub url: Option<String>,
    /// Whether a Link header has the next page's address.
    pub link: bool,
    /// The parameter that counts pages.
    pub number: Option<String>,
    /// The first page's number.
    pub from: Option<u64>,
    /// The parameter that counts items.
    pub offset: Option<String>,
    /// How many items a full page has.
    pub size: Option<u64>,
}

/// One step of making it dead.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeSpec {
    /// What it does.
    pub name: String,
    /// What kind of step it is.
    pub step: StepKind,
    /// What exactly is hit.
    pub target: Template,
    /// What is sent.
    pub request: Request,
    /// What the answers mean.
    pub answers: Vec<Line>,
    /// What is sent to undo it.
    pub undo: Option<Request>,
    /// When it is done at all.
    pub when: Option<When>,
    /// Seconds after which the provider refuses the credential for certain.
    #[serde(default = "settle")]
    pub settle: u64,
    /// What proves it.
    #[serde(default)]
    pub proof: Proof,
    /// How many credentials one request takes, where it takes a list of them.
    pub batch: Option<Batch>,
    /// How many of its requests an hour may see, where the provider counts them apart.
    pub per_hour: Option<NonZeroU32>,
}

/// A request that takes many credentials at once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The JSON pointer of the list in its body.
    pub list: String,
    /// The most that the list may hold.
    pub most: NonZeroUsize,
}

/// Seconds that a provider is given where the file says nothing.
pub(crate) const fn settle() -> u64 {
    10
}

/// When a step is done at all.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// A part that must be there.
    pub part: String,
}

/// What proves that a credential is dead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The probe is refused.
    #[default]
    Probe,
    /// It is no longer listed, or listed as dead.
    Absent,
}

impl Proof {
    /// The word it is written as.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Absent => "absent",
        }
    }
}

/// How to get a successor.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateSpec {
    /// What is sent.
    pub request: Request,
    /// What the answers mean.
    pub answers: Vec<Line>,
    /// The pointer of the new secret.
    pub secret: String,
    /// The pointer of its id.
    pub id: Option<String>,
    /// Parts that the successor has of its own, such as a new key id: the part's name and the pointer of its value.
    #[serde(default)]
    pub parts: BTreeMap<String, String>,
    /// Whether the same call kills the old one.
    #[serde(default)]
    pub kills: bool,
    /// How the successor is checked.
    pub check: Option<String>,
    /// Removes an orphaned successor by `{new_id}`.
    pub remove: Option<Request>,
    /// Finds a successor by its unique name.
    pub find: Option<Box<LocateSpec>>,
}

/// Whether the name of a part says that it is secret, where nothing else does: ids and hosts are what a plan has to name.
pub fn sounds_secret(name: &str) -> bool {
    const WORDS: [&str; 3] = ["secret", "password", "token"];
    WORDS.iter().any(|word| name.contains(word)) && !name.ends_with("_id") && !name.ends_with("_name")
}

impl Kind {
    /// Whether a part is secret: one of the rules that find it says so, or its name where none of them is known. `of` tells how sensitive what a rule
    /// finds is, as the scanner has it.
    pub fn has_secret(&self, part: &str, of: impl Fn(&str) -> Option<Sensitivity>) -> bool {
        let rules = self.parts.get(part).map_or(&[][..], |part| &part.rules);
        let mut known = rules.iter().filter_map(|rule| of(rule)).peekable();
        match known.peek() {
            Some(_) => known.any(|sensitivity| sensitivity == Sensitivity::Secret),
            None => sounds_secret(part),
        }
    }

    /// Whether it can be asked about.
    pub fn verifies(&self) -> bool {
        self.can.verify || self.probe.is_some()
    }

    /// Whether it can be made dead by a call.
    pub fn revokes(&self) -> bool {
        self.authority != Authority::None && (self.can.revoke || !self.revoke.is_empty())
    }

    /// Whether one request revokes many.
    pub fn takes_many(&self) -> bool {
        self.revoke.iter().any(|step| step.batch.is_some())
    }

    /// Whether a successor can be had by a call.
    pub fn rotates(&self) -> bool {
        self.can.rotate || self.rotate.is_some()
    }

    /// Whether its first step can be undone.
    pub fn reversible(&self) -> bool {
        self.can.reversible || self.revoke.first().is_some_and(|step| step.step == StepKind::Reversible)
    }

    /// What proves its death.
    pub fn proof(&self) -> Proof {
        self.revoke.last().map_or(Proof::Probe, |step| step.proof)
    }

    /// Every request of the kind, and what it is for.
    pub fn requests(&self) -> Vec<(&'static str, &Request)> {
        let probe = self.probe.iter().flat_map(|probe| {
            probe.request.iter().chain(probe.also.iter().map(|also| &also.request)).map(|request| ("verify", request))
        });
        let locate = self.locate.iter().map(|step| ("locate", &step.request));
        let revoke = self.revoke.iter().flat_map(|step| {
            std::iter::once(("revoke", &step.request)).chain(step.undo.iter().map(|undo| ("undo", undo)))
        });
        let rotate = self.rotate.iter().flat_map(|rotate| {
            let find = rotate.find.iter().map(|find| &find.request);
            std::iter::once(&rotate.request).chain(&rotate.remove).chain(find).map(|request| ("rotate", request))
        });
        probe.chain(locate).chain(revoke).chain(rotate).collect()
    }
}

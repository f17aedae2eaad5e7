//! Who says something, and whether they are asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use stanch_pipeline::Incident;
use stanch_server::ServerConfig;

use super::ConfigFile;
use crate::env;
use crate::exit::CliError;

/// Who runs this: what `--as` says, else the user and the host.
pub(crate) fn person(told: Option<&str>) -> Result<String, CliError> {
    let name = told.map_or_else(env::user_at_host, |told| Some(told.trim().to_owned()));
    let plain = |name: &String| !name.is_empty() && name.len() <= 200 && !name.chars().any(char::is_control);
    name.filter(plain).ok_or_else(|| {
        CliError::new("nobody is named who approves").hint("--as names the person, as in `--as ada@example.com`")
    })
}

/// Who approves, with the groups that the configuration has them in.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
}

impl Person {
    /// Who runs this, by the configuration that was named or the user's own.
    pub(crate) fn of(told: Option<&str>, config: Option<&Path>) -> Result<Self, CliError> {
        let name = person(told)?;
        let config = ConfigFile::read(config)?.map(|file| file.section::<ServerConfig>("serve")).transpose()?.flatten();
        let groups = config.map(|config| config.groups_of(&name)).unwrap_or_default();
        Ok(Self { name, groups })
    }
}

/// Whether a person is one of those who may approve of an incident's plan; where not, who may.
pub(crate) fn asked(incident: &Incident, person: &Person) -> Result<(), String> {
    let lists = incident.decision.as_ref().map_or(&[][..], |decision| &decision.approvers);
    let is = |name: &String| *name == person.name || person.groups.contains(name);
    if lists.is_empty() || lists.iter().flatten().any(is) {
        return Ok(());
    }
    let lists: Vec<String> = lists.iter().map(|list| list.join(", ")).collect();
    Err(format!("the policy asks others to approve: {}", lists.join("; and ")))
}

/// Who has to approve yet, and whose approval counts no more.
pub(crate) fn missing(incident: &Incident, now: Timestamp) -> String {
    let people = incident.approvers(now);
    let missing = incident.decision.as_ref();
    let missing = missing.and_then(|one| one.missing(&people, |person, name| incident.is_of(person, name, now)));
    let mut missing = missing.unwrap_or_else(|| "an approval".to_owned());
    let digest = incident.plan.as_ref().map(|(digest, _)| digest);
    let of_this = incident.approvals.iter().filter(|approval| Some(&approval.digest) == digest);
    let ended: BTreeMap<&str, Timestamp> =
        of_this.map(|approval| (approval.person.as_str(), approval.until)).filter(|(_, until)| *until <= now).collect();
    for (person, until) in ended.iter().filter(|(person, _)| !people.contains(person)) {
        let _ = write!(missing, "; the approval of {person} ended at {until:.0}");
    }
    missing
}

/// Until when an approval that is given now counts.
pub(crate) fn until(incident: &Incident, now: Timestamp) -> Timestamp {
    let lasts = incident.decision.as_ref().map_or(86_400, |decision| decision.approval_lasts);
    let lasts = SignedDuration::from_secs(i64::try_from(lasts).unwrap_or(i64::MAX));
    now.checked_add(lasts).unwrap_or(Timestamp::MAX)
}

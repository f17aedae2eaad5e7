//! Who says something, and whether they are asked.

use jiff::{SignedDuration, Timestamp};
use stanch_pipeline::Incident;

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

/// Whether a person is one of those who may approve of an incident's plan; where not, who may.
pub(crate) fn asked(incident: &Incident, person: &str) -> Result<(), String> {
    let lists = incident.decision.as_ref().map_or(&[][..], |decision| &decision.approvers);
    if lists.is_empty() || lists.iter().flatten().any(|name| name == person) {
        return Ok(());
    }
    let lists: Vec<String> = lists.iter().map(|list| list.join(", ")).collect();
    Err(format!("the policy asks others to approve: {}", lists.join("; and ")))
}

/// Until when an approval that is given now counts.
pub(crate) fn until(incident: &Incident, now: Timestamp) -> Timestamp {
    let lasts = incident.decision.as_ref().map_or(86_400, |decision| decision.approval_lasts);
    let lasts = SignedDuration::from_secs(i64::try_from(lasts).unwrap_or(i64::MAX));
    now.checked_add(lasts).unwrap_or(Timestamp::MAX)
}

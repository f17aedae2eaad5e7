//! Credentials that somebody else found: a job of CI, a scanner of another machine.
//!
//! The one route that takes secrets in. They come in a body, over TLS or from this machine, from a token of the role responder; they are sealed before
//! the answer is given, and wiped from memory after it. No answer, error or line of the log holds any of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stanch_model::{Finding, Secret};
use stanch_pipeline::intake::{Setting, Subject};
use stanch_pipeline::{Exposure, IncidentId, Occurrence};
use stanch_revokers::kind::sounds_secret;
use stanch_revokers::{Origin, registry};
use stanch_rules::Rule;
use stanch_scanner::Recogniser;
use zeroize::Zeroizing;

use super::V1;
use crate::auth::{Person, Role};
use crate::extract::Json;
use crate::found;
use crate::{Access, ApiError, App, Routes};

/// The most bytes that a report may have: a key file with its certificates, and many places.
const MOST: usize = 1 << 20;
/// The longest text beside the secret.
const TEXT: usize = 1000;
/// The most labels, parts and places.
const MANY: usize = 200;

pub(super) fn routes() -> Routes {
    Routes::below(V1).post("/findings", Access::Token(Role::Responder), MOST, report)
}

/// A credential that was found elsewhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    secret: Zeroizing<String>,
    /// The rule that found it. Without one it is looked for.
    rule: Option<String>,
    /// What belongs to it, by the names that `stanch providers show` gives.
    #[serde(default)]
    parts: BTreeMap<String, Zeroizing<String>>,
    #[serde(default)]
    exposure: Exposure,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    occurrences: Vec<Occurrence>,
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").field("exposure", &self.exposure).finish_non_exhaustive()
    }
}

/// What it became.
#[derive(Debug, Serialize)]
struct Taken {
    incident: IncidentId,
    /// Whether it is a new one.
    new: bool,
}

async fn report(
    State(app): State<App>,
    person: Person,
    Json(report): Json<Report>,
) -> Result<(StatusCode, Json<Taken>), ApiError> {
    bounded(&report)?;
    let finding = finding(&app, &report)?;
    let mut subject = Subject::of(&finding);
    kept_apart(&app, &report, &subject)?;
    for (name, value) in &report.parts {
        subject.credential.give(name.clone(), Origin::Leak, Secret::new(value.as_bytes().to_vec()));
    }
    let Report { exposure, labels, occurrences, .. } = report;
    subject.occurrences = occurrences;
    let (incident, new) = found::detect(&app, &subject, &Setting { exposure, labels }, &person.name).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Taken { incident, new })))
}

impl Report {
    /// All that is kept in clear.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let labels = self.labels.iter().flat_map(|(name, value)| [name, value]);
        let places = self.occurrences.iter().flat_map(|place| {
            let more = [&place.commit, &place.author, &place.url, &place.agent];
            [&place.source, &place.place].into_iter().chain(more.into_iter().flatten())
        });
        labels.chain(places).chain(self.parts.keys())
    }
}

/// What is kept for ever has bounds.
fn bounded(report: &Report) -> Result<(), ApiError> {
    let many = [report.parts.len(), report.labels.len(), report.occurrences.len()];
    let odd = |text: &String| text.len() > TEXT || text.chars().any(char::is_control);
    if many.iter().any(|count| *count > MANY) || report.texts().any(odd) {
        return Err(ApiError::bad_request(format!(
            "there are at most {MANY} parts, labels and places, each text of them {TEXT} bytes without control characters"
        )));
    }
    Ok(())
}

/// Nothing that is kept in clear holds the secret, or a part that is secret, too. Shorter ones are let be: they stand in anything.
fn kept_apart(app: &App, report: &Report, subject: &Subject) -> Result<(), ApiError> {
    const LEAST: usize = 8;
    let (entry, rules) = (registry::by_rule(&subject.rule, &subject.credential), app.scanner().rules());
    let is_secret = |name: &str| match &entry {
        Some(entry) => entry.kind.has_secret(name, |rule| Some(rules.get(rule)?.sensitivity)),
        None => sounds_secret(name),
    };
    let parts = report.parts.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value);
    let mut values = parts.chain([&report.secret]).map(|value| value.trim()).filter(|value| value.len() >= LEAST);
    if values.any(|value| report.texts().any(|text| text.contains(value))) {
        return Err(ApiError::bad_request("a secret stands in a label, a place or a name, which are kept in clear"));
    }
    Ok(())
}

/// What the secret is: what the engine says of it if that is all of it, else what the rule says that is named.
fn finding(app: &App, report: &Report) -> Result<Finding, ApiError> {
    let text = report.secret.trim();
    if text.is_empty() {
        return Err(ApiError::bad_request("the secret is empty"));
    }
    let named =
        match &report.rule {
            Some(id) => Some(app.scanner().rules().get(id).ok_or_else(|| {
                ApiError::bad_request("there is no such rule").hint("`stanch rules list` shows them")
            })?),
            None => None,
        };
    let fits = |finding: &Finding| {
        is(&finding.secret, text) && named.is_none_or(|rule| finding.rule.as_str() == rule.id.as_ref())
    };
    let specificity = |finding: &Finding| app.scanner().rules().get(finding.rule.as_str()).map_or(0, Rule::specificity);
    let found = found::scan(app, "", text.as_bytes()).into_iter().filter(fits).max_by_key(specificity);
    match (found, named) {
        (Some(found), _) => Ok(found),
        (None, Some(rule)) => made(app, rule, text),
        (None, None) => {
            Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-kind", "no rule knows the secret by itself")
                .hint("name the `rule` that found it"))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what was found is compared with what was sent")]
fn is(found: &Secret, text: &str) -> bool {
    found.expose().trim_ascii() == text.as_bytes()
}

/// A finding by the word of a rule alone, whose match needs what stood around it.
fn made(app: &App, rule: &Rule, text: &str) -> Result<Finding, ApiError> {
    let stop = AtomicBool::new(false);
    let control = found::control(app, &stop);
    let mut recogniser = Recogniser::new(&control);
    recogniser.fits(&[&*rule.id], text).map_err(|misfit| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "other-kind", misfit.to_string()).hint(misfit.hint())
    })?;
    Ok(recogniser.made_of(&rule.id, text))
}

//! Which incident leads to which channel, and when.

use jiff::Timestamp;
use serde::Deserialize;
use stanch_model::Severity;

use super::Occasion;
use super::quiet::Quiet;
use crate::config::List;
use crate::owner::pattern::fits;
use crate::{Exposure, Incident};

/// What leads to some channels. Every field that is there has to fit; of a list, one pattern.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Route {
    /// The channels.
    pub to: List,
    /// What has to have happened; nothing is anything.
    pub events: Vec<Occasion>,
    /// At least so severe.
    pub severity: Option<Severity>,
    /// At least so exposed.
    pub exposure: Option<Exposure>,
    /// Who issued it.
    pub provider: List,
    /// The technical or business owner.
    pub owner: List,
    /// When nobody is disturbed.
    pub quiet: Option<Quiet>,
}

impl Route {
    /// Whether something that happened to an incident leads this way.
    pub(super) fn fits(&self, incident: &Incident, occasion: Occasion) -> bool {
        let one = |list: &List, values: &[&str]| {
            list.is_empty() || values.iter().any(|value| list.iter().any(|pattern| fits(pattern, value)))
        };
        let owners = [Some(incident.owner.name.as_str()), incident.owner.business.as_deref()];
        let owners: Vec<&str> = owners.into_iter().flatten().collect();
        (self.events.is_empty() || self.events.contains(&occasion))
            && self.severity.is_none_or(|least| incident.severity >= least)
            && self.exposure.is_none_or(|least| incident.exposure >= least)
            && one(&self.provider, &[&incident.provider])
            && one(&self.owner, &owners)
    }

    /// When its channels may be told.
    pub(super) fn when(&self, incident: &Incident, now: Timestamp) -> Timestamp {
        self.quiet.as_ref().map_or(now, |quiet| quiet.end(now, incident.severity))
    }
}

/// The channels to which something leads, each with the earliest moment that a route allows.
pub(super) fn channels(
    routes: &[Route],
    incident: &Incident,
    occasion: Occasion,
    now: Timestamp,
) -> Vec<(String, Timestamp)> {
    let mut found: Vec<(String, Timestamp)> = Vec::new();
    for route in routes.iter().filter(|route| route.fits(incident, occasion)) {
        let when = route.when(incident, now);
        for channel in route.to.iter() {
            match found.iter_mut().find(|(name, _)| name == channel) {
                Some((_, known)) => *known = when.min(*known),
                None => found.push((channel.clone(), when)),
            }
        }
    }
    found
}

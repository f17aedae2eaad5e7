//! Facts as Cedar takes them: one credential, and when it is asked about.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cedar_policy::{
    Authorizer, Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request, Response,
    RestrictedExpression as Value, Schema,
};
use stanch_model::{Confidence, Severity};

use super::facts::Facts;

/// The text of the schema.
pub const SCHEMA: &str = include_str!("schema.cedarschema");

/// The schema, read once.
pub(super) static RULES: LazyLock<Schema> = LazyLock::new(|| {
    let read = Schema::from_cedarschema_str(SCHEMA);
    read.map_or_else(|error| unreachable!("the schema that is built in is one: {error}"), |(schema, _)| schema)
});

/// One credential, about which policies can be asked.
pub(super) struct Question {
    credential: EntityUid,
    entities: Entities,
    context: Context,
}

/// What Cedar did not take, in its words. It cannot happen while facts and schema agree, which a test holds.
pub(super) type Trouble = String;

impl Question {
    pub(super) fn of(facts: &Facts) -> Result<Self, Trouble> {
        let credential = uid("Credential", "this")?;
        let tags = facts.labels.iter().map(|(name, value)| (name.clone(), text(value)));
        let entity = Entity::new_with_tags(credential.clone(), attributes(facts)?, [], tags).map_err(told)?;
        let entities = Entities::from_entities([entity], Some(&RULES)).map_err(told)?;
        let weekday = word("Weekday", facts.weekday.as_str())?;
        let now = [("hour".to_owned(), number(facts.hour)), ("weekday".to_owned(), weekday)];
        Ok(Self { credential, entities, context: Context::from_pairs(now).map_err(told)? })
    }

    /// What some policies say of an action.
    pub(super) fn ask(&self, action: &str, policies: &PolicySet) -> Result<Response, Trouble> {
        let (who, what) = (uid("Pipeline", "stanch")?, uid("Action", action)?);
        let request = Request::new(who, what, self.credential.clone(), self.context.clone(), Some(&RULES));
        Ok(Authorizer::new().is_authorized(&request.map_err(told)?, policies, &self.entities))
    }
}

/// The attributes of the credential, as the schema names them.
fn attributes(facts: &Facts) -> Result<Vec<(String, Value)>, Trouble> {
    let always = [
        ("provider", text(&facts.provider)),
        ("kind", text(&facts.kind)),
        ("rule", text(&facts.rule)),
        ("confidence", word("Confidence", facts.confidence.as_str())?),
        ("confidence_level", number(level(Confidence::ALL, &facts.confidence))),
        ("severity", word("Severity", facts.severity.as_str())?),
        ("severity_level", number(level(Severity::ALL, &facts.severity))),
        ("canary", Value::new_bool(facts.canary)),
        ("test_key", Value::new_bool(facts.test_key)),
        ("verification", word("Verification", facts.verification.as_str())?),
        ("ownership", word("Ownership", facts.ownership.as_str())?),
        ("scopes", set(&facts.scopes)),
        ("exposure", word("Exposure", facts.exposure.as_str())?),
        ("environment", text(&facts.environment)),
        ("repositories", set(&facts.repositories)),
        ("agents", set(&facts.agents)),
        ("owner", text(&facts.owner)),
        ("owner_found_by", text(&facts.owner_found_by)),
        ("authority", word("Authority", facts.authority.as_str())?),
        ("reversible", Value::new_bool(facts.reversible)),
        ("rotatable", Value::new_bool(facts.rotatable)),
        ("obstacle", word("Obstacle", facts.obstacle.as_str())?),
    ];
    let known =
        [("age_days", facts.age_days), ("last_used_days", facts.last_used_days), ("exposed_days", facts.exposed_days)];
    let known = known.into_iter().filter_map(|(name, days)| Some((name, number(days?))));
    Ok(always.into_iter().chain(known).map(|(name, value)| (name.to_owned(), value)).collect())
}

fn text(text: &str) -> Value {
    Value::new_string(text.to_owned())
}

fn number(number: impl Into<i64>) -> Value {
    Value::new_long(number.into())
}

fn set(words: &BTreeSet<String>) -> Value {
    Value::new_set(words.iter().map(|word| text(word)))
}

/// A word of a fixed list.
fn word(list: &str, word: &str) -> Result<Value, Trouble> {
    uid(list, word).map(Value::new_entity_uid)
}

/// The place on a scale, from 1.
fn level<T: PartialEq>(scale: &[T], at: &T) -> u32 {
    scale.iter().zip(1..).find_map(|(one, place)| (one == at).then_some(place)).unwrap_or(0)
}

fn uid(of: &str, id: &str) -> Result<EntityUid, Trouble> {
    let name: EntityTypeName = of.parse().map_err(told)?;
    Ok(EntityUid::from_type_name_and_id(name, EntityId::new(id)))
}

fn told(error: impl std::fmt::Display) -> Trouble {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Obstacle, Owned, Verification, Weekday};
    use super::*;
    use crate::Exposure;

    /// Every word that facts can have is in the schema, and nothing that the schema demands is missing.
    #[test]
    fn facts_and_schema_agree() {
        let default = Facts::default();
        let mut all = vec![Facts {
            age_days: Some(u32::MAX),
            last_used_days: Some(0),
            exposed_days: Some(3),
            scopes: BTreeSet::from(["a\"b".to_owned()]),
            labels: [("team".to_owned(), "x".to_owned())].into(),
            ..default.clone()
        }];
        all.extend(Verification::ALL.iter().map(|&verification| Facts { verification, ..default.clone() }));
        all.extend(Owned::ALL.iter().map(|&ownership| Facts { ownership, ..default.clone() }));
        all.extend(Obstacle::ALL.iter().map(|&obstacle| Facts { obstacle, ..default.clone() }));
        all.extend(Weekday::ALL.iter().map(|&weekday| Facts { weekday, ..default.clone() }));
        all.extend(Severity::ALL.iter().map(|&severity| Facts { severity, ..default.clone() }));
        all.extend(Confidence::ALL.iter().map(|&confidence| Facts { confidence, ..default.clone() }));
        let exposures = [Exposure::Local, Exposure::Internal, Exposure::Model, Exposure::Public];
        all.extend(exposures.map(|exposure| Facts { exposure, ..default.clone() }));
        for facts in all {
            let asked = Question::of(&facts).and_then(|question| question.ask("act", &PolicySet::new()));
            assert!(asked.is_ok(), "{facts:?}: {:?}", asked.err());
        }
    }

    #[test]
    fn levels_count_from_one() {
        let levels: Vec<u32> = Severity::ALL.iter().map(|one| level(Severity::ALL, one)).collect();
        assert_eq!(levels, [1, 2, 3, 4]);
    }
}

//! Parameters of path, query and header: <https://spec.openapis.org/oas/v3.1.1.html#parameter-object>

use std::collections::BTreeMap;

use serde_json::Value;

use super::schema::Schemas;
use super::security::Security;
use super::{Remark, Rule};
use crate::double::Request;

/// Headers of which descriptions are not to speak as parameters.
const OWN_HEADERS: &[&str] = &["accept", "authorization", "content-type"];

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
    /// Of Swagger 2.
    Body,
    /// Of Swagger 2.
    Form,
}

impl Place {
    pub(super) const fn is_body(self) -> bool {
        matches!(self, Self::Body | Self::Form)
    }
}

/// One parameter.
pub(super) struct Parameter<'a> {
    pub(super) place: Place,
    pub(super) name: &'a str,
    pub(super) required: bool,
    /// Its schema. Those of Swagger 2 are their own.
    pub(super) schema: &'a Value,
}

impl<'a> Parameter<'a> {
    /// `None` for cookies, which no request of ours has.
    pub(super) fn of(place: &str, name: &'a str, value: &'a Value) -> Option<Self> {
        let place = match place {
            "path" => Place::Path,
            "query" => Place::Query,
            "header" => Place::Header,
            "body" => Place::Body,
            "formData" => Place::Form,
            _ => return None,
        };
        let in_content = || value.get("content")?.as_object()?.values().next()?.get("schema");
        let schema = value.get("schema").or_else(in_content).unwrap_or(value);
        let required = value.get("required").and_then(Value::as_bool).unwrap_or(place == Place::Path);
        Some(Self { place, name, required, schema })
    }

    /// Holds a request to all of its parameters.
    pub(super) fn check(
        schemas: &Schemas<'_>,
        parameters: &[Self],
        security: &Security<'_>,
        request: &Request,
        holes: &BTreeMap<String, String>,
    ) -> Vec<Remark> {
        let query = request.query();
        let mut remarks = Vec::new();
        for parameter in parameters {
            let name = parameter.name;
            let (rule, values): (Rule, Vec<&str>) = match parameter.place {
                Place::Path => (Rule::PathParameter, holes.get(name).map(String::as_str).into_iter().collect()),
                Place::Query => {
                    (Rule::Query, query.iter().filter(|(own, _)| is_of(own, name)).map(|(_, value)| &**value).collect())
                }
                Place::Header if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) => continue,
                Place::Header => (Rule::Header, request.header(name).into_iter().collect()),
                Place::Body | Place::Form => continue,
            };
            remarks.extend(parameter.judge(schemas, &values).map(|what| Remark::new(rule, what)));
        }
        let is_known = |name: &str| {
            let mut declared = parameters.iter().filter(|parameter| parameter.place == Place::Query);
            declared.any(|parameter| is_of(name, parameter.name)) || security.in_query().any(|own| own == name)
        };
        let unknown = query.iter().filter(|(name, _)| !is_known(name));
        remarks.extend(unknown.map(|(name, _)| Remark::new(Rule::Query, format!("`{name}` is not declared"))));
        remarks
    }

    /// What is wrong with the values of it that a request has.
    fn judge(&self, schemas: &Schemas<'_>, values: &[&str]) -> Option<String> {
        let name = self.name;
        if values.is_empty() {
            return self.required.then(|| format!("`{name}` is required"));
        }
        match schemas.fits_text(self.schema, values) {
            Ok(true) => None,
            Ok(false) => Some(format!("`{name}` does not fit its schema")),
            Err(why) => Some(format!("the schema of `{name}`: {why}")),
        }
    }
}

/// Whether a name of a query is a parameter's: `ids`, `ids[]`, `filter[name]`.
fn is_of(written: &str, parameter: &str) -> bool {
    let base = |text: &str| text.split('[').next().unwrap_or_default().to_owned();
    written == parameter || (written.contains('[') && base(written) == base(parameter))
}

//! Where a credential stands: <https://spec.openapis.org/oas/v3.1.1.html#security-scheme-object>

use serde_json::Value;

use super::{Remark, Rule};
use crate::double::Request;

/// The ways in which an operation takes credentials. Each is a list of schemes that are needed together.
pub(super) struct Security<'a> {
    ways: Vec<Vec<&'a Value>>,
    /// Whether nothing is said of it.
    silent: bool,
}

impl<'a> Security<'a> {
    pub(super) fn of(document: &'a Value, operation: &'a Value) -> Self {
        let schemes = document.pointer("/components/securitySchemes").or_else(|| document.get("securityDefinitions"));
        let wanted = operation.get("security").or_else(|| document.get("security")).and_then(Value::as_array);
        let ways =
            wanted.into_iter().flatten().filter_map(Value::as_object).map(|way| {
                way.keys().filter_map(|name| schemes.and_then(|schemes| schemes.get(name))).collect::<Vec<_>>()
            });
        let ways: Vec<_> = ways.collect();
        Self { silent: ways.is_empty(), ways }
    }

    /// The parameters of the query that are credentials.
    pub(super) fn in_query(&self) -> impl Iterator<Item = &'a str> {
        let schemes = self.ways.iter().flatten().filter(|scheme| text(scheme, "in") == "query");
        schemes.map(|scheme| text(scheme, "name"))
    }

    pub(super) fn check(&self, request: &Request) -> Option<Remark> {
        let is_met = |way: &Vec<&Value>| way.iter().all(|scheme| carries(request, scheme));
        let holds = self.silent || self.ways.iter().any(is_met);
        (!holds)
            .then(|| Remark::new(Rule::Security, format!("no credential stands where it wants one: {}", self.told())))
    }

    /// The ways, for people.
    fn told(&self) -> String {
        let one = |scheme: &&Value| match text(scheme, "type") {
            "apiKey" => format!("{} `{}`", text(scheme, "in"), text(scheme, "name")),
            "http" => format!("HTTP {}", text(scheme, "scheme")),
            other => other.to_owned(),
        };
        let ways = self.ways.iter().map(|way| way.iter().map(one).collect::<Vec<_>>().join(" and "));
        ways.collect::<Vec<_>>().join(", or ")
    }
}

fn text<'a>(holder: &'a Value, name: &str) -> &'a str {
    holder.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a request has what a scheme wants.
fn carries(request: &Request, scheme: &Value) -> bool {
    let authorized_by = |name: &str| {
        let header = request.header("authorization").unwrap_or_default();
        let given = header.split_once(' ').map_or("", |(scheme, _)| scheme);
        given.eq_ignore_ascii_case(name)
    };
    match (text(scheme, "type"), text(scheme, "in")) {
        ("apiKey", "header") => request.header(text(scheme, "name")).is_some(),
        ("apiKey", "query") => request.query().iter().any(|(name, _)| name == text(scheme, "name")),
        ("http", _) => authorized_by(text(scheme, "scheme")),
        ("basic", _) => authorized_by("basic"),
        ("oauth2" | "openIdConnect", _) => authorized_by("bearer"),
        _ => false,
    }
}

//! One operation of a description: what its requests must be like.

use std::collections::BTreeMap;

use serde_json::Value;

use super::body::Body;
use super::parameter::Parameter;
use super::schema::Schemas;
use super::security::Security;
use super::{Remark, Rule};
use crate::double::Request;

/// One operation.
pub(super) struct Operation<'a> {
    schemas: Schemas<'a>,
    parameters: Vec<Parameter<'a>>,
    body: Option<Body<'a>>,
    security: Security<'a>,
}

impl<'a> Operation<'a> {
    /// Reads what stands under a path and a method.
    ///
    /// # Errors
    /// Says what of it cannot be understood.
    pub(super) fn of(document: &'a Value, path: &str, method: &str) -> Result<Self, String> {
        let schemas = Schemas::new(document);
        let item = document.get("paths").and_then(|paths| paths.get(path));
        let operation = item.and_then(|item| item.get(method)).ok_or("it has no such operation")?;
        let mut named: BTreeMap<(&str, &str), &'a Value> = BTreeMap::new();
        let lists =
            [item, Some(operation)].into_iter().flatten().filter_map(|holder| holder.get("parameters")?.as_array());
        for value in lists.flatten() {
            let value = schemas.resolve(value)?;
            let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
            named.insert((text("in"), text("name")), value);
        }
        let parameters = named.into_iter().filter_map(|((place, name), value)| Parameter::of(place, name, value));
        let (parameters, in_body): (Vec<_>, Vec<_>) = parameters.partition(|parameter| !parameter.place.is_body());
        let body = Body::of(&schemas, operation, &in_body)?;
        Ok(Self { parameters, body, security: Security::of(document, operation), schemas })
    }

    /// What of a request is not as described. `holes` is what stands in its path.
    pub(super) fn check(&self, request: &Request, holes: &BTreeMap<String, String>) -> Vec<Remark> {
        let mut remarks = Parameter::check(&self.schemas, &self.parameters, &self.security, request, holes);
        remarks.extend(self.security.check(request));
        match &self.body {
            Some(body) => remarks.extend(body.check(&self.schemas, request)),
            None if !request.body.is_empty() => remarks.push(Remark::new(Rule::Body, "none is declared")),
            None => {}
        }
        remarks
    }
}

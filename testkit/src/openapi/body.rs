//! The body of a request: <https://spec.openapis.org/oas/v3.1.1.html#request-body-object>

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::parameter::{Parameter, Place};
use super::schema::Schemas;
use super::{Remark, Rule};
use crate::double::Request;

/// What an operation wants as a body.
pub(super) struct Body<'a> {
    required: bool,
    /// Media types, and the schema of each.
    content: Vec<(&'a str, Option<Cow<'a, Value>>)>,
}

impl<'a> Body<'a> {
    /// Reads `requestBody`, or what parameters of Swagger 2 say of it.
    ///
    /// # Errors
    /// Says which reference leads nowhere.
    pub(super) fn of(
        schemas: &Schemas<'a>,
        operation: &'a Value,
        parameters: &[Parameter<'a>],
    ) -> Result<Option<Self>, String> {
        let Some(written) = operation.get("requestBody") else {
            return Ok(Self::of_swagger(schemas, operation, parameters));
        };
        let written = schemas.resolve(written)?;
        let required = written.get("required").and_then(Value::as_bool).unwrap_or(false);
        let content = written.get("content").and_then(Value::as_object).into_iter().flatten();
        let content = content.map(|(media, value)| (media.as_str(), value.get("schema").map(Cow::Borrowed))).collect();
        Ok(Some(Self { required, content }))
    }

    fn of_swagger(schemas: &Schemas<'a>, operation: &'a Value, parameters: &[Parameter<'a>]) -> Option<Self> {
        let body = parameters.iter().find(|parameter| parameter.place == Place::Body);
        let schema = match body {
            Some(body) => Cow::Borrowed(body.schema),
            None if parameters.is_empty() => return None,
            None => Cow::Owned(form(parameters)),
        };
        let consumes = operation.get("consumes").or_else(|| schemas.document().get("consumes"));
        let media = consumes.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut content: Vec<_> = media.map(|media| (media, Some(schema.clone()))).collect();
        if content.is_empty() {
            let usual = if body.is_some() { "application/json" } else { "application/x-www-form-urlencoded" };
            content.push((usual, Some(schema)));
        }
        Some(Self { required: parameters.iter().any(|parameter| parameter.required), content })
    }

    pub(super) fn check(&self, schemas: &Schemas<'_>, request: &Request) -> Vec<Remark> {
        if request.body.is_empty() {
            return self.required.then(|| Remark::new(Rule::Body, "it is required")).into_iter().collect();
        }
        let sent = request.header("content-type").unwrap_or_default();
        let sent = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let Some((_, schema)) = self.content.iter().find(|(media, _)| takes(media, &sent)) else {
            let declared: Vec<&str> = self.content.iter().map(|(media, _)| *media).collect();
            return vec![Remark::new(Rule::ContentType, format!("`{sent}` is none of {declared:?}"))];
        };
        let Some(schema) = schema else { return Vec::new() };
        let value = match sent.as_str() {
            "application/x-www-form-urlencoded" => Some(schemas.object(schema, &request.form())),
            _ => request.json(),
        };
        let Some(value) = value else { return vec![Remark::new(Rule::Body, "it is neither JSON nor a form")] };
        match schemas.defects(schema, &value) {
            Ok(defects) => defects.into_iter().map(|what| Remark::new(Rule::Body, what)).collect(),
            Err(why) => vec![Remark::new(Rule::Description, format!("the schema of the body: {why}"))],
        }
    }
}

/// Whether a media range takes a type: `application/*`.
fn takes(range: &str, sent: &str) -> bool {
    let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let family = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
    range == sent || range == "*/*" || (range.ends_with("/*") && family(&range) == family(sent))
}

/// The schema of a form whose fields are parameters.
fn form(parameters: &[Parameter<'_>]) -> Value {
    let properties: Map<String, Value> =
        parameters.iter().map(|parameter| (parameter.name.to_owned(), without_required(parameter.schema))).collect();
    let required: Vec<&str> =
        parameters.iter().filter(|parameter| parameter.required).map(|parameter| parameter.name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A parameter of Swagger 2 as a schema, in which `required` means something else.
fn without_required(parameter: &Value) -> Value {
    let mut schema = parameter.clone();
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("required");
    }
    schema
}

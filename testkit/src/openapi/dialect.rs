//! The schemas of OpenAPI 3.0 and Swagger 2 in the words of JSON Schema 2020-12, which is that of OpenAPI 3.1.
//!
//! * `nullable`, and `exclusiveMinimum` as a word beside `minimum`, are said otherwise;
//! * a field that is `readOnly` is not required of a request: <https://spec.openapis.org/oas/v3.0.3.html#fixed-fields-19>;
//! * an object whose fields are declared takes no other, unless `additionalProperties` lets it. JSON Schema is laxer, and a misspelt field
//!   would pass;
//! * what only helps readers (examples, titles, extensions) is left out. Formats are not judged.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::schema::Schemas;

const TYPES: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];

/// Words whose values are taken over as they are.
const PLAIN: &[&str] = &[
    "const",
    "enum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "pattern",
    "uniqueItems",
];

/// A schema, with everything to which it refers, as a document of its own.
///
/// # Errors
/// If a reference leads nowhere.
pub(super) fn translate(schemas: &Schemas<'_>, schema: &Value) -> Result<Value, String> {
    let mut translator = Translator { schemas, names: BTreeMap::new(), queue: Vec::new() };
    let root = translator.location(schema);
    let mut defs = Map::new();
    while let Some(reference) = translator.queue.pop() {
        let target = json!({ "$ref": reference });
        let definition = translator.in_place(schemas.resolve(&target)?);
        defs.insert(translator.name(&reference), definition);
    }
    Ok(json!({ "$defs": defs, "allOf": [root] }))
}

struct Translator<'a> {
    schemas: &'a Schemas<'a>,
    /// The names of what was referred to.
    names: BTreeMap<String, String>,
    /// What was referred to and is not translated yet.
    queue: Vec<String>,
}

impl Translator<'_> {
    /// The schema of a value of its own, in contrast to a part of a composition: it takes no undeclared fields.
    fn location(&mut self, schema: &Value) -> Value {
        let mut translated = self.in_place(schema);
        if let Some(words) = translated.as_object_mut().filter(|_| self.schemas.declares(schema, 0)) {
            words.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
        }
        translated
    }

    fn in_place(&mut self, schema: &Value) -> Value {
        let Some(words) = schema.as_object() else { return schema.clone() };
        if let Some(reference) = words.get("$ref").and_then(Value::as_str) {
            return json!({ "$ref": format!("#/$defs/{}", self.name(reference)) });
        }
        let mut translated = Map::new();
        for (word, value) in words {
            if let Some(value) = self.word(words, word, value) {
                translated.insert(word.clone(), value);
            }
        }
        for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
            translated.extend(limit(words, bound, exclusive));
        }
        let is_nullable = ["nullable", "x-nullable"].iter().any(|word| words.get(*word) == Some(&Value::Bool(true)));
        if is_nullable { json!({ "anyOf": [translated, { "type": "null" }] }) } else { Value::Object(translated) }
    }

    fn word(&mut self, words: &Map<String, Value>, word: &str, value: &Value) -> Option<Value> {
        match (word, value) {
            ("properties" | "patternProperties", Value::Object(fields)) => {
                let fields = fields.iter().map(|(name, field)| (name.clone(), self.location(field)));
                Some(Value::Object(fields.collect()))
            }
            ("items" | "additionalProperties" | "unevaluatedProperties" | "contains" | "propertyNames", value) => {
                Some(self.location(value))
            }
            ("not" | "if" | "then" | "else", value) => Some(self.in_place(value)),
            ("prefixItems", Value::Array(list)) => Some(list.iter().map(|part| self.location(part)).collect()),
            ("allOf" | "anyOf" | "oneOf", Value::Array(list)) if !list.is_empty() => {
                Some(list.iter().map(|part| self.in_place(part)).collect())
            }
            ("required", Value::Array(names)) => {
                let is_needed = |name: &&Value| name.as_str().is_some_and(|name| !self.is_read_only(words, name));
                Some(names.iter().filter(is_needed).cloned().collect())
            }
            ("type", Value::String(kind)) => TYPES.contains(&kind.as_str()).then(|| value.clone()),
            ("type", Value::Array(_)) => Some(value.clone()),
            _ => PLAIN.contains(&word).then(|| value.clone()),
        }
    }

    fn is_read_only(&self, words: &Map<String, Value>, name: &str) -> bool {
        let field = words.get("properties").and_then(|fields| fields.get(name));
        let field = field.and_then(|field| self.schemas.resolve(field).ok());
        field.is_some_and(|field| field.get("readOnly") == Some(&Value::Bool(true)))
    }

    /// The name under which what is referred to stands among the definitions.
    fn name(&mut self, reference: &str) -> String {
        if let Some(name) = self.names.get(reference) {
            return name.clone();
        }
        let name = self.names.len().to_string();
        self.names.insert(reference.to_owned(), name.clone());
        self.queue.push(reference.to_owned());
        name
    }
}

/// A bound, which is exclusive by a boolean beside it or by a number of its own.
fn limit(words: &Map<String, Value>, bound: &str, exclusive: &str) -> Option<(String, Value)> {
    match (words.get(bound), words.get(exclusive)) {
        (Some(limit), Some(Value::Bool(true))) | (_, Some(limit @ Value::Number(_))) => {
            Some((exclusive.to_owned(), limit.clone()))
        }
        (Some(limit), _) => Some((bound.to_owned(), limit.clone())),
        (None, _) => None,
    }
}

//! Whether values fit the schemas of a description.

use serde_json::{Map, Number, Value};

use super::dialect;
use crate::double::percent_decoded;

/// How many references may lead to each other.
const MOST_STEPS: usize = 32;

/// The schemas of a document.
#[derive(Debug)]
pub(super) struct Schemas<'a> {
    document: &'a Value,
}

impl<'a> Schemas<'a> {
    pub(super) const fn new(document: &'a Value) -> Self {
        Self { document }
    }

    pub(super) const fn document(&self) -> &'a Value {
        self.document
    }

    /// What a reference leads to; a value that is none is itself.
    ///
    /// # Errors
    /// If it leads out of the document, nowhere, or in a circle.
    pub(super) fn resolve<'v>(&self, value: &'v Value) -> Result<&'v Value, String>
    where
        'a: 'v,
    {
        let mut at = value;
        for _ in 0..MOST_STEPS {
            let Some(reference) = at.get("$ref").and_then(Value::as_str) else { return Ok(at) };
            let pointer =
                reference.strip_prefix('#').ok_or_else(|| format!("`{reference}` leads to another document"))?;
            let found = self.document.pointer(&percent_decoded(pointer, false));
            at = found.ok_or_else(|| format!("`{reference}` leads nowhere"))?;
        }
        Err("references lead in a circle".to_owned())
    }

    /// What is wrong with a value, without a word of it.
    ///
    /// # Errors
    /// Says why the schema cannot be used.
    pub(super) fn defects(&self, schema: &Value, value: &Value) -> Result<Vec<String>, String> {
        let validator = self.validator(schema)?;
        let told = |error: &jsonschema::ValidationError<'_>| {
            let (place, what) = (error.instance_path().to_string(), error.masked());
            if place.is_empty() { what.to_string() } else { format!("{place}: {what}") }
        };
        let (undeclared, others): (Vec<_>, Vec<_>) = validator.iter_errors(value).partition(is_undeclared);
        // A field whose value does not fit counts as undeclared, too.
        let telling = if others.is_empty() { undeclared } else { others };
        Ok(telling.iter().map(told).collect())
    }

    fn validator(&self, schema: &Value) -> Result<jsonschema::Validator, String> {
        let whole = dialect::translate(self, schema)?;
        jsonschema::draft202012::new(&whole).map_err(|error| error.masked().to_string())
    }

    /// Whether a text of a path, a query or a header fits in one of the ways in which it can be read. `texts` are all values of its name.
    ///
    /// # Errors
    /// Says why the schema cannot be used.
    pub(super) fn fits_text(&self, schema: &Value, texts: &[&str]) -> Result<bool, String> {
        let validator = self.validator(schema)?;
        let is_valid = |values: &[Value]| values.iter().any(|value| validator.is_valid(value));
        // An object spreads over several names (`filter[name]`), so that no value by itself is one.
        let is_object = self.resolve(schema)?.get("type").and_then(Value::as_str) == Some("object");
        let each = |text: &&str| is_valid(&readings(text)) || is_valid(&lists(text.split(',')));
        Ok(is_object || texts.iter().all(each) || is_valid(&lists(texts.iter().copied())))
    }

    /// A form as the object that its schema sees: texts become the types that the fields have, `a[b]` a field of a field.
    pub(super) fn object(&self, schema: &Value, form: &[(String, String)]) -> Value {
        let mut object = Value::Object(Map::new());
        for (name, text) in form {
            let steps: Vec<&str> = name.split('[').map(|step| step.trim_end_matches(']')).collect();
            self.put(&mut object, Some(schema), &steps, text);
        }
        object
    }

    fn put(&self, holder: &mut Value, schema: Option<&Value>, steps: &[&str], text: &str) {
        let [step, rest @ ..] = steps else {
            *holder = self.typed(schema, text);
            return;
        };
        if step.is_empty() {
            let items = schema.and_then(|schema| self.resolve(schema).ok()?.get("items"));
            let mut item = Value::Null;
            self.put(&mut item, items, rest, text);
            if !holder.is_array() {
                *holder = Value::Array(Vec::new());
            }
            holder.as_array_mut().into_iter().for_each(|list| list.push(item.clone()));
            return;
        }
        if !holder.is_object() {
            *holder = Value::Object(Map::new());
        }
        let field = schema.and_then(|schema| self.property(schema, step, 0));
        if let Some(fields) = holder.as_object_mut() {
            self.put(fields.entry((*step).to_owned()).or_insert(Value::Null), field, rest, text);
        }
    }

    /// The reading of a text that fits; the text itself if none does.
    fn typed(&self, schema: Option<&Value>, text: &str) -> Value {
        let validator = schema.and_then(|schema| self.validator(schema).ok());
        let fits = |value: &Value| validator.as_ref().is_some_and(|validator| validator.is_valid(value));
        readings(text).into_iter().find(fits).unwrap_or_else(|| Value::from(text))
    }

    /// The schema of a field, wherever in a composition it stands.
    fn property<'v>(&self, schema: &'v Value, name: &str, depth: usize) -> Option<&'v Value>
    where
        'a: 'v,
    {
        let schema = self.resolve(schema).ok().filter(|_| depth < MOST_STEPS)?;
        let own = schema.get("properties").and_then(|fields| fields.get(name));
        own.or_else(|| parts(schema).find_map(|part| self.property(part, name, depth + 1)))
    }

    /// Whether a schema says which fields there are.
    pub(super) fn declares(&self, schema: &Value, depth: usize) -> bool {
        let Some(schema) = self.resolve(schema).ok().filter(|_| depth < MOST_STEPS) else { return false };
        let has = schema.get("properties").and_then(Value::as_object).is_some_and(|fields| !fields.is_empty());
        has || parts(schema).any(|part| self.declares(part, depth + 1))
    }
}

fn is_undeclared(error: &jsonschema::ValidationError<'_>) -> bool {
    matches!(error.kind(), jsonschema::error::ValidationErrorKind::UnevaluatedProperties { .. })
}

/// The schemas that a composition is made of.
fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|word| schema.get(word)?.as_array()).flatten()
}

/// What a text can be read as, what is not a text first.
fn readings(text: &str) -> Vec<Value> {
    let number = || text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number);
    let integer = text.parse::<i64>().ok().map(Value::from).or_else(number);
    let boolean = text.parse::<bool>().ok().map(Value::Bool);
    integer.into_iter().chain(boolean).chain([Value::from(text)]).collect()
}

/// Texts as a list, each as what it can be read as, or as a text.
fn lists<'t>(texts: impl Iterator<Item = &'t str> + Clone) -> [Value; 2] {
    let read = |text| readings(text).into_iter().next();
    [texts.clone().filter_map(read).collect(), texts.collect()]
}

//! JSON pointers (RFC 6901) with `*` for any element of an array or object.

use serde_json::Value;

/// All values that a pointer finds, in order. The empty pointer is the document itself.
pub(crate) fn find<'a>(document: &'a Value, pointer: &str) -> Vec<&'a Value> {
    let mut found = vec![document];
    for step in pointer.split('/').skip(1) {
        found = if step == "*" {
            found.into_iter().flat_map(children).collect()
        } else {
            // Lists of thousands of items are searched for each of as many keys: nothing is copied on the way.
            found.retain_mut(|value| {
                child(value, step).is_some_and(|child| {
                    *value = child;
                    true
                })
            });
            found
        };
    }
    found
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}

fn child<'a>(value: &'a Value, step: &str) -> Option<&'a Value> {
    match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        Value::Object(fields) if step.contains('~') => fields.get(&step.replace("~1", "/").replace("~0", "~")),
        Value::Object(fields) => fields.get(step),
        _ => None,
    }
}

/// A value as text, where it is a scalar.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_all_that_a_star_means() {
        let document = json!({"data": [{"id": 1, "a/b": "x"}, {"id": 2}], "none": null});
        let ids: Vec<_> = find(&document, "/data/*/id").into_iter().filter_map(scalar).collect();
        assert_eq!(ids, ["1", "2"]);
        assert_eq!(find(&document, "/data/0/a~1b"), [&json!("x")]);
        assert_eq!(find(&document, ""), [&document]);
        assert!(find(&document, "/data/7/id").is_empty() && find(&document, "/none/x").is_empty());
    }
}

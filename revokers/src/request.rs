//! A request as a provider file writes it, and how it becomes one on the wire.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, Url};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::http::Call;
use crate::template::{Escape, Template, TemplateError};
use crate::{Values, Why};

/// A request with templates for its values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The verb; GET if not given.
    #[serde(default)]
    pub method: Verb,
    /// The address.
    pub url: Address,
    /// What follows the question mark.
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// User and password of the Authorization header.
    pub basic: Option<(Template, Template)>,
    /// A JSON body.
    pub json: Option<Tree>,
    /// A form.
    pub form: Option<BTreeMap<String, Template>>,
    /// Any other body.
    pub body: Option<Template>,
}

/// The verbs of HTTP that providers use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// GET.
    #[default]
    Get,
    /// HEAD.
    Head,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl From<Verb> for Method {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Get => Self::GET,
            Verb::Head => Self::HEAD,
            Verb::Post => Self::POST,
            Verb::Put => Self::PUT,
            Verb::Patch => Self::PATCH,
            Verb::Delete => Self::DELETE,
        }
    }
}

/// An `https` address: the host, and what follows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address {
    /// The host: fixed, or a part, or a part and a fixed rest.
    pub host: Template,
    /// Path and query.
    pub path: Template,
}

impl TryFrom<String> for Address {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        // A responder's or setting's base address may stand alone: `https://{host}`.
        let rest = text.strip_prefix("https://").unwrap_or(&text);
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(at);
        Ok(Self { host: Template::try_from(host.to_owned())?, path: Template::try_from(path.to_owned())? })
    }
}

/// JSON in which texts are templates.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Tree {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<Tree>),
    /// Fields.
    Map(BTreeMap<String, Tree>),
}

impl Tree {
    fn render(&self, values: &Values) -> Result<serde_json::Value, Why> {
        Ok(match self {
            Self::Bool(truth) => (*truth).into(),
            Self::Int(number) => (*number).into(),
            Self::Float(number) => (*number).into(),
            Self::Text(text) => text.render(values, Escape::None)?.as_str().into(),
            Self::List(items) => items.iter().map(|item| item.render(values)).collect::<Result<Vec<_>, _>>()?.into(),
            Self::Map(fields) => fields
                .iter()
                .map(|(name, tree)| Ok((name.clone(), tree.render(values)?)))
                .collect::<Result<serde_json::Map<_, _>, Why>>()?
                .into(),
        })
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Self::Bool(_) | Self::Int(_) | Self::Float(_) => Vec::new(),
            Self::Text(text) => text.names().collect(),
            Self::List(items) => items.iter().flat_map(Self::names).collect(),
            Self::Map(fields) => fields.values().flat_map(Self::names).collect(),
        }
    }
}

impl Request {
    /// Every name that it asks for.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.url.host.names().chain(self.url.path.names()).collect();
        names.extend(self.query.values().chain(self.headers.values()).flat_map(Template::names));
        names.extend(self.basic.iter().flat_map(|(user, password)| user.names().chain(password.names())));
        names.extend(self.json.iter().flat_map(Tree::names));
        names.extend(self.form.iter().flatten().flat_map(|(_, value)| value.names()));
        names.extend(self.body.iter().flat_map(Template::names));
        names
    }

    /// The request with its values.
    pub(crate) fn call(&self, values: &Values) -> Result<Call, Why> {
        let mut call = Call::new(self.method.into(), self.address(values)?);
        call.leaked_host = self.url.host.names().any(|name| values.is_leaked_host(name));
        for (name, value) in &self.headers {
            call.header(name, &value.render(values, Escape::Header)?)?;
        }
        if let Some((user, password)) = &self.basic {
            let pair = [&*user.render(values, Escape::None)?, ":", &*password.render(values, Escape::None)?].concat();
            let pair = Zeroizing::new(pair);
            call.header("authorization", &Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))))?;
        }
        if let Some(tree) = &self.json {
            call.body("application/json", tree.render(values)?.to_string())?;
        } else if let Some(fields) = &self.form {
            call.body("application/x-www-form-urlencoded", encode(fields, values)?)?;
        } else if let Some(text) = &self.body {
            let kind = if self.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
                ""
            } else {
                "text/plain"
            };
            call.body(kind, text.render(values, Escape::None)?.to_string())?;
        }
        Ok(call)
    }

    fn address(&self, values: &Values) -> Result<Url, Why> {
        let host = self.url.host.render(values, Escape::Host)?;
        let path = self.url.path.render(values, Escape::Percent)?;
        let mut text = Zeroizing::new(format!("https://{}{}", *host, *path));
        if !self.query.is_empty() {
            text.push(if path.contains('?') { '&' } else { '?' });
            text.push_str(&Zeroizing::new(encode(&self.query, values)?));
        }
        let part = || self.url.host.names().next().unwrap_or("address").to_owned();
        let url = Url::parse(&text).map_err(|_| Why::Malformed { part: part() })?;
        // What the parser reads as the host must be what the file meant.
        let same =
            url.host_str().is_some_and(|read| read.eq_ignore_ascii_case(host.split(':').next().unwrap_or_default()));
        if same && url.username().is_empty() && url.password().is_none() {
            Ok(url)
        } else {
            Err(Why::Malformed { part: part() })
        }
    }
}

/// Names and values as a form or query has them.
fn encode(fields: &BTreeMap<String, Template>, values: &Values) -> Result<String, Why> {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        let value = value.render(values, Escape::None)?;
        text.extend(form(name));
        text.push('=');
        text.extend(form(&value));
    }
    Ok(text)
}

fn form(text: &str) -> impl Iterator<Item = char> {
    text.bytes().flat_map(|byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let encoded = if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        encoded.chars().collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn values(pairs: &[(&str, &str)]) -> Values {
        let mut values = Values::default();
        for (name, value) in pairs {
            values.set(*name, *value);
        }
        values
    }

    #[test]
    fn a_request_is_filled_and_encoded_where_each_value_stands() {
        let request = request(
            r#"
            method = "POST"
            url = "https://{host}/keys/{id}"
            query = { page = "a b&c" }
            basic = ["user", "{secret}"]
            json = { token = "{secret}", deep = [{ n = 1, yes = true }] }
            "#,
        );
        let values = values(&[("host", "api.example.com"), ("id", "a/b"), ("secret", "x\"y")]);
        let call = request.call(&values).map(|call| (call.url().to_string(), call.body_text()));
        let body = r#"{"deep":[{"n":1,"yes":true}],"token":"x\"y"}"#.to_owned();
        assert_eq!(call, Ok(("https://api.example.com/keys/a%2Fb?page=a%20b%26c".to_owned(), Some(body))));
    }

    #[test]
    fn a_host_cannot_become_another() {
        let request = request(r#"url = "https://{host}/x""#);
        for host in ["evil.example/", "a@evil.example", "evil.example#", "0x7f.1", "2130706433", "[::1]"] {
            assert!(request.call(&values(&[("host", host)])).is_err(), "{host}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let request = request(r#"url = "https://{host}/x""#);
        assert_eq!(request.call(&Values::default()).map(|_| ()), Err(Why::Missing { part: "host".into() }));
    }
}

//! Where the caller's credential stands in a request, and whether it is the right one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::key::{Key, Scalars};
use super::request::{Request, Source};
use super::route::Holes;
use super::template::{Scope, Settings};

/// All that a route wants to see of a caller. Empty where it wants nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub(super) struct Auth(pub(super) Vec<Element>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// One value that must stand in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) place: Place,
    /// Which value, if it is not the main one.
    pub(super) named: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A header's value after a prefix, which may be empty and hold placeholders.
    Header {
        name: String,
        prefix: String,
        any_case: bool,
    },
    /// A header's whole value, as a template.
    WholeHeader {
        name: String,
        template: String,
    },
    /// The password of basic authentication.
    Password,
    /// The user of basic authentication.
    User,
    /// `user:password` as a template.
    Basic(String),
    At(Source),
}

/// Who may have sent a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Candidate<'a> {
    Key(&'a Key),
    Admin,
}

impl TryFrom<OneOrMany> for Auth {
    type Error = String;

    fn try_from(written: OneOrMany) -> Result<Self, String> {
        let texts = match written {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        };
        texts.iter().map(|text| Element::parse(text)).collect::<Result<_, _>>().map(Self)
    }
}

impl Auth {
    /// Whether a request shows everything of a candidate.
    pub(super) fn accepts(
        &self,
        request: &Request,
        holes: &Holes,
        candidate: Candidate<'_>,
        settings: &Settings,
        owner: &Scalars,
    ) -> bool {
        let key = match candidate {
            Candidate::Key(key) => Some(key),
            Candidate::Admin => None,
        };
        let scope = Scope { key, holes: Some(holes), ..Scope::new(settings, owner) };
        !self.0.is_empty()
            && self.0.iter().all(|element| element.accepts(request, holes, candidate, &scope).unwrap_or(false))
    }

    /// The value that a request shows, where a key's own value has to stand in one header and nothing else is asked for.
    pub(super) fn plain<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let [Element { place: Place::Header { name, prefix, any_case }, named: None }] = self.0.as_slice() else {
            return None;
        };
        let shown = after_prefix(request.header(name)?, prefix, *any_case).filter(|_| !prefix.contains('{'))?;
        Some(shown.trim_matches('"'))
    }

    /// What is wrong with it for a candidate.
    pub(super) fn defects(&self, candidate: Candidate<'_>, scope: &Scope<'_>) -> Vec<String> {
        self.0.iter().filter_map(|element| element.resolved(candidate, scope).err()).collect()
    }
}

impl Element {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(template) = text.strip_prefix("basic:") {
            let is_pair = template.contains(':') && template.contains('{');
            return if is_pair {
                Ok(Self { place: Place::Basic(template.to_owned()), named: None })
            } else {
                Err(format!("`{text}` is no `user:password` with placeholders"))
            };
        }
        let (text, named) = split_name(text);
        let header = |name: &str, prefix: &str, any_case| Place::Header {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            any_case,
        };
        let place = match (text, text.strip_prefix("header:")) {
            ("bearer", _) => header("authorization", "Bearer", true),
            ("token", _) => header("authorization", "token", true),
            ("basic", _) => Place::Password,
            ("basic-user", _) => Place::User,
            (_, Some(rest)) => {
                let (name, prefix) = rest.split_once(':').unwrap_or((rest, ""));
                if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
                    return Err(format!("`{name}` is no header"));
                }
                if ["{key.value}", "{admin.secret}"].iter().any(|main| prefix.contains(main)) {
                    Place::WholeHeader { name: name.to_owned(), template: prefix.to_owned() }
                } else {
                    header(name, prefix, false)
                }
            }
            _ => match Source::parse(text)? {
                Source::Caller | Source::Text => return Err(format!("`{text}` is no place for a credential")),
                source => Place::At(source),
            },
        };
        Ok(Self { place, named })
    }

    fn accepts(
        &self,
        request: &Request,
        holes: &Holes,
        candidate: Candidate<'_>,
        scope: &Scope<'_>,
    ) -> Result<bool, String> {
        let expected = self.resolved(candidate, scope)?;
        Ok(match &self.place {
            Place::Header { name, prefix, any_case } => {
                let prefix = scope.text(prefix)?;
                request.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).any(|(_, value)| {
                    let shown = after_prefix(value, &prefix, *any_case);
                    shown.is_some_and(|shown| shown.trim_matches('"') == expected)
                })
            }
            Place::WholeHeader { name, .. } => request.header(name) == Some(&expected),
            Place::Password => {
                basic(request).is_some_and(|pair| pair.split_once(':').is_some_and(|(_, own)| own == expected))
            }
            Place::User => {
                basic(request).is_some_and(|pair| pair.split_once(':').is_some_and(|(own, _)| own == expected))
            }
            Place::Basic(_) => basic(request).is_some_and(|pair| pair == expected),
            Place::At(source) => source.values(request, holes).iter().any(|value| super::key::text(value) == expected),
        })
    }

    /// The text that must stand there.
    pub(super) fn resolved(&self, candidate: Candidate<'_>, scope: &Scope<'_>) -> Result<String, String> {
        if let Place::Basic(template) | Place::WholeHeader { template, .. } = &self.place {
            return scope.text(template);
        }
        let named = |name: &str| match candidate {
            _ if name.contains('.') => scope.text(&format!("{{{name}}}")),
            Candidate::Key(key) if key.parts.contains_key(name) => scope.text(&format!("{{key.{name}}}")),
            Candidate::Admin if scope.settings.admin.contains_key(name) => scope.text(&format!("{{admin.{name}}}")),
            _ => scope.text(&format!("{{{name}}}")),
        };
        match (&self.named, candidate) {
            (Some(name), _) => named(name),
            (None, Candidate::Key(key)) => Ok(key.value.clone()),
            (None, Candidate::Admin) => scope.text("{admin.secret}"),
        }
    }
}

/// `header:X=admin.api_key` is a place and a name. A prefix may hold `=`, too (`Token token=`), so what follows must be a name.
fn split_name(text: &str) -> (&str, Option<String>) {
    let is_name = |name: &str| {
        name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte))
    };
    match text.rsplit_once('=') {
        Some((place, name)) if is_name(name) => (place, Some(name.to_owned())),
        _ => (text, None),
    }
}

/// What stands after a prefix and the blanks that follow it.
fn after_prefix<'a>(value: &'a str, prefix: &str, any_case: bool) -> Option<&'a str> {
    let start = value.get(..prefix.len())?;
    let is_same = if any_case { start.eq_ignore_ascii_case(prefix) } else { start == prefix };
    let rest = value.get(prefix.len()..)?;
    let is_apart = !any_case || rest.starts_with(' ');
    (is_same && is_apart).then(|| rest.trim_start())
}

/// `user:password` of the Authorization header: <https://www.rfc-editor.org/rfc/rfc7617>
fn basic(request: &Request) -> Option<String> {
    let shown = after_prefix(request.header("authorization")?, "Basic", true)?;
    String::from_utf8(STANDARD.decode(shown.trim()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(text: &str) -> Element {
        Element::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn names_are_told_from_prefixes() {
        assert_eq!(element("header:DD-API-KEY=admin.api_key").named.as_deref(), Some("admin.api_key"));
        let pager = element("header:Authorization:Token token=");
        let prefix = "Token token=".to_owned();
        let place = Place::Header { name: "Authorization".to_owned(), prefix, any_case: false };
        assert_eq!(pager, Element { place, named: None });
        assert_eq!(element("json:/auth/key=public_key").place, Place::At(Source::Json("/auth/key".to_owned())));
        assert!(["basic:x", "header:", "cookie", "caller"].iter().all(|text| Element::parse(text).is_err()));
    }

    #[test]
    fn prefixes() {
        assert_eq!(after_prefix("bearer  x", "Bearer", true), Some("x"));
        assert_eq!(after_prefix("Bearerx", "Bearer", true), None);
        assert_eq!(after_prefix("Token token=x", "Token token=", false), Some("x"));
        assert_eq!(after_prefix("x", "", false), Some("x"));
    }
}

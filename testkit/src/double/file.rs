//! The TOML of a double, as `testkit/doubles/README.md` describes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::check;
use super::defect::{Defect, Defects};
use super::key::{Mask, Scalars};
use super::route::{Effect, Route};

/// One provider's double of one kind of credential.
#[derive(Debug, Clone)]
pub struct Double {
    pub(super) provider: String,
    pub(super) file: PathBuf,
    pub(super) head: Head,
    /// The most telling first: literal paths before holes, more conditions before fewer.
    pub(super) routes: Vec<Route>,
}

/// What a double is, without its routes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) kind: String,
    /// What people call it; for whoever reads the file.
    #[serde(default, rename = "name")]
    _name: Option<String>,
    pub(super) mint: String,
    #[serde(default = "value_itself")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) parts: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) fixed: Scalars,
    #[serde(default)]
    pub(super) admin: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) owner: Scalars,
    #[serde(default)]
    pub(super) stranger: Scalars,
    #[serde(default)]
    pub(super) mask: Mask,
}

fn value_itself() -> String {
    "{value}".to_owned()
}

/// What a route answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) json: Option<Value>,
    pub(super) text: Option<String>,
}

/// An array of an answer, with one item for each key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    pub(super) at: String,
    pub(super) item: Value,
    #[serde(default)]
    pub(super) only: Only,
}

/// Which keys are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Only {
    #[default]
    All,
    Live,
}

impl Double {
    /// Reads every file of a folder, in the order of their names.
    ///
    /// # Errors
    /// Says everything that is wrong with any of them.
    pub fn load(folder: &Path) -> Result<Vec<Self>, Defects> {
        let unread = |path: &Path, error: &std::io::Error| {
            Defects(vec![defect(path, None, &format!("this cannot be read: {error}"))])
        };
        let entries = fs::read_dir(folder).map_err(|error| unread(folder, &error))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        let (mut doubles, mut defects) = (Vec::new(), Vec::new());
        for path in paths {
            let text = fs::read_to_string(&path).map_err(|error| unread(&path, &error))?;
            match Self::parse(&path, &text) {
                Ok(found) => doubles.extend(found),
                Err(found) => defects.extend(found.0),
            }
        }
        let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
        for double in &doubles {
            if let Some(before) = seen.insert(double.head.kind.clone(), double.file.clone()) {
                let message = format!("`{}` stands in {} already", double.head.kind, before.display());
                defects.push(defect(&double.file, None, &message));
            }
        }
        if defects.is_empty() { Ok(doubles) } else { Err(Defects(defects)) }
    }

    /// Reads the text of a file, which `path` names in errors.
    ///
    /// # Errors
    /// Says everything that is wrong with it.
    pub fn parse(path: &Path, text: &str) -> Result<Vec<Self>, Defects> {
        let mut reader = Reader { path, text, defects: Vec::new() };
        let doubles = reader.file();
        for double in &doubles {
            reader.defects.extend(check::check(double));
        }
        if reader.defects.is_empty() { Ok(doubles) } else { Err(Defects(reader.defects)) }
    }

    /// The id of the provider.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The id of the kind of credential.
    pub fn kind(&self) -> &str {
        &self.head.kind
    }

    /// The file that it stands in.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The names of its routes, the most telling first.
    pub fn routes(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|route| route.name.as_str())
    }

    /// What a route is for, as the file writes it: `GET api.acme.example/v1/keys/{id}`.
    pub fn address(&self, route: &str) -> Option<String> {
        let route = self.routes.iter().find(|own| own.name == route)?;
        Some(format!("{} {}{}", route.method.name(), route.host.0, route.path.0))
    }

    /// The names of those that change something, and what.
    pub fn writes(&self) -> impl Iterator<Item = (&str, Effect)> {
        self.routes.iter().filter(|route| route.is_write()).map(|route| (route.name.as_str(), route.effect))
    }
}

fn defect(path: &Path, line: Option<usize>, message: &str) -> Defect {
    Defect { file: path.to_owned(), line, kind: None, route: None, message: message.to_owned() }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    defects: Vec<Defect>,
}

impl<'a> Reader<'a> {
    fn file(&mut self) -> Vec<Double> {
        let mut table = match DeTable::parse(self.text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                self.say(&error, None, None);
                return Vec::new();
            }
        };
        let provider = table.remove("provider").and_then(|value| value.into_inner().as_str().map(ToOwned::to_owned));
        if provider.is_none() {
            self.defects.push(defect(self.path, None, "`provider` is missing"));
        }
        match table.remove("sources").map(|value| Vec::<String>::deserialize(ValueDeserializer::from(value))) {
            Some(Ok(_)) => {}
            Some(Err(error)) => self.say(&error, None, None),
            None => self.defects.push(defect(self.path, None, "`sources` is missing (what was read; may be empty)")),
        }
        let doubles = table.remove("double").map(Spanned::into_inner);
        for (name, _) in table {
            let line = self.line(name.span().start);
            self.defects.push(defect(self.path, Some(line), &format!("unknown field `{}`", name.get_ref())));
        }
        let Some(DeValue::Array(doubles)) = doubles else {
            self.defects.push(defect(self.path, None, "there is no `[[double]]`"));
            return Vec::new();
        };
        let provider = provider.unwrap_or_default();
        doubles.into_iter().filter_map(|value| self.double(&provider, value)).collect()
    }

    fn double(&mut self, provider: &str, value: Spanned<DeValue<'a>>) -> Option<Double> {
        let (span, line) = (value.span(), self.line(value.span().start));
        let DeValue::Table(mut table) = value.into_inner() else {
            self.defects.push(defect(self.path, Some(line), "a double is a table"));
            return None;
        };
        let kind = table.get("kind").and_then(|kind| kind.get_ref().as_str()).map(ToOwned::to_owned);
        let routes = table.remove("route");
        let head = Head::deserialize(ValueDeserializer::from(Spanned::new(span, DeValue::Table(table))));
        let head = head.map_err(|error| self.say(&error, kind.as_deref(), None)).ok();
        let Some(DeValue::Array(routes)) = routes.map(Spanned::into_inner) else {
            let none = defect(self.path, Some(line), "there is no `[[double.route]]`");
            self.defects.push(Defect { kind, ..none });
            return None;
        };
        let count = routes.len();
        let read = routes.into_iter().filter_map(|value| self.route(kind.as_deref(), value));
        let mut routes: Vec<Route> = read.collect();
        // Not everything could be read: what is missing would make more mistakes that are none.
        let head = head.filter(|_| routes.len() == count)?;
        routes.sort_by_key(Route::vagueness);
        Some(Double { provider: provider.to_owned(), file: self.path.to_owned(), head, routes })
    }

    fn route(&mut self, kind: Option<&str>, value: Spanned<DeValue<'a>>) -> Option<Route> {
        let field = |name: &str| {
            value.get_ref().as_table().and_then(|table| table.get(name)).and_then(|field| field.get_ref().as_str())
        };
        let name = field("name").map(ToOwned::to_owned);
        let fallback = format!("{} {}", field("method").unwrap_or("?"), field("path").unwrap_or("?"));
        let name = name.unwrap_or(fallback);
        let mut route = Route::deserialize(ValueDeserializer::from(value))
            .map_err(|error| self.say(&error, kind, Some(&name)))
            .ok()?;
        route.name = name;
        Some(route)
    }

    fn say(&mut self, error: &toml::de::Error, kind: Option<&str>, route: Option<&str>) {
        let line = error.span().map(|span| self.line(span.start));
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        let plain = defect(self.path, line, &message);
        self.defects.push(Defect { kind: kind.map(ToOwned::to_owned), route: route.map(ToOwned::to_owned), ..plain });
    }

    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }
}

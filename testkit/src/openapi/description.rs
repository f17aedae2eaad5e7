//! A description as a whole: which of its operations a request is.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::operation::Operation;
use super::server::Server;
use super::{Remark, Rule};
use crate::double::{Pattern, Request};

/// The methods of a path item.
const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A provider's description of its API.
#[derive(Debug)]
pub struct Description {
    document: Value,
    routes: Vec<Route>,
}

/// One operation at one server.
#[derive(Debug)]
struct Route {
    server: Server,
    pattern: Pattern,
    /// As the description writes it.
    path: String,
    method: &'static str,
}

/// What a description says of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does not know it; says why.
    Unknown(Remark),
    /// It knows it.
    Known {
        /// `GET /users/{id}`, as it is written there.
        operation: String,
        /// What is not as it is written there.
        remarks: Vec<Remark>,
    },
}

impl Description {
    /// Reads a file. `server` takes the place of the servers that stand in it, for APIs that people host themselves:
    /// `https://{host}/api/v4`.
    ///
    /// # Errors
    /// Says why it cannot be read.
    pub fn read(path: &Path, server: Option<&str>) -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let bytes = fs::read(path).map_err(|error| told(&error))?;
        let document = serde_json::from_slice(&bytes).map_err(|error| told(&error))?;
        Self::new(document, server).map_err(|error| told(&error))
    }

    /// As [`read`](Self::read), of a document that was read.
    ///
    /// # Errors
    /// Says that it is none, or has no path at any server.
    pub fn new(document: Value, server: Option<&str>) -> Result<Self, String> {
        if document.get("openapi").or_else(|| document.get("swagger")).is_none() {
            return Err("this is no description of an API".to_owned());
        }
        let given = server.map(|url| Server::parse(url).ok_or_else(|| format!("`{url}` is no server"))).transpose()?;
        let given = given.map(|server| vec![server]);
        let routes = routes(&document, given.as_deref());
        if routes.is_empty() {
            return Err("it describes no path at any server".to_owned());
        }
        Ok(Self { document, routes })
    }

    /// Whether a request is as it is described.
    pub fn check(&self, request: &Request) -> Verdict {
        let unknown = |rule, what: &str| Verdict::Unknown(Remark::new(rule, what));
        let mut fits: Vec<(&Route, BTreeMap<String, String>)> =
            self.routes.iter().filter_map(|route| Some((route, route.fit(request)?))).collect();
        if fits.is_empty() {
            return unknown(Rule::Path, "no server of the description has it");
        }
        fits.sort_by_key(|(route, _)| (route.pattern.holes().count(), Reverse(route.path.len())));
        // A path that fits better and lacks the method does not hide another one: descriptions split what a server has as one.
        let Some((route, holes)) =
            fits.into_iter().find(|(route, _)| route.method.eq_ignore_ascii_case(&request.method))
        else {
            return unknown(Rule::Method, "the path is described without it");
        };
        let name = format!("{} {}", request.method, route.path);
        let remarks = match Operation::of(&self.document, &route.path, route.method) {
            Ok(operation) => operation.check(request, &holes),
            Err(why) => vec![Remark::new(Rule::Description, why)],
        };
        Verdict::Known { operation: name, remarks }
    }
}

impl Route {
    fn fit(&self, request: &Request) -> Option<BTreeMap<String, String>> {
        self.server.is_called(&request.host).then(|| self.pattern.fit(request.path())).flatten()
    }
}

/// Every operation at each of its servers.
fn routes(document: &Value, given: Option<&[Server]>) -> Vec<Route> {
    let all = given.map_or_else(|| Server::of(document), <[Server]>::to_vec);
    let paths = document.get("paths").and_then(Value::as_object);
    let mut routes = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        for &method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let own = || Server::listed(operation).or_else(|| Server::listed(item));
            let servers = if given.is_some() { all.clone() } else { own().unwrap_or_else(|| all.clone()) };
            routes.extend(servers.into_iter().filter_map(|server| {
                let pattern = Pattern::path(&format!("{}{path}", server.base())).ok()?;
                Some(Route { server, pattern, path: path.clone(), method })
            }));
        }
    }
    routes
}

//! For each route the request that it is made for, to see that it is reached and answers as it says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::auth::{Auth, Candidate, Place};
use super::condition::Condition;
use super::file::Double;
use super::key::{Cast, Key, Role, text};
use super::page::set;
use super::request::{Request, Source, percent_encoded};
use super::route::{Holes, Route, Who};
use super::state::State;
use super::template::Scope;

/// A request in the making.
#[derive(Debug, Clone, Default)]
struct Draft {
    holes: Holes,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    json: Value,
    headers: Vec<(String, String)>,
    plain: String,
}

impl Draft {
    /// Puts a value to its place, unless there is one already.
    fn put(&mut self, source: &Source, value: Value) {
        let add = |pairs: &mut Vec<(String, String)>, name: &String| {
            if pairs.iter().all(|(own, _)| own != name) {
                pairs.push((name.clone(), text(&value)));
            }
        };
        match source {
            Source::Path(name) => drop(self.holes.entry(name.clone()).or_insert_with(|| text(&value))),
            Source::Query(name) => add(&mut self.query, name),
            Source::Form(name) => add(&mut self.form, name),
            Source::Header(name) => add(&mut self.headers, name),
            Source::Text => self.plain.push_str(&text(&value)),
            Source::Json(pointer) if self.json.pointer(pointer).is_none_or(Value::is_null) => {
                set(&mut self.json, pointer, value);
            }
            Source::Caller | Source::Json(_) => {}
        }
    }

    /// Puts a candidate's credential to its places.
    fn show(&mut self, auth: &Auth, candidate: Candidate<'_>, scope: &Scope<'_>) -> Result<(), String> {
        let mut pair = None;
        for element in &auth.0 {
            let value = element.resolved(candidate, scope)?;
            match &element.place {
                Place::Header { name, prefix, .. } => {
                    let gap = if prefix.is_empty() || prefix.ends_with('=') { "" } else { " " };
                    self.headers.push((name.clone(), format!("{}{gap}{value}", scope.text(prefix)?)));
                }
                Place::WholeHeader { name, .. } => self.headers.push((name.clone(), value)),
                Place::Password => pair = Some(format!("anybody:{value}")),
                Place::User => pair = Some(format!("{value}:")),
                Place::Basic(_) => pair = Some(value),
                Place::At(source) => self.put(source, Value::String(value)),
            }
        }
        let coded = pair.map(|pair| STANDARD.encode(pair));
        self.headers.extend(coded.map(|coded| ("Authorization".to_owned(), format!("Basic {coded}"))));
        Ok(())
    }

    fn request(mut self, route: &Route, scope: &Scope<'_>) -> Result<Request, String> {
        let mut path = String::new();
        let filled = |name: &str| self.holes.get(name).cloned().map_or_else(|| scope.text(&format!("{{{name}}}")), Ok);
        let mut rest = route.path.0.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            path.push_str(before);
            path.push_str(&percent_encoded(&filled(name).unwrap_or_else(|_| "x1".to_owned())));
            rest = after;
        }
        path.push_str(rest);
        let encoded = |pairs: &[(String, String)]| {
            let pair =
                |(name, value): &(String, String)| format!("{}={}", percent_encoded(name), percent_encoded(value));
            pairs.iter().map(pair).collect::<Vec<_>>().join("&")
        };
        let kind = |kind: &str| ("Content-Type".to_owned(), kind.to_owned());
        let body = if !self.json.is_null() {
            self.headers.push(kind("application/json"));
            if !self.plain.is_empty() {
                set(&mut self.json, "/variables/more", Value::String(self.plain));
            }
            self.json.to_string()
        } else if !self.form.is_empty() {
            self.headers.push(kind("application/x-www-form-urlencoded"));
            encoded(&self.form)
        } else {
            self.plain
        };
        let target = if self.query.is_empty() { path } else { format!("{path}?{}", encoded(&self.query)) };
        Ok(Request {
            method: route.method.name().to_owned(),
            host: scope.text(&route.host.0)?,
            target,
            headers: self.headers,
            body: body.into_bytes(),
            route: None,
            status: None,
            at: std::time::Instant::now(),
            took: std::time::Duration::ZERO,
        })
    }
}

/// What is wrong with the routes of a double, one line each.
pub(super) fn try_routes(double: &Double) -> Vec<String> {
    let mut found = Vec::new();
    for route in &double.routes {
        let own = route.target == Some(Source::Caller) && route.is_write();
        let callers: &[Option<bool>] = match route.who {
            Who::Nobody => &[None],
            Who::Key => &[Some(false)],
            // An administrator is no key that could be meant.
            Who::Either if own => &[Some(false)],
            Who::Admin => &[Some(true)],
            Who::Either => &[Some(false), Some(true)],
        };
        for is_admin in callers {
            let said = try_route(double, route, *is_admin);
            found.extend(
                said.err().map(|why| format!("{}: {}: `{}`: {why}", double.file.display(), double.kind(), route.name)),
            );
        }
    }
    found
}

/// Sends a route the request that it is made for, naming the key in every way, and then one with a wrong credential.
fn try_route(double: &Double, route: &Route, is_admin: Option<bool>) -> Result<(), String> {
    let fresh = || State::new(double, Cast::default());
    let leaked = fresh()?.key(Role::Leaked).cloned().ok_or("there is no key")?;
    let mut names = vec![leaked.id.clone(), leaked.value.clone()];
    names.extend(leaked.parts.values().cloned());
    let mut last = String::new();
    for name in &names {
        let mut state = fresh()?;
        let request = exemplar(double, &state, route, &leaked, is_admin, name)?;
        state.serve(double, request.clone());
        let served = state.requests.pop().ok_or("it was not served")?;
        let stray = state.strays.pop().map(|stray| stray.why);
        if served.route.as_ref() == Some(&route.name) && served.status == Some(route.reply.status) && stray.is_none() {
            return refused(double, route, &leaked, is_admin, name);
        }
        last = format!(
            "{} {} is served by {:?} with {:?}, {stray:?}: {}",
            request.method,
            request.target,
            served.route,
            served.status,
            request.text()
        );
    }
    Err(last)
}

/// Whether the same request with another credential is turned away.
fn refused(double: &Double, route: &Route, leaked: &Key, is_admin: Option<bool>, name: &str) -> Result<(), String> {
    let Some(reply) = route.refused.as_ref().filter(|_| is_admin.is_some()) else { return Ok(()) };
    let mut state = State::new(double, Cast::default())?;
    let wrong = |text: &String| format!("{text}x");
    let parts = leaked.parts.iter().map(|(name, part)| (name.clone(), wrong(part))).collect();
    let stranger = Key { value: wrong(&leaked.value), parts, ..leaked.clone() };
    let admin = state.settings.admin.clone();
    state.settings.admin.values_mut().for_each(|part| part.push('x'));
    let request = exemplar(double, &state, route, &stranger, is_admin, name)?;
    state.settings.admin = admin;
    state.serve(double, request.clone());
    let served = state.requests.pop().ok_or("it was not served")?;
    // The credential may stand in the path alone, which is another path then.
    let by_sibling = served.route.as_ref() != Some(&route.name);
    let is_refused = served.status == Some(reply.status) || served.status != Some(route.reply.status);
    if is_refused || by_sibling {
        return Ok(());
    }
    Err(format!("a wrong credential gets {:?}: {} {}", served.status, request.method, request.target))
}

fn exemplar(
    double: &Double,
    state: &State,
    route: &Route,
    key: &Key,
    is_admin: Option<bool>,
    name: &str,
) -> Result<Request, String> {
    let candidate = if is_admin == Some(true) { Candidate::Admin } else { Candidate::Key(key) };
    let mut draft = Draft::default();
    let nowhere = Holes::new();
    let scope = Scope { key: Some(key), holes: Some(&nowhere), ..Scope::new(&state.settings, &double.head.owner) };
    if is_admin.is_some() {
        draft.show(&route.auth, candidate, &scope)?;
    }
    let place = |name: &String| Source::Query(name.clone());
    let queries = route.query.iter().map(|(name, condition)| (place(name), condition));
    let bodies = route.when.iter().map(|(source, condition)| (source.clone(), condition));
    let conditions: Vec<_> = queries.chain(bodies).collect();
    // What a condition names is stronger than any key, what it only wants to be there is weaker.
    let is_strong = |condition: &Condition| !matches!(condition, Condition::Exists(_));
    for (source, condition) in conditions.iter().filter(|(_, condition)| is_strong(condition)) {
        draft.put(source, fulfilled(condition, &scope)?);
    }
    if let Some(target) = &route.target {
        draft.put(target, Value::String(name.to_owned()));
    }
    for (source, condition) in conditions.iter().filter(|(_, condition)| **condition == Condition::Exists(true)) {
        draft.put(source, fulfilled(condition, &scope)?);
    }
    // A query language names the key somewhere in its text.
    if let (Some(Source::Json(pointer)), Some(Value::String(said))) =
        (&route.target, route.target.as_ref().and_then(|target| target.values_in(&draft.json)))
        && said != name
    {
        set(&mut draft.json, pointer, Value::String(format!("{said} {{{name}}}")));
    }
    draft.request(route, &scope)
}

/// Something that fulfils a condition.
fn fulfilled(condition: &Condition, scope: &Scope<'_>) -> Result<Value, String> {
    Ok(match condition {
        Condition::Is(value) => scope.json(value)?,
        Condition::OneOf(values) => scope.json(values.first().unwrap_or(&Value::Null))?,
        Condition::Exists(_) => Value::String("x".to_owned()),
        Condition::Contains(part) => Value::String(scope.text(part)?),
        Condition::Starts(start) => Value::String(format!("{}x", scope.text(start)?)),
        Condition::Not(value) => Value::String(format!("not {}", text(value))),
    })
}

impl Source {
    /// What stands there in a body of JSON.
    fn values_in(&self, json: &Value) -> Option<Value> {
        match self {
            Self::Json(pointer) => json.pointer(pointer).cloned(),
            _ => None,
        }
    }
}

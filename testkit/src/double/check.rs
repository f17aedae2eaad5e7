//! Whether a double can be played: recipes mint, placeholders stand for something, fields fit together.

use serde_json::Value;

use super::auth::{Candidate, Place};
use super::defect::Defect;
use super::file::{Double, Reply};
use super::key::{Cast, Key, Role};
use super::request::{Source, is_pointer};
use super::route::{Effect, Holes, Route, Who};
use super::state::State;
use super::template::Scope;

/// What is wrong with a double whose fields could be read.
pub(super) fn check(double: &Double) -> Vec<Defect> {
    let mut found = Vec::new();
    let mut say = |route: Option<&Route>, message: String| {
        found.push(Defect {
            file: double.file.clone(),
            line: None,
            kind: Some(double.head.kind.clone()),
            route: route.map(|route| route.name.clone()),
            message,
        });
    };
    let state = match State::new(double, Cast { stranger: true, ..Cast::default() }) {
        Ok(state) => state,
        Err(why) => {
            say(None, why);
            return found;
        }
    };
    for message in head(double) {
        say(None, message);
    }
    let Some(key) = state.key(Role::Leaked) else { return found };
    for (number, route) in double.routes.iter().enumerate() {
        let room = Room { double, state: &state, key, route };
        fields(route).into_iter().chain(room.credentials()).chain(room.texts()).for_each(|why| say(Some(route), why));
        let before = double.routes.iter().take(number);
        for twin in before.filter(|twin| twin.is_alike(route) && twin.who == route.who && twin.auth == route.auth) {
            say(Some(route), format!("it is never reached: `{}` is for the same requests", twin.name));
        }
    }
    found
}

fn head(double: &Double) -> Vec<String> {
    let mut found = Vec::new();
    let head = &double.head;
    if !head.kind.split_once('.').is_some_and(|(provider, kind)| is_kebab(provider) && is_kebab(kind)) {
        found.push(format!("`{}` is no id of a kind", head.kind));
    }
    if double.routes.is_empty() {
        found.push("it has no route".to_owned());
    }
    let names =
        |scalars: &super::key::Scalars| -> Vec<String> { scalars.0.iter().map(|(name, _)| name.clone()).collect() };
    if !head.stranger.0.is_empty() && names(&head.stranger).iter().any(|name| head.owner.get(name).is_none()) {
        found.push("`stranger` names something that `owner` does not".to_owned());
    }
    if !head.stranger.0.is_empty() && names(&head.owner).iter().any(|name| head.stranger.get(name).is_none()) {
        found.push("`owner` names something that `stranger` does not".to_owned());
    }
    let all = [&head.fixed, &head.owner, &head.stranger];
    let nested = all.iter().flat_map(|scalars| &scalars.0).find(|(_, value)| value.is_array() || value.is_object());
    found.extend(nested.map(|(name, _)| format!("`{name}` is neither a text nor a number nor a boolean")));
    found
}

fn is_kebab(text: &str) -> bool {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_' || c == '.';
    !text.is_empty() && text.chars().all(is_good)
}

/// Fields of a route that do not fit together.
fn fields(route: &Route) -> Vec<String> {
    let mut found = Vec::new();
    let mut demand = |holds: bool, message: &str| {
        if !holds {
            found.push(message.to_owned());
        }
    };
    let is_open = route.who == Who::Nobody;
    demand(is_open || !route.auth.0.is_empty(), "it says who may call, and not how (`auth`)");
    demand(is_open || route.refused.is_some(), "it does not say what others are answered (`refused`)");
    demand(route.target.is_some() || matches!(route.effect, Effect::None | Effect::Mint), "its effect has no `target`");
    let is_callers = route.target == Some(Source::Caller);
    demand(!is_callers || matches!(route.who, Who::Key | Who::Either), "its target is the caller, who is no key");
    let has_dead = route.dead.is_none() || route.target.is_some() || matches!(route.who, Who::Key | Who::Either);
    demand(has_dead, "`dead` needs a `target`, or a key as the caller");
    let finds = route.target.is_some() || route.holes().next().is_some();
    demand(route.missing.is_none() || finds, "`missing` needs a `target`");
    demand(route.delay == 0 || route.is_write(), "`delay` needs an `effect`");
    demand(route.pages.is_none() || route.list.is_some(), "`pages` needs a `list`");
    demand(route.list.is_none() || route.reply.json.is_some(), "`list` needs JSON in its `reply`");
    demand(route.list.as_ref().is_none_or(|list| is_pointer(&list.at)), "`list.at` is no pointer");
    let paths = route.auth.0.iter().filter_map(|element| match &element.place {
        Place::At(source) => Some(source),
        _ => None,
    });
    for source in paths.chain(&route.target) {
        if let Source::Path(name) = source {
            demand(route.holes().any(|hole| hole == name), &format!("its path has no `{{{name}}}`"));
        }
    }
    let replies = [Some(&route.reply), route.refused.as_ref(), route.missing.as_ref(), route.dead.as_ref()];
    for reply in replies.into_iter().flatten() {
        demand((200..600).contains(&reply.status), &format!("{} is no status of an answer", reply.status));
        demand(reply.json.is_none() || reply.text.is_none(), "an answer has both `json` and `text`");
        let is_bare = reply.json.is_none() && reply.text.is_none();
        demand(is_bare || !matches!(reply.status, 204 | 304), &format!("an answer of {} has no body", reply.status));
    }
    found
}

/// A route, and what is there to fill in.
struct Room<'a> {
    double: &'a Double,
    state: &'a State,
    key: &'a Key,
    route: &'a Route,
}

impl Room<'_> {
    fn scope<'s>(&'s self, key: bool, holes: &'s Holes) -> Scope<'s> {
        let scope = Scope::new(&self.state.settings, &self.double.head.owner);
        Scope { key: key.then_some(self.key), holes: Some(holes), ..scope }
    }

    /// Credentials that nobody has, and holes that nothing fills.
    fn credentials(&self) -> Vec<String> {
        let holes = self.holes();
        let mut found = Vec::new();
        if matches!(self.route.who, Who::Key | Who::Either) {
            found.extend(self.route.auth.defects(Candidate::Key(self.key), &self.scope(true, &holes)));
        }
        // Where both may call, a template may be for one of them.
        if matches!(self.route.who, Who::Admin) {
            found.extend(self.route.auth.defects(Candidate::Admin, &self.scope(false, &holes)));
        }
        if self.route.who == Who::Either && !self.state.settings.admin.contains_key("secret") {
            found.push("nothing is known as {admin.secret} here".to_owned());
        }
        let is_known = |name: &&str| {
            self.state.settings.fixed.get(name).is_some() || self.key.parts.contains_key(*name) || name.contains('.')
        };
        let unknown = self.route.host.1.holes().find(|name| !is_known(name) && !self.route.is_free(name));
        found.extend(unknown.map(|name| format!("the host's {{{name}}} is neither `fixed` nor a part")));
        for name in self.route.holes().filter(|name| name.contains('.')) {
            found.extend(self.scope(true, &Holes::new()).text(&format!("{{{name}}}")).err());
        }
        found
    }

    /// Placeholders that stand for nothing.
    fn texts(&self) -> Vec<String> {
        let route = self.route;
        let holes = self.holes();
        let mut found = Vec::new();
        let is_meant = route.target.is_some()
            || matches!(route.effect, Effect::Mint | Effect::Replace)
            || matches!(route.who, Who::Key | Who::Either);
        let mut try_json = |value: &Value, scope: &Scope<'_>| found.extend(scope.json(value).err());
        for condition in route.query.values().chain(route.when.iter().map(|(_, condition)| condition)) {
            let scope = self.scope(false, &holes);
            condition.templates().iter().for_each(|value| try_json(value, &scope));
        }
        let total = route.list.as_ref().map(|_| 1);
        let mut try_reply = |reply: Option<&Reply>, has_key: bool| {
            let scope = Scope { total, ..self.scope(has_key, &holes) };
            let Some(reply) = reply else { return };
            let headers = reply.headers.values().cloned().map(Value::String);
            let bodies = reply.json.clone().into_iter().chain(reply.text.clone().map(Value::String));
            headers.chain(bodies).for_each(|value| try_json(&value, &scope));
        };
        try_reply(Some(&route.reply), is_meant);
        try_reply(route.refused.as_ref(), false);
        try_reply(route.missing.as_ref(), false);
        try_reply(route.dead.as_ref(), true);
        if let Some(list) = &route.list {
            try_json(&list.item, &Scope { total, ..self.scope(true, &holes) });
        }
        found
    }

    /// Something in each hole of the route.
    fn holes(&self) -> Holes {
        self.route.holes().filter(|name| !name.contains('.')).map(|name| (name.to_owned(), "1".to_owned())).collect()
    }
}

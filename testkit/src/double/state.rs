//! What a stage remembers, and how it answers.

use std::time::Instant;

use serde_json::Value;

use super::auth::Candidate;
use super::fault::{Delivery, End, Faults, Response};
use super::file::{Double, List, Only, Reply};
use super::key::{Cast, Key, Life, Minter, Role, Scalars, text};
use super::page::set;
use super::request::{Request, Source, Stray};
use super::route::{Effect, Holes, Miss, Route, Who};
use super::template::{Scope, Settings, names};

/// An effect that a stage was asked for and said yes to.
#[derive(Debug, Clone)]
pub struct Done {
    /// What.
    pub effect: Effect,
    /// To which key. For [`Effect::Mint`] the new one.
    pub role: Role,
    /// Whether anything was different afterwards.
    pub changed: bool,
    /// By which route.
    pub route: String,
    /// When.
    pub at: Instant,
}

/// The state of a stage.
#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) keys: Vec<Key>,
    pub(super) requests: Vec<Request>,
    pub(super) strays: Vec<Stray>,
    pub(super) effects: Vec<Done>,
    pub(super) faults: Faults,
    cast: Cast,
    /// How many requests came in.
    clock: u64,
    /// What will be with which key, and at which request.
    pending: Vec<(u64, usize, Life)>,
}

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Nobody,
    Admin,
    /// A live key, by its place.
    Key(usize),
    /// A key that is disabled, by its place.
    Disabled(usize),
    /// Nobody that the route takes.
    Refused,
}

/// What is known of a request when it is answered.
struct Asked<'a> {
    route: &'a Route,
    request: &'a Request,
    holes: Holes,
    caller: Caller,
}

impl State {
    /// The state at the start.
    ///
    /// # Errors
    /// Says which recipe cannot be minted.
    pub(super) fn new(double: &Double, cast: Cast) -> Result<Self, String> {
        let minter = double.minter(cast.seed)?;
        let mut leaked = minter.key(Role::Leaked, None)?;
        let other = minter.unlike(Role::Other, &[&leaked])?;
        // Where lists show all of a key, none looks as another.
        let twin = cast.twin.then(|| minter.key(Role::Twin, Some(&leaked)).ok()).flatten();
        let has_stranger = cast.stranger && !double.head.stranger.0.is_empty();
        let stranger = if has_stranger { Some(minter.unlike(Role::Stranger, &[&leaked, &other])?) } else { None };
        leaked.life = match cast {
            Cast { deleted: true, .. } => Life::Deleted,
            Cast { disabled: true, .. } => Life::Disabled,
            _ => Life::Live,
        };
        // The leaked one is not the first of a list: whoever takes the first is wrong.
        let mut keys: Vec<Key> = [Some(other), Some(leaked), twin, stranger].into_iter().flatten().collect();
        for number in 0..cast.also {
            let others: Vec<&Key> = keys.iter().collect();
            let key = minter.unlike(Role::Also(number), &others)?;
            keys.push(key);
        }
        Ok(Self {
            settings: minter.settings().clone(),
            keys,
            requests: Vec::new(),
            strays: Vec::new(),
            effects: Vec::new(),
            faults: Faults::default(),
            cast,
            clock: 0,
            pending: Vec::new(),
        })
    }

    /// The key of a role.
    pub(super) fn key(&self, role: Role) -> Option<&Key> {
        self.keys.iter().find(|key| key.role == role)
    }

    /// Makes a key live, disabled or deleted.
    pub(super) fn set_life(&mut self, role: Role, life: Life) {
        self.keys.iter_mut().filter(|key| key.role == role).for_each(|key| key.life = life);
    }

    /// How a key's life will be at the next request.
    pub(super) fn life(&self, role: Role) -> Option<Life> {
        let index = self.keys.iter().position(|key| key.role == role)?;
        let due = self.pending.iter().filter(|(due, at, _)| *at == index && *due <= self.clock + 1);
        due.map(|(.., life)| *life).next_back().or_else(|| self.keys.get(index).map(|key| key.life))
    }

    /// Serves a request, and says how the answer goes out.
    pub(super) fn serve(&mut self, double: &Double, mut request: Request) -> Delivery {
        self.clock += 1;
        self.settle();
        let asked = self.route(double, &request);
        let is_write = asked.as_ref().is_ok_and(|asked| asked.route.is_write());
        let name = asked.as_ref().ok().map(|asked| asked.route.name.clone());
        let fault = self.faults.pick(&request, is_write);
        if let Err(why) = &asked {
            self.strays.push(Stray { request: request.clone(), why: why.clone() });
        }
        let mut delivery = match (fault.as_ref().and_then(super::Fault::instead), asked) {
            (Some(delivery), _) => delivery,
            (None, asked) => {
                let response = match asked {
                    Ok(asked) => self.respond(double, &asked),
                    Err(_) => Response::new(404, "application/json", r#"{"message":"no such route"}"#),
                };
                fault.map_or_else(|| Delivery::plain(response.clone()), |fault| fault.after(response.clone()))
            }
        };
        if self.cast.keeps && delivery.end == End::Close && delivery.response.is_some() {
            delivery.end = End::Stay;
        }
        request.route = name;
        request.status = delivery.response.as_ref().map(|response| response.status);
        request.took = request.at.elapsed() + delivery.wait;
        self.requests.push(request);
        delivery
    }

    /// Lets what is due take effect.
    fn settle(&mut self) {
        let (due, later): (Vec<_>, Vec<_>) = self.pending.drain(..).partition(|(due, ..)| *due <= self.clock);
        self.pending = later;
        for (_, index, life) in due {
            if let Some(key) = self.keys.get_mut(index) {
                key.life = life;
            }
        }
    }

    /// The route of a request.
    ///
    /// # Errors
    /// Says why there is none.
    fn route<'a>(&self, double: &'a Double, request: &'a Request) -> Result<Asked<'a>, String> {
        let mut nearest = (Miss::Host, "");
        let mut found: Vec<Asked<'a>> = Vec::new();
        for route in &double.routes {
            match route.fits(request, &self.settings) {
                Ok(holes) => {
                    let is_first = found.is_empty();
                    if is_first || found.iter().any(|first| first.route.is_alike(route)) {
                        let caller = self.caller(route, request, &holes);
                        found.push(Asked { route, request, holes, caller });
                    }
                }
                Err(miss) if miss >= nearest.0 => nearest = (miss, &route.name),
                Err(_) => {}
            }
        }
        // Where several routes are for the same request, the credential decides.
        let is_welcome = |asked: &Asked<'_>| !matches!(asked.caller, Caller::Refused | Caller::Disabled(_));
        let is_known = |asked: &Asked<'_>| asked.caller != Caller::Refused;
        let best = found.iter().position(is_welcome).or_else(|| found.iter().position(is_known)).unwrap_or(0);
        if found.is_empty() {
            let (miss, route) = nearest;
            let what = match miss {
                Miss::Host => return Err(format!("no route has the host `{}`", request.host)),
                Miss::Path => "another path".to_owned(),
                Miss::Method(method) => format!("the method {method}"),
                Miss::Hole(name) => format!("another `{name}` in its path"),
                Miss::Query(name) => format!("another `{name}` in its query"),
                Miss::Body(place) => format!("something else in its body, {place}"),
            };
            return Err(format!("{} {}: the nearest route, `{route}`, wants {what}", request.method, request.path()));
        }
        Ok(found.swap_remove(best))
    }

    fn caller(&self, route: &Route, request: &Request, holes: &Holes) -> Caller {
        let none = Scalars::default();
        let shows = |candidate| route.auth.accepts(request, holes, candidate, &self.settings, &none);
        let plain = route.auth.plain(request);
        let keys = || {
            // Where the value itself stands in a header, one look tells: a stage may hold thousands of keys.
            let may_be = |key: &Key| key.life != Life::Deleted && plain.is_none_or(|shown| shown == key.value);
            let listed = self.keys.iter().enumerate().filter(|(_, key)| may_be(key));
            let mut shown = listed.filter(|(_, key)| shows(Candidate::Key(key)));
            shown.next().map(|(at, key)| if key.is_live() { Caller::Key(at) } else { Caller::Disabled(at) })
        };
        let admin = || shows(Candidate::Admin).then_some(Caller::Admin);
        match route.who {
            Who::Nobody => Some(Caller::Nobody),
            Who::Key => keys(),
            Who::Admin => admin(),
            Who::Either => admin().or_else(keys),
        }
        .unwrap_or(Caller::Refused)
    }

    /// Answers a request, and does what it asks for.
    fn respond(&mut self, double: &Double, asked: &Asked<'_>) -> Response {
        let route = asked.route;
        let refused = route.refused.as_ref();
        match asked.caller {
            Caller::Refused => return self.render(double, asked, refused, None),
            Caller::Disabled(at) => {
                let dead = route.dead.as_ref().filter(|_| matches!(route.target, None | Some(Source::Caller)));
                return self.render(double, asked, dead.or(refused), Some(at));
            }
            Caller::Key(_) | Caller::Admin | Caller::Nobody => {}
        }
        let is_admins_own = route.target == Some(Source::Caller) && asked.caller == Caller::Admin;
        if is_admins_own && route.is_write() {
            let why = format!("`{}` would be done to the responder's own credential", route.name);
            self.strays.push(Stray { request: asked.request.clone(), why });
        } else if is_admins_own {
            return self.render(double, asked, Some(&route.reply), None);
        }
        let targets = self.targets(asked, &double.head.parts);
        if route.target.is_some() && targets.is_empty() && (route.list.is_none() || route.missing.is_some()) {
            return self.render(double, asked, route.missing.as_ref(), None);
        }
        let own = match asked.caller {
            Caller::Key(at) => Some(at),
            _ => None,
        };
        let is_elsewhere = |at: &usize| self.keys.get(*at).is_some_and(|key| !fits_holes(key, asked, &self.settings));
        if route.target.is_none() && route.list.is_none() && own.as_ref().is_some_and(is_elsewhere) {
            return self.render(double, asked, route.missing.as_ref().or(refused), None);
        }
        let is_dead = |at: &usize| self.keys.get(*at).is_some_and(|key| !key.is_live());
        let was_dead = route.effect != Effect::Enable && targets.first().is_some_and(is_dead);
        let dead = route.dead.as_ref().filter(|_| was_dead);
        if dead.is_some_and(|reply| reply.status >= 400) {
            return self.render(double, asked, dead, targets.first().copied());
        }
        let subject = self.act(double, asked, &targets).or_else(|| targets.first().copied()).or(own);
        self.render(double, asked, dead.or(Some(&route.reply)), subject)
    }

    /// The keys that a request means, of those that its caller may see.
    fn targets(&self, asked: &Asked<'_>, parts: &std::collections::BTreeMap<String, String>) -> Vec<usize> {
        let source = match (&asked.route.target, asked.caller) {
            (None, _) => return Vec::new(),
            (Some(Source::Caller), Caller::Key(at)) => return vec![at],
            (Some(source), _) => source,
        };
        let given = source.values(asked.request, &asked.holes);
        let flat = given.into_iter().flat_map(|value| match value {
            Value::Array(items) => items,
            other => vec![other],
        });
        let mut found = Vec::new();
        for wanted in flat.map(|value| text(&value)).filter(|wanted| !wanted.is_empty()) {
            let by = |is: &dyn Fn(&Key) -> bool| -> Vec<usize> {
                let visible = self.keys.iter().enumerate().filter(|(_, key)| self.is_visible(key, asked));
                visible.filter(|(_, key)| is(key)).map(|(at, _)| at).collect()
            };
            let ways: [&dyn Fn(&Key) -> bool; 4] = [
                &|key| key.id == wanted,
                &|key| key.value == wanted,
                &|key| parts.keys().any(|name| key.parts.get(name) == Some(&wanted)),
                // A query language: the id stands somewhere in a text.
                &|key| wanted.contains('{') && (wanted.contains(&key.id) || wanted.contains(&key.value)),
            ];
            found.extend(ways.iter().map(|way| by(way)).find(|keys| !keys.is_empty()).unwrap_or_default());
        }
        found.dedup();
        found
    }

    /// Whether a key is there for a caller: not deleted, of the same owner, and below the path.
    fn is_visible(&self, key: &Key, asked: &Asked<'_>) -> bool {
        let is_of_owner = match asked.caller {
            Caller::Key(at) => self.keys.get(at).is_some_and(|own| own.foreign == key.foreign),
            Caller::Nobody => true,
            _ => !key.foreign,
        };
        key.life != Life::Deleted && is_of_owner && fits_holes(key, asked, &self.settings)
    }

    /// Does what a route does. Gives the new key, if there is one.
    fn act(&mut self, double: &Double, asked: &Asked<'_>, targets: &[usize]) -> Option<usize> {
        let route = asked.route;
        let mut new = None;
        if route.effect == Effect::Mint {
            new = self.mint(double, asked, None);
        }
        for &at in targets {
            let life = match route.effect {
                Effect::None | Effect::Mint => continue,
                Effect::Disable => Life::Disabled,
                Effect::Enable => Life::Live,
                Effect::Delete => Life::Deleted,
                Effect::Replace => {
                    new = self.mint(double, asked, Some(at));
                    Life::Deleted
                }
            };
            let Some(key) = self.keys.get_mut(at) else { continue };
            let (role, changed) = (key.role, key.life != life);
            if route.delay == 0 {
                key.life = life;
            } else {
                self.pending.push((self.clock + route.delay + 1, at, life));
            }
            self.note(route, role, changed);
        }
        new
    }

    fn note(&mut self, route: &Route, role: Role, changed: bool) {
        let (effect, route) = (route.effect, route.name.clone());
        self.effects.push(Done { effect, role, changed, route, at: Instant::now() });
    }

    /// A new key, in the place of another if one is given.
    fn mint(&mut self, double: &Double, asked: &Asked<'_>, like: Option<usize>) -> Option<usize> {
        let number = self.keys.iter().filter(|key| matches!(key.role, Role::New(_))).count();
        let like = like.and_then(|at| self.keys.get(at));
        let mut key = double.minter(self.cast.seed).ok()?.key(Role::New(number), like).ok()?;
        let name = like.map(|old| old.name.clone()).or_else(|| name_asked(asked.request));
        if let Some(name) = name {
            key.parts.entry("name".to_owned()).and_modify(|own| own.clone_from(&name));
            key.name = name;
        }
        key.foreign = like.map_or_else(
            || matches!(asked.caller, Caller::Key(at) if self.keys.get(at).is_some_and(|own| own.foreign)),
            |old| old.foreign,
        );
        let role = key.role;
        self.keys.push(key);
        if asked.route.effect == Effect::Mint {
            self.note(asked.route, role, true);
        }
        Some(self.keys.len() - 1)
    }

    /// Writes an answer. `None` is a plain 404, where the file says nothing about what is missing.
    fn render(
        &mut self,
        double: &Double,
        asked: &Asked<'_>,
        reply: Option<&Reply>,
        subject: Option<usize>,
    ) -> Response {
        let Some(reply) = reply else { return Response::new(404, "application/json", "{}") };
        let list = asked.route.list.as_ref().filter(|_| std::ptr::eq(reply, &raw const asked.route.reply));
        let written = match list {
            Some(list) => self.render_list(double, asked, reply, list),
            None => self.render_plain(double, asked, reply, subject),
        };
        written.unwrap_or_else(|why| {
            self.strays.push(Stray { request: asked.request.clone(), why: why.clone() });
            Response::new(400, "application/json", r#"{"message":"bad request"}"#)
        })
    }

    fn render_plain(
        &self,
        double: &Double,
        asked: &Asked<'_>,
        reply: &Reply,
        subject: Option<usize>,
    ) -> Result<Response, String> {
        let mut key = subject.and_then(|at| self.keys.get(at)).cloned();
        // The answer tells how it will be, also where that takes a while.
        let will = |key: &Key| {
            self.pending.iter().rev().find(|(_, at, _)| self.keys.get(*at).is_some_and(|k| k.role == key.role))
        };
        if let Some(key) = &mut key
            && asked.route.is_write()
            && let Some((.., life)) = will(key)
        {
            key.life = *life;
        }
        let owner = self.owner(double, asked, key.as_ref());
        let scope =
            Scope { key: key.as_ref(), holes: Some(&asked.holes), strict: false, ..Scope::new(&self.settings, owner) };
        written(reply, &scope, |_, _| {})
    }

    fn render_list(
        &mut self,
        double: &Double,
        asked: &Asked<'_>,
        reply: &Reply,
        list: &List,
    ) -> Result<Response, String> {
        let counted = asked.route.pages.as_ref().and_then(|pages| pages.counted(asked.request));
        if let Some(size) = counted {
            self.fill_up(double, size);
        }
        let chosen = asked.route.target.is_some().then(|| self.targets(asked, &double.head.parts));
        let is_in = |at: usize, key: &Key| {
            // Fillers come first and fill one page to its end, where a client goes on only after a full one.
            let fills = match key.role {
                Role::Filler(number) => counted.is_some_and(|size| number < size),
                _ => true,
            };
            let is_wanted = list.only == Only::All || key.is_live();
            let is_chosen = chosen.as_ref().is_none_or(|chosen| chosen.contains(&at));
            fills && is_wanted && is_chosen && self.is_visible(key, asked)
        };
        let mut shown: Vec<(usize, &Key)> = self.keys.iter().enumerate().filter(|(at, key)| is_in(*at, key)).collect();
        shown.sort_by_key(|(at, key)| (!matches!(key.role, Role::Filler(_)), *at));
        let total = shown.len();
        let pages = asked.route.pages.as_ref();
        let window = pages.map(|pages| pages.window(asked.request, &asked.holes, total)).transpose()?;
        let (from, to) = window.as_ref().map_or((0, total), |window| (window.from, window.to));
        let mut items = Vec::new();
        for (_, key) in shown.get(from..to).unwrap_or_default() {
            let owner = double.owner_of(key);
            let scope = Scope::new(&self.settings, owner);
            let scope = Scope { key: Some(key), holes: Some(&asked.holes), total: Some(total), ..scope };
            items.push(scope.json(&list.item)?);
        }
        let own = match asked.caller {
            Caller::Key(at) => self.keys.get(at),
            _ => None,
        };
        let owner = self.owner(double, asked, None);
        let scope = Scope::new(&self.settings, owner);
        let scope = Scope { key: own, holes: Some(&asked.holes), total: Some(total), strict: false, ..scope };
        written(reply, &scope, |json, headers| {
            if let Some(Value::Array(there)) = json.pointer_mut(&list.at) {
                there.extend(items);
            } else {
                set(json, &list.at, Value::Array(items));
            }
            if let (Some(pages), Some(window)) = (pages, &window) {
                pages.tell(window, &asked.request.host, json, headers);
            }
        })
    }

    /// Makes as many fillers as a page has items.
    fn fill_up(&mut self, double: &Double, size: usize) {
        let there = self.keys.iter().filter(|key| matches!(key.role, Role::Filler(_))).count();
        let Ok(minter) = double.minter(self.cast.seed) else { return };
        for number in there..size {
            let others: Vec<&Key> = self.keys.iter().collect();
            let Ok(filler) = minter.unlike(Role::Filler(number), &others) else { return };
            self.keys.push(filler);
        }
    }

    /// The owner that an answer tells of.
    fn owner<'a>(&self, double: &'a Double, asked: &Asked<'_>, key: Option<&Key>) -> &'a Scalars {
        let caller = match asked.caller {
            Caller::Key(at) | Caller::Disabled(at) => self.keys.get(at),
            _ => None,
        };
        key.or(caller).map_or(&double.head.owner, |key| double.owner_of(key))
    }
}

impl Double {
    fn owner_of(&self, key: &Key) -> &Scalars {
        if key.foreign { &self.head.stranger } else { &self.head.owner }
    }

    /// What makes the keys of a stage.
    ///
    /// # Errors
    /// Says which recipe cannot be minted.
    pub(super) fn minter(&self, seed: u64) -> Result<Minter<'_>, String> {
        Minter::new(&self.head, self.shown(), seed)
    }

    /// How much of a key's head and tail is shown anywhere.
    fn shown(&self) -> (usize, usize) {
        let mut shown = (self.head.mask.head, self.head.mask.tail);
        let items = self.routes.iter().filter_map(|route| route.list.as_ref()).map(|list| list.item.to_string());
        for item in items {
            for name in names(&item) {
                let count = |prefix| name.strip_prefix(prefix).and_then(|n: &str| n.parse::<usize>().ok());
                shown.0 = shown.0.max(count("key.head:").unwrap_or(0));
                shown.1 = shown.1.max(count("key.tail:").unwrap_or(0));
            }
        }
        shown
    }
}

/// Whether a key's parts are those that stand in the path: the keys of an account are below that account.
fn fits_holes(key: &Key, asked: &Asked<'_>, settings: &Settings) -> bool {
    asked.holes.iter().all(|(hole, taken)| {
        let name = hole.strip_prefix("key.").unwrap_or(hole);
        let is_checked = !asked.route.is_free(hole) && settings.fixed.get(name).is_none();
        !is_checked || key.parts.get(name).is_none_or(|part| part.eq_ignore_ascii_case(taken))
    })
}

/// The text of an answer, with its JSON changed before it is written.
fn written(
    reply: &Reply,
    scope: &Scope<'_>,
    change: impl FnOnce(&mut Value, &mut Vec<(String, String)>),
) -> Result<Response, String> {
    let mut headers = Vec::new();
    for (name, value) in &reply.headers {
        headers.push((name.clone(), scope.text(value)?));
    }
    let has_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let (content, body) = if let Some(plain) = &reply.text {
        ("text/plain; charset=utf-8", scope.text(plain)?)
    } else if let Some(template) = &reply.json {
        let mut json = scope.json(template)?;
        change(&mut json, &mut headers);
        ("application/json", json.to_string())
    } else {
        return Ok(Response { status: reply.status, headers, body: Vec::new() });
    };
    if !has_type {
        headers.push(("Content-Type".to_owned(), content.to_owned()));
    }
    Ok(Response { status: reply.status, headers, body: body.into_bytes() })
}

/// The name that a client gives a new key, wherever it stands in the body.
fn name_asked(request: &Request) -> Option<String> {
    const NAMES: &[&str] = &[
        "name",
        "key_name",
        "keyName",
        "token_name",
        "tokenName",
        "label",
        "title",
        "displayName",
        "display_name",
        "friendlyName",
        "FriendlyName",
        "friendly_name",
        "note",
        "nickname",
        "alias",
        "description",
        "comment",
    ];
    let from_json = request.json().and_then(|body| NAMES.iter().find_map(|name| search(&body, name)));
    let form = request.form();
    let from_form = || NAMES.iter().find_map(|name| form.iter().find(|(own, _)| own == name).map(|(_, v)| v.clone()));
    let query = request.query();
    let from_query = || NAMES.iter().find_map(|name| query.iter().find(|(own, _)| own == name).map(|(_, v)| v.clone()));
    from_json.or_else(from_form).or_else(from_query)
}

/// The first text of a name, in any depth.
fn search(json: &Value, name: &str) -> Option<String> {
    match json {
        Value::Object(fields) => fields
            .get(name)
            .and_then(Value::as_str)
            .map(ToOwned::to_owned)
            .or_else(|| fields.values().find_map(|field| search(field, name))),
        Value::Array(items) => items.iter().find_map(|item| search(item, name)),
        _ => None,
    }
}

//! The engine, asked by a client that knows nothing but sockets; and every file of `testkit/doubles`.

mod wire;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Cast, Double, Effect, Fault, Life, Role, Stage, Trigger};

/// The provider of the format's description, and what that leaves out.
const ACME: &str = r#"
provider = "acme"
sources  = ["https://docs.acme.example/keys"]

[[double]]
kind  = "acme.api-key"
mint  = "acme_{base62:30}"
id    = "key_{base62:10}"
parts = { public_key = "pk_{base62:20}" }
fixed = { project = "proj_1", host = "eu.acme.example" }
admin = { secret = "acme_adm_{base62:30}", id = "adm-1" }
owner = { email = "ops@acme.example", account = "org-1" }
stranger = { account = "org-2", email = "eve@evil.example" }
mask  = { head = 7, between = "...", tail = 4 }

[[double.route]]
name    = "who am I"
method  = "GET"
host    = "api.acme.example"
path    = "/v1/me"
auth    = "bearer"
who     = "key"
reply   = { status = 200, json = { object = "user", email = "{owner.email}", live = "{key.live}", word = "{key.live:on|off}", organization = { id = "{owner.account}" } } }
refused = { status = 401, json = { error = { code = "invalid_key" } } }
dead    = { status = 403, json = { error = { code = "key_disabled" } } }

[[double.route]]
name    = "keys of a project"
method  = "GET"
host    = "api.acme.example"
path    = "/v1/projects/{project}/keys"
auth    = "bearer"
who     = "admin"
list    = { at = "/data", item = { id = "{key.id}", redacted = "{key.mask}", active = "{key.live}", owner = { email = "{owner.email}" } } }
pages   = { size = 1, next = "/next", param = "after" }
reply   = { status = 200, json = { object = "list", total = "{list.total}", data = [] } }
refused = { status = 401, json = { error = { code = "invalid_key" } } }

[[double.route]]
name    = "keys by number"
method  = "GET"
host    = "{host}"
path    = "/numbered"
auth    = ["header:X-Key=public_key", "header:Authorization:Token token="]
who     = "key"
list    = { at = "", item = "{key.id}", only = "live" }
pages   = { size = 1, number = "page" }
reply   = { status = 200, json = [] }
refused = { status = 403 }

[[double.route]]
name    = "keys by link"
method  = "GET"
host    = "{host}"
path    = "/linked"
auth    = "basic:{admin.id}:{admin.secret}"
who     = "admin"
list    = { at = "/keys", item = { id = "{key.id}" } }
pages   = { size = 2, link = true, param = "page" }
reply   = { status = 200, json = {} }
refused = { status = 401 }

[[double.route]]
name    = "disable"
method  = "PATCH"
host    = "api.acme.example"
path    = "/v1/projects/{project}/keys/{id}"
when    = { "/active" = false }
auth    = "bearer"
who     = "admin"
target  = "path:id"
effect  = "disable"
reply   = { status = 200, json = { id = "{key.id}", active = "{key.live}" } }
refused = { status = 401 }
missing = { status = 404, json = { error = { code = "not_found" } } }

[[double.route]]
name    = "enable"
method  = "PATCH"
host    = "api.acme.example"
path    = "/v1/projects/{project}/keys/{id}"
when    = { "/active" = true }
auth    = "bearer"
who     = "admin"
target  = "path:id"
effect  = "enable"
reply   = { status = 200, json = { id = "{key.id}", active = true } }
refused = { status = 401 }

[[double.route]]
name    = "delete, in a while"
method  = "DELETE"
host    = "api.acme.example"
path    = "/v1/projects/{project}/keys/{id}"
auth    = "bearer"
who     = "either"
target  = "path:id"
effect  = "delete"
delay   = 2
reply   = { status = 204 }
refused = { status = 401 }
missing = { status = 404 }

[[double.route]]
name    = "revoke by value"
method  = "POST"
host    = "api.acme.example"
path    = "/revoke"
when    = { "form:token" = { exists = true } }
who     = "nobody"
target  = "form:token"
effect  = "delete"
reply   = { status = 200, text = "ok" }
missing = { status = 400, json = { error = "unknown" } }

[[double.route]]
name    = "new"
method  = "POST"
host    = "api.acme.example"
path    = "/v1/projects/{project}/keys"
auth    = "bearer"
who     = "admin"
effect  = "mint"
reply   = { status = 201, headers = { Location = "/v1/keys/{key.id}" }, json = { id = "{key.id}", key = "{key.value}", name = "{key.name}" } }
refused = { status = 401 }

[[double.route]]
name    = "roll"
method  = "POST"
host    = "api.acme.example"
path    = "/graphql"
when    = { "/query" = { contains = "rollKey" } }
auth    = "bearer"
who     = "key"
target  = "caller"
effect  = "replace"
reply   = { status = 200, json = { data = { key = "{key.value}" } } }
refused = { status = 200, json = { errors = [{ message = "no" }] } }
"#;

/// An answer, as it came.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

/// What one writes of a request: the rest follows.
struct Ask<'a> {
    method: &'a str,
    host: &'a str,
    target: String,
    headers: Vec<String>,
    body: String,
}

fn ask(method: &str, target: impl Into<String>) -> Ask<'_> {
    Ask { method, host: "api.acme.example", target: target.into(), headers: Vec::new(), body: String::new() }
}

impl Ask<'_> {
    fn at(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    fn header(mut self, line: impl Into<String>) -> Self {
        self.headers.push(line.into());
        self
    }

    fn bearer(self, secret: &str) -> Self {
        self.header(format!("Authorization: Bearer {secret}"))
    }

    fn json(mut self, json: &Value) -> Self {
        self.body = json.to_string();
        self.header("Content-Type: application/json")
    }

    fn form(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.header("Content-Type: application/x-www-form-urlencoded")
    }

    /// Everything that comes back until the connection ends, and how it ends.
    fn raw(&self, stage: &Stage) -> (Vec<u8>, Option<ErrorKind>) {
        let mut stream = TcpStream::connect(stage.address()).unwrap_or_else(|error| panic!("{error}"));
        let headers =
            [self.headers.join("\r\n"), String::from(if self.headers.is_empty() { "" } else { "\r\n" })].concat();
        let length = self.body.len();
        let (method, target, host) = (self.method, &self.target, self.host);
        let text = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{}",
            self.body
        );
        stream.write_all(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let mut read = Vec::new();
        let end = stream.read_to_end(&mut read).err().map(|error| error.kind());
        (read, end)
    }

    fn of(self, stage: &Stage) -> Answer {
        let (read, end) = self.raw(stage);
        assert_eq!(end, None, "{}", self.target);
        let text = String::from_utf8(read).unwrap_or_else(|error| panic!("{error}"));
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {head}"));
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }
}

fn acme() -> Double {
    let mut doubles = Double::parse(Path::new("acme.toml"), ACME).unwrap_or_else(|error| panic!("{error}"));
    doubles.pop().unwrap_or_else(|| panic!("there is one"))
}

fn start(cast: Cast) -> Stage {
    Stage::start(&acme(), cast)
}

fn admin(stage: &Stage) -> String {
    stage.admin().get("secret").cloned().unwrap_or_default()
}

fn me(stage: &Stage, secret: &str) -> Answer {
    ask("GET", "/v1/me").bearer(secret).of(stage)
}

/// What is wrong with the file after a change, as it is printed.
fn wrong(from: &str, to: &str) -> String {
    assert!(ACME.contains(from), "{from}");
    let text = ACME.replacen(from, to, 1);
    Double::parse(Path::new("acme.toml"), &text).map_or_else(|defects| defects.to_string(), |_| String::new())
}

#[test]
fn every_file_of_the_project_can_be_played() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("doubles");
    let doubles = Double::load(&folder).unwrap_or_else(|defects| panic!("{} mistakes:\n{defects}", defects.0.len()));
    for double in &doubles {
        let stage = Stage::start(double, Cast { twin: true, stranger: true, ..Cast::default() });
        assert!(
            !stage.hosts().is_empty() && stage.alive(Role::Leaked) && stage.alive(Role::Other),
            "{}",
            double.kind()
        );
        assert_ne!(stage.leaked().value, stage.other().value, "{}", double.kind());
        let twin = stage.twin().map(|twin| stage.mask(&twin.value));
        assert!(twin.is_none_or(|mask| mask == stage.mask(&stage.leaked().value)), "{}", double.kind());
    }
}

#[test]
fn every_route_of_the_project_is_reached_and_answers_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("doubles");
    let doubles = Double::load(&folder).unwrap_or_else(|defects| panic!("{} mistakes:\n{defects}", defects.0.len()));
    let found: Vec<String> = doubles.iter().flat_map(super::exemplar::try_routes).collect();
    assert!(found.is_empty(), "{} mistakes:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_key_is_known_until_it_is_disabled() {
    let stage = start(Cast::default());
    let (leaked, admin) = (stage.leaked().clone(), admin(&stage));
    assert_eq!(
        me(&stage, &leaked.value).json(),
        json!({"object": "user", "email": "ops@acme.example", "live": true, "word": "on", "organization": {"id": "org-1"}})
    );
    let url = format!("/v1/projects/proj_1/keys/{}", leaked.id);
    let disable = || ask("PATCH", url.clone()).bearer(&admin).json(&json!({"active": false})).of(&stage);
    assert_eq!(disable().json(), json!({"id": leaked.id, "active": false}));
    let dead = me(&stage, &leaked.value);
    assert_eq!((dead.status, dead.json()), (403, json!({"error": {"code": "key_disabled"}})));
    assert_eq!(me(&stage, "acme_nobody").status, 401);
    assert_eq!(me(&stage, &stage.other().value).status, 200);
    assert_eq!((disable().status, stage.life(Role::Leaked)), (200, Some(Life::Disabled)));
    let done: Vec<_> = stage.effects().iter().map(|done| (done.effect, done.role, done.changed)).collect();
    assert_eq!(done, [(Effect::Disable, Role::Leaked, true), (Effect::Disable, Role::Leaked, false)]);
    let enabled = ask("PATCH", url).bearer(&admin).json(&json!({"active": true})).of(&stage);
    assert_eq!((enabled.status, stage.alive(Role::Leaked)), (200, true));
    assert!(stage.strays().is_empty());
}

#[test]
fn many_keys_may_have_leaked_and_each_is_its_own() {
    let stage = start(Cast { also: 20, ..Cast::default() });
    let leaks: Vec<_> = stage.leaks().cloned().collect();
    let masks: BTreeSet<String> = leaks.iter().map(|key| stage.mask(&key.value)).collect();
    assert_eq!((leaks.len(), masks.len(), stage.leaked().role), (21, 21, Role::Leaked));
    let url = |id: &str| format!("/v1/projects/proj_1/keys/{id}");
    let off = ask("PATCH", url(&leaks[7].id)).bearer(&admin(&stage)).json(&json!({"active": false}));
    assert_eq!(off.of(&stage).status, 200);
    let live: Vec<bool> = leaks.iter().map(|key| me(&stage, &key.value).status == 200).collect();
    assert_eq!(live.iter().filter(|live| **live).count(), 20);
    assert!(!live[7] && !stage.alive(leaks[7].role) && stage.strays().is_empty());
}

#[test]
fn who_may_not_is_refused_and_does_nothing() {
    let stage = start(Cast::default());
    let url = format!("/v1/projects/proj_1/keys/{}", stage.leaked().id);
    let body = json!({"active": false});
    for secret in [&stage.leaked().value, "", &admin(&stage)[1..]] {
        assert_eq!(ask("PATCH", url.clone()).bearer(secret).json(&body).of(&stage).status, 401);
    }
    assert_eq!(ask("PATCH", url).json(&body).of(&stage).status, 401);
    let missing = ask("PATCH", "/v1/projects/proj_1/keys/key_none").bearer(&admin(&stage)).json(&body).of(&stage);
    assert_eq!((missing.status, missing.json()), (404, json!({"error": {"code": "not_found"}})));
    assert!(stage.effects().is_empty() && stage.alive(Role::Leaked));
}

#[test]
fn strays_are_kept_with_a_reason() {
    let stage = start(Cast::default());
    let why = |request: Ask<'_>| {
        assert_eq!(request.of(&stage).status, 404);
        stage.strays().last().map(|stray| stray.why.clone()).unwrap_or_default()
    };
    assert!(why(ask("GET", "/v1/me").at("acme.example")).contains("no route has the host `acme.example`"));
    assert!(why(ask("GET", "/v2/me")).ends_with("wants another path"));
    assert!(why(ask("POST", "/v1/me")).ends_with("`who am I`, wants the method GET"));
    assert!(why(ask("GET", "/v1/projects/proj_2/keys")).contains("another `project`"));
    assert!(why(ask("PATCH", "/v1/projects/proj_1/keys/x")).contains("something else in its body, Json(\"/active\")"));
    // A body is JSON because its sender says so.
    let mut bare = ask("PATCH", "/v1/projects/proj_1/keys/x");
    bare.body = r#"{"active": false}"#.to_owned();
    assert!(why(bare).contains("something else in its body"));
    assert_eq!(stage.strays().len(), 6);
}

#[test]
fn a_list_shows_the_owners_keys_page_by_page() {
    let stage = start(Cast { twin: true, stranger: true, ..Cast::default() });
    let (leaked, twin) = (stage.leaked(), stage.twin().unwrap_or_else(|| panic!("a twin")));
    assert_eq!(stage.mask(&leaked.value), stage.mask(&twin.value));
    assert_ne!(leaked.value, twin.value);
    assert_ne!(stage.mask(&leaked.value), stage.mask(&stage.other().value));
    let (mut shown, mut after) = (Vec::new(), String::new());
    loop {
        let url = format!("/v1/projects/proj_1/keys?limit=100{after}");
        let page = ask("GET", url).bearer(&admin(&stage)).of(&stage).json();
        assert_eq!(page["total"], 3);
        shown.extend(page["data"].as_array().cloned().unwrap_or_default());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={}", super::request::percent_encoded(next));
        assert!(shown.len() < 9);
    }
    let ids: Vec<&str> = shown.iter().filter_map(|item| item["id"].as_str()).collect();
    assert_eq!(ids, [&stage.other().id, &leaked.id, &twin.id]);
    assert_eq!(shown[1]["redacted"], stage.mask(&leaked.value));
    // A cursor that was not encoded is another one.
    let lost = ask("GET", "/v1/projects/proj_1/keys?after=c+1/==").bearer(&admin(&stage)).of(&stage);
    assert_eq!((lost.status, stage.strays().len()), (400, 1));
}

#[test]
fn a_stranger_sees_and_touches_their_own() {
    let stage = start(Cast { stranger: true, ..Cast::default() });
    let stranger = stage.stranger().unwrap_or_else(|| panic!("a stranger"));
    assert_eq!(me(&stage, &stranger.value).json()["organization"]["id"], "org-2");
    let url = |id: &str| format!("/v1/projects/proj_1/keys/{id}");
    assert_eq!(ask("DELETE", url(&stranger.id)).bearer(&admin(&stage)).of(&stage).status, 404);
    assert_eq!(ask("DELETE", url(&stage.leaked().id)).bearer(&stranger.value).of(&stage).status, 404);
    assert_eq!(ask("DELETE", url(&stranger.id)).bearer(&stranger.value).of(&stage).status, 204);
    assert_eq!(stage.effects().len(), 1);
}

#[test]
fn where_pages_are_counted_the_first_is_full() {
    let stage = start(Cast { disabled: true, ..Cast::default() });
    let other = stage.other();
    let page = |target: &str| {
        let public = other.parts.get("public_key").map(String::as_str).unwrap_or_default();
        let asked = ask("GET", target).at("eu.acme.example").header(format!("x-key: {public}"));
        let answer = asked.header(format!("Authorization: Token token={}", other.value)).of(&stage);
        assert_eq!(answer.status, 200, "{target}");
        answer.json().as_array().cloned().unwrap_or_default()
    };
    assert_eq!(page("/numbered").len(), 100);
    assert_eq!(page("/numbered?page=2&per_page=30"), [json!(other.id)]);
    assert_eq!((page("/numbered?page=1&per_page=30").len(), page("/numbered?page=3").len()), (30, 0));
    let half =
        ask("GET", "/numbered").at("eu.acme.example").header(format!("Authorization: Token token={}", other.value));
    assert_eq!(half.of(&stage).status, 403);
}

#[test]
fn a_link_leads_to_the_next_page() {
    let stage = start(Cast { twin: true, ..Cast::default() });
    let pair = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("adm-1:{}", admin(&stage)));
    let get = |target: &str| {
        ask("GET", target).at("eu.acme.example").header(format!("Authorization: Basic {pair}")).of(&stage)
    };
    let first = get("/linked?state=all");
    let link = first.header("Link").and_then(|link| link.strip_prefix('<')?.strip_suffix(r#">; rel="next""#));
    let address = link.unwrap_or_else(|| panic!("{}", first.head));
    let target = address.strip_prefix("https://eu.acme.example").unwrap_or_else(|| panic!("{address}"));
    assert!(target.starts_with("/linked?state=all&page="), "{target}");
    let second = get(target);
    assert_eq!(second.header("Link"), None);
    assert_eq!(second.json(), json!({"keys": [{"id": stage.twin().map(|twin| twin.id.clone())}]}));
    // Whoever counts the pages gets there, too.
    let keys = |target: &str| get(target).json()["keys"].as_array().map_or(0, Vec::len);
    assert_eq!((keys("/linked?page=1&per_page=50"), keys("/linked?page=2&per_page=50")), (50, 3));
}

#[test]
fn the_credential_decides_between_routes_for_the_same_requests() {
    let admins = r#"
[[double.route]]
name    = "the responder itself"
method  = "GET"
host    = "api.acme.example"
path    = "/v1/me"
auth    = "bearer"
who     = "admin"
reply   = { status = 200, json = { object = "admin" } }
refused = { status = 418 }
"#;
    let text = format!("{ACME}{admins}");
    let doubles = Double::parse(Path::new("acme.toml"), &text).unwrap_or_else(|error| panic!("{error}"));
    let stage = Stage::start(&doubles[0], Cast { disabled: true, ..Cast::default() });
    assert_eq!(me(&stage, &stage.other().value).json()["object"], "user");
    assert_eq!(me(&stage, &admin(&stage)).json()["object"], "admin");
    assert_eq!((me(&stage, &stage.leaked().value).status, me(&stage, "nobody").status), (403, 401));
}

#[test]
fn an_administrator_may_ask_who_it_is_and_not_end_itself() {
    let change = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let text = change(ACME, "who     = \"key\"\n", "who     = \"either\"\ntarget  = \"caller\"\n");
    let text = change(&text, "{ object = \"user\"", "{ id = \"{number:key.id}\", object = \"user\"");
    let text = change(&text, "\"either\"\ntarget  = \"path:id\"", "\"either\"\ntarget  = \"caller\"");
    let text = change(&text, "\"key_{base62:10}\"", "\"{digit:8}\"");
    let doubles = Double::parse(Path::new("acme.toml"), &text).unwrap_or_else(|error| panic!("{error}"));
    let stage = Stage::start(&doubles[0], Cast::default());
    assert_eq!(me(&stage, &stage.leaked().value).json()["id"].to_string(), stage.leaked().id);
    assert_eq!(me(&stage, &admin(&stage)).json()["id"], Value::Null);
    assert!(stage.strays().is_empty());
    assert_eq!(ask("DELETE", "/v1/projects/proj_1/keys/x").bearer(&admin(&stage)).of(&stage).status, 404);
    assert!(stage.strays()[0].why.contains("the responder's own credential") && stage.effects().is_empty());
}

#[test]
fn a_value_may_be_made_of_parts_and_the_other_way_round() {
    let text = ACME.replacen("\"acme_{base62:30}\"", "\"acme_{public_key}_{base62:30}\"", 1).replacen(
        "\"key_{base62:10}\"",
        "\"{key.head:30}\"",
        1,
    );
    let doubles = Double::parse(Path::new("acme.toml"), &text).unwrap_or_else(|error| panic!("{error}"));
    let stage = Stage::start(&doubles[0], Cast { twin: true, ..Cast::default() });
    for key in [Some(stage.leaked()), Some(stage.other()), stage.twin()] {
        let key = key.unwrap_or_else(|| panic!("a twin"));
        let public = &key.parts["public_key"];
        assert!(key.value.starts_with(&key.id) && key.id.len() == 30, "{key:?}");
        // A mask that shows some of the public part shows the leaked one's with the twin.
        assert!(key.value.contains(public.get(4..).unwrap_or_default()), "{key:?}");
    }
}

#[test]
fn there_is_no_twin_where_all_is_shown() {
    let text = ACME.replacen("head = 7", "head = 70", 1);
    let doubles = Double::parse(Path::new("acme.toml"), &text).unwrap_or_else(|error| panic!("{error}"));
    assert!(Stage::start(&doubles[0], Cast { twin: true, ..Cast::default() }).twin().is_none());
}

#[test]
fn an_effect_may_take_a_while() {
    let stage = start(Cast::default());
    let leaked = stage.leaked().clone();
    let url = format!("/v1/projects/proj_1/keys/{}", leaked.id);
    assert_eq!(ask("DELETE", url).bearer(&leaked.value).of(&stage).status, 204);
    assert!(stage.alive(Role::Leaked));
    assert_eq!([200, 200, 401], [(); 3].map(|()| me(&stage, &leaked.value).status));
    assert_eq!(stage.life(Role::Leaked), Some(Life::Deleted));
}

#[test]
fn new_keys_work() {
    let stage = start(Cast::default());
    let body = json!({"data": {"name": "next one"}});
    let new = ask("POST", "/v1/projects/proj_1/keys").bearer(&admin(&stage)).json(&body).of(&stage);
    assert_eq!((new.status, &new.json()["name"]), (201, &json!("next one")));
    let minted = stage.minted();
    assert_eq!(new.header("Location"), Some(format!("/v1/keys/{}", minted[0].id).as_str()));
    assert_eq!(me(&stage, new.json()["key"].as_str().unwrap_or_default()).status, 200);

    let leaked = stage.leaked().clone();
    let roll = json!({"query": "mutation { rollKey { key } }"});
    let rolled = ask("POST", "/graphql").bearer(&leaked.value).json(&roll).of(&stage).json();
    let successor = stage.minted().pop().unwrap_or_else(|| panic!("a successor"));
    assert_eq!((rolled["data"]["key"].as_str(), &successor.id), (Some(successor.value.as_str()), &leaked.id));
    assert_eq!((me(&stage, &leaked.value).status, me(&stage, &successor.value).status), (401, 200));
    assert_eq!((stage.alive(Role::Leaked), stage.alive(Role::New(1))), (false, true));
    let done: Vec<_> = stage.effects().iter().map(|done| (done.effect, done.role)).collect();
    assert_eq!(done, [(Effect::Mint, Role::New(0)), (Effect::Replace, Role::Leaked)]);
}

#[test]
fn what_is_configured_is_told() {
    let stage = start(Cast::default());
    assert_eq!(stage.owner()[0], ("email".to_owned(), "ops@acme.example".to_owned()));
    assert_eq!(stage.foreign_owner()[0].0, "account");
    assert_eq!(stage.fixed()[0].0, "project");
    assert_eq!(stage.hosts(), ["api.acme.example", "eu.acme.example"]);
    assert!(stage.leaked().parts["public_key"].starts_with("pk_"));
    let same = start(Cast::default());
    assert_eq!(same.leaked().value, stage.leaked().value);
    assert_ne!(start(Cast { seed: 1, ..Cast::default() }).leaked().value, stage.leaked().value);
}

#[test]
fn mistakes_name_their_place() {
    assert!(wrong("sources ", "source ").contains("acme.toml:3: unknown field `source`"));
    assert!(
        wrong("delay   = 2", "delays = 2")
            .contains(": acme.api-key: route `delete, in a while`: unknown field `delays`")
    );
    assert!(wrong("mint  =", "mind  =").starts_with("acme.toml:7: acme.api-key: unknown field `mind`"));
    for (from, to, said) in [
        ("{base62:30}", "{base63:30}", "unknown class"),
        ("acme_{base62:30}", "acme_same", "look the same"),
        ("{owner.email}", "{owner.mail}", "{owner.mail}"),
        ("auth    = \"bearer\"\n", "", "`auth`"),
        ("refused = { status = 401", "dead = { status = 401", "duplicate key"),
        ("path:id", "path:key", "`{key}`"),
        ("path:id", "caller", "the caller, who is no key"),
        ("\"/data\"", "\"data\"", "no pointer"),
        ("size = 1, next = \"/next\", param", "size = 1, param", "pages go by one of"),
        ("status = 204", "status = 204, text = \"x\"", "has no body"),
        ("\"{host}\"", "\"{hots}\"", "neither `fixed` nor a part"),
        ("code = \"not_found\"", "code = \"{key.id}\"", "no key is meant"),
        ("secret = \"acme_adm_{base62:30}\", ", "", "{admin.secret}"),
        ("\"/active\" = true", "\"/active\" = false", "never reached"),
        ("method  = \"GET\"", "method  = \"FETCH\"", "unknown variant `FETCH`"),
        ("status = 401", "status = 99", "99 is no status"),
        ("\"basic:{admin.id}", "\"basic:{admin.user}", "{admin.user}"),
        ("{ contains = ", "{ has = ", "`has` is no condition"),
        ("account = \"org-2\", ", "", "`owner` names something"),
    ] {
        let message = wrong(from, to);
        assert!(message.contains(said), "{to}: {message}");
    }
}

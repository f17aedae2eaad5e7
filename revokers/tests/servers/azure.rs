//! Keys of Azure's services against stand-ins of Resource Manager, Graph and the services themselves.

use std::sync::{Arc, Mutex};

use crate::native::{Build, House};
use crate::stand_in::{Ask, HEADERS, Reply, Scene, StandIn};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};
use stanch_model::Secret;
use stanch_revokers::act::{self, Consent, Goal, Ownership};
use stanch_revokers::{Liveness, Origin, Outcome};
use stanch_testkit::double::Fault;

const ARM: &str = "management.azure.com";

/// One service: what its kind is called, how Resource Manager names it and its keys, and how it is asked.
struct Service {
    kind: &'static str,
    parts: &'static [(&'static str, &'static str)],
    /// Provider and type of the resource.
    provider: &'static str,
    /// What the list of resources shows besides the id.
    item: fn() -> Value,
    list: &'static str,
    /// The answer to that, of two keys.
    shape: fn(&[String; 2]) -> Value,
    /// The path that regenerates the second key, and its body.
    regenerate: (&'static str, fn() -> Value),
    host: &'static str,
    /// The service's own answer.
    answer: fn(&Ask, &[String; 2]) -> Reply,
}

fn key(seed: u8) -> String {
    STANDARD.encode((0..64_u8).map(|at| at.wrapping_mul(37).wrapping_add(seed)).collect::<Vec<u8>>())
}

fn mac(key: &[u8], text: &str) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()))
}

/// Whether one of the keys signs a text this way.
fn one_signs(keys: &[String; 2], text: &str, signature: &str) -> bool {
    keys.iter().any(|key| STANDARD.decode(key).is_ok_and(|key| mac(&key, text) == signature))
}

fn decoded(text: &str) -> String {
    let url = url::Url::parse(&format!("http://x/?v={text}")).unwrap_or_else(|error| panic!("{error}"));
    url.query_pairs().next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// A field of `a=b&c=d`.
fn field<'a>(text: &'a str, name: &str) -> &'a str {
    text.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
}

fn cosmos(ask: &Ask, keys: &[String; 2]) -> Reply {
    let text = format!("get\ndbs\n\n{}\n\n", ask.header("x-ms-date").to_lowercase());
    let token = decoded(ask.header("authorization"));
    let live = one_signs(keys, &text, field(&token, "sig")) && field(&token, "type") == "master";
    if live && ask.path() == "/dbs" {
        (200, json!({ "_rid": "", "Databases": [], "_count": 0 }))
    } else {
        (401, json!({ "code": "Unauthorized" }))
    }
}

fn bus(ask: &Ask, keys: &[String; 2]) -> Reply {
    let token = ask.header("authorization").trim_start_matches("SharedAccessSignature ");
    let text = format!("{}\n{}", field(token, "sr"), field(token, "se"));
    let signature = decoded(field(token, "sig"));
    let live = keys.iter().any(|key| mac(key.as_bytes(), &text) == signature);
    assert_eq!(decoded(field(token, "sr")), format!("https://{}/", ask.host));
    if live {
        (200, json!("<feed xmlns=\"http://www.w3.org/2005/Atom\"/>"))
    } else {
        (401, json!("<Error><Detail>InvalidSignature: The token has an invalid signature.</Detail></Error>"))
    }
}

fn app_configuration(ask: &Ask, keys: &[String; 2]) -> Reply {
    let header = ask.header("authorization").trim_start_matches("HMAC-SHA256 ");
    let text = format!(
        "{}\n{}\n{};{};{}",
        ask.method,
        ask.target,
        ask.header("x-ms-date"),
        ask.host,
        ask.header("x-ms-content-sha256")
    );
    let live = one_signs(keys, &text, field(header, "Signature"));
    let told = "HMAC-SHA256, error=\"invalid_token\" error_description=\"Invalid Signature\"";
    if live { (200, json!({ "items": [] })) } else { (401, json!({ HEADERS: { "www-authenticate": told } })) }
}

fn by_header(ask: &Ask, keys: &[String; 2], good: Value, bad: Reply) -> Reply {
    if keys.iter().any(|key| ask.header("api-key") == key) { (200, good) } else { bad }
}

fn registry(ask: &Ask, keys: &[String; 2]) -> Reply {
    let live = keys
        .iter()
        .any(|key| ask.header("authorization") == format!("Basic {}", STANDARD.encode(format!("contoso1:{key}"))));
    let headers = json!({ "docker-distribution-api-version": "registry/2.0" });
    let bad = json!({ HEADERS: headers, "errors": [{ "code": "UNAUTHORIZED", "message": "authentication required" }] });
    if live { (200, json!({ HEADERS: headers })) } else { (401, bad) }
}

const PARTS: &[(&str, &str)] = &[
    ("account", "contoso1"),
    ("key_id", "id-2"),
    ("namespace", "contoso1"),
    ("policy", "send"),
    ("registry", "contoso1"),
    ("resource", "contoso1"),
    ("service", "contoso1"),
    ("store", "contoso1"),
];

fn named() -> Value {
    json!({ "name": "contoso1" })
}

fn services() -> Vec<Service> {
    let cognitive = || json!({ "name": "another-name", "properties": { "customSubDomainName": "contoso1" } });
    let policies = |keys: &[String; 2]| json!({ "primaryKey": keys[0], "secondaryKey": keys[1], "keyName": "send" });
    let base = || Service {
        kind: "azure.openai-key",
        parts: PARTS,
        provider: "Microsoft.CognitiveServices/accounts",
        item: cognitive,
        list: "listKeys",
        shape: |keys| json!({ "key1": keys[0], "key2": keys[1] }),
        regenerate: ("regenerateKey", || json!({ "keyName": "Key2" })),
        host: "contoso1.openai.azure.com",
        answer: |ask, keys| {
            by_header(
                ask,
                keys,
                json!({ "data": [] }),
                (401, json!({ "error": { "code": "401", "message": "Access denied" } })),
            )
        },
    };
    vec![
        base(),
        Service { kind: "azure.cognitive-services-key", ..base() },
        Service {
            kind: "azure.search-admin-key",
            provider: "Microsoft.Search/searchServices",
            item: named,
            list: "listAdminKeys",
            shape: |keys| json!({ "primaryKey": keys[0], "secondaryKey": keys[1] }),
            regenerate: ("regenerateAdminKey/secondary", || Value::Null),
            host: "contoso1.search.windows.net",
            answer: |ask, keys| by_header(ask, keys, json!({ "counters": {} }), (403, Value::Null)),
            ..base()
        },
        Service {
            kind: "azure.acr-admin-password",
            provider: "Microsoft.ContainerRegistry/registries",
            item: named,
            list: "listCredentials",
            shape: |keys| json!({ "username": "contoso1", "passwords": [{ "name": "password", "value": keys[0] }, { "name": "password2", "value": keys[1] }] }),
            regenerate: ("regenerateCredential", || json!({ "name": "password2" })),
            host: "contoso1.azurecr.io",
            answer: registry,
            ..base()
        },
        Service {
            kind: "azure.cosmosdb-key",
            provider: "Microsoft.DocumentDB/databaseAccounts",
            item: named,
            shape: |keys| json!({ "primaryMasterKey": keys[0], "secondaryMasterKey": "x", "primaryReadonlyMasterKey": "y", "secondaryReadonlyMasterKey": keys[1] }),
            regenerate: ("regenerateKey", || json!({ "keyKind": "secondaryReadonly" })),
            host: "contoso1.documents.azure.com",
            answer: cosmos,
            ..base()
        },
        Service {
            kind: "azure.servicebus-eventhub-sas-key",
            provider: "Microsoft.ServiceBus/namespaces",
            item: named,
            list: "authorizationRules/send/listKeys",
            shape: policies,
            regenerate: ("authorizationRules/send/regenerateKeys", || json!({ "keyType": "SecondaryKey" })),
            host: "contoso1.servicebus.windows.net",
            answer: bus,
            ..base()
        },
        Service {
            kind: "azure.eventhub-sas-key",
            provider: "Microsoft.EventHub/namespaces",
            item: named,
            list: "authorizationRules/send/listKeys",
            shape: policies,
            regenerate: ("authorizationRules/send/regenerateKeys", || json!({ "keyType": "SecondaryKey" })),
            host: "contoso1.servicebus.windows.net",
            answer: bus,
            ..base()
        },
        Service {
            kind: "azure.app-configuration-key",
            provider: "Microsoft.AppConfiguration/configurationStores",
            item: named,
            shape: |keys| json!({ "value": [{ "id": "id-1", "name": "Primary", "value": keys[0] }, { "id": "id-2", "name": "Secondary", "value": keys[1] }] }),
            regenerate: ("regenerateKey", || json!({ "id": "id-2" })),
            host: "contoso1.azconfig.io",
            answer: app_configuration,
            ..base()
        },
    ]
}

/// Resource Manager and the service.
fn azure(ask: &Ask, service: &Service, keys: &Mutex<[String; 2]>) -> Reply {
    let mut keys = keys.lock().unwrap_or_else(|error| panic!("{error}"));
    if ask.host == service.host {
        return (service.answer)(ask, &keys);
    }
    if ask.host != ARM || ask.header("authorization") != "Bearer arm-token" {
        return (401, json!({ "error": { "code": "AuthenticationFailed" } }));
    }
    let id = format!("/subscriptions/sub-1/resourceGroups/rg/providers/{}/contoso1", service.provider);
    let list = format!("/subscriptions/sub-1/providers/{}", service.provider);
    match (ask.method.as_str(), ask.path()) {
        ("GET", "/subscriptions") => (200, json!({ "value": [{ "subscriptionId": "sub-1" }] })),
        ("GET", path) if path == list => {
            let mut item = (service.item)();
            item["id"] = json!(id);
            let other = json!({ "id": id.replace("contoso1", "other"), "name": "other", "properties": { "customSubDomainName": "other" } });
            (200, json!({ "value": [other, item] }))
        }
        ("POST", path) if path == format!("{id}/{}", service.list) => (200, (service.shape)(&keys)),
        ("POST", path) if path == format!("{id}/{}", service.regenerate.0) => {
            assert_eq!(serde_json::from_str::<Value>(&ask.body).unwrap_or_default(), (service.regenerate.1)());
            keys[1] = key(99);
            (200, (service.shape)(&keys))
        }
        _ => (404, json!({ "error": { "code": "ResourceNotFound" } })),
    }
}

/// The house of a service, whose second key leaked.
fn service_house(service: Service) -> House {
    let (kind, host, parts) = (service.kind, service.host, service.parts);
    let keys = Arc::new(Mutex::new([key(1), key(2)]));
    let shared = Arc::clone(&keys);
    let server = StandIn::start(move |ask| azure(ask, &service, &shared));
    let hosts = [(ARM, server.address), (host, server.address)];
    let config = json!({ "responders": { "azure": { "secret": { "value": "arm-token" } } }, "http": { "per_minute": 1_000_000, "backoff_ms": 1, "patience": 0.01 } });
    let mut all = parts.to_vec();
    let second = key(2);
    all.push(("key", &second));
    let scene = Scene::new(kind, &second, &all, &hosts, &config);
    let has =
        |keys: &Mutex<[String; 2]>, at: usize, seed| keys.lock().is_ok_and(|keys| keys.get(at) == Some(&key(seed)));
    let (of_others, of_kill) = (Arc::clone(&keys), Arc::clone(&keys));
    House {
        server,
        scene,
        lives: Box::new(move || has(&keys, 1, 2)),
        others: Box::new(move || has(&of_others, 0, 1)),
        kill: Box::new(move || of_kill.lock().unwrap_or_else(|error| panic!("{error}"))[1] = key(98)),
    }
}

/// A house for each of the services.
pub(crate) fn service_houses() -> Vec<(&'static str, Build)> {
    let one = |at: usize, kind| -> (&'static str, Build) {
        (kind, Box::new(move || service_house(services().swap_remove(at))))
    };
    services().iter().enumerate().map(|(at, service)| one(at, service.kind)).collect()
}

#[test]
fn a_key_is_regenerated_in_its_own_slot() {
    for service in services() {
        let kind = service.kind;
        let house = service_house(service);
        let scene = &house.scene;
        assert_eq!(scene.probe().liveness, Liveness::Active, "{kind}");
        let plan = scene.plan().unwrap_or_else(|refusal| panic!("{kind}: {refusal}"));
        assert_eq!(plan.ownership, Ownership::Listed, "{kind}");
        let report = scene.revoke(&plan, Goal::Dead);
        assert_eq!((report.outcome, report.complete), (Outcome::Revoked, true), "{kind}");
        assert!(!(house.lives)() && (house.others)(), "{kind}");
        assert!(!scene.written().contains(&key(2)) && !scene.written().contains(&key(99)), "{kind}");
    }
}

#[test]
fn a_firewall_that_comes_between_plan_and_step_is_no_death() {
    let service = services().into_iter().find(|service| service.kind == "azure.search-admin-key");
    let house = service_house(service.unwrap_or_else(|| panic!("no search service")));
    let plan = house.scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    house.server.strike_all(Fault::Loose403);
    let report = house.scene.revoke(&plan, Goal::Dead);
    assert!(!report.outcome.is_dead() && !report.complete, "{report:?}");
    assert!((house.lives)());
}

/// Graph and the token endpoint, with an application of two secrets whose hints are given.
fn entra(ask: &Ask, secrets: &Mutex<Vec<(String, &'static str)>>) -> Reply {
    let mut secrets = secrets.lock().unwrap_or_else(|error| panic!("{error}"));
    if ask.host == "login.microsoftonline.com" {
        assert_eq!(ask.path(), "/tenant-1/oauth2/v2.0/token");
        let known = ask.field("client_id") == "app-1"
            && secrets.iter().any(|(secret, _)| *secret == ask.field("client_secret"));
        let bad = json!({ "error": "invalid_client", "error_codes": [7_000_215], "error_description": "AADSTS7000215: Invalid client secret provided." });
        return if known { (200, json!({ "access_token": "t", "token_type": "Bearer" })) } else { (401, bad) };
    }
    if ask.header("authorization") != "Bearer graph-token" {
        return (401, json!({ "error": { "code": "InvalidAuthenticationToken" } }));
    }
    match (ask.method.as_str(), ask.path().replace("%27", "'").as_str()) {
        ("GET", "/v1.0/applications(appId='app-1')") => (200, json!({ "id": "object-1", "appId": "app-1" })),
        ("GET", "/v1.0/applications/object-1") => {
            let item =
                |(secret, id): &(String, &str)| json!({ "keyId": id, "hint": secret.get(..3), "displayName": "ci" });
            (200, json!({ "id": "object-1", "passwordCredentials": secrets.iter().map(item).collect::<Vec<_>>() }))
        }
        ("POST", "/v1.0/applications/object-1/removePassword") => {
            let body: Value = serde_json::from_str(&ask.body).unwrap_or_default();
            secrets.retain(|(_, id)| body["keyId"] != *id);
            (204, Value::Null)
        }
        (
            "POST",
            "/v1.0/users/eve@contoso.example/revokeSignInSessions"
            | "/v1.0/users/eve%40contoso.example/revokeSignInSessions",
        ) => (200, json!({ "value": true })),
        ("POST", "/contoso/_apis/tokenadmin/revocations") => {
            assert_eq!(
                serde_json::from_str::<Value>(&ask.body).unwrap_or_default(),
                json!([{ "authorizationId": "auth-7" }])
            );
            secrets.clear();
            (204, Value::Null)
        }
        _ => (404, json!({ "error": { "code": "Request_ResourceNotFound" } })),
    }
}

fn config(token: &str) -> Value {
    json!({ "responders": { "azure": { "secret": { "value": token } } } })
}

/// An application with two secrets, of which the other one begins with `hint`.
fn entra_scene(hint: &str) -> House {
    let leaked = format!("abc8Q~{}", "s".repeat(34));
    let secrets =
        Arc::new(Mutex::new(vec![(format!("{hint}8Q~{}", "o".repeat(34)), "other"), (leaked.clone(), "leaked")]));
    let shared = Arc::clone(&secrets);
    let server = StandIn::start(move |ask| entra(ask, &shared));
    let hosts = [("login.microsoftonline.com", server.address), ("graph.microsoft.com", server.address)];
    let parts = [("tenant", "tenant-1"), ("client_id", "app-1")];
    let scene = Scene::new("azure.entra-app-client-secret", &leaked, &parts, &hosts, &config("graph-token"));
    let has =
        |all: &Mutex<Vec<(String, &str)>>, name| all.lock().is_ok_and(|all| all.iter().any(|(_, id)| *id == name));
    let (of_others, of_kill) = (Arc::clone(&secrets), Arc::clone(&secrets));
    House {
        server,
        scene,
        lives: Box::new(move || has(&secrets, "leaked")),
        others: Box::new(move || has(&of_others, "other")),
        kill: Box::new(move || {
            of_kill.lock().unwrap_or_else(|error| panic!("{error}")).retain(|(_, id)| *id == "other");
        }),
    }
}

pub(crate) fn entra_house() -> House {
    entra_scene("xyz")
}

#[test]
fn a_client_secret_is_removed_by_its_hint_if_no_other_has_it() {
    for (hint, fits) in [("xyz", true), ("abc", false)] {
        let house = entra_scene(hint);
        let scene = &house.scene;
        assert_eq!(scene.probe().liveness, Liveness::Active);
        match scene.plan() {
            Ok(plan) if fits => assert_eq!(scene.revoke(&plan, Goal::Dead).outcome, Outcome::Revoked),
            Err(refusal) if !fits => assert!(refusal.to_string().contains("ambiguous"), "{refusal}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(((house.lives)(), (house.others)()), (!fits, true));
    }
}

#[test]
fn sessions_of_a_user_end_when_a_person_names_the_user() {
    let secrets = Arc::new(Mutex::new(Vec::new()));
    let server = StandIn::start(move |ask| entra(ask, &secrets));
    let hosts = [("graph.microsoft.com", server.address)];
    let mut scene = Scene::new("azure.entra-user-tokens", "0.AXX.AgXX", &[], &hosts, &config("graph-token"));
    scene.credential.give("user", Origin::User, Secret::new(b"eve@contoso.example".to_vec()));
    let plan =
        scene.wait(act::plan(&scene.cx, &scene.entry, &scene.credential, Consent { ours: true, unproven: true }));
    let plan = plan.unwrap_or_else(|refusal| panic!("{refusal}"));
    // Nothing proves it, so nothing more than the provider's word is told.
    assert_eq!(scene.revoke(&plan, Goal::Dead).outcome, Outcome::Accepted);
}

/// Azure DevOps, with the id that a person gives.
pub(crate) fn devops_house() -> House {
    let pat = "pat".repeat(20);
    let secrets = Arc::new(Mutex::new(vec![(pat.clone(), "auth-7")]));
    let shared = Arc::clone(&secrets);
    let server = StandIn::start(move |ask| {
        if ask.host != "dev.azure.com" {
            return entra(ask, &shared);
        }
        let live = shared.lock().is_ok_and(|all| {
            all.iter()
                .any(|(pat, _)| ask.header("authorization") == format!("Basic {}", STANDARD.encode(format!(":{pat}"))))
        });
        let user = json!({ "id": "user-1", "providerDisplayName": "Eve", "properties": { "Account": { "$value": "eve@contoso.example" } } });
        if live { (200, json!({ "authenticatedUser": user })) } else { (401, Value::Null) }
    });
    let hosts = [("dev.azure.com", server.address), ("vssps.dev.azure.com", server.address)];
    let mut more = config("graph-token");
    more["settings"] = json!({ "azure": { "organization": "contoso" } });
    more["owners"] = json!({ "azure": ["contoso"] });
    let mut scene = Scene::new("azure.devops-pat", &pat, &[], &hosts, &more);
    scene.credential.give("authorization_id", Origin::User, Secret::new(b"auth-7".to_vec()));
    let of_kill = Arc::clone(&secrets);
    House {
        server,
        scene,
        lives: Box::new(move || secrets.lock().is_ok_and(|all| !all.is_empty())),
        others: Box::new(|| true),
        kill: Box::new(move || of_kill.lock().unwrap_or_else(|error| panic!("{error}")).clear()),
    }
}

#[test]
fn a_token_of_azure_devops_is_revoked_by_the_id_that_a_person_gives() {
    let mut house = devops_house();
    assert_eq!(house.scene.probe().identity.of("email"), ["eve@contoso.example"]);
    let named = house.scene.credential.given.remove("authorization_id");
    assert!(house.scene.plan().is_err());
    house.scene.credential.given.extend(named.map(|named| ("authorization_id".to_owned(), named)));
    let plan = house.scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(house.scene.revoke(&plan, Goal::Dead).outcome, Outcome::Revoked);
}

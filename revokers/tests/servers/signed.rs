//! Clouds whose requests are signed, against stand-ins that check every signature by other means than ours, and keep what is alive.

use std::sync::{Arc, LazyLock, Mutex};

use crate::native::House;
use crate::stand_in::{Ask, Reply, Scene, StandIn, is_signed, openssl, rsa_key};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::{Value, json};
use stanch_revokers::act::{Goal, Ownership};
use stanch_revokers::{Liveness, Outcome};

/// What is alive, by id, shared with the stand-in.
type Alive = Arc<Mutex<Vec<(String, bool)>>>;

fn alive(ids: &[&str]) -> Alive {
    Arc::new(Mutex::new(ids.iter().map(|id| ((*id).to_owned(), true)).collect()))
}

fn is_alive(keys: &Alive, id: &str) -> bool {
    keys.lock().is_ok_and(|keys| keys.contains(&(id.to_owned(), true)))
}

/// Turns a key on or off; whether there is one.
fn turn(keys: &Alive, id: &str, on: bool) -> bool {
    let mut keys = keys.lock().unwrap_or_else(|error| panic!("{error}"));
    let found = keys.iter_mut().find(|(name, _)| name == id);
    found.map(|(_, state)| *state = on).is_some()
}

/// A house in which one of these is the leaked one.
fn house(server: StandIn, scene: Scene, state: &Alive, leaked: &str) -> House {
    let (of_lives, of_others, of_kill) = (Arc::clone(state), Arc::clone(state), Arc::clone(state));
    let [for_lives, for_others, for_kill] = [leaked.to_owned(), leaked.to_owned(), leaked.to_owned()];
    House {
        server,
        scene,
        lives: Box::new(move || is_alive(&of_lives, &for_lives)),
        others: Box::new(move || of_others.lock().is_ok_and(|all| all.iter().all(|(id, on)| *on || *id == for_others))),
        kill: Box::new(move || {
            turn(&of_kill, &for_kill, false);
        }),
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn sha256(text: &str) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
}

/// What stands after a name and before the next mark.
fn after<'a>(text: &'a str, name: &str, mark: char) -> &'a str {
    text.split_once(name).map_or("", |(_, rest)| rest.split(mark).next().unwrap_or_default())
}

const EMAIL: &str = "ci@contoso-1.iam.gserviceaccount.com";
const GOOGLE: [&str; 3] = ["oauth2.googleapis.com", "www.googleapis.com", "iam.googleapis.com"];

/// A key of Google's stand-in: id, public half, certificate.
#[derive(Clone)]
struct GoogleKey(String, Vec<u8>, String);

/// Keys take openssl a while, so that all scenes have the same.
static GOOGLE_KEYS: LazyLock<[(String, GoogleKey); 3]> = LazyLock::new(|| ["leaked", "other", "admin"].map(google_key));

fn google_key(id: &str) -> (String, GoogleKey) {
    let (pem, public) = rsa_key();
    let certificate =
        openssl(&["req", "-x509", "-new", "-key", "/dev/stdin", "-subj", "/CN=x", "-days", "2"], pem.as_bytes());
    (pem, GoogleKey(id.to_owned(), public, String::from_utf8_lossy(&certificate).into_owned()))
}

/// Google as documented: tokens for assertions that live keys signed, and what a token may do.
fn google(ask: &Ask, keys: &[GoogleKey], state: &Alive, own: bool) -> Reply {
    let bad = |why: &str| (400, json!({ "error": "invalid_grant", "error_description": why }));
    if ask.path() == "/token" {
        let assertion = ask.field("assertion");
        let Some((text, signature)) = assertion.rsplit_once('.') else { return bad("Bad Request") };
        let part = |at| URL_SAFE_NO_PAD.decode(text.split('.').nth(at).unwrap_or_default()).unwrap_or_default();
        let claims: Value = serde_json::from_slice(&part(1)).unwrap_or_default();
        let times = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat);
        assert!(
            claims["aud"] == "https://oauth2.googleapis.com/token"
                && times.is_some_and(|good| (1..=3600).contains(&good))
        );
        assert_eq!(ask.field("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        let signer = keys.iter().find(|key| is_signed(&key.1, text.as_bytes(), &signature));
        return match signer.filter(|key| is_alive(state, &key.0)) {
            Some(key) => {
                (200, json!({ "access_token": format!("ya29.{}", key.0), "expires_in": 3599, "token_type": "Bearer" }))
            }
            None => bad("Invalid JWT Signature."),
        };
    }
    if ask.host == "www.googleapis.com" {
        assert_eq!(ask.path(), "/service_accounts/v1/metadata/x509/ci@contoso-1.iam.gserviceaccount.com");
        return (200, keys.iter().map(|key| (key.0.clone(), json!(key.2))).collect::<serde_json::Map<_, _>>().into());
    }
    let caller = ask.header("authorization").strip_prefix("Bearer ya29.").unwrap_or_default();
    if !(caller == "admin" || (own && caller == "leaked")) {
        return (403, json!({ "error": { "code": 403, "status": "PERMISSION_DENIED" } }));
    }
    let path =
        ask.path().strip_prefix("/v1/projects/contoso-1/serviceAccounts/ci%40contoso-1.iam.gserviceaccount.com/keys/");
    let (id, verb) = path.map_or(("", ""), |path| path.split_once(':').unwrap_or((path, "")));
    let on = match (ask.method.as_str(), verb) {
        ("POST", "disable") | ("DELETE", "") => false,
        ("POST", "enable") => true,
        _ => return (404, json!({})),
    };
    if turn(state, id, on) {
        (200, json!({}))
    } else {
        (404, json!({ "error": { "code": 404, "status": "NOT_FOUND" } }))
    }
}

/// Google with the leaked key, another and the responder's; and the leaked key's file.
fn google_scene(own: bool, responder: bool) -> (StandIn, Alive, Scene, Value) {
    let [(pem, leaked), (_, other), (admin_pem, admin)] = GOOGLE_KEYS.clone();
    let state = alive(&["leaked", "other", "admin"]);
    let shared = Arc::clone(&state);
    let keys = [leaked, other, admin];
    let server = StandIn::start(move |ask| google(ask, &keys, &shared, own));
    // A file that lies about where tokens are had, and which key it is.
    let file = json!({
        "type": "service_account", "project_id": "other-project", "private_key_id": "other", "private_key": pem,
        "client_email": EMAIL, "token_uri": "https://tokens.evil.example/token",
    });
    let mut config = json!({ "owners": { "gcp": ["contoso-1"] } });
    if responder {
        let ours = json!({ "type": "service_account", "private_key": admin_pem, "client_email": "sec@ops.iam.gserviceaccount.com" });
        config["responders"] = json!({ "gcp": { "secret": { "value": ours.to_string() } } });
    }
    let hosts = GOOGLE.map(|host| (host, server.address));
    let scene = Scene::new("gcp.service-account-key", &file.to_string(), &[], &hosts, &config);
    (server, state, scene, file)
}

pub(crate) fn google_house() -> House {
    let (server, state, scene, _) = google_scene(true, false);
    house(server, scene, &state, "leaked")
}

#[test]
fn a_service_account_key_ends_itself_and_no_other() {
    let (server, state, scene, _) = google_scene(true, false);
    let probe = scene.probe();
    assert_eq!(probe.liveness, Liveness::Active);
    assert_eq!(
        (probe.identity.of("email"), probe.identity.of("account")),
        (&[EMAIL.to_owned()][..], &["contoso-1".to_owned()][..])
    );
    let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(plan.ownership, Ownership::Ours { owner: "contoso-1".to_owned() });
    assert_eq!(plan.target.bound.get("key_id").map(String::as_str), Some("leaked"));
    let report = scene.revoke(&plan, Goal::Dead);
    assert_eq!((report.outcome, report.complete, report.done.len()), (Outcome::Revoked, true, 2));
    assert!(!is_alive(&state, "leaked") && is_alive(&state, "other") && is_alive(&state, "admin"));
    assert!(server.asked().iter().all(|ask| !ask.contains("evil")));
    assert!(!scene.written().contains("PRIVATE KEY") && !scene.written().contains("ya29"));
    assert_eq!(scene.probe().liveness, Liveness::Inactive);
}

#[test]
fn a_responder_disables_a_service_account_key_and_enables_it_again() {
    let (_server, state, scene, _) = google_scene(false, true);
    let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    let report = scene.revoke(&plan, Goal::Contained);
    assert_eq!((report.outcome, report.done.len()), (Outcome::Revoked, 1));
    let step = plan.steps.first().unwrap_or_else(|| panic!("no step"));
    let undone = scene.wait(scene.entry.revoker.undo(&scene.cx, &scene.credential, &plan.target, step));
    assert_eq!(undone, Outcome::Accepted);
    assert!(is_alive(&state, "leaked"));
}

#[test]
fn a_service_account_that_may_not_manage_its_keys_is_told_so() {
    let (_server, state, scene, _) = google_scene(false, false);
    let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(matches!(scene.revoke(&plan, Goal::Dead).outcome, Outcome::NotPermitted { .. }));
    assert!(is_alive(&state, "leaked"));
}

pub(crate) fn refresh_token_house() -> House {
    let state = alive(&["1//leaked", "1//other"]);
    let shared = Arc::clone(&state);
    let server = StandIn::start(move |ask| match ask.path() {
        "/token" if ask.field("client_id") == "id-1" && ask.field("client_secret") == "d-1" => {
            let live = is_alive(&shared, &ask.field("refresh_token"));
            let told = json!({ "access_token": "ya29.x", "scope": "cloud-platform", "token_type": "Bearer" });
            if live { (200, told) } else { (400, json!({ "error": "invalid_grant" })) }
        }
        "/revoke" if turn(&shared, &ask.field("token"), false) => (200, json!({})),
        "/revoke" => (400, json!({ "error": "invalid_token" })),
        _ => (401, json!({ "error": "invalid_client" })),
    });
    let file =
        json!({ "type": "authorized_user", "client_id": "id-1", "client_secret": "d-1", "refresh_token": "1//leaked" });
    let hosts = [("oauth2.googleapis.com", server.address)];
    let scene = Scene::new("gcp.adc-authorized-user", &file.to_string(), &[], &hosts, &json!({}));
    house(server, scene, &state, "1//leaked")
}

#[test]
fn the_refresh_token_of_a_users_file_is_revoked_by_its_value() {
    let house = refresh_token_house();
    let scene = &house.scene;
    let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(
        (plan.ownership.clone(), scene.revoke(&plan, Goal::Dead).outcome),
        (Ownership::Asserted, Outcome::Revoked)
    );
    assert!(!(house.lives)() && (house.others)());
}

const OCI: &str = "identity.eu-frankfurt-1.oraclecloud.com";

/// Oracle as documented: the date, the target and the host are signed by a key that is there.
fn oracle(ask: &Ask, keys: &[(String, Vec<u8>)], state: &Alive) -> Reply {
    let header = ask.header("authorization");
    let id = after(header, "keyId=\"ocid1.tenancy.oc1..t/ocid1.user.oc1..u/", '"');
    let method = ask.method.to_lowercase();
    let text = format!("date: {}\n(request-target): {method} {}\nhost: {}", ask.header("date"), ask.target, ask.host);
    let signature = STANDARD.decode(after(header, "signature=\"", '"')).unwrap_or_default();
    let known = keys
        .iter()
        .any(|(name, public)| name == id && is_alive(state, id) && is_signed(public, text.as_bytes(), &signature));
    if !known || after(header, ",headers=\"", '"') != "date (request-target) host" {
        return (401, json!({ "code": "NotAuthenticated", "message": "The required information was incorrect." }));
    }
    let list = || keys.iter().filter(|(name, _)| is_alive(state, name));
    match (ask.method.as_str(), ask.path().strip_prefix("/20160918/users/ocid1.user.oc1..u").unwrap_or("?")) {
        ("GET", "") => (200, json!({ "id": "ocid1.user.oc1..u", "name": "ci", "email": "ops@contoso.example" })),
        ("GET", "/apiKeys") => {
            let item = |name: &String| json!({ "keyId": format!("t/u/{name}"), "fingerprint": name, "lifecycleState": "ACTIVE" });
            (200, list().map(|(name, _)| item(name)).collect())
        }
        ("GET", "/customerSecretKeys") => {
            let item = |name: &&str| json!({ "id": name, "displayName": "s3", "lifecycleState": "ACTIVE" });
            (200, ["access-1", "access-2"].iter().filter(|name| is_alive(state, name)).map(item).collect())
        }
        ("DELETE", path) if path.starts_with("/apiKeys/") || path.starts_with("/customerSecretKeys/") => {
            let name = path.rsplit('/').next().unwrap_or_default().replace("%3A", ":");
            if turn(state, &name, false) {
                (204, Value::Null)
            } else {
                (404, json!({ "code": "NotAuthorizedOrNotFound" }))
            }
        }
        _ => (404, json!({ "code": "NotAuthorizedOrNotFound" })),
    }
}

/// Two keys with the fingerprints that Oracle knows them by.
static ORACLE_KEYS: LazyLock<[(String, String, Vec<u8>); 2]> = LazyLock::new(|| {
    [rsa_key(), rsa_key()].map(|(pem, public)| {
        let der = openssl(&["rsa", "-pubout", "-outform", "DER"], pem.as_bytes());
        let digest = String::from_utf8_lossy(&openssl(&["md5", "-c"], &der)).into_owned();
        (digest.trim().rsplit(' ').next().unwrap_or_default().to_owned(), pem, public)
    })
});

pub(crate) fn oracle_house() -> House {
    let named = ORACLE_KEYS.clone().map(|(name, _, public)| (name, public));
    let (leaked, pem, _) = &ORACLE_KEYS[0];
    let state = alive(&named.each_ref().map(|(name, _)| name.as_str()));
    let shared = Arc::clone(&state);
    let server = StandIn::start(move |ask| oracle(ask, &named, &shared));
    let parts = [("tenancy", "ocid1.tenancy.oc1..t"), ("user", "ocid1.user.oc1..u"), ("region", "eu-frankfurt-1")];
    let scene = Scene::new("oci.api-signing-key", pem, &parts, &[(OCI, server.address)], &json!({}));
    house(server, scene, &state, leaked)
}

#[test]
fn an_oracle_key_deletes_itself_by_its_fingerprint() {
    let house = oracle_house();
    let scene = &house.scene;
    assert_eq!(scene.probe().identity.of("email"), ["ops@contoso.example"]);
    let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    let report = scene.revoke(&plan, Goal::Dead);
    assert_eq!((report.outcome, report.complete), (Outcome::Revoked, true));
    assert!(!(house.lives)() && (house.others)());
}

pub(crate) fn oracle_secret_house() -> House {
    let (name, pem, public) = ORACLE_KEYS[0].clone();
    let state = alive(&[&name, "access-1", "access-2"]);
    let shared = Arc::clone(&state);
    let server = StandIn::start(move |ask| oracle(ask, &[(name.clone(), public.clone())], &shared));
    let ours = json!({ "secret": { "value": pem }, "tenancy": { "value": "ocid1.tenancy.oc1..t" }, "user": { "value": "ocid1.user.oc1..u" } });
    let parts = [("access_key", "access-2"), ("user", "ocid1.user.oc1..u"), ("region", "eu-frankfurt-1")];
    let kind = "oci.auth-token-customer-secret";
    let scene =
        Scene::new(kind, &"s".repeat(44), &parts, &[(OCI, server.address)], &json!({ "responders": { "oci": ours } }));
    house(server, scene, &state, "access-2")
}

#[test]
fn an_oracle_secret_key_is_deleted_by_a_responder() {
    let house = oracle_secret_house();
    let plan = house.scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(
        (plan.ownership.clone(), house.scene.revoke(&plan, Goal::Dead).outcome),
        (Ownership::Listed, Outcome::Revoked)
    );
    assert!(!(house.lives)() && (house.others)());
}

/// Alibaba as documented: every `x-acs` header and the host are signed.
fn alibaba(ask: &Ask, secrets: &[(&str, String)], state: &Alive) -> Reply {
    let header = ask.header("authorization");
    let id = after(header, "Credential=", ',');
    let fail = |status, code: &str| (status, json!({ "Code": code, "RequestId": "1" }));
    let Some((_, secret)) = secrets.iter().find(|(name, _)| *name == id) else {
        return fail(404, "InvalidAccessKeyId.NotFound");
    };
    if !is_alive(state, id) {
        return fail(403, "InvalidAccessKeyId.Inactive");
    }
    let names = after(header, "SignedHeaders=", ',');
    assert_eq!(names, "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version");
    let lines = names.split(';').map(|name| format!("{name}:{}\n", ask.header(name))).collect::<Vec<_>>().concat();
    let mut query: Vec<&str> = ask.query().split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    let request = format!("POST\n/\n{}\n{lines}\n{names}\n{}", query.join("&"), sha256(&ask.body));
    let wanted = hex(&mac(secret.as_bytes(), &format!("ACS3-HMAC-SHA256\n{}", sha256(&request))));
    if after(header, "Signature=", ',') != wanted {
        return fail(400, "SignatureDoesNotMatch");
    }
    match (ask.host.as_str(), ask.header("x-acs-action")) {
        ("sts.aliyuncs.com", "GetCallerIdentity") => (
            200,
            json!({ "AccountId": "1001", "UserId": "2001", "Arn": "acs:ram::1001:user/ci.bot", "IdentityType": "RAMUser", "RequestId": "1" }),
        ),
        ("ram.aliyuncs.com", action) if ask.field("UserName") == "ci.bot" => {
            let on = action == "UpdateAccessKey" && ask.field("Status") == "Active";
            if turn(state, &ask.field("UserAccessKeyId"), on) {
                (200, json!({ "RequestId": "1" }))
            } else {
                fail(404, "EntityNotExist.User.AccessKey")
            }
        }
        _ => fail(403, "NoPermission"),
    }
}

/// Alibaba with the leaked key and the responder's; `id` is what the leak calls its own.
fn alibaba_scene(responder: bool, id: &str) -> House {
    let (leaked, admin) = ("LTAI0leaked", "LTAI0admin");
    let secrets = [(leaked, "s".repeat(30)), (admin, "t".repeat(30))];
    let state = alive(&[leaked, admin]);
    let (shared, held) = (Arc::clone(&state), secrets.clone());
    let server = StandIn::start(move |ask| alibaba(ask, &held, &shared));
    let hosts = [("sts.aliyuncs.com", server.address), ("ram.aliyuncs.com", server.address)];
    let ours = json!({ "alibaba": { "secret": { "value": secrets[1].1 }, "access_key_id": { "value": admin } } });
    let config = if responder { json!({ "responders": ours }) } else { json!({}) };
    let scene = Scene::new("alibaba.ram-access-key", &secrets[0].1, &[("access_key_id", id)], &hosts, &config);
    house(server, scene, &state, leaked)
}

pub(crate) fn alibaba_house() -> House {
    alibaba_scene(true, "LTAI0leaked")
}

#[test]
fn an_alibaba_key_is_switched_off_by_itself_and_deleted_by_a_responder() {
    for (responder, steps) in [(false, 1), (true, 2)] {
        let house = alibaba_scene(responder, "LTAI0leaked");
        let scene = &house.scene;
        assert_eq!(scene.probe().identity.of("account"), ["1001"]);
        let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
        let report = scene.revoke(&plan, Goal::Dead);
        assert_eq!((report.outcome, report.done.len()), (Outcome::Revoked, steps));
        assert!(!(house.lives)() && (house.others)());
        // An id that is another key's is no proof of a death.
        let wrong = alibaba_scene(responder, "LTAI0admin");
        assert!(matches!(wrong.scene.probe().liveness, Liveness::Unknown { .. }));
    }
}

/// Tencent as documented: errors come with status 200.
fn tencent(ask: &Ask, secrets: &[(&str, String)], state: &Alive) -> Reply {
    let header = ask.header("authorization");
    let credential = after(header, "Credential=", ',');
    let (id, scope) = credential.split_once('/').unwrap_or_default();
    let fail =
        |code: &str| (200, json!({ "Response": { "Error": { "Code": code, "Message": "no" }, "RequestId": "1" } }));
    let Some((_, secret)) = secrets.iter().find(|(name, _)| *name == id && is_alive(state, name)) else {
        return fail("AuthFailure.SecretIdNotFound");
    };
    let (service, day) = (ask.host.split('.').next().unwrap_or_default(), scope.split('/').next().unwrap_or_default());
    assert_eq!(scope, format!("{day}/{service}/tc3_request"));
    let action = ask.header("x-tc-action");
    let headers = format!(
        "content-type:{}\nhost:{}\nx-tc-action:{}\n",
        ask.header("content-type"),
        ask.host,
        action.to_lowercase()
    );
    let request = format!("POST\n/\n\n{headers}\ncontent-type;host;x-tc-action\n{}", sha256(&ask.body));
    let text = format!("TC3-HMAC-SHA256\n{}\n{scope}\n{}", ask.header("x-tc-timestamp"), sha256(&request));
    let keys =
        [day, service, "tc3_request"].iter().fold(format!("TC3{secret}").into_bytes(), |key, part| mac(&key, part));
    if after(header, "Signature=", ',') != hex(&mac(&keys, &text)) {
        return fail("AuthFailure.SignatureFailure");
    }
    let body: Value = serde_json::from_str(&ask.body).unwrap_or_default();
    let done = |on| {
        if turn(state, body["AccessKeyId"].as_str().unwrap_or_default(), on) {
            (200, json!({ "Response": { "RequestId": "1" } }))
        } else {
            fail("ResourceNotFound.SecretNotExist")
        }
    };
    match (service, action) {
        ("sts", "GetCallerIdentity") => (
            200,
            json!({ "Response": { "Arn": "qcs::cam::uin/1001:uin/2001", "AccountId": "1001", "UserId": "2001", "PrincipalId": "2001", "Type": "CAMUser", "RequestId": "1" } }),
        ),
        ("cam", "UpdateAccessKey") if body["TargetUin"] == 2001 => done(body["Status"] == "Active"),
        ("cam", "DeleteAccessKey") if body["TargetUin"] == 2001 => done(false),
        _ => fail("UnauthorizedOperation"),
    }
}

fn tencent_scene(responder: bool) -> House {
    let (leaked, admin) = ("AKID0leaked", "AKID0admin");
    let secrets = [(leaked, "s".repeat(32)), (admin, "t".repeat(32))];
    let state = alive(&[leaked, admin]);
    let (shared, held) = (Arc::clone(&state), secrets.clone());
    let server = StandIn::start(move |ask| tencent(ask, &held, &shared));
    let hosts = [("sts.tencentcloudapi.com", server.address), ("cam.tencentcloudapi.com", server.address)];
    let ours = json!({ "tencent": { "secret": { "value": secrets[1].1 }, "secret_id": { "value": admin } } });
    let config = if responder { json!({ "responders": ours }) } else { json!({}) };
    let scene = Scene::new("tencent.cam-secret", &secrets[0].1, &[("secret_id", leaked)], &hosts, &config);
    house(server, scene, &state, leaked)
}

pub(crate) fn tencent_house() -> House {
    tencent_scene(true)
}

#[test]
fn a_tencent_key_is_switched_off_by_itself_and_deleted_by_a_responder() {
    for (responder, steps) in [(false, 1), (true, 2)] {
        let house = tencent_scene(responder);
        let scene = &house.scene;
        assert_eq!(scene.probe().identity.of("user"), ["2001"]);
        let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
        let report = scene.revoke(&plan, Goal::Dead);
        assert_eq!((report.outcome, report.done.len()), (Outcome::Revoked, steps));
        assert!(!(house.lives)() && (house.others)());
    }
}

const AKAMAI: &str = "akab-abc.luna.akamaiapis.net";

/// Akamai as documented: what was asked and the head of the header itself are signed, tab by tab.
fn akamai(ask: &Ask, clients: &[(&str, String)], state: &Alive) -> Reply {
    let header = ask.header("authorization");
    let token = after(header, "client_token=", ';');
    let fail = |detail: &str| {
        (
            401,
            json!({ "type": "https://problems.luna.akamaiapis.net/-/pep-authn/deny", "title": "Not authorized", "status": 401, "detail": detail }),
        )
    };
    let Some((_, secret)) = clients.iter().find(|(name, _)| *name == token) else {
        return fail("Invalid authorization client token");
    };
    if !is_alive(state, token) {
        return fail("Inactive client token");
    }
    let (head, signature) = header.split_once("signature=").unwrap_or_default();
    let text = format!("{}\thttps\t{}\t{}\t\t\t{head}", ask.method, ask.host, ask.target);
    let key = STANDARD.encode(mac(secret.as_bytes(), after(head, "timestamp=", ';')));
    if signature != STANDARD.encode(mac(key.as_bytes(), &text)) {
        return fail("The signature does not match");
    }
    match (ask.method.as_str(), ask.path().trim_start_matches("/identity-management/v3/api-clients/self")) {
        ("GET", "") => {
            (200, json!({ "clientId": "c1", "clientName": "purge", "createdBy": "ops", "accessToken": "akab-access" }))
        }
        ("GET", "/credentials") => {
            let item = |(at, (name, _)): (usize, &(&str, String))| json!({ "credentialId": at + 1, "clientToken": name, "status": "ACTIVE" });
            (200, clients.iter().enumerate().map(item).collect())
        }
        ("POST", path) => {
            let at = after(path, "/credentials/", '/').parse::<usize>().unwrap_or(0);
            let name = clients.get(at.wrapping_sub(1)).map_or("", |(name, _)| *name);
            if path.ends_with("/deactivate") && turn(state, name, false) {
                (204, Value::Null)
            } else {
                (404, json!({}))
            }
        }
        _ => (404, json!({})),
    }
}

pub(crate) fn akamai_house() -> House {
    let clients = [("akab-other", "o".repeat(44)), ("akab-leaked", "s".repeat(44))];
    let state = alive(&["akab-other", "akab-leaked"]);
    let (shared, held) = (Arc::clone(&state), clients.clone());
    let server = StandIn::start(move |ask| akamai(ask, &held, &shared));
    let parts = [("client_host", "akab-abc"), ("client_token", "akab-leaked"), ("access_token", "akab-access")];
    let scene =
        Scene::new("akamai.edgegrid-credential", &clients[1].1, &parts, &[(AKAMAI, server.address)], &json!({}));
    house(server, scene, &state, "akab-leaked")
}

#[test]
fn an_akamai_credential_switches_itself_off() {
    let house = akamai_house();
    let scene = &house.scene;
    assert_eq!(scene.probe().identity.of("name"), ["purge"]);
    let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    let report = scene.revoke(&plan, Goal::Dead);
    assert_eq!((report.outcome, report.complete), (Outcome::Revoked, true));
    assert!(!(house.lives)() && (house.others)());
}

/// OVH as documented, with a clock of its own.
fn ovh(ask: &Ask, keys: &[&str], state: &Alive) -> Reply {
    const CLOCK: &str = "1700000000";
    if ask.path() == "/1.0/auth/time" {
        return (200, json!(1_700_000_000));
    }
    let consumer = ask.header("x-ovh-consumer");
    let fail = |status: u16, code: &str| {
        (status, json!({ "errorCode": code, "httpCode": status.to_string(), "message": "no" }))
    };
    if !keys.contains(&consumer) || !is_alive(state, consumer) {
        return fail(403, "INVALID_CREDENTIAL");
    }
    let text = format!("as+{consumer}+{}+https://{}{}+{}+{CLOCK}", ask.method, ask.host, ask.target, ask.body);
    let digest = hex(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref());
    if ask.header("x-ovh-signature") != format!("$1${digest}") || ask.header("x-ovh-timestamp") != CLOCK {
        return fail(400, "INVALID_SIGNATURE");
    }
    match (ask.method.as_str(), ask.path()) {
        ("GET", "/1.0/auth/currentCredential") => {
            (200, json!({ "credentialId": 7, "applicationId": 3, "status": "validated" }))
        }
        ("POST", "/1.0/auth/logout") if turn(state, consumer, false) => (200, Value::Null),
        _ => fail(404, "NOT_FOUND"),
    }
}

pub(crate) fn ovh_house() -> House {
    let state = alive(&["ck-leaked", "ck-other"]);
    let shared = Arc::clone(&state);
    let server = StandIn::start(move |ask| ovh(ask, &["ck-leaked", "ck-other"], &shared));
    let parts = [("application_key", "ak"), ("application_secret", "as")];
    let scene = Scene::new("ovh.consumer-key", "ck-leaked", &parts, &[("eu.api.ovh.com", server.address)], &json!({}));
    house(server, scene, &state, "ck-leaked")
}

#[test]
fn an_ovh_consumer_key_logs_itself_out() {
    let house = ovh_house();
    let scene = &house.scene;
    let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    let report = scene.revoke(&plan, Goal::Dead);
    assert_eq!((report.outcome, report.complete), (Outcome::Revoked, true));
    assert!(!(house.lives)() && (house.others)());
}

const SECRET_PATH: &str = "/api/v1/namespaces/ci/secrets/deployer-token";

/// A cluster as documented, with one secret of a service account.
fn cluster(ask: &Ask, tokens: &[String; 2], state: &Alive) -> Reply {
    let status = |code: u16, reason: &str| {
        (code, json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code }))
    };
    let caller = ask.header("authorization").trim_start_matches("Bearer ");
    let is_leaked = tokens[0] == caller && is_alive(state, "leaked");
    match (ask.method.as_str(), ask.path()) {
        ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews") if is_leaked => (
            201,
            json!({ "kind": "SelfSubjectReview", "status": { "userInfo": { "username": "system:serviceaccount:ci:deployer", "uid": "u-1" } } }),
        ),
        ("GET", SECRET_PATH) if caller == "cluster-admin" && is_alive(state, "leaked") => (
            200,
            json!({ "kind": "Secret", "metadata": { "name": "deployer-token", "uid": "s-1" }, "data": { "token": STANDARD.encode(&tokens[0]) } }),
        ),
        ("DELETE", SECRET_PATH) if caller == "cluster-admin" => {
            let body: Value = serde_json::from_str(&ask.body).unwrap_or_default();
            assert_eq!(body["preconditions"]["uid"], "s-1");
            if turn(state, "leaked", false) {
                (200, json!({ "kind": "Status", "status": "Success" }))
            } else {
                status(404, "NotFound")
            }
        }
        _ if caller == "cluster-admin" => status(404, "NotFound"),
        _ => status(401, "Unauthorized"),
    }
}

/// Two tokens that claim the same, of which the cluster signed one.
fn cluster_tokens() -> [String; 2] {
    let claims = json!({ "kubernetes.io/serviceaccount/namespace": "ci", "kubernetes.io/serviceaccount/secret.name": "deployer-token", "kubernetes.io/serviceaccount/service-account.name": "deployer" });
    ["first", "second"].map(|signature| format!("e30.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string())))
}

/// The cluster, and one of the two tokens.
fn cluster_scene(leaked: usize) -> House {
    let tokens = cluster_tokens();
    let state = alive(&["leaked"]);
    let (shared, held) = (Arc::clone(&state), tokens.clone());
    let server = StandIn::start(move |ask| cluster(ask, &held, &shared));
    let config = json!({
        "responders": { "kubernetes": { "secret": { "value": "cluster-admin" } } },
        "settings": { "kubernetes": { "host": "k8s.contoso.example:6443" } },
    });
    let hosts = [("k8s.contoso.example", server.address)];
    let token = tokens.get(leaked).map_or("", String::as_str);
    let scene = Scene::new("kubernetes.service-account-token", token, &[], &hosts, &config);
    house(server, scene, &state, "leaked")
}

pub(crate) fn cluster_house() -> House {
    cluster_scene(0)
}

#[test]
fn a_kubernetes_token_dies_with_its_own_secret_only() {
    let house = cluster_house();
    let scene = &house.scene;
    assert_eq!(scene.probe().identity.of("user"), ["system:serviceaccount:ci:deployer"]);
    let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(plan.ownership, Ownership::Listed);
    let forged = cluster_scene(1);
    assert_eq!(forged.scene.probe().liveness, Liveness::Inactive);
    assert!(forged.scene.plan().is_err());
    assert_eq!(scene.revoke(&plan, Goal::Dead).outcome, Outcome::Revoked);
    assert!(!(house.lives)());
}

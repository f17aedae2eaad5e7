//! AWS as moto plays it, with signatures and policies enforced. What is true of a key is asked with boto3, which knows nothing of us.
//!
//! Moto's difference from AWS: a key that is inactive goes on signing, and only a deleted one is refused. `bash .ci/test tests` installs it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use stanch_model::{FingerprintKey, RuleId, Secret};
use stanch_revokers::act::{self, Consent, Goal, Journal, Line, Plan, Refusal, Sink, SinkError};
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::registry::{self, Entry};
use stanch_revokers::responder::Responders;
use stanch_revokers::{Context, Credential, Doing, Liveness, Origin, Outcome, Successor, Why};

/// The account in which moto puts everything.
const ACCOUNT: &str = "123456789012";
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const OWN_KEYS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:UpdateAccessKey","iam:DeleteAccessKey","iam:CreateAccessKey","iam:ListAccessKeys","iam:GetAccessKeyLastUsed"],"Resource":"*"}]}"#;

/// What signs: key id, secret, and the token of a session.
#[derive(Clone)]
struct Key(String, String, Option<String>);

/// A running server with its administrator.
struct Moto {
    child: Child,
    lines: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    port: u64,
    admin: Key,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python that has moto: as `.ci/tools` says, or where it installs it.
fn python() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the table of variables is the product's; this one is the test's")]
    let named = std::env::var_os("STANCH_MOTO").map(PathBuf::from);
    let installed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools/moto-5.2.5/bin/python");
    let python = named.unwrap_or(installed);
    assert!(python.exists(), "moto is not installed at {}: run this by `bash .ci/test tests`", python.display());
    python
}

impl Moto {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/aws_by_moto.py");
        let mut child = Command::new(python())
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("moto does not start: {error}"));
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            panic!("moto has no pipes")
        };
        let lines = Mutex::new((stdin, BufReader::new(stdout)));
        let mut moto = Self { child, lines, port: 0, admin: Key(String::new(), String::new(), None) };
        moto.port = moto.line().get("port").and_then(Value::as_u64).unwrap_or_else(|| panic!("moto did not start"));
        moto.send(None, "iam", "create_user", &json!({ "UserName": "admin" }));
        let policy = json!({ "UserName": "admin", "PolicyName": "all", "PolicyDocument": EVERYTHING });
        moto.send(None, "iam", "put_user_policy", &policy);
        moto.admin = key(&moto.send(None, "iam", "create_access_key", &json!({ "UserName": "admin" }))["AccessKey"]);
        moto
    }

    fn line(&self) -> Value {
        let mut lines = self.lines.lock().unwrap_or_else(|error| panic!("{error}"));
        let mut line = String::new();
        lines.1.read_line(&mut line).unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("moto says `{line}`: {error}"))
    }

    fn send(&self, key: Option<&Key>, service: &str, op: &str, args: &Value) -> Value {
        let signer = key.map(|key| json!([key.0, key.1, key.2]));
        let request = json!({ "as": signer, "service": service, "op": op, "args": args });
        {
            let mut lines = self.lines.lock().unwrap_or_else(|error| panic!("{error}"));
            writeln!(lines.0, "{request}").and_then(|()| lines.0.flush()).unwrap_or_else(|error| panic!("{error}"));
        }
        self.line()
    }

    /// As the administrator.
    fn admin(&self, op: &str, args: &Value) -> Value {
        self.send(Some(&self.admin), "iam", op, args)
    }

    /// A user with a policy and a key.
    fn user(&self, name: &str, policy: Option<&str>) -> Key {
        self.admin("create_user", &json!({ "UserName": name }));
        if let Some(policy) = policy {
            self.admin("put_user_policy", &json!({ "UserName": name, "PolicyName": "p", "PolicyDocument": policy }));
        }
        key(&self.admin("create_access_key", &json!({ "UserName": name }))["AccessKey"])
    }

    /// Whether boto3 gets along with a key.
    fn works(&self, key: &Key) -> bool {
        self.send(Some(key), "sts", "get_caller_identity", &json!({})).get("error").is_none()
    }

    /// The keys of a user: id and status.
    fn keys(&self, user: &str) -> Vec<(String, String)> {
        let answer = self.admin("list_access_keys", &json!({ "UserName": user }));
        let text = |key: &Value, name: &str| key[name].as_str().unwrap_or_default().to_owned();
        let keys = answer["AccessKeyMetadata"].as_array().cloned().unwrap_or_default();
        keys.iter().map(|key| (text(key, "AccessKeyId"), text(key, "Status"))).collect()
    }

    /// A configuration that leads to this server, with ours and a responder, if one is given.
    fn context(port: u64, owner: Option<&str>, responder: Option<&Key>) -> Context {
        let mut text = format!(
            "[settings.aws]\npartition = 'aws'\n[http]\npatience = 0.02\nbackoff_ms = 10\nper_minute = 60000\n[endpoints]\n\
             'sts.amazonaws.com' = 'http://127.0.0.1:{port}'\n'iam.amazonaws.com' = 'http://127.0.0.1:{port}'\n"
        );
        if let Some(owner) = owner {
            text.push_str(&format!("[owners]\naws = ['{owner}']\n"));
        }
        if let Some(Key(id, secret, token)) = responder {
            text.push_str(&format!(
                "[responders.aws]\nkey_id = {{ value = '{id}' }}\nsecret = {{ value = '{secret}' }}\n"
            ));
            if let Some(token) = token {
                text.push_str(&format!("session_token = {{ value = '{token}' }}\n"));
            }
        }
        let config = Config::parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let http = Client::new(&config, false).unwrap_or_else(|error| panic!("{error}"));
        Context { http, config, responders: Responders::new(|_| None) }
    }

    fn ours(&self) -> Context {
        Self::context(self.port, Some(ACCOUNT), None)
    }
}

fn key(answer: &Value) -> Key {
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    let (Some(id), Some(secret)) = (text("AccessKeyId"), text("SecretAccessKey")) else { panic!("no key in {answer}") };
    Key(id, secret, text("SessionToken"))
}

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn new(text: &str) -> Credential {
    let secret = secret(text);
    let fingerprint = FingerprintKey::from_bytes([7; 32]).fingerprint(&secret);
    Credential::new(secret, fingerprint)
}

/// A leaked key as a scan finds it: the secret, with the id that stood beside it.
fn leaked(key: &Key) -> Credential {
    let mut credential = new(&key.1);
    credential.companions.push((RuleId::new("aws.access-key-id"), secret(&key.0)));
    if let Some(token) = &key.2 {
        credential.give("session_token", Origin::Leak, secret(token));
    }
    credential
}

fn entry(id: &str) -> Entry {
    registry::by_id(id).unwrap_or_else(|| panic!("no kind {id}"))
}

fn user_key() -> Entry {
    entry("aws.iam-user-access-key")
}

/// Lines as they would be written, of which none may show a secret.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Journal for Kept {
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>> {
        Box::pin(async move {
            let text = serde_json::to_string(line)?;
            self.0.lock().map_err(|_| io::Error::other("poisoned"))?.push(text);
            Ok(())
        })
    }
}

impl Kept {
    fn text(&self) -> String {
        self.0.lock().map(|lines| lines.join("\n")).unwrap_or_default()
    }
}

async fn plan(cx: &Context, entry: &Entry, credential: &Credential) -> Result<Plan, Refusal> {
    act::plan(cx, entry, credential, Consent::default()).await
}

async fn planned(cx: &Context, entry: &Entry, credential: &Credential) -> Plan {
    plan(cx, entry, credential).await.unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// Revokes, and says what came of it and what was written down.
async fn revoke(cx: &Context, entry: &Entry, credential: &Credential, goal: Goal) -> (act::Report, String) {
    let plan = planned(cx, entry, credential).await;
    let kept = Kept::default();
    let report = act::revoke(cx, entry, credential, &plan, goal, &kept).await;
    (report.unwrap_or_else(|error| panic!("{error}")), kept.text())
}

/// A store that keeps what it is handed.
#[derive(Debug, Default)]
struct Shelf(Mutex<Option<(String, Secret)>>);

/// The same, as one of the stores of a rotation.
#[derive(Debug)]
struct Board(Arc<Shelf>);

impl Sink for Board {
    fn name(&self) -> String {
        "shelf".to_owned()
    }

    fn store<'a>(&'a self, _: &'a Context, successor: &'a Successor) -> Doing<'a, Result<(), SinkError>> {
        Box::pin(async move {
            let id = successor.parts.get("key_id").cloned().unwrap_or_default();
            let mut place = self.0.0.lock().map_err(|_| SinkError::not("poisoned".to_owned()))?;
            *place = Some((id, successor.secret.clone()));
            Ok(())
        })
    }

    fn check<'a>(&'a self, _: &'a Context, _: &'a Successor) -> Doing<'a, Result<(), SinkError>> {
        Box::pin(async { Ok(()) })
    }
}

#[expect(clippy::disallowed_methods, reason = "the test signs with a fake key")]
fn handed_over(shelf: &Shelf) -> Option<Key> {
    let (id, secret) = shelf.0.lock().ok()?.clone()?;
    Some(Key(id, String::from_utf8(secret.expose().to_vec()).ok()?, None))
}

#[tokio::test]
async fn a_key_is_asked_about_and_only_ours_is_planned() {
    let moto = Moto::start();
    let leaked_key = moto.user("ci", Some(OWN_KEYS));
    let (entry, credential, cx) = (user_key(), leaked(&leaked_key), moto.ours());
    let probe = act::verify(&cx, &entry, &credential).await;
    assert_eq!(probe.liveness, Liveness::Active);
    assert_eq!(probe.identity.of("account"), [ACCOUNT]);
    assert_eq!(probe.identity.of("user"), [format!("arn:aws:iam::{ACCOUNT}:user/ci")]);
    assert_eq!(probe.identity.of("key_id"), std::slice::from_ref(&leaked_key.0));

    let steps = planned(&cx, &entry, &credential).await.steps;
    assert_eq!(steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(), ["deactivate", "delete"]);
    assert!(
        steps.iter().all(|step| step.target == format!("access key {} of user ci of account {ACCOUNT}", leaked_key.0))
    );

    let other = plan(&Moto::context(moto.port, Some("999999999999"), None), &entry, &credential).await;
    assert!(matches!(other, Err(Refusal::NotOurs(_))), "{other:?}");
    let nobody = plan(&Moto::context(moto.port, None, None), &entry, &credential).await;
    assert_eq!(nobody.err(), Some(Refusal::OwnerUnknown));
    assert!(moto.works(&leaked_key));
}

#[tokio::test]
async fn a_wrong_pair_proves_nothing_and_an_unknown_id_is_dead() {
    let moto = Moto::start();
    let (one, two) = (moto.user("one", None), moto.user("two", None));
    let cx = moto.ours();
    let mixed = act::verify(&cx, &user_key(), &leaked(&Key(one.0.clone(), two.1.clone(), None))).await;
    assert!(
        matches!(&mixed.liveness, Liveness::Unknown { why: Why::Other { detail } } if detail.contains("belong together")),
        "{mixed:?}"
    );
    moto.admin("delete_access_key", &json!({ "UserName": "one", "AccessKeyId": one.0 }));
    assert_eq!(act::verify(&cx, &user_key(), &leaked(&one)).await.liveness, Liveness::Inactive);
    assert_eq!(act::verify(&cx, &user_key(), &leaked(&two)).await.liveness, Liveness::Active);
    // A key of a session without its token, and an id without a secret and without a responder.
    let torn = Key(one.0.replace("AKIA", "ASIA"), one.1.clone(), None);
    let torn = act::verify(&cx, &user_key(), &leaked(&torn)).await.liveness;
    assert_eq!(torn, Liveness::Unknown { why: Why::Missing { part: "session_token".to_owned() } });
    let bare = act::verify(&cx, &user_key(), &new(&two.0)).await.liveness;
    assert!(matches!(bare, Liveness::Unknown { why: Why::NoResponder { .. } }), "{bare:?}");
}

#[tokio::test]
async fn a_key_that_may_ends_itself() {
    let moto = Moto::start();
    let leaked_key = moto.user("ci", Some(OWN_KEYS));
    let other = key(&moto.admin("create_access_key", &json!({ "UserName": "ci" }))["AccessKey"]);
    let (entry, credential, cx) = (user_key(), leaked(&leaked_key), moto.ours());
    let (report, journal) = revoke(&cx, &entry, &credential, Goal::Dead).await;
    assert_eq!(report.outcome, Outcome::Revoked);
    assert!(report.complete && report.took_seconds.is_some(), "{report:?}");
    assert!(!moto.works(&leaked_key) && moto.works(&other));
    assert_eq!(moto.keys("ci"), [(other.0.clone(), "Active".to_owned())]);
    assert!(!journal.contains(&leaked_key.1) && journal.contains(&leaked_key.0), "{journal}");
    // Once more: nothing is done.
    assert_eq!(plan(&cx, &entry, &credential).await.err(), Some(Refusal::Dead));
    assert!(moto.works(&other));
}

#[tokio::test]
async fn deactivating_is_undone() {
    let moto = Moto::start();
    let leaked_key = moto.user("ci", Some(OWN_KEYS));
    let (entry, credential, cx) = (user_key(), leaked(&leaked_key), moto.ours());
    let plan = planned(&cx, &entry, &credential).await;
    let report = act::revoke(&cx, &entry, &credential, &plan, Goal::Contained, &Kept::default()).await;
    // Moto accepts an inactive key, so that nothing is proven here.
    assert_eq!(report.ok().map(|report| (report.done.len(), report.outcome)), Some((1, Outcome::Accepted)));
    assert_eq!(moto.keys("ci"), [(leaked_key.0.clone(), "Inactive".to_owned())]);
    let step = plan.steps.first().unwrap_or_else(|| panic!("no step"));
    assert_eq!(entry.revoker.undo(&cx, &credential, &plan.target, step).await, Outcome::Accepted);
    assert_eq!(moto.keys("ci"), [(leaked_key.0, "Active".to_owned())]);
}

#[tokio::test]
async fn where_the_key_may_not_the_responder_does() {
    let moto = Moto::start();
    let leaked_key = moto.user("weak", None);
    let (entry, credential) = (user_key(), leaked(&leaked_key));
    // Nobody may: nothing happens, and it is said.
    let (report, _) = revoke(&moto.ours(), &entry, &credential, Goal::Dead).await;
    assert!(matches!(&report.outcome, Outcome::NotPermitted { why } if why.contains("AccessDenied")), "{report:?}");
    assert_eq!(moto.keys("weak"), [(leaked_key.0.clone(), "Active".to_owned())]);

    // A responder of another account is none.
    let role = json!({ "RoleArn": "arn:aws:iam::222222222222:role/x", "RoleSessionName": "job" });
    let foreign = key(&moto.send(Some(&moto.admin), "sts", "assume_role", &role)["Credentials"]);
    let cx = Moto::context(moto.port, Some(ACCOUNT), Some(&foreign));
    let (report, _) = revoke(&cx, &user_key(), &credential, Goal::Dead).await;
    assert!(matches!(&report.outcome, Outcome::NotPermitted { why } if why.contains("222222222222")), "{report:?}");
    assert!(moto.works(&leaked_key));

    // The right one does it, and that its account lists the key proves whose it is.
    let cx = Moto::context(moto.port, None, Some(&moto.admin));
    let plan = planned(&cx, &entry, &credential).await;
    assert_eq!(plan.ownership, act::Ownership::Listed);
    let report = act::revoke(&cx, &entry, &credential, &plan, Goal::Dead, &Kept::default()).await;
    assert_eq!(report.ok().map(|report| report.outcome), Some(Outcome::Revoked));
    assert!(!moto.works(&leaked_key) && moto.works(&moto.admin));
}

#[tokio::test]
async fn an_id_alone_is_ended_by_the_responder() {
    let moto = Moto::start();
    let leaked_key = moto.user("mail", None);
    let cx = Moto::context(moto.port, None, Some(&moto.admin));
    let (entry, mut password) = (entry("aws.ses-smtp-password"), new("not-a-password-of-anybody-but-44-letters-lon"));
    password.give("key_id", Origin::User, secret(&leaked_key.0));
    let probe = act::verify(&cx, &entry, &password).await;
    assert_eq!((probe.liveness, probe.identity.of("name")), (Liveness::Active, &["mail".to_owned()][..]));
    let (report, _) = revoke(&cx, &entry, &password, Goal::Dead).await;
    assert_eq!((report.outcome, report.complete), (Outcome::Revoked, true));
    assert!(!moto.works(&leaked_key) && moto.keys("mail").is_empty());
    // Of an id that no list has nothing is known.
    let stranger = act::verify(&cx, &user_key(), &new(&leaked_key.0)).await;
    assert!(matches!(stranger.liveness, Liveness::Unknown { .. }), "{stranger:?}");
}

#[tokio::test]
async fn a_key_is_rotated_and_two_are_the_most() {
    let moto = Moto::start();
    let leaked_key = moto.user("ci", Some(OWN_KEYS));
    let (entry, credential, cx) = (user_key(), leaked(&leaked_key), moto.ours());
    let shelf = Arc::new(Shelf::default());
    let plan = planned(&cx, &entry, &credential).await;
    let sinks: Vec<Box<dyn Sink>> = vec![Box::new(Board(Arc::clone(&shelf)))];
    let kept = Kept::default();
    let rotation = act::rotate(&cx, &entry, &credential, &plan, "n", &sinks, &kept).await;
    let rotation = rotation.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((&rotation.failed, rotation.old.map(|old| old.outcome)), (&None, Some(Outcome::Revoked)));
    let successor = handed_over(&shelf).unwrap_or_else(|| panic!("nothing was handed over"));
    assert_eq!(rotation.successor, Some(successor.0.clone()));
    assert!(moto.works(&successor) && !moto.works(&leaked_key));
    assert!(!kept.text().contains(&successor.1) && kept.text().contains(&successor.0));

    // With a second key there is no room for a third.
    let second = key(&moto.admin("create_access_key", &json!({ "UserName": "ci" }))["AccessKey"]);
    let credential = leaked(&successor);
    let plan = planned(&cx, &entry, &credential).await;
    let rotation = act::rotate(&cx, &entry, &credential, &plan, "n", &[], &Kept::default()).await;
    let failed = rotation.ok().and_then(|rotation| rotation.failed).unwrap_or_default();
    assert!(failed.contains("LimitExceeded"), "{failed}");
    assert!(moto.works(&successor) && moto.works(&second));
}

#[tokio::test]
async fn a_successor_whose_answer_was_lost_is_found_and_removed() {
    let moto = Moto::start();
    let leaked_key = moto.user("ci", Some(OWN_KEYS));
    let cx = Moto::context(lossy(moto.port, "Action=CreateAccessKey"), Some(ACCOUNT), None);
    let (entry, credential) = (user_key(), leaked(&leaked_key));
    let plan = planned(&cx, &entry, &credential).await;
    let rotation = act::rotate(&cx, &entry, &credential, &plan, "n", &[], &Kept::default()).await;
    let rotation = rotation.unwrap_or_else(|error| panic!("{error}"));
    assert!(rotation.failed.is_some() && rotation.successor.is_some() && rotation.old.is_none(), "{rotation:?}");
    assert_eq!(rotation.removed, Some(Outcome::Accepted));
    assert_eq!(moto.keys("ci"), [(leaked_key.0.clone(), "Active".to_owned())]);
    assert!(moto.works(&leaked_key));
}

/// A way to a server on which the answers to some requests are lost.
fn lossy(port: u64, lost: &'static str) -> u64 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let own = listener.local_addr().map(|at| u64::from(at.port())).unwrap_or_default();
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let _ = relay(near, port, lost);
        }
    });
    own
}

/// One request, and its answer unless that is to be lost.
fn relay(mut near: TcpStream, port: u64, lost: &str) -> io::Result<()> {
    near.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    // A form ends with its version or a value, so that its length says where.
    while !is_whole(&request) {
        let read = near.read(&mut piece)?;
        request.extend_from_slice(piece.get(..read).unwrap_or_default());
        if read == 0 {
            break;
        }
    }
    let mut far = TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap_or_default()))?;
    far.set_read_timeout(Some(Duration::from_secs(10)))?;
    far.write_all(&request)?;
    let mut answer = Vec::new();
    far.read_to_end(&mut answer)?;
    if String::from_utf8_lossy(&request).contains(lost) { Ok(()) } else { near.write_all(&answer) }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}

#[tokio::test]
async fn the_sessions_of_a_role_are_denied_and_given_back() {
    let moto = Moto::start();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" }] });
    moto.admin("create_role", &json!({ "RoleName": "deploy", "AssumeRolePolicyDocument": trust.to_string() }));
    moto.admin("put_role_policy", &json!({ "RoleName": "deploy", "PolicyName": "all", "PolicyDocument": EVERYTHING }));
    let role = json!({ "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/deploy"), "RoleSessionName": "job" });
    let session = key(&moto.send(Some(&moto.admin), "sts", "assume_role", &role)["Credentials"]);
    let may = || moto.send(Some(&session), "iam", "list_users", &json!({})).get("error").is_none();
    assert!(may());

    let (entry, credential) = (entry("aws.sts-role-session"), leaked(&session));
    let cx = Moto::context(moto.port, None, Some(&moto.admin));
    let probe = act::verify(&cx, &entry, &credential).await;
    assert_eq!(probe.liveness, Liveness::Active);
    assert_eq!(probe.identity.of("user"), [format!("arn:aws:sts::{ACCOUNT}:assumed-role/deploy/job")]);
    // Without a responder there is nobody who may.
    let alone = plan(&moto.ours(), &entry, &credential).await;
    assert!(matches!(alone, Err(Refusal::Target(Outcome::Unknown { why: Why::NoResponder { .. } }))), "{alone:?}");

    let plan = planned(&cx, &entry, &credential).await;
    let report = act::revoke(&cx, &entry, &credential, &plan, Goal::Contained, &Kept::default()).await;
    assert_eq!(report.ok().map(|report| report.outcome), Some(Outcome::Revoked));
    assert!(!may());
    let name = format!("StanchRevokeOlderSessions-{}", session.0);
    let named = json!({ "RoleName": "deploy", "PolicyName": name });
    let policy = moto.admin("get_role_policy", &named);
    let statement = &policy["PolicyDocument"]["Statement"][0];
    assert_eq!(
        (&statement["Effect"], &statement["Action"], &statement["Resource"]),
        (&json!("Deny"), &json!(["*"]), &json!(["*"]))
    );
    assert!(statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"].is_string(), "{policy}");

    let step = plan.steps.first().unwrap_or_else(|| panic!("no step"));
    assert_eq!(entry.revoker.undo(&cx, &credential, &plan.target, step).await, Outcome::Accepted);
    assert_eq!(moto.admin("get_role_policy", &named)["error"], "NoSuchEntity");
    assert!(may());
}

#[tokio::test]
async fn a_console_password_is_taken_away() {
    let moto = Moto::start();
    moto.user("anna", None);
    moto.admin("create_login_profile", &json!({ "UserName": "anna", "Password": "Not-A-Password-1" }));
    let cx = Moto::context(moto.port, None, Some(&moto.admin));
    let (entry, mut credential) = (entry("aws.console-password"), new("Not-A-Password-1"));
    credential.give("user", Origin::User, secret("anna"));
    credential.give("account", Origin::User, secret(ACCOUNT));
    let refused = plan(&cx, &entry, &credential).await;
    assert!(matches!(refused, Err(Refusal::NotProven(_))), "{refused:?}");
    let consent = Consent { unproven: true, ..Consent::default() };
    let plan = act::plan(&cx, &entry, &credential, consent).await.unwrap_or_else(|refusal| panic!("{refusal}"));
    let report = act::revoke(&cx, &entry, &credential, &plan, Goal::Dead, &Kept::default()).await;
    assert_eq!(report.ok().map(|report| report.outcome), Some(Outcome::Revoked));
    assert_eq!(moto.admin("get_login_profile", &json!({ "UserName": "anna" }))["error"], "NoSuchEntity");
}

//! Credentials that IAM keeps for one service, which moto does not know: a double of the few requests, written from the API reference
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html> and its neighbours).

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stanch_model::{FingerprintKey, Secret};
use stanch_revokers::act::{self, Consent, Goal, Journal, Line};
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::registry::{self, Entry};
use stanch_revokers::responder::Responders;
use stanch_revokers::{Context, Credential, Doing, Liveness, Origin, Outcome};

const ACCOUNT: &str = "123456789012";

/// The credentials of the account: id to public name and status.
type State = Arc<Mutex<BTreeMap<String, (String, String)>>>;

/// One answer of the double.
fn answer(state: &State, head: &str, body: &str) -> (u16, String) {
    let fields: BTreeMap<String, String> = reqwest::Url::parse(&format!("https://x/?{body}"))
        .map(|url| url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
        .unwrap_or_default();
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let Ok(mut state) = state.lock() else { return (500, String::new()) };
    if head.starts_with("GET /foundation-models") {
        let alive = state.get("ACCA1").is_some_and(|(_, status)| status == "Active");
        return if alive {
            (200, r#"{"modelSummaries":[]}"#.to_owned())
        } else {
            (403, r#"{"Message":"Authentication failed: Please make sure your API Key is valid."}"#.to_owned())
        };
    }
    let action = field("Action");
    let yes = |result: String| {
        (200, format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"))
    };
    let id = field("ServiceSpecificCredentialId").to_owned();
    let none = || (404, "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>".to_owned());
    match action {
        "GetCallerIdentity" => {
            yes(format!("<Arn>arn:aws:iam::{ACCOUNT}:user/admin</Arn><UserId>u</UserId><Account>{ACCOUNT}</Account>"))
        }
        // One on a page.
        "ListServiceSpecificCredentials" if field("AllUsers") == "true" => {
            let at: usize = field("Marker").parse().unwrap_or(0);
            let member = state.iter().nth(at).map(|(id, (name, status))| {
                format!(
                    "<member><UserName>bob</UserName><Status>{status}</Status><ServiceUserName>{name}</ServiceUserName>\
                     <ServiceSpecificCredentialId>{id}</ServiceSpecificCredentialId></member>"
                )
            });
            let list =
                format!("<ServiceSpecificCredentials>{}</ServiceSpecificCredentials>", member.unwrap_or_default());
            let more = if at + 1 < state.len() {
                format!("<IsTruncated>true</IsTruncated><Marker>{}</Marker>", at + 1)
            } else {
                String::new()
            };
            yes(list + &more)
        }
        "UpdateServiceSpecificCredential" => match state.get_mut(&id) {
            Some((_, status)) => {
                field("Status").clone_into(status);
                (200, format!("<{action}Response><ResponseMetadata/></{action}Response>"))
            }
            None => none(),
        },
        "DeleteServiceSpecificCredential" if state.remove(&id).is_some() => {
            (200, format!("<{action}Response><ResponseMetadata/></{action}Response>"))
        }
        "DeleteServiceSpecificCredential" => none(),
        "ResetServiceSpecificCredential" => yes(format!(
            "<ServiceSpecificCredential><ServicePassword>a-new-one</ServicePassword><ServiceUserName>bob-at-{ACCOUNT}</ServiceUserName>\
             <ServiceSpecificCredentialId>{id}</ServiceSpecificCredentialId></ServiceSpecificCredential>"
        )),
        _ => (400, "<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>".to_owned()),
    }
}

fn serve(state: State) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let port = listener.local_addr().map(|at| at.port()).unwrap_or_default();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = one(stream, &state);
        }
    });
    port
}

fn one(mut stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (mut request, mut piece) = (String::new(), [0; 4096]);
    let (head, body) = loop {
        let read = stream.read(&mut piece)?;
        request.push_str(&String::from_utf8_lossy(piece.get(..read).unwrap_or_default()));
        let Some((head, body)) = request.split_once("\r\n\r\n") else {
            if read == 0 {
                return Ok(());
            }
            continue;
        };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if read == 0 || body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let (status, text) = answer(state, &head, &body);
    let kind = if text.starts_with('{') { "application/json" } else { "text/xml" };
    write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
}

fn context(port: u16) -> Context {
    let text = format!(
        "[settings.aws]\npartition = 'aws'\n[http]\npatience = 0.01\nattempts = 1\nper_minute = 60000\n\
         [responders.aws]\nkey_id = {{ value = 'AKIAX' }}\nsecret = {{ value = 'x' }}\n[endpoints]\n\
         'sts.amazonaws.com' = 'http://127.0.0.1:{port}'\n'iam.amazonaws.com' = 'http://127.0.0.1:{port}'\n\
         'bedrock.us-east-1.amazonaws.com' = 'http://127.0.0.1:{port}'\n"
    );
    let config = Config::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let http = Client::new(&config, false).unwrap_or_else(|error| panic!("{error}"));
    Context { http, config, responders: Responders::new(|_| None) }
}

fn credential(text: &str) -> Credential {
    let secret = Secret::new(text.as_bytes().to_vec());
    let fingerprint = FingerprintKey::from_bytes([7; 32]).fingerprint(&secret);
    Credential::new(secret, fingerprint)
}

fn entry(id: &str) -> Entry {
    registry::by_id(id).unwrap_or_else(|| panic!("no kind {id}"))
}

struct Nowhere;

impl Journal for Nowhere {
    fn record<'a>(&'a self, _: &'a Line) -> Doing<'a, io::Result<()>> {
        Box::pin(async move { Ok(()) })
    }
}

/// The leaked one, and two that go under similar names.
fn state() -> State {
    let all = [("ACCA0", "bob+1"), ("ACCA1", "bob"), ("ACCA2", "bobby")];
    let one = |(id, user): (&str, &str)| (id.to_owned(), (format!("{user}-at-{ACCOUNT}"), "Active".to_owned()));
    Arc::new(Mutex::new(all.into_iter().map(one).collect()))
}

fn statuses(state: &State) -> Vec<String> {
    state
        .lock()
        .map(|state| state.iter().map(|(id, (_, status))| format!("{id} {status}")).collect())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_long_term_key_of_bedrock_is_found_by_its_name_and_ended() {
    let state = state();
    let cx = context(serve(Arc::clone(&state)));
    let key = format!("ABSK{}", STANDARD.encode(format!("bob-at-{ACCOUNT}:the-secret-of-nobody-at-all")));
    let (entry, credential) = (entry("aws.bedrock-long-term-key"), credential(&key));
    let probe = act::verify(&cx, &entry, &credential).await;
    assert_eq!((probe.liveness, probe.identity.of("account")), (Liveness::Active, &[ACCOUNT.to_owned()][..]));
    let plan =
        act::plan(&cx, &entry, &credential, Consent::default()).await.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(plan.ownership, act::Ownership::Listed);
    let report = act::revoke(&cx, &entry, &credential, &plan, Goal::Contained, &Nowhere).await;
    assert_eq!(report.ok().map(|report| report.outcome), Some(Outcome::Revoked));
    assert_eq!(statuses(&state), ["ACCA0 Active", "ACCA1 Inactive", "ACCA2 Active"]);
    let step = plan.steps.first().unwrap_or_else(|| panic!("no step"));
    assert_eq!(entry.revoker.undo(&cx, &credential, &plan.target, step).await, Outcome::Accepted);
    assert_eq!(act::verify(&cx, &entry, &credential).await.liveness, Liveness::Active);
    let report = act::revoke(&cx, &entry, &credential, &plan, Goal::Dead, &Nowhere).await;
    assert_eq!(report.ok().map(|report| (report.outcome, report.complete)), Some((Outcome::Revoked, true)));
    assert_eq!(statuses(&state), ["ACCA0 Active", "ACCA2 Active"]);
}

#[tokio::test]
async fn a_password_of_codecommit_is_reset_by_its_user_name() {
    let state = state();
    let cx = context(serve(Arc::clone(&state)));
    let (entry, mut credential) = (entry("aws.service-specific-credential"), credential("not-a-password-of-anybody"));
    credential.give("service_user", Origin::User, Secret::new(format!("bob-at-{ACCOUNT}").into_bytes()));
    let plan =
        act::plan(&cx, &entry, &credential, Consent::default()).await.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(plan.target.bound.get("credential_id").map(String::as_str), Some("ACCA1"));
    let successor = entry.revoker.mint(&cx, &credential, &plan.target, "n").await;
    let successor = successor.unwrap_or_else(|outcome| panic!("{outcome}"));
    assert!(successor.killed_old && successor.id.as_deref() == Some("ACCA1"));
    // Two under one name: neither is touched.
    if let Ok(mut state) = state.lock() {
        state.insert("ACCA3".to_owned(), (format!("bob-at-{ACCOUNT}"), "Active".to_owned()));
    }
    let refused = act::plan(&cx, &entry, &credential, Consent::default()).await;
    assert!(refused.is_err() && statuses(&state).iter().all(|line| line.ends_with("Active")), "{refused:?}");
}

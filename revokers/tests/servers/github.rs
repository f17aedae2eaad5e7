//! Many tokens of GitHub by few calls: a stand-in that takes up to a thousand values in a request, says 202 to all of them, and forgets some.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use stanch_revokers::act::{self, Consent, Goal, Ownership, Plan, Refusal, Report};
use stanch_revokers::{Credential, Liveness, Outcome, Why};

use crate::bench::{credential, password};
use crate::stand_in::{Ask, Reply, Scene, StandIn};

const KIND: &str = "github.pat-and-oauth";
const HOST: &str = "api.github.com";

/// What the stand-in knows.
#[derive(Default)]
struct Known {
    alive: BTreeSet<String>,
    /// Of tokens that are not taken although their call is answered with 202.
    forgotten: BTreeSet<String>,
    /// How many values each call held.
    calls: Vec<usize>,
    /// Whether the next call is done, and answered with what proves nothing.
    loses_answer: bool,
}

struct GitHub {
    server: StandIn,
    known: Arc<Mutex<Known>>,
}

impl GitHub {
    fn start(tokens: &[String]) -> Self {
        let known = Arc::new(Mutex::new(Known { alive: tokens.iter().cloned().collect(), ..Known::default() }));
        let of_server = Arc::clone(&known);
        Self { server: StandIn::start(move |ask| answer(&mut lock(&of_server), ask)), known }
    }

    /// A scene whose user calls `ada` theirs, or lets everybody's tokens be revoked.
    fn scene(&self, more: &Value) -> Scene {
        Scene::new(KIND, "none", &[], &[(HOST, self.server.address)], more)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(|error| panic!("{error}"))
}

fn answer(known: &mut Known, ask: &Ask) -> Reply {
    let token = ask.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    match (ask.method.as_str(), ask.path()) {
        ("GET", "/user") if known.alive.contains(token) => (200, json!({ "login": "ada", "id": 7 })),
        ("GET", "/user") => (401, json!({ "message": "Bad credentials" })),
        ("POST", "/credentials/revoke") if !token.is_empty() => (403, json!({ "message": "authenticated" })),
        ("POST", "/credentials/revoke") => {
            let body: Value = serde_json::from_str(&ask.body).unwrap_or_default();
            let list: Vec<String> = serde_json::from_value(body["credentials"].clone()).unwrap_or_default();
            if list.is_empty() || list.len() > 1_000 {
                return (422, json!({ "message": "Validation Failed" }));
            }
            known.calls.push(list.len());
            let Known { alive, forgotten, .. } = known;
            alive.retain(|token| !list.contains(token) || forgotten.contains(token));
            if std::mem::take(&mut known.loses_answer) { (502, json!({})) } else { (202, json!({})) }
        }
        _ => (404, json!({ "message": "Not Found" })),
    }
}

/// Tokens that were made up now, none like another.
fn tokens(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{}{}{at:04}", concat!("gh", "p_"), password())).collect()
}

fn ours() -> Value {
    json!({ "owners": { "github": ["ada"] } })
}

/// Plans all, and carries out what may be, as many at a time as come.
fn revoke_all(scene: &Scene, all: &[Credential]) -> Vec<Result<Report, Refusal>> {
    let strict = Consent::default();
    let one = async |credential: &Credential, plan: Result<Plan, Refusal>| {
        let doing = act::revoke(
            &scene.cx,
            &scene.entry,
            credential,
            plan.as_ref().map_err(Clone::clone)?,
            Goal::Dead,
            &scene.journal,
        );
        Ok(doing.await.unwrap_or_else(|error| panic!("{error}")))
    };
    scene.wait(async {
        let plans = join_all(all.iter().map(|credential| act::plan(&scene.cx, &scene.entry, credential, strict))).await;
        join_all(all.iter().zip(plans).map(|(credential, plan)| one(credential, plan))).await
    })
}

fn credentials(tokens: &[String]) -> Vec<Credential> {
    tokens.iter().map(|token| credential(token)).collect()
}

fn outcomes(reports: &[Result<Report, Refusal>]) -> Vec<Outcome> {
    let report = |report: &Result<Report, Refusal>| report.clone().unwrap_or_else(|refusal| panic!("{refusal}"));
    reports.iter().map(|one| report(one).outcome).collect()
}

#[test]
fn two_and_a_half_thousand_tokens_take_three_calls_and_each_has_its_own_proof() {
    let tokens = tokens(2_500);
    let github = GitHub::start(&tokens);
    github.known().forgotten.extend([tokens[7].clone(), tokens[1_700].clone()]);
    let scene = github.scene(&ours());
    let outcomes = outcomes(&revoke_all(&scene, &credentials(&tokens)));
    assert_eq!(github.known().calls, [1_000, 1_000, 500]);
    for (at, outcome) in outcomes.iter().enumerate() {
        // 202 proves nothing: the two that were forgotten are not called dead.
        let expected = if [7, 1_700].contains(&at) { Outcome::Accepted } else { Outcome::Revoked };
        assert_eq!(*outcome, expected, "{at}");
    }
    let written = scene.written();
    let lines = |what: &str| written.lines().filter(|line| line.contains(&format!("\"moment\":\"{what}\""))).count();
    assert_eq!((lines("intent"), lines("result"), lines("proof")), (2_500, 2_500, 2_500));
    assert!(tokens.iter().all(|token| !written.contains(token.as_str())), "the journal holds a secret");
}

#[test]
fn those_of_strangers_go_only_if_the_policy_says_so() {
    let tokens = tokens(3);
    let github = GitHub::start(&tokens);
    let strange = json!({ "owners": { "github": ["somebody-else"] } });
    for report in revoke_all(&github.scene(&strange), &credentials(&tokens)) {
        assert!(matches!(report, Err(Refusal::NotOurs(_))), "{report:?}");
    }
    assert_eq!(github.known().calls, Vec::<usize>::new());
    let mut policy = strange;
    policy["policy"] = json!({ "foreign": ["github"] });
    let scene = github.scene(&policy);
    let reports = revoke_all(&scene, &credentials(&tokens));
    assert_eq!(outcomes(&reports), vec![Outcome::Revoked; 3]);
    assert_eq!(github.known().calls, [3]);
    let foreign = serde_json::to_string(&Ownership::Foreign).unwrap_or_default();
    assert_eq!(scene.written().matches(&foreign).count(), 3, "the journal does not say why we may");
}

#[test]
fn an_answer_that_is_lost_leads_to_a_look_and_to_no_second_call() {
    let tokens = tokens(5);
    let github = GitHub::start(&tokens);
    {
        let mut known = github.known();
        known.loses_answer = true;
        known.forgotten.insert(tokens[4].clone());
    }
    let scene = github.scene(&ours());
    let outcomes = outcomes(&revoke_all(&scene, &credentials(&tokens)));
    assert_eq!(outcomes[..4], vec![Outcome::Revoked; 4]);
    assert!(matches!(outcomes[4], Outcome::Unknown { why: Why::Answer { status: 502 } }), "{:?}", outcomes[4]);
    assert_eq!(github.known().calls, [5], "what may have been done was sent again");
}

#[test]
fn the_sixty_first_call_of_an_hour_waits() {
    let tokens = tokens(61);
    let github = GitHub::start(&tokens);
    let scene = github.scene(&ours());
    let one = |token: &String| {
        let (credential, scene) = (credential(token), &scene);
        async move {
            let plan = act::plan(&scene.cx, &scene.entry, &credential, Consent::default()).await;
            let plan = plan.unwrap_or_else(|refusal| panic!("{refusal}"));
            let doing = act::revoke(&scene.cx, &scene.entry, &credential, &plan, Goal::Dead, &scene.journal);
            tokio::time::timeout(Duration::from_millis(1_500), doing).await.is_ok()
        }
    };
    let done: Vec<bool> = tokens.iter().map(|token| scene.wait(one(token))).collect();
    assert_eq!(done.iter().position(|done| !done), Some(60), "{done:?}");
    assert_eq!(github.known().calls.len(), 60);
    // Reads are counted apart: it is still asked about.
    let last = credential(&tokens[60]);
    assert_eq!(scene.wait(act::verify(&scene.cx, &scene.entry, &last)).liveness, Liveness::Active);
}

#[test]
fn a_dead_one_is_not_sent_with_the_others() {
    let tokens = tokens(4);
    let github = GitHub::start(&tokens);
    github.known().alive.remove(&tokens[2]);
    let scene = github.scene(&ours());
    let reports = revoke_all(&scene, &credentials(&tokens));
    assert!(matches!(reports[2], Err(Refusal::Dead)), "{:?}", reports[2]);
    assert_eq!(github.known().calls, [3]);
}

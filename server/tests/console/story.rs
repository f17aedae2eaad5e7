//! What happened before somebody looks: a quarter of a year of leaks, and a few that are not over.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stanch_model::{Confidence, Severity};
use stanch_pipeline::store::{Actor, Claim, Store, Writing};
use stanch_pipeline::{
    Approval, Decision, Detected, Ending, Event, Exposure, IncidentId, Means, Occurrence, Owner, Verdict,
};
use stanch_revokers::act::{Moment, Ownership, Plan};
use stanch_revokers::{Identity, Liveness, Outcome, Probe, Step, StepKind, Target};

use crate::stage::must;

/// Text that breaks out wherever it is not escaped.
pub(crate) const HOSTILE: &str =
    "</code></title><script>window.hit=1</script><img src=x onerror=\"window.hit=1\">'\"&{{ 7*7 }}";

/// The incidents that tests speak of.
pub(crate) struct Story {
    /// Waits for one approval.
    pub(crate) waiting: IncidentId,
    /// Waits for the second of two.
    pub(crate) half: IncidentId,
    /// Needs a person.
    pub(crate) by_hand: IncidentId,
    /// Was killed a few hours ago.
    pub(crate) killed: IncidentId,
    /// Everything in it is [`HOSTILE`].
    pub(crate) hostile: IncidentId,
}

/// A kind of credential, for the story.
#[derive(Clone, Copy)]
struct Leak {
    kind: &'static str,
    provider: &'static str,
    title: &'static str,
    preview: &'static str,
    severity: Severity,
    owner: &'static str,
}

const LEAKS: [Leak; 5] = [
    Leak {
        kind: "openai.project-key",
        provider: "openai",
        title: "OpenAI project key",
        preview: "sk-p…x4Qf (164)",
        severity: Severity::High,
        owner: "ml-platform@example.com",
    },
    Leak {
        kind: "aws.iam-user-access-key",
        provider: "aws",
        title: "AWS access key",
        preview: "AKIA…7K2Q (20)",
        severity: Severity::Critical,
        owner: "@acme/payments",
    },
    Leak {
        kind: "github.pat-and-oauth",
        provider: "github",
        title: "GitHub personal access token",
        preview: "ghp_…3fVb (40)",
        severity: Severity::High,
        owner: "ada@example.com",
    },
    Leak {
        kind: "slack.token",
        provider: "slack",
        title: "Slack bot token",
        preview: "xoxb…9rTz (57)",
        severity: Severity::Medium,
        owner: "@acme/support",
    },
    Leak {
        kind: "stripe.api-key",
        provider: "stripe",
        title: "Stripe secret key",
        preview: "sk_l…Hm2c (107)",
        severity: Severity::Critical,
        owner: "@acme/payments",
    },
];

const LEASE: Duration = Duration::from_mins(10);

/// One incident while it is told.
struct Tale<'a> {
    store: &'a Store,
    claim: Claim,
    at: Timestamp,
}

impl<'a> Tale<'a> {
    /// A credential is found some time after it was exposed.
    async fn begin(store: &'a Store, what: &Detected, place: &Occurrence, at: Timestamp) -> Self {
        let (id, is_new) =
            must(store.detect(what, std::slice::from_ref(place), None, at, "webhook:github").await, "an incident");
        assert!(is_new, "each tale is of another credential");
        let actor = Actor { host: "console-tests".to_owned(), pid: 1, started: 1 };
        let claim = must(store.claim_one(&id, &actor, at, LEASE).await, "a claim");
        Self { store, claim: claim.unwrap_or_else(|| panic!("nobody else has it")), at }
    }

    /// Something happens some milliseconds later.
    async fn then(&mut self, after: i64, event: Event) {
        self.at = later(self.at, after);
        let events = [event];
        self.claim.incident = must(self.store.append(&self.claim, "engine", &events, self.at, &[]).await, "an event");
    }

    /// A person says something.
    async fn person(&mut self, after: i64, who: &str, event: Event) {
        self.at = later(self.at, after);
        self.claim.incident = must(self.store.note(&self.claim.incident.id, who, &[event], self.at).await, "a word");
    }

    async fn end(self) -> IncidentId {
        let writing = Writing { release: true, ..Writing::default() };
        must(self.store.write_down(&self.claim, "engine", writing, self.at).await, "a release");
        self.claim.incident.id
    }
}

fn later(at: Timestamp, millis: i64) -> Timestamp {
    must(at.checked_add(SignedDuration::from_millis(millis)), "a time")
}

/// Fills a store.
pub(crate) async fn tell(store: &Store, now: Timestamp) -> Story {
    past(store, now).await;
    let ago = |minutes: i64| later(now, -minutes * 60_000);
    let killed = kill(store, 900, LEAKS[0], ago(200), (3_400, 1_900)).await;
    let by_hand = give_up(store, 901, ago(120)).await;
    let half = wait(store, 902, LEAKS[4], ago(47), 2).await;
    let waiting = wait(store, 903, LEAKS[1], ago(9), 1).await;
    let hostile = hostile(store, ago(5)).await;
    contain(store, 905, ago(3)).await;
    let found = Tale::begin(store, &what(906, LEAKS[3]), &place(906, ago(1)), later(now, -4_000)).await;
    found.end().await;
    Story { waiting, half, by_hand, killed, hostile }
}

/// Three months in which it became faster.
async fn past(store: &Store, now: Timestamp) {
    for number in 0_i64..44 {
        let days = 84 - number * 84 / 44;
        let at = later(now, -days * 86_400_000 - (number * 7_919 % 600) * 60_000);
        // From hours by hand to seconds, with some that take long all the same.
        let usual = 20_000_000 / (1 + number * number * number / 9);
        let slow = if number % 9 == 4 { 40 } else { 1 };
        let leak = LEAKS[usize::try_from(number).unwrap_or(0) % LEAKS.len()];
        kill(store, number, leak, at, (1_500 + number * 37, (usual * slow).max(900))).await;
    }
}

/// Found, decided, killed, proven; with what passes before it is found and before it is dead.
async fn kill(store: &Store, number: i64, leak: Leak, at: Timestamp, (found, dead): (i64, i64)) -> IncidentId {
    let mut tale = Tale::begin(store, &what(number, leak), &place(number, at), later(at, found)).await;
    tale.then(310, Event::Probed { probe: probe(leak) }).await;
    let (digest, plan) = plan(number, leak);
    tale.then(240, Event::Planned { digest: digest.clone(), plan: Box::new(plan.clone()) }).await;
    tale.then(6, Event::Decided { decision: decision(Verdict::Act, 1) }).await;
    tale.then(4, Event::Began { digest }).await;
    for step in &plan.steps {
        let (ownership, found_by) = (plan.ownership.clone(), plan.target.found_by.clone());
        tale.then(3, Event::Act { moment: Moment::Intent { step: step.clone(), ownership, found_by } }).await;
        tale.then(180, Event::Act { moment: Moment::Result { step: step.name.clone(), outcome: Outcome::Accepted } })
            .await;
    }
    tale.then(dead, Event::Act { moment: Moment::Proof { liveness: Liveness::Inactive } }).await;
    tale.then(2, Event::Contained).await;
    tale.then(1, Event::Dead).await;
    tale.then(90, Event::Told { channel: "slack:#leaks".to_owned(), what: "dead".to_owned() }).await;
    tale.then(2, Event::Closed { ending: Ending::Killed }).await;
    tale.end().await
}

/// Planned, and people are asked.
async fn wait(store: &Store, number: i64, leak: Leak, at: Timestamp, approvals: u32) -> IncidentId {
    let mut tale = Tale::begin(store, &what(number, leak), &place(number, at), later(at, 3_100)).await;
    tale.then(330, Event::Probed { probe: probe(leak) }).await;
    let (digest, plan) = plan(number, leak);
    tale.then(260, Event::Planned { digest: digest.clone(), plan: Box::new(plan) }).await;
    tale.then(5, Event::Decided { decision: decision(Verdict::Ask, approvals) }).await;
    tale.then(2, Event::Asked { digest: digest.clone(), approvals }).await;
    tale.then(140, Event::Told { channel: "slack:#leaks".to_owned(), what: "approval-needed".to_owned() }).await;
    if approvals > 1 {
        let approval = Approval {
            person: "grace".to_owned(),
            digest,
            until: later(tale.at, 86_400_000),
            groups: vec!["security".to_owned()],
        };
        tale.person(95_000, "grace", Event::Approved { approval }).await;
    }
    tale.end().await
}

/// Off, and waiting before what cannot be undone.
async fn contain(store: &Store, number: i64, at: Timestamp) {
    let leak = LEAKS[1];
    let mut tale = Tale::begin(store, &what(number, leak), &place(number, at), later(at, 2_200)).await;
    tale.then(300, Event::Probed { probe: probe(leak) }).await;
    let (digest, plan) = plan(number, leak);
    let step = plan.steps[0].clone();
    tale.then(250, Event::Planned { digest: digest.clone(), plan: Box::new(plan.clone()) }).await;
    tale.then(5, Event::Decided { decision: decision(Verdict::Act, 1) }).await;
    tale.then(2, Event::Began { digest }).await;
    let (ownership, found_by) = (plan.ownership, plan.target.found_by);
    tale.then(3, Event::Act { moment: Moment::Intent { step: step.clone(), ownership, found_by } }).await;
    tale.then(210, Event::Act { moment: Moment::Result { step: step.name, outcome: Outcome::Accepted } }).await;
    tale.then(1_400, Event::Act { moment: Moment::Proof { liveness: Liveness::Inactive } }).await;
    tale.then(2, Event::Contained).await;
    tale.end().await;
}

/// No call revokes it.
async fn give_up(store: &Store, number: i64, at: Timestamp) -> IncidentId {
    let leak = LEAKS[2];
    let mut tale = Tale::begin(store, &what(number, leak), &place(number, at), later(at, 61_000)).await;
    tale.then(300, Event::Probed { probe: probe(leak) }).await;
    let runbook =
        "Settings, Developer settings, Personal access tokens: find the token by its name and delete it.".to_owned();
    tale.then(90, Event::NotPlanned { why: "nothing says that it is ours".to_owned(), runbook: Some(runbook) }).await;
    tale.then(4, Event::Decided { decision: decision(Verdict::Ask, 1) }).await;
    tale.then(3, Event::GaveUp { why: "nothing says that it is ours".to_owned() }).await;
    tale.end().await
}

/// Every text that a stranger could have written tries to break out.
async fn hostile(store: &Store, at: Timestamp) -> IncidentId {
    let bad = HOSTILE.to_owned();
    let mut what = what(904, LEAKS[0]);
    (what.title, what.preview, what.owner.name) = (bad.clone(), bad.clone(), bad.clone());
    what.owner.business = Some(bad.clone());
    what.labels = BTreeMap::from([(bad.clone(), bad.clone())]);
    let url = Some("javascript:window.hit=1".to_owned());
    let place = Occurrence {
        source: bad.clone(),
        place: bad.clone(),
        commit: Some(bad.clone()),
        author: Some(bad.clone()),
        url,
        agent: Some(bad.clone()),
        since: Some(at),
    };
    let mut tale = Tale::begin(store, &what, &place, later(at, 800)).await;
    let mut identity = Identity::default();
    identity.add("account", bad.clone());
    tale.then(10, Event::Probed { probe: Probe::active(identity) }).await;
    let (_, mut plan) = plan(904, LEAKS[0]);
    plan.target.bound.insert(bad.clone(), bad.clone());
    (plan.steps[0].target, plan.steps[0].request) = (bad.clone(), bad.clone());
    let digest = "plan_00000000000000000000000000000904".to_owned();
    tale.then(10, Event::Planned { digest: digest.clone(), plan: Box::new(plan) }).await;
    let mut made = decision(Verdict::Ask, 1);
    (made.why, made.policies, made.approvers) =
        (bad.clone(), vec![bad.clone()], vec![vec![bad.clone(), "ada".to_owned()]]);
    tale.then(10, Event::Decided { decision: made }).await;
    tale.then(10, Event::Asked { digest, approvals: 1 }).await;
    tale.person(10, "vera", Event::Noted { text: bad }).await;
    tale.end().await
}

fn what(number: i64, leak: Leak) -> Detected {
    let labels = [("environment", "production"), ("repository", "acme/checkout")];
    Detected {
        fingerprint: format!("{number:032x}"),
        rule: leak.kind.to_owned(),
        kind: Some(leak.kind.to_owned()),
        provider: leak.provider.to_owned(),
        title: leak.title.to_owned(),
        preview: leak.preview.to_owned(),
        confidence: Confidence::High,
        severity: leak.severity,
        exposure: [Exposure::Public, Exposure::Internal, Exposure::Public, Exposure::Model]
            [usize::try_from(number % 4).unwrap_or(0)],
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        owner: Owner {
            name: leak.owner.to_owned(),
            found_by: "codeowners".to_owned(),
            business: Some("@acme/finance".to_owned()),
        },
    }
}

fn place(number: i64, since: Timestamp) -> Occurrence {
    let commit = format!("{:040x}", 0x9e37_79b9_7f4a_7c15_u128 * u128::try_from(number + 1).unwrap_or(1));
    Occurrence {
        source: "https://github.com/acme/checkout".to_owned(),
        place: format!("deploy/values-prod.yaml:{}", number + 12),
        url: Some(format!("https://github.com/acme/checkout/blob/{commit}/deploy/values-prod.yaml#L{}", number + 12)),
        commit: Some(commit),
        author: Some("Ada Lovelace <ada@example.com>".to_owned()),
        agent: None,
        since: Some(since),
    }
}

fn probe(leak: Leak) -> Probe {
    let mut identity = Identity::default();
    identity.add("account", if leak.provider == "aws" { "123456789012" } else { "acme" });
    identity.add("user", "deploy-checkout");
    identity.add("scopes", "payments:write");
    identity.add("scopes", "customers:read");
    identity.add("created", "2025-03-02");
    identity.add("last_used", "2026-11-21");
    Probe::active(identity)
}

fn plan(number: i64, leak: Leak) -> (String, Plan) {
    let step = |index, name: &str, kind, method: &str| Step {
        index,
        name: name.to_owned(),
        kind,
        target: format!("key_{number:04} of deploy-checkout"),
        request: format!("{method} api.{}.example/v1/keys/key_{number:04}", leak.provider),
        settle: 5,
    };
    let steps =
        vec![step(0, "deactivate", StepKind::Reversible, "PATCH"), step(1, "delete", StepKind::Final, "DELETE")];
    let target = Target {
        bound: BTreeMap::from([
            ("key_id".to_owned(), format!("key_{number:04}")),
            ("user".to_owned(), "deploy-checkout".to_owned()),
        ]),
        found_by: "the only key whose mask fits".to_owned(),
        listed: true,
        alive: Some(true),
        ..Target::default()
    };
    let plan = Plan {
        fingerprint: format!("{number:032x}"),
        kind: leak.kind.to_owned(),
        probe: probe(leak),
        ownership: Ownership::Listed,
        target,
        steps,
    };
    (format!("plan_{number:032x}"), plan)
}

fn decision(verdict: Verdict, approvals: u32) -> Decision {
    Decision {
        verdict,
        means: Some(Means::Revoke),
        policies: vec!["production.two".to_owned(), "default.proven-alive".to_owned()],
        approvals,
        approvers: if approvals > 1 {
            vec![vec!["security".to_owned()], vec!["team-payments".to_owned()]]
        } else {
            Vec::new()
        },
        wait: if verdict == Verdict::Ask { 3_600 } else { 0 },
        approval_lasts: 86_400,
        why: "it opens production, and it is proven alive".to_owned(),
        errors: Vec::new(),
    }
}

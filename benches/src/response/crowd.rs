//! Many credentials leak at once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stanch_testkit::Sandbox;

use super::Load;
use super::provider::{Provider, Share, Way};
use super::serve::Serving;
use super::tell::Line;
use crate::error::BenchError;

/// A credential on its way.
struct Told {
    secret: String,
    incident: String,
    /// When its report was begun, by the clock of the timelines, in milliseconds.
    begun: f64,
    /// How long it took until the server had it safe.
    accepted: f64,
}

/// When what happened to one credential, in milliseconds since its report was begun.
#[derive(Debug, Default, Clone, Copy)]
struct Times {
    accepted: f64,
    verified: f64,
    decided: f64,
    step: f64,
    contained: f64,
    dead: f64,
    own: f64,
}

/// Reports as many credentials at once as the load says, and tells how long each stretch of their way took. Those of all rounds stand together.
///
/// # Errors
/// If the server does not come up, refuses a report, or does not end what it began.
pub fn crowd(load: &Load, way: Way, tell: impl Fn(&str)) -> Result<Vec<Line>, BenchError> {
    let mut all = Vec::new();
    let (mut walls, mut processor, mut provider) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=load.rounds {
        let once = once(load, way, round as u64)?;
        let worst = once.times.iter().map(|times| times.contained).fold(0.0, f64::max);
        tell(&format!(
            "{}: round {round}: all in {:.0} ms, the last contained after {worst:.0} ms",
            way.name(),
            once.wall
        ));
        all.extend(once.times);
        walls.push(once.wall);
        processor.push(once.cpu);
        provider.extend(once.provider.into_iter().map(|share| share.took.as_secs_f64() * 1e3));
    }
    let of = |stretch: &str, what: fn(&Times) -> f64, note: &str| {
        Line::of(way.name(), stretch, all.iter().map(what).collect(), note)
    };
    let (count, clients) = (load.incidents, load.clients);
    Ok(vec![
        of("report to safe in the store", |times| times.accepted, &format!("{count} at once, {clients} connections")),
        of("safe to verified", |times| times.verified - times.accepted, ""),
        of("verified to decided", |times| times.decided - times.verified, ""),
        of("decided to the first step", |times| times.step - times.decided, ""),
        of("the first step to contained, proven", |times| times.contained - times.step, ""),
        of("report to contained, proven", |times| times.contained, ""),
        of("the same, less the provider's time", |times| times.own, "the target is 2,000 for p99"),
        of("report to dead", |times| times.dead, ""),
        Line::of(way.name(), "the provider's time, each", provider, ""),
        Line::of(way.name(), "first report to the last one dead", walls, format!("{} rounds", load.rounds)),
        Line::of(way.name(), "the server's processor time", processor, ""),
    ])
}

/// One round.
struct Once {
    times: Vec<Times>,
    provider: Vec<Share>,
    /// From the first report to the last death, in milliseconds.
    wall: f64,
    cpu: f64,
}

fn once(load: &Load, way: Way, seed: u64) -> Result<Once, BenchError> {
    let sandbox = Sandbox::new(&load.stanch);
    let provider = Provider::start(way, load.incidents, seed)?;
    let serving = Serving::start(&sandbox, &provider.config(sandbox.root())?)?;
    let secrets = provider.secrets();
    // The scanner of the interface is made when it is first needed, which is no part of a crowd.
    let _ =
        serving.api("POST /api/v1/findings", json!({ "secret": "nothing that a rule knows" }).to_string().as_bytes());
    let (before, begun, clock) = (serving.cpu().unwrap_or_default(), Instant::now(), now());
    let told = report(&serving, way, &secrets, load.clients)?;
    serving.rest(Duration::from_mins(5))?;
    let cpu = (serving.cpu().unwrap_or_default() - before) * 1e3;
    let mut lines = BTreeMap::new();
    for one in &told {
        lines.insert(one.secret.clone(), serving.timeline(&one.incident)?);
    }
    let first = told.iter().map(|one| one.begun).fold(f64::INFINITY, f64::min);
    let until = |one: &Told| {
        let contained = lines.get(&one.secret).and_then(|lines| moment(lines, "contained")).unwrap_or(f64::INFINITY);
        begun + Duration::from_secs_f64(((contained - clock) / 1e3).clamp(0.0, 1e6))
    };
    let until: BTreeMap<String, Instant> = told.iter().map(|one| (one.secret.clone(), until(one))).collect();
    let shares = provider.shares(&until);
    let expected = if way == Way::Listed { 2 } else { 1 } * secrets.len();
    if provider.hits() != expected || !provider.stage.strays().is_empty() {
        let strays = provider.stage.strays().len();
        return Err(BenchError::new(format!("{} effects in place of {expected}, {strays} strays", provider.hits())));
    }
    let mut times = Vec::new();
    let mut wall: f64 = 0.0;
    for one in &told {
        let lines = lines.get(&one.secret).map(Vec::as_slice).unwrap_or_default();
        let share = shares.get(&one.secret).copied().unwrap_or_default();
        let of = times_of(one, lines, share).ok_or_else(|| BenchError::new(format!("{} did not die", one.incident)))?;
        wall = wall.max(one.begun + of.dead - first);
        times.push(of);
    }
    Ok(Once { times, provider: shares.into_values().collect(), wall, cpu })
}

/// Reports all secrets over so many connections at a time.
fn report(serving: &Serving, way: Way, secrets: &[String], clients: usize) -> Result<Vec<Told>, BenchError> {
    let next = AtomicUsize::new(0);
    let told = Mutex::new(Vec::new());
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                while let Some(secret) = secrets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match report_one(serving, way, secret) {
                        Ok(one) => lock(&told).push(one),
                        Err(error) => *lock(&failed) = Some(error),
                    }
                }
            });
        }
    });
    let failed = lock(&failed).take();
    failed.map_or_else(|| Ok(std::mem::take(&mut *lock(&told))), Err)
}

fn report_one(serving: &Serving, way: Way, secret: &str) -> Result<Told, BenchError> {
    let found = json!({
        "secret": secret, "rule": way.rule(), "exposure": "public",
        "occurrences": [{ "source": "https://git.example.com/shop", "place": "app.env:1" }],
    });
    let (begun, clock) = (now(), Instant::now());
    let said = serving.api("POST /api/v1/findings", found.to_string().as_bytes())?;
    let accepted = clock.elapsed().as_secs_f64() * 1e3;
    let incident = said.get("incident").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Told { secret: secret.to_owned(), incident, begun, accepted })
}

fn times_of(told: &Told, lines: &[(f64, Value)], share: Share) -> Option<Times> {
    let since = |name| Some(moment(lines, name)? - told.begun);
    let contained = since("contained")?;
    Some(Times {
        accepted: told.accepted,
        verified: since("probed")?,
        decided: since("decided")?,
        step: since("act")?,
        contained,
        dead: since("dead")?,
        own: contained - share.took.as_secs_f64() * 1e3,
    })
}

/// When something of a name first happened.
pub(super) fn moment(lines: &[(f64, Value)], name: &str) -> Option<f64> {
    let is = |event: &Value| event.get("event").and_then(Value::as_str) == Some(name);
    lines.iter().find(|(_, event)| is(event)).map(|(at, _)| *at)
}

/// Milliseconds since 1970.
pub(super) fn now() -> f64 {
    jiff::Timestamp::now().as_microsecond() as f64 / 1e3
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

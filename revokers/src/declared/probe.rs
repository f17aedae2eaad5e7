//! Is it alive, and whose is it?

use std::collections::BTreeMap;

use serde_json::Value;
use stanch_model::Secret;

use super::{Declared, Filled, Unbound, bind, locate};
use crate::answer::{Means, read, read_of};
use crate::http::{Answer, Repeat};
use crate::kind::{Also, ProbeSpec};
use crate::request::Request;
use crate::{Context, Credential, Identity, Liveness, Outcome, Probe, Why};

pub(super) async fn probe(declared: Declared, cx: &Context, credential: &Credential) -> Probe {
    let Some(spec) = &declared.kind.probe else {
        return Probe::unknown(Why::NoWay { provider: declared.file.name.clone() });
    };
    let outcome = match &spec.request {
        Some(request) => ask(declared, cx, credential, spec, request).await,
        None => claim(declared, cx, credential).await,
    };
    outcome.unwrap_or_else(Probe::unknown)
}

/// Asks with the credential itself.
async fn ask(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    spec: &ProbeSpec,
    request: &Request,
) -> Result<Probe, Why> {
    let mut filled = declared.fill(cx, credential)?;
    let mut requests = vec![request];
    requests.extend(spec.also.iter().map(|also| &also.request));
    declared.fill_responder(cx, &mut filled, &[request], &[]).await?;
    let answer = filled.send(cx, request, Repeat::Safe).await?;
    match read_of(&spec.answers, &answer, credential.was_alive)? {
        Means::Active => {}
        Means::Inactive => return refused(&filled, credential),
        _ => return Err(Why::Answer { status: answer.status }),
    }
    if spec.control && !refuses_made_up(declared, cx, credential, spec, request).await? {
        return Err(Why::Loose);
    }
    let mut probe = Probe::active(filled.identity(&spec.identity, &answer));
    take(&mut probe, &filled, &spec.bind, &answer);
    // Where it was alive before, whose it is was asked then, and only whether it is refused is wanted now.
    for also in spec.also.iter().filter(|_| !credential.was_alive) {
        more(&mut probe, &mut filled, cx, also).await;
    }
    Ok(probe)
}

/// What a refusal proves. With a part that only stood near, a living one may be refused, too.
fn refused(filled: &Filled, credential: &Credential) -> Result<Probe, Why> {
    match filled.values.doubtful().filter(|_| !credential.was_alive) {
        Some(part) => Err(Why::Other {
            detail: format!("it is refused with the {part} that stands near it; `--part {part}=…` gives another"),
        }),
        None => Ok(Probe::of(Liveness::Inactive)),
    }
}

/// Asks more about a live one. What cannot be told is left out: it is alive all the same.
async fn more(probe: &mut Probe, filled: &mut Filled, cx: &Context, also: &Also) {
    filled.values.bind(&probe.bound);
    filled.values.bind_hidden(&probe.hidden);
    let Ok(answer) = filled.send(cx, &also.request, Repeat::Safe).await else { return };
    if answer.proves_nothing().is_none() && (200..300).contains(&answer.status) {
        let identity: Identity = filled.identity(&also.identity, &answer);
        probe.identity.join(identity);
        take(probe, filled, &also.bind, &answer);
    }
}

/// Binds what later requests need, each name by itself. A value that holds the secret is not kept.
fn take(probe: &mut Probe, filled: &Filled, names: &BTreeMap<String, String>, answer: &Answer) {
    let json = answer.json().unwrap_or(Value::Null);
    for (name, place) in names {
        let one = [(name.clone(), place.clone())].into();
        let bound = bind(&one, &json).unwrap_or_else(|_: Unbound| BTreeMap::new());
        filled.sort(bound, &mut probe.bound, &mut probe.hidden);
    }
}

/// Whether a key that nobody was given is refused. Only then says a positive answer something about this one.
async fn refuses_made_up(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    spec: &ProbeSpec,
    request: &Request,
) -> Result<bool, Why> {
    let made_up = Credential { secret: mutate(credential.text()?), ..credential.clone() };
    let mut filled = declared.fill(cx, &made_up)?;
    declared.fill_responder(cx, &mut filled, &[request], &[]).await?;
    let answer = filled.send(cx, request, Repeat::Safe).await?;
    Ok(read(&spec.answers, &answer)? == Means::Inactive)
}

/// The same form with other letters: the last third is turned around within its class, so that prefix and length stay.
pub(crate) fn mutate(secret: &str) -> Secret {
    let from = secret.len() - secret.len() / 3;
    let turned = secret.bytes().enumerate().map(|(at, byte)| match byte {
        _ if at < from => byte,
        b'0'..=b'9' => b'0' + (byte - b'0' + 5) % 10,
        b'a'..=b'f' => b'a' + (byte - b'a' + 3) % 6,
        b'g'..=b'z' => b'g' + (byte - b'g' + 10) % 20,
        b'A'..=b'F' => b'A' + (byte - b'A' + 3) % 6,
        b'G'..=b'Z' => b'G' + (byte - b'G' + 10) % 20,
        other => other,
    });
    Secret::new(turned.collect())
}

/// Asks the lists of the responder's account.
async fn claim(declared: Declared, cx: &Context, credential: &Credential) -> Result<Probe, Why> {
    let seen = Probe::of(Liveness::Unknown { why: Why::NotListed });
    let spec = declared.kind.probe.as_ref();
    let found = locate::locate(declared, cx, credential, &seen).await;
    let values = credential.values(declared.kind, &declared.file.provider, &cx.config)?;
    if let (Ok(_), Some(part)) = (&found, locate::bystander(declared, &values)) {
        return Err(Why::Other {
            detail: format!(
                "the {part} that stood near it is listed, and nothing shows that the secret belongs to it \
                 (`--part {part}=…` says so)"
            ),
        });
    }
    match found {
        Ok(target) if target.alive == Some(false) => Ok(Probe::of(Liveness::Inactive)),
        Ok(target) if target.alive.is_none() && spec.is_some_and(|spec| !spec.found.is_empty()) => {
            Err(Why::Other { detail: "the list does not say whether it is alive".to_owned() })
        }
        Ok(target) => {
            let mut probe = Probe::active(Identity::default());
            probe.bound = target.bound;
            Ok(probe)
        }
        Err(Outcome::Unknown { why }) => Err(why),
        Err(other) => Err(Why::Other { detail: other.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test looks at a made-up key")]
    fn a_made_up_key_has_the_form_of_the_real_one_and_is_another() {
        for text in ["acme_0123456789abcdefXYZ", "00ff00ff00ff00ff", "SG.aaaa.bbbbbbbb"] {
            let made_up = mutate(text);
            assert_eq!(made_up.len(), text.len());
            assert_ne!(made_up.expose(), text.as_bytes());
            let class =
                |b: &u8| (b.is_ascii_digit(), b.is_ascii_hexdigit(), b.is_ascii_uppercase(), b.is_ascii_alphabetic());
            assert!(made_up.expose().iter().map(class).eq(text.as_bytes().iter().map(class)));
        }
    }
}

//! Whether a configured responder is accepted.

use crate::answer::{Means, read};
use crate::file::{File, ResponderSpec};
use crate::http::{Payer, Repeat};
use crate::responder::Responder;
use crate::{Context, Liveness, Values, Why};

/// Asks about every configured responder of an id: the account it is for, and what the provider said.
pub async fn check_responder(cx: &Context, file: &File, spec: &ResponderSpec) -> Vec<(Option<String>, Liveness)> {
    let mut answers = Vec::new();
    for responder in cx.responders.all(&cx.config, &spec.id).await {
        let unknown = |why| Liveness::Unknown { why };
        answers.push(match responder {
            Ok(responder) => {
                let liveness = ask(cx, file, spec, &responder).await.unwrap_or_else(unknown);
                (responder.account, liveness)
            }
            Err(why) => (None, unknown(why)),
        });
    }
    answers
}

async fn ask(cx: &Context, file: &File, spec: &ResponderSpec, responder: &Responder) -> Result<Liveness, Why> {
    let none = || Why::NoWay { provider: file.name.clone() };
    let check = spec.check.as_ref().ok_or_else(none)?;
    let mut values = Values::default();
    values.set_responder(responder);
    for (name, value) in cx.config.settings.get(&file.provider).into_iter().flatten() {
        values.set(name, value);
    }
    let payer = Payer {
        provider: file.provider.clone(),
        account: responder.account.clone().unwrap_or_default(),
        ..Payer::default()
    };
    let answer = cx.http.send(&check.request.call(&values)?, &payer, Repeat::Safe).await?;
    match read(&check.answers, &answer)? {
        Means::Active | Means::Done => Ok(Liveness::Active),
        Means::Inactive | Means::Denied => Ok(Liveness::Inactive),
        _ => Err(Why::Answer { status: answer.status }),
    }
}

//! Who asks: the leaked key in the partition where it is known, and the responder of its account.

use super::id::{Principal, is_session};
use super::partition::{ALL, Partition};
use super::query::{Failure, Hand, Signer};
use super::{Aws, told};
use crate::{Context, Why};

/// What `GetCallerIdentity` tells. Everybody may ask it, even where a policy denies it
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) partition: Partition,
    pub(super) account: String,
    pub(super) arn: String,
    pub(super) principal: Option<Principal>,
}

/// Asks a partition who the signer is.
pub(super) async fn whoami(cx: &Context, hand: &Hand) -> Result<Caller, Failure> {
    let answer = hand.sts(cx, "GetCallerIdentity").await?;
    let text = |name: &str| {
        let found = answer.text(&format!("GetCallerIdentityResult/{name}"));
        found.map(str::to_owned).ok_or_else(|| Failure::Unknown(Why::Missing { part: name.to_owned() }))
    };
    let (account, arn) = (text("Account")?, text("Arn")?);
    let principal = Principal::parse(&arn);
    Ok(Caller { partition: hand.partition, account, arn, principal })
}

impl Aws {
    /// Who a signer is, in the first of the partitions that knows it; `None` if every one of them says that there is no such key, or that
    /// the session is over.
    ///
    /// A key of one partition does not exist in the others, so that one partition's word proves nothing unless the configuration names it.
    pub(super) async fn identify(
        &self,
        cx: &Context,
        signer: &Signer,
        partitions: &[Partition],
    ) -> Result<Option<Caller>, Why> {
        let mut refused = Vec::new();
        for partition in partitions {
            let hand = Hand { signer: signer.clone(), partition: *partition, payer: self.payer("") };
            let failure = match whoami(cx, &hand).await {
                Ok(caller) => return Ok(Some(caller)),
                Err(failure) => failure,
            };
            match failure.code() {
                "ExpiredToken" | "ExpiredTokenException" => return Ok(None),
                "InvalidClientTokenId" => refused.push(partition.name),
                "SignatureDoesNotMatch" => {
                    return Err(told(
                        "the key id is one of AWS, and the secret is not its secret: the two do not belong together",
                    ));
                }
                _ => return Err(after(&refused, partition, failure.why())),
            }
        }
        // The id of a session is in no register: the same refusal meets a token that was cut off.
        if is_session(&signer.key_id) {
            return Err(told("AWS does not know the session; its token may be cut off, or another session's"));
        }
        Ok(None)
    }

    /// The partitions that are asked.
    pub(super) fn partitions(named: Option<Partition>) -> Vec<Partition> {
        named.map_or_else(|| ALL.to_vec(), |one| vec![one])
    }

    /// The responder, once it is known to be of the account that is meant.
    pub(super) async fn responder(
        &self,
        cx: &Context,
        account: Option<&str>,
        partition: Partition,
    ) -> Result<(Hand, Caller), Why> {
        let id = self.file.responder(self.kind).map_or("aws", |responder| responder.id.as_str());
        let accounts: Vec<String> = account.map(str::to_owned).into_iter().collect();
        let responder = cx.responders.get(&cx.config, id, &accounts).await?;
        let fail = |detail: String| Why::NoResponder { id: id.to_owned(), detail };
        let part = |name: &str| responder.parts.get(name).cloned();
        let secret = part("secret").ok_or_else(|| fail("it has no `secret`".to_owned()))?;
        let key_id = part("key_id").ok_or_else(|| fail("it has no `key_id`".to_owned()))?.to_string();
        let signer = Signer { key_id, secret, token: part("session_token") };
        let hand = Hand { signer, partition, payer: self.payer(responder.account.as_deref().unwrap_or("responder")) };
        let caller = whoami(cx, &hand).await.map_err(|failure| match failure.code() {
            "" => failure.why(),
            code => fail(format!("AWS refuses it ({code})")),
        })?;
        match account {
            Some(account) if account != caller.account => {
                Err(fail(format!("it is of account {}, and the credential of {account}", caller.account)))
            }
            _ => Ok((hand, caller)),
        }
    }
}

/// Why nothing is known, after some partitions refused.
fn after(refused: &[&str], partition: &Partition, why: Why) -> Why {
    if refused.is_empty() {
        return why;
    }
    let (refused, next) = (refused.join(" and "), partition.name);
    told(format!(
        "partition {refused} does not know it, and {next} was not heard ({why}); name the one that is yours in `settings.aws.partition`"
    ))
}

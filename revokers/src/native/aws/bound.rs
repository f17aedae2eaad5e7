//! A target, and what is done to it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::partition::{Partition, by_name};
use super::query::Fields;
use super::told;
use crate::{Step, StepKind, Why};

/// What a target is.
pub(super) const WHAT: &str = "what";
/// An access key, of a user or of the account itself.
pub(super) const KEY: &str = "access-key";
/// The sessions of a role or a user.
pub(super) const SESSIONS: &str = "sessions";
/// The short-term Bedrock keys of a role or a user.
pub(super) const BEARER: &str = "bearer";
/// A credential for one service.
pub(super) const SERVICE: &str = "service-credential";
/// The password of the console.
pub(super) const PASSWORD: &str = "password";

/// Steps, by name.
const DEACTIVATE: &str = "deactivate";
const DELETE: &str = "delete";
const DENY: &str = "deny";

/// Seconds until a change has reached every place
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>).
pub(super) const SETTLE: u64 = 60;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The action of the provider.
    pub(super) action: &'static str,
    /// Its fields.
    pub(super) fields: Fields,
    /// Whether the leaked key may do it itself.
    pub(super) own: bool,
    /// Whether a responder may.
    pub(super) responder: bool,
}

/// What is bound of a target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound<'a>(pub(super) &'a BTreeMap<String, String>);

impl<'a> Bound<'a> {
    pub(super) fn get(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(String::as_str)
    }

    fn need(self, name: &str) -> Result<String, Why> {
        self.get(name).map(str::to_owned).ok_or_else(|| Why::Missing { part: name.to_owned() })
    }

    /// Where the target lives.
    pub(super) fn partition(self) -> Result<Partition, Why> {
        by_name(&self.need("partition")?).ok_or_else(|| Why::Malformed { part: "partition".to_owned() })
    }

    /// The account in which it lives, if that is known.
    pub(super) fn account(self) -> Option<&'a str> {
        self.get("account")
    }

    /// The name of the policy that ends what this key may do; one of its own, so that undoing removes nobody else's.
    pub(super) fn policy(self) -> Result<String, Why> {
        Ok(format!("StanchRevokeOlderSessions-{}", self.need("key_id")?))
    }

    /// What is done to it, in order.
    pub(super) fn steps(self) -> Result<Vec<Step>, Why> {
        let names: &[(&str, StepKind)] = match self.get(WHAT) {
            Some(KEY | SERVICE) => &[(DEACTIVATE, StepKind::Reversible), (DELETE, StepKind::Final)],
            Some(SESSIONS | BEARER) => &[(DENY, StepKind::Reversible)],
            Some(PASSWORD) => &[(DELETE, StepKind::Final)],
            _ => return Err(told("the target is of no known form")),
        };
        let host = self.partition()?.iam.host;
        let step = |(index, (name, kind)): (usize, &(&str, StepKind))| {
            let request = format!("POST {host} {}", self.doing(name)?.action);
            let target = self.describe()?;
            Ok(Step { index, name: (*name).to_owned(), kind: *kind, target, request, settle: SETTLE })
        };
        names.iter().enumerate().map(step).collect()
    }

    /// What exactly is hit, for people.
    fn describe(self) -> Result<String, Why> {
        let account = self.account().map(|account| format!(" of account {account}")).unwrap_or_default();
        let owner = match (self.get("role"), self.get("user")) {
            (Some(role), _) => format!("role {role}{account}"),
            (None, Some(user)) => format!("user {user}{account}"),
            (None, None) => format!("the root user{account}"),
        };
        Ok(match self.get(WHAT) {
            Some(KEY) => format!("access key {} of {owner}", self.need("key_id")?),
            Some(SESSIONS) => format!("every session of {owner} that was issued before now"),
            Some(BEARER) => format!("every short-term Bedrock key of {owner} that was made before now"),
            Some(SERVICE) => {
                format!("credential {} of {owner} for {}", self.need("credential_id")?, self.need("service")?)
            }
            _ => format!("the console password of {owner}"),
        })
    }

    /// What a step does.
    pub(super) fn doing(self, step: &str) -> Result<Change, Why> {
        match (self.get(WHAT), step) {
            (Some(KEY), DEACTIVATE) => self.key_status("Inactive"),
            (Some(KEY), DELETE) => self.removing(&self.need("key_id")?),
            (Some(SERVICE), DEACTIVATE) => self.service_status("Inactive"),
            (Some(SERVICE), DELETE) => self.removing(&self.need("credential_id")?),
            (Some(SESSIONS | BEARER), DENY) => self.deny(),
            (Some(PASSWORD), DELETE) => Ok(by_responder("DeleteLoginProfile", vec![("UserName", self.need("user")?)])),
            _ => Err(told("no such step")),
        }
    }

    /// What undoes a step, if anything does.
    pub(super) fn undoing(self, step: &str) -> Result<Option<Change>, Why> {
        Ok(match (self.get(WHAT), step) {
            (Some(KEY), DEACTIVATE) => Some(self.key_status("Active")?),
            (Some(SERVICE), DEACTIVATE) => Some(self.service_status("Active")?),
            (Some(SESSIONS | BEARER), DENY) => {
                let (delete, _, name) = self.place()?;
                Some(by_responder(delete, vec![name, ("PolicyName", self.policy()?)]))
            }
            _ => None,
        })
    }

    /// What removes a key, or a credential for a service, for good.
    pub(super) fn removing(self, id: &str) -> Result<Change, Why> {
        match self.get(WHAT) {
            Some(KEY) => {
                Ok(Change { action: "DeleteAccessKey", fields: self.of_key(id), own: true, responder: self.has_user() })
            }
            Some(SERVICE) => Ok(by_responder("DeleteServiceSpecificCredential", self.of_service(id)?)),
            _ => Err(told("there is nothing to remove")),
        }
    }

    fn key_status(self, status: &str) -> Result<Change, Why> {
        let mut fields = self.of_key(&self.need("key_id")?);
        fields.push(("Status", status.to_owned()));
        Ok(Change { action: "UpdateAccessKey", fields, own: true, responder: self.has_user() })
    }

    fn service_status(self, status: &str) -> Result<Change, Why> {
        let mut fields = self.of_service(&self.need("credential_id")?)?;
        fields.push(("Status", status.to_owned()));
        Ok(by_responder("UpdateServiceSpecificCredential", fields))
    }

    /// A key of the account itself has no user, and only itself may end it.
    fn has_user(self) -> bool {
        self.get("user").is_some()
    }

    /// The fields that name an access key.
    fn of_key(self, id: &str) -> Fields {
        let user = self.get("user").map(|user| ("UserName", user.to_owned()));
        [("AccessKeyId", id.to_owned())].into_iter().chain(user).collect()
    }

    fn of_service(self, id: &str) -> Result<Fields, Why> {
        Ok(vec![("ServiceSpecificCredentialId", id.to_owned()), ("UserName", self.need("user")?)])
    }

    /// The actions that remove and read an inline policy of the target, and the field that names whose it is.
    pub(super) fn place(self) -> Result<(&'static str, &'static str, (&'static str, String)), Why> {
        match self.get("role") {
            Some(role) => Ok(("DeleteRolePolicy", "GetRolePolicy", ("RoleName", role.to_owned()))),
            None => Ok(("DeleteUserPolicy", "GetUserPolicy", ("UserName", self.need("user")?))),
        }
    }

    /// An inline policy against what was issued until now
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>,
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-revoke.html>).
    fn deny(self) -> Result<Change, Why> {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let older = json!({ "DateLessThan": { "aws:TokenIssueTime": now } });
        // What a long-term key signed carries no time of issue, but its type.
        let short = json!({ "StringEquals": { "bedrock:bearerTokenType": "SHORT_TERM" } });
        let (action, condition) = match (self.get(WHAT), self.get("role")) {
            (Some(BEARER), Some(_)) => ("bedrock:CallWithBearerToken", older),
            (Some(BEARER), None) => ("bedrock:CallWithBearerToken", short),
            _ => ("*", older),
        };
        let statement = json!({ "Effect": "Deny", "Action": [action], "Resource": ["*"], "Condition": condition });
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let (_, _, name) = self.place()?;
        let put = if name.0 == "RoleName" { "PutRolePolicy" } else { "PutUserPolicy" };
        Ok(by_responder(put, vec![name, ("PolicyName", self.policy()?), ("PolicyDocument", document)]))
    }
}

const fn by_responder(action: &'static str, fields: Fields) -> Change {
    Change { action, fields, own: false, responder: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let with = [("partition", "aws"), ("account", "123456789012")];
        pairs.iter().chain(&with).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_key_is_deactivated_before_it_is_deleted() {
        let target = bound(&[(WHAT, KEY), ("key_id", "AKIA1"), ("user", "bob")]);
        let steps = Bound(&target).steps().unwrap_or_default();
        let shown: Vec<_> = steps.iter().map(|step| (step.name.as_str(), step.kind, step.request.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("deactivate", StepKind::Reversible, "POST iam.amazonaws.com UpdateAccessKey"),
                ("delete", StepKind::Final, "POST iam.amazonaws.com DeleteAccessKey")
            ]
        );
        assert!(steps.iter().all(|step| step.target == "access key AKIA1 of user bob of account 123456789012"));
        let undo = Bound(&target).undoing("deactivate").ok().flatten().map(|change| change.fields).unwrap_or_default();
        assert!(undo.contains(&("Status", "Active".to_owned())) && undo.contains(&("UserName", "bob".to_owned())));
        assert_eq!(Bound(&target).undoing("delete"), Ok(None));
    }

    #[test]
    fn only_the_key_of_the_account_itself_ends_itself() {
        let target = bound(&[(WHAT, KEY), ("key_id", "AKIA1")]);
        let change = Bound(&target).doing("delete");
        assert!(change.is_ok_and(|c| c.own && !c.responder && c.fields == vec![("AccessKeyId", "AKIA1".to_owned())]));
    }

    #[test]
    fn sessions_are_denied_by_a_policy_of_our_own_that_can_be_removed() {
        let target = bound(&[(WHAT, SESSIONS), ("key_id", "ASIA1"), ("role", "deploy")]);
        let change = Bound(&target).doing("deny");
        let document = change.as_ref().ok().and_then(|c| c.fields.iter().find(|(name, _)| *name == "PolicyDocument"));
        let document: serde_json::Value =
            document.and_then(|(_, text)| serde_json::from_str(text).ok()).unwrap_or_default();
        let statement = &document["Statement"][0];
        assert_eq!((&statement["Effect"], &statement["Action"][0]), (&json!("Deny"), &json!("*")));
        let time = statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"].as_str().unwrap_or_default();
        assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
        let undo = Bound(&target).undoing("deny").ok().flatten();
        let name = ("PolicyName", "StanchRevokeOlderSessions-ASIA1".to_owned());
        assert!(undo.is_some_and(|c| c.action == "DeleteRolePolicy" && c.fields.contains(&name) && !c.own));
    }

    #[test]
    fn a_bedrock_key_is_denied_and_nothing_else_of_its_owner() {
        for (owner, condition) in [("role", "DateLessThan"), ("user", "StringEquals")] {
            let target = bound(&[(WHAT, BEARER), ("key_id", "ASIA1"), (owner, "x")]);
            let fields = Bound(&target).doing("deny").map(|change| change.fields).unwrap_or_default();
            let text = fields.iter().find(|(name, _)| *name == "PolicyDocument").map_or("", |(_, text)| text);
            assert!(text.contains("\"bedrock:CallWithBearerToken\"") && text.contains(condition), "{text}");
        }
    }
}

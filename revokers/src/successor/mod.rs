//! Where a successor is handed over: secret stores, CI, files, commands.
//!
//! [`parse`] reads the name of a store, as a person writes it, into a [`Sink`]. What is stored is the new secret; with `PART=` before the name
//! it is a part that came with it, such as the id of a new key (`key_id=env-file:.env#AWS_ACCESS_KEY_ID`).
//!
//! A store that lost its answer is read again before the handing-over counts as failed: it may hold the new secret already. No error quotes
//! what a store said, as that may repeat what it was told.

mod ask;
mod aws;
mod command;
mod env_file;
mod gcp;
mod github;
mod gitlab;
mod kubernetes;
mod vault;
mod wiped;

use std::fmt;

use stanch_model::Secret;
use zeroize::Zeroizing;

use crate::act::{Sink, SinkError};
use crate::{Context, Doing, Successor};

/// Every store, as it is written and as it is explained.
pub const FORMS: [(&str, &str); 8] = [
    ("vault:MOUNT/PATH#FIELD", "a field of a Vault KV v2 secret; other fields stay"),
    ("aws-secrets:REGION/NAME", "a secret of AWS Secrets Manager"),
    ("gcp-secret:projects/PROJECT/secrets/NAME", "a new version of a secret of Google Secret Manager"),
    ("github-actions:OWNER/REPO/NAME", "an Actions secret of a repository"),
    (
        "gitlab-ci:HOST/PROJECT/NAME[#SCOPE]",
        "a CI/CD variable of a project, where several scopes have it with its scope",
    ),
    ("kubernetes:NAMESPACE/NAME#KEY", "a key of a Secret that exists"),
    ("env-file:PATH#NAME", "a line of a .env file"),
    ("command:PROGRAM ARGUMENT…", "the standard input of a command"),
];

/// The text names no store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Nothing stands before the colon that is a kind of store.
    #[error("no store `{0}`; `stanch rotate --help` lists them")]
    Unknown(String),
    /// The rest does not fit the kind of store.
    #[error("{detail}: the store is written {form}")]
    Form {
        /// How it is written.
        form: &'static str,
        /// What is wrong.
        detail: String,
    },
}

/// Reads the name of a store: one of [`FORMS`], with `PART=` before it if it is not the secret itself that is stored.
///
/// # Errors
/// If there is no such store, or its name is not complete.
pub fn parse(text: &str) -> Result<Box<dyn Sink>, ParseError> {
    let (head, rest) = text.split_once(':').ok_or_else(|| ParseError::Unknown(text.to_owned()))?;
    let (part, scheme) = head.split_once('=').map_or((None, head), |(part, scheme)| (Some(part), scheme));
    let index = FORMS.iter().position(|(form, _)| form.split(':').next() == Some(scheme));
    let form = index.and_then(|index| FORMS.get(index)).ok_or_else(|| ParseError::Unknown(scheme.to_owned()))?.0;
    let fail = |detail: String| ParseError::Form { form, detail };
    if part.is_some_and(|part| !is_name(part)) {
        return Err(fail("the name of a part is letters, digits and underscores".to_owned()));
    }
    let store = match scheme {
        "vault" => vault::Vault::parse(rest).map(boxed),
        "aws-secrets" => aws::SecretsManager::parse(rest).map(boxed),
        "gcp-secret" => gcp::SecretManager::parse(rest).map(boxed),
        "github-actions" => github::Actions::parse(rest).map(boxed),
        "gitlab-ci" => gitlab::Variable::parse(rest).map(boxed),
        "kubernetes" => kubernetes::Entry::parse(rest).map(boxed),
        "env-file" => env_file::EnvFile::parse(rest).map(boxed),
        _ => command::Command::parse(rest).map(boxed),
    };
    Ok(Box::new(Handover { part: part.map(str::to_owned), store: store.map_err(fail)? }))
}

fn boxed<S: Store + 'static>(store: S) -> Box<dyn Store> {
    Box::new(store)
}

/// A place that holds one value.
trait Store: Send + Sync + fmt::Debug {
    /// What people call it.
    fn name(&self) -> String;

    /// Makes sure, as far as that is known without changing anything, that a value could be put there.
    fn ready<'a>(&'a self, cx: &'a Context) -> Doing<'a, Result<(), Failure>>;

    /// Puts the value there, in place of the old one.
    fn put<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>>;

    /// Makes sure that the value is there.
    fn holds<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>>;
}

/// A value is not where it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Failure {
    /// It is certain that nothing was changed, or that it is not there.
    Not(String),
    /// It is not known.
    Unknown(String),
}

impl Failure {
    fn not(detail: impl Into<String>) -> Self {
        Self::Not(detail.into())
    }
}

/// A store, and which value goes there.
#[derive(Debug)]
struct Handover {
    /// The part that is stored; `None` is the secret itself.
    part: Option<String>,
    store: Box<dyn Store>,
}

impl Handover {
    fn value(&self, successor: &Successor) -> Result<Zeroizing<String>, SinkError> {
        let Some(part) = &self.part else {
            return text(&successor.secret).ok_or_else(|| SinkError::not("the new secret is no text"));
        };
        let value = match part.as_str() {
            "id" => successor.id.as_ref(),
            part => successor.parts.get(part),
        };
        let known =
            || ["id"].into_iter().chain(successor.parts.keys().map(String::as_str)).collect::<Vec<_>>().join(", ");
        value
            .map(|value| Zeroizing::new(value.clone()))
            .ok_or_else(|| SinkError::not(format!("the successor has no part `{part}`; it has {}", known())))
    }
}

impl Sink for Handover {
    fn name(&self) -> String {
        let store = self.store.name();
        self.part.as_ref().map_or_else(|| store.clone(), |part| format!("{store} (its {part})"))
    }

    fn ready<'a>(&'a self, cx: &'a Context) -> Doing<'a, Result<(), SinkError>> {
        Box::pin(async move {
            self.store.ready(cx).await.map_err(|failure| match failure {
                Failure::Not(detail) | Failure::Unknown(detail) => SinkError::not(detail),
            })
        })
    }

    fn store<'a>(&'a self, cx: &'a Context, successor: &'a Successor) -> Doing<'a, Result<(), SinkError>> {
        Box::pin(async move {
            let value = self.value(successor)?;
            match self.store.put(cx, &value).await {
                Ok(()) => Ok(()),
                Err(Failure::Not(detail)) => Err(SinkError::not(detail)),
                // The answer was lost, and perhaps nothing else.
                Err(Failure::Unknown(detail)) => match self.store.holds(cx, &value).await {
                    Ok(()) => Ok(()),
                    // It may come to hold it yet.
                    Err(Failure::Not(_)) => Err(SinkError::maybe(format!("{detail}; it does not show the new value"))),
                    Err(Failure::Unknown(_)) => {
                        Err(SinkError::maybe(format!("{detail}; whether it holds the new value is not known")))
                    }
                },
            }
        })
    }

    fn check<'a>(&'a self, cx: &'a Context, successor: &'a Successor) -> Doing<'a, Result<(), SinkError>> {
        Box::pin(async move {
            let value = self.value(successor)?;
            // It was stored before, and somebody may have read it there.
            self.store.holds(cx, &value).await.map_err(|failure| match failure {
                Failure::Not(detail) => SinkError::maybe(detail),
                Failure::Unknown(detail) => {
                    SinkError::maybe(format!("whether it holds the new value is not known: {detail}"))
                }
            })
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the new secret goes to the store that was named for it")]
fn text(secret: &Secret) -> Option<Zeroizing<String>> {
    std::str::from_utf8(secret.expose()).ok().map(|text| Zeroizing::new(text.to_owned()))
}

/// A name of letters, digits and underscores that does not start with a digit.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Segments between slashes, of which none is empty or leads elsewhere.
fn segments(text: &str) -> Option<Vec<String>> {
    let good = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.chars().any(char::is_control);
    text.split('/').map(|segment| good(segment).then(|| segment.to_owned())).collect()
}

/// What stands before the last `#`, and what after it.
fn fragment<'t>(text: &'t str, what: &str) -> Result<(&'t str, &'t str), String> {
    let parts = text.rsplit_once('#').filter(|(before, after)| !before.is_empty() && !after.is_empty());
    parts.ok_or_else(|| format!("the {what} after `#` is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, name) in [
            ("vault:kv/team/app#token", "Vault secret kv/team/app, field token"),
            ("aws-secrets:eu-west-1/prod/app", "AWS secret prod/app in eu-west-1"),
            ("gcp-secret:projects/p-1/secrets/app", "Google secret projects/p-1/secrets/app"),
            ("github-actions:acme/app/DEPLOY_TOKEN", "GitHub Actions secret DEPLOY_TOKEN of acme/app"),
            ("gitlab-ci:gitlab.com/acme/team/app/TOKEN", "GitLab variable TOKEN of acme/team/app on gitlab.com"),
            ("gitlab-ci:git.example.com:8443/a/b/T#prod", "GitLab variable T (prod) of a/b on git.example.com:8443"),
            ("kubernetes:default/app#token", "Kubernetes Secret default/app, key token"),
            ("env-file:/srv/app/.env#TOKEN", "/srv/app/.env, TOKEN"),
            ("command:pass insert -e 'my app'", "command `pass` (a8b0496b)"),
            ("command:store", "command `store`"),
            ("key_id=env-file:.env#KEY_ID", ".env, KEY_ID (its key_id)"),
        ] {
            assert_eq!(parse(text).map(|sink| sink.name()), Ok(name.to_owned()), "{text}");
        }
        // What was handed over is known by the name of its store.
        let name = |text: &str| parse(text).map(|sink| sink.name()).unwrap_or_default();
        assert_ne!(name("command:pass insert app"), name("command:pass insert web"));
        assert_ne!(name("command:pass 'a b'"), name("command:pass a b"));
        // Every form that is explained is read by one of the lines above.
        assert_eq!(FORMS.len(), 8);
    }

    #[test]
    fn what_is_not_complete_is_refused() {
        for text in [
            "",
            "vault",
            "s3:bucket/key",
            "vault:kv#f",
            "vault:kv/../sys#f",
            "vault:kv/app",
            "aws-secrets:evil.example/-1/x",
            "aws-secrets:eu-west-1",
            "gcp-secret:p/s",
            "github-actions:acme/DEPLOY",
            "github-actions:acme/app/1X",
            "github-actions:acme/app/GITHUB_X",
            "gitlab-ci:gitlab.com/app/TO-KEN",
            "gitlab-ci:user@gitlab.com/a/b/T",
            "kubernetes:default#x",
            "kubernetes:Default/app#x",
            "env-file:.env",
            "env-file:.env#A-B",
            "command:",
            "command:pass 'open",
            "key-id=env-file:.env#A",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let error = parse("vault:kv/app").map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("the field after `#` is missing: the store is written vault:MOUNT/PATH#FIELD".to_owned())
        );
    }
}

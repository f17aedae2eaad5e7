//! What other tools call the kinds of credentials that have no telling form, or that their report shows in a form of its own.

/// The rule of ours for what another tool calls a kind of credential, if that has a name and no telling form.
pub fn rule(kind: &str) -> Option<&'static str> {
    let plain = plain(kind);
    // Kingfisher puts the name of a rule set before its own.
    let short = plain.split_once('.').map_or(plain.as_str(), |(_, short)| short);
    let find = |name: &str| TABLE.iter().find(|(names, _)| names.contains(&name)).map(|(_, rule)| *rule);
    find(&plain).or_else(|| find(short)).or_else(|| find(&unnumbered(short)))
}

/// Lower case, with one mark between words.
fn plain(kind: &str) -> String {
    kind.chars().map(|c| if matches!(c, '_' | ' ') { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// `aws.2` is one of several rules for `aws`.
fn unnumbered(name: &str) -> String {
    name.rsplit_once('.')
        .filter(|(_, number)| number.bytes().all(|b| b.is_ascii_digit()))
        .map_or(name, |(name, _)| name)
        .to_owned()
}

/// Names as the tools' own documents list them: GitHub's types
/// (<https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns>), TruffleHog's detectors, and
/// the ids of gitleaks and Kingfisher as their reports show them.
const TABLE: [(&[&str], &str); 52] = [
    (&["aws", "aws-access-token", "aws-access-key-id", "aws-temporary-access-key-id"], "aws.access-key-id"),
    (&["aws-secret-access-key", "aws-secret-key"], "aws.secret-access-key"),
    (&["aws-session-token"], "aws.session-token"),
    (&["aws-amazon-bedrock-api-key-long-lived"], "aws.bedrock-long-term-key"),
    (&["airtable-api-key"], "airtable.legacy-api-key"),
    (
        &["airtablepersonalaccesstoken", "airtable-personal-access-token", "airtable-personnal-access-token"],
        "airtable.personal-access-token",
    ),
    (&["anthropic", "anthropic-api-key"], "anthropic.api-key"),
    (&["anthropic-admin-api-key"], "anthropic.admin-api-key"),
    (&["asana-personal-access-token"], "asana.personal-access-token"),
    (&["azure-storage-account-key", "azurestorage"], "azure.storage-account-key"),
    (&["azure-devops-personal-access-token", "azuredevopspersonalaccesstoken"], "azure.devops-pat"),
    (&["azure-active-directory-application-secret", "azure-ad-client-secret"], "azure.entra-client-secret"),
    (&["azureopenai", "azure-openai-key"], "azure.openai-key"),
    (&["circleci", "circleci-personal-access-token"], "circleci.personal-access-token"),
    (
        &["cloudflareapitoken", "cloudflare-api-token", "cloudflare-api-key", "cloudflare-user-api-token"],
        "cloudflare.user-api-token",
    ),
    (&["cloudflareglobalapikey", "cloudflare-global-api-key"], "cloudflare.global-api-key"),
    (&["databrickstoken", "databricks-api-token", "databricks-access-token"], "databricks.personal-access-token"),
    (&["datadogtoken", "datadog-access-token", "datadog-app-key"], "datadog.application-key"),
    (&["datadog-api-key"], "datadog.api-key"),
    (
        &["digitaloceanv2", "digitalocean-pat", "digitalocean-personal-access-token"],
        "digitalocean.personal-access-token",
    ),
    (&["discordbottoken", "discord-api-token", "discord-bot-token"], "discord.bot-token"),
    (&["dockerhub", "docker-personal-access-token"], "docker.personal-access-token"),
    (&["elevenlabs", "elevenlabs-api-key"], "elevenlabs.api-key"),
    (&["figmapersonalaccesstoken", "figma-pat"], "figma.personal-access-token"),
    (&["github", "github-pat", "github-personal-access-token"], "github.personal-access-token"),
    (&["github-fine-grained-pat", "github-fine-grained-personal-access-token"], "github.fine-grained-pat"),
    (&["github-oauth", "github-oauth-access-token", "githuboauth2"], "github.oauth-access-token"),
    (&["github-app-token", "github-app-installation-access-token", "githubapp"], "github.app-installation-token"),
    (&["gitlab", "gitlabv2", "gitlab-pat", "gitlab-access-token"], "gitlab.personal-access-token"),
    (&["gitlab-deploy-token"], "gitlab.deploy-token"),
    (&["gcp-api-key", "google-api-key", "googlegeminiapikey"], "google.api-key"),
    (&["gcp", "google-cloud-service-account-credentials"], "google.service-account-key"),
    (&["google-oauth-client-secret"], "google.oauth-client-secret"),
    (&["groq", "groq-api-key"], "groq.api-key"),
    (&["huggingface", "huggingface-access-token", "hf-user-access-token"], "huggingface.user-access-token"),
    (&["mailgun", "mailgun-private-api-token", "mailgun-api-key"], "mailgun.legacy-api-key"),
    (&["npmtoken", "npmtokenv2", "npm-access-token"], "npm.access-token"),
    (&["openai", "openai-api-key", "openai-api-key-v2"], "openai.project-api-key"),
    (&["openai-admin", "openaiadmin"], "openai.admin-api-key"),
    (&["pypi", "pypi-upload-token", "pypi-api-token"], "pypi.api-token"),
    (&["sendgrid", "sendgrid-api-token", "sendgrid-api-key"], "sendgrid.api-key"),
    (&["slack", "slack-bot-token", "slack-api-token"], "slack.bot-token"),
    (&["slack-user-token"], "slack.user-token"),
    (&["slackwebhook", "slack-webhook-url", "slack-incoming-webhook-url"], "slack.webhook-url"),
    (&["square", "square-access-token"], "square.access-token"),
    (&["stripe", "stripe-access-token", "stripe-api-key", "stripe-live-secret-key"], "stripe.secret-key"),
    (&["stripe-live-restricted-key"], "stripe.restricted-key"),
    (&["telegrambottoken", "telegram-bot-api-token", "telegram-bot-token"], "telegram.bot-token"),
    (&["twilio", "twilio-auth-token"], "twilio.auth-token"),
    (&["twilioapikey", "twilio-api-key"], "twilio.api-key-sid"),
    (&["weightsandbiases", "wandb-api-key"], "wandb.api-key-v1"),
    (&["xai", "xai-api-key"], "xai.api-key"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stanch_rules::RuleSet;

    use super::*;

    #[test]
    fn every_rule_of_the_table_is_one_and_every_name_stands_once() {
        let rules = RuleSet::builtin();
        let missing: Vec<&str> = TABLE.iter().map(|(_, rule)| *rule).filter(|rule| rules.get(rule).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let names: Vec<&str> = TABLE.iter().flat_map(|(names, _)| names.iter().copied()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| plain(name) == *name));
    }

    #[test]
    fn names_are_known_in_the_spellings_of_the_tools() {
        for (name, wanted) in [
            ("AWS", "aws.access-key-id"),
            ("kingfisher.openai.1", "openai.project-api-key"),
            ("betterleaks.aws-access-token", "aws.access-key-id"),
            ("github_personal_access_token", "github.personal-access-token"),
            ("HuggingFace", "huggingface.user-access-token"),
        ] {
            assert_eq!(rule(name), Some(wanted), "{name}");
        }
        assert_eq!(rule("something-else"), None);
    }
}

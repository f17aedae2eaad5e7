//! The section `[intake]` of the configuration: who may tell us what, and whose repositories are looked at.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use stanch_model::Confidence;
use stanch_pipeline::intake::{Environment, Forge, Pace};
use stanch_revokers::config::Source;

/// What is taken in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntakeConfig {
    /// Findings that are less sure are left.
    pub least_confidence: Confidence,
    /// What its sender says to be older is refused, in hours. GitHub sends again what is up to three days old:
    /// <https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks>.
    pub max_age_hours: u32,
    /// How many arrivals are worked on at a time; at least one.
    pub workers: usize,
    /// Seconds for fetching and scanning one push, at most a day.
    pub seconds: u64,
    /// MiB that one repository may have.
    pub repository_mib: u64,
    /// MiB that all repositories that are kept may have.
    pub cache_mib: u64,
    /// Which environment a place belongs to; the first that fits decides.
    pub environment: Vec<Environment>,
    /// What GitHub tells.
    pub github: Option<GithubConfig>,
    /// What GitLab tells.
    pub gitlab: Option<GitlabConfig>,
}

impl Default for IntakeConfig {
    fn default() -> Self {
        Self {
            least_confidence: Confidence::Medium,
            max_age_hours: 96,
            workers: 4,
            seconds: 600,
            repository_mib: 4096,
            cache_mib: 32_768,
            environment: Vec::new(),
            github: None,
            gitlab: None,
        }
    }
}

impl IntakeConfig {
    /// The age of which something is refused.
    pub fn max_age(&self) -> Duration {
        Duration::from_secs(u64::from(self.max_age_hours) * 3600)
    }

    /// How long fetching and scanning one push may take.
    pub fn time(&self) -> Duration {
        const LONGEST: Duration = Duration::from_hours(24);
        Duration::from_secs(self.seconds).min(LONGEST)
    }

    /// How long a push waits for others of its repository. The time that it has itself begins after that.
    pub fn turn(&self) -> Duration {
        const SHORTEST: Duration = Duration::from_mins(10);
        self.time().max(SHORTEST)
    }

    /// How what arrives is worked on. A job belongs to whoever took it for longer than it can take: else somebody else would begin it a second time.
    pub fn pace(&self) -> Pace {
        /// For what comes before and after: reading secrets, asking a host, writing down what was found.
        const AROUND: Duration = Duration::from_mins(10);
        Pace { workers: self.workers.max(1), lease: self.turn() + self.time() + AROUND, ..Pace::default() }
    }

    /// Where every secret of it is read, by what the configuration calls it.
    pub fn secrets(&self) -> Vec<(&'static str, &Source)> {
        fn named<'a>(name: &'static str, all: &'a [Source]) -> impl Iterator<Item = (&'static str, &'a Source)> {
            all.iter().map(move |source| (name, source))
        }
        let github = self.github.iter().flat_map(|one| {
            named("intake.github.token", one.token.as_slice()).chain(named("intake.github.secrets", &one.secrets))
        });
        let gitlab = self.gitlab.iter().flat_map(|one| {
            let told = one.revocation.as_ref().map_or(&[][..], |one| &one.tokens);
            named("intake.gitlab.token", one.token.as_slice())
                .chain(named("intake.gitlab.secrets", &one.secrets))
                .chain(named("intake.gitlab.signing", &one.signing))
                .chain(named("intake.gitlab.revocation.tokens", told))
        });
        github.chain(gitlab).collect()
    }

    /// The code host of a kind, if it is configured.
    pub fn host(&self, forge: Forge) -> Option<Host<'_>> {
        let (url, usual, repositories, token) = match forge {
            Forge::GitHub => {
                let GithubConfig { url, repositories, token, .. } = self.github.as_ref()?;
                (url, "https://github.com", repositories, token)
            }
            Forge::GitLab => {
                let GitlabConfig { url, repositories, token, .. } = self.gitlab.as_ref()?;
                (url, "https://gitlab.com", repositories, token)
            }
        };
        let url = url.as_deref().unwrap_or(usual).trim_end_matches('/');
        Some(Host { forge, url, repositories, token: token.as_ref() })
    }
}

/// A code host, as it is configured.
#[derive(Debug, Clone, Copy)]
pub struct Host<'a> {
    /// What runs there.
    pub forge: Forge,
    /// Where repositories are fetched.
    pub url: &'a str,
    /// The repositories that are looked at.
    pub repositories: &'a [String],
    /// A token that reads them.
    pub token: Option<&'a Source>,
}

/// What GitHub tells.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GithubConfig {
    /// Where repositories are fetched: what stands before `/owner/name.git`. Anything that git takes.
    pub url: Option<String>,
    /// The repositories that are looked at, as `owner/name`; `*` is any run of characters. Events of others are refused.
    pub repositories: Vec<String>,
    /// A token that reads them, and alerts. Without one git asks the user's own helpers.
    pub token: Option<Source>,
    /// The secrets of webhooks: several while one is replaced.
    #[serde(default)]
    pub secrets: Vec<Source>,
    /// The address of its API.
    pub api: Option<String>,
    /// That GitHub tells us of credentials of ours, as to a partner of its programme.
    pub partner: Option<PartnerConfig>,
}

impl GithubConfig {
    /// The address of its API, without a slash at its end.
    pub fn api(&self) -> &str {
        self.api.as_deref().unwrap_or("https://api.github.com").trim_end_matches('/')
    }
}

/// What GitHub calls the credentials that we issue.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartnerConfig {
    /// The rule or kind of ours, by the type that was agreed with GitHub.
    pub types: BTreeMap<String, String>,
}

/// What GitLab tells.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitlabConfig {
    /// Where repositories are fetched: what stands before `/group/name.git`. Anything that git takes.
    pub url: Option<String>,
    /// The repositories that are looked at, as `group/name`; `*` is any run of characters. Events of others are refused.
    pub repositories: Vec<String>,
    /// A token that reads them. Without one git asks the user's own helpers.
    pub token: Option<Source>,
    /// The secret tokens of webhooks.
    #[serde(default)]
    pub secrets: Vec<Source>,
    /// The signing tokens of webhooks, `whsec_…`.
    #[serde(default)]
    pub signing: Vec<Source>,
    /// That a GitLab of ours hands over what it found.
    pub revocation: Option<RevocationConfig>,
}

/// That a GitLab of ours hands over what it found.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RevocationConfig {
    /// What GitLab shows in `Authorization`.
    pub tokens: Vec<Source>,
    /// The rule or kind of ours, by the type that GitLab's analyser gives it. Some are known without being named here.
    pub types: BTreeMap<String, String>,
}

impl Host<'_> {
    /// Whether a repository is looked at.
    pub fn allows(&self, name: &str) -> bool {
        self.repositories.iter().any(|pattern| matches(pattern, name))
    }

    /// Where a repository is fetched.
    pub fn address(&self, name: &str) -> String {
        format!("{}/{name}.git", self.url)
    }

    /// What findings call a repository.
    pub fn source(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }
}

/// Whether a name is one of a repository, so that it can stand in an address and in a path: parts of letters, digits and `._-`, none of which
/// begins with a mark that means something.
pub fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        let fits = part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        fits && !part.is_empty() && !part.starts_with(['.', '-']) && !part.contains("..")
    };
    name.len() <= 400 && name.contains('/') && name.split('/').all(part)
}

/// Whether a pattern fits a name; upper and lower case are one, as on the hosts.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        // The last part has to end the name; those before it are taken as early as they come.
        if let Some(between) = last.replace(part) {
            let Some(at) = rest.find(between) else { return false };
            rest = rest.get(at + between.len()..).unwrap_or_default();
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> IntakeConfig {
        #[derive(Deserialize)]
        struct File {
            intake: IntakeConfig,
        }
        toml::from_str::<File>(text).unwrap_or_else(|error| panic!("{error}")).intake
    }

    #[test]
    fn a_configuration_is_read() {
        let config = config(
            "[intake.github]\nsecrets = [{ env = 'A' }, { file = '/b' }]\nrepositories = ['acme/*']\n\
             [intake.github.partner]\ntypes = { t = 'acme.token' }\n\
             [intake.gitlab]\nurl = 'https://git.example.com/'\nrepositories = ['g/**']\nsigning = [{ env = 'C' }]\n\
             [[intake.environment]]\nname = 'production'\nrepository = 'acme/shop'\n",
        );
        let github = config.host(Forge::GitHub);
        assert_eq!(github.map(|host| host.address("a/b")).as_deref(), Some("https://github.com/a/b.git"));
        let gitlab = config.host(Forge::GitLab);
        assert_eq!(gitlab.map(|host| host.source("g/s/n")).as_deref(), Some("https://git.example.com/g/s/n"));
        assert_eq!(config.github.as_ref().map(|github| github.secrets.len()), Some(2));
        assert_eq!((config.max_age_hours, config.environment.len()), (96, 1));
    }

    #[test]
    fn a_job_is_held_for_longer_than_it_can_take() {
        let pace = |text: &str| config(&format!("[intake]\n{text}\n")).pace();
        let usual = pace("");
        assert_eq!((usual.workers, usual.lease), (4, Duration::from_mins(30)));
        assert_eq!(pace("workers = 9").workers, 9);
        assert_eq!(pace("workers = 0").workers, 1);
        assert!(pace("seconds = 3600").lease > Duration::from_hours(2), "a turn, and the work after it");
        assert!(pace(&format!("seconds = {}", i64::MAX)).lease < Duration::from_hours(72));
    }

    #[test]
    fn only_names_that_are_allowed_fit() {
        let repositories = ["acme/*", "Other/one", "g/*-prod/x"].map(str::to_owned);
        let host = Host { forge: Forge::GitHub, url: "", repositories: &repositories, token: None };
        for name in ["acme/a", "ACME/b", "other/ONE", "g/eu-prod/x"] {
            assert!(host.allows(name), "{name}");
        }
        for name in ["acmex/a", "x/acme/a", "other/one2", "g/eu-prod/y", ""] {
            assert!(!host.allows(name), "{name}");
        }
        assert!(!matches("a*a", "a") && matches("a*a", "aa") && matches("*", ""));
    }

    #[test]
    fn names_of_repositories() {
        for name in ["a/b", "a-b/c.d_e", "g/s/n", "a/b.git"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["a", "", "/a", "a/", "a//b", "../b", "a/..", "-x/b", "a/.git", "a/b c", "a/b?x", "a@b/c", "a/b\n"]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}

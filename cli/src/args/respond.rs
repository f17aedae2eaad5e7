//! What asks and changes providers, one credential at a time.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use stanch_revokers::successor;

/// How providers are called.
#[derive(Debug, clap::Args)]
pub(crate) struct ResponseArgs {
    /// The configuration [default: ~/.config/stanch/config.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Call nobody
    #[arg(long)]
    pub(crate) offline: bool,
    /// Believe what a provider said up to so many seconds ago; 0 asks anew
    #[arg(long, value_name = "SECONDS", default_value = "3600")]
    pub(crate) max_age: u32,
}

/// How answers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
}

/// Which credential is meant, where its secret comes from standard input or is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct SecretArgs {
    /// The rule that finds it, or its kind of `stanch providers list`; the secret comes from standard input
    #[arg(long, value_name = "ID")]
    pub(crate) rule: Option<String>,
    /// What is needed beside the secret, such as the host of an instance (can be repeated)
    #[arg(long, value_name = "NAME=VALUE", requires = "rule")]
    pub(crate) part: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Findings of stanch, Kingfisher, gitleaks or TruffleHog, SARIF, or GitHub's secret-scanning alerts; `-` is standard input
    #[arg(value_name = "FINDINGS", conflicts_with = "rule", required_unless_present = "rule")]
    pub(crate) findings: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    /// The folder that paths in the findings start at
    #[arg(long, value_name = "DIR", default_value = ".", conflicts_with = "rule")]
    pub(crate) root: PathBuf,
    /// How to answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) response: ResponseArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    /// Each line of standard input is a secret of its own; they go together where their provider takes many at once
    #[arg(long, requires = "rule")]
    pub(crate) each_line: bool,
    /// Do it; without this the plan is shown and nothing is changed
    #[arg(long)]
    pub(crate) yes: bool,
    /// Go no further than what can be undone
    #[arg(long)]
    pub(crate) contain: bool,
    /// It is ours, though no provider says so
    #[arg(long)]
    pub(crate) assume_ours: bool,
    /// Act though nothing proves that it is alive
    #[arg(long)]
    pub(crate) unproven: bool,
    /// How to answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) response: ResponseArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    /// Where the new secret is handed over (can be repeated), as in `env-file:.env#API_KEY`
    #[arg(long, value_name = "STORE", required = true, long_help = stores())]
    pub(crate) to: Vec<String>,
    /// Do it; without this the plan is shown and nothing is changed
    #[arg(long)]
    pub(crate) yes: bool,
    /// It is ours, though no provider says so
    #[arg(long)]
    pub(crate) assume_ours: bool,
    /// How to answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) response: ResponseArgs,
}

/// The stores that a new secret can be handed over to.
fn stores() -> String {
    let mut text = "Where the new secret is handed over (can be repeated):\n".to_owned();
    for (form, what) in successor::FORMS {
        text.push_str(&format!("\n* {form}: {what}"));
    }
    text + "\n\n`PART=` before a store hands over a part of it, as in `key_id=env-file:.env#KEY_ID`"
}

#[derive(Debug, clap::Args)]
pub(crate) struct ProvidersArgs {
    #[command(subcommand)]
    pub(crate) command: ProvidersCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProvidersCommand {
    /// List the kinds of credentials
    List {
        /// How to list them
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: AnswerFormat,
        /// List every host that can be called, and for what
        #[arg(long, conflicts_with = "format")]
        hosts: bool,
    },
    /// Show all that is known of one kind
    Show {
        /// Its id, or the id of a rule that finds it
        id: String,
    },
    /// Check the built-in provider files
    Check,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RespondersArgs {
    #[command(subcommand)]
    pub(crate) command: RespondersCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RespondersCommand {
    /// List what each responder needs, and which are configured
    List {
        #[command(flatten)]
        response: ResponseArgs,
    },
    /// Ask each provider whether the configured responder is accepted; nothing is changed
    Check {
        /// Only this one
        id: Option<String>,
        #[command(flatten)]
        response: ResponseArgs,
    },
}

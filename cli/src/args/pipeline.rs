//! What leads leaks from a finding to a closed incident.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::{AnswerFormat, ResponseArgs};

/// Where the store is, for what calls nobody.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreArgs {
    /// The configuration, which says where the store is [default: ~/.config/stanch/config.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Which policies decide.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct DeciderArgs {
    /// Policies of yours, beside the set `default` (can be repeated)
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Vec<PathBuf>,
    /// A set that comes with stanch, beside `default`: see `stanch policy show` (can be repeated)
    #[arg(long, value_name = "NAME")]
    pub(crate) shipped: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    /// Findings of stanch, Kingfisher, gitleaks or TruffleHog, SARIF, or GitHub's secret-scanning alerts; `-` is standard input
    #[arg(value_name = "FINDINGS", required = true)]
    pub(crate) findings: Vec<PathBuf>,
    /// Where to write the plan, for `stanch apply`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The folder that paths in the findings start at
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    /// Who can read what was found
    #[arg(long, value_name = "WHO", default_value = "local")]
    pub(crate) exposure: Reach,
    #[command(flatten)]
    pub(crate) decider: DeciderArgs,
    /// How to answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) response: ResponseArgs,
}

/// Who can read a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reach {
    /// Whoever uses this machine
    Local,
    /// Colleagues
    Internal,
    /// A provider of language models
    Model,
    /// Everybody
    Public,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    /// What `stanch plan -o` wrote
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// Do it without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// Who approves by running this; user@host if nobody is named
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) person: Option<String>,
    /// Read the secrets again from these findings, in place of those that the plan names (can be repeated)
    #[arg(long, value_name = "FILE")]
    pub(crate) findings: Vec<PathBuf>,
    /// How to answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) response: ResponseArgs,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ServeArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ServeCommand>,
    /// The configuration [default: ~/.config/stanch/config.toml]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen, in place of what the configuration says: an address with a port, or `unix:` and a path
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    #[command(flatten)]
    pub(crate) decider: DeciderArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// Who may use the interface and the console
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make one, and show it once
    Create {
        /// Whose it is: the name that approvals carry
        name: String,
        /// What it may do: viewer, responder, approver, admin
        #[arg(long, value_name = "ROLE", default_value = "viewer")]
        role: String,
        /// For how many days
        #[arg(long, value_name = "N")]
        days: Option<u32>,
    },
    /// List all
    List,
    /// Revoke one
    Revoke {
        /// Its id, as `list` shows it
        id: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct IncidentArgs {
    #[command(subcommand)]
    pub(crate) command: IncidentCommand,
}

/// Which incident is meant, and how it goes on.
#[derive(Debug, clap::Args)]
pub(crate) struct OneIncidentArgs {
    /// Its name, or the fingerprint of its credential
    #[arg(value_name = "INCIDENT")]
    pub(crate) incident: String,
    /// Who says so; user@host if nobody is named
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) person: Option<String>,
    #[command(flatten)]
    pub(crate) decider: DeciderArgs,
    /// How to answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) response: ResponseArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// List the incidents that are not closed
    List {
        /// Those that are closed, too
        #[arg(long)]
        all: bool,
        /// The most that are listed
        #[arg(long, value_name = "N", default_value = "50")]
        limit: u32,
        /// How to answer
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: AnswerFormat,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Show all that happened to one
    Show {
        /// Its name, or the fingerprint of its credential
        #[arg(value_name = "INCIDENT")]
        incident: String,
        /// How to answer
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: AnswerFormat,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Approve of the plan at hand; if that suffices, it is carried out
    Approve {
        #[command(flatten)]
        one: OneIncidentArgs,
        /// The plan that was read, as `incident show` names it: another one is refused
        #[arg(long, value_name = "DIGEST")]
        plan: Option<String>,
    },
    /// Say no: nothing further is done
    Deny {
        #[command(flatten)]
        one: OneIncidentArgs,
        /// Why
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Try again what could not go on
    Retry(OneIncidentArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
    /// The configuration, which says where the store is [default: ~/.config/stanch/config.toml]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show the last lines of the log
    Show {
        /// How many
        #[arg(long, value_name = "N", default_value = "50")]
        limit: u32,
    },
    /// Check that no line was changed, moved, added or taken away
    Verify {
        /// A file of anchors that was kept elsewhere (can be repeated)
        #[arg(long, value_name = "FILE")]
        anchor: Vec<PathBuf>,
    },
    /// Write the log for other programs, to standard output
    Export {
        /// In which words
        #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
        format: ExportFormat,
    },
    /// Print the signed end of the log, to be kept elsewhere
    Anchor,
    /// Print the public key of what this machine signs, which other servers of the same database name in `store.trusted`
    Key,
}

/// How the log is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Every field of every line, with its hash
    Jsonl,
    /// Events of the Open Cybersecurity Schema Framework
    Ocsf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check policies against what a policy can see: yours if given, else those that come with stanch
    Check {
        /// Files of policies, all of one set
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// How to answer
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: AnswerFormat,
    },
    /// Run the cases of policies: yours if given, else those that come with stanch
    Test {
        /// Files of cases (*.test.toml), which name their policies
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// How to answer
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: AnswerFormat,
    },
    /// Show the sets that come with stanch
    Show {
        /// Only this one, in full
        name: Option<String>,
        /// How to answer
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: AnswerFormat,
    },
    /// Read facts from standard input, as a JSON object, and say what is decided of them and why
    Explain {
        /// Files of policies
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Sets that come with stanch (can be repeated) [default: default, if no file is given]
        #[arg(long, value_name = "NAME")]
        shipped: Vec<String>,
        /// How to answer
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: AnswerFormat,
    },
}

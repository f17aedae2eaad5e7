//! The command line, as the user types it. Its doc comments are the help.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use stanch_model::Confidence;
use stanch_revokers::successor;

use crate::report::Format;
use crate::shell::Shell;

/// Finds leaked credentials in git history, folders, staged changes and streams
#[derive(Debug, Parser)]
#[command(name = "stanch", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every verb.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
    /// Say less: no progress, no warnings
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log what is done, to stderr (can be repeated)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// If the output is a terminal
    Auto,
    Always,
    Never,
}

impl When {
    /// Whether progress is shown.
    pub(crate) fn shows(self, shell: &Shell) -> bool {
        match self {
            Self::Auto => shell.shows_progress(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole loop on this machine alone: a key leaks, and dies
    Demo,
    /// Find leaked credentials
    Scan(ScanArgs),
    /// Say why a finding is believed, everywhere it stands
    Explain(ExplainArgs),
    /// Take responsibility for a credential, so that it counts no more
    Ignore(IgnoreArgs),
    /// Run as a hook of another program
    Hook(HookArgs),
    /// Ask providers which credentials are alive, and whose they are
    Verify(VerifyArgs),
    /// Make a credential dead at the provider that issued it
    Revoke(RevokeArgs),
    /// Replace a credential by a new one, and make the old one dead
    Rotate(RotateArgs),
    /// Say exactly what would be done about findings, and change nothing
    Plan(PlanArgs),
    /// Do what a plan says
    Apply(ApplyArgs),
    /// Show and lead the incidents of this machine
    Incident(IncidentArgs),
    /// Show, verify and export the log of everything that was done
    Audit(AuditArgs),
    /// Run the pipeline without hands: webhooks, the interface for programs, the console
    Serve(ServeArgs),
    /// Show which kinds of credentials can be verified and revoked, and which hosts are called for it
    Providers(ProvidersArgs),
    /// Test the configured credentials that may revoke others
    Responders(RespondersArgs),
    /// Show and check what is looked for
    Rules(RulesArgs),
    /// Check, test and explain the policies that decide what is done about a leak
    Policy(PolicyArgs),
    /// Write completions or the manual page to standard output
    Generate(GenerateArgs),
}

/// What is scanned, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// Folders, repositories (with their history), git URLs or files; `-` is standard input [default: the current folder]
    #[arg(value_name = "TARGET")]
    targets: Vec<PathBuf>,
    /// What is staged for the next commit, in place of the working tree
    #[arg(long)]
    pub(crate) staged: bool,
    /// What the commits of a range add: those that B has and A has not
    #[arg(long, value_name = "A..B", conflicts_with_all = ["staged", "since", "branch", "exclude"])]
    pub(crate) range: Option<String>,
    /// What commits add since a revision or a date, on all branches unless --branch says which
    #[arg(long, value_name = "REF|DATE", conflicts_with_all = ["staged", "exclude"])]
    pub(crate) since: Option<String>,
    /// The commits of this branch only
    #[arg(long, value_name = "B", conflicts_with_all = ["staged", "no_history"])]
    pub(crate) branch: Option<String>,
    /// The files of a repository only, without what git holds
    #[arg(long, conflicts_with_all = ["staged", "range", "since"])]
    pub(crate) no_history: bool,
    /// What git holds only, without the files of the working tree
    #[arg(long, conflicts_with_all = ["staged", "no_history"])]
    pub(crate) history_only: bool,
    /// Memory for the objects of a repository while they are decoded
    #[arg(long, value_name = "MIB", default_value = "1024", hide_short_help = true)]
    pub(crate) memory: NonZeroU32,
    /// Keep in DIR what was learned of repositories, so that the next scan looks only at what is new
    #[arg(long, value_name = "DIR", conflicts_with_all = ["staged", "range", "since", "no_history"])]
    pub(crate) state: Option<PathBuf>,
    /// Leave out what matches, written as in .gitignore (can be repeated)
    #[arg(long, value_name = "GLOB", conflicts_with = "staged")]
    pub(crate) exclude: Vec<String>,
    /// Threads [default: one a core]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// When to show progress
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) progress: When,
}

impl TargetArgs {
    /// The targets; the current folder if none is named.
    pub(crate) fn targets(&self) -> Vec<PathBuf> {
        if self.targets.is_empty() { vec![PathBuf::from(".")] } else { self.targets.clone() }
    }

    /// Whether it is about what git holds, and not about the files of the target.
    pub(crate) fn of_git(&self) -> bool {
        self.staged || self.range.is_some() || self.since.is_some() || self.branch.is_some()
    }

    /// How many threads work.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// How to report (can be repeated, each with its -o)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Vec<Format>,
    /// Where to write the report: the first -o belongs to the first --format
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Report findings of this confidence and more
    #[arg(long, value_name = "LEVEL", default_value = "medium", value_parser = confidence())]
    pub(crate) min_confidence: Confidence,
    /// Which findings make the exit code 1
    #[arg(long, value_name = "WHICH", default_value = "any")]
    pub(crate) fail_on: FailOn,
    /// Credentials that this baseline knows do not count
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write a baseline of what is found
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
    /// Write what `git filter-repo` needs to take the secrets out of the history; FILE holds them in clear
    #[arg(long, value_name = "FILE", conflicts_with = "staged")]
    pub(crate) cleanup: Option<PathBuf>,
    /// Fail also if something was left out by design
    #[arg(long)]
    pub(crate) strict: bool,
    /// Ask the providers which findings are alive
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) response: ResponseArgs,
    /// Show the secrets in clear in the reports
    #[arg(long)]
    pub(crate) reveal: bool,
    /// Exit as another scanner does
    #[arg(long, value_name = "SCANNER")]
    pub(crate) exit_codes: Option<ExitCodes>,
}

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

/// Where the store is, for what calls nobody.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreArgs {
    /// The configuration, which says where the store is [default: ~/.config/stanch/config.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
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

/// Which findings count for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Every finding that is not suppressed
    Any,
    /// Those of high confidence
    High,
    /// Those that a provider calls alive; needs --verify
    Verified,
    /// Those that the baseline does not know
    New,
}

/// Scanners whose exit codes can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExitCodes {
    /// 1 for findings and for errors
    Gitleaks,
    /// 183 for findings, 1 for errors
    Trufflehog,
    /// 200 for findings, 1 for errors
    Kingfisher,
}

fn confidence() -> impl clap::builder::TypedValueParser<Value = Confidence> {
    use clap::builder::TypedValueParser;
    clap::builder::PossibleValuesParser::new(Confidence::ALL.iter().map(|c| c.as_str()))
        .map(|word| word.parse().unwrap_or(Confidence::Medium))
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The finding's fingerprint, or its first six and more digits
    #[arg(value_name = "FINGERPRINT")]
    pub(crate) fingerprint: String,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct IgnoreArgs {
    /// The finding's fingerprint, or its first six and more digits
    #[arg(value_name = "FINGERPRINT")]
    pub(crate) fingerprint: String,
    /// Why it is no danger
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// The last day on which it holds, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) expires: Option<jiff::civil::Date>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HookArgs {
    #[command(subcommand)]
    pub(crate) command: HookCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    /// Run as a hook
    Run {
        /// Of which program
        hook: Hook,
        /// The files that the program names
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Hook {
    /// Of git or pre-commit, before a commit
    PreCommit,
    /// Of the action in action.yml
    #[value(hide = true)]
    GithubAction,
}

/// Which rules are used.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RuleArgs {
    /// Rules of your own: a file, or a folder of *.toml (can be repeated)
    #[arg(long, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// Only this rule, or this provider's rules (can be repeated)
    #[arg(long, value_name = "ID")]
    pub(crate) only: Vec<String>,
    /// Not this rule, or this provider's rules (can be repeated)
    #[arg(long, value_name = "ID")]
    pub(crate) skip: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List the rules
    List {
        #[command(flatten)]
        rules: RuleArgs,
        /// List the offline checks that rules may name
        #[arg(long)]
        checks: bool,
    },
    /// Show one rule in full
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        rules: RuleArgs,
    },
    /// Check rules and provider files: yours if given, else the built-in ones
    Check {
        /// Files of rules, or folders of *.toml
        #[arg(value_name = "PATH")]
        files: Vec<PathBuf>,
        /// The same (can be repeated)
        #[arg(long = "rules", value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// A provider's file, as revokers have them, or a folder of *.toml (can be repeated)
        #[arg(long, value_name = "PATH")]
        providers: Vec<PathBuf>,
        /// Check them without the built-in rules beside them
        #[arg(long)]
        alone: bool,
    },
    /// Run the cases of the rules
    Test {
        /// Files of rules, or folders of *.toml: only their cases are run
        #[arg(value_name = "PATH")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        rules: RuleArgs,
        /// Run the cases of the rules given with --rules only, beside all the others
        #[arg(long, requires = "rules")]
        only_given: bool,
        /// Use the given rules without the built-in ones
        #[arg(long)]
        alone: bool,
    },
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

#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArgs {
    #[command(subcommand)]
    pub(crate) command: GenerateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GenerateCommand {
    /// Completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The manual page
    Man,
}
